import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from support.consents import (
    KEY,
    NOW,
    OTHER_KEY,
    SECRET,
    controller_fields,
    signed_document,
    signed_event,
    signed_record,
)
from support.openings import EMAIL, NAME, PICTURE, RECIPIENT, RECORD, RECORD_KEY, disclosed, opening, resigned, told
from support.refusals import refused

from provenance import jws, schemas
from provenance.canonical import canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.consent.disclosures import Disclosure
from provenance.consent.fields import PERSONAL, is_personal, parse_personal
from provenance.consent.handles import make_handle, picture_secret
from provenance.consent.openings import MAX_BYTES, SCHEMA, ConsentDisclosure, parse_disclosure, parse_recipient
from provenance.consent.records import Controller, controller_urn
from provenance.errors import InputError, VerificationError

MADE = disclosed()


def parse(data: bytes) -> ConsentDisclosure:
    return parse_disclosure(data, now=NOW)


def changed(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    return resigned(MADE, change)


# --- a right one


def test_a_disclosure_is_read_back_as_it_was_made() -> None:
    made = disclosed(opening(revealed=[NAME]))
    assert parse(made.to_bytes()) == made
    assert (made.picture, made.recipient, made.made_at, made.refresh) == (PICTURE, RECIPIENT, NOW, 86_400)
    assert made.controller == RECORD.controller
    (one,) = made.openings
    assert one.record == RECORD
    assert [event.type for event in one.events] == ["given", "disclosed"]
    assert one.revealed == (NAME,)


def test_a_disclosure_fits_its_schema_and_so_does_its_statement() -> None:
    document = json.loads(disclosed(opening(revealed=[NAME, EMAIL])).to_bytes())
    schemas.validate(document, "consent-disclosure")
    statement = parse_object(from_base64url(document["statement"]["payload"], place="payload"), place="statement")
    schemas.validate(statement, "consent-disclosure", part="statement")


def test_a_picture_of_two_people_has_an_opening_for_each() -> None:
    other = signed_record()
    made = disclosed(opening(), opening(other, record_key=bytes(32)))
    assert [one.record.digest for one in parse(made.to_bytes()).openings] == [RECORD.digest, other.digest]


def test_nothing_is_revealed_unless_it_is_asked_for() -> None:
    data = MADE.to_bytes()
    for datum in (NAME, EMAIL):
        assert datum.value.encode() not in data
        assert datum.to_text().encode() not in data


def test_what_would_open_another_picture_or_withdraw_is_not_in_it() -> None:
    data = disclosed(opening(revealed=[NAME, EMAIL])).to_bytes()
    decoded = b"".join(_all_bytes(json.loads(data)))
    for secret in (RECORD_KEY, SECRET.encode(), SECRET.replace("-", "").encode()):
        for form in (secret, to_base64url(secret).encode(), secret.hex().encode()):
            assert form not in data
            assert form not in decoded


def _all_bytes(value: Any) -> list[bytes]:
    """Return every text in a document, as it stands and decoded, down into what is encoded within."""
    if isinstance(value, dict):
        return [part for member in value.values() for part in _all_bytes(member)]
    if isinstance(value, list):
        return [part for member in value for part in _all_bytes(member)]
    if not isinstance(value, str):
        return []
    found = [value.encode()]
    try:
        decoded = from_base64url(value, place="value")
    except InputError:
        return found
    try:
        return [*found, decoded, *_all_bytes(json.loads(decoded))]
    except ValueError:
        return [*found, decoded]


# Whoever has two pictures of one person opened must not find the third, whatever they try.
def test_two_opened_pictures_do_not_lead_to_a_third() -> None:
    pictures = [sha256(f"picture {number}".encode()) for number in range(3)]
    values = {
        part[start : start + 32]
        for picture in pictures[:2]
        for part in _all_bytes(json.loads(disclosed(opening(picture=picture), picture=picture).to_bytes()))
        for start in range(len(part) - 31)
    }
    keyed = opening(picture=pictures[0]).secret
    assert keyed in values
    assert len(values) > 1000
    third = opening(picture=pictures[2])
    assert third.handle not in values
    assert third.secret not in values
    for value in values:
        as_key = opening_with_key(value, pictures[2])
        assert third.handle not in (as_key, opening_with_secret(value, pictures[2]))
    # The search itself finds what there is to find.
    assert opening_with_secret(keyed, pictures[0]) == opening(picture=pictures[0]).handle
    assert opening_with_key(RECORD_KEY, pictures[2]) == third.handle


def opening_with_key(key: bytes, picture: bytes) -> bytes:
    return opening_with_secret(picture_secret(record_key=key, picture_digest=picture), picture)


def opening_with_secret(secret: bytes, picture: bytes) -> bytes:
    return make_handle(secret=secret, picture_digest=picture, record_digest=RECORD.digest)


# --- what is not one


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "disclosure: expected json, got something else at line 1 column 1"),
        (b"[]", "disclosure: expected a json object, got list"),
        (b"{}", f"disclosure: expected schema {SCHEMA}"),
        (b"\x00" * 9, "disclosure: expected json, got something else at line 1 column 1"),
        (b"\xff", "disclosure: expected json, got bytes that are not UTF-8"),
        (b" " * (MAX_BYTES + 1), f"disclosure: expected at most {MAX_BYTES} bytes, got {MAX_BYTES + 1}"),
        (canonical_bytes({"schema": SCHEMA}), "disclosure: expected the members schema, statement, openings…"),
        (
            canonical_bytes({"schema": SCHEMA, "statement": [], "openings": []}),
            "disclosure.statement: expected an object",
        ),
    ],
    ids=["nothing", "list", "object", "zeros", "no text", "too large", "members", "statement"],
)
def test_what_is_no_disclosure_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse(data)


