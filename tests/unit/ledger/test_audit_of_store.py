"""Audits of a store in memory: what stands beside the entries, and what is appended while the audit runs."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import pytest
from support.logs import Log
from support.memory_store import MemoryStore, bodies_of, in_turn, signed, store_of
from support.refusals import refused

from provenance.errors import CorruptLedgerError, RolledBackError, VerificationError
from provenance.ledger import AuditReport, audit
from provenance.ledger.audit import RECOVER_HINT
from provenance.merkle import EMPTY_ROOT, leaf_hash, root_hash
from provenance.note import NoteSignature, parse_note
from provenance.storage.interface import AnchorRow, CosignatureRow, EntryRow, LogKeyRow, TileRow

LOG = Log()
SIZE = 600
BODIES = bodies_of(LOG, SIZE + 200)
CLEAN = store_of(LOG, BODIES[:SIZE], signed_sizes=[1, 255, 256, 257, 300, 512, 513, 600])
LINE = NoteSignature("witness.example", b"\x00\x01\x02\x03", bytes(72)).to_text()
NOT_FOLLOWED = "does not follow from the entries"

Harm = Callable[[MemoryStore], object]


@pytest.fixture
def store() -> MemoryStore:
    return deepcopy(CLEAN)


def audited(store: MemoryStore, high_water: bytes | None = None) -> AuditReport:
    return audit(store, keys=[LOG.key], high_water=high_water)


def true_note(size: int) -> bytes:
    return signed(LOG, size, root_hash(map(leaf_hash, BODIES[:size])))


# --- sizes


@pytest.mark.parametrize("size", [1, 2, 254, 255, 256, 257, 511, 512, 513, 700])
def test_a_ledger_of_any_size_is_clean(size: int) -> None:
    every = store_of(LOG, BODIES[:size], signed_sizes=range(1, size + 1))
    report = audited(every)
    assert (report.entries, report.checkpoints) == (size, size)
    assert report.root_hash == root_hash(map(leaf_hash, BODIES[:size]))


@pytest.mark.slow
def test_a_ledger_of_more_than_one_piece_is_clean() -> None:
    bodies = bodies_of(LOG, 2 * 65_536)
    sizes = [1, 65_535, 65_536, 65_537, 131_071, 131_072]
    deep = store_of(LOG, bodies, signed_sizes=sizes)
    assert audited(deep).checkpoints == len(sizes)
    deep.full[1, 1] = replace(deep.full[1, 1], root=bytes(32))
    with refused(CorruptLedgerError, f"tile 1/1: {NOT_FOLLOWED}"):
        audited(deep)
    for index in (65_535, 65_536, 131_071):
        row = deep.rows.pop(index)
        with refused(CorruptLedgerError, f"entry {index}: missing…"):
            audited(deep)
        deep.rows[index] = row


def test_a_head_that_is_ahead_of_the_newest_checkpoint_is_found(store: MemoryStore) -> None:
    del store.notes[600]
    with refused(CorruptLedgerError, "checkpoint 513: the newest one does not cover 600 entries"):
        audited(store)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300, 512, 513, 600])
def test_a_checkpoint_of_another_root_is_found_at_any_size(store: MemoryStore, size: int) -> None:
    store.notes[size] = signed(LOG, size, bytes(32))
    with refused(CorruptLedgerError, f"checkpoint {size}: {NOT_FOLLOWED}"):
        audited(store)


def test_progress_is_told_in_order_to_the_end(store: MemoryStore) -> None:
    told: list[tuple[int, int]] = []
    audit(store, keys=[LOG.key], progress=lambda done, total: told.append((done, total)))
    assert told == [(256, SIZE), (512, SIZE), (600, SIZE)]


def test_entries_are_checked_in_their_tile_only_up_to_the_first_that_is_wrong(store: MemoryStore) -> None:
    store.rows[400] = replace(store.rows[400], body=b"")
    store.notes[300] = signed(LOG, 300, bytes(32))
    with refused(CorruptLedgerError, f"checkpoint 300: {NOT_FOLLOWED}"):
        audited(store)
    del store.notes[300]
    with refused(CorruptLedgerError, "entry 400: its bytes do not hash to its leaf hash"):
        audited(store)


def test_an_entry_that_breaks_a_rule_in_the_middle_of_a_tile_is_named(store: MemoryStore) -> None:
    store.rows[400] = replace(store.rows[400], body=BODIES[0], leaf_hash=leaf_hash(BODIES[0]))
    with refused(CorruptLedgerError, "entry 400: the genesis entry comes first and only once"):
        audited(store)


# --- what stands beside the entries

TILE = CLEAN.full[0, 1]

HARM: dict[str, tuple[Harm, str]] = {
    "tile missing": (lambda store: store.full.pop((0, 1)), f"tile 0/1: {NOT_FOLLOWED}"),
    "tile root": (
        lambda store: store.full.update({(0, 1): replace(TILE, root=bytes(32))}),
        f"tile 0/1: {NOT_FOLLOWED}",
    ),
    "tile nodes": (lambda store: store.full.update({(0, 1): replace(TILE, nodes=b"")}), f"tile 0/1: {NOT_FOLLOWED}"),
    "log key missing": (lambda store: store.vkeys.clear(), "log keys: do not follow from the entries"),
    "log key added": (
        lambda store: store.add_log_key(Log().key.to_text(), 5),
        "log keys: do not follow from the entries",
    ),
    "log key added beyond": (
        lambda store: store.add_log_key(Log().key.to_text(), SIZE + 1),
        "log keys: do not follow from the entries",
    ),
    "log key retired": (
        lambda store: store.retire_log_key(LOG.key.to_text(), SIZE),
        "log keys: do not follow from the entries",
    ),
    "log key retired beyond": (
        lambda store: store.retire_log_key(LOG.key.to_text(), SIZE + 1),
        "log keys: do not follow from the entries",
    ),
    "log key from elsewhere": (
        lambda store: setattr(store, "vkeys", [LogKeyRow(LOG.key.to_text(), 0, None)]),
        "log keys: do not follow from the entries",
    ),
    "cosignature of nothing": (
        lambda store: store.add_cosignature(CosignatureRow(591, LINE)),
        "cosignature: stands for a checkpoint of size 591, which was not signed",
    ),
    "cosignature of no form": (
        lambda store: store.add_cosignature(CosignatureRow(300, "no line\n")),
        "checkpoint 300: cosignature 1: note line 6: expected a signature line that starts with an em dash and a space",
    ),
    "cosignature without its end": (
        lambda store: store.add_cosignature(CosignatureRow(300, LINE[:-1])),
        "checkpoint 300: cosignature 1: expected one line of text",
    ),
    "two cosignatures in one": (
        lambda store: store.add_cosignature(CosignatureRow(300, LINE + LINE)),
        "checkpoint 300: cosignature 1: expected one line of text",
    ),
    "cosignature of another kind": (
        lambda store: store.add_cosignature(CosignatureRow(300, 5)),  # type: ignore[arg-type]
        "checkpoint 300: cosignature 1: expected one line of text",
    ),
    "cosignature that is no text": (
        lambda store: store.add_cosignature(CosignatureRow(300, "— \ud800 AAAA\n")),
        "checkpoint 300: cosignature 1: note: expected UTF-8 text",
    ),
    "second cosignature": (
        in_turn(
            lambda store: store.add_cosignature(CosignatureRow(300, LINE)),
            lambda store: store.add_cosignature(CosignatureRow(300, "\n")),
        ),
        "checkpoint 300: cosignature 2: note…",
    ),
    "anchor of another note": (
        lambda store: store.add_anchor(true_note(299), "tsa"),
        "anchor 1: dates a checkpoint that is none of this ledger's",
    ),
    "anchor of another root": (
        lambda store: store.add_anchor(signed(LOG, 300, bytes(32)), "tsa"),
        "anchor 1: dates a checkpoint that is none of this ledger's",
    ),
    "anchor of another key": (
        lambda store: store.add_anchor(signed(Log(), 300, bytes(32)), "tsa"),
        f"anchor 1: note: expected a signature of {LOG.key.name}+{LOG.key.key_id.hex()}, got those of …",
    ),
    "anchor of no note": (
        lambda store: store.add_anchor(b"", "tsa"),
        "anchor 1: note: expected an empty line before the signatures, got none",
    ),
    "anchor of another kind": (
        lambda store: store.dated.append(AnchorRow(1, 5, "tsa", None)),  # type: ignore[arg-type]
        "anchor 1: expected bytes",
    ),
}


@pytest.mark.parametrize(("harm", "message"), HARM.values(), ids=HARM)
def test_what_does_not_follow_is_found_and_named(store: MemoryStore, harm: Harm, message: str) -> None:
    harm(store)
    with refused(CorruptLedgerError, message):
        audited(store)


@pytest.mark.parametrize(("level", "number"), [(0, 2), (1, 0), (0, -1), (-1, 0), (-9, 0), (63, 0)])
def test_a_tile_that_stands_for_no_entries_is_named(store: MemoryStore, level: int, number: int) -> None:
    store.add_tiles([TileRow(level, number, bytes(32), bytes(12_224))])
    with refused(CorruptLedgerError, f"tile {level}/{number}: stands for entries that are not there"):
        audited(store)


def test_cosignatures_and_anchors_are_counted(store: MemoryStore) -> None:
    for size in (1, 300, 300):
        store.add_cosignature(CosignatureRow(size, LINE))
    store.add_anchor(store.notes[300], "tsa")
    store.add_anchor(store.notes[600] + LINE.encode(), "tsa")
    report = audited(store)
    assert (report.cosignatures, report.anchors) == (3, 2)


def test_cosignatures_are_verified_by_who_knows_the_witnesses(store: MemoryStore) -> None:
    store.add_cosignature(CosignatureRow(1, LINE))
    store.add_cosignature(CosignatureRow(300, LINE))
    seen: list[tuple[bytes, str]] = []

    def verify(note: bytes, line: str) -> None:
        seen.append((note, line))
        if len(parse_note(note).signatures) == 1 and b"\n300\n" in note:
            raise VerificationError("cosignature: of witness.example does not verify")

    with refused(CorruptLedgerError, "checkpoint 300: cosignature 1: cosignature: of witness.example does not verify"):
        audit(store, keys=[LOG.key], verify_cosignature=verify)
    assert seen == [(store.notes[1], LINE), (store.notes[300], LINE)]


# --- the high-water mark


@pytest.mark.parametrize("size", [0, 1, 255, 256, 299, 512, 600])
def test_a_ledger_that_grew_from_its_high_water_mark_is_clean(store: MemoryStore, size: int) -> None:
    assert audited(store, true_note(size)).entries == SIZE


@pytest.mark.parametrize("size", [601, 700, 800])
def test_a_ledger_older_than_its_high_water_mark_was_rolled_back(store: MemoryStore, size: int) -> None:
    message = f"high-water mark: expected a ledger of at least {size} entries, got 600"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        audited(store, true_note(size))


@pytest.mark.parametrize("size", [0, 1, 256, 300, 600])
def test_a_high_water_mark_of_another_history_is_found(store: MemoryStore, size: int) -> None:
    with refused(CorruptLedgerError, f"high-water mark: {NOT_FOLLOWED}"):
        audited(store, signed(LOG, size, bytes(32)))


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (b"", "high-water mark: note: expected an empty line before the signatures, got none"),
        (signed(Log("another"), 700, EMPTY_ROOT), "high-water mark: is of another log, 'another'"),
        (signed(Log(), 300, EMPTY_ROOT), "high-water mark: note: expected a signature of…"),
    ],
)
def test_a_high_water_mark_that_is_none_is_found(store: MemoryStore, note: bytes, message: str) -> None:
    with refused(CorruptLedgerError, message):
        audited(store, note)


def test_what_is_corrupt_is_not_called_rolled_back(store: MemoryStore) -> None:
    store.rows[5] = replace(store.rows[5], body=b"")
    with refused(CorruptLedgerError, "entry 5: its bytes do not hash to its leaf hash"):
        audited(store, true_note(700))


# --- appending meanwhile


class Busy(MemoryStore):
    """A store to which others append while its entries are read."""

    after: MemoryStore

    def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        yield from super().bodies(start, end)
        self.__dict__.update(deepcopy(self.after).__dict__)


def busy(before: MemoryStore, after: MemoryStore) -> Busy:
    store = Busy(**deepcopy(before).__dict__)
    Busy.after = after
    return store


def grown() -> MemoryStore:
    after = store_of(LOG, BODIES, signed_sizes=[*CLEAN.notes, 700, 800])
    after.notes = {**after.notes, **CLEAN.notes}
    after.add_log_key(Log().key.to_text(), 700)
    after.retire_log_key(LOG.key.to_text(), 701)
    after.add_cosignature(CosignatureRow(800, LINE))
    after.add_anchor(after.notes[800], "tsa")
    return after


def test_appending_meanwhile_is_no_contradiction() -> None:
    report = audited(busy(CLEAN, grown()))
    assert report.entries == SIZE


MEANWHILE: dict[str, tuple[Harm, str]] = {
    "entry": (
        lambda store: store.rows.update({-1: EntryRow(-1, b"", b"", b"")}),
        "entry -1: lies beyond the head of size 600",
    ),
    "tile": (lambda store: store.add_tiles([TileRow(0, 3, b"", b"")]), "tile 0/3: stands for entries that are not…"),
    "key": (
        lambda store: store.add_log_key(Log().key.to_text(), 801),
        "log keys: do not follow from the entries",
    ),
    "retired": (
        lambda store: store.retire_log_key(LOG.key.to_text(), 801),
        "log keys: do not follow from the entries",
    ),
}


@pytest.mark.parametrize(("harm", "message"), MEANWHILE.values(), ids=MEANWHILE)
def test_appending_meanwhile_hides_nothing(harm: Harm, message: str) -> None:
    after = grown()
    harm(after)
    with refused(CorruptLedgerError, message):
        audited(busy(CLEAN, after))
