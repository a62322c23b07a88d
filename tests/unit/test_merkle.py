import hashlib
from collections.abc import Sequence

import pytest
from support.refusals import refused
from support.trees import consistency, flipped, inclusion, leaf, naive_consistency, naive_inclusion, root

from provenance.errors import VerificationError
from provenance.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    LeafRange,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

A, B, C, D, E, F, G = (bytes([number]) * HASH_BYTES for number in range(1, 8))


def verify_leaf(
    index: int, size: int, proof: Sequence[bytes], *, leaf_hash: bytes | None = None, root_hash: bytes | None = None
) -> None:
    verify_inclusion(
        leaf=leaf(index) if leaf_hash is None else leaf_hash,
        index=index,
        size=size,
        root=root(size) if root_hash is None else root_hash,
        proof=proof,
    )


def verify_growth(
    old_size: int,
    new_size: int,
    proof: Sequence[bytes],
    *,
    old_root: bytes | None = None,
    new_root: bytes | None = None,
) -> None:
    verify_consistency(
        old_size=old_size,
        old_root=root(old_size) if old_root is None else old_root,
        new_size=new_size,
        new_root=root(new_size) if new_root is None else new_root,
        proof=proof,
    )


def test_a_leaf_and_a_node_are_hashed_apart() -> None:
    assert leaf_hash(b"entry") == hashlib.sha256(b"\x00entry").digest()
    assert node_hash(A, B) == hashlib.sha256(b"\x01" + A + B).digest()
    assert leaf_hash(A + B) != node_hash(A, B)


def test_the_root_of_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT
    assert Frontier().root() == EMPTY_ROOT
    assert root_hash([]) == EMPTY_ROOT


def test_the_root_of_one_leaf_is_the_leaf() -> None:
    assert root_hash([A]) == A


# RFC 6962, 2.1.3: the example with seven leaves.
def test_the_root_of_seven_leaves_is_built_as_in_the_rfc() -> None:
    g, h, i, j = node_hash(A, B), node_hash(C, D), node_hash(E, F), G
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 as the RFC names them
    assert root_hash([A, B, C, D, E, F, G]) == node_hash(k, l)


def test_a_frontier_keeps_the_complete_subtrees_the_largest_first() -> None:
    frontier = Frontier().extend([A, B, C, D, E, F, G])
    assert frontier.size == 7
    assert frontier.hashes == (node_hash(node_hash(A, B), node_hash(C, D)), node_hash(E, F), G)


def test_a_frontier_is_not_changed_by_an_append() -> None:
    frontier = Frontier().append(A)
    assert frontier.append(B) == frontier.append(B)
    assert frontier == Frontier(1, (A,))


def test_a_frontier_goes_on_where_another_one_stopped() -> None:
    stopped = Frontier().extend([A, B, C])
    assert Frontier(stopped.size, stopped.hashes).extend([D, E]) == Frontier().extend([A, B, C, D, E])


def test_a_frontier_after_no_leaves_is_itself() -> None:
    assert Frontier(1, (A,)).extend([]) == Frontier(1, (A,))


@pytest.mark.parametrize(
    ("size", "hashes", "expected"),
    [
        (0, (A,), 0),
        (1, (), 1),
        (1, (A, B), 1),
        (6, (A,), 2),
        (7, (A, B, C, D), 3),
        (1, (b"short",), 1),
        (2, (A + B,), 1),
        (3, (A, b""), 2),
    ],
)
def test_a_frontier_with_other_hashes_than_its_size_needs_is_refused(
    size: int, hashes: tuple[bytes, ...], expected: int
) -> None:
    with refused(ValueError, f"frontier of size {size}: expected {expected} hashes of 32 bytes"):
        Frontier(size, hashes)


@pytest.mark.parametrize("wrong", [b"", b"short", A + b"\x00"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
def test_a_leaf_of_another_length_is_not_appended(size: int, wrong: bytes) -> None:
    frontier = Frontier().extend([A] * size)
    with refused(ValueError, f"leaf {size}: expected a hash of 32 bytes, got {len(wrong)}"):
        frontier.append(wrong)
    with refused(ValueError, f"leaf {size}: expected a hash of 32 bytes, got {len(wrong)}"):
        root_hash([*[A] * size, wrong, A])


# RFC 6962, 2.1.3: the proofs of d0, d3, d4 and d6 in the tree of seven leaves.
@pytest.mark.parametrize(
    ("index", "size", "ranges"),
    [
        (0, 1, []),
        (0, 2, [(1, 2)]),
        (1, 2, [(0, 1)]),
        (0, 7, [(1, 2), (2, 4), (4, 7)]),
        (3, 7, [(2, 3), (0, 2), (4, 7)]),
        (4, 7, [(5, 6), (6, 7), (0, 4)]),
        (6, 7, [(4, 6), (0, 4)]),
        (4, 5, [(0, 4)]),
        (2**62, 2**62 + 1, [(0, 2**62)]),
    ],
)
def test_an_inclusion_proof_consists_of_these_subtrees(index: int, size: int, ranges: list[tuple[int, int]]) -> None:
    assert inclusion_ranges(index=index, size=size) == [LeafRange(*part) for part in ranges]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (4, 3), (0, -1)])
