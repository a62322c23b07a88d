"""Group commit: nobody's entry is lost, mixed up or answered before it is durable."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support.ledgers import identified, numbered, open_ledger
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused

from provenance.entries import Entry
from provenance.errors import CorruptLedgerError, LedgerError, StudioError
from provenance.ledger import Appended, Ledger, audit
from provenance.ledger.sequencing import MAX_WAITING, Sequencer, sequenced

LOG = Log()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_ledger(tmp_path / "studio.db", LOG, size=1):
        return tmp_path / "studio.db"


def opening(path: Path) -> "AbstractContextManager[Ledger]":
    @contextmanager
    def open_one() -> Iterator[Ledger]:
        with open_ledger(path, LOG) as (_, ledger):
            yield ledger

    return open_one()


def test_every_waiter_gets_the_place_of_its_own_entry(path: Path) -> None:
    places: dict[bytes, int] = {}

    def submit(first: int) -> None:
        for number in range(first, first + 20):
            (entry,) = identified(numbered(number))
            (appended,) = sequencer.append([entry])
            places[appended.body] = appended.index

    with sequenced(lambda: opening(path)) as sequencer:
        threads = [threading.Thread(target=submit, args=(100 * n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with open_ledger(path, LOG) as (database, ledger):
        assert audit(database, keys=ledger.log_keys()).entries == 321
        assert {row.body: row.index for row in database.entries(1, 321)} == places


def test_those_who_wait_share_a_checkpoint(path: Path) -> None:
    with sequenced(lambda: opening(path)) as sequencer:
        waiting = [sequencer.submit(identified(numbered(n))) for n in range(500)]
        indexes = [future.result()[0].index for future in waiting]
    assert indexes == list(range(1, 501))
    with open_ledger(path, LOG) as (database, _):
        assert len(list(database.checkpoints())) < 100


def test_entries_that_are_handed_over_together_stay_together(path: Path) -> None:
    with sequenced(lambda: opening(path)) as sequencer:
        futures = [sequencer.submit(identified(*(numbered(n) for n in range(size)))) for size in (3, 0, 1, 1500, 2)]
        sizes = [[appended.index for appended in future.result()] for future in futures]
    assert [len(indexes) for indexes in sizes] == [3, 0, 1, 1500, 2]
    assert [index for indexes in sizes for index in indexes] == list(range(1, 1507))


def test_an_entry_that_cannot_be_appended_fails_alone(path: Path) -> None:
    ((entry_id, entry),) = identified(numbered(1))
    with sequenced(lambda: opening(path)) as sequencer:
        sequencer.append([(entry_id, entry)])
        good = [sequencer.submit(identified(numbered(n))) for n in range(10)]
        bad = sequencer.submit([(entry_id, numbered(2))])
        more = [sequencer.submit(identified(numbered(n))) for n in range(10)]
        with refused(CorruptLedgerError, "entry 1: its id stands for other bytes"):
            bad.result()
        assert Counter(len(future.result()) for future in good + more) == {1: 20}


def test_what_was_handed_over_before_closing_is_appended(path: Path) -> None:
    sequencer = Sequencer(lambda: opening(path))
    futures = [sequencer.submit(identified(numbered(n))) for n in range(50)]
    sequencer.close()
    assert all(future.is_done() for future in futures)
    with refused(LedgerError, "ledger: closed, and takes no more entries", code="ledger-closed"):
        sequencer.submit(identified(numbered(1)))
    sequencer.close()


def test_a_ledger_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    def fail() -> "AbstractContextManager[Ledger]":
        raise StudioError("studio.db: no such database")

    with refused(StudioError, "studio.db: no such database"):
        Sequencer(fail)


def test_too_many_who_wait_are_turned_away(path: Path) -> None:
    held = threading.Event()

    class Held(Ledger):
        def append(self, entries: Sequence[tuple[bytes, Entry]]) -> list[Appended]:
            held.wait()
            return super().append(entries)

    @contextmanager
    def open_held() -> Iterator[Ledger]:
        with open_ledger(path, LOG) as (database, _):
            yield Held(database, log_origin=LOG_ORIGIN, signers=[LOG.signer])

    with sequenced(open_held) as sequencer:
        try:
            accepted = []
            message = f"ledger: {MAX_WAITING} appends are waiting already"
            with refused(LedgerError, message, code="ledger-busy", hint="try again in a moment"):
                while True:
                    accepted.append(sequencer.submit(identified(numbered(1))))
            assert len(accepted) >= MAX_WAITING
        finally:
            held.set()
        assert [future.result()[0].index for future in accepted] == list(range(1, len(accepted) + 1))
