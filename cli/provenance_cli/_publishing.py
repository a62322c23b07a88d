"""The publisher's policy at the command line: which one, what it says, and the exit code for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance import durable
from provenance.errors import InputError, RefusedError
from provenance.verification import Report
from provenance.verification.labelling import label_of
from provenance.verification.publishing import Answer, Publication, PublishingPolicy
from provenance.verification.publishing_files import MAX_BYTES, SHIPPED, parse_publishing_policy, shipped_text
from provenance_cli._options import WrongValueError
from provenance_cli._output import say, wrapped

EXIT_CODES = {Answer.DO_NOT_PUBLISH: 1, Answer.CHECK_FIRST: 3, Answer.OK: 0}

_Command = TypeVar("_Command", bound=Callable[..., Any])


def policy_option(function: _Command) -> _Command:
    """Add `--policy`."""
    return click.option(
        "--policy",
        "policy_name",
        metavar="NAME|FILE",
        help=f"Say whether to publish, by a policy: {', '.join(SHIPPED)}, or a file (TOML).",
    )(function)


def read_policy(name: str) -> PublishingPolicy:
    """Return the policy that is named: a shipped one, or else a file.

    Raises:
        InputError: there is no such policy, or it cannot be read as one.
    """
    if name in SHIPPED:
        return parse_publishing_policy(shipped_text(name).encode(), name=name)
    path = Path(name)
    if path.suffix != ".toml" and not path.exists():
        raise WrongValueError(
            f"policy: expected {', '.join(SHIPPED)} or a file, got {name!r}", hint="see provenance policy list"
        )
    data = durable.read(path, max_bytes=MAX_BYTES)
    return parse_publishing_policy(data, name=path.name)


def report_option(function: _Command) -> _Command:
    """Add `--report`."""
    return click.option(
        "--report",
        "report_path",
        type=click.Path(path_type=Path, readable=False, dir_okay=False),
        metavar="FILE.html|FILE.pdf",
        help="Write the whole report to this file, for people; nothing is replaced.",
    )(function)


def check_report_path(path: Path) -> None:
    """Refuse a place for a report before anything is checked.

    Raises:
        WrongValueError: it is named neither as a page nor as paper.
        MissingExtraError: what paper needs is not installed.
        RefusedError: there is something already.
        InputError: its folder does not exist.
    """
    if path.suffix.lower() not in (".html", ".pdf"):
        message = f"report: expected a file named .html or .pdf, got {path.name!r}"
        raise WrongValueError(message, hint="such as report.html")
    if path.suffix.lower() == ".pdf":
        # Here and not at the top: a page needs nothing of it.
        from provenance import paper

        paper.check_installed()
    if not path.parent.is_dir():
        raise InputError(
            f"report: no such folder as {path.parent.name}", code="folder-missing", hint="make it, or name another file"
        )
    if path.exists():
        raise RefusedError(f"{path.name}: exists already", code="exists", hint="name another file")


def print_answer(publication: Publication) -> None:
    """Print what to do, why, and which rule decided."""
    by = f"({publication.policy}: {publication.rule})"
    say(wrapped(publication.answer.words.upper(), f"{publication.sentence} {by}", width=15))


def print_label(report: Report) -> None:
    """Print the label that a picture may need, if any."""
    label = label_of(report)
    if label is not None:
        say(wrapped("Label", f"{label.wording}. {label.reason}", width=15))


def checked_question(error: InputError) -> WrongValueError:
    """Return a question that a policy does not ask as the wrong use that it is."""
    return WrongValueError(str(error), hint=error.hint)
