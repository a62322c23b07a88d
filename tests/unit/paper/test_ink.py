"""Ink is drawn anew: strokes stay, and whatever else a drawing could hold is never printed."""

import base64
import io
import os

import pytest
from PIL import Image
from support.papers import make_form, print_form

from provenance.paper.ink import MAX_DEPTH, PRINTED_PIXELS, printable
from provenance.paper.sealing import MAX_SEALED_BYTES

SVG = 'xmlns="http://www.w3.org/2000/svg"'
STROKE = '<path d="M 0 0 C 1 2 3 4 5 6" stroke="#112" fill="none" stroke-width="2"/>'


def url(data: bytes, kind: str = "svg+xml") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def drawn(inside: str, start: str = 'viewBox="0 0 9 9"') -> str:
    return url(f"<svg {SVG} {start}>{inside}</svg>".encode())


def test_strokes_stay_as_they_are() -> None:
    data = printable(drawn(f"<title>mine</title><g>{STROKE}</g>")) or b""
    assert b'd="M 0 0 C 1 2 3 4 5 6"' in data
    assert b'stroke-width="2"' in data
    assert b"mine" not in data


def test_what_is_no_stroke_of_a_stroke_is_left_out() -> None:
    sly = '<path d="M0 0" onload="x()" href="file:///etc/passwd" style="stroke:#000;fill:url(#f);mask:url(x)"/>'
    data = printable(drawn(sly)) or b""
    assert b'stroke="#000"' in data
    assert not any(word in data for word in (b"onload", b"href", b"url", b"mask"))


@pytest.mark.parametrize(
    "signature",
    [
        drawn('<image href="/etc/passwd" width="9" height="9"/>'),
        drawn('<use href="#a"/>'),
        drawn("<text>signed by somebody else</text>"),
        drawn("<style>path{}</style>"),
        drawn("words"),
        drawn("<g>" * (MAX_DEPTH + 1) + "</g>" * (MAX_DEPTH + 1)),
        drawn(STROKE, start=""),
        drawn(STROKE, start='viewBox="0 0 1e9 1e9"'),
        drawn(STROKE, start='viewBox="0 0 nan nan"'),
        drawn(STROKE * 6000),
        url(b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>'),
        url(b"<svg"),
        url(b"\x89PNG\r\n\x1a\nbroken", "png"),
        "data:image/png;base64,=",
        "Zoë Ångström",
        "",
    ],
)
def test_anything_else_is_not_printed(signature: str) -> None:
    assert printable(signature) is None


def test_a_drawing_that_is_not_printed_still_gives_a_release() -> None:
    assert print_form(make_form({"signature": drawn('<image href="x"/>')})).startswith(b"%PDF-")
    assert print_form(make_form({"signature": drawn(STROKE)})).startswith(b"%PDF-")


def test_a_large_picture_is_made_small() -> None:
    noise = Image.frombytes("RGBA", (2000, 250), os.urandom(2_000_000))
    written = io.BytesIO()
    noise.save(written, "PNG")
    signature = url(written.getvalue(), "png")
    data = printable(signature) or b""
    picture = data.split(b"base64,")[1].split(b'"')[0]
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert image.mode == "RGB"
        assert image.width <= PRINTED_PIXELS[0]
        assert image.height <= PRINTED_PIXELS[1]
    assert 1_000_000 < len(print_form(make_form({"signature": signature}))) < MAX_SEALED_BYTES
