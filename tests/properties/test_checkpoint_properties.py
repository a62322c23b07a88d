"""A checkpoint from elsewhere against one in a file, for trees of every size."""

from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from support.checkpoints import ENTRIES, LOG, given, rows
from support.trees import flipped, naive_root
from support.tries import tries

from provenance.checkpoint import Checkpoint
from provenance.errors import CorruptLedgerError, ForkedLogError
from provenance.verification.checkpoints import GivenCheckpoint, check_covers

Case = tuple[int, int, int, int]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw the size of the newer tree, that of the older one, an entry of the older one, and one of its bits."""
    later = draw(st.integers(1, 300))
    size = draw(st.integers(1, later))
    return later, size, draw(st.integers(0, size - 1)), draw(st.integers(0, 50))


def first(size: int) -> Checkpoint:
    return Checkpoint(LOG.key.name, size, naive_root(ENTRIES[:size]))


def covers(other: GivenCheckpoint, size: int) -> Checkpoint:
    return check_covers(other, first(size), keys=[LOG.key])


@settings(max_examples=tries(100))
@drawn(cases())
def test_of_two_trees_only_those_of_the_same_beginning_agree(case: Case) -> None:
    later, size, changed, bit = case
    assert covers(given(later), size).size == later
    others = [*ENTRIES[:changed], flipped(ENTRIES[changed], bit), *ENTRIES[changed + 1 :]]
    with pytest.raises(ForkedLogError):
        covers(given(later, entries=others), size)


@settings(max_examples=tries(100))
@drawn(cases(), st.booleans())
def test_a_damaged_hash_beside_it_neither_contradicts_nor_hides_a_contradiction(case: Case, rewritten: bool) -> None:
    later, size, changed, bit = case
    entries = [b"another", *ENTRIES[1:]] if rewritten else ENTRIES
    row = rows(entries)

    def damaged(level: int, start: int, end: int) -> list[bytes]:
        hashes = list(row(level, start, end))
        place = changed // 256**level
        if start <= place < end:
            hashes[place - start] = flipped(hashes[place - start], bit)
        return hashes

    other = replace(given(later, entries=entries), row=damaged)
    try:
        covers(other, size)
    except CorruptLedgerError:
        assert size < later
    except ForkedLogError:
        assert rewritten
    else:
        assert not rewritten
