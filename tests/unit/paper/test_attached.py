"""The document inside a release can be read by anybody, and checked against the signatures."""

import json
from typing import Any

import pytest
from support.papers import make_form
from support.refusals import refused

from provenance import schemas
from provenance.consent.disclosures import Disclosure
from provenance.errors import InputError, VerificationError
from provenance.paper.attached import MAX_FORM_BYTES, SCHEMA, parse_form


def changed(**members: Any) -> bytes:
    return json.dumps({**json.loads(make_form().to_bytes()), **members}).encode()


def test_it_is_read_as_it_was_written_and_fits_its_schema() -> None:
    form = make_form({"email": "zoe@example.org"})
    assert parse_form(form.to_bytes()) == form
    schemas.validate(json.loads(form.to_bytes()), "consent-form")


def test_a_datum_that_nobody_signed_is_refused() -> None:
    other = Disclosure.make("legal_name", "Ada Beck").to_text()
    message = "disclosure legal_name: does not belong to this record"
    with refused(VerificationError, message, code="disclosure-foreign"):
        parse_form(changed(disclosures=[other]))


def test_events_out_of_their_chain_are_refused() -> None:
    with refused(InputError, "consent form: expected at least one event", code="form-events"):
        parse_form(changed(events=[]))
    document = json.loads(make_form().to_bytes())
    document["events"] *= 2
    message = "consent form: expected every event after the one that it names"
    with refused(InputError, message, code="form-events"):
        parse_form(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(schema="other"), f"consent form: expected schema {SCHEMA}"),
        (changed(ledger=None), "consent form: expected record and ledger"),
        (changed(ledger={"origin": "x", "entry": True}), "consent form: expected the ledger's origin and an entry"),
        (changed(disclosures={}), "consent form: expected disclosures and events as lists"),
        (
            b" " * (MAX_FORM_BYTES + 1),
            f"consent form: expected at most {MAX_FORM_BYTES} bytes, got {MAX_FORM_BYTES + 1}",
        ),
    ],
)
def test_what_is_malformed_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_form(data)
