"""Audits of a log's files; that every single byte of them counts is in `tests/properties`."""

import os
from pathlib import Path

import pytest
from support.exports import write_export
from support.logs import Log
from support.memory_store import MemoryStore, bodies_of, signed, store_of
from support.refusals import refused

from provenance.errors import CorruptLedgerError, RolledBackError
from provenance.ledger import AuditReport, audit
from provenance.ledger.audit import RECOVER_HINT
from provenance.ledger.exported import ExportedLog
from provenance.merkle import leaf_hash, root_hash

LOG = Log()
SIZE = 600
BODIES = bodies_of(LOG, SIZE)
NOT_FOLLOWED = "does not follow from the entries"


@pytest.fixture
def store() -> MemoryStore:
    return store_of(LOG, BODIES, signed_sizes=[1, 300, SIZE])


def audited(store: MemoryStore, *exports: Path) -> AuditReport:
    return audit(store, keys=[LOG.key], exports=exports)


@pytest.mark.parametrize(
    ("size", "files"), [(1, 2), (255, 2), (256, 3), (257, 5), (511, 5), (512, 5), (513, 7), (600, 7)]
)
def test_an_export_of_any_age_is_clean(store: MemoryStore, tmp_path: Path, size: int, files: int) -> None:
    assert audited(store, write_export(tmp_path, LOG, BODIES[:size])).exported == files


def test_every_file_of_an_export_is_compared_once(store: MemoryStore, tmp_path: Path) -> None:
    write_export(tmp_path, LOG, BODIES)
    assert audited(store, tmp_path).exported == sum(path.is_file() for path in tmp_path.rglob("*")) - 1


def test_partial_tiles_of_older_checkpoints_may_lie_there_still(store: MemoryStore, tmp_path: Path) -> None:
    for size in (3, 100, 300, 301, 590, SIZE):
        write_export(tmp_path, LOG, BODIES[:size])
    assert audited(store, tmp_path).exported == sum(path.is_file() for path in tmp_path.rglob("*")) - 1


def test_several_exports_are_compared(store: MemoryStore, tmp_path: Path) -> None:
    exports = [write_export(tmp_path / str(size), LOG, BODIES[:size]) for size in (600, 3, 256)]
    assert audited(store, *exports).exported == 7 + 2 + 3


def test_tiles_may_run_ahead_of_the_checkpoint(store: MemoryStore, tmp_path: Path) -> None:
    write_export(tmp_path, LOG, BODIES)
    write_export(tmp_path, LOG, BODIES[:3])
    assert audited(store, tmp_path).exported > 7


def test_an_export_of_nothing_is_clean(store: MemoryStore, tmp_path: Path) -> None:
    assert audited(store, write_export(tmp_path, LOG, [])).exported == 0


def test_a_partial_tile_may_go_once_the_full_one_is_there(tmp_path: Path) -> None:
    write_export(tmp_path, LOG, BODIES[:512])
    write_export(tmp_path, LOG, BODIES[:300])
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        (tmp_path / path).unlink(missing_ok=True)
    store = store_of(LOG, BODIES[:400], signed_sizes=[300, 400])
    assert audited(store, tmp_path).exported == 5
    # What there are entries for is compared within the full tile too.
    for path in ("tile/0/001", "tile/entries/001"):
        whole = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(b"\xff" + whole[1:])
        with refused(CorruptLedgerError, f"export {tmp_path}/{path}: {NOT_FOLLOWED}"):
            audited(store, tmp_path)
        (tmp_path / path).write_bytes(whole)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
        "checkpoint",
    ],
)
def test_a_missing_file_is_named(store: MemoryStore, tmp_path: Path, path: str) -> None:
    (write_export(tmp_path, LOG, BODIES) / path).unlink()
    with refused(CorruptLedgerError, f"export {tmp_path}/{path}: missing"):
        audited(store, tmp_path)