def test_there_is_no_inclusion_proof_of_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with refused(ValueError, f"inclusion proof: expected an index from 0 to {size - 1}, got {index}"):
        inclusion_ranges(index=index, size=size)


# RFC 6962, 2.1.3: the proofs from three, four and six leaves to seven.
@pytest.mark.parametrize(
    ("old_size", "new_size", "ranges"),
    [
        (1, 1, []),
        (7, 7, []),
        (1, 2, [(1, 2)]),
        (2, 3, [(2, 3)]),
        (3, 7, [(2, 3), (3, 4), (0, 2), (4, 7)]),
        (4, 7, [(4, 7)]),
        (6, 7, [(4, 6), (6, 7), (0, 4)]),
        (2**62, 2**62 + 1, [(2**62, 2**62 + 1)]),
    ],
)
def test_a_consistency_proof_consists_of_these_subtrees(
    old_size: int, new_size: int, ranges: list[tuple[int, int]]
) -> None:
    assert consistency_ranges(old_size=old_size, new_size=new_size) == [LeafRange(*part) for part in ranges]


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 0), (0, 5), (-1, 5), (6, 5)])
def test_there_is_no_consistency_proof_between_other_sizes(old_size: int, new_size: int) -> None:
    message = f"consistency proof: expected 0 < old size <= new size, got {old_size} and {new_size}"
    with refused(ValueError, message):
        consistency_ranges(old_size=old_size, new_size=new_size)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (1, 2), (0, 7), (3, 7), (4, 7), (6, 7), (5, 8), (99, 100)])
def test_an_inclusion_proof_is_that_of_the_rfc_and_verifies(index: int, size: int) -> None:
    proof = inclusion(index, size)
    assert proof == naive_inclusion(index, [f"entry {number}".encode() for number in range(size)])
    verify_leaf(index, size, proof)


@pytest.mark.parametrize(
    ("old_size", "new_size"), [(1, 1), (1, 2), (3, 7), (4, 7), (6, 7), (8, 8), (64, 100), (63, 100)]
)
def test_a_consistency_proof_is_that_of_the_rfc_and_verifies(old_size: int, new_size: int) -> None:
    proof = consistency(old_size, new_size)
    assert proof == naive_consistency(old_size, [f"entry {number}".encode() for number in range(new_size)])
    verify_growth(old_size, new_size, proof)


@pytest.mark.parametrize(("index", "size"), [(7, 7), (8, 7), (-1, 7), (0, 0), (0, -1)])
def test_a_leaf_outside_the_tree_is_not_included(index: int, size: int) -> None:
    with refused(VerificationError, f"inclusion proof: expected an index below the tree size {size}, got {index}"):
        verify_inclusion(leaf=A, index=index, size=size, root=B, proof=[])


@pytest.mark.parametrize("wrong", [b"", b"short", A + b"\x00"])
@pytest.mark.parametrize("part", ["leaf", "root", "first", "last"])
def test_an_inclusion_proof_with_a_hash_of_another_length_is_refused(wrong: bytes, part: str) -> None:
    proof = inclusion(3, 7)
    if part == "first":
        proof[0] = wrong
    if part == "last":
        proof[-1] = wrong
    with refused(VerificationError, f"inclusion proof: expected hashes of 32 bytes, got one of {len(wrong)}"):
        verify_leaf(
            3,
            7,
            proof,
            leaf_hash=wrong if part == "leaf" else None,
            root_hash=wrong if part == "root" else None,
        )


def test_an_inclusion_proof_with_a_hash_too_many_is_refused() -> None:
    proof = [*inclusion(3, 7), A]
    message = "inclusion proof: longer than a tree of size 7 allows: got 4 hashes"
    with refused(VerificationError, message):
        verify_leaf(3, 7, proof)


def test_an_inclusion_proof_with_a_hash_too_few_is_refused() -> None:
    message = "inclusion proof: shorter than a tree of size 7 needs: got 2 hashes"
    with refused(VerificationError, message):
        verify_leaf(3, 7, inclusion(3, 7)[:-1])


def test_an_empty_inclusion_proof_holds_only_for_a_tree_of_one_leaf() -> None:
    verify_inclusion(leaf=A, index=0, size=1, root=A, proof=[])
    with refused(VerificationError, "inclusion proof: shorter than a tree of size 2 needs: got 0 hashes"):
        verify_inclusion(leaf=A, index=0, size=2, root=A, proof=[])


