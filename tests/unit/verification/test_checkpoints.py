"""What a stamp's proof is held to besides itself: newer checkpoints of its log, and witnesses that are named."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.checkpoints import AT, ENTRIES, LOG, REWRITTEN, given, rows, signed
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import flipped

from provenance.checkpoint import LogKey
from provenance.cosignature import Cosigner, Kind
from provenance.errors import InputError, LedgerError, VerificationError
from provenance.note import MAX_NOTE_BYTES, Note, NoteSignature, parse_note
from provenance.policy import Policy, PolicyGroup, PolicyWitness
from provenance.verification.checkpoints import GivenCheckpoint, hold_to
from provenance.verification.report import Axis, Finding, LedgerCode

PROVEN = Axis(LedgerCode.PROVEN, "In the ledger", "Entry 3 of the log studio.example/log covers it.", {"entry": "3"})
BEFORE = "the checkpoint mirror/checkpoint could not be compared with the one in the file: "
W1, W2, W3 = (Cosigner.generate(f"witness.example/w{number}") for number in (1, 2, 3))
NAMED = tuple(PolicyWitness(f"w{number}", cosigner.key) for number, cosigner in enumerate((W1, W2, W3), 1))


def held(
    note: bytes, *others: GivenCheckpoint, witnesses: Policy | None = None, keys: Sequence[LogKey] = ()
) -> tuple[Axis, list[Finding]]:
    findings: list[Finding] = []
    axis = hold_to(PROVEN, note, keys=keys or [LOG.key], given=others, witnesses=witnesses, findings=findings)
    return axis, findings


def check_not_compared(other: GivenCheckpoint, reason: str, *, size: int = 5) -> None:
    """Check that a given checkpoint leaves the axis as it was, and that the findings say why."""
    axis, findings = held(signed(size), other)
    assert axis == PROVEN
    assert findings == [Finding(8, "checkpoint-not-compared", f"{BEFORE}{reason}")]


# --- newer checkpoints


def test_with_nothing_to_hold_it_to_the_axis_stays_as_it_is() -> None:
    assert held(signed(5)) == (PROVEN, [])


@pytest.mark.parametrize(("size", "later"), [(4, 5), (5, 5), (5, 9), (1, 2), (256, 700), (257, 513), (511, 700)])
def test_a_log_that_only_grew_agrees(size: int, later: int) -> None:
    axis, findings = held(signed(size), given(later))
    assert findings == []
    sentence = f"Entry 3 of the log studio.example/log covers it, and your checkpoint of {later} entries agrees."
    assert axis == replace(PROVEN, sentence=sentence, facts={"entry": "3", "checkpoint": {"size": later}})


def test_the_largest_of_several_that_agree_is_told() -> None:
    axis, findings = held(signed(1), given(1), given(9), given(7))
    assert findings == []
    assert axis.facts["checkpoint"] == {"size": 9}
    axis, _ = held(signed(1), given(1))
    assert axis.sentence.endswith("your checkpoint of 1 entry agrees.")


def test_equal_sizes_need_no_tiles() -> None:
    assert held(signed(5), given(5, tiles=False))[0].facts["checkpoint"] == {"size": 5}


@pytest.mark.parametrize("later", [5, 6, 9, 300])
@pytest.mark.parametrize("agreeing", [[], [given(7)]])
def test_a_log_that_rewrote_itself_is_caught(later: int, agreeing: list[GivenCheckpoint]) -> None:
    axis, findings = held(signed(5), *agreeing, given(later, entries=REWRITTEN))
    assert (axis.code, axis.headline) == ("inconsistent", "The log contradicts itself")
    assert axis.sentence == (
        f"The log {LOG_ORIGIN} signed two histories that cannot both be true: the one in this file, and that of your "
        "checkpoint. Do not rely on it."
    )
    message = f"the first 5 entries are others in the checkpoint mirror/checkpoint of {later}"
    assert findings == [Finding(8, "log-forked", message)]


def test_what_was_rewritten_behind_the_stamp_does_not_concern_it() -> None:
    # The stamp's own checkpoint, and all that it covers, is the same in both.
    later = given(9, entries=[*ENTRIES[:5], b"another", *ENTRIES[6:]])
    assert held(signed(5), later)[0].code == LedgerCode.PROVEN


def test_an_older_checkpoint_cannot_tell() -> None:
    check_not_compared(given(4), "expected one of at least 5 entries, got 4")
    # Not even one that contradicts.
    check_not_compared(given(4, entries=REWRITTEN), "expected one of at least 5 entries, got 4")


@pytest.mark.parametrize("entries", [ENTRIES, REWRITTEN])
def test_without_tiles_a_newer_checkpoint_cannot_tell(entries: Sequence[bytes]) -> None:
    reason = "there are no tiles beside it, which is of 9 entries and not of 5"
    check_not_compared(given(9, entries=entries, tiles=False), reason)


@pytest.mark.parametrize(("own", "tiles"), [(ENTRIES, REWRITTEN), (REWRITTEN, ENTRIES)])
def test_tiles_of_another_tree_neither_agree_nor_contradict(own: Sequence[bytes], tiles: Sequence[bytes]) -> None:
    other = replace(given(9, entries=own), row=rows(tiles))
    check_not_compared(other, "the tiles beside it do not make up the root that it signs")


def test_what_cannot_be_read_beside_it_is_told() -> None:
    def missing(level: int, start: int, end: int) -> list[bytes]:
        raise LedgerError("tile/0/000.p/9: missing at mirror", code="tile-missing")

    check_not_compared(replace(given(9), row=missing), "tile/0/000.p/9: missing at mirror")


def test_a_checkpoint_of_another_log_is_left_aside() -> None:
    other = given(9, log=Log("other.example/log"))
    check_not_compared(other, f"expected one of the log {LOG_ORIGIN}, got 'other.example/log'")
    axis, findings = held(signed(5), other, given(9))
    assert (axis.facts["checkpoint"], findings) == ({"size": 9}, [])


def test_a_checkpoint_that_another_key_signed_is_no_evidence() -> None:
    false = Log()
    for size, entries in ((5, REWRITTEN), (9, REWRITTEN), (9, ENTRIES)):
        ids = f"{LOG_ORIGIN}+{LOG.key.key_id.hex()}, got those of '{LOG_ORIGIN}+{false.key.key_id.hex()}'"
        check_not_compared(given(size, entries=entries, log=false), f"note: expected a signature of {ids}")


def test_a_checkpoint_whose_signature_is_wrong_is_no_evidence() -> None:
    other = given(5, entries=REWRITTEN)
    note = parse_note(other.note)
    (line,) = note.signatures
    wrong = Note(note.text, (replace(line, signature=flipped(line.signature, 5)),)).to_bytes()
    check_not_compared(replace(other, note=wrong), f"note: the signature of {LOG_ORIGIN} does not verify")


def test_a_key_is_believed_for_its_own_sizes_only() -> None:
    keys = [LogKey(LOG.key, 0, 6)]
    axis, (finding,) = held(signed(5), given(9, entries=REWRITTEN), keys=keys)
    assert axis == PROVEN
    assert finding.message.startswith(f"{BEFORE}checkpoint: expected a size up to 6")
    assert held(signed(5), given(6, entries=REWRITTEN), keys=keys)[0].code == LedgerCode.INCONSISTENT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "note: expected an empty line before the signatures, got none"),
        (b"x" * (MAX_NOTE_BYTES + 1), f"note: expected at most {MAX_NOTE_BYTES} bytes, got {MAX_NOTE_BYTES + 1}"),
        (
            b"a text\n\n\xe2\x80\x94 a AAAAAAAA\n",
            "checkpoint: expected the lines origin, size and root hash, got 1 lines",
        ),
    ],
)
def test_what_is_no_checkpoint_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        GivenCheckpoint.parse(data, name="mirror/checkpoint")


# --- witnesses


def policy(quorum: str = "none") -> Policy:
    return Policy(witnesses=NAMED, groups=(PolicyGroup("two", 2, ("w1", "w2", "w3")),), quorum=quorum)


@pytest.mark.parametrize(
    ("by", "names"),
    [([], []), ([W1], ["w1"]), ([W3, W1], ["w1", "w3"]), ([Cosigner.generate("witness.example/w1")], [])],
)
def test_the_named_witnesses_that_cosigned_are_counted(by: list[Cosigner], names: list[str]) -> None:
    axis, findings = held(signed(5, by=by), witnesses=policy())
    told = f"Entry 3 of the log studio.example/log covers it, and {len(names)} of 3 named witnesses cosigned."
    assert (axis.code, axis.headline, axis.sentence, findings) == (PROVEN.code, PROVEN.headline, told, [])
    assert axis.facts == {"entry": "3", "witnesses": {"named": 3, "cosigned": names}}


def test_a_witness_that_cosigned_twice_counts_once() -> None:
    axis, _ = held(signed(5, by=[W1]), given(9, by=[W1]), witnesses=policy())
    assert axis.facts["witnesses"] == {"named": 3, "cosigned": ["w1"]}


def test_a_cosignature_over_a_later_checkpoint_that_agrees_counts() -> None:
    axis, findings = held(signed(5, by=[W1]), given(9, by=[W2]), witnesses=policy("two"))
    assert findings == []
    assert axis.sentence == (
        "Entry 3 of the log studio.example/log covers it, your checkpoint of 9 entries agrees, and 2 of 3 named "
        "witnesses cosigned."
    )


@pytest.mark.parametrize("other", [given(4, by=[W2]), given(9, by=[W2], tiles=False)])
def test_a_cosignature_over_what_was_not_compared_does_not_count(other: GivenCheckpoint) -> None:
    axis, _ = held(signed(5, by=[W1]), other, witnesses=policy())
    assert axis.facts["witnesses"] == {"named": 3, "cosigned": ["w1"]}


def test_fewer_than_the_quorum_prove_nothing() -> None:
    axis, findings = held(signed(5, by=[W1]), witnesses=policy("two"))
    assert (axis.code, axis.headline) == ("unproven", "Not witnessed as you ask")
    assert axis.sentence == (
        "Entry 3 of the log studio.example/log covers it, but 1 of 3 named witnesses cosigned, which is not what your "
        "policy asks for."
    )
    message = "checkpoint: expected cosignatures of the quorum two, got those of w1, missing w2, w3"
    assert findings == [Finding(8, "quorum-missing", message)]


def wrongly(note: bytes, cosigner: Cosigner) -> bytes:
    """Return a checkpoint with a cosignature that does not verify."""
    parsed = parse_note(note)
    line = cosigner.sign(parsed.text, now=AT)
    wrong = NoteSignature(line.name, line.key_id, flipped(line.signature, 100))
    return parsed.with_signatures([wrong]).to_bytes()


def test_a_wrong_cosignature_of_a_named_witness_is_refused() -> None:
    message = f"note: the cosignature of {W1.key.name} does not verify"
    with refused(VerificationError, message, code="note-signature"):
        held(wrongly(signed(5), W1), witnesses=policy())
    # Nobody asked about this witness.
    assert held(wrongly(signed(5), W1))[0] == PROVEN
    other = given(9)
    axis, findings = held(signed(5), replace(other, note=wrongly(other.note, W1)), witnesses=policy())
    assert findings == [Finding(8, "checkpoint-not-compared", f"{BEFORE}{message}")]
    assert axis.facts["witnesses"] == {"named": 3, "cosigned": []}


def test_a_cosignature_of_either_kind_counts() -> None:
    newer = Cosigner.generate("witness.example/w4", Kind.ML_DSA_44)
    named = Policy(witnesses=(PolicyWitness("w4", newer.key),), quorum="w4")
    axis, findings = held(signed(5, by=[newer]), witnesses=named)
    assert (axis.facts["witnesses"], findings) == ({"named": 1, "cosigned": ["w4"]}, [])
