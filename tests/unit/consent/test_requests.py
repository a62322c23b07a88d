import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from support.consents import ADULT, CONTROLLER, NOW, SECRET, YEAR_END, body_of, decisions, signed_record
from support.refusals import refused

from provenance import jws, schemas
from provenance.canonical import canonical_bytes, to_base64url
from provenance.consent import notice
from provenance.consent.body import make_body
from provenance.consent.codes import secret_digest
from provenance.consent.disclosures import Disclosure
from provenance.consent.parties import Notice, Terms
from provenance.consent.records import Role
from provenance.consent.requests import MAX_REQUEST_BYTES, SCHEMA, ConsentRequest, make_request, parse_request
from provenance.consent.scopes import Scope
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.keys import SigningKey

DATUM = Disclosure.make("legal_name", "Zoë Ångström")
MINOR = Terms(age_class="minor", relationship="dpv:ParentOfDataSubject")
KEY, OTHER = SigningKey.generate("Ed25519"), SigningKey.generate("ES256")


def request(*permit: str, terms: Terms = ADULT, more: Sequence[Disclosure] = ()) -> ConsentRequest:
    grants = decisions(*(permit or ("capture",)), until=YEAR_END)
    body = make_body(
        grants=grants,
        disclosures=[DATUM, *more],
        method="own-key",
        controller=CONTROLLER,
        notice=Notice.shipped(CONTROLLER.name, presented_at=NOW),
        terms=terms,
        secret_digest=secret_digest(SECRET),
        now=NOW,
    )
    return make_request(
        body, grants, notice=notice.render(CONTROLLER.name), disclosures=[DATUM, *more], studio="AAAA.AAAA"
    )


REQUEST = request()


def sign(role: Role = "subject", *, on: ConsentRequest = REQUEST, initialled: Sequence[Scope] = ()) -> ConsentRequest:
    return on.sign(KEY if role != "witness" else OTHER, role=role, initialled=initialled, now=NOW)


def changed(**members: Any) -> bytes:
    return json.dumps({**json.loads(sign().to_bytes()), **members}).encode()


def test_a_request_is_read_as_it_was_written() -> None:
    for made in (REQUEST, sign(), sign("witness", on=sign())):
        assert parse_request(made.to_bytes()) == made
        schemas.validate(json.loads(made.to_bytes()), "consent-request")


def test_who_signed_is_known() -> None:
    assert REQUEST.roles == ()
    assert sign("witness", on=sign()).roles == ("subject", "witness")
    assert (REQUEST.principal, request(terms=MINOR).principal) == ("subject", "guardian")


def test_nobody_signs_twice() -> None:
    with refused(RefusedError, "request: the subject signed already", code="signed-already"):
        sign(on=sign())


@pytest.mark.parametrize(
    ("role", "terms"), [("controller", ADULT), ("guardian", ADULT), ("subject", MINOR), ("controller", MINOR)]
)
def test_who_does_not_consent_does_not_sign(role: Role, terms: Terms) -> None:
    with refused(RefusedError, f"request: the {role} does not sign here", code="role-unfit"):
        sign(role, on=request(terms=terms))


def test_every_scope_of_ai_needs_initials() -> None:
    asked = request("ai.edit", "ai.train")
    message = "scope ai.train: expected initials of its own, beside the signature"
    hint = "add --initials ai.train=INITIALS, or --initial ai.train to consent sign"
    with refused(RefusedError, message, code="initials-missing", hint=hint):
        sign(on=asked, initialled=[Scope.AI_EDIT])
    with refused(RefusedError, "scope mine: has initials, and was not permitted", code="initials-stray"):
        sign(on=asked, initialled=[Scope.AI_EDIT, Scope.AI_TRAIN, Scope.MINE])
    with refused(RefusedError, "request: the witness has nothing to put initials to", code="initials-stray"):
        sign("witness", on=asked, initialled=[Scope.AI_EDIT])


@pytest.mark.parametrize("place", ["notice", "intent"])
def test_another_text_than_the_one_that_is_signed_is_refused(place: str) -> None:
    message = f"request.{place}: is not the text that would be signed"
    with refused(VerificationError, message, code="text-mismatch"):
        parse_request(changed(**{place: "You agree to everything.\ud800"}))


def test_a_datum_that_is_not_shown_is_refused() -> None:
    message = "request: a datum that would be signed is not shown"
    with refused(VerificationError, message, code="disclosure-missing"):
        parse_request(changed(disclosures=[]))


def test_a_datum_that_is_shown_twice_does_not_stand_for_another() -> None:
    other = Disclosure.make("email", "zoe@example.org")
    two = request(more=[other])
    twice = dataclasses.replace(two, disclosures=(other, other))
    message = "request: a datum that would be signed is not shown"
    with refused(VerificationError, message, code="disclosure-missing"):
        parse_request(twice.to_bytes())


def test_a_signature_of_somebody_unknown_is_refused() -> None:
    fan = jws.sign(REQUEST.payload, [(OTHER, {"role": "fan", "signed_at": "2026-11-23T21:07:05Z"})])
    with refused(InputError, "request: expected known roles only"):
        parse_request(changed(signatures=fan["signatures"]))


def test_a_datum_that_is_not_signed_is_refused() -> None:
    other = Disclosure.make("legal_name", "Somebody else").to_text()
    message = "disclosure legal_name: does not belong to this record"
    with refused(VerificationError, message, code="disclosure-foreign"):
        parse_request(changed(disclosures=[other]))


def test_a_signature_over_another_body_is_refused() -> None:
    message = "signed document: a signature does not verify"
    with refused(VerificationError, message, code="signature-invalid"):
        parse_request(changed(payload=to_base64url(request().payload)))


def test_a_body_of_another_method_is_refused() -> None:
    body = canonical_bytes(body_of(signed_record().envelope))
    message = "request: expected a body that is signed with a key of one's own"
    with refused(InputError, message):
        parse_request(changed(payload=to_base64url(body), signatures=[]))


MEMBERS = "disclosures, intent, notice, payload, schema, signatures, studio"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "request: expected a json object, got list"),
        (b"{}", f"request: expected schema {SCHEMA} and the members {MEMBERS}"),
        (changed(more=1), f"request: expected schema {SCHEMA} and the members {MEMBERS}"),
        (changed(notice=5), "request: expected notice, intent and studio as text"),
        (changed(disclosures={}), "request: expected disclosures and signatures as lists"),
        (changed(payload=5), "request.payload: expected base64url without padding"),
        (changed(signatures=[5]), "signature 1: expected protected and signature, and no unprotected header"),
        (
            b" " * (MAX_REQUEST_BYTES + 1),
            f"request: expected at most {MAX_REQUEST_BYTES} bytes, got {MAX_REQUEST_BYTES + 1}",
        ),
    ],
)
def test_another_document_than_a_request_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_request(data)


def test_a_request_whose_body_breaks_a_rule_is_refused() -> None:
    body = json.loads(REQUEST.payload)
    body["subject"]["age_class"] = "minor"
    unguarded = dataclasses.replace(REQUEST, payload=canonical_bytes(body))
    message = "guardian: expected one with their relationship, as the subject is a minor"
    hint = "add --guardian NAME and --relationship parent or guardian"
    with refused(RefusedError, message, code="guardian-missing", hint=hint):
        parse_request(unguarded.to_bytes())
