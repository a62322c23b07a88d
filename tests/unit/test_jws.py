import json
from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.refusals import refused

from provenance.canonical import from_base64url, to_base64url
from provenance.errors import InputError, VerificationError
from provenance.jws import MAX_PAYLOAD_BYTES, MAX_SIGNATURES, Signature, Signed, sign, verify
from provenance.keys import SigningKey, thumbprint_urn

PAYLOAD = b'{"v":1}'
SUBJECT = SigningKey.generate("Ed25519")
CONTROLLER = SigningKey.generate("ES256")
SIGNED_AT = "2026-11-23T21:07:05Z"
FIELDS = {"role": "subject", "signed_at": SIGNED_AT}
HEADER: dict[str, Any] = {"alg": "Ed25519", "jwk": SUBJECT.public_jwk(), **FIELDS}
NOT_BASE64URL = ["A", "eyJ2IjoxfQ==", "eyJ2IjoxfR", "eyJ2I joxfQ", "eyJ2IjoxfQ\n", "+/", "é", "\ud800"]
REQUIRED = "signed document: expected role and signed_at in every protected header"


def document() -> dict[str, Any]:
    fields = {"role": "controller", "signed_at": SIGNED_AT, "assurance": "drawn"}
    return dict(sign(PAYLOAD, [(SUBJECT, FIELDS), (CONTROLLER, fields)]))


def signed_with(header: object, *, key: SigningKey = SUBJECT, payload: str | None = None) -> dict[str, Any]:
    """Return a document whose signature is right for its header, whatever that says."""
    protected = to_base64url(json.dumps(header).encode())
    segment = to_base64url(PAYLOAD) if payload is None else payload
    signature = to_base64url(key.sign(f"{protected}.{segment}".encode()))
    return {"payload": segment, "signatures": [{"protected": protected, "signature": signature}]}


def changed(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


def test_a_document_is_signed_by_each_and_verified() -> None:
    signed = verify(document())
    assert signed.payload == PAYLOAD
    assert signed.signatures == (
        Signature("subject", None, SIGNED_AT, thumbprint_urn(SUBJECT.public_jwk())),
        Signature("controller", "drawn", SIGNED_AT, thumbprint_urn(CONTROLLER.public_jwk())),
    )


def test_a_document_is_still_verified_after_it_was_written_as_json() -> None:
    assert verify(json.loads(json.dumps(document()))) == verify(document())


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", bytes(10_000)])
def test_any_bytes_may_be_signed(payload: bytes) -> None:
    assert verify(sign(payload, [(SUBJECT, FIELDS)])).payload == payload


def test_a_document_as_large_as_allowed_is_signed_and_verified() -> None:
    payload = bytes(MAX_PAYLOAD_BYTES)
    assert MAX_PAYLOAD_BYTES == 65_536
    assert verify(sign(payload, [(SUBJECT, FIELDS)])).payload == payload


def test_a_larger_document_is_not_signed() -> None:
    with refused(InputError, "signed document: expected at most 65536 bytes, got 65537"):
        sign(bytes(MAX_PAYLOAD_BYTES + 1), [(SUBJECT, FIELDS)])


def test_a_much_larger_document_is_not_verified() -> None:
    with refused(InputError, "signed document: expected at most 65536 bytes, got more"):
        verify(signed_with(HEADER, payload=to_base64url(bytes(2 * MAX_PAYLOAD_BYTES))))


@pytest.mark.parametrize("size", [MAX_PAYLOAD_BYTES + 1, 96_000])
def test_a_larger_document_is_not_verified(size: int) -> None:
    with pytest.raises(InputError, match="signed document: expected at most 65536 bytes, got"):
        verify(signed_with(HEADER, payload=to_base64url(bytes(size))))


# RFC 7515, 7.2.1, 5.1 and 4.1: the members, the signing input and the header.
def test_a_document_has_the_form_of_the_rfc() -> None:
    envelope = document()
    assert sorted(envelope) == ["payload", "signatures"]
    assert envelope["payload"] == to_base64url(PAYLOAD)
    assert [sorted(member) for member in envelope["signatures"]] == [["protected", "signature"]] * 2
    member = envelope["signatures"][0]
    assert json.loads(from_base64url(member["protected"], place="header")) == HEADER
    signature = from_base64url(member["signature"], place="signature", size=64)
    signing_input = f"{member['protected']}.{envelope['payload']}".encode()
    Ed25519PublicKey.from_public_bytes(SUBJECT.public_bytes()).verify(signature, signing_input)


def test_one_key_may_sign_in_two_roles() -> None:
    signed = verify(sign(PAYLOAD, [(SUBJECT, FIELDS), (SUBJECT, {**FIELDS, "role": "witness"})]))
    assert [signature.role for signature in signed.signatures] == ["subject", "witness"]


def test_the_signature_of_a_role_is_found() -> None:
    assert verify(document()).by("controller").assurance == "drawn"


def test_a_role_that_nobody_signed_in_is_refused() -> None:
    with refused(VerificationError, "signatures: expected one of the guardian, got 0"):
        verify(document()).by("guardian")


def test_a_role_that_two_signed_in_is_refused() -> None:
    signature = Signature("subject", None, SIGNED_AT, "urn:a")
    with refused(VerificationError, "signatures: expected one of the subject, got 2"):
        Signed(PAYLOAD, (signature, signature)).by("subject")


def test_as_many_signatures_as_allowed_are_verified() -> None:
    assert MAX_SIGNATURES == 16
    signed = verify(sign(PAYLOAD, [(SUBJECT, FIELDS)] * MAX_SIGNATURES))
    assert len(signed.signatures) == MAX_SIGNATURES


@pytest.mark.parametrize("count", [0, MAX_SIGNATURES + 1])
def test_another_number_of_signatures_is_refused(count: int) -> None:
    envelope = document()
    envelope["signatures"] = envelope["signatures"][:1] * count
    with refused(InputError, f"signed document: expected 1 to {MAX_SIGNATURES} signatures, got {count}"):
        verify(envelope)


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"payload": ""},
        {"signatures": []},
        {"payload": "", "signatures": None},
        {"payload": "", "signatures": {}},
        {"payload": "", "signatures": "x"},
        {**document(), "payload": None},
        {**document(), "payload": 5},
        {**document(), "payload": True},
        {**document(), "payload": list(PAYLOAD)},
        {**document(), "payload": {}},
        {**document(), "header": {}},
        {"payload": "", "protected": "", "signature": ""},
    ],
)
def test_another_document_than_a_signed_one_is_refused(envelope: dict[str, Any]) -> None:
    with refused(InputError, "signed document: expected payload and signatures"):
        verify(envelope)


