"""What reports say, in the languages of the screens: sentence by sentence, and in English where there is no other.

A report is made in English. Here its sentences are known by their form, with places for what differs. One that is not
known stays as it is, and is marked as English, so that whatever reads it aloud does so rightly.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

# What can stand in a place; where nothing is said, any text, such as the name of an issuer.
_PLACES: Final = {
    "scope": r"[a-z]+(?:\.[a-z]+)*",
    "scopes": r"[a-z]+(?:\.[a-z]+)*(?:, [a-z]+(?:\.[a-z]+)*)*",
    "day": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5}(?:Z| UTC)",
    "entry": r"[0-9]+",
    "assurance": r"[a-z-]+",
}
_PLACE: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence or a few words.

    Attributes:
        text: itself; parts of it may be hostile.
        language: that it is in.
    """

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class _Form:
    english: "re.Pattern[str]"
    others: dict[str, str]


def tell(text: str, language: str) -> Told:
    """Return what a report says in a language, or as it is."""
    if language == "en":
        return Told(text, "en")
    for form in _forms():
        found = form.english.fullmatch(text)
        if found is not None and language in form.others:
            return Told(_filled(form.others[language], found.groupdict()), language)
    return Told(text, "en")


def _filled(text: str, places: Mapping[str, str]) -> str:
    # At once, so that nothing that stands in one place is taken for another.
    return _PLACE.sub(lambda place: places[place[1]], text)


def tables() -> list[dict[str, str]]:
    """Return every form, by language."""
    data = (files("provenance.web") / "words" / "reports.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(data)["said"])


@cache
def _forms() -> list[_Form]:
    return [
        _Form(_pattern(said["en"]), {name: text for name, text in said.items() if name != "en"}) for said in tables()
    ]


def _pattern(english: str) -> "re.Pattern[str]":
    parts = _PLACE.split(english)
    # Every other part is the name of a place.
    made = [
        f"(?P<{part}>{_PLACES.get(part, '.+')})" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    ]
    return re.compile("".join(made), re.DOTALL | re.ASCII)
