"""Reading a published log: every entry, proof and size against oracles that know no tiles, and every changed byte."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.published import EDGES, body, extend, make_store, place, publish_sizes, publish_to, tree
from support.refusals import refused
from support.trees import naive_consistency, naive_inclusion, naive_root

from provenance.checkpoint import Checkpoint, open_checkpoint
from provenance.errors import CorruptLedgerError, InputError, LedgerError, ProvenanceError, VerificationError
from provenance.ledger.published import PublishedLog
from provenance.merkle import EMPTY_ROOT, inclusion_ranges, leaf_hash, root_hash
from provenance.note import MAX_NOTE_BYTES

LOG = Log()

Change = Callable[[bytes], bytes]


def opened(folder: Path, log: Log = LOG) -> PublishedLog:
    return PublishedLog(place(folder), keys=[log.key])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 700 entries, to be read only."""
    folder = tmp_path_factory.mktemp("published")
    publish_sizes(folder, LOG, [700])
    return folder


@pytest.mark.parametrize("size", EDGES)
def test_every_entry_comes_back(tmp_path: Path, size: int) -> None:
    store = publish_sizes(tmp_path, LOG, [size])
    log = opened(tmp_path)
    assert log.note == store.notes[size]
    assert log.checkpoint == Checkpoint(LOG_ORIGIN, size, naive_root([body(number) for number in range(size)]))
    assert list(log.entries(0, size)) == [body(number) for number in range(size)]
    for index in {0, 1, 254, 255, 256, 257, size - 1} & set(range(size)):
        assert log.entry(index) == body(index)


@pytest.mark.parametrize("size", EDGES[1:])
def test_a_proof_is_the_one_of_plain_hashing(tmp_path: Path, size: int) -> None:
    publish_sizes(tmp_path, LOG, [size])
    log = opened(tmp_path)
    bodies = [body(number) for number in range(size)]
    for index in {0, 1, 100, 255, 256, 511, size - 1} & set(range(size)):
        proof = log.prove(index, extra=b"extra")
        assert list(proof.hashes) == naive_inclusion(index, bodies)
        assert (proof.index, proof.checkpoint, proof.extra) == (index, log.note, b"extra")
        assert proof.verify(bodies[index], keys=[LOG.key]) == log.checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("size", [65_535, 65_536, 65_537])
def test_a_large_log_comes_back(tmp_path: Path, size: int) -> None:
    publish_sizes(tmp_path, LOG, [size])
    log = opened(tmp_path)
    assert all(entry == body(number) for number, entry in enumerate(log.entries(0, size)))
    leaves = [leaf_hash(body(number)) for number in range(size)]
    for index in {0, 255, 256, 32_767, 65_279, 65_280, 65_534, size - 1}:
        expected = [root_hash(leaves[part.start : part.end]) for part in inclusion_ranges(index=index, size=size)]
        assert list(log.prove(index).hashes) == expected
        log.prove(index).verify(log.entry(index), keys=[LOG.key])
    assert log.root_of(65_535) == root_hash(leaves[:65_535])


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (3, 9), (250, 260), (256, 512), (699, 700), (100, 650)])
def test_a_range_of_entries_is_that_range(published: Path, start: int, end: int) -> None:
    assert list(opened(published).entries(start, end)) == [body(number) for number in range(start, end)]


@pytest.mark.parametrize("index", [-1, 700, 10**9])
def test_an_entry_that_is_not_there_is_refused(published: Path, index: int) -> None:
    log = opened(published)
    message = f"entry {index}: expected an index from 0 to 699"
    with refused(LedgerError, message, code="entry-missing"):
        log.entry(index)
    with refused(LedgerError, message, code="entry-missing"):
        log.prove(index)
    with refused(LedgerError, message, code="entry-missing"):
        list(log.entries(index, index + 1))


def test_entries_behind_the_end_are_refused(published: Path) -> None:
    with refused(LedgerError, "entry 700: expected an index from 0 to 699", code="entry-missing"):
        list(opened(published).entries(690, 701))


