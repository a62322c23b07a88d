"""Records that a passkey signed: what they are worth, and what is refused that looks like one."""

import dataclasses
import json
from typing import Any

import pytest
from support.authenticators import ORIGIN, Authenticator
from support.consents import ADULT, KEY, NOW, OTHER_KEY, controller_fields, decisions, signed_document, subject_fields
from support.passkeys import SUBJECT, passkey_body, signed_by_passkey
from support.refusals import refused

from provenance import schemas
from provenance.canonical import canonical_bytes, from_base64url, sha256, to_base64url
from provenance.consent import notice
from provenance.consent.records import complete_record, parse_record
from provenance.consent.requests import make_request
from provenance.consent.scopes import Scope
from provenance.errors import InputError, RefusedError, VerificationError
from provenance.keys import thumbprint_urn

PHONE = Authenticator()
UNFIT = "consent record: expected a passkey to sign for the {} exactly where the method says so"


def test_it_is_worth_a_passkey_and_says_of_which_page() -> None:
    record = parse_record(signed_by_passkey(PHONE))
    assert (record.assurance, record.principal_key) == ("passkey", thumbprint_urn(PHONE.key.public_jwk()))
    assert record.body["esign"]["origin"] == ORIGIN  # type: ignore[index, call-overload]
    schemas.validate(json.loads(record.to_bytes()), "consent-record")
    schemas.validate(dict(record.body), "consent-record", part="body")
    for entry in record.envelope["signatures"]:  # type: ignore[union-attr]
        header = json.loads(from_base64url(entry["protected"], place="header"))  # type: ignore[index, call-overload]
        schemas.validate(header, "consent-record", part="header")


def test_a_guardian_signs_for_a_minor() -> None:
    terms = dataclasses.replace(ADULT, age_class="minor", relationship="dpv:ParentOfDataSubject")
    body = passkey_body(terms=terms)
    record = parse_record(signed_by_passkey(PHONE, body, fields={**SUBJECT, "role": "guardian"}))
    assert (record.principal, record.assurance) == ("guardian", "passkey")
    with pytest.raises(VerificationError):
        parse_record(signed_by_passkey(PHONE, body))


def test_it_may_be_called_less_and_never_more() -> None:
    assert parse_record(signed_by_passkey(PHONE, fields={**SUBJECT, "assurance": "session-key"})).assurance == (
        "session-key"
    )
    message = "consent record: a signature claims to be ades, and the method passkey is worth passkey at most"
    with refused(InputError, message, code="assurance-overstated"):
        parse_record(signed_by_passkey(PHONE, fields={**SUBJECT, "assurance": "ades"}))


def test_what_is_permitted_to_ai_is_initialled_under_the_same_signature() -> None:
    grants = decisions("capture", "ai.edit", until=NOW.date())
    body = passkey_body(grants)
    fields = {**SUBJECT, "initialled_scopes": ["ai.edit"]}
    assert parse_record(signed_by_passkey(PHONE, body, fields=fields)).assurance == "passkey"
    with pytest.raises(RefusedError):
        parse_record(signed_by_passkey(PHONE, body))


def test_a_plain_key_is_no_passkey() -> None:
    signers = [(OTHER_KEY, {**subject_fields(), "assurance": "passkey"}), (KEY, controller_fields())]
    with refused(VerificationError, UNFIT.format("subject"), code="passkey-unfit"):
        parse_record(signed_document(passkey_body(), signers))
    with pytest.raises(InputError, match="a signature claims to be passkey, and the method own-key"):
        parse_record(signed_document(passkey_body(method="own-key", origin=None), signers))


def test_a_passkey_signs_only_where_the_method_says_so() -> None:
    body = passkey_body(method="own-key", origin=None)
    with refused(VerificationError, UNFIT.format("subject"), code="passkey-unfit"):
        parse_record(signed_by_passkey(PHONE, body, fields={**SUBJECT, "assurance": "session-key"}))


def test_nobody_else_signs_with_a_passkey() -> None:
    payload = canonical_bytes(passkey_body())
    other = Authenticator().sign(payload, {**SUBJECT, "role": "witness"})
    with refused(VerificationError, UNFIT.format("subject"), code="passkey-unfit"):
        parse_record(complete_record(payload, [PHONE.sign(payload, SUBJECT), other], controller_key=KEY, now=NOW))


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        (dataclasses.replace(PHONE, origin="https://evil.example"), "passkey-origin"),
        (dataclasses.replace(PHONE, rp_id="evil.example"), "passkey-rp"),
        (dataclasses.replace(PHONE, flags=0x01), "passkey-user"),
    ],
)
def test_a_passkey_of_another_page_or_an_unknown_user_is_refused(phone: Authenticator, code: str) -> None:
    with pytest.raises(VerificationError) as caught:
        parse_record(signed_by_passkey(phone))
    assert caught.value.code == code


def test_an_assertion_for_another_record_is_refused() -> None:
    first, second = (canonical_bytes(passkey_body()) for _ in range(2))
    member = PHONE.sign(first, SUBJECT)
    with refused(VerificationError, "passkey: signed something else", code="passkey-challenge"):
        parse_record(complete_record(second, [member], controller_key=KEY, now=NOW))


@pytest.mark.parametrize(
    "changed",
    [{"origin": None}, {"origin": "http://studio.example"}, {"origin": "https://192.0.2.1/"}, {"origin": "https://x"}],
)
def test_the_body_names_a_page_that_a_passkey_can_be_bound_to(changed: dict[str, Any]) -> None:
    body = passkey_body()
    esign = {name: value for name, value in {**body["esign"], **changed}.items() if value is not None}
    with pytest.raises(InputError, match=r"esign\.origin"):
        parse_record(signed_by_passkey(PHONE, {**body, "esign": esign}))
    with pytest.raises(InputError, match=r"esign\.origin"):
        parse_record(signed_document({**body, "esign": {**body["esign"], "method": "own-key"}}))


def test_a_request_for_a_passkey_is_signed_by_nothing_else() -> None:
    read = notice.render("Studio Lümen")
    request = make_request(passkey_body(), decisions("capture"), notice=read, disclosures=[], studio="a.b")
    assert request.origin == ORIGIN
    with refused(RefusedError, "request: the subject signs with a passkey, in a browser", code="passkey-needed"):
        request.sign(OTHER_KEY, role="subject", initialled=[], now=NOW)
    assert request.sign(OTHER_KEY, role="witness", initialled=[], now=NOW).roles == ("witness",)


def test_initials_belong_to_what_was_permitted() -> None:
    with pytest.raises(RefusedError):
        parse_record(signed_by_passkey(PHONE, fields={**SUBJECT, "initialled_scopes": [Scope.MINE.value]}))


def test_it_can_be_checked_again_by_hand() -> None:
    """What the specification says: nothing but SHA-256, base64url, JSON and the signature itself."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    document = json.loads(signed_by_passkey(PHONE))
    member = document["signatures"][0]
    header = json.loads(from_base64url(member["protected"], place="header"))
    parts = {
        name: from_base64url(text, place=name)
        for name, text in json.loads(from_base64url(member["signature"], place="signature")).items()
    }
    stated = json.loads(parts["clientDataJSON"])
    assert stated["challenge"] == to_base64url(sha256(f"{member['protected']}.{document['payload']}".encode()))
    assert parts["authenticatorData"][:32] == sha256(b"kiosk.studio.example")
    x, y = (int.from_bytes(from_base64url(header["jwk"][name], place=name)) for name in "xy")
    ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(
        parts["signature"], parts["authenticatorData"] + sha256(parts["clientDataJSON"]), ec.ECDSA(SHA256())
    )