def set_statement(**members: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda _, statement: statement.update(members)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_statement(more=1), "disclosure.statement: expected the members schema, picture, recipient, made_at…"),
        (set_statement(schema="other"), f"disclosure.statement: expected canonical json of schema {SCHEMA}"),
        (set_statement(picture="AAAA"), "disclosure.statement.picture: expected 32 bytes, got 3"),
        (set_statement(made_at=5), "time: expected a time such as…"),
        (
            set_statement(made_at="2026-11-23T21:07:06Z"),
            "disclosure.statement.made_at: expected the time of the signature",
        ),
        (set_statement(openings=[]), "disclosure.openings: expected 1 to 64"),
        (set_statement(openings={}), "disclosure.openings: expected 1 to 64"),
        (
            set_statement(openings=[{"handle": "", "secret": ""}]),
            "disclosure.statement.openings[0]: expected the members handle, secret, sha256, and no others",
        ),
        (
            set_statement(openings=[{"handle": "A", "secret": "", "sha256": ""}]),
            "disclosure.statement.openings[0].handle: expected base64url without padding",
        ),
        (lambda document, _: document.update(openings={}), "disclosure.openings: expected 1 to 64"),
        (
            lambda document, _: document["openings"].append(document["openings"][0]),
            "disclosure.openings: expected 1, as the statement has, got 2",
        ),
        (
            lambda document, _: document["openings"][0].update(more=1),
            "disclosure.openings[0]: expected the members record, events, disclosures, and no others",
        ),
        (
            lambda document, _: document["openings"][0].update(events=[]),
            "disclosure.openings[0]: expected events and disclosures as lists, and at least one event",
        ),
        (
            lambda document, _: document["openings"][0].update(disclosures="none"),
            "disclosure.openings[0]: expected events and disclosures as lists, and at least one event",
        ),
        (
            lambda document, _: document["openings"][0].update(disclosures=[1]),
            "disclosure.openings[0]: disclosure.openings[0].disclosures: expected text",
        ),
        (
            lambda document, _: document["openings"][0].update(disclosures=["WzFd"]),
            "disclosure.openings[0]: disclosure: expected salt, name and value",
        ),
        (
            lambda document, _: document["openings"][0].update(disclosures=[NAME.to_text(), NAME.to_text()]),
            "disclosure.openings[0].disclosures: expected known personal data, and none twice",
        ),
        (
            lambda document, _: document["openings"][0].update(record=7),
            "disclosure.openings[0]: consent record: expected a json object, got int",
        ),
    ],
)
def test_a_disclosure_that_is_signed_and_malformed_is_refused_with_the_place(
    change: Callable[[dict[str, Any], dict[str, Any]], None], message: str
) -> None:
    with refused(InputError, message):
        parse(changed(change))


