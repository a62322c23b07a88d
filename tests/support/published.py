"""Ledgers of a chosen size in a store, and what they publish, looked at from outside."""

import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from support.ledgers import numbered
from support.logs import Log
from support.plain_store import PlainStore
from support.trees import naive_root

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.ledger.growing import grow
from provenance.ledger.log import new_entry_id
from provenance.ledger.places import Destination, open_destination
from provenance.ledger.publishing import Published, publish
from provenance.merkle import leaf_hash
from provenance.storage.interface import EntryRow, LedgerStore

# Both sides of every edge of a tile that a log of this size has.
EDGES = [0, 1, 2, 255, 256, 257, 511, 512, 513]


@cache
def body(number: int) -> bytes:
    """Return the bytes of the entry at `number` of every log here."""
    return numbered(number).to_bytes()


def extend(store: LedgerStore, log: Log, size: int, *, salt: bytes = b"") -> None:
    """Let a ledger grow to `size` entries, and sign that.

    Args:
        store: the ledger's.
        log: whose it is.
        size: at least the present one.
        salt: makes the new entries others than those of the same number elsewhere.
    """
    with store.transaction():
        frontier = store.head()
        bodies = [body(number) + salt for number in range(frontier.size, size)]
        rows = [
            EntryRow(index, leaf_hash(entry), new_entry_id(), entry)
            for index, entry in enumerate(bodies, frontier.size)
        ]
        frontier = grow(store, frontier, rows)
        checkpoint = Checkpoint(log.key.name, size, frontier.root())
        note = sign_checkpoint(checkpoint, key=log.key, sign=log.signing_key.sign)
        store.add_checkpoint(size, note.to_bytes())


def make_store(log: Log, size: int) -> PlainStore:
    """Return the store of a ledger of `size` entries."""
    store = PlainStore()
    extend(store, log, size)
    return store


def publish_sizes(folder: Path, log: Log, sizes: Iterable[int]) -> PlainStore:
    """Publish a ledger in a folder at each of the sizes it grew to, and return its store."""
    store = PlainStore()
    for size in sizes:
        extend(store, log, size)
        publish_to(store, folder, log)
    return store


def publish_to(store: LedgerStore, folder: Path, log: Log) -> Published:
    """Publish a ledger in a folder."""
    return publish(store, place(folder), log_keys=[log.key])


def place(folder: Path) -> Destination:
    """Return a folder as a destination."""
    return open_destination(str(folder))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected_tree(bodies: list[bytes]) -> dict[str, bytes]:
    """Return the files of a log in the words of c2sp.org/tlog-tiles, for fewer than 256,000 entries."""
    files: dict[str, bytes] = {}
    for start in range(0, len(bodies), 256):
        part = bodies[start : start + 256]
        framed = b"".join(struct.pack(">H", len(entry)) + entry for entry in part)
        files[f"tile/entries/{spelled(start // 256, len(part))}"] = framed
    level = 0
    while len(bodies) >= (span := 256**level):
        hashes = [naive_root(bodies[at : at + span]) for at in range(0, len(bodies) - span + 1, span)]
        for start in range(0, len(hashes), 256):
            tile = hashes[start : start + 256]
            files[f"tile/{level}/{spelled(start // 256, len(tile))}"] = b"".join(tile)
        level += 1
    return files


def spelled(number: int, width: int) -> str:
    """Return the end of a tile's path, for numbers under 1,000."""
    assert number < 1000
    return f"{number:03}" if width == 256 else f"{number:03}.p/{width}"
