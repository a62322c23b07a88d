"""Codes and secrets that people read aloud and type: Crockford's base 32, in groups of four."""

import re
import secrets

from provenance.canonical import sha256
from provenance.errors import InputError

CODE_CHARACTERS = 8
SECRET_CHARACTERS = 28  # 140 random bits

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_SECRET_TAG = b"provenance/withdrawal/v1\x00"


def new_code() -> str:
    """Return a new code of a consent, such as `8F3K-QX2P`: short, and neither secret nor telling."""
    return _grouped("".join(secrets.choice(_ALPHABET) for _ in range(CODE_CHARACTERS)))


def new_secret() -> str:
    """Return a new withdrawal secret of 140 random bits."""
    return _grouped("".join(secrets.choice(_ALPHABET) for _ in range(SECRET_CHARACTERS)))


def parse_code(text: str) -> str:
    """Return a code as it is stored, however it was typed: small letters, spaces, O for 0.

    Raises:
        InputError: it cannot be a code.
    """
    return _grouped(_parse(text, CODE_CHARACTERS, "consent code", "8 letters and digits such as 8F3K-QX2P"))


def secret_digest(text: str) -> bytes:
    """Return what a record keeps of its withdrawal secret, 32 bytes.

    Raises:
        InputError: `text` cannot be such a secret.
    """
    plain = _parse(text, SECRET_CHARACTERS, "withdrawal secret", f"{SECRET_CHARACTERS} letters and digits")
    return sha256(_SECRET_TAG + plain.encode())


def _parse(text: str, length: int, place: str, expected: str) -> str:
    plain = text.strip().upper().translate(_LOOKALIKES)
    if not re.fullmatch(f"[{_ALPHABET}]{{{length}}}", plain):
        raise InputError(f"{place}: expected {expected}", code="code-form", hint="copy it from the receipt")
    return plain


def _grouped(plain: str) -> str:
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))
