import dataclasses
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support.consent_fields import paths
from support.consents import (
    ADULT,
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

from provenance import schemas
from provenance.canonical import Json, canonical_bytes, from_base64url, to_base64url
from provenance.consent.codes import secret_digest
from provenance.consent.disclosures import Disclosure
from provenance.consent.fields import KINDS
from provenance.consent.parties import AiService, Photographer, Terms
from provenance.consent.records import (
    ASSURANCES,
    MAX_RECORD_BYTES,
    SCHEMA,
    ConsentRecord,
    SigningMethod,
    controller_urn,
    make_record,
    parse_record,
)
from provenance.consent.scopes import Scope
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.keys import SigningKey, thumbprint_urn

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
            "address": "DE",
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
@pytest.mark.parametrize(
    ("method", "at_most"),
    [("typed", "drawn"), ("drawn", "drawn"), ("browser-key", "session-key"), ("own-key", "session-key")],
)
def test_a_signature_is_worth_what_it_says_and_never_more_than_its_method(
    assurance: str, method: str, at_most: str
) -> None:
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": assurance}), (KEY, controller_fields())]
    data = signed_document({**BODY, "esign": {**BODY["esign"], "method": method}}, signers)
    if ASSURANCES.index(assurance) <= ASSURANCES.index(at_most):
        assert parse_record(data).assurance == assurance
        return
    claim = f"a signature claims to be {assurance}, and the method {method} is worth {at_most} at most"
    with refused(InputError, f"consent record: {claim}", code="assurance-overstated"):
        parse_record(data)


def test_the_name_of_a_key_that_was_thrown_away_is_nobodys() -> None:
    assert RECORD.principal_key is None
    own = {**BODY, "esign": {**BODY["esign"], "method": "own-key"}}
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": "session-key"}), (KEY, controller_fields())]
    assert parse_record(signed_document(own, signers)).principal_key == thumbprint_urn(OTHER_KEY.public_jwk())


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
        ({"controllers": MISSING}, "consent record.controllers: expected, and missing"),
        ({"controllers": []}, "consent record.controllers: expected a list of at least 1"),
        ({"controllers": {}}, "consent record.controllers: expected a list of at least 1"),
        ({"controllers": [{}]}, "consent record.controllers[0].id: expected, and missing"),
        ({"controllers": ["urn:a"]}, "consent record.controllers[0]: expected an object"),
        ({"controllers": [*BODY["controllers"]] * 2}, "consent record.controllers: expected exactly one"),
        ({"grants": MISSING}, "consent record.grants: expected, and missing"),
        ({"grants": []}, "consent record.grants: expected a list of at least 1"),
        ({"grants": {}}, "consent record.grants: expected a list of at least 1"),
        ({"grants": [{}]}, "consent record.grants[0].scope: expected, and missing"),
        ({"_sd": MISSING}, "consent record._sd: expected, and missing"),
        ({"_sd": "x"}, "consent record._sd: expected a list of at least 0"),
        ({"_sd": ["x"]}, "consent record._sd[0]: expected another form"),
        ({"_sd": ["B" * 43, "A" * 43]}, "consent record._sd: expected digests in order"),
        ({"_sd": ["A" * 43, "A" * 43]}, "consent record._sd: expected none of them twice"),
        ({"record_id": MISSING}, "consent record.record_id: expected, and missing"),
        ({"record_id": 5}, "consent record.record_id: expected text"),
        ({"created_at": MISSING}, "consent record.created_at: expected, and missing"),
        ({"created_at": "today"}, "consent record.created_at: expected another form"),
        (
            {"created_at": "2026-11-31T00:00:00Z"},
            "time: expected a time such as 2026-11-23T21:07:05Z, got '2026-11-31T00:00:00Z'",
        ),
        ({"kind": "treaty"}, f"consent record.kind: expected {', '.join(KINDS)}"),
        ({"subject": {"ref": "A" * 22}}, "consent record.subject.kind: expected, and missing"),
        ({"legal_name": "Zoë"}, "consent record: expected no member 'legal_name'"),
        ({"withdrawal": MISSING}, "consent record.withdrawal: expected, and missing"),
        ({"withdrawal": {}}, "consent record.withdrawal.secret_hash: expected, and missing"),
        (
            {"withdrawal": {**BODY["withdrawal"], "secret_hash": "="}},
            "consent record.withdrawal.secret_hash: expected another form",
        ),
        (
            {"withdrawal": {**BODY["withdrawal"], "secret_hash": "B" * 43}},
            "consent record.withdrawal.secret_hash: expected base64url without stray bits",
        ),
        (
            {"esign": {**BODY["esign"], "scan": DATUM.digest()}},
            "consent record.esign.scan: expected one of the _sd digests exactly where ink was scanned",
        ),
        (
            {"esign": {**BODY["esign"], "method": "scanned"}},
            "consent record.esign.scan: expected one of the _sd digests exactly where ink was scanned",
        ),
    ],
)
def test_a_body_without_what_a_record_needs_is_refused(changes: dict[str, Any], message: str) -> None:
    with refused(InputError, message):
        parse_record(with_body(**changes))


