"""The entries read back, 256 at a time: each in its place, of a form that is known, and under its own leaf hash."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from provenance.entries import are_plain, check_entry
from provenance.errors import CorruptLedgerError, ProvenanceError
from provenance.ledger.rules import WEIGHTY, EntryRules
from provenance.merkle import leaf_hash
from provenance.storage.interface import LedgerStore
from provenance.tiles import TILE_WIDTH

_READ_AT_ONCE = 256 * TILE_WIDTH

_Row = tuple[int, bytes, bytes]


class Stretch(NamedTuple):
    """Up to 256 entries of one tile.

    Attributes:
        start: index of the first, a multiple of 256.
        hashes: their leaf hashes, recomputed.
        bodies: their bytes.
        problem: what is wrong with the entry behind the last of them, or None.
    """

    start: int
    hashes: Sequence[bytes]
    bodies: Sequence[bytes]
    problem: CorruptLedgerError | None


def read_checked(store: LedgerStore, end: int, *, rules: EntryRules) -> Iterator[Stretch]:
    """Yield the entries from 0 to `end`, not included; stop behind the first that is wrong or missing."""
    start = 0
    while start < end:
        # Read piece by piece: no cursor stays open for long, and no driver has to hold more than a piece.
        rows = store.bodies(start, min(start + _READ_AT_ONCE, end))
        piece_end = start + _READ_AT_ONCE
        while start < piece_end:
            chunk = list(islice(rows, TILE_WIDTH))
            if not chunk:
                return
            stretch = _check_stretch(start, chunk, rules)
            yield stretch
            if stretch.problem or len(chunk) < TILE_WIDTH:
                return
            start += TILE_WIDTH


def _check_stretch(start: int, chunk: Sequence[_Row], rules: EntryRules) -> Stretch:
    """Check 256 entries at once, and one by one only where that fails."""
    indexes, leaves, bodies = zip(*chunk, strict=True)
    try:
        hashes = [sha256(b"\x00" + body).digest() for body in bodies]
        # Most stretches hold nothing that the rules between entries speak of.
        types = () if start and are_plain(bodies) else tuple(map(check_entry, bodies))
    except (TypeError, ProvenanceError):
        return _find_problem(start, chunk, rules)
    if hashes != list(leaves) or indexes != tuple(range(start, start + len(chunk))):
        return _find_problem(start, chunk, rules)
    for offset, entry_type in enumerate(types):
        if entry_type in WEIGHTY or start + offset == 0:
            try:
                rules.check(start + offset, entry_type, bodies[offset])
            except CorruptLedgerError as error:
                return Stretch(start, hashes[:offset], bodies[:offset], error)
    return Stretch(start, hashes, bodies, None)


def _find_problem(start: int, chunk: Sequence[_Row], rules: EntryRules) -> Stretch:
    hashes: list[bytes] = []
    bodies: list[bytes] = []
    for place, (index, leaf, body) in enumerate(chunk, start):
        try:
            if index != place:
                raise CorruptLedgerError(f"entry {place}: missing")
            hashes.append(_check_entry(place, leaf, body, rules))
        except CorruptLedgerError as error:
            return Stretch(start, hashes, bodies, error)
        bodies.append(body)
    return Stretch(start, hashes, bodies, None)


def _check_entry(index: int, stored_leaf: bytes, body: bytes, rules: EntryRules) -> bytes:
    if not isinstance(body, bytes) or leaf_hash(body) != stored_leaf:
        raise CorruptLedgerError(f"entry {index}: its bytes do not hash to its leaf hash")
    try:
        entry_type = check_entry(body)
    except ProvenanceError as error:
        raise CorruptLedgerError(f"entry {index}: {error}") from error
    rules.check(index, entry_type, body)
    return stored_leaf
