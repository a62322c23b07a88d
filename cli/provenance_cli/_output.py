"""How everything is said: data to stdout, the rest to stderr, and nothing that a file says can act on the terminal."""

import json
import shutil
import textwrap
import time
import unicodedata
from collections.abc import Iterable

import click

from provenance.canonical import Json

MAX_TEXT = 400
MIN_WIDTH = 40
MAX_WIDTH = 100
SECONDS_BETWEEN_LINES = 2.0


def safe(text: str) -> str:
    r"""Return `text` with every character that could act instead of show written out, and cut to a decent length.

    Control characters, line breaks, bidirectional overrides and other invisible formatting become `\u{…}`; letters
    of any script stay.
    """
    shown = "".join(
        character if character == "\u200d" or not _acts(character) else f"\\u{{{ord(character):x}}}"
        for character in text[: MAX_TEXT + 1]
    )
    return shown if len(text) <= MAX_TEXT else f"{shown}…"


def say(text: str = "") -> None:
    """Print one line of data."""
    click.echo(text)


def note(text: str) -> None:
    """Print one line that is not data."""
    click.echo(text, err=True)


def print_json(document: Json) -> None:
    """Print one document on one line, in ASCII, so that nothing in it can act on a terminal."""
    click.echo(json.dumps(document, separators=(",", ":")))


def print_error(message: str, *, hint: str | None = None) -> None:
    """Print an error, and what to do next."""
    click.echo(f"provenance: error: {safe(message)}", err=True)
    if hint:
        click.echo(f"hint: {safe(hint)}", err=True)


def wrapped(label: str, text: str, *, width: int = 12) -> str:
    """Return `label`, padded, and `text` beside it, folded to the terminal."""
    columns = max(MIN_WIDTH, min(shutil.get_terminal_size((80, 24)).columns, MAX_WIDTH))
    lines = textwrap.wrap(
        safe(text),
        columns,
        initial_indent=f"  {label:<{width}}",
        subsequent_indent=" " * (width + 2),
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(lines or [f"  {label}"])


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return such as `1 picture` or `3 pictures`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


class Counting:
    """Tells how far long work has come, in one line on standard error now and then; short work says nothing."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._first = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` are done, if it is time to."""
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            left = (now - self._first) / done * (total - done) if done else 0.0
            note(f"{done:,} of {total:,} {self._what} (about {_duration(left)} left)")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns as wide as their widest cell."""
    cells = [tuple(safe(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
