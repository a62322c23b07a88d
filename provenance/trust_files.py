"""Trust files: what a studio hands out, so that others recognise its stamps and the ledger that holds them."""

import re
from typing import Final

from provenance import pki
from provenance.checkpoint import LogKey
from provenance.errors import InputError
from provenance.note import NoteKey
from provenance.pki import TrustAnchors

LOG_LINE: Final = "# ledger: "

_SIZES: Final = re.compile(r"(?P<vkey>\S+)(?: from (?P<first>[1-9][0-9]{0,18}))?(?: until (?P<last>[1-9][0-9]{0,18}))?")


def parse_trust_file(data: bytes, *, uri: str, place: str) -> tuple[TrustAnchors, tuple[LogKey, ...]]:
    """Return what a trust file makes trusted: issuers, only with stamps in their own ledgers, and the ledgers' keys.

    Args:
        data: certificates as PEM, and a line `# ledger: ` for each key, as `provenance trust export` writes.
        uri: names the file in reports, such as `urn:example:lumen`.
        place: names it in errors.

    Raises:
        InputError: it holds no certificate, or a line cannot be read.
    """
    certificates = pki.parse_certificates(data, place=place)
    keys = parse_log_lines(data, place=place)
    origins = tuple(dict.fromkeys(key.key.name for key in keys))
    return TrustAnchors(uri, pki.to_pem(*certificates), logs=origins), keys


def parse_log_lines(data: bytes, *, place: str) -> tuple[LogKey, ...]:
    """Return the keys of ledgers that a trust file names.

    Raises:
        InputError: a line of one has another form.
    """
    lines = data.decode("utf-8", "replace").splitlines()
    try:
        return tuple(parse_log_line(line) for line in lines if line.startswith(LOG_LINE))
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def parse_log_line(line: str) -> LogKey:
    """Return the key in a line of a trust file, with or without its beginning, and the sizes that it signs.

    Raises:
        InputError: it has another form.
    """
    found = _SIZES.fullmatch(line.removeprefix(LOG_LINE).strip())
    if found is None:
        raise InputError("ledger key: expected a key, then perhaps `from SIZE` and `until SIZE`")
    last = None if found["last"] is None else int(found["last"])
    return LogKey(NoteKey.from_text(found["vkey"]), int(found["first"] or 0), last)
