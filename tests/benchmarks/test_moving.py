"""How long it takes to move a large studio to a server."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from support.consents import NOW
from support.ledgers import empty_database, identified, numbered
from support.logs import Log
from support.postgres import running
from support.ratios import figure

from provenance.ledger import Ledger
from provenance.storage.database import Database
from provenance.studio.moving import move_studio
from provenance.studio.settings import Settings

ENTRIES = 1_000_000
LIMIT_SECONDS = 60

pytestmark = pytest.mark.benchmark


def test_a_million_entries_are_moved_within_a_minute(tmp_path: Path) -> None:
    log = Log()
    (tmp_path / "provenance.toml").write_bytes(
        Settings("Studio", None, None, log.key.name, log.key.to_text()).to_bytes()
    )
    (tmp_path / "studio.db").write_bytes(empty_database())
    with closing(Database(tmp_path / "studio.db")) as database:
        ledger = Ledger(database, log_origin=log.key.name, signers=[log.signer])
        ledger.create(NOW)
        for start in range(1, ENTRIES, 4096):
            ledger.append(identified(*map(numbered, range(start, min(start + 4096, ENTRIES)))))
        proof = ledger.prove(12345)
        head = database.head()
    with running(on_disk=True) as server:
        begun = time.perf_counter()
        moved = move_studio(tmp_path, server.url(), told=lambda done, total: None)
        seconds = time.perf_counter() - begun
        with closing(Database(server.url())) as database:
            assert database.head() == head
            assert Ledger(database, log_origin=log.key.name).prove(12345) == proof
    figure("Moving a studio to PostgreSQL", f"{moved.entries:,} entries", seconds, "s", goal=f"≤ {LIMIT_SECONDS} s")
    assert moved.entries == ENTRIES
    assert seconds <= LIMIT_SECONDS