def test_the_root_of_every_smaller_size_is_known(published: Path) -> None:
    log = opened(published)
    bodies = [body(number) for number in range(700)]
    assert log.root_of(0) == EMPTY_ROOT
    for size in [1, 2, 255, 256, 257, 300, 512, 699, 700]:
        assert log.root_of(size) == naive_root(bodies[:size])
    with refused(LedgerError, "entry 700: expected an index from 0 to 699", code="entry-missing"):
        log.root_of(701)


@pytest.mark.parametrize("size", [0, 1, 2, 100, 255, 256, 257, 511, 512, 699, 700])
def test_a_log_extends_what_it_was(published: Path, size: int) -> None:
    bodies = [body(number) for number in range(700)]
    opened(published).verify_extends(Checkpoint(LOG_ORIGIN, size, naive_root(bodies[:size])))


@pytest.mark.parametrize("size", [1, 255, 256, 699, 700])
def test_a_log_does_not_extend_what_it_was_not(published: Path, size: int) -> None:
    with refused(VerificationError, "consistency proof: …"):
        opened(published).verify_extends(Checkpoint(LOG_ORIGIN, size, b"\x07" * 32))


def test_a_log_does_not_extend_a_larger_one(published: Path) -> None:
    with refused(VerificationError, "consistency proof: expected 0 < old size <= new size, got 701 and 700"):
        opened(published).verify_extends(Checkpoint(LOG_ORIGIN, 701, b"\x07" * 32))


def test_the_oracle_of_consistency_agrees(published: Path) -> None:
    # The proof that `verify_extends` uses must be the one of the RFC, not only one that leads to both roots.
    bodies = [body(number) for number in range(700)]
    log = opened(published)
    for old in (1, 255, 256, 300, 512, 600):
        assert naive_consistency(old, bodies)
        log.verify_extends(Checkpoint(LOG_ORIGIN, old, naive_root(bodies[:old])))


# --- what is not there


def test_no_log_is_no_log(tmp_path: Path) -> None:
    with refused(LedgerError, f"checkpoint: expected one at {tmp_path}, got nothing", code="checkpoint-missing"):
        opened(tmp_path)


def test_a_checkpoint_of_nobody_is_not_believed(published: Path) -> None:
    with refused(
        VerificationError,
        f"note: expected a signature of {LOG_ORIGIN}+…",
        code="note-unknown-signer",
    ):
        opened(published, Log())


def test_a_checkpoint_without_bounds_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"x" * (MAX_NOTE_BYTES + 1))
    with refused(InputError, f"checkpoint: expected at most {MAX_NOTE_BYTES} bytes, got more", code="file-too-large"):
        opened(tmp_path)


@pytest.mark.parametrize("name", ["tile/0/002.p/188", "tile/1/000.p/2"])
def test_an_open_tile_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    publish_sizes(tmp_path, LOG, [700])
    (tmp_path / name).unlink()
    with refused(LedgerError, f"{name}: missing at {tmp_path}", code="tile-missing"):
        opened(tmp_path)


@pytest.mark.parametrize(("name", "index"), [("tile/entries/001", 300), ("tile/entries/002", 600)])
def test_a_bundle_that_is_missing_is_named(tmp_path: Path, name: str, index: int) -> None:
    publish_sizes(tmp_path, LOG, [700])
    path = tmp_path / name
    (path if path.exists() else path.with_name("002.p") / "188").unlink()
    log = opened(tmp_path)
    with refused(LedgerError, f"{name}: missing at {tmp_path}", code="tile-missing"):
        log.entry(index)


def test_a_tile_that_is_missing_is_named(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [700])
    (tmp_path / "tile/0/001").unlink()
    log = opened(tmp_path)
    with refused(LedgerError, f"tile/0/001: missing at {tmp_path}", code="tile-missing"):
        log.prove(300)


def test_an_older_checkpoint_is_read_where_only_full_tiles_are_left(tmp_path: Path) -> None:
    store = publish_sizes(tmp_path, LOG, [300])
    extend(store, LOG, 512)
    publish_to(store, tmp_path, LOG)
    assert "tile/entries/001.p/44" not in tree(tmp_path)
    (tmp_path / "checkpoint").write_bytes(store.notes[300])
    # The tile above stays open, so that its partial one is still there.
    log = opened(tmp_path)
    assert log.size == 300
    assert list(log.entries(0, 300)) == [body(number) for number in range(300)]
    log.prove(299).verify(log.entry(299), keys=[LOG.key])


