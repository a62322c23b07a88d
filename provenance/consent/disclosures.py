"""Personal data under a signature that survives their erasure: salted digests in the SD-JWT manner (RFC 9901, 4.2).

The signed body holds only the digest of each datum. The datum itself, with its salt, is a *disclosure* and lies in
the vault. Who destroys a disclosure erases the datum; the signatures over the body still verify.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.canonical import Json, canonical_bytes, from_base64url, parse_json, sha256, to_base64url
from provenance.errors import InputError, VerificationError

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One personal datum with its salt.

    Attributes:
        salt: 16 random bytes.
        name: of the field, such as `legal_name`.
        value: text.
    """

    salt: bytes
    name: str
    value: str

    @classmethod
    def make(cls, name: str, value: str) -> "Disclosure":
        """Return a disclosure with a new salt."""
        return cls(secrets.token_bytes(SALT_BYTES), name, value)

    def to_text(self) -> str:
        """Return base64url of the JSON array `[salt, name, value]` (RFC 9901, 4.2.1)."""
        array: list[Json] = [to_base64url(self.salt), self.name, self.value]
        return to_base64url(canonical_bytes(array))

    @classmethod
    def from_text(cls, text: str) -> "Disclosure":
        """Return the disclosure that `to_text` wrote.

        Raises:
            InputError: it is malformed.
        """
        array = parse_json(from_base64url(text, place="disclosure"), place="disclosure")
        if not isinstance(array, list) or len(array) != 3:
            raise InputError("disclosure: expected salt, name and value")
        salt, name, value = array
        if not isinstance(name, str) or not isinstance(value, str):
            raise InputError("disclosure: expected name and value as text")
        return cls(from_base64url(salt, place="disclosure salt", size=SALT_BYTES), name, value)

    def digest(self) -> str:
        """Return base64url of SHA-256 over `to_text` (RFC 9901, 4.2.3)."""
        return to_base64url(sha256(self.to_text().encode()))


def verify_disclosures(disclosures: Sequence[Disclosure], *, digests: Sequence[str]) -> None:
    """Check that every disclosure belongs to a body with these `_sd` digests.

    Raises:
        VerificationError: one does not; the message names the field, never its value.
    """
    for disclosure in disclosures:
        if disclosure.digest() not in digests:
            raise VerificationError(
                f"disclosure {disclosure.name}: does not belong to this record", code="disclosure-foreign"
            )
