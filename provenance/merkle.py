"""Merkle tree hashing and proofs of RFC 6962 (RFC 9162 §2.1): pure functions on bytes.

Proofs are made in two steps, so that a store may answer from leaves, tiles or a cache: `inclusion_ranges` and
`consistency_ranges` name the subtrees whose hashes form the proof, in order, as half-open ranges of leaves; the
store turns each range into its hash. Verification follows the iterative algorithms of RFC 9162, 2.1.3.2 and
2.1.4.2, with every length checked.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from provenance.errors import VerificationError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class LeafRange(NamedTuple):
    """The leaves `start` to `end` (not included) of a tree; their subtree hash is one step of a proof."""

    start: int
    end: int


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ entry), 32 bytes (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), 32 bytes (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append to a tree and to know its root: its size and its complete subtrees' hashes.

    Attributes:
        size: number of leaves.
        hashes: one hash for each bit set in `size`, the largest subtree first; 32 bytes each.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()
    _root: bytes | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count() or any(len(h) != HASH_BYTES for h in self.hashes):
            raise ValueError(f"frontier of size {self.size}: expected {self.size.bit_count()} hashes of 32 bytes")

    def append(self, leaf: bytes) -> "Frontier":
        """Return the frontier after one more leaf hash of 32 bytes."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the frontier after all of `leaves`, in order."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            if len(leaf) != HASH_BYTES:
                raise ValueError(f"leaf {size}: expected a hash of 32 bytes, got {len(leaf)}")
            carry, complete = leaf, size
            while complete & 1:
                carry = node_hash(hashes.pop(), carry)
                complete >>= 1
            hashes.append(carry)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """Return the root hash, 32 bytes; of the empty tree, SHA-256 of nothing (RFC 9162, 2.1.1)."""
        if self._root is not None:
            return self._root
        root = self.hashes[-1] if self.hashes else EMPTY_ROOT
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        # It never changes, and each append asks for it three times.
        object.__setattr__(self, "_root", root)
        return root


def root_hash(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes of 32 bytes each."""
    return Frontier().extend(leaves).root()


def inclusion_ranges(*, index: int, size: int) -> list[LeafRange]:
    """Return the subtrees that prove leaf `index` in a tree of `size`, the leaf's sibling first (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: `index` is not within the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"inclusion proof: expected an index from 0 to {size - 1}, got {index}")
    ranges: list[LeafRange] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append(LeafRange(middle, end))
            end = middle
        else:
            ranges.append(LeafRange(start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(*, old_size: int, new_size: int) -> list[LeafRange]:
    """Return the subtrees that prove that a tree grew from `old_size` to `new_size` (RFC 9162, 2.1.4.1).

    Raises:
        ValueError: the sizes are not 0 < old ≤ new.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"consistency proof: expected 0 < old size <= new size, got {old_size} and {new_size}")
    ranges: list[LeafRange] = []
    start, end, whole = 0, new_size, True
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            ranges.append(LeafRange(middle, end))
            end = middle
        else:
            ranges.append(LeafRange(start, middle))
            start, whole = middle, False
    if not whole:
        ranges.append(LeafRange(start, end))
    return ranges[::-1]


def inclusion_root(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root, 32 bytes, that an inclusion proof leads to; whether a log signed it is for the caller to check.

    Args:
        leaf: 32 bytes.
        index: from 0 to size − 1.
        size: what the proof is said to be for.
        proof: hashes of 32 bytes, the leaf's sibling first.

    Raises:
        VerificationError: the proof has another shape than such a tree gives it (RFC 9162, 2.1.3.2).
    """
    place = "inclusion proof"
    _check_hashes(place, (leaf, *proof))
    if not 0 <= index < size:
        raise VerificationError(f"{place}: expected an index below the tree size {size}, got {index}")
    position, last, computed = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise VerificationError(f"{place}: longer than a tree of size {size} allows: got {len(proof)} hashes")
        if position & 1 or position == last:
            computed = node_hash(step, computed)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, step)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationError(f"{place}: shorter than a tree of size {size} needs: got {len(proof)} hashes")
    return computed


def verify_inclusion(*, leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf hash stands at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    Args:
        leaf: 32 bytes.
        index: from 0 to size − 1.
        size: taken from a *signed* checkpoint, never from the proof.
        root: 32 bytes, from the same checkpoint.
        proof: hashes of 32 bytes, the leaf's sibling first.

    Raises:
        VerificationError: the proof does not lead to the root, or has the wrong shape.
    """
    place = "inclusion proof"
    _check_hashes(place, (leaf, root, *proof))
    computed = inclusion_root(leaf=leaf, index=index, size=size, proof=proof)
    if computed != root:
        raise VerificationError(f"{place}: expected root {root.hex()}, got {computed.hex()}")


def consistency_root(*, old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root, 32 bytes, that a consistency proof leads to from an old root (RFC 9162, 2.1.4.2).

    Whether a log signed it is for the caller to check.

    Args:
        old_size: at least 1: every tree extends the empty one, so that proof would say nothing.
        old_root: 32 bytes.
        new_size: at least `old_size`.
        proof: hashes of 32 bytes; none if the sizes are equal.

    Raises:
        VerificationError: the proof does not lead to the old root, or has the wrong shape.
    """
    place = "consistency proof"
    _check_hashes(place, (old_root, *proof))
    if not 0 < old_size <= new_size:
        raise VerificationError(f"{place}: expected 0 < old size <= new size, got {old_size} and {new_size}")
    if old_size == new_size:
        if proof:
            raise VerificationError(f"{place}: expected no hashes between equal sizes, got {len(proof)}")
        return old_root
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise VerificationError(f"{place}: expected hashes between sizes {old_size} and {new_size}, got none")
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    computed_old = computed_new = path[0]
    for step in path[1:]:
        if last == 0:
            raise VerificationError(f"{place}: longer than sizes {old_size} and {new_size} allow")
        if position & 1 or position == last:
            computed_old = node_hash(step, computed_old)
            computed_new = node_hash(step, computed_new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            computed_new = node_hash(computed_new, step)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationError(f"{place}: shorter than sizes {old_size} and {new_size} need")
    if computed_old != old_root:
        raise VerificationError(f"{place}: expected old root {old_root.hex()}, got {computed_old.hex()}")
    return computed_new


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new_size` is the tree of `old_size` with leaves appended (RFC 9162, 2.1.4.2).

    Args:
        old_size: at least 1: every tree extends the empty one, so that proof would say nothing.
        old_root: 32 bytes.
        new_size: at least `old_size`.
        new_root: 32 bytes.
        proof: hashes of 32 bytes; none if the sizes are equal.

    Raises:
        VerificationError: the proof does not lead to both roots, or has the wrong shape.
    """
    place = "consistency proof"
    _check_hashes(place, (old_root, new_root, *proof))
    computed = consistency_root(old_size=old_size, old_root=old_root, new_size=new_size, proof=proof)
    if computed == new_root:
        return
    if old_size == new_size:
        raise VerificationError(f"{place}: two roots for size {old_size}: {old_root.hex()} and {new_root.hex()}")
    raise VerificationError(f"{place}: expected new root {new_root.hex()}, got {computed.hex()}")


def _split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 9162, 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_hashes(place: str, hashes: Iterable[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise VerificationError(f"{place}: expected hashes of 32 bytes, got one of {len(value)}")
