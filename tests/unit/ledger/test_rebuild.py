from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
from support.logs import Log
from support.memory_store import MemoryStore, bodies_of, in_turn, signed, store_of
from support.refusals import refused

from provenance.errors import CorruptLedgerError
from provenance.ledger import RebuildReport, audit, rebuild
from provenance.ledger.rebuild import AUDIT_HINT
from provenance.merkle import Frontier, leaf_hash, root_hash
from provenance.storage.interface import LogKeyRow, TileRow

LOG = Log()
SIZE = 600
BODIES = bodies_of(LOG, SIZE)
CLEAN = store_of(LOG, BODIES, signed_sizes=[1, 300, 600])

Harm = Callable[[MemoryStore], object]


@pytest.fixture
def store() -> MemoryStore:
    return deepcopy(CLEAN)


def report(*, tiles: int = 0, head: bool = False, log_keys: bool = False) -> RebuildReport:
    return RebuildReport(SIZE, tiles, head, log_keys)


def test_a_ledger_that_is_whole_stays_as_it_is(store: MemoryStore) -> None:
    tile = store.full[0, 0]
    assert rebuild(store, keys=[LOG.key]) == report()
    assert store == CLEAN
    assert store.full[0, 0] is tile


TILE = CLEAN.full[0, 1]

HARM: dict[str, tuple[Harm, RebuildReport]] = {
    "all tiles": (lambda store: store.full.clear(), report(tiles=2)),
    "a tile": (lambda store: store.full.pop((0, 1)), report(tiles=1)),
    "nodes": (
        lambda store: store.full.update({(0, 1): replace(TILE, nodes=bytes(12_224))}),
        report(tiles=1),
    ),
    "root": (lambda store: store.full.update({(0, 1): replace(TILE, root=bytes(32))}), report(tiles=1)),
    "too many tiles": (
        lambda store: store.add_tiles([TileRow(level, 2, b"", b"") for level in (-3, 0, 1, 7)]),
        report(tiles=4),
    ),
    "no head": (lambda store: setattr(store, "frontier", None), report(head=True)),
    "smaller head": (lambda store: store.set_head(Frontier()), report(head=True)),
    "other head": (lambda store: store.set_head(Frontier(SIZE, (bytes(32),) * 4)), report(head=True)),
    "no keys": (lambda store: store.vkeys.clear(), report(log_keys=True)),
    "another key": (lambda store: store.add_log_key(Log().key.to_text(), 5), report(log_keys=True)),
    "retired key": (lambda store: store.retire_log_key(LOG.key.to_text(), 7), report(log_keys=True)),
    "everything": (
        in_turn(
            lambda store: store.full.clear(),
            lambda store: store.vkeys.clear(),
            lambda store: store.set_head(Frontier()),
        ),
        report(tiles=2, head=True, log_keys=True),
    ),
}


@pytest.mark.parametrize(("harm", "expected"), HARM.values(), ids=HARM)
def test_what_derives_from_the_entries_is_restored(store: MemoryStore, harm: Harm, expected: RebuildReport) -> None:
    harm(store)
    assert store != CLEAN
    assert rebuild(store, keys=[LOG.key]) == expected
    assert store == CLEAN
    assert audit(store, keys=[LOG.key]).entries == SIZE


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512])
def test_a_ledger_of_any_size_is_restored(size: int) -> None:
    whole = store_of(LOG, BODIES[:size], signed_sizes=[size])
    harmed = deepcopy(whole)
    harmed.full.clear()
    harmed.set_head(Frontier())
    assert rebuild(harmed, keys=[LOG.key]).entries == size
    assert harmed == whole


@pytest.mark.slow
def test_a_ledger_that_is_two_levels_of_tiles_deep_is_restored() -> None:
    bodies = bodies_of(LOG, 65_536 + 300)
    whole = store_of(LOG, bodies, signed_sizes=[len(bodies)])
    harmed = deepcopy(whole)
    harmed.full.pop((1, 0))
    assert rebuild(harmed, keys=[LOG.key]).tiles == 1
    assert harmed == whole


def with_body(index: int, body: bytes) -> Harm:
    return lambda store: store.rows.update(
        {index: replace(store.rows[index], body=body, leaf_hash=leaf_hash(body))},
    )


