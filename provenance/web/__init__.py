"""The screens: a consent kiosk, the person's receipt, a page that verifies pictures, and the same as an API.

Needs the extra `web`; its libraries are slow to load, and are imported where they are used. Pages are made here, on
the server, in hand-written HTML, CSS and ES modules; nothing on them comes from another host, and the public gets no
cookie.
"""

import importlib.util
from typing import Final

from provenance.errors import StudioError

NEEDS: Final = ("fastapi", "uvicorn", "jinja2", "python_multipart", "segno")


def check_installed() -> None:
    """Check that all that the screens need is there, without loading it.

    Raises:
        StudioError: something is not.
    """
    for name in NEEDS:
        if importlib.util.find_spec(name) is None:
            raise StudioError(
                f"web: the library {name} is not installed",
                code="extra-missing",
                hint="pip install 'headshot-provenance[web]'",
            )
