"""Typesetting by Typst: a template of ours and data become a PDF/A-3a and PDF/UA-1 file with a document attached.

What people wrote reaches the template as data only and is never read as markup. The templates lie in memory; no file
of this computer can be read, no font of it is used, and the same data always give the same bytes.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Final, Literal

from provenance.canonical import Json
from provenance.errors import InputError
from provenance.paper import fonts

TEMPLATES: Final = ("form", "receipt", "export", "report")
# Joiners that Persian, Hindi and others cannot be written without, and marks that only place a neighbour.
_HARMLESS: Final = "\u200c\u200d\u200e\u200f"
_STANDARDS: Final = ["a-3a", "ua-1"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """The document that a file carries, from which everything printed can be checked.

    Attributes:
        name: of the file, as readers list it.
        description: one line.
        data: JSON.
    """

    name: str
    description: str
    data: bytes


def typeset(
    template: Literal["form", "receipt", "export", "report"],
    content: Mapping[str, Json],
    *,
    images: Mapping[str, bytes],
    attachment: Attachment,
    at: datetime,
) -> bytes:
    """Return the PDF file in which `content` is printed.

    Args:
        template: what it looks like.
        content: every text of it.
        images: SVG files of ours, by the names that the template knows.
        attachment: goes into the file.
        at: the file's date, so that it does not depend on a clock.

    Raises:
        InputError: no font has a glyph for a character, or the data cannot be printed.
    """
    import typst

    shown = _plain(dict(content))
    text = "".join(_texts(shown))
    inputs = {
        "content": json.dumps(shown, ensure_ascii=False),
        "families": json.dumps(fonts.families(text)),
        "attachment": json.dumps({"name": attachment.name, "description": attachment.description}),
    }
    sources: dict[str, bytes] = {f"{name}.typ": _source(name) for name in ("page", *TEMPLATES)}
    sources |= {"main.typ": f'#include "{template}.typ"\n'.encode(), "attachment.json": attachment.data, **images}
    compiler = typst.Compiler(sources, font_paths=fonts.library(), ignore_system_fonts=True, sys_inputs=inputs)  # type: ignore[type-var]
    try:
        made = compiler.compile(format="pdf", pdf_standards=_STANDARDS, timestamp=at)  # type: ignore[arg-type]
    except typst.TypstError as error:
        fonts.check_glyphs([text])
        reason = " ".join(error.message.split())[:200]
        raise InputError(f"paper: cannot be typeset: {reason}", code="paper-unprintable") from error
    if not isinstance(made, bytes):
        raise InputError("paper: cannot be typeset: expected one file", code="paper-unprintable")
    return made


def _source(name: str) -> bytes:
    return (files("provenance.paper") / f"{name}.typ").read_bytes()


def _plain(value: Json) -> Json:
    r"""Return a value in which every character that could act instead of show is written out as `\u{…}`."""
    if isinstance(value, str):
        return "".join(_shown(character) for character in unicodedata.normalize("NFC", value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _shown(character: str) -> str:
    if character in _HARMLESS or character == "\n" or unicodedata.category(character)[0] not in "CZ":
        return character
    if character == " " or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{{{ord(character):x}}}"


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
