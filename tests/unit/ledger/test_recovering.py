"""A restored ledger, rolled forward to exactly what was published, and not by one entry against it."""

import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.plain_store import PlainStore
from support.published import extend, make_store, place, publish_sizes, publish_to, tree
from support.refusals import refused

from provenance.errors import (
    CorruptLedgerError,
    InputError,
    LedgerError,
    RolledBackError,
    VerificationError,
)
from provenance.ledger.growing import grow
from provenance.ledger.log import new_entry_id
from provenance.ledger.recovering import Recovered, recover
from provenance.merkle import Frontier
from provenance.storage.interface import EntryRow, LedgerStore

LOG = Log()
AUDIT = "run provenance ledger audit; restore an older backup that is whole"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


def roll(store: PlainStore, source: Path, log: Log = LOG) -> Recovered:
    return recover(store, place(source), log_keys=[log.key])


def same(store: PlainStore, other: PlainStore) -> None:
    """Check that two stores hold the same log."""
    assert store.frontier == other.frontier
    assert store.full_tiles == other.full_tiles
    assert [(row.index, row.leaf_hash, row.body) for row in store.rows] == [
        (row.index, row.leaf_hash, row.body) for row in other.rows
    ]


def snapshot(store: PlainStore) -> tuple[object, ...]:
    return (store.frontier, [*store.rows], {**store.full_tiles}, {**store.notes}, [*store.lines])


@pytest.mark.parametrize(
    ("old", "size"),
    [(0, 1), (1, 2), (255, 256), (256, 257), (3, 600), (300, 5000), (511, 513), (0, 700), (4096, 8193)],
)
def test_a_restored_ledger_becomes_what_was_published(source: Path, old: int, size: int) -> None:
    lost = publish_sizes(source, LOG, [size])
    restored = make_store(LOG, old)
    recovered = roll(restored, source)
    same(restored, lost)
    assert (recovered.checkpoint.size, recovered.old_size) == (size, old)
    assert sum(recovered.new_entries.values()) == size - old
    assert restored.latest_checkpoint() == lost.notes[size]


def test_the_ledger_grows_on_and_is_published_again(source: Path) -> None:
    publish_sizes(source, LOG, [300])
    restored = make_store(LOG, 100)
    roll(restored, source)
    assert publish_to(restored, source, LOG).files == 0
    extend(restored, LOG, 600)
    assert publish_to(restored, source, LOG).old_size == 300
    fresh = source.with_name("fresh")
    publish_sizes(fresh, LOG, [300, 600])
    assert tree(source) == tree(fresh)


def test_what_came_back_is_counted_by_type(source: Path) -> None:
    store = publish_sizes(source, LOG, [8])
    extend(store, LOG, 10, salt=b"unreadable")
    publish_to(store, source, LOG)
    assert roll(make_store(LOG, 4), source).new_entries == {"consent": 1, "consent-event": 1, "stamp": 2, "unknown": 2}


def test_every_entry_that_came_back_has_an_id_of_its_own(source: Path) -> None:
    publish_sizes(source, LOG, [600])
    restored = make_store(LOG, 10)
    roll(restored, source)
    assert len({row.entry_id for row in restored.rows}) == 600
    assert {uuid.UUID(bytes=row.entry_id).version for row in restored.rows} == {7}


def test_an_empty_store_is_filled(source: Path) -> None:
    lost = publish_sizes(source, LOG, [300])
    empty = PlainStore()
    recovered = roll(empty, source)
    same(empty, lost)
    assert recovered.old_size == 0


@pytest.mark.parametrize("ahead", [0, 1, 300])
def test_a_ledger_that_has_everything_is_left_as_it_is(source: Path, ahead: int) -> None:
    publish_sizes(source, LOG, [300])
    store = make_store(LOG, 300 + ahead)
    before = snapshot(store)
    recovered = roll(store, source)
    assert snapshot(store) == before
    assert (recovered.checkpoint.size, recovered.old_size, recovered.new_entries) == (300 + ahead, 300 + ahead, {})


def test_an_empty_log_brings_nothing_back(source: Path) -> None:
    publish_sizes(source, LOG, [0])
    store = PlainStore()
    recovered = roll(store, source)
    assert (recovered.checkpoint.size, recovered.new_entries, store.notes) == (0, {}, {})


def test_signatures_of_others_are_not_taken_over_unchecked(source: Path) -> None:
    lost = publish_sizes(source, LOG, [5])
    stranger = Log("witness.example")
    line = stranger.checkpoint(5).decode().split("\n\n")[1]
    (source / "checkpoint").write_bytes(lost.notes[5] + line.encode())
    restored = make_store(LOG, 3)
    roll(restored, source)
    assert restored.notes[5] == lost.notes[5]
    # Published again, the checkpoint still carries them.
    publish_to(restored, source, LOG)
    assert tree(source)["checkpoint"] == lost.notes[5] + line.encode()


def test_progress_is_told(source: Path) -> None:
    publish_sizes(source, LOG, [5000])
    told: list[tuple[int, int]] = []
    recover(
        make_store(LOG, 100),
        place(source),
        log_keys=[LOG.key],
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(4352, 5000), (5000, 5000)]


