"""Reports of checks on paper, with the same reports as documents inside. Nobody seals them: they say what was found."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from provenance import __version__
from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.errors import InputError
from provenance.paper import fonts
from provenance.paper.typesetting import Attachment, typeset

_NAME = "reports.jsonl"


def typeset_report(told: Sequence[Mapping[str, Json]], *, closing: str, documents: bytes, at: datetime) -> bytes:
    """Return reports as a PDF file, one from a new page on each; the same ones always give the same bytes.

    Args:
        told: what each tells, as `provenance.verification.told` has it; every text is shown and none is markup.
        closing: the sentence at its end.
        documents: the reports as documents, one a line; they go with the file.
        at: when the check was made, in UTC.

    Raises:
        InputError: it cannot be printed.
    """
    content: dict[str, Json] = {
        "language": "en",
        "title": "Provenance report",
        "subtitle": "What was checked, and what came of it.",
        "studio": f"Headshot Provenance {__version__}",
        "facts": [
            ["Checked on", to_seconds(at)],
            ["Files", str(len(told))],
        ],
        "page": "Page {page} of {pages}",
        # Of the other documents.
        "since": None,
        "files": [dict(one) for one in told],
        "record": {
            "heading": "How it was checked",
            "rows": [
                ["By", f"Headshot Provenance {__version__}"],
                ["On", to_seconds(at)],
                ["For programs", f"The file {_NAME} within this one holds the same reports."],
            ],
        },
        "about": closing,
    }
    attachment = Attachment(_NAME, "The same reports for programs", documents)
    try:
        return typeset("report", content, images={}, attachment=attachment, at=at)
    except InputError as error:
        if error.code != "glyph-missing":
            raise
    # What a stranger's file is called must not keep anybody from a report.
    return typeset("report", _written_out(content), images={}, attachment=attachment, at=at)


def _written_out(content: Mapping[str, Json]) -> dict[str, Json]:
    return {name: _with_glyphs(value) for name, value in content.items()}


def _with_glyphs(value: Json) -> Json:
    if isinstance(value, str):
        return fonts.written_out(value)
    if isinstance(value, Mapping):
        return {name: _with_glyphs(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_with_glyphs(item) for item in value]
    return value
