"""Signatures by passkeys: what is checked of them, each by an assertion that is right but for one thing."""

import dataclasses
import json
from typing import Any

import pytest
from support.authenticators import ORIGIN, Authenticator
from support.refusals import refused

from provenance import jws, webauthn
from provenance.canonical import Json, canonical_bytes, sha256, to_base64url
from provenance.errors import InputError, ProvenanceError, VerificationError
from provenance.keys import SigningKey
from provenance.webauthn import ED25519, ES256, Assertion, verify_assertion

INPUT = b"protected.payload"
PHONE = Authenticator()


def verify(phone: Authenticator, packed: bytes | None = None, *, signing_input: bytes = INPUT) -> Assertion:
    found = phone.use(INPUT) if packed is None else packed
    return verify_assertion(found, signing_input=signing_input, jwk=phone.key.public_jwk(), algorithm=phone.algorithm)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_an_assertion_verifies_and_tells_where_it_was_made(algorithm: str) -> None:
    phone = Authenticator(SigningKey.generate(algorithm))  # type: ignore[arg-type]
    found = verify(phone)
    assert found == Assertion(ORIGIN, sha256(b"kiosk.studio.example"), 0x05)
    found.check_origin(ORIGIN)


def test_what_else_authenticators_and_browsers_say_is_let_stand() -> None:
    extended = Authenticator(flags=0x9D, extensions=b"\xa1\x6bcredProtect\x02")
    assert verify(extended).flags == 0x9D
    assert verify(Authenticator(client={"crossOrigin": None, "other_keys_can_be_added_here": "x"})).origin == ORIGIN


def test_the_port_of_an_origin_is_not_of_its_rp_id() -> None:
    phone = Authenticator(origin="https://studio.example:8443")
    verify(phone).check_origin("https://studio.example:8443")
    assert webauthn.rp_id_of(phone.origin) == "studio.example"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"flags": 0x04}, "passkey-user"),
        ({"flags": 0x01}, "passkey-user"),
        ({"flags": 0x00}, "passkey-user"),
        ({"client": {"type": "webauthn.create"}}, "passkey-type"),
        ({"client": {"type": None}}, "passkey-type"),
        ({"client": {"challenge": to_base64url(bytes(32))}}, "passkey-challenge"),
        ({"client": {"challenge": to_base64url(sha256(INPUT)) + "="}}, "passkey-challenge"),
        ({"client": {"challenge": None}}, "passkey-challenge"),
        ({"client": {"crossOrigin": True}}, "passkey-origin"),
        ({"client": {"crossOrigin": "false"}}, "passkey-origin"),
        ({"client": {"topOrigin": "https://evil.example"}}, "passkey-origin"),
    ],
)
def test_what_was_attested_otherwise_is_refused(changed: dict[str, Any], code: str) -> None:
    phone = dataclasses.replace(PHONE, **changed)
    with pytest.raises(VerificationError) as caught:
        verify(phone)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("phone", "origin", "code"),
    [
        (PHONE, "https://studio.example", "passkey-origin"),
        (PHONE, f"{ORIGIN}:8443", "passkey-origin"),
        (PHONE, ORIGIN.replace("https", "http"), "passkey-origin"),
        (dataclasses.replace(PHONE, rp_id="studio.example"), ORIGIN, "passkey-rp"),
        (dataclasses.replace(PHONE, rp_id="evil.example"), ORIGIN, "passkey-rp"),
    ],
)
def test_a_passkey_of_another_place_is_refused(phone: Authenticator, origin: str, code: str) -> None:
    with pytest.raises(VerificationError) as caught:
        verify(phone).check_origin(origin)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("phone", "message"),
    [
        (Authenticator(flags=0x45), "passkey authenticatorData: expected that of an assertion"),
        (Authenticator(flags=0x85), "passkey authenticatorData: expected that of an assertion"),
        (Authenticator(extensions=b"\xa0"), "passkey authenticatorData: expected that of an assertion"),
        (Authenticator(client={"origin": None}), "passkey clientDataJSON: expected an origin"),
        (Authenticator(client={"origin": 1}), "passkey clientDataJSON: expected an origin"),
        (Authenticator(client={"x": "y" * 5000}), "passkey signature: expected parts of at most 4096 bytes"),
    ],
)
def test_what_is_no_assertion_is_malformed(phone: Authenticator, message: str) -> None:
    with refused(InputError, message):
        verify(phone)


def test_too_short_authenticator_data_are_malformed() -> None:
    parts = json.loads(PHONE.use(INPUT))
    parts["authenticatorData"] = to_base64url(bytes(36))
    with refused(InputError, "passkey authenticatorData: expected that of an assertion"):
        verify(PHONE, canonical_bytes(parts))


