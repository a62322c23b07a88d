"""The scanner: the metadata of a picture held against the catalogue."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from provenance.evidence.catalogue import CATALOGUE
from provenance.evidence.decoding import read_fields
from provenance.evidence.fields import Field
from provenance.evidence.markers import Condition, Evidence, Marker
from provenance.picture import read_metadata

MAX_SHOWN = 80

_Rows = list[tuple[int, int, Condition]]


def _rows() -> dict[str, _Rows]:
    """Return, for the name of a field, the conditions that look at it, each with its marker's and its own number."""
    rows: dict[str, _Rows] = defaultdict(list)
    for number, marker in enumerate(CATALOGUE):
        for position, condition in enumerate(marker.conditions):
            for name in condition.fields:
                rows[name].append((number, position, condition))
    return dict(rows)


_BY_FIELD = _rows()


def scan(data: bytes) -> list[Evidence]:
    """Return every marker in a picture's metadata, in the order of the catalogue; credentials are not looked at.

    Time and memory are bounded by the size of the file, whatever it claims. A marker counts once, at its first place.

    Raises:
        InputError: it is no picture, or it is damaged: see `picture.read_picture`.
    """
    return match_fields(field for block in read_metadata(data) for field in read_fields(block))


def match_fields(fields: Iterable[Field]) -> list[Evidence]:
    """Return every marker among the fields, in the order of the catalogue."""
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for field in fields:
        for number, position, condition in _BY_FIELD.get(field.name, ()):
            if (number, position) not in found:
                value = _matched(condition, field.value)
                if value is not None:
                    found[number, position] = (field.place, value)
    return list(_whole(found))


def _whole(found: dict[tuple[int, int], tuple[str, str]]) -> Iterator[Evidence]:
    for number, marker in enumerate(CATALOGUE):
        if all((number, position) in found for position in range(len(marker.conditions))):
            yield _evidence(marker, *found[number, 0])


def _evidence(marker: Marker, place: str, value: str) -> Evidence:
    return Evidence(marker, _shown(place), _shown(value) or "present")


def _matched(condition: Condition, value: str) -> str | None:
    """Return what the first shape matches if all of them are found."""
    first = None
    for shape in condition.shapes:
        match = shape.search(value)
        if match is None:
            return None
        first = match[0] if first is None else first
    return first


def _shown(text: str) -> str:
    """Return text on one line with nothing in it that acts, and no longer than can be read at a glance."""
    text = " ".join(text[: 4 * MAX_SHOWN].split())
    text = "".join(f"\\u{{{ord(c):x}}}" if unicodedata.category(c)[0] == "C" else c for c in text)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
