"""QR codes: as a picture within a page, and as text in a terminal."""

import io

from markupsafe import Markup


def as_svg(text: str, *, label: str) -> Markup:
    """Return the QR code of `text` as SVG that stands in a page; `label` says what it is."""
    import segno

    written = io.BytesIO()
    segno.make_qr(text, error="m").save(
        written, kind="svg", border=4, xmldecl=False, svgclass="square", lineclass=None, omitsize=True, title=label
    )
    # Of segno's own making: modules and a title that it escapes.
    return Markup(written.getvalue().decode("utf-8"))  # noqa: S704


def as_text(text: str) -> str:
    """Return the QR code of `text` in half blocks, light on dark, for a terminal."""
    import segno

    written = io.StringIO()
    segno.make_qr(text, error="l").terminal(written, border=2, compact=True)
    return written.getvalue()
