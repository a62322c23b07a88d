"""The consents of a studio as a table for spreadsheets (RFC 4180)."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

import click

from provenance.clock import to_seconds
from provenance.consent.scopes import Scope
from provenance.consent.status import authorised, stand
from provenance.studio.consents import Recorded

_HEADS = ("code", "signed", "state", "kind", "assurance", "name", "until")
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_csv(rows: Iterable[tuple[Recorded, str, str]], *, at: datetime) -> None:
    """Print a row for each consent with its name and state: what each scope was decided, and what it is at `at`.

    The text is UTF-8 with a byte order mark, without which spreadsheets take it for something else. A cell that a
    spreadsheet would run begins with an apostrophe.
    """
    click.echo("\ufeff", nl=False)
    _print([*_HEADS, *Scope])
    for recorded, name, state in rows:
        record, history = recorded.record, recorded.history
        permitted = [grant.scope for grant in record.grants if grant.decision == "permit"]
        ends = [stand(record, history, scope=scope, at=at).until for scope in permitted]
        until = min((str(end) for end in ends if end is not None), default="")
        decided = {grant.scope: grant.decision for grant in record.grants}
        answers = [_answer(recorded, scope, decided.get(scope), at) for scope in Scope]
        signed = to_seconds(record.created_at)
        _print([recorded.code, signed, state, str(record.body["kind"]), record.assurance, name, until, *answers])


def _answer(recorded: Recorded, scope: Scope, decision: str | None, at: datetime) -> str:
    if decision is None or decision == "deny":
        return "" if decision is None else "denied"
    return authorised(recorded.record, recorded.history, scope=scope, at=at).code.value


def _print(cells: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    click.echo(line.getvalue(), nl=False)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