def with_note(size: int, note: bytes) -> Harm:
    return lambda store: store.notes.update({size: note})


REFUSED: dict[str, tuple[Harm, str]] = {
    "no checkpoint": (lambda store: store.notes.clear(), "ledger: expected a signed checkpoint, got none"),
    "another root": (with_note(600, signed(LOG, 600, bytes(32))), "checkpoint 600: does not follow from the entries"),
    "another key": (with_note(600, signed(Log(), 600, bytes(32))), "newest checkpoint: note: expected a signature of…"),
    "no note": (with_note(600, b"x"), "newest checkpoint: note: expected an empty line before the signatures, got…"),
    "more signed": (
        with_note(601, signed(LOG, 601, bytes(32))),
        "entry 600: missing; the newest checkpoint says that there are 601",
    ),
    "nothing signed": (
        in_turn(
            lambda store: store.notes.clear(), lambda store: store.add_checkpoint(0, signed(LOG, 0, root_hash([])))
        ),
        "checkpoint 0: was signed over no entries",
    ),
    "another entry": (with_body(5, BODIES[6]), "checkpoint 600: does not follow from the entries"),
    "no entry": (with_body(5, b"{}"), "entry 5: entry: expected version 1, got None"),
    "leaf hash": (
        lambda store: store.rows.update({5: replace(store.rows[5], leaf_hash=bytes(32))}),
        "entry 5: its bytes do not hash to its leaf hash",
    ),
    "first missing": (lambda store: store.rows.pop(0), "entry 0: missing"),
    "one missing": (lambda store: store.rows.pop(5), "entry 5: missing"),
    "last of a tile missing": (lambda store: store.rows.pop(255), "entry 255: missing"),
    "signed ones missing": (
        lambda store: [store.rows.pop(index) for index in range(599, 600)],
        "entry 599: missing; the newest checkpoint says that there are 600",
    ),
    "stray entry": (
        lambda store: store.rows.update({-1: replace(store.rows[5], index=-1)}),
        "entry 600: missing; there is one at -1",
    ),
    "another genesis": (
        with_body(0, bodies_of(Log(), 1)[0]),
        "entry 0: names another log or key than this studio's",
    ),
}


@pytest.mark.parametrize(("harm", "message"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_restored_from_entries_that_were_not_signed(store: MemoryStore, harm: Harm, message: str) -> None:
    store.full.clear()
    store.set_head(Frontier())
    harm(store)
    before = deepcopy(store)
    with refused(CorruptLedgerError, message, hint=AUDIT_HINT):
        rebuild(store, keys=[LOG.key])
    assert store == before


class Keeping(MemoryStore):
    """A store that forgets its tiles only."""

    def remove_derived(self) -> None:
        self.full.clear()


@pytest.mark.parametrize("harmed", [None, LogKeyRow(LOG.key.to_text(), 1, 5), LogKeyRow(Log().key.to_text(), 1, None)])
def test_keys_that_a_store_keeps_are_put_right_or_refused(store: MemoryStore, harmed: LogKeyRow | None) -> None:
    keeping = Keeping(**store.__dict__)
    keeping.vkeys = [harmed] if harmed else []
    if harmed is None:
        assert rebuild(keeping, keys=[LOG.key]) == report(log_keys=True)
        assert keeping.log_keys() == CLEAN.log_keys()
        return
    with refused(
        CorruptLedgerError, "ledger: the head or the keys of the log could not be written anew", hint=AUDIT_HINT
    ):
        rebuild(keeping, keys=[LOG.key])
    assert keeping.log_keys() == [harmed]


def test_what_a_store_does_not_take_is_undone(store: MemoryStore) -> None:
    class Deaf(MemoryStore):
        def set_head(self, frontier: Frontier) -> None:
            """Change nothing, as an update of a row that is missing."""

    deaf = Deaf(**store.__dict__)
    deaf.full.clear()
    deaf.frontier = Frontier()
    with refused(
        CorruptLedgerError, "ledger: the head or the keys of the log could not be written anew", hint=AUDIT_HINT
    ):
        rebuild(deaf, keys=[LOG.key])
    assert not deaf.full
