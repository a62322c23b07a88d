import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from support.consents import (
    KEY,
    NOW,
    OTHER_KEY,
    body_of,
    controller_fields,
    decisions,
    signed_document,
    signed_event,
    signed_record,
    subject_fields,
)
from support.refusals import refused

from provenance.canonical import canonical_bytes, from_base64url, sha256, to_base64url
from provenance.consent.events import MAX_EVENT_BYTES, SCHEMA, ConsentEvent, EventType, Proof, parse_event
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError

RECORD = signed_record(decisions("capture", "publish.web"))
OTHER_RECORD = signed_record()
GIVEN = signed_event(RECORD, "given", proof="signature")
WITHDRAWN = signed_event(
    RECORD,
    "withdrawn",
    scopes=[Scope.PUBLISH_WEB],
    proof="receipt-secret",
    previous=GIVEN,
    now=NOW + timedelta(days=1),
)
BODY = body_of(WITHDRAWN.envelope)
BAD_SIGNATURE = "signed document: a signature does not verify"
SHAPE = "consent event: expected a known type and proof, and scopes as a list"
MISSING = object()


def signed(body: Mapping[str, Any] | bytes) -> bytes:
    return signed_document(body, [(KEY, controller_fields())])


def with_body(**changes: object) -> bytes:
    return signed({name: value for name, value in {**BODY, **changes}.items() if value is not MISSING})


@pytest.mark.parametrize("event", [GIVEN, WITHDRAWN])
def test_an_event_is_read_as_it_was_made(event: ConsentEvent) -> None:
    assert parse_event(event.to_bytes(), record=RECORD) == event


def test_an_event_keeps_what_it_was_made_of() -> None:
    assert WITHDRAWN.type == "withdrawn"
    assert WITHDRAWN.at == NOW + timedelta(days=1)
    assert WITHDRAWN.scopes == (Scope.PUBLISH_WEB,)
    assert WITHDRAWN.proof == "receipt-secret"
    assert WITHDRAWN.previous == GIVEN.digest


def test_the_first_event_of_a_record_names_none_before_it() -> None:
    assert GIVEN.previous is None
    assert body_of(GIVEN.envelope)["previous"] is None


def test_an_event_on_the_whole_record_names_no_scopes() -> None:
    assert GIVEN.scopes is None
    assert body_of(GIVEN.envelope)["scopes"] is None


def test_the_body_has_the_members_of_the_format() -> None:
    assert {
        "schema": "urn:headshot-provenance:schema:consent-event:1",
        "type": "withdrawn",
        "at": "2026-11-24T21:07:05Z",
        "record_digest": to_base64url(RECORD.digest),
        "scopes": ["publish.web"],
        "proof": "receipt-secret",
        "previous": to_base64url(GIVEN.digest),
    } == BODY


def test_the_digest_is_of_the_signed_body() -> None:
    payload: Any = WITHDRAWN.envelope["payload"]
    assert sha256(from_base64url(payload, place="payload")) == WITHDRAWN.digest


def test_only_the_controller_signs_an_event() -> None:
    (member,) = json.loads(WITHDRAWN.to_bytes())["signatures"]
    header = json.loads(from_base64url(member["protected"], place="header"))
    assert header == {
        "alg": "Ed25519",
        "jwk": KEY.public_jwk(),
        "role": "controller",
        "signed_at": "2026-11-24T21:07:05Z",
    }


@pytest.mark.parametrize("event_type", ["given", "refused", "withdrawn"])
@pytest.mark.parametrize("proof", ["signature", "receipt-secret", "studio"])
def test_every_type_and_proof_is_read(event_type: EventType, proof: Proof) -> None:
    event = parse_event(with_body(type=event_type, proof=proof), record=RECORD)
    assert (event.type, event.proof) == (event_type, proof)


def test_an_event_on_no_scope_is_read_as_one() -> None:
    assert parse_event(with_body(scopes=[]), record=RECORD).scopes == ()


def test_a_further_member_of_the_body_is_left_alone() -> None:
    assert parse_event(with_body(note="by telephone"), record=RECORD).type == "withdrawn"


# --- changed bytes


@pytest.mark.parametrize("place", ["payload", "protected", "signature"])
def test_a_changed_event_is_refused(place: str) -> None:
    changed = json.loads(WITHDRAWN.to_bytes())
    member = changed if place == "payload" else changed["signatures"][0]
    if place == "protected":
        header = {**json.loads(from_base64url(member[place], place="header")), "signed_at": "2026-11-24T21:07:06Z"}
        member[place] = to_base64url(json.dumps(header).encode())
    else:
        text = member[place]
        middle = len(text) // 2
        member[place] = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_event(canonical_bytes(changed), record=RECORD)


