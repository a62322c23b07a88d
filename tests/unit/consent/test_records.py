import dataclasses
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from support.consents import (
    CONTROLLER,
    KEY,
    NOW,
    OTHER_KEY,
    SECRET,
    USE,
    YEAR_END,
    body_of,
    controller_fields,
    decisions,
    signed_document,
    signed_record,
    subject_fields,
)
from support.refusals import refused

from provenance.canonical import canonical_bytes, from_base64url, to_base64url
from provenance.consent.codes import secret_digest
from provenance.consent.disclosures import Disclosure
from provenance.consent.records import (
    ASSURANCES,
    MAX_RECORD_BYTES,
    SCHEMA,
    SigningMethod,
    controller_urn,
    make_record,
    parse_record,
)
from provenance.consent.scopes import Scope
from provenance.errors import InputError, VerificationError
from provenance.keys import thumbprint_urn

DATUM = Disclosure(bytes(16), "legal_name", "Zoë Ångström")
RECORD = signed_record(decisions("capture", "publish.web", deny=["mine"]), disclosures=[DATUM])
BODY = body_of(RECORD.envelope)
BAD_SIGNATURE = "signed document: a signature does not verify"
MISSING = object()


def envelope() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.to_bytes())
    return found


def with_changed_character(text: str, position: int) -> str:
    return text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]


def with_body(**changes: object) -> bytes:
    """Return a record that is signed rightly and says something else; `MISSING` leaves a member out."""
    return signed_document({name: value for name, value in {**BODY, **changes}.items() if value is not MISSING})


def protected_header(member: Mapping[str, str]) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(from_base64url(member["protected"], place="header"))
    return header


def test_a_record_is_read_as_it_was_made() -> None:
    assert parse_record(RECORD.to_bytes()) == RECORD


def test_a_record_keeps_what_it_was_made_of() -> None:
    assert RECORD.grants == decisions("capture", "publish.web", deny=["mine"])
    assert RECORD.controller == CONTROLLER.key_urn == controller_urn(KEY) == thumbprint_urn(KEY.public_jwk())
    assert RECORD.assurance == "drawn"
    assert RECORD.created_at == NOW
    assert RECORD.secret_digest == secret_digest(SECRET)
    assert RECORD.disclosure_digests == (DATUM.digest(),)
    assert str(uuid.UUID(RECORD.record_id)) == RECORD.record_id


def test_the_digest_is_of_the_signed_body() -> None:
    payload = from_base64url(envelope()["payload"], place="payload")
    assert hashlib.sha256(payload).digest() == RECORD.digest
    assert canonical_bytes(BODY) == payload


def test_the_body_has_the_members_of_the_format() -> None:
    assert BODY["schema"] == SCHEMA == "urn:headshot-provenance:schema:consent-record:1"
    assert BODY["kind"] == "model_release"
    assert BODY["created_at"] == "2026-11-23T21:07:05Z"
    assert BODY["controllers"] == [
        {
            "id": CONTROLLER.key_urn,
            "name": "Studio Lümen",
            "role": "controller",
            "contact": "https://studio.example/contact",
        }
    ]
    assert BODY["jurisdictions"] == BODY["storage_locations"] == ["DE"]
    assert BODY["grants"] == [grant.to_json() for grant in RECORD.grants]
    assert BODY["withdrawal"]["secret_hash"] == to_base64url(secret_digest(SECRET))
    assert BODY["withdrawal"]["channels"] == ["receipt-secret", "studio"]
    assert (BODY["_sd_alg"], BODY["_sd"]) == ("sha-256", [DATUM.digest()])


def test_a_controller_without_country_and_address_is_recorded_without_them() -> None:
    controller = dataclasses.replace(CONTROLLER, country=None, url=None)
    body = body_of(signed_record(controller=controller).envelope)
    assert body["jurisdictions"] == body["storage_locations"] == []
    assert "contact" not in body["controllers"][0]


def test_consent_to_generation_is_called_a_digital_replica() -> None:
    replica = signed_record(decisions("ai.generate", until=YEAR_END, use=USE))
    denied = signed_record(decisions("capture", deny=["ai.generate"]))
    assert body_of(replica.envelope)["kind"] == "digital_replica"
    assert body_of(denied.envelope)["kind"] == "model_release"


