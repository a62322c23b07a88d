"""One line a file in the form of GitHub's workflow commands, which its web pages show beside the file."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from provenance.verification import Report
from provenance.verification.publishing import Publication
from provenance_cli._output import safe, say

_LEVELS = {0: "notice", 1: "error", 3: "warning"}

_Command = TypeVar("_Command", bound=Callable[..., Any])


def annotations_option(function: _Command) -> _Command:
    """Add `--annotations`."""
    return click.option(
        "--annotations", type=click.Choice(["github"]), help="Print one annotation a file, for a CI job, and no card."
    )(function)


def check_annotations(annotations: str | None, *, as_json: bool) -> None:
    """Refuse two forms of output at once.

    Raises:
        click.UsageError: both were asked for.
    """
    if annotations is not None and as_json:
        raise click.UsageError("expected --annotations or --json, got both")


def print_annotation(report: Report, said: Publication | None, *, code: int) -> None:
    """Print a workflow command: an error for exit code 1, a warning for 3, a notice for 0.

    GitHub reads the rest of such a line as it is but for `%`, line ends and, in a property, `:` and `,`.
    """
    title = report.verdict.value if said is None else f"{said.answer.words} ({said.policy}: {said.rule})"
    message = report.reason if said is None else said.sentence
    say(f"::{_LEVELS[code]} file={_property(report.file)},title={_property(title)}::{_data(message)}")


def _data(text: str) -> str:
    # Line ends are written out by then, as is all else that acts: GitHub's own escapes for them are not needed.
    return safe(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
