"""What a monitor sees, remembers and keeps as evidence."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.published import extend, make_store, place, publish_sizes, publish_to, tree
from support.refusals import refused

from provenance.errors import CorruptLedgerError, ForkedLogError, InputError
from provenance.ledger.monitoring import Monitored, count_types, monitor

LOG = Log()
FOLDER = hashlib.sha256(LOG_ORIGIN.encode()).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def look(source: Path, state: Path, log: Log = LOG) -> Monitored:
    return monitor(place(source), keys=[log.key], state_directory=state)


def test_the_first_look_reads_everything(source: Path, state: Path) -> None:
    store = publish_sizes(source, LOG, [9])
    seen = look(source, state)
    assert (seen.checkpoint.size, seen.old_size) == (9, None)
    assert seen.new_entries == {"consent": 3, "consent-event": 2, "stamp": 4}
    assert tree(state) == {f"{FOLDER}/checkpoint": store.notes[9]}


def test_a_later_look_reads_what_is_new(source: Path, state: Path) -> None:
    store = publish_sizes(source, LOG, [255])
    look(source, state)
    extend(store, LOG, 257)
    extend(store, LOG, 259, salt=b"unreadable")
    publish_to(store, source, LOG)
    seen = look(source, state)
    assert (seen.checkpoint.size, seen.old_size) == (259, 255)
    assert seen.new_entries == {"consent": 1, "stamp": 1, "unknown": 2}
    assert tree(state) == {f"{FOLDER}/checkpoint": store.notes[259]}
    again = look(source, state)
    assert (again.old_size, again.new_entries) == (259, {})


def test_an_empty_log_has_no_entries(source: Path, state: Path) -> None:
    store = publish_sizes(source, LOG, [0])
    assert look(source, state).new_entries == {}
    extend(store, LOG, 1)
    publish_to(store, source, LOG)
    seen = look(source, state)
    assert (seen.old_size, seen.new_entries) == (0, {"consent": 1})


def test_logs_are_told_apart(source: Path, state: Path, tmp_path: Path) -> None:
    other = Log("other.example/log")
    publish_sizes(source, LOG, [5])
    publish_sizes(tmp_path / "other", other, [3])
    look(source, state)
    assert look(tmp_path / "other", state, other).old_size is None
    assert look(source, state).old_size == 5
    assert len(tree(state)) == 2


def test_progress_is_told(source: Path, state: Path) -> None:
    publish_sizes(source, LOG, [300])
    told: list[tuple[int, int]] = []
    monitor(
        place(source),
        keys=[LOG.key],
        state_directory=state,
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(256, 300), (300, 300)]


@pytest.mark.parametrize(
    ("size", "salt", "message", "code"),
    [
        (300, b"x", "log: the 300 entries signed before are others now: consistency proof: two roots …", "log-forked"),
        (400, b"x", "log: the 300 entries signed before are others now: consistency proof: …", "log-forked"),
        (299, b"", "log: was signed with 300 entries before, and has 299 now", "log-shortened"),
    ],
)
def test_a_fork_is_kept_with_both_checkpoints(
    source: Path, state: Path, size: int, salt: bytes, message: str, code: str
) -> None:
    first = publish_sizes(source, LOG, [300])
    look(source, state)
    shutil.rmtree(source)
    other = make_store(LOG, 250)
    extend(other, LOG, size, salt=salt)
    publish_to(other, source, LOG)
    for _ in range(2):
        with refused(
            ForkedLogError, message, code=code, hint="show both signed checkpoints to others who follow this log"
        ):
            look(source, state)
    with pytest.raises(ForkedLogError) as caught:
        look(source, state)
    evidence = caught.value.evidence
    assert evidence is not None
    assert evidence.parent == state / FOLDER
    assert caught.value.notes == (first.notes[300], other.notes[size])
    assert json.loads(evidence.read_text()) == {
        "v": 1,
        "reason": code,
        "earlier": first.notes[300].decode(),
        "later": other.notes[size].decode(),
    }
    # The checkpoint that was seen first stays the one that the log is held to.
    assert tree(state) == {
        f"{FOLDER}/checkpoint": first.notes[300],
        f"{FOLDER}/{evidence.name}": evidence.read_bytes(),
    }


def test_a_log_that_comes_back_is_followed_on(source: Path, state: Path, tmp_path: Path) -> None:
    store = publish_sizes(source, LOG, [300])
    look(source, state)
    publish_sizes(tmp_path / "short", LOG, [299])
    with pytest.raises(ForkedLogError):
        look(tmp_path / "short", state)
    extend(store, LOG, 301)
    publish_to(store, source, LOG)
    assert look(source, state).old_size == 300


def test_a_broken_log_is_not_remembered(source: Path, state: Path) -> None:
    publish_sizes(source, LOG, [300])
    data = bytearray((source / "tile/entries/000").read_bytes())
    data[5] ^= 1
    (source / "tile/entries/000").write_bytes(data)
    with refused(
        CorruptLedgerError, "tile/entries/000: does not hash to what the checkpoint signs", code="tile-unsigned"
    ):
        look(source, state)
    assert tree(state) == {}


def test_a_state_that_is_no_checkpoint_is_refused(source: Path, state: Path) -> None:
    publish_sizes(source, LOG, [3])
    (state / FOLDER).mkdir(parents=True)
    (state / FOLDER / "checkpoint").write_bytes(b"rubbish")
    with refused(InputError, "note: expected an empty line before the signatures, got none"):
        look(source, state)


def test_entries_are_counted_by_type() -> None:
    assert count_types([]) == {}
    assert count_types([b"", b"{}", b'{"v":1}']) == {"unknown": 3}
    assert list(count_types([b"", *(row.body for row in make_store(LOG, 3).rows)])) == [
        "consent",
        "consent-event",
        "stamp",
        "unknown",
    ]