def test_an_unprotected_header_is_refused() -> None:
    changed = json.loads(WITHDRAWN.to_bytes())
    changed["signatures"][0]["header"] = {}
    with refused(InputError, "signature 1: expected protected and signature, and no unprotected header"):
        parse_event(canonical_bytes(changed), record=RECORD)


def test_an_event_by_another_controller_is_refused() -> None:
    document = signed_document(BODY, [(OTHER_KEY, controller_fields())])
    with refused(VerificationError, "consent event: signed by another controller", code="controller-mismatch"):
        parse_event(document, record=RECORD)


def test_an_event_is_not_made_with_another_key() -> None:
    with refused(VerificationError, "consent event: signed by another controller", code="controller-mismatch"):
        signed_event(RECORD, key=OTHER_KEY)


def test_an_event_that_no_controller_signed_is_refused() -> None:
    with refused(VerificationError, "signatures: expected one of the controller, got 0"):
        parse_event(signed_document(BODY, [(KEY, subject_fields())]), record=RECORD)


def test_an_event_of_another_record_is_refused() -> None:
    with refused(VerificationError, "consent event: speaks of another record", code="event-foreign"):
        parse_event(WITHDRAWN.to_bytes(), record=OTHER_RECORD)


def test_a_record_is_no_event() -> None:
    with refused(InputError, f"consent event: expected canonical json of schema {SCHEMA}"):
        parse_event(RECORD.to_bytes(), record=RECORD)


# --- the body


@pytest.mark.parametrize("schema", [MISSING, 1, "urn:headshot-provenance:schema:consent-event:2"])
def test_a_foreign_schema_is_refused(schema: object) -> None:
    with refused(InputError, f"consent event: expected canonical json of schema {SCHEMA}"):
        parse_event(with_body(schema=schema), record=RECORD)


REWRITTEN: list[Callable[[bytes], bytes]] = [
    lambda body: body + b" ",
    lambda body: body.replace(b":", b": "),
    lambda body: body.replace(b"web", b"\\u0077eb"),
]


@pytest.mark.parametrize("rewrite", REWRITTEN)
def test_a_body_in_another_form_is_refused(rewrite: Callable[[bytes], bytes]) -> None:
    body = rewrite(canonical_bytes(BODY))
    with refused(InputError, f"consent event: expected canonical json of schema {SCHEMA}"):
        parse_event(signed(body), record=RECORD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"record_digest": MISSING}, "event.record_digest: expected base64url without padding"),
        ({"record_digest": 5}, "event.record_digest: expected base64url without padding"),
        ({"type": MISSING}, SHAPE),
        ({"type": "Given"}, SHAPE),
        ({"type": ["given"]}, SHAPE),
        ({"proof": MISSING}, SHAPE),
        ({"proof": "hearsay"}, SHAPE),
        ({"scopes": "capture"}, SHAPE),
        ({"scopes": {}}, SHAPE),
        ({"at": MISSING}, "time: expected a time such as 2026-11-23T21:07:05Z, got 'None'"),
        ({"at": "2026-11-24T21:07Z"}, "time: expected a time such as 2026-11-23T21:07:05Z, got '2026-11-24T21:07Z'"),
        ({"previous": 5}, "event.previous: expected base64url without padding"),
        ({"previous": "AAAA"}, "event.previous: expected 32 bytes, got 3"),
    ],
)
def test_a_body_without_what_an_event_needs_is_refused(changes: dict[str, Any], message: str) -> None:
    with refused(InputError, message):
        parse_event(with_body(**changes), record=RECORD)


@pytest.mark.parametrize("digest", ["", "AAAA", to_base64url(bytes(32))])
def test_an_event_that_names_another_digest_is_refused(digest: str) -> None:
    with refused(VerificationError, "consent event: speaks of another record", code="event-foreign"):
        parse_event(with_body(record_digest=digest), record=RECORD)


@pytest.mark.parametrize("scopes", [["publish"], ["capture", 5], [None], [[]]])
def test_an_event_on_an_unknown_scope_is_refused(scopes: list[Any]) -> None:
    hint = "scopes: " + ", ".join(Scope)
    with refused(InputError, "scope: expected a known one, got …", code="scope-unknown", hint=hint):
        parse_event(with_body(scopes=scopes), record=RECORD)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "consent event: expected json, got something else at line 1 column 1"),
        (b"[]", "consent event: expected a json object, got list"),
        (b"{}", "signed document: expected payload and signatures"),
        (
            b" " * (MAX_EVENT_BYTES + 1),
            f"consent event: expected at most {MAX_EVENT_BYTES} bytes, got {MAX_EVENT_BYTES + 1}",
        ),
    ],
)
def test_another_document_than_an_event_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_event(data, record=RECORD)


def test_a_body_that_is_no_object_is_refused() -> None:
    with refused(InputError, "consent event body: expected a json object, got list"):
        parse_event(signed(b"[]"), record=RECORD)
