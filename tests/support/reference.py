"""The parts of the documents that follow from the code: the catalogue of markers, and the table of formats.

Run as a program, it writes them: `python tests/support/reference.py`.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from provenance.errors import InputError
from provenance.evidence import CATALOGUE, Claim, Effect, Marker, scan
from provenance.picture import STAMPABLE, PictureFormat, read_picture

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "reference" / "evidence.md"
README = ROOT / "README.md"

SOURCES: Mapping[str, str] = {
    "IPTC": "[Digital Source Type](https://cv.iptc.org/newscodes/digitalsourcetype/) NewsCodes, and the use that C2PA "
    "makes of them",
    "IPTC 2025.1": "[Photo Metadata Standard 2025.1](https://iptc.org/news/), November 2025",
    "A1111": "`modules/images.py` of AUTOMATIC1111/stable-diffusion-webui, which others follow",
    "ComfyUI": "`comfy_extras/nodes_images.py` of comfyanonymous/ComfyUI",
    "NovelAI": "the vendor's metadata scripts",
    "TC260": "GB 45438-2025 and the namespace `http://www.tc260.org.cn/ns/AIGC/1.0/`",
    "C2PA UX": "User Experience Guidance: enhancement is everywhere, and no generation",
    "EXIF": "CIPA DC-008",
    "press": "reported by people who looked at files; the vendor documents nothing",
    "observed": "seen in files; the vendor documents nothing, and it may change",
    "own": "this scanner's own bounds",
}
_EFFECTS = {Effect.REFUSE: "refused", Effect.CONFIRM: "needs a reason", Effect.NEUTRAL: "–", Effect.SUPPORT: "agrees"}
_KINDS = {
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC",
    "text": "PNG text",
    "trailer": "behind the picture",
    "c2pa": "C2PA",
    "flaw": "any",
}

_HEAD = """\
# Evidence

Before a picture is stamped, and whenever one is verified, its metadata are searched for these markers. They are matched
by their shape, in the fields of programs and in structures that programs write: never by words in a caption.

* **Strong evidence against a declaration refuses it**, and no option overrides that. Strong is a *proof* (a structure
  that no camera and no editor writes) or a vendor's own statement (*strong*).
* **Weak evidence needs a reason**: `--confirm "REASON"`. It goes into the studio's own record, and nowhere else.
* **Nothing found proves nothing.** Most marks are lost when a file is uploaded, copied or saved again, and marks in the
  pixels (SynthID, TrustMark and others) are not looked for: only their vendors can read them.
* No marker is ever removed.

`verify` does the same: where strong evidence contradicts what the credential says, the origin reads *conflict*, and the
verdict is FAILED.

What is looked at: EXIF, XMP (extended, compressed or in a box of its own, too), IPTC IIM, the texts of PNG, comments,
and what lies behind the end of a picture. Of personal data, no more is shown than the marker itself; numbers of a
device and prompts are only said to be *present*. Metadata that break off or are unreasonably large are a reason for
doubt themselves.

This page follows from the table in `provenance/evidence/catalogue.py`; a test compares them.

## Markers

"""
_TAIL = """\

A photograph here is what is stamped with `--as camera` or `--as retouched`; generated is what is stamped with `--as
ai-generated`. A picture of which AI changed a part, `--as ai-edited`, is contradicted by none of these markers. Where
all of several fields are needed, they are joined by +; where any of them will do, they stand beside each other.

## Sources

"""


def render_evidence() -> str:
    """Return the reference of the catalogue."""
    lines = ["| marker | who writes it | where | strength | as photograph | as generated | source |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    lines += [_row(marker) for marker in CATALOGUE]
    sources = [f"* **{name}**: {text}." for name, text in SOURCES.items()]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL + "\n".join(sources) + "\n"


def _row(marker: Marker) -> str:
    where = " + ".join(_fields(condition.fields) for condition in marker.conditions)
    effects = [_EFFECTS[marker.says.effects[claim]] for claim in (Claim.CAPTURED, Claim.AI_GENERATED)]
    cells = [f"`{marker.code}`", marker.about, where, marker.strength.value, *effects, marker.source]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _fields(names: tuple[str, ...]) -> str:
    """Return the names of fields, each kind once."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kind, _, rest = name.partition(":")
        kinds.setdefault(_KINDS[kind], []).append(rest)
    return "; ".join(f"{kind} {', '.join(f'`{n}`' for n in names if n)}".strip() for kind, names in kinds.items())


# --- the table of formats

FORMATS = "| format | checked | scanned | picture digest | stamped |\n| --- | --- | --- | --- | --- |\n"
_FORMATS = re.compile(r"\| format \| checked \|.*\n\| ---.*\n(?:\|.*\n)+")


def render_formats(examples: Mapping[PictureFormat, bytes], check: Callable[[PictureFormat, bytes], bool]) -> str:
    """Return the table of formats, by what the code does with one example of each.

    Args:
        examples: a picture of every format.
        check: tells whether credentials in a picture are read.
    """
    rows: dict[tuple[bool, ...], list[str]] = {}
    for kind in PictureFormat:
        data = examples[kind]
        abilities = (check(kind, data), _works(scan, data), _works(read_picture, data), kind in STAMPABLE)
        rows.setdefault(abilities, []).append({PictureFormat.WEBP: "WebP"}.get(kind, kind.name))
    answers = {True: "yes", False: "no"}
    return FORMATS + "".join(
        f"| {', '.join(names)} | {' | '.join(answers[able] for able in abilities)} |\n"
        for abilities, names in rows.items()
    )


def _works(read: Callable[[bytes], object], data: bytes) -> bool:
    try:
        read(data)
    except InputError:
        return False
    return True


def formats_in(readme: str) -> str:
    """Return the table of formats as a README has it."""
    found = _FORMATS.search(readme)
    assert found is not None, "the README has no table of formats"
    return found[0]


if __name__ == "__main__":
    EVIDENCE.write_text(render_evidence(), encoding="utf-8")
    sys.stdout.write(f"{EVIDENCE}\n")