@pytest.mark.parametrize("refresh", [0, -1, True, "86400", None, 31 * 86_400 + 1])
def test_an_interval_that_is_none_is_refused(refresh: object) -> None:
    with refused(InputError, "disclosure.statement.refresh: expected 1 to 2678400 seconds"):
        parse(changed(set_statement(refresh=refresh)))


@pytest.mark.parametrize("refresh", [1, 31 * 86_400])
def test_another_interval_is_read(refresh: int) -> None:
    assert parse(changed(set_statement(refresh=refresh))).refresh == refresh


@pytest.mark.parametrize("recipient", ["", "a\nb", "\u202e", "x" * 201, 7, None])
def test_a_recipient_that_is_none_is_refused(recipient: object) -> None:
    message = "disclosure.statement.recipient: expected 1 to 200 printable characters"
    with refused(InputError, message, code="recipient"):
        parse(changed(set_statement(recipient=recipient)))


def test_a_recipient_is_a_line_of_text() -> None:
    assert parse_recipient("  Daily Bügle ") == "Daily Bügle"
    for text in ("", "  ", "a\nb", "x" * 201):
        with refused(InputError, "recipient: expected 1 to 200 printable characters", code="recipient"):
            parse_recipient(text)


def test_a_handle_twice_is_refused() -> None:
    with refused(InputError, "disclosure.openings: expected no handle twice"):
        disclosed(opening(), opening())


def test_personal_data_that_no_record_has_are_refused() -> None:
    shoe_size = Disclosure.make("shoe_size", "39")
    record = signed_record(disclosures=[shoe_size])
    with refused(InputError, "disclosure.openings[0].disclosures: expected known personal data, and none twice"):
        disclosed(opening(record, revealed=[shoe_size]))


def test_a_record_that_breaks_a_rule_is_malformed_and_not_refused() -> None:
    body = {**RECORD.body, "kind": "digital_replica"}
    forged = dataclasses.replace(RECORD, envelope=parse_object(signed_document(body), place="record"))
    with refused(InputError, "disclosure.openings[0].record: kind: expected model_release…", code="kind-mismatch"):
        disclosed(opening(forged, told()))


# --- signatures, and what belongs together


def test_a_statement_with_another_signature_beside_is_refused() -> None:
    document = json.loads(MADE.to_bytes())
    payload = from_base64url(document["statement"]["payload"], place="payload")
    message = "disclosure.statement: expected one signature, with role and signed_at alone"
    both = [(KEY, controller_fields()), (OTHER_KEY, {**controller_fields(), "role": "witness"})]
    for signers in (both, [(KEY, {**controller_fields(), "assurance": "ades"})]):
        with refused(InputError, message):
            parse(canonical_bytes({**document, "statement": jws.sign(payload, signers)}))
    with refused(VerificationError, "signatures: expected one of the controller, got 0"):
        signed = jws.sign(payload, [(KEY, {**controller_fields(), "role": "subject"})])
        parse(canonical_bytes({**document, "statement": signed}))


def test_a_statement_of_somebody_else_is_refused() -> None:
    message = "disclosure.openings[0].record: is another controller's than the disclosure"
    with refused(VerificationError, message, code="controller-mismatch"):
        parse(resigned(MADE, lambda *_: None, key=OTHER_KEY))


def test_a_part_that_was_exchanged_is_refused() -> None:
    document = json.loads(MADE.to_bytes())
    document["openings"] = json.loads(disclosed(opening(revealed=[NAME])).to_bytes())["openings"]
    with refused(
        VerificationError, "disclosure.openings[0]: is not what the controller signed", code="disclosure-part"
    ):
        parse(canonical_bytes(document))