@pytest.mark.parametrize("path", ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000"])
@pytest.mark.parametrize("change", [b"", b"\x00", None])
def test_a_file_of_another_length_is_named(store: MemoryStore, tmp_path: Path, path: str, change: bytes | None) -> None:
    file = write_export(tmp_path, LOG, BODIES) / path
    file.write_bytes(file.read_bytes() + change if change else file.read_bytes()[:-1] if change is None else b"")
    with refused(CorruptLedgerError, f"export {tmp_path}/{path}: {NOT_FOLLOWED}"):
        audited(store, tmp_path)


@pytest.mark.parametrize("path", ["tile/0/000.p/7", "tile/entries/000.p/7", "tile/0/002.p/9", "tile/entries/002.p/9"])
def test_a_partial_file_of_an_older_checkpoint_is_compared(store: MemoryStore, tmp_path: Path, path: str) -> None:
    file = write_export(tmp_path, LOG, BODIES) / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(bytes(32))
    with refused(CorruptLedgerError, f"export {tmp_path}/{path}: {NOT_FOLLOWED}"):
        audited(store, tmp_path)


@pytest.mark.parametrize("name", ["0", "00", "256", "999", "-1", "7.gz", "seven", "089"])
def test_other_names_are_none_of_the_layout(store: MemoryStore, tmp_path: Path, name: str) -> None:
    (write_export(tmp_path, LOG, BODIES) / "tile/0/002.p" / name).write_bytes(b"anything")
    assert audited(store, tmp_path).exported == 7


def test_what_is_no_regular_file_is_named(store: MemoryStore, tmp_path: Path) -> None:
    tile = write_export(tmp_path, LOG, BODIES) / "tile/0/001"
    tile.unlink()
    tile.mkdir()
    with refused(CorruptLedgerError, f"export {tile}: expected a regular file"):
        audited(store, tmp_path)
    tile.rmdir()
    os.mkfifo(tile)
    with refused(CorruptLedgerError, f"export {tile}: expected a regular file"):
        audited(store, tmp_path)


def test_a_file_that_cannot_be_read_is_named(store: MemoryStore, tmp_path: Path) -> None:
    tile = write_export(tmp_path, LOG, BODIES) / "tile/0/001"
    tile.unlink()
    tile.symlink_to(tile)
    with refused(CorruptLedgerError, f"export {tile}: cannot be read: too many levels of symbolic links"):
        audited(store, tmp_path)


def test_no_directory_is_no_export(store: MemoryStore, tmp_path: Path) -> None:
    with refused(CorruptLedgerError, f"export {tmp_path}/none/checkpoint: missing"):
        audited(store, tmp_path / "none")
    (tmp_path / "file").touch()
    with refused(CorruptLedgerError, f"export {tmp_path}/file/checkpoint: missing"):
        audited(store, tmp_path / "file")


# --- the checkpoint that it publishes


def test_another_root_is_found(store: MemoryStore, tmp_path: Path) -> None:
    (write_export(tmp_path, LOG, BODIES[:300]) / "checkpoint").write_bytes(signed(LOG, 300, bytes(32)))
    with refused(CorruptLedgerError, f"export {tmp_path}/checkpoint: {NOT_FOLLOWED}"):
        audited(store, tmp_path)


def test_another_root_of_nothing_is_found(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(signed(LOG, 0, bytes(32)))
    with refused(CorruptLedgerError, f"export {tmp_path}/checkpoint: {NOT_FOLLOWED}"):
        audited(store, tmp_path)


def test_another_signature_is_found(store: MemoryStore, tmp_path: Path) -> None:
    other = Log()
    root = root_hash(map(leaf_hash, BODIES[:300]))
    (write_export(tmp_path, LOG, BODIES[:300]) / "checkpoint").write_bytes(signed(other, 300, root))
    with refused(CorruptLedgerError, f"export {tmp_path}/checkpoint: note: expected a signature of {LOG.key.name}…"):
        audited(store, tmp_path)


def test_another_log_is_found_before_its_size_is_believed(store: MemoryStore, tmp_path: Path) -> None:
    write_export(tmp_path, Log("another"), BODIES)
    with refused(CorruptLedgerError, f"export {tmp_path}/checkpoint: is of another log, 'another'"):
        audited(store_of(LOG, BODIES[:300], signed_sizes=[300]), tmp_path)


def test_what_is_no_checkpoint_is_found(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"no note")
    message = f"export {tmp_path}/checkpoint: note: expected an empty line before the signatures, got none"
    with refused(CorruptLedgerError, message):
        audited(store, tmp_path)


def test_a_ledger_older_than_its_export_was_rolled_back(tmp_path: Path) -> None:
    write_export(tmp_path, LOG, BODIES)
    message = f"export {tmp_path}/checkpoint: expected a ledger of at least 600 entries, got 300"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        audited(store_of(LOG, BODIES[:300], signed_sizes=[300]), tmp_path)


def test_a_ledger_that_was_rolled_back_may_not_know_the_key_of_its_export(tmp_path: Path) -> None:
    write_export(tmp_path, Log(), BODIES)
    message = f"export {tmp_path}/checkpoint: expected a ledger of at least 600 entries, got 300"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        audited(store_of(LOG, BODIES[:300], signed_sizes=[300]), tmp_path)


@pytest.mark.slow
def test_an_export_that_is_two_levels_of_tiles_deep(tmp_path: Path) -> None:
    bodies = bodies_of(LOG, 65_536 + 257)
    store = store_of(LOG, bodies, signed_sizes=[len(bodies)])
    write_export(tmp_path, LOG, bodies)
    assert audited(store, tmp_path).exported == sum(path.is_file() for path in tmp_path.rglob("*")) - 1
    for path in ("tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/256", "tile/0/257.p/1"):
        content = (tmp_path / path).read_bytes()
        (tmp_path / path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with refused(CorruptLedgerError, f"export {tmp_path}/{path}: {NOT_FOLLOWED}"):
            audited(store, tmp_path)
        (tmp_path / path).write_bytes(content)


def test_the_checkpoint_is_read_as_it_is(tmp_path: Path) -> None:
    write_export(tmp_path, LOG, BODIES[:2])
    assert ExportedLog(tmp_path).checkpoint() == (tmp_path / "checkpoint").read_bytes()