@pytest.mark.parametrize(("old", "size"), [(300, 300), (300, 400), (300, 200), (300, 201)])
def test_a_ledger_that_went_its_own_way_is_left_as_it_is(source: Path, old: int, size: int) -> None:
    lost = make_store(LOG, 150)
    extend(lost, LOG, size, salt=b"other")
    publish_to(lost, source, LOG)
    store = make_store(LOG, old)
    before = snapshot(store)
    with refused(
        RolledBackError,
        f"ledger: of {min(old, size)} entries the root is …",
        code="log-forked",
        hint="restore a backup from before the two parted, and recover that one",
    ):
        roll(store, source)
    with pytest.raises(RolledBackError) as caught:
        roll(store, source)
    assert caught.value.notes == (store.notes[old], lost.notes[size])
    assert snapshot(store) == before


def test_another_log_is_not_recovered_from(source: Path) -> None:
    other = Log("other.example/log")
    publish_sizes(source, other, [5])
    with refused(
        LedgerError, f"checkpoint: expected the log {LOG_ORIGIN}, got 'other.example/log'", code="checkpoint-origin"
    ):
        recover(make_store(LOG, 3), place(source), log_keys=[LOG.key, other.key])


def test_a_checkpoint_of_somebody_else_is_not_recovered_from(source: Path) -> None:
    publish_sizes(source, Log(), [5])
    with refused(VerificationError, "note: expected a signature of …", code="note-unknown-signer"):
        roll(make_store(LOG, 3), source)


def test_a_head_that_no_checkpoint_covers_is_refused(source: Path) -> None:
    publish_sizes(source, LOG, [5])
    store = make_store(LOG, 3)
    note = store.notes.pop(3)
    with refused(CorruptLedgerError, "head: has size 3, but no checkpoint was signed"):
        roll(store, source)
    store.notes[3] = note
    store.frontier = Frontier().extend(row.leaf_hash for row in store.rows[:2])
    with refused(CorruptLedgerError, "head: expected size 3 and root …", hint=AUDIT):
        roll(store, source)


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/entries/004", "tile/entries/019.p/136"])
def test_a_ledger_is_left_as_it_is_where_a_bundle_is_wrong(source: Path, name: str) -> None:
    publish_sizes(source, LOG, [5000])
    data = bytearray((source / name).read_bytes())
    data[-1] ^= 1
    (source / name).write_bytes(data)
    store = make_store(LOG, 100)
    before = snapshot(store)
    with refused(CorruptLedgerError, f"{name}: does not hash to what the checkpoint signs", code="tile-unsigned"):
        roll(store, source)
    assert snapshot(store) == before


def test_a_ledger_is_left_as_it_is_where_a_bundle_is_missing(source: Path) -> None:
    publish_sizes(source, LOG, [5000])
    (source / "tile/entries/018").unlink()
    store = make_store(LOG, 100)
    before = snapshot(store)
    with refused(LedgerError, f"tile/entries/018: missing at {source}", code="tile-missing"):
        roll(store, source)
    assert snapshot(store) == before


@pytest.mark.parametrize("old", [100, 300])
def test_a_store_that_does_not_add_up_is_left_as_it_is(source: Path, old: int) -> None:
    publish_sizes(source, LOG, [600])
    store = make_store(LOG, old)
    at = old - 1
    store.rows[at] = EntryRow(at, b"\x01" * 32, store.rows[at].entry_id, store.rows[at].body)
    before = snapshot(store)
    with refused(CorruptLedgerError, f"checkpoint {old}: expected root …", hint=AUDIT):
        roll(store, source)
    assert snapshot(store) == before


def test_a_ledger_that_grew_wrongly_is_undone(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def grow_wrongly(store: LedgerStore, frontier: Frontier, rows: Sequence[EntryRow]) -> Frontier:
        grown = grow(store, frontier, rows)
        return Frontier(grown.size, (*grown.hashes[:-1], bytes(32)))

    publish_sizes(source, LOG, [300])
    store = make_store(LOG, 100)
    before = snapshot(store)
    monkeypatch.setattr("provenance.ledger.recovering.grow", grow_wrongly)
    with refused(CorruptLedgerError, "checkpoint 300: expected root …"):
        roll(store, source)
    assert snapshot(store) == before


def test_nothing_is_recovered_from_nothing(source: Path) -> None:
    source.mkdir()
    with refused(LedgerError, f"checkpoint: expected one at {source}, got nothing", code="checkpoint-missing"):
        roll(make_store(LOG, 3), source)
    (source / "checkpoint").write_bytes(b"rubbish")
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        roll(make_store(LOG, 3), source)
    shutil.rmtree(source)


def test_an_entry_id_is_a_uuid_of_version_7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid.UUID(bytes=new_entry_id()) for _ in range(100)]
    after = time.time_ns() // 1_000_000
    assert len(set(ids)) == 100
    for found in ids:
        assert (found.version, found.variant) == (7, uuid.RFC_4122)
        assert before <= found.int >> 80 <= after