def test_a_record_without_personal_data_is_read() -> None:
    assert parse_record(with_body(_sd=[])).disclosure_digests == ()


def test_two_decisions_on_one_scope_are_refused() -> None:
    doubled = [*BODY["grants"], *(grant for grant in BODY["grants"] if grant["scope"] == "mine")]
    with refused(RefusedError, "scope mine: decided on twice", code="grant-doubled"):
        parse_record(with_body(grants=doubled))


# --- the rules


def person(**changes: Any) -> dict[str, Any]:
    return {"subject": {**BODY["subject"], **changes}}


AI_GRANTS = [grant.to_json() for grant in decisions("ai.generate", until=YEAR_END)]
FACE_GRANTS = [grant.to_json() for grant in decisions("biometric.match", until=YEAR_END)]
NO_INITIALS = "scope ai.generate: expected initials of its own, beside the signature"
ADD_INITIALS = "add --initials ai.generate=INITIALS, or --initial ai.generate to consent sign"
ADD_GUARDIAN = "add --guardian NAME and --relationship parent or guardian"
PARENT = {"relationship": "dpv:ParentOfDataSubject"}


@pytest.mark.parametrize(
    ("changes", "message", "code", "hint"),
    [
        (
            {"grants": AI_GRANTS, **person(age_class="minor"), "guardian": PARENT},
            "scope ai.generate: the subject is a minor, for whom AI is never permitted",
            "minor-ai",
            None,
        ),
        (
            {"grants": AI_GRANTS, **person(age_class="not-recorded")},
            "scope ai.generate: expected a subject who is known to be an adult, got no age",
            "age-unknown",
            "add --born YYYY-MM-DD, or --adult if you saw proof of it",
        ),
        (
            person(age_class="minor"),
            "guardian: expected one with their relationship, as the subject is a minor",
            "guardian-missing",
            ADD_GUARDIAN,
        ),
        (
            {"guardian": PARENT},
            "guardian: expected none, as the subject is not recorded as a minor",
            "guardian-stray",
            None,
        ),
        (
            {"grants": AI_GRANTS},
            "kind: expected digital_replica for these grants, got model_release",
            "kind-mismatch",
            None,
        ),
        ({"grants": AI_GRANTS, "kind": "digital_replica"}, NO_INITIALS, "initials-missing", ADD_INITIALS),
        (
            {"grants": FACE_GRANTS, "kind": "biometric_release"},
            "data_types: expected pd:FacialPrint exactly where measuring a face is permitted",
            "data-types",
            None,
        ),
        (
            {
                "grants": FACE_GRANTS,
                "kind": "biometric_release",
                "data_types": ["pd:Picture", "pd:FacialPrint"],
            },
            "retention.biometric_destroy_by: expected exactly where measuring a face is permitted",
            "retention",
            None,
        ),
        (
            {"withdrawal": {**BODY["withdrawal"], "notice_period": "P30D"}},
            "withdrawal.notice_period: expected none for these grants",
            "notice-mismatch",
            None,
        ),
        (
            {"shoot": {"start": "2026-11-23", "end": "2027-11-25"}},
            "shoot: expected at most a year from 2026-11-23 on, got an end on 2027-11-25",
            "shoot-span",
            None,
        ),
        (
            {"shoot": {"start": "2026-11-23", "end": "2026-11-22"}},
            "shoot: expected at most a year from 2026-11-23 on, got an end on 2026-11-22",
            "shoot-span",
            None,
        ),
    ],
)
def test_a_signed_body_that_breaks_a_rule_is_refused(
    changes: dict[str, Any], message: str, code: str, hint: str | None
) -> None:
    with refused(RefusedError, message, code=code, hint=hint):
        parse_record(with_body(**changes))


