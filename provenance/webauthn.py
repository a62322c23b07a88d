"""Signatures by passkeys: WebAuthn assertions (W3C Web Authentication, level 3), kept so that anybody can check them.

A passkey does not sign a document. It signs what its authenticator says (`authenticatorData`) and what the browser
says (`clientDataJSON`), and the browser's part holds a challenge. Here the challenge is the SHA-256 of what a JWS would
have signed (RFC 7515, 5.1), and all three parts together take the place of the JWS signature, under an `alg` of our
own that no other reader can take for a plain one.
"""

from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json, canonical_bytes, from_base64url, parse_object, sha256, to_base64url
from provenance.errors import InputError, VerificationError

ES256: Final = "urn:headshot-provenance:jws:webauthn-es256"
ED25519: Final = "urn:headshot-provenance:jws:webauthn-ed25519"
# By the curve of the key that it needs.
ALGORITHMS: Final = {ES256: "P-256", ED25519: "Ed25519"}
MAX_PART_BYTES: Final = 4096

_PARTS: Final = ("authenticatorData", "clientDataJSON", "signature")
_HEAD_BYTES: Final = 37  # rpIdHash, flags and signCount (WebAuthn, 6.1)
_USER_PRESENT, _USER_VERIFIED, _ATTESTED, _EXTENDED = 0x01, 0x04, 0x40, 0x80


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator and a browser attested; its signature, type, challenge and flags were checked.

    Attributes:
        origin: of the page that asked, as the browser saw it.
        rp_id_hash: SHA-256 of the RP ID that the passkey is bound to, 32 bytes.
        flags: of the authenticator data; user present and user verified are set.
    """

    origin: str
    rp_id_hash: bytes
    flags: int

    def check_origin(self, origin: str) -> None:
        """Check that it was made on a page of `origin`, by a passkey that is bound to its host.

        Raises:
            VerificationError: it was not (WebAuthn, 7.2, steps 13 and 15).
        """
        if self.origin != origin:
            raise VerificationError("passkey: used on a page of another origin", code="passkey-origin")
        if self.rp_id_hash != sha256(rp_id_of(origin).encode()):
            raise VerificationError("passkey: is bound to another host", code="passkey-rp")


def rp_id_of(origin: str) -> str:
    """Return the RP ID that passkeys of an origin are bound to here: its host."""
    return origin.partition("://")[2].partition(":")[0]


def challenge_of(signing_input: bytes) -> bytes:
    """Return the challenge that stands for a JWS signing input, 32 bytes."""
    return sha256(signing_input)


def pack(*, authenticator_data: bytes, client_data: bytes, signature: bytes) -> bytes:
    """Return the parts of an assertion as what stands in a JWS as its signature."""
    parts = zip(_PARTS, (authenticator_data, client_data, signature), strict=True)
    return canonical_bytes({name: to_base64url(part) for name, part in parts})


def verify_assertion(packed: bytes, *, signing_input: bytes, jwk: Json, algorithm: str) -> Assertion:
    """Check an assertion and return what it attests (WebAuthn, 7.2, steps 9 to 21, without the origin).

    Args:
        packed: what `pack` returned.
        signing_input: what it is to have signed.
        jwk: the public key of the passkey.
        algorithm: one of `ALGORITHMS`.

    Raises:
        InputError: it is malformed, or the key does not fit the algorithm.
        VerificationError: it is for something else, the user was not verified, or the signature does not verify.
    """
    document = parse_object(packed, place="passkey signature")
    if set(document) != {*_PARTS} or canonical_bytes(document) != packed:
        raise InputError(f"passkey signature: expected canonical json of {', '.join(_PARTS)}")
    authenticator, client_data, signature = (from_base64url(document[name], place=f"passkey {name}") for name in _PARTS)
    if max(len(authenticator), len(client_data), len(signature)) > MAX_PART_BYTES:
        raise InputError(f"passkey signature: expected parts of at most {MAX_PART_BYTES} bytes")
    if not isinstance(jwk, dict) or jwk.get("crv") != ALGORITHMS.get(algorithm):
        raise InputError("passkey: expected a key of the kind that its algorithm needs")
    origin = _read_client_data(client_data, challenge=challenge_of(signing_input))
    flags = _read_flags(authenticator)
    _verify(jwk, signature, authenticator + sha256(client_data))
    return Assertion(origin, authenticator[:32], flags)


def _read_client_data(data: bytes, *, challenge: bytes) -> str:
    """Return the origin that a browser states, if it states our challenge, too (WebAuthn, 5.8.1)."""
    stated = parse_object(data, place="passkey clientDataJSON")
    origin = stated.get("origin")
    if not isinstance(origin, str):
        raise InputError("passkey clientDataJSON: expected an origin")
    if stated.get("type") != "webauthn.get":
        raise VerificationError("passkey: was not used to sign", code="passkey-type")
    if stated.get("challenge") != to_base64url(challenge):
        raise VerificationError("passkey: signed something else", code="passkey-challenge")
    if stated.get("crossOrigin", False) is not False or "topOrigin" in stated:
        raise VerificationError("passkey: used within a page of somebody else's", code="passkey-origin")
    return origin


def _read_flags(data: bytes) -> int:
    """Return the flags of authenticator data (WebAuthn, 6.1): its user was there, and the authenticator knew them."""
    flags = data[32] if len(data) >= _HEAD_BYTES else 0
    extended = bool(flags & _EXTENDED)
    if len(data) < _HEAD_BYTES or flags & _ATTESTED or extended != (len(data) > _HEAD_BYTES):
        raise InputError("passkey authenticatorData: expected that of an assertion")
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        raise VerificationError("passkey: its authenticator did not verify the user", code="passkey-user")
    return flags


def _verify(jwk: dict[str, Json], signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.hashes import SHA256

    coordinates = {name: from_base64url(jwk[name], place=f"jwk {name}", size=32) for name in ("x", "y") if name in jwk}
    try:
        if jwk["crv"] == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(coordinates["x"]).verify(signature, message)
        else:
            x, y = (int.from_bytes(coordinates[name]) for name in ("x", "y"))
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            # A DER sequence, as WebAuthn has it (6.5.5), where a JWS would have two numbers.
            key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise VerificationError("passkey: its signature does not verify", code="signature-invalid") from None
    except (KeyError, ValueError):
        raise InputError("passkey: expected a public key") from None