@pytest.mark.parametrize("method", ["drawn", "typed"])
def test_the_method_of_signing_is_recorded(method: SigningMethod) -> None:
    record = make_record(
        grants=decisions("capture"),
        disclosures=[],
        method=method,
        controller=CONTROLLER,
        controller_key=KEY,
        secret_digest=bytes(32),
        now=NOW,
    )
    assert body_of(record.envelope)["esign"]["method"] == method
    assert record.assurance == "drawn"


def test_two_records_of_the_same_decisions_share_nothing_that_links_them() -> None:
    one, two = signed_record(), signed_record()
    assert one.record_id != two.record_id
    assert one.digest != two.digest
    assert body_of(one.envelope)["subject"]["ref"] != body_of(two.envelope)["subject"]["ref"]
    keys = [protected_header(record.envelope["signatures"][0])["jwk"] for record in (one, two)]  # type: ignore[index, arg-type]
    assert keys[0] != keys[1]


def test_the_subject_signs_first_and_the_controller_second() -> None:
    headers = [protected_header(member) for member in envelope()["signatures"]]
    assert [header["role"] for header in headers] == ["subject", "controller"]
    assert {header["signed_at"] for header in headers} == {"2026-11-23T21:07:05Z"}
    assert headers[0]["assurance"] == "drawn"
    assert "assurance" not in headers[1]
    assert headers[1]["jwk"] == KEY.public_jwk()


def test_a_controller_may_sign_with_a_key_on_p256() -> None:
    from provenance.keys import SigningKey

    key = SigningKey.generate("ES256")
    controller = dataclasses.replace(CONTROLLER, key_urn=controller_urn(key))
    assert signed_record(controller=controller, key=key).controller == thumbprint_urn(key.public_jwk())


def test_the_decision_on_a_scope_is_found() -> None:
    capture, mine = RECORD.grant(Scope.CAPTURE), RECORD.grant(Scope.MINE)
    assert capture is not None
    assert mine is not None
    assert (capture.decision, mine.decision) == ("permit", "deny")
    assert RECORD.grant(Scope.PUBLISH_PRESS) is None


def test_the_assurances_are_these_from_the_weakest_to_the_strongest() -> None:
    assert ASSURANCES == ("recorded", "drawn", "session-key", "passkey", "ades")


@pytest.mark.parametrize("assurance", ASSURANCES)
def test_every_known_assurance_is_read(assurance: str) -> None:
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": assurance}), (KEY, controller_fields())]
    assert parse_record(signed_document(BODY, signers)).assurance == assurance


