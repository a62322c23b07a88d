"""A log written as files in the words of c2sp.org/tlog-tiles: slow, and written apart from the code under test."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from support.logs import Log
from support.memory_store import signed

from provenance.merkle import leaf_hash, root_hash


@cache
def _subtree(leaves: tuple[bytes, ...]) -> bytes:
    return root_hash(leaves)


def write_export(directory: Path, log: Log, bodies: Sequence[bytes]) -> Path:
    """Write the tiles, bundles and checkpoint of a log of exactly these entries, and return the directory.

    Slot i of tile n of level l is MTH(D[(256n + i)·256^l : (256n + i + 1)·256^l]).
    """
    leaves = [leaf_hash(body) for body in bodies]
    level, hashes = 0, leaves
    while hashes:
        for number in range((len(hashes) + 255) // 256):
            row = hashes[256 * number : 256 * number + 256]
            _write(directory, f"tile/{level}/{_grouped(number)}{_suffix(row)}", b"".join(row))
        hashes = [_subtree(tuple(hashes[at : at + 256])) for at in range(0, len(hashes) // 256 * 256, 256)]
        level += 1
    for number in range((len(bodies) + 255) // 256):
        part = bodies[256 * number : 256 * number + 256]
        bundle = b"".join(len(body).to_bytes(2, "big") + body for body in part)
        _write(directory, f"tile/entries/{_grouped(number)}{_suffix(part)}", bundle)
    _write(directory, "checkpoint", signed(log, len(bodies), root_hash(leaves)))
    return directory


def _grouped(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    return f"x{thousands:03}/{rest:03}" if thousands else f"{rest:03}"


def _suffix(row: Sequence[bytes]) -> str:
    return "" if len(row) == 256 else f".p/{len(row)}"


def _write(directory: Path, path: str, data: bytes) -> None:
    file = directory / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
