"""Signatures in ink as they can be printed: strokes drawn anew, because whoever made the picture may be hostile."""

import base64
import binascii
import io
import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.parsers import expat

MAX_DEPTH: Final = 16
MAX_STROKES: Final = 5000
MAX_PIXELS: Final = 40_000_000
PRINTED_PIXELS: Final = (1600, 800)

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_DATA_URL = re.compile(r"data:image/(svg\+xml|png);base64,([A-Za-z0-9+/=]+)", re.ASCII)
_STROKES: Final = ("path", "polyline", "polygon", "line", "circle", "ellipse", "rect")
_SILENT: Final = ("title", "desc", "metadata")
_NUMBERS: Final = re.compile(r"[-+0-9eE., \t\n]*", re.ASCII)
_ATTRIBUTES: Final = {
    **dict.fromkeys(("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry"), _NUMBERS),
    **dict.fromkeys(("width", "height", "stroke-width", "opacity", "stroke-opacity", "fill-opacity"), _NUMBERS),
    **dict.fromkeys(("points", "viewBox"), _NUMBERS),
    "d": re.compile(r"[-+0-9eE., \t\nMmLlHhVvCcSsQqTtAaZz]*", re.ASCII),
    "transform": re.compile(r"((matrix|translate|scale|rotate)\([-+0-9eE., ]*\)[, ]*){0,4}", re.ASCII),
    **dict.fromkeys(("fill", "stroke"), re.compile(r"[a-zA-Z]{1,20}|#[0-9a-fA-F]{3,8}|rgba?\([0-9.,% ]+\)", re.ASCII)),
    "stroke-linecap": re.compile("butt|round|square"),
    "stroke-linejoin": re.compile("miter|round|bevel"),
    "fill-rule": re.compile("nonzero|evenodd"),
}


def printable(signature: str) -> bytes | None:
    """Return an SVG of ours that shows the ink in a `signature`; None where none can be printed.

    Of an SVG only strokes are taken over, with their colours and widths; one that holds anything else that would be
    seen, such as text, a picture or a link, is not printed. A PNG is decoded, laid on white and encoded anew.
    """
    found = _DATA_URL.fullmatch(signature)
    if found is None:
        return None
    try:
        data = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return None
    return _redrawn(data) if found[1] == "png" else _strokes(data)


class _Unfit(Exception):
    """The drawing holds something else than strokes."""


class _Drawing:
    """Takes strokes over from one SVG into another."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._silent = 0
        self._strokes = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self._silent or local in _SILENT:
            self._silent += 1
            return
        self._strokes += 1
        if len(self._open) >= MAX_DEPTH or self._strokes > MAX_STROKES:
            raise _Unfit
        kept = {
            key: value for key, value in attributes.items() if key in _ATTRIBUTES and _ATTRIBUTES[key].fullmatch(value)
        }
        if self.root is None and local == "svg":
            self.root = Element("svg", {"xmlns": _NAMESPACE, **_sized(kept, attributes)})
            self._open.append(self.root)
        elif self._open and (local == "g" or local in _STROKES):
            styled = {**kept, **_style(attributes.get("style", ""))}
            self._open.append(SubElement(self._open[-1], local, styled))
        else:
            raise _Unfit

    def end(self, _name: str) -> None:
        if self._silent:
            self._silent -= 1
        else:
            self._open.pop()

    def text(self, data: str) -> None:
        if data.strip() and not self._silent:
            raise _Unfit

    def doctype(self, *_: object) -> None:
        raise _Unfit


def _strokes(data: bytes) -> bytes | None:
    drawing = _Drawing()
    parser = expat.ParserCreate()
    parser.StartElementHandler = drawing.start
    parser.EndElementHandler = drawing.end
    parser.CharacterDataHandler = drawing.text
    parser.StartDoctypeDeclHandler = drawing.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Unfit, ValueError):
        return None
    return None if drawing.root is None else tostring(drawing.root)


def _sized(kept: dict[str, str], attributes: dict[str, str]) -> dict[str, str]:
    """Return the size of a drawing as its `viewBox`, which every renderer reads alike."""
    box = [_number(part) for part in kept.get("viewBox", "").replace(",", " ").split()]
    if len(box) != 4:
        box = [0.0, 0.0, *(_number(attributes.get(side, "").removesuffix("px")) for side in ("width", "height"))]
    if not all(0 < side < 100_000 for side in box[2:]) or not all(abs(start) < 100_000 for start in box[:2]):
        raise _Unfit
    strokes = {name: value for name, value in kept.items() if name not in ("viewBox", "width", "height", "x", "y")}
    return {**strokes, "viewBox": " ".join(f"{part:g}" for part in box)}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _style(text: str) -> dict[str, str]:
    found = {}
    for declaration in text.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in _ATTRIBUTES and _ATTRIBUTES[name].fullmatch(value.removesuffix("px")):
            found[name] = value.removesuffix("px")
    return found


def _redrawn(data: bytes) -> bytes | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            ink = image.convert("RGBA")
    # A picture can be broken in more ways than Pillow has one error for.
    except Exception:
        return None
    ink.thumbnail(PRINTED_PIXELS)
    page = Image.new("RGB", ink.size, "white")
    page.paste(ink, mask=ink.getchannel("A"))
    written = io.BytesIO()
    page.save(written, "PNG", optimize=True)
    # The typesetter takes files of text only.
    picture = base64.b64encode(written.getvalue()).decode("ascii")
    size = {"width": str(page.width), "height": str(page.height)}
    root = Element("svg", {"xmlns": _NAMESPACE, "viewBox": f"0 0 {page.width} {page.height}"})
    SubElement(root, "image", {**size, "href": f"data:image/png;base64,{picture}"})
    return tostring(root)
