"""Fingerprints as other programs write them: values of the C2PA soft binding `io.iscc.v0`.

Such a value is one ISCC-UNIT of ISO 24138 behind the other, each a header of nibbles (main type, subtype, version,
length) and a body. Only image codes of 256 bits are looked at; the other units of a value say nothing about what a
picture looks like.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from provenance.errors import InputError
from provenance.recovery.fingerprints import Crop, Fingerprint

# Entry 3 of the C2PA soft binding algorithm list.
ALGORITHM: Final = "io.iscc.v0"
MAX_VALUE: Final = 4096

_HEADER_BYTES: Final = 2
_IMAGE_CODE: Final = bytes.fromhex("2107")  # content, image, version 0, 256 bits
_LAST_UNIT_TYPE: Final = 4  # of meta, semantic, content, data, instance; what follows is put together of these
_LAST_SHORT_NIBBLE: Final = 7  # a larger one is written in more than four bits, and no unit of today needs one


def write_binding(code: bytes) -> str:
    """Return an image code of 32 bytes as the value of a soft binding."""
    return base64.b64encode(_IMAGE_CODE + code).decode()


def read_binding(value: str) -> tuple[Fingerprint, ...]:
    """Return the image codes in the value of a soft binding, at least one.

    Raises:
        InputError: it is no base64 of ISCC-UNITs, or has no image code of 256 bits (`binding-value`).
    """
    if len(value) > MAX_VALUE:
        raise _unread(f"at most {MAX_VALUE} characters, got {len(value)}")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _unread("base64") from None
    if base64.b64encode(data).decode() != value:
        # The decoder lets stray padding pass.
        raise _unread("base64")
    codes = [body for header, body in _units(data) if header == _IMAGE_CODE]
    if not codes:
        raise _unread("an image code of 256 bits (ISO 24138)")
    return tuple(Fingerprint(Crop.FULL, code) for code in dict.fromkeys(codes))


def _units(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(data):
        header = data[place : place + _HEADER_BYTES]
        nibbles = [half for byte in header for half in (byte >> 4, byte & 15)]
        if len(header) < _HEADER_BYTES or nibbles[0] > _LAST_UNIT_TYPE or max(nibbles) > _LAST_SHORT_NIBBLE:
            raise _unread("a sequence of iscc units")
        start, place = place + _HEADER_BYTES, place + _HEADER_BYTES + 4 * (nibbles[3] + 1)
        if place > len(data):
            raise _unread("a sequence of whole iscc units")
        yield header, data[start:place]


def _unread(expected: str) -> InputError:
    return InputError(f"value: expected {expected}", code="binding-value")
