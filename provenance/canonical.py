"""One byte form for every JSON document that is signed, hashed or logged: RFC 8785 (JCS).

Numbers are whole: RFC 8785 serialises floats as ECMAScript does, and no record here needs one.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from provenance.errors import InputError

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = "Mapping[str, Json]"

MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_JSON_DEPTH = 32
MAX_DIGITS = 100

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def canonical_bytes(value: Json) -> bytes:
    """Return the RFC 8785 bytes of `value`.

    Raises:
        InputError: `value` holds a float, a whole number beyond ±(2⁵³ − 1), or something that is not JSON.
    """
    import rfc8785

    _refuse_floats(value, "document", 0)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InputError(f"document: cannot be written as canonical json: {error}") from error


def parse_json(data: bytes, *, place: str) -> Json:
    """Return the JSON value in `data`, strictly: UTF-8, no duplicate keys, no floats, bounded size and depth.

    Args:
        data: at most 4 MiB.
        place: what this is, for the error message.

    Raises:
        InputError: any of these is broken.
    """
    if len(data) > MAX_JSON_BYTES:
        raise InputError(f"{place}: expected at most {MAX_JSON_BYTES} bytes, got {len(data)}")
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_float=_refuse_number,
            parse_int=_whole_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: expected json, got {_reason(error)}") from None
    _refuse_floats(value, place, 0)
    return value


def parse_object(data: bytes, *, place: str) -> dict[str, Json]:
    """Return the JSON object in `data`, as strictly as `parse_json`.

    Raises:
        InputError: `data` is no such object.
    """
    value = parse_json(data, place=place)
    if not isinstance(value, dict):
        raise InputError(f"{place}: expected a json object, got {type(value).__name__}")
    return value


def sha256(data: bytes) -> bytes:
    """Return the 32 bytes of SHA-256 over `data`."""
    return hashlib.sha256(data).digest()


def to_base64url(data: bytes) -> str:
    """Return `data` in base64url without padding (RFC 4648, 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: Json, *, place: str, size: int | None = None) -> bytes:
    """Return the bytes that `to_base64url` wrote; no padding, no white space, no stray bits.

    Args:
        text: the encoded text; anything but a string is refused.
        place: what this is, for the error message.
        size: the number of bytes it must have, if fixed.

    Raises:
        InputError: it is not that.
    """
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise InputError(f"{place}: expected base64url without padding")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise InputError(f"{place}: expected base64url without padding") from None
    if to_base64url(data) != text:
        raise InputError(f"{place}: expected base64url without stray bits")
    if size is not None and len(data) != size:
        raise InputError(f"{place}: expected {size} bytes, got {len(data)}")
    return data


def from_base64(text: str, *, place: str) -> bytes:
    """Return the bytes in standard base64 (RFC 4648, 4), with its padding and without stray bits.

    Raises:
        InputError: it is not that.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{place}: expected base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise InputError(f"{place}: expected base64 with its padding and without stray bits")
    return data


def _object_without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object with a repeated key")
    return found


def _whole_number(text: str) -> Json:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _refuse_number(text: str) -> Json:
    raise ValueError(f"the number {text[:40]}, where only whole numbers are allowed")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "bytes that are not UTF-8"
    if isinstance(error, RecursionError):
        return "too many levels"
    if isinstance(error, json.JSONDecodeError):
        return f"something else at line {error.lineno} column {error.colno}"
    return str(error)


def _refuse_floats(value: Json, place: str, depth: int) -> None:
    if depth >= MAX_JSON_DEPTH and isinstance(value, Mapping | list | tuple):
        raise InputError(f"{place}: expected at most {MAX_JSON_DEPTH} levels, got more")
    if isinstance(value, float):
        raise InputError(f"{place}: expected whole numbers only, got {value}")
    if isinstance(value, Mapping):
        for key, member in value.items():
            _refuse_floats(member, f"{place}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            _refuse_floats(member, place, depth + 1)
