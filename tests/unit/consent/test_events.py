import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
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

from provenance import schemas
from provenance.canonical import canonical_bytes, from_base64url, sha256, to_base64url
from provenance.consent.disclosures import Disclosure
from provenance.consent.events import (
    ACTORS,
    DETAILS,
    EVENT_TYPES,
    MAX_EVENT_BYTES,
    SCHEMA,
    ConsentEvent,
    EventType,
    Proof,
    parse_event,
)
from provenance.consent.parties import Terms
from provenance.consent.records import ConsentRecord, parse_record
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey

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
        "by": "subject",
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


MEMBERS = "at, by, previous, proof, record_digest, schema, scopes, type"


@pytest.mark.parametrize("scopes", [[], ["capture", "capture"]])
def test_an_event_on_no_scope_or_on_one_twice_is_refused(scopes: list[str]) -> None:
    with refused(InputError, "consent event withdrawn: expected at least one scope, and none twice"):
        parse_event(with_body(scopes=scopes), record=RECORD)


@pytest.mark.parametrize(
    "changes", [{"note": "by telephone"}, {"by": MISSING}, {"at": MISSING}, {"until": "2027-01-01"}]
)
def test_another_set_of_members_is_refused(changes: dict[str, object]) -> None:
    with refused(InputError, f"consent event withdrawn: expected the members {MEMBERS}"):
        parse_event(with_body(**changes), record=RECORD)


# --- types

RECIPIENT = Disclosure.make("recipient", "Acme GmbH")
ALL_DETAILS: dict[EventType, dict[str, Any]] = {
    "renewed": {"until": date(2027, 12, 31)},
    "superseded": {"superseded_by": bytes(32)},
    "withdrawal-answered": {"answer": "declined"},
    "disclosed": {"recipient": RECIPIENT},
}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_an_event_of_every_type_is_made_and_read_and_fits_its_schema(event_type: EventType) -> None:
    event = signed_event(RECORD, event_type, previous=GIVEN, **ALL_DETAILS.get(event_type, {}))
    assert parse_event(event.to_bytes(), record=RECORD) == event
    assert (event.type, event.by) == (event_type, ACTORS[event_type][0])
    schemas.validate(body_of(event.envelope), "consent-event", part="body")
    schemas.validate(event.envelope, "consent-event")


@pytest.mark.parametrize("event_type", DETAILS)
def test_an_event_without_its_detail_is_refused(event_type: EventType) -> None:
    with refused(InputError, f"consent event {event_type}: expected the members …"):
        signed_event(RECORD, event_type, previous=GIVEN)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("by", ["subject", "guardian", "controller", "authority", "nobody", 5])
def test_an_event_by_somebody_who_cannot_bring_it_about_is_refused(event_type: EventType, by: Any) -> None:
    body = body_of(signed_event(RECORD, event_type, previous=GIVEN, **ALL_DETAILS.get(event_type, {})).envelope)
    if by not in ACTORS[event_type]:
        message = f"consent event {event_type}: expected it by {' or '.join(ACTORS[event_type])}"
        with refused(InputError, message):
            parse_event(signed({**body, "by": by}), record=RECORD)


def test_the_details_of_events_are_kept() -> None:
    made = {kind: signed_event(RECORD, kind, **details).detail for kind, details in ALL_DETAILS.items()}
    assert made["renewed"].until == date(2027, 12, 31)
    assert made["superseded"].superseded_by == bytes(32)
    assert made["withdrawal-answered"].answer == "declined"
    assert made["disclosed"].disclosed_to == (RECIPIENT.digest(),)


@pytest.mark.parametrize(
    ("event_type", "name", "value", "message"),
    [
        ("renewed", "until", "soon", "date: expected a day such as 2027-12-31, got 'soon'"),
        ("superseded", "superseded_by", "AAAA", "event.superseded_by: expected 32 bytes, got 3"),
        ("withdrawal-answered", "answer", "perhaps", "event.answer: expected granted or declined"),
        ("disclosed", "_sd", [], "event._sd: expected one digest"),
        ("disclosed", "_sd", "Acme GmbH", "event._sd: expected one digest"),
        ("disclosed", "_sd", ["Acme GmbH"], "event._sd: expected base64url without padding"),
    ],
)
def test_a_detail_of_another_form_is_refused(event_type: EventType, name: str, value: Any, message: str) -> None:
    body = body_of(signed_event(RECORD, event_type, **ALL_DETAILS[event_type]).envelope)
    signers = [(OTHER_KEY, subject_fields()), (KEY, controller_fields())]
    with refused(InputError, message, code="date" if name == "until" else None):
        parse_event(signed_document({**body, name: value}, signers), record=RECORD)


# --- renewals: a new permission, which the person must sign

RENEWAL = body_of(signed_event(RECORD, "renewed", until=date(2027, 12, 31)).envelope)
OWN_KEY = SigningKey.generate("ES256")
OWN_FIELDS = {**subject_fields(), "assurance": "session-key"}


def own_record() -> ConsentRecord:
    body = body_of(RECORD.envelope)
    signers = [(OWN_KEY, OWN_FIELDS), (KEY, controller_fields())]
    return parse_record(signed_document({**body, "esign": {**body["esign"], "method": "own-key"}}, signers))


def test_a_renewal_that_the_person_did_not_sign_is_refused() -> None:
    with refused(VerificationError, "signatures: expected one of the subject, got 0"):
        parse_event(signed(RENEWAL), record=RECORD)


def test_a_renewal_that_the_controller_signed_for_the_person_is_refused() -> None:
    message = "consent event renewed: the controller signed for the person"
    with refused(VerificationError, message, code="signer-doubled"):
        parse_event(signed_document(RENEWAL, [(KEY, subject_fields()), (KEY, controller_fields())]), record=RECORD)


@pytest.mark.parametrize("assurance", ["recorded", "passkey", "ades", "none"])
def test_a_renewal_that_is_worth_less_than_the_record_is_refused(assurance: str) -> None:
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": assurance}), (KEY, controller_fields())]
    message = "consent event renewed: expected a signature worth drawn, as the record's is"
    with refused(VerificationError, message, code="renewal-weaker"):
        parse_event(signed_document(RENEWAL, signers), record=RECORD)


def test_a_record_signed_with_a_persons_own_key_is_renewed_with_that_key_only() -> None:
    record = own_record()
    until = date(2027, 12, 31)
    assert signed_event(record, "renewed", until=until, person_key=OWN_KEY).detail.until == until
    message = "consent event renewed: signed with another key than the record"
    with refused(VerificationError, message, code="renewal-key"):
        signed_event(record, "renewed", until=until, person_key=OTHER_KEY)
    message = "consent event renewed: expected a signature worth session-key, as the record's is"
    with refused(VerificationError, message, code="renewal-weaker"):
        signed_event(record, "renewed", until=until)


def test_the_record_of_a_minor_is_renewed_by_the_guardian() -> None:
    minor = signed_record(terms=Terms(age_class="minor", relationship="dpv:GuardianOfDataSubject"))
    event = signed_event(minor, "renewed", until=date(2027, 12, 31))
    assert event.by == "guardian"
    with refused(InputError, "consent event renewed: expected it by the guardian"):
        signed_event(minor, "renewed", until=date(2027, 12, 31), by="subject")


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
