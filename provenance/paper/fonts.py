"""The fonts that paper is set in: Noto Sans, and Amiri for Arabic; from installed packages and never the system."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from provenance.errors import InputError

if TYPE_CHECKING:
    from typst import Fonts

# In the order in which each character looks for its glyph.
# Noto Sans Arabic draws dots as glyphs of their own, which readers that copy text out of a file put in a wrong place.
FAMILIES: Final = (
    "Noto Sans",
    "Amiri",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
)
_FOLDERS: Final = {
    "fontpkg_noto_sans": "files",
    "fontpkg_amiri": "files",
    "fontpkg_noto_sans_arabic": "files",
    "fontpkg_noto_sans_devanagari": "files",
    "fontpkg_noto_sans_thai": "files",
    "justmytype_intl_cjk": "fonts/ofl",
    "justmytype_intl_rtl": "fonts/ofl/notosanshebrew",
}
# One Chinese character is drawn in four ways. The first of these character sets that holds all of a text decides.
_EAST_ASIAN: Final = {
    "Noto Sans JP": "cp932",
    "Noto Sans SC": "gb2312",
    "Noto Sans TC": "big5",
    "Noto Sans KR": "cp949",
}


def families(text: str) -> list[str]:
    """Return the families to set `text` in, those of East Asia in the order that fits it."""
    marked = "".join(character for character in text if _is_east_asian(character))
    fitting = [name for name, charset in _EAST_ASIAN.items() if _fits(marked, charset)]
    # A Korean name may be in all of them; one letter of Hangul tells.
    if any("HANGUL" in unicodedata.name(character, "") for character in marked):
        fitting.insert(0, "Noto Sans KR")
    return [*FAMILIES, *dict.fromkeys([*fitting, *_EAST_ASIAN])]


@cache
def library() -> "Fonts":
    """Return every font at hand, as the typesetter takes them."""
    from typst import Fonts

    folders = [str(folder) for folder in _folders()]
    return Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=folders)


def check_glyphs(texts: Iterable[str]) -> None:
    """Check that some font has a glyph for every character.

    Raises:
        InputError: one has none; the message names the character and its script, and repeats nothing of the text.
    """
    wanted = {character for text in texts for character in text if not character.isspace()}
    for character in sorted(wanted - _covered()):
        name = unicodedata.name(character, "without a name")
        raise InputError(
            f"paper: no font at hand can show U+{ord(character):04X} ({name.lower()})",
            code="glyph-missing",
            hint="the record itself is whole: provenance consent receipt CODE -o FILE.json",
        )


def written_out(text: str) -> str:
    r"""Return `text` with every character that no font at hand has a glyph for written out as `\u{…}`."""
    return "".join(c if c.isspace() or c in _covered() else f"\\u{{{ord(c):x}}}" for c in text)


def _folders() -> list[Path]:
    return [Path(str(files(package) / folder)) for package, folder in _FOLDERS.items()]


@cache
def _covered() -> frozenset[str]:
    """Return every character that has a glyph; takes a second or two, and only a failure asks."""
    from fontTools.ttLib import TTFont

    found: set[str] = set()
    for path in sorted(path for folder in _folders() for path in folder.rglob("*.ttf")):
        with TTFont(path, lazy=True) as font:
            found.update(map(chr, font.getBestCmap()))
    return frozenset(found)


def _is_east_asian(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL"))


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
