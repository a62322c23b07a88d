"""Forms: reading their fields, and the marks on them.

Each page with a form gets a mark, and what is sent back without it was not sent from that page. A mark is kept
nowhere: it is a random number and a time under a key of this process. A page of somebody else's cannot read one, and
it serves as the number of what the form is about.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.requests import Request

from provenance.canonical import to_base64url
from provenance.errors import RefusedError

MARK_SECONDS: Final = 12 * 60 * 60.0
MAX_FIELDS: Final = 100
MAX_FIELD_BYTES: Final = 768 * 1024


async def read_fields(request: Request) -> dict[str, list[str]]:
    """Return every field of a form; it has no files."""
    found: dict[str, list[str]] = {}
    async with request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found


def first(form: Mapping[str, Sequence[str]], name: str) -> str:
    """Return the first text of a field; an empty one where there is none."""
    return next(iter(form.get(name, ())), "")


class FormMarks:
    """Makes and checks the marks of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = secrets.token_bytes(32)
        self._clock = clock

    def new(self) -> str:
        """Return a mark for one form."""
        return self._signed(f"{to_base64url(secrets.token_bytes(16))}.{int(self._clock())}")

    def check(self, mark: str) -> None:
        """Check that `mark` is one that was made here within the last twelve hours.

        Raises:
            RefusedError: it is not.
        """
        text, _, _ = mark.rpartition(".")
        _, _, made = text.rpartition(".")
        genuine = hmac.compare_digest(self._signed(text).encode(), mark.encode("utf-8", "replace"))
        if not genuine or not 0 <= self._clock() - int(made) <= MARK_SECONDS:
            raise RefusedError(
                "form: expected one of a page that this server sent", code="form-mark", hint="open the page again"
            )

    def age(self, mark: str) -> float:
        """Return how long ago a mark was made that `check` let pass, in seconds; that is when its page was shown."""
        return max(0.0, self._clock() - int(mark.split(".")[1]))

    def _signed(self, text: str) -> str:
        made = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).digest()
        return f"{text}.{to_base64url(made)}"