@pytest.mark.parametrize(
    "member",
    [
        None,
        "x",
        [],
        {},
        {"protected": ""},
        {"signature": ""},
        {**document()["signatures"][0], "header": {"kid": "mine"}},
        {"header": HEADER, "signature": ""},
    ],
)
def test_a_signature_of_another_form_is_refused_with_its_number(member: object) -> None:
    envelope = document()
    envelope["signatures"][1] = member
    message = "signature 2: expected protected and signature, and no unprotected header"
    with refused(InputError, message):
        verify(envelope)


@pytest.mark.parametrize("number", [0, 1])
def test_a_changed_signature_is_refused(number: int) -> None:
    envelope = document()
    envelope["signatures"][number]["signature"] = changed(envelope["signatures"][number]["signature"])
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(envelope)


@pytest.mark.parametrize("payload", [b"", b'{"v":2}', PAYLOAD + b" "])
def test_a_changed_document_is_refused(payload: bytes) -> None:
    envelope = {**document(), "payload": to_base64url(payload)}
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(envelope)


def test_a_changed_header_is_refused() -> None:
    envelope = document()
    header = to_base64url(json.dumps({**HEADER, "role": "guardian"}).encode())
    envelope["signatures"][0]["protected"] = header
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(envelope)


def test_a_header_with_the_key_of_another_is_refused() -> None:
    other = SigningKey.generate("Ed25519").public_jwk()
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(signed_with({**HEADER, "jwk": other}))


def test_swapped_signatures_are_refused() -> None:
    envelope = document()
    first, second = envelope["signatures"]
    first["signature"], second["signature"] = second["signature"], first["signature"]
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(envelope)


@pytest.mark.parametrize("size", [0, 63, 64, 65])
@pytest.mark.parametrize("number", [0, 1])
def test_a_signature_of_zeros_is_refused(number: int, size: int) -> None:
    envelope = document()
    envelope["signatures"][number]["signature"] = to_base64url(bytes(size))
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        verify(envelope)


@pytest.mark.parametrize("text", NOT_BASE64URL)
@pytest.mark.parametrize("place", ["payload", "signature"])
def test_what_is_not_base64url_is_malformed(place: str, text: str) -> None:
    envelope = document()
    (envelope if place == "payload" else envelope["signatures"][0])[place] = text
    with refused(InputError, "signed document: malformed: …"):
        verify(envelope)


@pytest.mark.parametrize("text", NOT_BASE64URL)
def test_a_header_that_is_not_base64url_is_refused_with_its_number(text: str) -> None:
    envelope = document()
    envelope["signatures"][1]["protected"] = text
    with refused(InputError, "signature 2: expected base64url without …"):
        verify(envelope)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, "NoneType"),
        (5, "int"),
        ("header", "str"),
        ([], "list"),
        ([[name, value] for name, value in HEADER.items()], "list"),
    ],
)
def test_a_header_of_other_json_is_refused(header: object, found: str) -> None:
    with refused(InputError, f"signature 1 header: expected a json object, got {found}"):
        verify(signed_with(header))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"", "something else at line 1 column 1"),
        (b"\xff", "bytes that are not UTF-8"),
        (b'{"alg":"none","alg":"ES256"}', "an object with a repeated key"),
        (b'{"a":1.5}', "the number 1.5, where only whole numbers are allowed"),
    ],
)
def test_a_header_that_is_not_strict_json_is_refused(header: bytes, found: str) -> None:
    envelope = document()
    envelope["signatures"][0]["protected"] = to_base64url(header)
    with refused(InputError, f"signature 1 header: expected json, got {found}"):
        verify(envelope)