def make(*permit: str, terms: Terms = ADULT, initialled: Sequence[Scope] = (), **more: Any) -> ConsentRecord:
    arguments: dict[str, Any] = {"method": "typed", "disclosures": [DATUM], **more}
    return make_record(
        grants=decisions(*permit, until=YEAR_END),
        controller=CONTROLLER,
        controller_key=KEY,
        secret_digest=bytes(32),
        now=NOW,
        terms=terms,
        initialled=initialled,
        **arguments,
    )


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope.is_ai])
def test_every_permitted_scope_of_ai_needs_initials_of_its_own(scope: Scope) -> None:
    message = f"scope {scope}: expected initials of its own, beside the signature"
    others = [other for other in Scope if other.is_ai and other is not scope]
    with refused(
        RefusedError,
        message,
        code="initials-missing",
        hint=f"add --initials {scope}=INITIALS, or --initial {scope} to consent sign",
    ):
        make(*[other.value for other in Scope if other.is_ai], initialled=others)
    record = make(scope.value, initialled=[scope])
    assert record.signatures[0].initialled == (scope.value,)


def test_initials_to_what_was_not_permitted_are_refused() -> None:
    message = "scope ai.train: has initials, and was not permitted"
    with refused(RefusedError, message, code="initials-stray"):
        make("capture", initialled=[Scope.AI_TRAIN])


MINOR = Terms(age_class="minor", relationship="dpv:ParentOfDataSubject")


def test_for_a_minor_the_guardian_signs() -> None:
    record = make("capture", terms=MINOR)
    assert [signature.role for signature in record.signatures] == ["guardian", "controller"]
    assert (record.principal, record.assurance) == ("guardian", "drawn")
    assert (record.body["kind"], record.body["guardian"]) == ("guardian_release", PARENT)


def test_the_signature_of_the_guardian_cannot_be_left_out() -> None:
    body = body_of(make("capture", terms=MINOR).envelope)
    with refused(VerificationError, "signatures: expected one of the guardian, got 0"):
        parse_record(signed_document(body))


def test_a_minor_may_sign_beside_the_guardian_and_the_weaker_signature_counts() -> None:
    body = body_of(make("capture", terms=MINOR).envelope)
    guardian: dict[str, Json] = {"role": "guardian", "assurance": "drawn", "signed_at": "2026-11-23T21:07:05Z"}
    child: dict[str, Json] = {**subject_fields(), "assurance": "recorded"}
    signers = [(OTHER_KEY, guardian), (SigningKey.generate("ES256"), child), (KEY, controller_fields())]
    assert parse_record(signed_document(body, signers)).assurance == "recorded"


def test_a_guardian_of_an_adult_is_refused() -> None:
    guardian: dict[str, Json] = {"role": "guardian", "assurance": "drawn", "signed_at": "2026-11-23T21:07:05Z"}
    signers = [(OTHER_KEY, subject_fields()), (SigningKey.generate("ES256"), guardian), (KEY, controller_fields())]
    with refused(VerificationError, "consent record: a guardian signed, although the subject is no minor"):
        parse_record(signed_document(BODY, signers))