# --- what is wrong


MALFORMED = [
    ("tile/0/000", lambda data: data[:-1], "tile/0/000: expected 8192 bytes, got 8191"),
    ("tile/0/000", lambda data: data[:-32], "tile/0/000: expected 8192 bytes, got 8160"),
    ("tile/0/000", lambda data: data[:-1] + b"\0", "tile/0/000: does not hash to what the checkpoint signs"),
]


@pytest.mark.parametrize(("name", "change", "message"), MALFORMED)
def test_a_wrong_tile_is_named(tmp_path: Path, name: str, change: Change, message: str) -> None:
    publish_sizes(tmp_path, LOG, [700])
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    code = "tile-unsigned" if "hash" in message else "tile-malformed"
    with refused(CorruptLedgerError, message, code=code):
        opened(tmp_path).prove(5)


def test_a_tile_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [700])
    with (tmp_path / "tile/0/000").open("ab") as tile:
        tile.write(b"x")
    with refused(InputError, "tile/0/000: expected at most 8192 bytes, got more", code="file-too-large"):
        opened(tmp_path).prove(5)


@pytest.mark.parametrize("name", ["tile/0/002.p/188", "tile/1/000.p/2"])
def test_a_wrong_open_tile_is_found_at_once(tmp_path: Path, name: str) -> None:
    publish_sizes(tmp_path, LOG, [700])
    data = bytearray((tmp_path / name).read_bytes())
    data[40] ^= 1
    (tmp_path / name).write_bytes(data)
    with refused(
        CorruptLedgerError,
        "open tiles: do not hash to the root that is signed for 700 entries",
        code="tile-unsigned",
    ):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("tile/entries/000", lambda data: data[:-1], "tile/entries/000: ends within entry 255"),
        ("tile/entries/000", lambda data: b"", "tile/entries/000: expected 256 entries, got 0"),
        (
            "tile/entries/000",
            lambda data: data + b"xy",
            "tile/entries/000: expected its end behind entry 255, got 2 bytes more",
        ),
        ("tile/entries/002.p/188", lambda data: data[:1], "tile/entries/002.p/188: ends within entry 0"),
    ],
)
def test_a_malformed_bundle_is_named(tmp_path: Path, name: str, change: Change, message: str) -> None:
    publish_sizes(tmp_path, LOG, [700])
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    log = opened(tmp_path)
    with refused(CorruptLedgerError, message, code="tile-malformed"):
        list(log.entries(0, 700))


def test_no_changed_byte_goes_unseen(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [300])
    good = [body(number) for number in range(300)]
    chance = random.Random(6962)
    for name, data in sorted(tree(tmp_path).items()):
        for _ in range(25):
            place_of_change = chance.randrange(len(data))
            changed = bytearray(data)
            changed[place_of_change] ^= 1 << chance.randrange(8)
            (tmp_path / name).write_bytes(changed)
            seen: list[bytes] = []
            try:
                log = opened(tmp_path)
                log.prove(0)
                seen += log.entries(0, 300)
            except ProvenanceError:
                assert good[: len(seen)] == seen
            else:
                # Nothing but a signature's key hint or name, of somebody unknown, could pass; there is none here.
                pytest.fail(f"byte {place_of_change} of {name} was changed, and nobody noticed")
        (tmp_path / name).write_bytes(data)
    assert list(opened(tmp_path).entries(0, 300)) == good


def test_the_tiles_of_one_log_do_not_serve_another(tmp_path: Path) -> None:
    publish_sizes(tmp_path, LOG, [700])
    other = make_store(LOG, 0)
    extend(other, LOG, 700, salt=b"other")
    publish_to(other, tmp_path / "other", LOG)
    (tmp_path / "tile/entries/001").write_bytes((tmp_path / "other/tile/entries/001").read_bytes())
    log = opened(tmp_path)
    assert open_checkpoint(log.note, keys=[LOG.key]).size == 700
    with refused(
        CorruptLedgerError, "tile/entries/001: does not hash to what the checkpoint signs", code="tile-unsigned"
    ):
        list(log.entries(0, 700))
