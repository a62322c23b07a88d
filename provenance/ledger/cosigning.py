"""Having the newest checkpoint cosigned by the witnesses of a policy, and telling what they hold against it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from provenance import fetch
from provenance.checkpoint import LogKey, open_checkpoint
from provenance.errors import ProvenanceError, WitnessConflictError, WitnessRefusedError
from provenance.ledger.log import Ledger
from provenance.ledger.witnessing import add_checkpoint, newest_checkpoint
from provenance.note import parse_note
from provenance.policy import Policy, PolicyWitness
from provenance.storage.interface import CosignatureRow, LedgerStore

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What one witness answered.

    Attributes:
        witness: of the policy.
        line: its cosignature, kept; None if it gave none.
        error: why it gave none.
        held: the checkpoint of this log that it holds instead, if it is one that this log signed: a proof that the
            ledger was rolled back, or has two histories.
    """

    witness: PolicyWitness
    line: str | None = None
    error: ProvenanceError | None = None
    held: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    witness: PolicyWitness
    old_size: int
    proof: Sequence[bytes]


def ask_witnesses(
    store: LedgerStore, ledger: Ledger, policy: Policy, *, timeout: float = fetch.TIMEOUT_SECONDS
) -> list[Asked]:
    """Ask every witness that has an address to cosign the newest checkpoint; keep the lines that verify.

    Args:
        store: the ledger's.
        ledger: makes the proofs.
        policy: its witnesses; the quorum is for the caller to judge.
        timeout: in seconds, for each witness.

    Returns:
        One answer a witness, in the order of the policy; the order of their arrival has no meaning.

    Raises:
        LedgerError: no checkpoint was signed yet.
    """
    note = ledger.checkpoint()
    keys = ledger.log_keys()
    size = open_checkpoint(note, keys=keys).size
    requests = [
        _request(ledger, witness, _last_cosigned(store, witness, size))
        for witness in policy.witnesses
        if witness.url is not None
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda request: _ask(request, note, ledger.log_origin, keys, timeout), requests))
    for place, answer in enumerate(answers):
        # A witness that is behind says from where it needs the proof; the store is asked on this thread only.
        if isinstance(answer.error, WitnessConflictError) and answer.error.size < size:
            again = _request(ledger, answer.witness, answer.error.size)
            answers[place] = _ask(again, note, ledger.log_origin, keys, timeout)
    with store.transaction():
        for answer in answers:
            if answer.line is not None:
                store.add_cosignature(CosignatureRow(size, answer.line))
    return answers


def _last_cosigned(store: LedgerStore, witness: PolicyWitness, size: int) -> int:
    """Return the size that a witness cosigned last as far as the store knows, or 0."""
    known = store.latest_cosigned()
    note = None if known is None or known > size else store.checkpoint_of(known)
    if known is None or note is None:
        return 0
    lines = "".join(store.cosignatures(known)).encode()
    return known if parse_note(note + lines).signatures_of(witness.key) else 0


def _request(ledger: Ledger, witness: PolicyWitness, old_size: int) -> _Request:
    return _Request(witness, old_size, ledger.prove_consistency(old_size=old_size) if old_size else ())


def _ask(request: _Request, note: bytes, origin: str, keys: Sequence[LogKey], timeout: float) -> Asked:
    witness = request.witness
    try:
        line = add_checkpoint(
            witness.url or "",
            old_size=request.old_size,
            proof=request.proof,
            checkpoint=note,
            key=witness.key,
            timeout=timeout,
        )
    except ProvenanceError as error:
        return Asked(witness, error=error, held=_held(witness, error, origin, keys, timeout))
    return Asked(witness, line=line)


def _held(
    witness: PolicyWitness, error: ProvenanceError, origin: str, keys: Sequence[LogKey], timeout: float
) -> bytes | None:
    """Return what a witness holds of this log, if the log's own signature is on it; nobody else's word counts."""
    try:
        if isinstance(error, WitnessRefusedError):
            held = error.held
        elif isinstance(error, WitnessConflictError) and error.code == "witness-ahead":
            held = newest_checkpoint(witness.url or "", log_origin=origin, key=witness.key, timeout=timeout)
        else:
            return None
        if held is not None:
            open_checkpoint(held, keys=keys)
        return held
    except ProvenanceError:
        return None