def test_its_parts_have_one_form_only() -> None:
    packed = PHONE.use(INPUT)
    parts: dict[str, Json] = json.loads(packed)
    form = "passkey signature: expected canonical json of authenticatorData, clientDataJSON, signature"
    for other in (
        json.dumps(parts).encode(),
        canonical_bytes({**parts, "userHandle": ""}),
        canonical_bytes({name: parts[name] for name in ("authenticatorData", "signature")}),
    ):
        with refused(InputError, form):
            verify(PHONE, other)
    with pytest.raises(InputError):
        verify(PHONE, canonical_bytes({**parts, "signature": 1}))


def test_another_key_or_another_text_does_not_verify() -> None:
    packed = PHONE.use(INPUT)
    with refused(VerificationError, "passkey: its signature does not verify", code="signature-invalid"):
        verify(Authenticator(), packed)
    with refused(VerificationError, "passkey: signed something else", code="passkey-challenge"):
        verify(PHONE, packed, signing_input=b"protected.other")


@pytest.mark.parametrize(
    ("jwk", "algorithm"),
    [
        (PHONE.key.public_jwk(), ED25519),
        (SigningKey.generate("Ed25519").public_jwk(), ES256),
        (None, ES256),
        ({"crv": "P-256"}, ES256),
        ({**PHONE.key.public_jwk(), "x": to_base64url(bytes(32))}, ES256),
        (PHONE.key.public_jwk(), "ES256"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(jwk: Json, algorithm: str) -> None:
    with pytest.raises(InputError) as caught:
        verify_assertion(PHONE.use(INPUT), signing_input=INPUT, jwk=jwk, algorithm=algorithm)
    assert str(caught.value).startswith("passkey: expected a ")


# --- in a JWS


FIELDS: dict[str, Json] = {"role": "subject", "assurance": "passkey", "signed_at": "2026-11-27T21:00:00Z"}
PAYLOAD = b'{"a":1}'


def envelope(*members: Json) -> dict[str, Json]:
    plain = jws.sign(PAYLOAD, [(SigningKey.generate("Ed25519"), {**FIELDS, "role": "controller"})])
    others = plain["signatures"]
    assert isinstance(others, list)
    return {**plain, "signatures": [*members, *others]}


def test_a_document_has_both_kinds_of_signatures_in_their_order() -> None:
    signed = jws.verify(envelope(PHONE.sign(PAYLOAD, {**FIELDS, "initialled_scopes": ["ai.edit"]})), passkeys=True)
    passkey, plain = signed.signatures
    assert (passkey.role, passkey.initialled, plain.role) == ("subject", ("ai.edit",), "controller")
    assert passkey.assertion is not None
    assert (passkey.assertion.origin, plain.assertion) == (ORIGIN, None)
    assert signed.payload == PAYLOAD


def test_a_passkey_alone_may_sign() -> None:
    document: dict[str, Json] = {"payload": to_base64url(PAYLOAD), "signatures": [PHONE.sign(PAYLOAD, FIELDS)]}
    assert [signature.role for signature in jws.verify(document, passkeys=True).signatures] == ["subject"]


def test_where_no_passkey_is_expected_none_is_taken() -> None:
    with pytest.raises(InputError, match="signed document: malformed"):
        jws.verify(envelope(PHONE.sign(PAYLOAD, FIELDS)))


@pytest.mark.parametrize(
    "changed",
    [
        {"role": 1},
        {"assurance": ["passkey"]},
        {"initialled_scopes": "ai.edit"},
        {"initialled_scopes": [1]},
        {"x": 1},
        {"crit": ["x"]},
    ],
)
def test_its_header_has_the_form_of_every_other(changed: dict[str, Json]) -> None:
    with pytest.raises(InputError, match="signed document: expected role"):
        jws.verify(envelope(PHONE.sign(PAYLOAD, {**FIELDS, **changed})), passkeys=True)


def test_a_plain_signature_is_none_of_a_passkey() -> None:
    """A key that signed plainly, under the algorithm of passkeys or the other way round."""
    plain = jws.sign(PAYLOAD, [(PHONE.key, FIELDS)])["signatures"]
    assert isinstance(plain, list)
    member: Any = plain[0]
    mixed = PHONE.sign(PAYLOAD, FIELDS)
    for document in (
        envelope({"protected": mixed["protected"], "signature": member["signature"]}),
        envelope({"protected": member["protected"], "signature": mixed["signature"]}),
    ):
        with pytest.raises(ProvenanceError):
            jws.verify(document, passkeys=True)
