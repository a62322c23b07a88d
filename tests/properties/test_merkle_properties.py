from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import assert_plain_message
from support.trees import (
    consistency,
    entry,
    flipped,
    inclusion,
    leaf,
    naive_consistency,
    naive_inclusion,
    naive_root,
    root,
)

from provenance.errors import VerificationError
from provenance.merkle import (
    Frontier,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

MAX_SIZE = 70
SIZES = range(1, MAX_SIZE + 1)
ENTRIES = [entry(number) for number in range(MAX_SIZE)]
HASHES = st.binary(min_size=32, max_size=32)
BITS = st.integers(0, 255)


@st.composite
def inclusions(draw: st.DrawFn, *, min_size: int = 1) -> tuple[int, int]:
    """Draw an index and the size of a tree."""
    size = draw(st.integers(min_size, MAX_SIZE))
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    """Draw the size of a tree and of one that grew from it."""
    new_size = draw(st.integers(2, MAX_SIZE))
    return draw(st.integers(1, new_size - 1)), new_size


def includes(
    index: int, size: int, proof: list[bytes], *, claimed: bytes | None = None, top: bytes | None = None
) -> bool:
    """Tell whether the proof is taken; a refusal must have the form of all refusals."""
    try:
        verify_inclusion(
            leaf=leaf(index) if claimed is None else claimed,
            index=index,
            size=size,
            root=root(size) if top is None else top,
            proof=proof,
        )
    except VerificationError as error:
        assert_plain_message(error)
        return False
    return True


def extends(
    old_size: int, new_size: int, proof: list[bytes], *, old: bytes | None = None, new: bytes | None = None
) -> bool:
    """Tell whether the proof is taken; a refusal must have the form of all refusals."""
    try:
        verify_consistency(
            old_size=old_size,
            old_root=root(old_size) if old is None else old,
            new_size=new_size,
            new_root=root(new_size) if new is None else new,
            proof=proof,
        )
    except VerificationError as error:
        assert_plain_message(error)
        return False
    return True


def inclusion_path(index: int, size: int) -> list[bool]:
    """Return on which side of the leaf each hash of its proof stands, which is all that a proof says of the size."""
    return [part.start > index for part in inclusion_ranges(index=index, size=size)]


def consistency_path(old_size: int, new_size: int) -> tuple[bool, list[bool]]:
    """Return what a proof says of the two sizes: whether the old tree is complete, and which hashes are new."""
    ranges = consistency_ranges(old_size=old_size, new_size=new_size)
    return old_size & (old_size - 1) == 0, [part.start >= old_size for part in ranges]


@pytest.mark.parametrize("size", range(MAX_SIZE + 1))
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert root_hash(leaf(number) for number in range(size)) == naive_root(ENTRIES[:size])


@given(st.lists(st.binary(max_size=80), max_size=40))
def test_the_root_over_any_entries_is_that_of_the_definition(entries: list[bytes]) -> None:
    frontier = Frontier().extend(leaf_hash(data) for data in entries)
    assert frontier.size == len(entries)
    assert frontier.root() == naive_root(entries)


@given(st.lists(HASHES, max_size=40), st.lists(HASHES, max_size=40))
def test_a_frontier_may_be_extended_in_parts(first: list[bytes], second: list[bytes]) -> None:
    stopped = Frontier().extend(first)
    assert Frontier(stopped.size, stopped.hashes).extend(second) == Frontier().extend(first + second)


@pytest.mark.parametrize("size", SIZES)
def test_every_inclusion_proof_is_that_of_the_definition_and_verifies(size: int) -> None:
    for index in range(size):
        proof = inclusion(index, size)
        assert includes(index, size, proof)
        if size <= 24:
            assert proof == naive_inclusion(index, ENTRIES[:size])


@pytest.mark.parametrize("new_size", SIZES)
def test_every_consistency_proof_is_that_of_the_definition_and_verifies(new_size: int) -> None:
    for old_size in range(1, new_size + 1):
        proof = consistency(old_size, new_size)
        assert extends(old_size, new_size, proof)
        if new_size <= 24:
            assert proof == naive_consistency(old_size, ENTRIES[:new_size])


@given(st.integers(1, 2**63), st.data())
def test_the_subtrees_of_an_inclusion_proof_and_the_leaf_make_up_the_tree(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    parts = sorted([(index, index + 1), *inclusion_ranges(index=index, size=size)])
    assert len(parts) <= 64
    assert (parts[0][0], parts[-1][1]) == (0, size)
    assert all(left[1] == right[0] for left, right in pairwise(parts))


@given(st.integers(1, 2**63), st.data())
def test_the_subtrees_of_a_consistency_proof_make_up_the_new_tree(new_size: int, data: st.DataObject) -> None:
    old_size = data.draw(st.integers(1, new_size))
    parts = sorted(consistency_ranges(old_size=old_size, new_size=new_size))
    if old_size & (old_size - 1) == 0:
        parts = [part for part in parts if part.start >= old_size]
        start = old_size
    else:
        start = 0
    assert len(parts) <= 65
    assert [part.start for part in parts] == ([start, *(part.end for part in parts)][:-1] if parts else [])
    assert not parts or parts[-1].end == new_size


@given(inclusions(min_size=2), st.data())
def test_an_inclusion_proof_with_a_changed_hash_is_refused(place: tuple[int, int], data: st.DataObject) -> None:
    proof = inclusion(*place)
    number = data.draw(st.integers(0, len(proof) - 1))
    proof[number] = flipped(proof[number], data.draw(BITS))
    assert not includes(*place, proof)


@given(inclusions(), HASHES, st.data())
def test_an_inclusion_proof_with_a_hash_too_many_is_refused(
    place: tuple[int, int], extra: bytes, data: st.DataObject
) -> None:
    proof = inclusion(*place)
    proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.sampled_from([extra, *proof])))
    assert not includes(*place, proof)


