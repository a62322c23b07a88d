import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.logs import Log
from support.memory_store import MemoryStore, bodies_of, signed, store_of
from support.refusals import refused

from provenance.errors import CorruptLedgerError, LedgerError, RolledBackError
from provenance.ledger import HighWater, check_not_rolled_back, highwater
from provenance.ledger.highwater import AUDIT_HINT, MAX_NOTE_BYTES, RECOVER_HINT, SLOT_BYTES, UNUSABLE_HINT
from provenance.merkle import EMPTY_ROOT, leaf_hash, root_hash

LOG = Log()
NO_MARK = "mark: expected a high-water mark, got something else"


def note(size: int, *, length: int = 0) -> bytes:
    """Return what may be kept, which is a checkpoint in its first lines only."""
    return b"log\n%d\n" % size + b"x" * length


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mark"


def raised(path: Path, *sizes: int) -> HighWater:
    mark = HighWater(path)
    for size in sizes:
        mark.raise_to(size, note(size))
    return mark


def read(path: Path) -> bytes | None:
    mark = HighWater(path)
    try:
        return mark.note()
    finally:
        mark.close()


# --- one file


def test_a_new_ledger_has_no_mark_and_no_file(path: Path) -> None:
    mark = HighWater(path)
    assert mark.note() is None
    mark.sync()
    mark.close()
    mark.close()
    assert not path.exists()


@pytest.mark.parametrize("sizes", [[1], [1, 2], [1, 2, 3], [5, 900, 2**62]])
def test_the_newest_mark_is_read_back(path: Path, sizes: list[int]) -> None:
    mark = raised(path, *sizes)
    assert mark.note() == note(sizes[-1])
    mark.sync()
    mark.close()
    assert read(path) == note(sizes[-1])
    assert path.stat().st_size == 2 * SLOT_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mark_is_never_lowered(path: Path) -> None:
    mark = raised(path, 7)
    before = path.read_bytes()
    mark.raise_to(6, note(6))
    mark.raise_to(7, note(7, length=1))
    assert path.read_bytes() == before


def test_two_handles_see_each_other(path: Path) -> None:
    first, second = HighWater(path), HighWater(path)
    first.raise_to(3, note(3))
    assert second.note() == note(3)
    second.raise_to(9, note(9))
    first.raise_to(5, note(5))
    assert first.note() == second.note() == note(9)
    first.close()
    second.raise_to(10, note(10))
    assert second.note() == note(10)


def test_a_handle_may_be_used_after_it_was_closed(path: Path) -> None:
    mark = raised(path, 3)
    mark.close()
    assert mark.note() == note(3)
    mark.raise_to(4, note(4))
    assert read(path) == note(4)


def test_each_slot_holds_a_note_from_the_first_on(path: Path) -> None:
    raised(path, 3)
    for slot in (0, 1):
        whole = path.read_bytes()
        path.write_bytes(whole[: slot * SLOT_BYTES] + bytes(SLOT_BYTES) + whole[(slot + 1) * SLOT_BYTES :])
        assert read(path) == note(3)
        path.write_bytes(whole)


def test_a_slot_that_was_torn_leaves_the_mark_before(path: Path) -> None:
    raised(path, 3, 4)
    before = path.read_bytes()
    raised(path, 5)
    after = path.read_bytes()
    torn = [at for at in range(len(after)) if after[at] != before[at]]
    for end in range(torn[0] + 1, torn[-1] + 1):
        path.write_bytes(after[:end] + before[end:])
        assert read(path) == note(4)
    path.write_bytes(after)
    assert read(path) == note(5)


def test_a_mark_is_raised_over_a_damaged_slot(path: Path) -> None:
    raised(path, 3, 4)
    whole = bytearray(path.read_bytes())
    newest = 0 if b"\n4\n" in whole[:SLOT_BYTES] else 1
    whole[newest * SLOT_BYTES + 20] ^= 1
    path.write_bytes(whole)
    assert raised(path, 9).note() == note(9)
    path.write_bytes(path.read_bytes().replace(b"\n9\n", b"\n8\n"))
    assert read(path) == note(3)


