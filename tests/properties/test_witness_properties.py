from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.logs import LOG_ORIGIN, Log
from support.mutations import edited, edited_bytes, one_edit
from support.refusals import assert_plain_message
from support.trees import root
from support.tries import tries
from support.witnesses import START, asked, forked, growth, new_witness, request

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint, parse_checkpoint_text
from provenance.cosignature import CosignatureKey, Cosigner, Kind, cosigned_time
from provenance.errors import InputError, VerificationError
from provenance.note import Note, NoteSignature, parse_note
from provenance.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, parse_policy
from provenance.witness.request import parse_request

LOG = Log()
CHECKPOINTS = [LOG.checkpoint(size) for size in range(41)]
COSIGNERS = [Cosigner.generate(f"w{number}.example", Kind.ED25519) for number in range(8)]
ML_DSA = Cosigner.generate("pq.example", Kind.ML_DSA_44)
NOTE = parse_note(CHECKPOINTS[7])
COSIGNED = NOTE.with_signatures([COSIGNERS[0].sign(NOTE.text, now=START)]).to_bytes()
PQ_COSIGNED = NOTE.with_signatures([ML_DSA.sign(NOTE.text, now=START)])
BOTH = Policy((PolicyLog(LOG.key),), (PolicyWitness("w", COSIGNERS[0].key),), (), "w")
SIZES = st.integers(0, 40)
TIMES = st.timedeltas(timedelta(0), timedelta(days=365 * 8000)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since
)


# --- cosignatures


@given(TIMES, st.sampled_from([COSIGNERS[0], ML_DSA]), SIZES)
def test_a_cosignature_tells_the_second_in_which_it_was_made(now: datetime, cosigner: Cosigner, size: int) -> None:
    note = parse_note(CHECKPOINTS[size])
    line = cosigner.sign(note.text, now=now)
    assert (
        cosigner.key.verify(note.with_signatures([line])) == now.replace(microsecond=0) == cosigned_time(line.signature)
    )


@given(one_edit(COSIGNED.decode()))
def test_a_cosigned_checkpoint_with_one_character_changed_is_refused(text: str) -> None:
    if text.encode() == COSIGNED:
        return
    with pytest.raises((InputError, VerificationError)) as caught:
        BOTH.verify(text.encode())
    assert_plain_message(caught.value)


@settings(max_examples=tries(100))
@given(st.integers(0, 8 + 2420 - 1), st.integers(0, 7))
def test_an_ml_dsa_cosignature_with_one_bit_changed_is_refused(position: int, bit: int) -> None:
    line = PQ_COSIGNED.signatures[1]
    changed = bytearray(line.signature)
    changed[position] ^= 1 << bit
    with pytest.raises(VerificationError):
        ML_DSA.key.verify(Note(NOTE.text, (NoteSignature(line.name, line.key_id, bytes(changed)),)))


@given(st.text(max_size=100) | edited(COSIGNERS[0].key.to_text()))
def test_reading_a_witness_key_raises_nothing_but_refusals(text: str) -> None:
    try:
        key = CosignatureKey.from_text(text)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert key.to_text() == text


@given(st.text(max_size=100) | edited(COSIGNERS[0].to_text()))
def test_reading_a_private_key_raises_nothing_but_refusals(text: str) -> None:
    try:
        cosigner = Cosigner.from_text(text)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert cosigner.to_text() == text


# --- checkpoints with extension lines, and ranges of keys

LINES = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1, max_size=20)


@given(
    st.builds(
        Checkpoint,
        LINES,
        st.integers(0, 10**19 - 1),
        st.binary(min_size=32, max_size=32),
        st.lists(LINES, max_size=4).map(tuple),
    )
)
def test_a_checkpoint_with_extension_lines_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint_text(checkpoint.to_text(), extensions=True) == checkpoint


@given(SIZES, SIZES, st.none() | SIZES)
def test_a_key_opens_the_checkpoints_of_its_range_and_no_others(size: int, first: int, last: int | None) -> None:
    if last is not None and last < first:
        return
    key = LogKey(LOG.key, first, last)
    if first <= size and (last is None or size <= last):
        assert open_checkpoint(CHECKPOINTS[size], keys=[key]).size == size
    else:
        with pytest.raises(VerificationError) as caught:
            open_checkpoint(CHECKPOINTS[size], keys=[key])
        assert caught.value.code == ("log-key-early" if size < first else "log-key-retired")