@given(inclusions(min_size=2), st.data())
def test_an_inclusion_proof_with_a_hash_too_few_is_refused(place: tuple[int, int], data: st.DataObject) -> None:
    proof = inclusion(*place)
    del proof[data.draw(st.integers(0, len(proof) - 1))]
    assert not includes(*place, proof)


@given(inclusions(min_size=3), st.randoms())
def test_an_inclusion_proof_in_another_order_is_refused(place: tuple[int, int], random: Random) -> None:
    proof = inclusion(*place)
    shuffled = proof.copy()
    random.shuffle(shuffled)
    assert includes(*place, shuffled) == (shuffled == proof)


@given(inclusions(), BITS)
def test_another_root_is_refused(place: tuple[int, int], bit: int) -> None:
    assert not includes(*place, inclusion(*place), top=flipped(root(place[1]), bit))


@given(inclusions(), BITS)
def test_another_leaf_is_refused(place: tuple[int, int], bit: int) -> None:
    assert not includes(*place, inclusion(*place), claimed=flipped(leaf(place[0]), bit))


@given(inclusions(), st.integers(-5, MAX_SIZE + 5))
def test_another_index_is_refused(place: tuple[int, int], index: int) -> None:
    same_leaf = leaf(place[0])
    assert includes(index, place[1], inclusion(*place), claimed=same_leaf) == (index == place[0])


@given(inclusions(), st.integers(0, MAX_SIZE))
def test_another_size_with_its_own_root_is_refused(place: tuple[int, int], size: int) -> None:
    assert includes(place[0], size, inclusion(*place)) == (size == place[1])


# A size that leads along the same path cannot be told apart by the proof, so that it is taken from what was signed.
@given(inclusions(), st.integers(1, MAX_SIZE))
def test_another_size_is_refused_where_it_asks_for_another_path(place: tuple[int, int], size: int) -> None:
    same_path = place[0] < size and inclusion_path(place[0], size) == inclusion_path(*place)
    assert includes(place[0], size, inclusion(*place), top=root(place[1])) == same_path


@given(growths(), st.data())
def test_a_consistency_proof_with_a_changed_hash_is_refused(sizes: tuple[int, int], data: st.DataObject) -> None:
    proof = consistency(*sizes)
    number = data.draw(st.integers(0, len(proof) - 1))
    proof[number] = flipped(proof[number], data.draw(BITS))
    assert not extends(*sizes, proof)


@given(growths(), HASHES, st.data())
def test_a_consistency_proof_with_a_hash_too_many_is_refused(
    sizes: tuple[int, int], extra: bytes, data: st.DataObject
) -> None:
    proof = consistency(*sizes)
    added = data.draw(st.sampled_from([extra, root(sizes[0]), root(sizes[1]), *proof]))
    proof.insert(data.draw(st.integers(0, len(proof))), added)
    assert not extends(*sizes, proof)


@given(growths(), st.data())
def test_a_consistency_proof_with_a_hash_too_few_is_refused(sizes: tuple[int, int], data: st.DataObject) -> None:
    proof = consistency(*sizes)
    del proof[data.draw(st.integers(0, len(proof) - 1))]
    assert not extends(*sizes, proof)


@given(growths(), BITS)
def test_another_old_root_is_refused(sizes: tuple[int, int], bit: int) -> None:
    assert not extends(*sizes, consistency(*sizes), old=flipped(root(sizes[0]), bit))


@given(growths(), BITS)
def test_another_new_root_is_refused(sizes: tuple[int, int], bit: int) -> None:
    assert not extends(*sizes, consistency(*sizes), new=flipped(root(sizes[1]), bit))


@given(growths())
def test_swapped_roots_are_refused(sizes: tuple[int, int]) -> None:
    assert not extends(*sizes, consistency(*sizes), old=root(sizes[1]), new=root(sizes[0]))


@given(growths(), st.integers(0, MAX_SIZE))
def test_another_old_size_with_its_own_root_is_refused(sizes: tuple[int, int], size: int) -> None:
    assert extends(size, sizes[1], consistency(*sizes)) == (size == sizes[0])


@given(growths(), st.integers(0, MAX_SIZE))
def test_another_new_size_with_its_own_root_is_refused(sizes: tuple[int, int], size: int) -> None:
    assert extends(sizes[0], size, consistency(*sizes)) == (size == sizes[1])


@given(growths(), growths())
def test_other_sizes_are_refused_where_they_ask_for_another_path(
    sizes: tuple[int, int], others: tuple[int, int]
) -> None:
    taken = extends(*others, consistency(*sizes), old=root(sizes[0]), new=root(sizes[1]))
    assert taken == (consistency_path(*others) == consistency_path(*sizes))


@pytest.mark.parametrize("old_size", range(1, 25))
def test_another_size_of_a_small_tree_is_refused_where_it_asks_for_another_path(old_size: int) -> None:
    sizes = [(old, new) for new in range(2, 25) for old in range(1, new)]
    for new_size in range(old_size + 1, 25):
        proof = consistency(old_size, new_size)
        path = consistency_path(old_size, new_size)
        for others in sizes:
            taken = extends(*others, proof, old=root(old_size), new=root(new_size))
            assert taken == (consistency_path(*others) == path)


@given(
    st.integers(-2, 2**64),
    st.integers(-2, 2**64),
    st.lists(st.binary(min_size=31, max_size=33) | HASHES, max_size=70),
    HASHES,
)
def test_no_proof_raises_anything_but_a_refusal(first: int, second: int, proof: list[bytes], top: bytes) -> None:
    includes(first, second, proof, claimed=top, top=top)
    extends(first, second, proof, old=top, new=top)
