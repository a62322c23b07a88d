"""The screens: a consent kiosk, the person's receipt, a page that verifies pictures, and the same as an API.

Needs the extra `web`; its libraries are slow to load, and are imported where they are used. Pages are made here, on
the server, in hand-written HTML, CSS and ES modules; nothing on them comes from another host, and the public gets no
cookie.
"""

from typing import Final

from provenance.extras import check_extra

NEEDS: Final = ("fastapi", "uvicorn", "jinja2", "python_multipart", "segno")


def check_installed() -> None:
    """Check that all that the screens need is there, without loading it.

    Raises:
        MissingExtraError: something is not.
    """
    check_extra("web", *NEEDS, place="web")