EC_JWK = CONTROLLER.public_jwk()
OKP_JWK = SUBJECT.public_jwk()
OFF_THE_CURVE = {**EC_JWK, "y": to_base64url(bytes(32))}
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
P384_JWK = {"kty": "EC", "crv": "P-384", "x": to_base64url(P384.x.to_bytes(48)), "y": to_base64url(P384.y.to_bytes(48))}


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "EdDSA"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": None},
        {"alg": ["Ed25519"]},
        {"role": 5},
        {"role": None},
        {"role": ["subject"]},
        {"signed_at": 5},
        {"assurance": None},
        {"jwk": EC_JWK},
        {"jwk": OFF_THE_CURVE, "alg": "ES256"},
        {"crit": ["role"], "unknown": 1},
        {"crit": ["b64"]},
        {"b64": False},
        {"unknown": 1},
        {"role": "x" * 300},
    ],
)
def test_a_header_that_is_not_as_written_here_is_malformed(change: dict[str, Any]) -> None:
    with refused(InputError, "signed document: malformed: …"):
        verify(signed_with({**HEADER, **change}))


def test_a_header_without_its_algorithm_is_malformed() -> None:
    with refused(InputError, "signed document: malformed: …"):
        verify(signed_with({name: value for name, value in HEADER.items() if name != "alg"}))


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        {"kty": "oct", "k": to_base64url(bytes(32))},
        {"kty": "oct", "k": "AAAA"},
        {**OKP_JWK, "kty": "?"},
        {**OKP_JWK, "kty": ["OKP"]},
        {**OKP_JWK, "crv": "X25519"},
        {**OKP_JWK, "crv": "Ed448"},
        {**OKP_JWK, "crv": "?"},
        {**OKP_JWK, "use": "enc"},
        {**OKP_JWK, "key_ops": ["sign"]},
        {**OKP_JWK, "kid": "mine"},
        P384_JWK,
        {"kty": "EC", "crv": "P-256", "x": EC_JWK["x"]},
    ],
)
@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256", "HS256"])
def test_a_header_with_another_kind_of_key_is_refused(algorithm: str, jwk: object) -> None:
    with refused(InputError, "jwk: expected a public ed25519 or p-256 key and nothing else"):
        verify(signed_with({**HEADER, "alg": algorithm, "jwk": jwk}))


def test_a_header_without_a_key_is_refused() -> None:
    with refused(InputError, "jwk: expected a public ed25519 or p-256 key and nothing else"):
        verify(signed_with({name: value for name, value in HEADER.items() if name != "jwk"}))


@pytest.mark.parametrize(
    ("coordinate", "message"),
    [("AA", "jwk x: expected 32 bytes, got 1"), (5, "jwk x: expected base64url without padding")],
)
def test_a_header_with_a_key_of_another_length_is_refused(coordinate: object, message: str) -> None:
    with refused(InputError, message):
        verify(signed_with({**HEADER, "jwk": {**OKP_JWK, "x": coordinate}}))


@pytest.mark.parametrize("name", ["role", "signed_at"])
def test_a_header_without_its_role_or_time_is_refused(name: str) -> None:
    with refused(InputError, REQUIRED):
        verify(signed_with({key: value for key, value in HEADER.items() if key != name}))


@pytest.mark.parametrize(
    "change", [{"kid": "mine"}, {"typ": "JWT"}, {"cty": "json"}, {"jku": "https://example.com/keys"}, {"x5c": ["AA"]}]
)
def test_a_header_with_more_than_is_written_here_is_refused(change: dict[str, Any]) -> None:
    with refused(InputError, REQUIRED):
        verify(signed_with({**HEADER, **change}))


# RFC 7797: a payload that is not encoded would be another way to write the same document.
def test_a_payload_that_is_not_encoded_is_refused() -> None:
    with refused(InputError, REQUIRED):
        verify(signed_with({**HEADER, "b64": False, "crit": ["b64"]}, payload="plain text"))


def test_a_header_that_carries_a_private_key_is_refused() -> None:
    key = SigningKey.generate("Ed25519")
    secret = to_base64url(key.private_key.private_bytes_raw())  # type: ignore[union-attr]
    header = {**HEADER, "jwk": {**key.public_jwk(), "d": secret}}
    with refused(InputError, "jwk: expected a public ed25519 or p-256 key and nothing else"):
        verify(signed_with(header, key=key))


@pytest.mark.parametrize("value", [None, 5, True, {}, list(b"AAAA")])
@pytest.mark.parametrize("place", ["protected", "signature"])
def test_a_signature_that_is_no_text_is_refused_with_its_number(place: str, value: object) -> None:
    envelope = document()
    envelope["signatures"][1][place] = value
    with refused(InputError, "signature 2: expected protected and signature as text"):
        verify(envelope)


def test_verification_leaves_the_document_as_it_was() -> None:
    envelope = document()
    before = deepcopy(envelope)
    verify(envelope)
    assert envelope == before