def test_an_inclusion_proof_that_leads_to_another_root_is_refused() -> None:
    wrong = flipped(root(7), 9)
    message = f"inclusion proof: expected root {wrong.hex()}, got {root(7).hex()}"
    with refused(VerificationError, message):
        verify_leaf(3, 7, inclusion(3, 7), root_hash=wrong)


def test_an_inclusion_proof_of_another_leaf_is_refused() -> None:
    with refused(VerificationError, f"inclusion proof: expected root {root(7).hex()}, got …"):
        verify_leaf(3, 7, inclusion(3, 7), leaf_hash=leaf(2))


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 7), (0, 0), (-1, 7), (8, 7), (1, 0)])
def test_no_growth_is_verified_between_other_sizes(old_size: int, new_size: int) -> None:
    with refused(
        VerificationError,
        f"consistency proof: expected 0 < old size <= new size, got {old_size} and {new_size}",
    ):
        verify_consistency(old_size=old_size, old_root=A, new_size=new_size, new_root=B, proof=[])


@pytest.mark.parametrize("wrong", [b"", b"short", A + b"\x00"])
@pytest.mark.parametrize("part", ["old", "new", "first", "last"])
def test_a_consistency_proof_with_a_hash_of_another_length_is_refused(wrong: bytes, part: str) -> None:
    proof = consistency(3, 7)
    if part == "first":
        proof[0] = wrong
    if part == "last":
        proof[-1] = wrong
    with refused(VerificationError, f"consistency proof: expected hashes of 32 bytes, got one of {len(wrong)}"):
        verify_growth(
            3,
            7,
            proof,
            old_root=wrong if part == "old" else None,
            new_root=wrong if part == "new" else None,
        )


def test_a_consistency_proof_between_equal_sizes_is_empty() -> None:
    verify_growth(5, 5, [])
    with refused(VerificationError, "consistency proof: expected no hashes between equal sizes, got 1"):
        verify_growth(5, 5, [A])


def test_two_roots_of_one_size_are_refused() -> None:
    message = f"consistency proof: two roots for size 5: {root(5).hex()} and {A.hex()}"
    with refused(VerificationError, message):
        verify_growth(5, 5, [], new_root=A)


# A size that is a power of two is its own first hash, so that the shortest proof has one hash less.
@pytest.mark.parametrize(("old_size", "new_size"), [(3, 4), (3, 7), (5, 6)])
def test_an_empty_consistency_proof_between_different_sizes_is_refused(old_size: int, new_size: int) -> None:
    message = f"consistency proof: expected hashes between sizes {old_size} and {new_size}, got none"
    with refused(VerificationError, message):
        verify_growth(old_size, new_size, [])


@pytest.mark.parametrize(("old_size", "new_size", "kept"), [(1, 2, 0), (4, 7, 0), (3, 7, 1), (3, 7, 3), (6, 7, 2)])
def test_a_consistency_proof_with_hashes_too_few_is_refused(old_size: int, new_size: int, kept: int) -> None:
    message = f"consistency proof: shorter than sizes {old_size} and {new_size} need"
    with refused(VerificationError, message):
        verify_growth(old_size, new_size, consistency(old_size, new_size)[:kept])


@pytest.mark.parametrize(("old_size", "new_size"), [(1, 2), (4, 7), (3, 7), (6, 7)])
def test_a_consistency_proof_with_a_hash_too_many_is_refused(old_size: int, new_size: int) -> None:
    message = f"consistency proof: longer than sizes {old_size} and {new_size} allow"
    proof = [*consistency(old_size, new_size), A]
    with refused(VerificationError, message):
        verify_growth(old_size, new_size, proof)


def test_a_consistency_proof_that_leads_to_another_old_root_is_refused() -> None:
    wrong = flipped(root(3), 9)
    message = f"consistency proof: expected old root {wrong.hex()}, got {root(3).hex()}"
    with refused(VerificationError, message):
        verify_growth(3, 7, consistency(3, 7), old_root=wrong)


def test_a_consistency_proof_that_leads_to_another_new_root_is_refused() -> None:
    wrong = flipped(root(7), 9)
    message = f"consistency proof: expected new root {wrong.hex()}, got {root(7).hex()}"
    with refused(VerificationError, message):
        verify_growth(3, 7, consistency(3, 7), new_root=wrong)


def test_a_rewritten_history_is_not_a_growth() -> None:
    rewritten = root_hash([leaf(9), *(leaf(number) for number in range(1, 7))])
    with refused(VerificationError, f"consistency proof: expected new root {rewritten.hex()}, got …"):
        verify_growth(3, 7, consistency(3, 7), new_root=rewritten)
