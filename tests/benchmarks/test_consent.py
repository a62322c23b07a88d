"""`provenance consent check` over few and over many stored records: an index answers, not a scan."""

import sqlite3
import time
import uuid
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from support.ratios import compare, interleaved
from support.studios import make_studio, record_consent

from provenance.consent.codes import new_code
from provenance.consent.events import _parse
from provenance.consent.records import parse_record
from provenance_cli.main import run

pytestmark = pytest.mark.benchmark

FEW, MANY = 100, 100_000
ROUNDS = 40


def test_a_check_takes_no_longer_over_many_records(tmp_path: Path) -> None:
    few, many = (_fill(tmp_path / str(count), count) for count in (FEW, MANY))
    measured = interleaved(
        {f"{MANY} records": lambda: _ask(*many), f"{FEW} records": lambda: _ask(*few)}, rounds=ROUNDS
    )
    compare("`provenance consent check`, nothing cached", measured, unit="s", goals={f"{FEW} records": "< 1.5×"})


def _fill(path: Path, count: int) -> tuple[Path, str]:
    """Make a studio with one consent among many rows of other codes, and return its place and that code."""
    with closing(make_studio(path)) as studio:
        recorded = record_consent(studio)
        (event, index) = recorded.events[0]
    names = [(str(uuid.uuid4()), code) for code in {new_code() for _ in range(count)} - {recorded.code}]
    row, data = recorded.row, event.to_bytes()
    with closing(sqlite3.connect(path / "studio.db")) as database, database:
        database.executemany(
            "INSERT INTO consent (record_id, code, secret_digest, envelope, entry_idx) VALUES (?, ?, ?, ?, ?)",
            ((name, code, name.encode(), row.envelope, row.entry_index) for name, code in names),
        )
        database.executemany(
            "INSERT INTO consent_event (record_id, number, envelope, entry_idx) VALUES (?, 1, ?, ?)",
            ((name, data, index) for name, _ in names),
        )
    return path, recorded.code


def _ask(path: Path, code: str) -> float:
    """Return how long one answer takes, with nothing remembered from the one before."""
    parse_record.cache_clear()
    _parse.cache_clear()
    start = time.perf_counter()
    with redirect_stdout(StringIO()):
        assert run(["consent", "check", code, "--for", "capture", "--studio", str(path)]) == 0
    return time.perf_counter() - start
