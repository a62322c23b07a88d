"""Policies for publishing as files: TOML, strictly read; three are shipped.

Nothing in a file is skipped: an unknown key, a wrong type or an unknown code is an error that names its place.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final, Literal

from provenance.consent.grants import parse_scope, parse_territory
from provenance.consent.vocabulary import parse_medium
from provenance.errors import InputError
from provenance.verification.publishing import ALLOWABLE, DIGEST, PublishingPolicy

MAX_BYTES: Final = 64 * 1024
SHIPPED: Final = ("newsroom", "corporate-web", "ai-labelled")
MAX_ISSUERS: Final = 256
MAX_HOURS: Final = 24 * 366
_MAX_TEXT: Final = 200
_MAX_BITS: Final = 64
_MAX_LINE: Final = 8192  # a key of very many parts takes the reader of TOML as long as their square
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("version", "description", "missing", *ALLOWABLE),
    "credential": ("allowed", "issuers"),
    "origin": ("allowed", "label"),
    "history": ("allowed",),
    "ledger": ("allowed",),
    "consent": ("allowed", "scope", "territory", "medium", "max_age_hours"),
}
_DIGEST: Final = re.compile(DIGEST + "[0-9a-f]{64}")
_HINT: Final = "see a whole one: provenance policy show newsroom"


def shipped_text(name: str) -> str:
    """Return the file of a shipped policy.

    Raises:
        InputError: there is none of this name.
    """
    if name not in SHIPPED:
        raise InputError(
            f"policy: expected a shipped one, got {name!r}",
            code="policy-unknown",
            hint=f"shipped: {', '.join(SHIPPED)}",
        )
    return (files("provenance.verification") / "policies" / f"{name}.toml").read_text("utf-8")


def parse_publishing_policy(data: bytes, *, name: str) -> PublishingPolicy:
    """Return the policy that a file holds.

    Args:
        data: the file, at most `MAX_BYTES`.
        name: what the policy is called.

    Raises:
        InputError: it is not one, with the code `policy`; the message names the place.
    """
    document = _read(data, name)
    _check_keys(document, "", name)
    version = document.get("version")
    if type(version) is not int or version != 1:
        raise _wrong(name, "version", "1", version)
    parts = {part: _table(document, part, name) for part in ALLOWABLE}
    consent = parts["consent"]
    scope, territory, medium = (_text(consent, f"consent.{key}", name) for key in ("scope", "territory", "medium"))
    hours = consent.get("max_age_hours")
    if hours is not None and (type(hours) is not int or not 0 < hours <= MAX_HOURS):
        raise _wrong(name, "consent.max_age_hours", f"a whole number from 1 to {MAX_HOURS}", hours)
    try:
        return PublishingPolicy(
            name=name,
            description=_text(document, "description", name) or "",
            allowed={part: _codes(table, part, name) for part, table in parts.items()},
            missing=_missing(document, name),
            issuers=_issuers(parts["credential"], name),
            label=_label(parts["origin"], name),
            scope=None if scope is None else parse_scope(scope),
            territory=None if territory is None else parse_territory(territory),
            medium=None if medium is None else parse_medium(medium),
            max_age=None if hours is None else timedelta(hours=hours),
        )
    except InputError as error:
        if error.code == "policy":
            raise
        raise InputError(f"{name}: consent.{error}", code="policy", hint=error.hint or _HINT) from error


def _read(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: expected at most {MAX_BYTES} bytes, got {len(data)}", code="policy", hint=_HINT)
    for number, line in enumerate(data.splitlines(), 1):
        if len(line) > _MAX_LINE:
            message = f"{name}: line {number}: expected at most {_MAX_LINE} bytes, got {len(line)}"
            raise InputError(message, code="policy", hint=_HINT)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{name}: expected text in utf-8", code="policy", hint=_HINT) from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:_MAX_TEXT].rstrip(".")
        raise InputError(f"{name}: not toml: {reason[:1].lower()}{reason[1:]}", code="policy", hint=_HINT) from None


def _table(document: Mapping[str, Any], part: str, name: str) -> Mapping[str, Any]:
    table = document.get(part)
    if not isinstance(table, dict):
        raise _wrong(name, part, f"a table [{part}]", table)
    _check_keys(table, part, name)
    return table


def _check_keys(table: Mapping[str, Any], part: str, name: str) -> None:
    for key in table:
        if key not in _KEYS[part]:
            place = f"{part}: " if part else ""
            raise InputError(
                f"{name}: {place}unknown key {_cut(key)}", code="policy", hint=f"known here: {', '.join(_KEYS[part])}"
            )


def _codes(table: Mapping[str, Any], part: str, name: str) -> frozenset[str]:
    codes = _texts(table, f"{part}.allowed", name)
    if not codes:
        raise _wrong(name, f"{part}.allowed", "at least one code", table.get("allowed"))
    for code in codes:
        if code not in ALLOWABLE[part]:
            raise _wrong(name, f"{part}.allowed", f"codes among {', '.join(ALLOWABLE[part])}", code)
    return frozenset(codes)


def _issuers(table: Mapping[str, Any], name: str) -> frozenset[str]:
    found = _texts(table, "credential.issuers", name)
    for text in found:
        if text.startswith(DIGEST) and not _DIGEST.fullmatch(text):
            raise _wrong(name, "credential.issuers", f"{DIGEST} and 64 digits from 0 to f", text)
    return frozenset(found)


def _texts(table: Mapping[str, Any], place: str, name: str) -> list[str]:
    values = table.get(place.rpartition(".")[2], [])
    if not isinstance(values, list) or len(values) > MAX_ISSUERS:
        raise _wrong(name, place, f"a list of at most {MAX_ISSUERS} texts", values)
    for value in values:
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
            raise _wrong(name, place, f"texts of 1 to {_MAX_TEXT} characters", value)
    return values


def _text(table: Mapping[str, Any], place: str, name: str) -> str | None:
    value = table.get(place.rpartition(".")[2])
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT):
        raise _wrong(name, place, f"a text of 1 to {_MAX_TEXT} characters", value)
    return value


def _missing(document: Mapping[str, Any], name: str) -> Literal["check", "refuse"]:
    match document.get("missing"):
        case "check":
            return "check"
        case "refuse":
            return "refuse"
    raise _wrong(name, "missing", "'check' or 'refuse'", document.get("missing"))


def _label(origin: Mapping[str, Any], name: str) -> Literal["tell", "check"]:
    match origin.get("label", "check"):
        case "check":
            return "check"
        case "tell":
            return "tell"
    raise _wrong(name, "origin.label", "'tell' or 'check'", origin.get("label"))


def _wrong(name: str, place: str, expected: str, got: object) -> InputError:
    found = "nothing" if got is None else _cut(got)
    return InputError(f"{name}: {place}: expected {expected}, got {found}", code="policy", hint=_HINT)


def _cut(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        # Python writes no number of more than 4,300 digits, and nobody would read it.
        return "a very large number"
    text = repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}…"
