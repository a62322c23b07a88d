"""What a test expects of a refusal: its kind, its message, its code and its hint."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provenance.errors import ProvenanceError


@contextmanager
def refused(kind: type[Exception], message: str, *, code: str | None = None, hint: str | None = None) -> Iterator[None]:
    """Expect an error of exactly this kind and message.

    Args:
        kind: the class itself, not one above it.
        message: all of it; where it ends with `…`, how it begins.
        code: the code, where it is not the one of the kind.
        hint: the hint; none is expected unless one is given here.
    """
    pattern = re.escape(message.removesuffix("…")) + ("" if message.endswith("…") else r"\Z")
    with pytest.raises(kind, match=rf"\A{pattern}") as caught:
        yield
    error = caught.value
    assert type(error) is kind
    assert_plain_message(error)
    if isinstance(error, ProvenanceError):
        assert error.code == (code or error.default_code)
        assert error.hint == hint


def assert_plain_message(error: Exception) -> None:
    """Check the form that every message has: one line, lower case at its start, no full stop at its end."""
    message = str(error)
    assert message.isprintable(), "expected one line without control characters"
    assert message[0].islower(), "expected lower case at its start"
    assert not message.endswith("."), "expected no full stop at its end"
