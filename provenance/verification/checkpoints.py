"""Step 8, held to more than the file carries: checkpoints that the caller has from elsewhere, and witnesses it names.

A proof in a file says what a log signed when the stamp was made. If the log signed something else since, the two
checkpoints together show it. That the newer one covers the older one, only the hashes of its tree can show: they are
believed as far as they lead to its signed root, wherever they lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from provenance.canonical import Json
from provenance.checkpoint import Checkpoint, LogVerifier, open_checkpoint, parse_checkpoint_text
from provenance.errors import (
    CorruptLedgerError,
    ForkedLogError,
    InputError,
    KeyMaterialError,
    ProvenanceError,
    VerificationError,
)
from provenance.merkle import LeafRange, consistency_ranges, verify_consistency
from provenance.note import parse_note
from provenance.policy import Policy
from provenance.tiles import range_hashes
from provenance.verification.report import Axis, Finding, LedgerCode

NOT_COMPARED = "checkpoint-not-compared"

HashRow: TypeAlias = Callable[[int, int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class GivenCheckpoint:
    """A checkpoint that the caller has from elsewhere; nothing in it is believed until its log's key has signed it.

    Attributes:
        name: what messages call it.
        note: the signed note.
        checkpoint: what the note says, unchecked.
        row: returns the hashes of the tree as `provenance.tiles.range_hashes` asks for them, unchecked, or raises a
            ProvenanceError; None where there are none.
    """

    name: str
    note: bytes
    checkpoint: Checkpoint
    row: HashRow | None = None

    @classmethod
    def parse(cls, note: bytes, *, name: str, row: HashRow | None = None) -> "GivenCheckpoint":
        """Return the checkpoint in a note.

        Raises:
            InputError: it is no such checkpoint.
        """
        return cls(name, note, parse_checkpoint_text(parse_note(note).text), row)


def hold_to(
    axis: Axis,
    note: bytes,
    *,
    keys: Sequence[LogVerifier],
    given: Sequence[GivenCheckpoint],
    witnesses: Policy | None,
    findings: list[Finding],
) -> Axis:
    """Step 8: return the axis of a stamp that its log's proof covers, held to what the caller has besides.

    What cannot be compared leaves the axis as it is, and the findings say so.

    Args:
        axis: as the proof alone makes it.
        note: the checkpoint of the proof, seen to be signed by one of `keys`.
        keys: the log's.
        given: those of other logs are left aside.
        witnesses: whose cosignatures count, and how many there must be, over this checkpoint or over a given one that
            covers it; the logs of the policy are not asked for.
        findings: told what contradicts, what could not be compared, and who is missing.

    Raises:
        VerificationError: a cosignature of a named witness in the proof is wrong.
    """
    signed = parse_checkpoint_text(parse_note(note).text)
    times = _cosigned(note, witnesses, findings)
    agreeing: list[int] = []
    about = [one for one in given if one.checkpoint.log_origin == signed.log_origin]
    if given and not about:
        others = ", ".join(repr(one.checkpoint.log_origin) for one in given)
        findings.append(_not_compared(given[0], f"expected one of the log {signed.log_origin}, got {others}"))
    for one in about:
        try:
            later = check_covers(one, signed, keys=keys)
            times |= _cosigned(one.note, witnesses, findings)
        except ForkedLogError as error:
            findings.append(Finding(8, error.code, str(error)))
            sentence = (
                f"The log {signed.log_origin} signed two histories that cannot both be true: the one in this file, and "
                "that of your checkpoint. Do not rely on it."
            )
            return Axis(LedgerCode.INCONSISTENT, "The log contradicts itself", sentence, axis.facts)
        except ProvenanceError as error:
            findings.append(_not_compared(one, str(error)))
        else:
            agreeing.append(later.size)
    return _held(axis, agreeing, times, witnesses, findings)


def check_covers(given: GivenCheckpoint, signed: Checkpoint, *, keys: Sequence[LogVerifier]) -> Checkpoint:
    """Check that a given checkpoint covers all that `signed` does, and return it (RFC 9162, 2.1.4).

    An entry that is proven to lie under `signed` then lies under it, too, and in the same place.

    Raises:
        ForkedLogError: no log that only grows can have signed both.
        VerificationError: it is not signed by `keys`.
        InputError: it is malformed, older than `signed`, or there is nothing to compare it by.
        CorruptLedgerError: the hashes do not lead to the root that it signs.
        LedgerError: hashes are missing.
    """
    later = open_checkpoint(given.note, keys=keys)
    if later.size < signed.size:
        raise InputError(f"expected one of at least {signed.size} entries, got {later.size}")
    root = later.root_hash if later.size == signed.size else _root_within(later, signed.size, given.row)
    if root != signed.root_hash:
        raise ForkedLogError(
            f"the first {signed.size} entries are others in the checkpoint {given.name} of {later.size}",
            code="log-forked",
        )
    return later


def _root_within(later: Checkpoint, size: int, row: HashRow | None) -> bytes:
    """Return the root over the first entries of a tree, which is shown to be that by its signed root."""
    if row is None:
        raise InputError(f"there are no tiles beside it, which is of {later.size} entries and not of {size}")
    (root,) = range_hashes([LeafRange(0, size)], row=row)
    proof = range_hashes(consistency_ranges(old_size=size, new_size=later.size), row=row)
    try:
        verify_consistency(old_size=size, old_root=root, new_size=later.size, new_root=later.root_hash, proof=proof)
    except VerificationError:
        raise CorruptLedgerError("the tiles beside it do not make up the root that it signs") from None
    return root


def _cosigned(note: bytes, policy: Policy | None, findings: list[Finding]) -> dict[str, datetime]:
    """Return when each witness that a policy names cosigned a checkpoint."""
    parsed, times = parse_note(note), {}
    for witness in () if policy is None else policy.witnesses:
        if parsed.signatures_of(witness.key):
            try:
                times[witness.name] = witness.key.verify(parsed)
            except KeyMaterialError as error:
                findings.append(Finding(8, "cosignature-not-checked", str(error)))
    return times


def _held(
    axis: Axis, agreeing: Sequence[int], times: dict[str, datetime], policy: Policy | None, findings: list[Finding]
) -> Axis:
    """Return the axis with what agrees, and who cosigned."""
    facts: dict[str, Json] = dict(axis.facts)
    parts = [axis.sentence.removesuffix(".")]
    if agreeing:
        size = max(agreeing)
        facts["checkpoint"] = {"size": size}
        parts.append(f"your checkpoint of {size} {'entry' if size == 1 else 'entries'} agrees")
    if policy is None:
        return Axis(axis.code, axis.headline, f"{', and '.join(parts)}.", facts)
    names: list[Json] = [witness.name for witness in policy.witnesses if witness.name in times]
    facts["witnesses"] = {"named": len(policy.witnesses), "cosigned": names}
    counted = f"{len(names)} of {len(policy.witnesses)} named witnesses cosigned"
    try:
        policy.check_quorum(times)
    except VerificationError as error:
        findings.append(Finding(8, error.code, str(error)))
        sentence = f"{', '.join(parts)}, but {counted}, which is not what your policy asks for."
        return Axis(LedgerCode.UNPROVEN, "Not witnessed as you ask", sentence, facts)
    return Axis(axis.code, axis.headline, f"{', '.join(parts)}, and {counted}.", facts)


def _not_compared(given: GivenCheckpoint, reason: str) -> Finding:
    message = f"the checkpoint {given.name} could not be compared with the one in the file: {reason}"
    return Finding(8, NOT_COMPARED, message)