# --- changed bytes


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_changed_payload_is_refused(quarter: int) -> None:
    changed = envelope()
    changed["payload"] = with_changed_character(changed["payload"], len(changed["payload"]) * quarter // 4)
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("change", [{"signed_at": "2026-11-23T21:07:06Z"}, {"role": "witness"}, {"assurance": "ades"}])
def test_a_changed_protected_header_is_refused(number: int, change: dict[str, str]) -> None:
    changed = envelope()
    member = changed["signatures"][number]
    member["protected"] = to_base64url(json.dumps({**protected_header(member), **change}).encode())
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("position", [0, 43, 84])
def test_a_changed_signature_is_refused(number: int, position: int) -> None:
    changed = envelope()
    member = changed["signatures"][number]
    member["signature"] = with_changed_character(member["signature"], position)
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


@pytest.mark.parametrize("number", [0, 1])
def test_a_signature_by_another_key_under_the_same_header_is_refused(number: int) -> None:
    changed = envelope()
    member = changed["signatures"][number]
    signing_input = f"{member['protected']}.{changed['payload']}".encode()
    member["signature"] = to_base64url(OTHER_KEY.sign(signing_input))
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


def test_exchanged_signatures_are_refused() -> None:
    changed = envelope()
    one, two = changed["signatures"]
    one["signature"], two["signature"] = two["signature"], one["signature"]
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


def test_signatures_of_another_record_are_refused() -> None:
    changed = envelope()
    changed["signatures"] = json.loads(signed_record().to_bytes())["signatures"]
    with refused(VerificationError, BAD_SIGNATURE, code="signature-invalid"):
        parse_record(canonical_bytes(changed))


@pytest.mark.parametrize(("number", "role"), [(0, "subject"), (1, "controller")])
def test_a_missing_signature_is_refused(number: int, role: str) -> None:
    changed = envelope()
    del changed["signatures"][number]
    with refused(VerificationError, f"signatures: expected one of the {role}, got 0"):
        parse_record(canonical_bytes(changed))


@pytest.mark.parametrize(("number", "role"), [(0, "subject"), (1, "controller")])
def test_a_doubled_signature_is_refused(number: int, role: str) -> None:
    changed = envelope()
    changed["signatures"].append(changed["signatures"][number])
    with refused(VerificationError, f"signatures: expected one of the {role}, got 2"):
        parse_record(canonical_bytes(changed))


def test_an_unprotected_header_is_refused() -> None:
    changed = envelope()
    changed["signatures"][1]["header"] = {"role": "controller"}
    message = "signature 2: expected protected and signature, and no unprotected header"
    with refused(InputError, message):
        parse_record(canonical_bytes(changed))


def test_a_further_member_beside_payload_and_signatures_is_refused() -> None:
    with refused(InputError, "signed document: expected payload and signatures"):
        parse_record(canonical_bytes({**envelope(), "header": {}}))


def test_a_controller_who_signed_but_is_not_named_is_refused() -> None:
    signers = [(KEY, subject_fields()), (OTHER_KEY, controller_fields())]
    message = "consent record: signed by another controller than it names"
    with refused(VerificationError, message, code="controller-mismatch"):
        parse_record(signed_document(BODY, signers))


def test_a_named_controller_who_did_not_sign_is_refused() -> None:
    message = "consent record: signed by another controller than it names"
    controllers = [{**BODY["controllers"][0], "id": thumbprint_urn(OTHER_KEY.public_jwk())}]
    with refused(VerificationError, message, code="controller-mismatch"):
        parse_record(with_body(controllers=controllers))


def test_a_record_is_not_made_for_a_controller_with_another_key() -> None:
    message = "consent record: signed by another controller than it names"
    with refused(VerificationError, message, code="controller-mismatch"):
        signed_record(key=OTHER_KEY)


@pytest.mark.parametrize("assurance", ["none", "", "Drawn"])
def test_an_unknown_assurance_is_refused(assurance: str) -> None:
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": assurance}), (KEY, controller_fields())]
    with refused(InputError, f"consent record: expected a known assurance, got {assurance!r}"):
        parse_record(signed_document(BODY, signers))


def test_a_missing_assurance_is_refused() -> None:
    fields = {name: value for name, value in subject_fields().items() if name != "assurance"}
    with refused(InputError, "consent record: expected a known assurance, got None"):
        parse_record(signed_document(BODY, [(OTHER_KEY, fields), (KEY, controller_fields())]))


# --- the body


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (MISSING, "None"),
        ("urn:headshot-provenance:schema:consent-record:2", "urn:headshot-provenance:schema:consent-record:2"),
        ("urn:headshot-provenance:schema:consent-event:1", "urn:headshot-provenance:schema:consent-event:1"),
        (1, "1"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_foreign_schema_is_refused(schema: object, shown: str) -> None:
    with refused(InputError, f"consent record: expected schema {SCHEMA}, got {shown!r}"):
        parse_record(with_body(schema=schema))


REWRITTEN: list[Callable[[bytes], bytes]] = [
    lambda body: body + b"\n",
    lambda body: body.replace(b'":"', b'": "', 1),
    lambda body: json.dumps(json.loads(body)).encode(),
    lambda body: (
        b'{"schema":'
        + json.dumps(SCHEMA).encode()
        + b","
        + body[1:].replace(b',"schema":' + json.dumps(SCHEMA).encode(), b"")
    ),
    lambda body: body.replace("ü".encode(), b"\\u00fc"),
]


@pytest.mark.parametrize("rewrite", REWRITTEN)
def test_a_body_in_another_form_is_refused(rewrite: Callable[[bytes], bytes]) -> None:
    body = rewrite(canonical_bytes(BODY))
    assert json.loads(body) == BODY
    with refused(InputError, "consent record body: expected canonical json"):
        parse_record(signed_document(body))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "consent record body: expected json, got something else at line 1 column 1"),
        (b"[]", "consent record body: expected a json object, got list"),
        (b'{"a":1.5}', "consent record body: expected json, got the number 1.5, where only whole numbers are allowed"),
        (b'{"a":1,"a":1}', "consent record body: expected json, got an object with a repeated key"),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_record(signed_document(body))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controllers": MISSING}, "consent record.controllers: expected a list"),
        ({"controllers": []}, "consent record.controllers: expected a list"),
        ({"controllers": {}}, "consent record.controllers: expected a list"),
        ({"controllers": [{}]}, "consent record.id: expected text"),
        ({"controllers": ["urn:a"]}, "consent record.id: expected text"),
        ({"grants": MISSING}, "consent record: expected grants and _sd digests"),
        ({"grants": []}, "consent record: expected grants and _sd digests"),
        ({"grants": {}}, "consent record: expected grants and _sd digests"),
        ({"_sd": MISSING}, "consent record: expected grants and _sd digests"),
        ({"_sd": "x"}, "consent record: expected grants and _sd digests"),
        ({"grants": [{}]}, "grant: expected scope, decision, legal basis, revocability, territory and term"),
        ({"record_id": MISSING}, "consent record.record_id: expected text"),
        ({"record_id": 5}, "consent record.record_id: expected text"),
        ({"created_at": MISSING}, "consent record.created_at: expected text"),
        ({"created_at": "today"}, "time: expected a time such as 2026-11-23T21:07:05Z, got 'today'"),
        ({"withdrawal": MISSING}, "consent record.secret_hash: expected text"),
        ({"withdrawal": {}}, "consent record.secret_hash: expected text"),
        ({"withdrawal": {"secret_hash": "="}}, "withdrawal.secret_hash: expected base64url without padding"),
        ({"withdrawal": {"secret_hash": "AAAA"}}, "withdrawal.secret_hash: expected 32 bytes, got 3"),
    ],
)
def test_a_body_without_what_a_record_needs_is_refused(changes: dict[str, Any], message: str) -> None:
    with refused(InputError, message):
        parse_record(with_body(**changes))