@pytest.mark.parametrize("length", [0, 1, 3000, MAX_NOTE_BYTES - len(note(7))])
def test_a_note_of_any_length_that_fits_is_kept(path: Path, length: int) -> None:
    mark = raised(path, 6)
    mark.raise_to(7, note(7, length=length))
    assert read(path) == note(7, length=length)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, note(0)), (-1, note(-1)), (7, note(8)), (7, b""), (7, b"log")],
)
def test_what_is_no_mark_is_not_kept(path: Path, size: int, text: bytes) -> None:
    with refused(ValueError, f"high-water mark: expected the note of a checkpoint of size {size}, from 1"):
        HighWater(path).raise_to(size, text)
    assert not path.exists()


def test_a_note_that_does_not_fit_is_refused_and_the_mark_stays(path: Path) -> None:
    mark = raised(path, 6)
    too_large = note(7, length=MAX_NOTE_BYTES + 1 - len(note(7)))
    with refused(LedgerError, "high-water mark: expected a note of at most 8128 bytes, got 8129"):
        mark.raise_to(7, too_large)
    assert read(path) == note(6)


# --- several writers


def test_threads_raise_it_to_the_largest(path: Path) -> None:
    handles = [HighWater(path) for _ in range(4)]

    def work(handle: HighWater, first: int) -> None:
        for size in range(first, 2000, 4):
            handle.raise_to(size, note(size))

    threads = [threading.Thread(target=work, args=(handle, first)) for first, handle in enumerate(handles, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(path) == note(2000 - 1)


WORKER = """
import sys
from pathlib import Path
from provenance.ledger.highwater import HighWater
mark = HighWater(Path(sys.argv[1]))
last = 0
for size in range(int(sys.argv[2]), 3000, 3):
    mark.raise_to(size, b"log\\n%d\\n" % size)
    seen = int(mark.note().split()[1])
    assert seen >= size and seen >= last, (seen, size, last)
    last = seen
"""


def test_processes_raise_it_to_the_largest(path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(path), str(first)]) for first in (1, 2, 3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert read(path) == note(2999)


def test_a_system_without_locks_does_without(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highwater, "fcntl", None)
    assert raised(path, 1, 2).note() == note(2)


# --- other files


@pytest.mark.parametrize("content", [b"", b"x", bytes(2 * SLOT_BYTES), b"hpr-high-water-1", b"{}" * 5000])
def test_another_file_is_not_taken_for_one_without_a_mark(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with refused(LedgerError, NO_MARK, code="high-water-unusable", hint=UNUSABLE_HINT):
        HighWater(path)
    assert path.read_bytes() == content


def test_a_file_that_is_damaged_later_is_refused(path: Path) -> None:
    mark = raised(path, 1)
    path.write_bytes(bytes(5))
    with refused(LedgerError, NO_MARK, code="high-water-unusable", hint=UNUSABLE_HINT):
        mark.note()
    with refused(LedgerError, NO_MARK, code="high-water-unusable", hint=UNUSABLE_HINT):
        mark.raise_to(2, note(2))


def test_what_cannot_be_opened_is_refused(path: Path) -> None:
    path.mkdir()
    message = "mark: cannot be used: is a directory"
    with refused(LedgerError, message, code="high-water-unusable", hint=UNUSABLE_HINT):
        HighWater(path)


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with refused(LedgerError, "mark: cannot be used: …", code="high-water-unusable", hint=UNUSABLE_HINT):
        HighWater(path)


def test_a_file_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    mark = HighWater(tmp_path / "none" / "mark")
    message = "mark: cannot be used: no such file or directory"
    with refused(LedgerError, message, code="high-water-unusable", hint=UNUSABLE_HINT):
        mark.raise_to(1, note(1))


# --- the ledger behind it

BODIES = bodies_of(LOG, 700)
STORE = store_of(LOG, BODIES[:600], signed_sizes=[1, 300, 590])


def true_note(size: int, *, log: Log = LOG) -> bytes:
    return signed(log, size, root_hash(map(leaf_hash, BODIES[:size])))


def shrunk(size: int) -> MemoryStore:
    return store_of(LOG, BODIES[:size], signed_sizes=[size])


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 590, 600])
def test_a_ledger_that_grew_from_its_mark_is_taken(size: int) -> None:
    check_not_rolled_back(STORE, true_note(size), keys=[LOG.key])


@pytest.mark.slow
@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_536 + 256, 65_536 + 700])
def test_a_ledger_that_is_two_levels_of_tiles_deep_is_taken(size: int) -> None:
    bodies = bodies_of(LOG, 65_536 + 700)
    store = store_of(LOG, bodies, signed_sizes=[])
    check_not_rolled_back(store, signed(LOG, size, root_hash(map(leaf_hash, bodies[:size]))), keys=[LOG.key])