def test_a_withdrawal_that_was_left_out_is_found() -> None:
    given = signed_event(RECORD, proof="signature")
    withdrawn = signed_event(RECORD, "withdrawn", previous=given, by="subject", proof="receipt-secret")
    made = disclosed(opening(events=[given, withdrawn]))
    document = json.loads(made.to_bytes())
    del document["openings"][0]["events"][1]
    with refused(
        VerificationError, "disclosure.openings[0]: is not what the controller signed", code="disclosure-part"
    ):
        parse(canonical_bytes(document))
    message = "disclosure.openings[0]: consent event 2: does not follow the one before it"
    with refused(VerificationError, message, code="event-chain"):
        parse(resigned(made, lambda document, _: document["openings"][0]["events"].pop(1)))


def test_events_that_end_before_the_disclosure_are_refused() -> None:
    message = "disclosure.openings[0].events: expected the disclosure itself as the last"
    with refused(VerificationError, message, code="event-chain"):
        parse(changed(lambda document, _: document["openings"][0]["events"].pop()))


def test_events_of_after_the_disclosure_are_refused() -> None:
    late = opening(now=NOW + timedelta(seconds=1))
    message = "disclosure.openings[0].events: tell of what came after the disclosure"
    with refused(VerificationError, message, code="event-chain"):
        disclosed(late)


@pytest.mark.parametrize("name", ["handle", "secret"])
def test_a_handle_that_does_not_open_is_refused(name: str) -> None:
    def change(_: dict[str, Any], statement: dict[str, Any]) -> None:
        statement["openings"][0][name] = to_base64url(bytes(32))

    message = "disclosure.openings[0]: its handle does not open to this record"
    with refused(VerificationError, message, code="handle-mismatch"):
        parse(changed(change))


def test_a_disclosure_moved_to_another_picture_is_refused() -> None:
    message = "disclosure.openings[0]: its handle does not open to this record"
    with refused(VerificationError, message, code="handle-mismatch"):
        parse(changed(set_statement(picture=to_base64url(sha256(b"another")))))


def test_another_record_in_its_place_is_refused() -> None:
    def change(document: dict[str, Any], _: dict[str, Any]) -> None:
        record = signed_record()
        document["openings"][0].update(
            record=record.envelope, events=[event.envelope for event in told(record)], disclosures=[]
        )

    message = "disclosure.openings[0]: its handle does not open to this record"
    with refused(VerificationError, message, code="handle-mismatch"):
        parse(changed(change))


def test_personal_data_of_another_record_are_refused() -> None:
    stranger = Disclosure.make("legal_name", "Ada Beck")
    message = "disclosure.openings[0]: disclosure legal_name: does not belong to this record"
    with refused(VerificationError, message, code="disclosure-foreign"):
        disclosed(opening(revealed=[stranger]))


def test_the_record_of_another_controller_is_refused() -> None:
    controller = Controller("Studio Other", controller_urn(OTHER_KEY), None, None)
    record = signed_record(controller=controller, key=OTHER_KEY)
    message = "disclosure.openings[0].record: is another controller's than the disclosure"
    with refused(VerificationError, message, code="controller-mismatch"):
        disclosed(opening(record, key=OTHER_KEY))


def test_a_disclosure_of_the_future_is_refused() -> None:
    data = MADE.to_bytes()
    parse_disclosure(data, now=NOW - timedelta(minutes=5))
    message = "disclosure: was made at 2026-11-23T21:07:05Z, which is still to come"
    with refused(VerificationError, message, code="disclosure-early"):
        parse_disclosure(data, now=NOW - timedelta(minutes=5, seconds=1))


# --- names of personal data


def test_the_names_of_personal_data_are_known() -> None:
    for datum in PERSONAL:
        assert parse_personal(datum.name) == datum.name
    assert parse_personal("initials.ai.generate") == "initials.ai.generate"
    assert is_personal("legal_name")
    assert is_personal("initials.ai.generate")
    for name in ("", "initials", "initials.", "initials.novelty", "legal_name.x", "legal_name.", "recipient"):
        assert not is_personal(name)


def test_another_name_is_refused_with_the_list() -> None:
    hint = f"known: {', '.join(datum.name for datum in PERSONAL)}"
    for name in ("shoe_size", "", "legal_name.x", "initials.novelty"):
        message = f"field: expected the name of a personal datum, got {name!r}"
        with refused(InputError, message, code="field-unknown", hint=hint):
            parse_personal(name)
