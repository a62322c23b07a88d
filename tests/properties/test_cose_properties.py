import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.logs import Log
from support.mutations import edited_bytes
from support.refusals import assert_plain_message
from support.trees import consistency, entry, flipped, root
from support.tries import tries

from provenance.checkpoint import Checkpoint
from provenance.cose import (
    CoseConsistencyReceipt,
    CoseReceipt,
    parse_consistency_receipt,
    parse_receipt,
    sign_root,
    to_receipt,
)
from provenance.errors import InputError, VerificationError

LOG = Log()
HASHES = st.binary(min_size=32, max_size=32)
RECEIPTS = st.builds(
    CoseReceipt,
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.binary(min_size=4, max_size=4),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.lists(HASHES, min_size=1, max_size=63).map(tuple),
    st.binary(min_size=64, max_size=64),
)
TAGS = st.sampled_from([0, 1, 2, 4, 5, 18, 25, 28, 29, 30, 35, 36, 37, 256, 258, 260, 55799])
ANY_CBOR = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64 - 1), st.binary(max_size=70), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.integers(-2, 400), inner, max_size=4),
        st.builds(cbor2.CBORTag, TAGS, inner),
        inner.map(cbor2.dumps),
    ),
    max_leaves=12,
)


def receipt(index: int, size: int) -> CoseReceipt:
    signature = sign_root(root(size), key=LOG.key, sign=LOG.signing_key.sign)
    return to_receipt(LOG.proof(index, size), key=LOG.key, signature=signature)


@given(RECEIPTS)
def test_a_receipt_is_read_as_it_was_written(found: CoseReceipt) -> None:
    assert parse_receipt(found.to_bytes()) == found


@given(st.integers(2, 130).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_entry_of_every_tree_has_its_receipt(place: tuple[int, int]) -> None:
    index, size = place
    assert parse_receipt(receipt(index, size).to_bytes()).verify(entry(index), keys=[LOG.key]) == root(size)


@settings(max_examples=tries(1000))
@given(st.data())
def test_a_changed_receipt_proves_the_same_or_nothing(data: st.DataObject) -> None:
    original = receipt(3, 7)
    changed = data.draw(edited_bytes(original.to_bytes()))
    try:
        found = parse_receipt(changed)
        proven = found.verify(entry(3), keys=[LOG.key])
    except (InputError, VerificationError) as error:
        assert_plain_message(error)
    else:
        assert proven == root(7)
        assert (found.signature, found.hashes, found.log_origin) == (
            original.signature,
            original.hashes,
            original.log_origin,
        )


@settings(max_examples=tries(500))
@given(st.one_of(st.binary(max_size=200), ANY_CBOR.map(cbor2.dumps)))
def test_anything_else_is_refused_plainly(data: bytes) -> None:
    for parse in (parse_receipt, parse_consistency_receipt):
        with pytest.raises(InputError) as caught:
            parse(data)
        assert_plain_message(caught.value)


@given(st.integers(2, 130).flatmap(lambda new: st.tuples(st.integers(1, new - 1), st.just(new))), st.integers(0, 255))
def test_a_log_that_grew_has_its_receipt(sizes: tuple[int, int], bit: int) -> None:
    old, new = sizes
    signature = sign_root(root(new), key=LOG.key, sign=LOG.signing_key.sign)
    path = tuple(consistency(old, new))
    found = CoseConsistencyReceipt(LOG.key.name, LOG.key.key_id, old, new, path, signature)
    assert parse_consistency_receipt(found.to_bytes()) == found
    assert found.verify(Checkpoint(LOG.key.name, old, root(old)), keys=[LOG.key]) == root(new)
    with pytest.raises(VerificationError):
        found.verify(Checkpoint(LOG.key.name, old, flipped(root(old), bit)), keys=[LOG.key])
