"""What paper says around the record, in the language of the notice where there is a table of it, else in English."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "de", "fr", "es", "ja")

_PLACE: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Labels:
    """One language's words; a language has all of them, or is not there.

    Attributes:
        language: of the words.
        tables: words by table and name.
    """

    language: str
    tables: Mapping[str, Mapping[str, str]]

    def __call__(self, word: str, /, **values: str) -> str:
        """Return a word or sentence with `values` in its places."""
        # In one pass, so that a value that looks like a place stays what it is.
        return _PLACE.sub(lambda found: values.get(found[1], found[0]), self.tables["words"][word])

    def of(self, table: str, name: str) -> str:
        """Return what a word of the vocabulary is called."""
        return self.tables[table][name]

    def join(self, table: str, names: Iterable[str]) -> str:
        """Return what several words of the vocabulary are called."""
        return ", ".join(self("any") if name == "ANY" else self.of(table, name) for name in names)


@cache
def labels_for(language: str) -> Labels:
    """Return the words for a language such as `de-AT`; those of English where there are none."""
    base = language.partition("-")[0].lower()
    found = base if base in LANGUAGES else "en"
    data = (files("provenance.paper") / "labels" / f"{found}.toml").read_text(encoding="utf-8")
    return Labels(found, tomllib.loads(data))
