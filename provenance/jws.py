"""Documents that one or more parties signed: JWS General JSON (RFC 7515, 7.2.1), and tokens of one, through joserfc.

Every signature's protected header names its role and carries its public key, so that a document can be checked by
somebody who has nothing but the document. Whose key it is, the caller decides. Where a passkey may sign, its WebAuthn
assertion takes the place of a plain signature (`webauthn`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from provenance import webauthn
from provenance.canonical import Json, JsonObject, canonical_bytes, from_base64url, parse_object
from provenance.errors import InputError, VerificationError
from provenance.keys import SigningKey, thumbprint_urn

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey
    from joserfc.jws import JWSRegistry

ALGORITHMS: Final = ("Ed25519", "ES256")
# What a protected header says beside algorithm and key, and the kind of each, by joserfc's name for it.
HEADER_NAMES: Final = {"role": "str", "assurance": "str", "signed_at": "str", "initialled_scopes": "list[str]"}
MAX_SIGNATURES = 16
MAX_PAYLOAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature that was verified.

    Attributes:
        role: what the signer was in this document, such as `subject`.
        assurance: how surely the key was theirs, where stated.
        signed_at: the signer's own statement of time, RFC 3339.
        key_urn: the RFC 9278 name of the key that signed.
        initialled: the parts of the document that the signer put their initials to.
        assertion: what was attested, where a passkey signed; None for a plain key.
    """

    role: str
    assurance: str | None
    signed_at: str
    key_urn: str
    initialled: tuple[str, ...] = ()
    assertion: webauthn.Assertion | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A document whose every signature was verified with the key that it names."""

    payload: bytes
    signatures: tuple[Signature, ...]

    def by(self, role: str) -> Signature:
        """Return the signature of `role`.

        Raises:
            VerificationError: there is none, or more than one.
        """
        found = [signature for signature in self.signatures if signature.role == role]
        if len(found) != 1:
            raise VerificationError(f"signatures: expected one of the {role}, got {len(found)}")
        return found[0]


def sign(payload: bytes, signers: Sequence[tuple[SigningKey, JsonObject]]) -> dict[str, Json]:
    """Return `payload` signed by every one of `signers`, each with its header fields `role`, `signed_at`, ….

    Raises:
        InputError: `payload` is larger than 64 KiB.
    """
    from joserfc import jws

    if len(payload) > MAX_PAYLOAD_BYTES:
        raise InputError(f"signed document: expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
    keys = [_to_jose(key) for key, _ in signers]
    members: list[Any] = [
        {"protected": {"alg": key.algorithm, "jwk": key.public_jwk(), **fields}} for key, fields in signers
    ]
    by_urn = {thumbprint_urn(key.public_jwk()): jose for (key, _), jose in zip(signers, keys, strict=True)}
    envelope: Any = jws.serialize_json(
        members, payload, lambda member: by_urn[thumbprint_urn(member.headers()["jwk"])], registry=_registry()
    )
    return dict(envelope)


def verify(envelope: JsonObject, *, passkeys: bool = False) -> Signed:
    """Check every signature of a document with the key that it names, and return the document.

    Args:
        envelope: the document.
        passkeys: whether passkeys may have signed; what they attest of their origin is for the caller to check.

    Raises:
        InputError: it is not a JWS of the form written here.
        VerificationError: a signature does not verify.
    """
    signatures, payload = envelope.get("signatures"), envelope.get("payload")
    if set(envelope) != {"payload", "signatures"} or not isinstance(signatures, list) or not isinstance(payload, str):
        raise InputError("signed document: expected payload and signatures")
    if len(payload) * 3 // 4 > MAX_PAYLOAD_BYTES:  # base64url without padding, RFC 7515, 2
        raise InputError(f"signed document: expected at most {MAX_PAYLOAD_BYTES} bytes, got more")
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise InputError(f"signed document: expected 1 to {MAX_SIGNATURES} signatures, got {len(signatures)}")
    headers = [_read_member(entry, place=f"signature {number}") for number, entry in enumerate(signatures, 1)]
    by_passkey = [passkeys and header.get("alg") in webauthn.ALGORITHMS for header in headers]
    plain = [entry for entry, passkey in zip(signatures, by_passkey, strict=True) if not passkey]
    verified = iter(_verify_plain({"payload": payload, "signatures": plain}) if plain else [])
    found = [
        _verify_passkey(entry, header, payload) if passkey else _signature(next(verified))
        for entry, header, passkey in zip(signatures, headers, by_passkey, strict=True)
    ]
    return Signed(from_base64url(payload, place="signed document"), tuple(found))


def sign_jwt(claims: JsonObject, *, media_type: str, key: SigningKey) -> bytes:
    """Return claims as a JWT (RFC 7519) in its compact form, whose header names the key that signed it.

    Args:
        claims: the claims.
        media_type: what it is (`typ`, RFC 8725, 3.11), such as `statuslist+jwt`.
        key: who signs.
    """
    from joserfc import jws

    header = {"alg": key.algorithm, "typ": media_type, "jwk": key.public_jwk()}
    token: str = jws.serialize_compact(header, canonical_bytes(dict(claims)), _to_jose(key), registry=_registry())
    return token.encode()


def verify_jwt(data: bytes, *, media_type: str, place: str) -> tuple[dict[str, Json], str]:
    """Check the signature of a JWT with the key that its header names; return its claims, and the key's RFC 9278 name.

    Raises:
        InputError: it is no JWT of the form written here, or of another type.
        VerificationError: its signature does not verify.
    """
    from joserfc import errors, jws
    from joserfc.jwk import import_key

    parts = data.split(b".")
    if len(parts) != 3 or not data.isascii():
        raise InputError(f"{place}: expected a signed token, got something else", code="token-malformed")
    header = parse_object(from_base64url(parts[0].decode(), place=place), place=f"{place} header")
    if set(header) != {"alg", "typ", "jwk"} or header["typ"] != media_type:
        raise InputError(f"{place}: expected a token of type {media_type}", code="token-malformed")
    urn = thumbprint_urn(header["jwk"])
    key: Any = header["jwk"]
    try:
        checked: Any = jws.deserialize_compact(data, import_key(key), registry=_registry())
    except errors.BadSignatureError:
        raise VerificationError(f"{place}: its signature does not verify", code="signature-invalid") from None
    except (errors.JoseError, ValueError, KeyError, TypeError, UnicodeError) as error:
        raise InputError(f"{place}: malformed: {type(error).__name__}", code="token-malformed") from error
    return parse_object(checked.payload, place=place), urn


def _read_member(entry: Json, *, place: str) -> dict[str, Json]:
    """Return the protected header of a signature, before the library looks: its key must be one of ours."""
    if not isinstance(entry, dict) or set(entry) != {"protected", "signature"}:
        raise InputError(f"{place}: expected protected and signature, and no unprotected header")
    if not all(isinstance(part, str) for part in entry.values()):
        raise InputError(f"{place}: expected protected and signature as text")
    header = parse_object(from_base64url(entry["protected"], place=place), place=f"{place} header")
    thumbprint_urn(header.get("jwk"))
    return header


def _verify_plain(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    """Check signatures by plain keys, and return the headers of each, in order."""
    from joserfc import errors, jws
    from joserfc.jwk import import_key

    value: Any = envelope
    try:
        checked: Any = jws.deserialize_json(
            value,
            lambda member: import_key(member.headers()["jwk"]),
            registry=_registry(),
        )
    except errors.BadSignatureError:
        raise VerificationError("signed document: a signature does not verify", code="signature-invalid") from None
    except (errors.JoseError, ValueError, KeyError, TypeError, UnicodeError) as error:
        raise InputError(f"signed document: malformed: {type(error).__name__}") from error
    return [member.headers() for member in checked.members]


def _verify_passkey(entry: Any, header: dict[str, Any], payload: str) -> Signature:  # noqa: ANN401 its form was checked
    """Check the signature of a passkey; its header has the form that the library holds the others to."""
    made: Any = {
        name: header[name] for name in ("role", "assurance", "signed_at", "initialled_scopes") if name in header
    }
    initialled = made.get("initialled_scopes", [])
    texts = [value for name, value in made.items() if name != "initialled_scopes"]
    if not isinstance(initialled, list) or not all(isinstance(text, str) for text in (*texts, *initialled)):
        raise InputError("signed document: expected role, assurance, signed_at and initialled_scopes as text")
    assertion = webauthn.verify_assertion(
        from_base64url(entry["signature"], place="passkey signature"),
        signing_input=f"{entry['protected']}.{payload}".encode(),
        jwk=header["jwk"],
        algorithm=str(header["alg"]),
    )
    return replace(_signature(header), assertion=assertion)


def _signature(header: dict[str, Any]) -> Signature:
    if set(header) - {"alg", "jwk", *HEADER_NAMES} or not {"role", "signed_at"} <= set(header):
        raise InputError("signed document: expected role and signed_at in every protected header")
    return Signature(
        role=header["role"],
        assurance=header.get("assurance"),
        signed_at=header["signed_at"],
        key_urn=thumbprint_urn(header["jwk"]),
        initialled=tuple(header.get("initialled_scopes", ())),
    )


def _to_jose(key: SigningKey) -> "ECKey | OKPKey":
    from cryptography.hazmat.primitives import serialization
    from joserfc.jwk import ECKey, OKPKey

    pem = key.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return OKPKey.import_key(pem) if key.algorithm == "Ed25519" else ECKey.import_key(pem)


def _registry() -> "JWSRegistry":
    from joserfc.jws import JWSRegistry
    from joserfc.registry import HeaderParameter

    extra = {name: HeaderParameter(name, kind) for name, kind in HEADER_NAMES.items()}
    return JWSRegistry(header_registry=extra, algorithms=list(ALGORITHMS))