def test_a_record_without_personal_data_is_read() -> None:
    assert parse_record(with_body(_sd=[])).disclosure_digests == ()


def test_two_decisions_on_one_scope_are_refused() -> None:
    denied, permitted = decisions(deny=["mine"])[-1], decisions("mine")[-1]
    assert denied.scope is permitted.scope is Scope.MINE
    with refused(InputError, "consent record: expected one decision on each scope, got two on one"):
        parse_record(with_body(grants=[denied.to_json(), permitted.to_json()]))


# --- the document


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "consent record: expected json, got something else at line 1 column 1"),
        (b"\xff", "consent record: expected json, got bytes that are not UTF-8"),
        (b"[]", "consent record: expected a json object, got list"),
        (b"{}", "signed document: expected payload and signatures"),
        (
            b" " * (MAX_RECORD_BYTES + 1),
            f"consent record: expected at most {MAX_RECORD_BYTES} bytes, got {MAX_RECORD_BYTES + 1}",
        ),
    ],
)
def test_another_document_than_a_record_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_record(data)


def test_a_record_cut_short_is_refused() -> None:
    with refused(InputError, "consent record: expected json, got …"):
        parse_record(RECORD.to_bytes()[:-1])


def test_a_record_may_be_handed_out_in_another_form_of_json() -> None:
    assert parse_record(json.dumps(envelope(), indent=2).encode()).digest == RECORD.digest


def test_a_record_of_many_grants_and_a_long_description_is_read() -> None:
    everything = [scope.value for scope in Scope]
    record = signed_record(decisions(*everything, until=YEAR_END, use="x" * 2000))
    assert len(parse_record(record.to_bytes()).grants) == len(Scope)
