"""What is published at every edge of a tile, and everything that must not be."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.plain_store import PlainStore
from support.published import EDGES, body, expected_tree, extend, make_store, place, publish_sizes, publish_to, tree
from support.refusals import refused

from provenance.checkpoint import open_checkpoint
from provenance.errors import CorruptLedgerError, InputError, LedgerError, RolledBackError, VerificationError
from provenance.keys import SigningKey
from provenance.ledger.publishing import newest_note, publish
from provenance.note import MAX_SIGNATURES, NoteKey, NoteSignature, parse_note, sign_note
from provenance.storage.interface import CosignatureRow, EntryRow, TileRow

LOG = Log()
AUDIT = "run provenance ledger audit"


def cosignature(log: Log, size: int, witness: str) -> str:
    """Return a line that somebody else signed under the checkpoint of a ledger of this size."""
    text = parse_note(make_store(log, size).notes[size]).text
    key = SigningKey.generate("Ed25519")
    note = sign_note(text, key=NoteKey(witness, key.public_bytes()), sign=key.sign)
    return note.signatures[0].to_text()


# --- what is written


@pytest.mark.parametrize("size", EDGES)
def test_the_files_are_those_of_the_specification(tmp_path: Path, size: int) -> None:
    store = make_store(LOG, size)
    published = publish_to(store, tmp_path / "log", LOG)
    files = tree(tmp_path / "log")
    assert files.pop("checkpoint") == published.note == store.notes[size]
    assert files == expected_tree([body(number) for number in range(size)])
    assert published.files == len(files)
    assert published.old_size is None
    assert published.checkpoint == open_checkpoint(published.note, keys=[LOG.key])


@pytest.mark.slow
@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 70_000])
def test_the_files_of_a_large_log_are_those_of_the_specification(tmp_path: Path, size: int) -> None:
    publish_to(make_store(LOG, size), tmp_path, LOG)
    files = tree(tmp_path)
    del files["checkpoint"]
    assert files == expected_tree([body(number) for number in range(size)])


@pytest.mark.slow
def test_the_example_of_the_specification_has_its_tiles(tmp_path: Path) -> None:
    # c2sp.org/tlog-tiles, "Partial Tiles".
    publish_to(make_store(LOG, 70_000), tmp_path, LOG)
    names = set(tree(tmp_path))
    assert {f"tile/0/{number:03}" for number in range(273)} <= names
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= names
    assert len(names) == 1 + 2 * 274 + 3


def test_a_log_that_grows_keeps_the_partial_tiles_of_every_published_size(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [3, 10, 200])
    names = {name for name in tree(tmp_path) if name.startswith("tile/0")}
    assert names == {"tile/0/000.p/3", "tile/0/000.p/10", "tile/0/000.p/200"}


def test_partial_tiles_go_once_their_full_tile_is_out(tmp_path: Path) -> None:
    store = publish_sizes(tmp_path, LOG, [3, 10, 257])
    files = tree(tmp_path)
    assert files.pop("checkpoint") == store.notes[257]
    assert files == expected_tree([body(number) for number in range(257)])


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    store = publish_sizes(tmp_path, LOG, [300])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    published = publish_to(store, tmp_path, LOG)
    assert (published.files, published.old_size) == (0, 300)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_is_published_grows(tmp_path: Path) -> None:
    store = publish_sizes(tmp_path, LOG, [300])
    extend(store, LOG, 301)
    published = publish_to(store, tmp_path, LOG)
    assert (published.files, published.old_size, published.checkpoint.size) == (2, 300, 301)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    publish(
        make_store(LOG, 600),
        place(tmp_path),
        log_keys=[LOG.key],
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(256, 600), (512, 600), (600, 600)]


def test_everybody_may_read_what_is_published(tmp_path: Path) -> None:
    publish_to(make_store(LOG, 300), tmp_path / "log", LOG)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "log").rglob("*") if path.is_file()}
    assert modes == {0o644}


# --- cosignatures


def test_cosignatures_are_published_with_the_checkpoint(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    lines = [cosignature(LOG, 5, name) for name in ("one.example", "two.example")]
    for line in lines:
        store.add_cosignature(CosignatureRow(5, line))
    published = publish_to(store, tmp_path, LOG)
    assert published.note == store.notes[5] + "".join(lines).encode()
    assert tree(tmp_path)["checkpoint"] == published.note


def test_a_later_cosignature_is_published_too(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    publish_to(store, tmp_path, LOG)
    line = cosignature(LOG, 5, "one.example")
    store.add_cosignature(CosignatureRow(5, line))
    published = publish_to(store, tmp_path, LOG)
    assert published.files == 0
    assert tree(tmp_path)["checkpoint"] == store.notes[5] + line.encode()


def test_cosignatures_that_were_published_stay_where_the_ledger_lost_them(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    first, second = (cosignature(LOG, 5, name) for name in ("one.example", "two.example"))
    store.add_cosignature(CosignatureRow(5, first))
    publish_to(store, tmp_path, LOG)
    store.lines = [CosignatureRow(5, second)]
    publish_to(store, tmp_path, LOG)
    assert tree(tmp_path)["checkpoint"] == store.notes[5] + second.encode() + first.encode()


def test_of_a_witness_the_newest_line_is_published(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    text = parse_note(store.notes[5]).text
    key = SigningKey.generate("Ed25519")
    # What a signature holds besides the key id is not looked at here, so that its time may stand for a newer one.
    first, second = (
        NoteSignature("one.example", key.public_bytes()[:4], number * 72).to_text() for number in (b"1", b"2")
    )
    assert parse_note(f"{text}\n{first}{second}".encode())
    store.lines = [CosignatureRow(5, first)]
    publish_to(store, tmp_path, LOG)
    store.lines.append(CosignatureRow(5, second))
    publish_to(store, tmp_path, LOG)
    assert tree(tmp_path)["checkpoint"] == store.notes[5] + second.encode()


def test_cosignatures_of_another_size_are_not_published(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    store.add_cosignature(CosignatureRow(5, cosignature(LOG, 5, "one.example")))
    publish_to(store, tmp_path, LOG)
    extend(store, LOG, 6)
    publish_to(store, tmp_path, LOG)
    assert tree(tmp_path)["checkpoint"] == store.notes[6]


def test_a_published_checkpoint_holds_no_more_signatures_than_a_reader_takes(tmp_path: Path) -> None:
    store = make_store(LOG, 5)
    publish_to(store, tmp_path, LOG)
    line = cosignature(LOG, 5, "one.example").encode()
    many = b"".join(cosignature(LOG, 5, f"w{number}.example").encode() for number in range(MAX_SIGNATURES - 1))
    (tmp_path / "checkpoint").write_bytes(store.notes[5] + many)
    store.add_cosignature(CosignatureRow(5, line.decode()))
    published = publish_to(store, tmp_path, LOG)
    assert published.note.startswith(store.notes[5] + line)
    assert len(parse_note(published.note).signatures) == MAX_SIGNATURES


def test_a_line_that_stands_under_the_checkpoint_already_is_not_repeated() -> None:
    store = make_store(LOG, 5)
    line = store.notes[5].decode().split("\n\n")[1]
    store.add_cosignature(CosignatureRow(5, line))
    assert newest_note(store) == store.notes[5]


# --- what the place says against the ledger


def test_a_log_without_a_checkpoint_is_not_published(tmp_path: Path) -> None:
    with refused(LedgerError, "ledger: no checkpoint was signed yet"):
        publish_to(PlainStore(), tmp_path / "log", LOG)
    assert not (tmp_path / "log").exists()


def test_a_restored_backup_is_not_published(tmp_path: Path) -> None:
    newer = publish_sizes(tmp_path, LOG, [300])
    older = make_store(LOG, 299)
    before = tree(tmp_path)
    with refused(
        RolledBackError,
        f"ledger: has 299 entries, but 300 are published at {tmp_path}",
        hint=f"run provenance ledger recover {tmp_path}",
    ):
        publish_to(older, tmp_path, LOG)
    with pytest.raises(RolledBackError) as caught:
        publish_to(older, tmp_path, LOG)
    assert caught.value.notes == (older.notes[299], newer.notes[300])
    assert tree(tmp_path) == before


@pytest.mark.parametrize("size", [300, 400])
def test_a_backup_that_went_its_own_way_is_not_published(tmp_path: Path, size: int) -> None:
    publish_sizes(tmp_path, LOG, [300])
    other = make_store(LOG, 299)
    extend(other, LOG, 300, salt=b"other")
    if size > 300:
        extend(other, LOG, size)
    before = tree(tmp_path)
    with refused(
        RolledBackError,
        "checkpoint 300: expected root …",
        code="log-forked",
        hint="do not append: a restored backup went its own way; keep both and look for the newer one",
    ):
        publish_to(other, tmp_path, LOG)
    with pytest.raises(RolledBackError) as caught:
        publish_to(other, tmp_path, LOG)
    assert caught.value.notes == (other.notes[size], before["checkpoint"])
    assert tree(tmp_path) == before


def test_another_log_is_not_published_over(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [3])
    other = Log("other.example/log")
    with refused(
        LedgerError,
        f"checkpoint: expected the log other.example/log, got '{LOG_ORIGIN}' at {tmp_path}",
        code="checkpoint-origin",
    ):
        publish(make_store(other, 5), place(tmp_path), log_keys=[other.key, LOG.key])


def test_a_checkpoint_that_somebody_else_signed_is_not_published_over(tmp_path: Path) -> None:
    stranger = Log()
    publish_sizes(tmp_path, stranger, [3])
    with refused(
        VerificationError,
        f"note: expected a signature of {LOG_ORIGIN}+…",
        code="note-unknown-signer",
    ):
        publish_to(make_store(LOG, 5), tmp_path, LOG)


def test_rubbish_is_not_published_over(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"rubbish")
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        publish_to(make_store(LOG, 5), tmp_path, LOG)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_published_file_is_never_changed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(b"other bytes")
    with refused(CorruptLedgerError, f"{name}: published with other bytes than the ledger has", code="tile-differs"):
        publish_to(make_store(LOG, 300), tmp_path, LOG)
    assert (tmp_path / name).read_bytes() == b"other bytes"
    assert not (tmp_path / "checkpoint").exists()


def test_a_slow_process_does_not_take_back_what_a_quick_one_published(tmp_path: Path) -> None:
    store = make_store(LOG, 300)
    publish_to(store, tmp_path, LOG)
    extend(store, LOG, 301)
    slow = make_store(LOG, 301)
    extend(store, LOG, 302)

    def meanwhile(done: int, of: int) -> None:
        # As in an object store, which knows no locks.
        (tmp_path / "checkpoint").write_bytes(store.notes[302])

    with refused(
        LedgerError,
        f"checkpoint: another process wrote to {tmp_path} meanwhile",
        code="place-busy",
        hint="run the same command again",
    ):
        publish(slow, place(tmp_path), log_keys=[LOG.key], progress=meanwhile)
    assert (tmp_path / "checkpoint").read_bytes() == store.notes[302]


def test_what_another_process_appended_and_published_meanwhile_is_no_rollback(tmp_path: Path) -> None:
    store = make_store(LOG, 300)

    class Grown(PlainStore):
        """Another process appends and publishes between the first look at the store and the lock."""

        looks = 0

        def latest_checkpoint(self) -> bytes | None:
            note = super().latest_checkpoint()
            self.looks += 1
            if self.looks == 1:
                extend(self, LOG, 301)
                publish_to(self, tmp_path, LOG)
            return note

    grown = Grown(store.frontier, store.rows, store.full_tiles, store.notes)
    assert publish_to(grown, tmp_path, LOG).checkpoint.size == 301


# --- what the ledger says against its own checkpoint


def with_entry(store: PlainStore, index: int, entry: bytes) -> None:
    old = store.rows[index]
    store.rows[index] = EntryRow(index, old.leaf_hash, old.entry_id, entry)


def with_tile(store: PlainStore, level: int, number: int, root: bytes) -> None:
    old = store.full_tiles[level, number]
    store.full_tiles[level, number] = TileRow(level, number, root, old.nodes)


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_an_entry_that_was_changed_does_not_leave(tmp_path: Path, index: int) -> None:
    store = make_store(LOG, 300)
    with_entry(store, index, b"changed")
    with refused(CorruptLedgerError, f"entry {index}: its bytes do not hash to its leaf hash", hint=AUDIT):
        publish_to(store, tmp_path, LOG)
    assert not (tmp_path / "checkpoint").exists()


def test_an_entry_that_was_changed_with_its_leaf_hash_does_not_leave(tmp_path: Path) -> None:
    store, other = make_store(LOG, 300), make_store(LOG, 5)
    store.rows[7] = EntryRow(7, other.rows[3].leaf_hash, store.rows[7].entry_id, other.rows[3].body)
    with refused(CorruptLedgerError, "tile 0/0: does not follow from the entries", hint=AUDIT):
        publish_to(store, tmp_path, LOG)
    assert set(tree(tmp_path)) <= {".tiles.provenance-partial/0"}


def test_an_open_entry_that_was_changed_with_its_leaf_hash_does_not_leave(tmp_path: Path) -> None:
    store, other = make_store(LOG, 300), make_store(LOG, 5)
    store.rows[299] = EntryRow(299, other.rows[3].leaf_hash, store.rows[299].entry_id, other.rows[3].body)
    with refused(CorruptLedgerError, "checkpoint 300: expected root …", hint=AUDIT):
        publish_to(store, tmp_path, LOG)
    assert tree(tmp_path) == {}


def test_an_entry_that_is_missing_is_named(tmp_path: Path) -> None:
    store = make_store(LOG, 600)
    del store.rows[512:]
    store.rows += make_store(LOG, 600).rows[512:599]
    with refused(CorruptLedgerError, "tile 0/2: expected 8 hashes in the store, got 7", hint=AUDIT):
        publish_to(store, tmp_path, LOG)


def test_entries_that_were_exchanged_are_named(tmp_path: Path) -> None:
    store = make_store(LOG, 300)
    store.rows[3], store.rows[4] = store.rows[4], store.rows[3]
    with refused(CorruptLedgerError, "entry 4: its bytes do not hash to its leaf hash", hint=AUDIT):
        publish_to(store, tmp_path, LOG)


def test_a_gap_among_full_tiles_is_named(tmp_path: Path) -> None:
    class Forgetful(PlainStore):
        def bodies(self, start: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
            yield from (found for found in super().bodies(start, end) if found[0] != 255)

    store = Forgetful()
    extend(store, LOG, 300)
    with refused(CorruptLedgerError, "entry 255: missing", hint=AUDIT):
        publish_to(store, tmp_path, LOG)


def test_a_tile_that_is_missing_is_named(tmp_path: Path) -> None:
    store = make_store(LOG, 600)
    del store.full_tiles[0, 1]
    with refused(CorruptLedgerError, "tile 1/0: expected 2 hashes in the store, got 1", hint=AUDIT):
        publish_to(store, tmp_path, LOG)


def test_a_tile_that_was_changed_does_not_leave(tmp_path: Path) -> None:
    store = make_store(LOG, 600)
    with_tile(store, 0, 1, b"\x01" * 32)
    with refused(CorruptLedgerError, "checkpoint 600: expected root …", hint=AUDIT):
        publish_to(store, tmp_path, LOG)
    assert tree(tmp_path) == {}


@pytest.mark.slow
def test_a_tile_below_a_full_tile_that_was_changed_does_not_leave(tmp_path: Path) -> None:
    store = make_store(LOG, 65_537)
    with_tile(store, 0, 9, b"\x01" * 32)
    with refused(CorruptLedgerError, "tile 1/0: does not follow from the entries", hint=AUDIT):
        publish_to(store, tmp_path, LOG)
    assert tree(tmp_path) == {}