def test_a_ledger_that_holds_the_very_note_is_taken_without_its_tree() -> None:
    store = MemoryStore(notes=STORE.notes, frontier=STORE.frontier)
    check_not_rolled_back(store, STORE.notes[300], keys=[LOG.key])


@pytest.mark.parametrize(("size", "noted"), [(1, 2), (255, 256), (300, 301), (300, 700)])
def test_a_ledger_older_than_its_mark_was_rolled_back(size: int, noted: int) -> None:
    message = f"high-water mark: expected a ledger of at least {noted} entries, got {size}"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        check_not_rolled_back(shrunk(size), true_note(noted), keys=[LOG.key])


def test_a_ledger_that_was_rolled_back_may_not_know_the_key_of_its_mark() -> None:
    message = "high-water mark: expected a ledger of at least 700 entries, got 300"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        check_not_rolled_back(shrunk(300), true_note(700, log=Log()), keys=[LOG.key])


def test_a_ledger_that_grew_another_way_was_rolled_back() -> None:
    root = root_hash(map(leaf_hash, BODIES[:400])).hex()[:16]
    message = f"high-water mark: expected root {'00' * 8}… at size 400, got {root}… in a ledger of size 600"
    with refused(RolledBackError, message, hint=RECOVER_HINT):
        check_not_rolled_back(STORE, signed(LOG, 400, bytes(32)), keys=[LOG.key])


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (b"", "high-water mark: note: expected an empty line before the signatures, got none"),
        (signed(Log("another"), 700, EMPTY_ROOT), "high-water mark: is of another log, 'another'"),
        (signed(Log(), 300, EMPTY_ROOT), "high-water mark: note: expected a signature of…"),
    ],
)
def test_a_mark_that_is_none_of_this_ledger_is_refused(mark: bytes, message: str) -> None:
    with refused(LedgerError, message, code="high-water-unusable", hint=UNUSABLE_HINT):
        check_not_rolled_back(STORE, mark, keys=[LOG.key])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (600, "tile 1/0: expected 2 hashes in the store, got 1"),
        (511, "tile 1/0: expected 1 hashes in the store, got 0"),
    ],
)
def test_a_ledger_without_its_tiles_or_entries_is_corrupt(size: int, message: str) -> None:
    store = store_of(LOG, BODIES[:600], signed_sizes=[])
    del store.full[0, 0], store.rows[300]
    with refused(CorruptLedgerError, message, hint=AUDIT_HINT):
        check_not_rolled_back(store, true_note(size), keys=[LOG.key])


def test_a_ledger_without_its_head_is_corrupt() -> None:
    with refused(CorruptLedgerError, "head: expected one row, got none"):
        check_not_rolled_back(MemoryStore(frontier=None), true_note(1), keys=[LOG.key])
