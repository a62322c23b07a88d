"""Merkle trees in the words of RFC 6962, 2.1: slow, recursive, and written apart from the code under test."""

import hashlib
from collections.abc import Sequence
from functools import cache

from provenance.merkle import LeafRange, consistency_ranges, inclusion_ranges, leaf_hash, root_hash


def naive_root(entries: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) of RFC 6962, 2.1."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_inclusion(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D[n]) of RFC 6962, 2.1.1."""
    if len(entries) == 1:
        return []
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if index < k:
        return [*naive_inclusion(index, entries[:k]), naive_root(entries[k:])]
    return [*naive_inclusion(index - k, entries[k:]), naive_root(entries[:k])]


def naive_consistency(old_size: int, entries: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """Return PROOF(m, D[n]), that is SUBPROOF(m, D[n], true), of RFC 6962, 2.1.2."""
    if old_size == len(entries):
        return [] if whole else [naive_root(entries)]
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if old_size <= k:
        return [*naive_consistency(old_size, entries[:k], whole=whole), naive_root(entries[k:])]
    return [*naive_consistency(old_size - k, entries[k:], whole=False), naive_root(entries[:k])]


def entry(number: int) -> bytes:
    """Return the entry that stands at `number` in the tree of these tests."""
    return f"entry {number}".encode()


@cache
def leaf(number: int) -> bytes:
    """Return the leaf hash of the entry at `number`."""
    return leaf_hash(entry(number))


@cache
def subtree(part: LeafRange) -> bytes:
    """Return the hash of the subtree over the leaves of `part`."""
    return root_hash(leaf(number) for number in range(part.start, part.end))


def root(size: int) -> bytes:
    """Return the root of the first `size` entries."""
    return subtree(LeafRange(0, size))


def inclusion(index: int, size: int) -> list[bytes]:
    """Return the proof that the entry at `index` is in the tree of `size`."""
    return [subtree(part) for part in inclusion_ranges(index=index, size=size)]


def consistency(old_size: int, new_size: int) -> list[bytes]:
    """Return the proof that the tree of `old_size` grew into the one of `new_size`."""
    return [subtree(part) for part in consistency_ranges(old_size=old_size, new_size=new_size)]


def flipped(value: bytes, bit: int) -> bytes:
    """Return `value` with one bit changed."""
    changed = bytearray(value)
    changed[bit // 8 % len(value)] ^= 1 << bit % 8
    return bytes(changed)
