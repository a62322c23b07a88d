"""Mirrors: the same files as the log's own, and nothing from a log that contradicts itself."""

import json
import shutil
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.published import EDGES, body, extend, make_store, place, publish_sizes, publish_to, tree
from support.refusals import refused

from provenance.errors import CorruptLedgerError, ForkedLogError, InputError, LedgerError, VerificationError
from provenance.ledger.mirroring import Mirrored, mirror
from provenance.ledger.published import PublishedLog

LOG = Log()
SHOW = "show both signed checkpoints to others who follow this log"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def follow(source: Path, copy: Path) -> Mirrored:
    return mirror(place(source), copy, keys=[LOG.key])


@pytest.mark.parametrize("size", EDGES)
def test_a_mirror_holds_what_the_log_holds(source: Path, copy: Path, size: int) -> None:
    publish_sizes(source, LOG, [size])
    mirrored = follow(source, copy)
    assert tree(copy) == tree(source)
    assert (mirrored.checkpoint.size, mirrored.old_size) == (size, None)
    assert mirrored.files == len(tree(copy)) - 1


def test_a_mirror_grows_with_the_log(source: Path, copy: Path) -> None:
    store = make_store(LOG, 0)
    for old, size in [(None, 3), (3, 255), (255, 256), (256, 600), (600, 601)]:
        extend(store, LOG, size)
        publish_to(store, source, LOG)
        assert follow(source, copy).old_size == old
        assert tree(copy) == tree(source)
    again = follow(source, copy)
    assert (again.files, again.old_size) == (0, 601)


def test_a_mirror_may_be_mirrored(source: Path, copy: Path, tmp_path: Path) -> None:
    publish_sizes(source, LOG, [300])
    follow(source, copy)
    shutil.rmtree(source)
    follow(copy, tmp_path / "third")
    log = PublishedLog(place(tmp_path / "third"), keys=[LOG.key])
    assert list(log.entries(0, 300)) == [body(number) for number in range(300)]


def test_progress_is_told(source: Path, copy: Path) -> None:
    publish_sizes(source, LOG, [300])
    told: list[tuple[int, int]] = []
    mirror(place(source), copy, keys=[LOG.key], progress=lambda done, of: told.append((done, of)))
    assert told == [(256, 300), (300, 300)]


def test_a_log_that_was_shortened_is_kept_as_it_was(source: Path, copy: Path) -> None:
    longer = publish_sizes(source, LOG, [300])
    follow(source, copy)
    before = tree(copy)
    shutil.rmtree(source)
    shorter = publish_sizes(source, LOG, [299])
    with refused(
        ForkedLogError,
        "log: was signed with 300 entries before, and has 299 now",
        code="log-shortened",
        hint=SHOW,
    ):
        follow(source, copy)
    check_evidence(copy, before, (longer.notes[300], shorter.notes[299]), "log-shortened", source)


@pytest.mark.parametrize("size", [300, 301, 700])
def test_a_log_that_was_changed_is_kept_as_it_was(source: Path, copy: Path, size: int) -> None:
    first = publish_sizes(source, LOG, [300])
    follow(source, copy)
    before = tree(copy)
    shutil.rmtree(source)
    other = make_store(LOG, 200)
    extend(other, LOG, size, salt=b"other")
    publish_to(other, source, LOG)
    with refused(
        ForkedLogError,
        "log: the 300 entries signed before are others now: consistency proof: …",
        code="log-forked",
        hint=SHOW,
    ):
        follow(source, copy)
    check_evidence(copy, before, (first.notes[300], other.notes[size]), "log-forked", source)


def check_evidence(copy: Path, before: dict[str, bytes], notes: tuple[bytes, bytes], reason: str, source: Path) -> None:
    """Check that a mirror is as it was, but for one file with both checkpoints that a second look does not repeat."""
    with pytest.raises(ForkedLogError) as caught:
        follow(source, copy)
    assert caught.value.notes == notes
    evidence = caught.value.evidence
    assert evidence is not None
    document = json.loads(evidence.read_bytes())
    assert document == {"v": 1, "reason": reason, "earlier": notes[0].decode(), "later": notes[1].decode()}
    assert tree(copy) == {**before, evidence.name: evidence.read_bytes()}


def test_another_log_is_not_mirrored_over(source: Path, copy: Path) -> None:
    other = Log("other.example/log")
    publish_sizes(source, LOG, [3])
    follow(source, copy)
    shutil.rmtree(source)
    publish_sizes(source, other, [5])
    with refused(
        InputError, f"checkpoint: expected the log {LOG_ORIGIN}, got 'other.example/log'", code="checkpoint-origin"
    ):
        mirror(place(source), copy, keys=[LOG.key, other.key])


def test_somebody_elses_checkpoint_is_not_mirrored(source: Path, copy: Path) -> None:
    publish_sizes(source, Log(), [3])
    with refused(VerificationError, "note: expected a signature of …", code="note-unknown-signer"):
        follow(source, copy)
    assert tree(copy) == {}


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/entries/002.p/88"])
def test_an_entry_that_does_not_hash_to_the_root_is_not_mirrored(source: Path, copy: Path, name: str) -> None:
    publish_sizes(source, LOG, [600])
    data = bytearray((source / name).read_bytes())
    data[10] ^= 1
    (source / name).write_bytes(data)
    with refused(CorruptLedgerError, f"{name}: does not hash to what the checkpoint signs", code="tile-unsigned"):
        follow(source, copy)
    assert "checkpoint" not in tree(copy)


def test_a_missing_bundle_ends_a_mirror_that_goes_on_later(source: Path, copy: Path) -> None:
    publish_sizes(source, LOG, [600])
    bundle = (source / "tile/entries/001").read_bytes()
    (source / "tile/entries/001").unlink()
    with refused(LedgerError, f"tile/entries/001: missing at {source}", code="tile-missing"):
        follow(source, copy)
    (source / "tile/entries/001").write_bytes(bundle)
    follow(source, copy)
    assert tree(copy) == tree(source)


def test_a_damaged_mirror_is_named_and_left(source: Path, copy: Path) -> None:
    publish_sizes(source, LOG, [600])
    (copy / "tile/0").mkdir(parents=True)
    (copy / "tile/0/001").write_bytes(b"damaged")
    with refused(CorruptLedgerError, "tile/0/001: published with other bytes than the ledger has", code="tile-differs"):
        follow(source, copy)
    assert (copy / "tile/0/001").read_bytes() == b"damaged"
