"""Making a page: Jinja2, which escapes whatever is put into it, and fails where something is missing."""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from provenance import __version__
from provenance.web.words import LANGUAGES, direction_of, name_of, words_for

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC: Final = "static"


def page(name: str, *, language: str = "en", status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """Return a page.

    Args:
        name: of its template, without the ending.
        language: that it is in; of `w` and of everything that is not marked as being in another.
        status: of the answer.
        values: what stands in it.
    """
    words = words_for(language)
    text = (
        _environment()
        .get_template(f"{name}.html")
        .render(w=words, language=words.language, direction=direction_of(words.language), **{"bar": None, **values})
    )
    return HTMLResponse(text, status)


def spoken_by(request: Request) -> str:
    """Return the language that somebody chose, else one of their browser's that these pages speak, else English."""
    chosen = request.query_params.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(",")[:10]:
        words = words_for(part.split(";")[0].strip() or "en")
        if part.strip().lower().startswith(words.language):
            return words.language
    return "en"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("provenance.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(direction_of=direction_of, name_of=name_of, tongues=tuple(LANGUAGES), version=__version__)
    return made
