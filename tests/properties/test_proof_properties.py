import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.logs import LOG_ORIGIN, Log
from support.mutations import edited, one_edit
from support.refusals import assert_plain_message
from support.trees import entry, root
from support.tries import tries

from provenance.checkpoint import Checkpoint
from provenance.errors import InputError, VerificationError
from provenance.proof import LedgerProof, parse_proof

MAX_SIZE = 70
LOG = Log()
CHECKPOINTS = [LOG.checkpoint(size) for size in range(MAX_SIZE + 1)]
PROOF = LOG.proof(3, 7).to_text()
EXTRA_PROOF = LOG.proof(12, 70, extra=b"more").to_text()
PROOFS = st.builds(
    LedgerProof,
    st.integers(0, 10**19 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64).map(tuple),
    st.sampled_from(CHECKPOINTS),
    st.none() | st.binary(min_size=1, max_size=50),
)


@pytest.mark.parametrize("size", range(1, MAX_SIZE + 1, 3))
def test_every_entry_of_a_log_is_proven(size: int) -> None:
    for index in range(size):
        proof = LOG.proof(index, size)
        read = parse_proof(proof.to_text())
        assert read == proof
        assert read.verify(entry(index), keys=[LOG.key]) == Checkpoint(LOG_ORIGIN, size, root(size))


@given(PROOFS)
def test_a_proof_is_read_as_it_was_written(proof: LedgerProof) -> None:
    assert parse_proof(proof.to_text()) == proof


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_proof_is_that_of_its_own_entry_only(index: int, other: int) -> None:
    proof = LOG.proof(index, 7)
    if index == other:
        proof.verify(entry(other), keys=[LOG.key])
    else:
        with pytest.raises(VerificationError, match="inclusion proof: expected root"):
            proof.verify(entry(other), keys=[LOG.key])


@given(st.integers(0, 39), st.integers(40, MAX_SIZE), st.integers(0, MAX_SIZE))
def test_a_proof_holds_only_with_the_checkpoint_of_its_own_size(index: int, size: int, other: int) -> None:
    proof = LOG.proof(index, size)
    moved = LedgerProof(index, proof.hashes, CHECKPOINTS[other])
    if size == other:
        moved.verify(entry(index), keys=[LOG.key])
    else:
        with pytest.raises(VerificationError) as caught:
            moved.verify(entry(index), keys=[LOG.key])
        assert_plain_message(caught.value)


@given(one_edit(PROOF))
def test_a_proof_with_one_character_changed_is_refused(text: str) -> None:
    if text == PROOF:
        return
    with pytest.raises((InputError, VerificationError)) as caught:
        parse_proof(text).verify(entry(3), keys=[LOG.key])
    assert_plain_message(caught.value)


# Extra data are never authenticated, so that they are the one thing that may differ.
@settings(max_examples=tries(500))
@given(edited(EXTRA_PROOF))
def test_reading_a_proof_raises_nothing_but_refusals(text: str) -> None:
    try:
        proof = parse_proof(text)
        proof.verify(entry(12), keys=[LOG.key])
    except (InputError, VerificationError) as error:
        assert_plain_message(error)
    else:
        extra = f"extra {base64.b64encode(proof.extra).decode()}\n" if proof.extra is not None else ""
        assert text == EXTRA_PROOF.replace("extra bW9yZQ==\n", extra)


@given(st.text(max_size=200) | edited(PROOF))
def test_a_text_is_read_only_in_the_one_form_that_is_written(text: str) -> None:
    try:
        proof = parse_proof(text)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert proof.to_text() == text
