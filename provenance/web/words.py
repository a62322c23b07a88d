"""What the screens say, by language: a language has every word, or is not there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

# Each by its own name: whoever looks for it reads it.
LANGUAGES: Final = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ja": "日本語"}

_RIGHT_TO_LEFT: Final = ("ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi")


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words.

    Attributes:
        language: of the words.
        table: words and sentences by name.
    """

    language: str
    table: Mapping[str, str]

    def __call__(self, name: str, /, **values: str) -> str:
        """Return a word or sentence with `values` in its places."""
        text = self.table[name]
        for place, value in values.items():
            text = text.replace("{" + place + "}", value)
        return text


@cache
def words_for(language: str) -> Words:
    """Return the words for a language such as `de-AT`; those of English, and all of those, where there are none."""
    base = language.partition("-")[0].lower()
    found = base if base in LANGUAGES else "en"
    data = (files("provenance.web") / "words" / f"{found}.toml").read_text(encoding="utf-8")
    return Words(found, tomllib.loads(data))


def name_of(language: str) -> str:
    """Return what a language calls itself; its code where that is not known here."""
    return LANGUAGES.get(language, language)


def direction_of(language: str) -> str:
    """Return in which direction a language is written, as in HTML: `ltr` or `rtl`."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