# --- policies


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy with groups within groups."""
    count = draw(st.integers(0, len(COSIGNERS)))
    witnesses = tuple(
        PolicyWitness(f"w{n}", COSIGNERS[n].key, draw(st.none() | st.just("http://w"))) for n in range(count)
    )
    free = [witness.name for witness in witnesses]
    groups: list[PolicyGroup] = []
    while bool(free) and draw(st.booleans()):
        members = tuple(draw(st.lists(st.sampled_from(free), min_size=1, unique=True)))
        groups.append(PolicyGroup(f"g{len(groups)}", draw(st.integers(1, len(members))), members))
        free = [*(name for name in free if name not in members), groups[-1].name]
    names = [w.name for w in witnesses] + [group.name for group in groups]
    return Policy((PolicyLog(LOG.key),), witnesses, tuple(groups), draw(st.sampled_from(["none", *names])))


def is_met(policy: Policy, name: str, signed: set[str]) -> bool:
    """Tell whether a name has witnessed, in the words of the specification."""
    for group in policy.groups:
        if group.name == name:
            return len([member for member in group.members if is_met(policy, member, signed)]) >= group.threshold
    return name in signed


@given(policies())
def test_a_policy_is_read_as_it_was_written(policy: Policy) -> None:
    assert parse_policy(policy.to_bytes()) == policy


@given(policies(), st.sets(st.integers(0, len(COSIGNERS) - 1)))
def test_a_policy_accepts_what_its_quorum_cosigned_and_nothing_else(policy: Policy, signers: set[int]) -> None:
    note = NOTE.with_signatures(COSIGNERS[number].sign(NOTE.text, now=START) for number in signers)
    signed = {f"w{number}" for number in signers}
    if policy.quorum == "none" or is_met(policy, policy.quorum, signed):
        verified = policy.verify(note.to_bytes())
        assert set(verified.witnesses) == signed & {witness.name for witness in policy.witnesses}
    else:
        with pytest.raises(VerificationError) as caught:
            policy.verify(note.to_bytes())
        assert caught.value.code == "quorum-missing"
        assert_plain_message(caught.value)


EXAMPLE = Policy(
    (PolicyLog(LOG.key, "https://log.example"),),
    tuple(PolicyWitness(f"w{number}", COSIGNERS[number].key) for number in range(3)),
    (PolicyGroup("g", 2, ("w0", "w1", "w2")),),
    "g",
).to_bytes()


@given(st.binary(max_size=200) | edited_bytes(EXAMPLE) | edited(EXAMPLE.decode()).map(str.encode))
def test_reading_a_policy_raises_nothing_but_refusals(data: bytes) -> None:
    try:
        policy = parse_policy(data)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert parse_policy(policy.to_bytes()) == policy


# --- requests


@given(
    st.integers(0, 10**19 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=200) | st.sampled_from(CHECKPOINTS),
)
def test_a_request_is_read_as_it_was_written(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> None:
    read = parse_request(request(old_size, proof, checkpoint))
    assert (read.old_size, list(read.proof), read.checkpoint) == (old_size, list(proof), checkpoint)


@given(st.binary(max_size=300) | edited_bytes(asked(LOG, 3, 7)))
def test_reading_a_request_raises_nothing_but_refusals(body: bytes) -> None:
    try:
        read = parse_request(body)
    except InputError as error:
        assert_plain_message(error)
    else:
        assert request(read.old_size, read.proof, read.checkpoint) == body


# --- what a witness cosigns


@settings(max_examples=tries(60))
@given(st.lists(st.tuples(st.none() | SIZES, SIZES, st.integers(0, 3).map(bool)), max_size=12))
def test_a_witness_never_cosigns_anything_but_one_growing_history(steps: list[tuple[int | None, int, bool]]) -> None:
    with TemporaryDirectory() as folder:
        witness = new_witness(Path(folder) / "w", LOG)
        held: Checkpoint | None = None
        for named, size, honest in steps:
            old_size = named if named is not None else held.size if held else 0
            checkpoint = CHECKPOINTS[size] if honest else forked(LOG, size)
            body = request(old_size, growth(old_size, size), checkpoint)
            response = witness.add_checkpoint(body)
            held_size = held.size if held else 0
            claimed = open_checkpoint(checkpoint, keys=[LOG.key])
            # A first checkpoint is believed; from then on there is one history.
            true_root = honest or (held_size == 0 and size > 0) or (held is not None and claimed == held)
            if old_size > size:
                expected = 400
            elif old_size != held_size:
                expected = 409
            else:
                grew_from_fork = held is not None and held.size > 0 and held.root_hash != root(held.size)
                good = claimed == held or (true_root and not grew_from_fork)
                expected = 200 if good else 422
            assert response.status == expected
            if response.status == 200:
                held = claimed
            now = witness.held(LOG_ORIGIN)
            assert (None if now is None else parse_checkpoint_text(now.text)) == held


@given(edited_bytes(asked(LOG, 3, 7)))
def test_a_damaged_request_is_answered_and_never_raises(body: bytes) -> None:
    with TemporaryDirectory() as folder:
        witness = new_witness(Path(folder) / "w", LOG)
        assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
        response = witness.add_checkpoint(body)
        assert response.status in (200, 400, 403, 404, 409, 422)
        assert response.body.endswith(b"\n")
        if response.status == 200:
            now = witness.held(LOG_ORIGIN)
            assert now is not None
            assert now.text == parse_note(CHECKPOINTS[7]).text