def test_a_witness_signs_with_a_key_of_their_own() -> None:
    record = make("capture", witnessed=True)
    assert [signature.role for signature in record.signatures] == ["subject", "witness", "controller"]
    assert len({signature.key_urn for signature in record.signatures}) == 3


@pytest.mark.parametrize("role", ["subject", "witness"])
def test_one_key_does_not_sign_for_two_people(role: str) -> None:
    witness: dict[str, Json] = {"role": "witness", "signed_at": "2026-11-23T21:07:05Z"}
    keys = {"subject": OTHER_KEY, "witness": SigningKey.generate("Ed25519"), role: KEY}
    signers = [(keys["subject"], subject_fields()), (keys["witness"], witness), (KEY, controller_fields())]
    message = "consent record: one key signed for two people who must not be the same"
    with refused(VerificationError, message, code="signer-doubled"):
        parse_record(signed_document(BODY, signers))


def test_an_unknown_role_is_refused() -> None:
    fan: dict[str, Json] = {"role": "fan", "signed_at": "2026-11-23T21:07:05Z"}
    signers = [(OTHER_KEY, subject_fields()), (SigningKey.generate("ES256"), fan), (KEY, controller_fields())]
    with refused(InputError, "consent record: expected a known role, got 'fan'"):
        parse_record(signed_document(BODY, signers))


def test_the_photographer_who_signs_is_the_one_that_is_named() -> None:
    maker = SigningKey.generate("Ed25519")
    photographer = Photographer("Bo Lind", thumbprint_urn(maker.public_jwk()))
    body = body_of(make("capture", terms=dataclasses.replace(ADULT, photographer=photographer)).envelope)
    fields: dict[str, Json] = {"role": "photographer", "signed_at": "2026-11-23T21:07:05Z"}
    others = [(OTHER_KEY, subject_fields()), (KEY, controller_fields())]
    assert len(parse_record(signed_document(body, [(maker, fields), *others])).signatures) == 3
    message = "consent record: signed by another photographer than it names"
    with refused(VerificationError, message, code="photographer-mismatch"):
        parse_record(signed_document(body, [(SigningKey.generate("Ed25519"), fields), *others]))


SCAN = Disclosure.make("scan_sha256", "0" * 64)


def test_scanned_ink_is_signed_by_nobody_but_the_controller() -> None:
    record = make("ai.train", method="scanned", disclosures=[SCAN], initialled=[Scope.AI_TRAIN])
    assert [signature.role for signature in record.signatures] == ["controller"]
    assert (record.assurance, record.principal_key) == ("recorded", None)
    assert record.body["esign"]["scan"] == SCAN.digest()  # type: ignore[index, call-overload]


def test_a_key_that_signs_for_the_subject_of_a_scan_is_refused() -> None:
    body = body_of(make("capture", method="scanned", disclosures=[SCAN]).envelope)
    message = "consent record: a key signed for the subject, although ink was scanned"
    with refused(VerificationError, message):
        parse_record(signed_document(body))


def test_everything_that_a_record_can_say_is_said() -> None:
    terms = Terms(
        age_class="adult",
        recipients=("Acme GmbH", "stock agencies"),
        photographer=Photographer("Bo Lind"),
        ai_service=AiService("Faces Ltd", "PortraitModel", "3"),
        governing_law="laws of Germany",
        shoot=(NOW.date(), NOW.date()),
        source_assets=(bytes(32),),
        compensation="paid",
        retention="ten years",
        supersedes=RECORD.record_id,
    )
    record = make("ai.generate", "biometric.match", terms=terms, initialled=[Scope.AI_GENERATE])
    assert {name for name, _ in paths() if "." not in name and name != "guardian"} == {
        name + ("[]" if isinstance(value, list) else "") for name, value in record.body.items()
    }
    assert record.recipients == terms.recipients
    assert record.body["retention"] == {"rule": "ten years", "biometric_destroy_by": "2026-12-31"}
    schemas.validate(record.body, "consent-record", part="body")


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
