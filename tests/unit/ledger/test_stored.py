"""Hashes and roots as the store keeps them, against plain hashing."""

import pytest
from support.logs import Log
from support.published import body, make_store
from support.refusals import refused
from support.trees import naive_root

from provenance.errors import CorruptLedgerError
from provenance.ledger.stored import stored_hashes, stored_root
from provenance.merkle import EMPTY_ROOT, leaf_hash

LOG = Log()


def test_the_root_of_every_smaller_size_is_read_from_what_is_stored() -> None:
    store = make_store(LOG, 600)
    bodies = [body(number) for number in range(600)]
    assert stored_root(store, 0) == EMPTY_ROOT
    for size in [1, 2, 3, 100, 255, 256, 257, 300, 511, 512, 513, 600]:
        assert stored_root(store, size) == naive_root(bodies[:size])


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 256), (10, 20), (512, 600)])
def test_a_row_is_a_row_of_leaf_hashes(start: int, end: int) -> None:
    store = make_store(LOG, 600)
    assert stored_hashes(store, 0, start, end) == [leaf_hash(body(number)) for number in range(start, end)]
    assert stored_hashes(store, 1, 0, 2) == [
        naive_root([body(number) for number in range(at, at + 256)]) for at in (0, 256)
    ]


def test_a_row_that_is_not_there_is_named() -> None:
    store = make_store(LOG, 600)
    hint = "run provenance ledger audit"
    with refused(CorruptLedgerError, "tile 0/2: expected 256 hashes in the store, got 88", hint=hint):
        stored_hashes(store, 0, 512, 768)
    with refused(CorruptLedgerError, "tile 1/0: expected 3 hashes in the store, got 2", hint=hint):
        stored_hashes(store, 1, 0, 3)
