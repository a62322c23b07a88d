"""Having a checkpoint cosigned by a witness (c2sp.org/tlog-witness), and asking what it holds.

A witness keeps no more than the newest checkpoint of each log, and cosigns only what follows from it. What it answers
tells a ledger about itself: that it was restored from an old copy, or that it has a second history.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from provenance import fetch
from provenance.checkpoint import Checkpoint, parse_checkpoint_text
from provenance.cosignature import CosignatureKey
from provenance.errors import (
    InputError,
    LedgerError,
    NetworkError,
    ProvenanceError,
    VerificationError,
    WitnessConflictError,
    WitnessRefusedError,
)
from provenance.note import MAX_NOTE_BYTES, Note, parse_note, parse_signatures

SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF_LINES = 63

_SIZE_BODY = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_REFUSALS = {
    400: "it takes the request for malformed",
    403: "it does not know the key that signed the checkpoint",
    404: "it does not know this log",
}
_CODES = {400: "witness-malformed", 403: "witness-unknown-key", 404: "witness-unknown-log"}


def add_checkpoint(
    witness_url: str,
    *,
    old_size: int,
    proof: Sequence[bytes],
    checkpoint: bytes,
    key: CosignatureKey,
    timeout: float = fetch.TIMEOUT_SECONDS,
) -> str:
    """Return the line with which a witness cosigns a checkpoint, verified, with its newline.

    Args:
        witness_url: the witness's submission prefix.
        old_size: the size that it cosigned last, or 0.
        proof: that the log grew from `old_size` to the checkpoint's size; empty if these are equal or `old_size` is 0.
        checkpoint: the signed note, as it is published.
        key: the witness's; cosignatures by other keys are ignored.
        timeout: in seconds.

    Raises:
        InputError: the note is no checkpoint, the proof is too long, or the address is none.
        NetworkError: it cannot be reached, or answers what the specification does not know.
        VerificationError: it answers without a cosignature by `key`, or with a wrong one.
        WitnessConflictError: it holds another size, as it says; `newest_checkpoint` gets it to prove that. If the size
            is smaller, ask again with a proof from there.
        WitnessRefusedError: the checkpoint does not follow from what it holds; carries both as evidence.
        LedgerError: it does not know this log or its key, or takes the request for malformed.
    """
    note = parse_note(checkpoint)
    signed = parse_checkpoint_text(note.text)
    place = urlsplit(fetch.check_url(witness_url)).netloc
    body = _request(old_size, proof, checkpoint)
    answer = fetch.post(
        _address(witness_url, "add-checkpoint"),
        body,
        content_type="text/plain; charset=utf-8",
        max_bytes=MAX_NOTE_BYTES,
        timeout=timeout,
    )
    match answer.status:
        case 200:
            return _cosignature(place, note, answer.body, key)
        case 409 if answer.content_type.split(";")[0].strip() == SIZE_TYPE:
            size = _size(place, answer.body)
            if size != old_size:
                raise _conflict(place, signed, size)
            if old_size != signed.size:
                raise NetworkError(f"{place}: holds the size {size} that was named, and still refuses it")
        case 409 if old_size == signed.size:
            pass  # how version 1.0.0 says that the roots of equal sizes differ, with the type of a size or without
        case 422:
            pass
        case status if status in _REFUSALS:
            raise LedgerError(
                f"{place}: does not cosign: {_REFUSALS[status]}",
                code=_CODES[status],
                hint=None if status == 400 else "ask its operator to add this log's key",
            )
        case status:
            raise NetworkError(f"{place}: expected a cosignature, got http status {status}")
    raise WitnessRefusedError(
        f"{place}: does not cosign size {signed.size} of {signed.log_origin}: it does not follow from what it holds",
        submitted=checkpoint,
        held=_held(witness_url, signed.log_origin, key, timeout),
        hint="keep both checkpoints; do not append to this ledger until it is understood",
    )


def newest_checkpoint(
    witness_url: str, *, log_origin: str, key: CosignatureKey, timeout: float = fetch.TIMEOUT_SECONDS
) -> bytes | None:
    """Return the signed checkpoint of a log that a witness cosigned last, or None if it never cosigned one.

    The witness's cosignature is verified; the log's own signature is for the caller to check.

    Args:
        witness_url: the witness's monitoring prefix.
        log_origin: names the log.
        key: the witness's.
        timeout: in seconds.

    Raises:
        InputError: the address is none, or what is there is no checkpoint.
        NetworkError: it cannot be reached, or answers what the specification does not know.
        VerificationError: the checkpoint is another log's, or not cosigned by `key`.
    """
    place = urlsplit(fetch.check_url(witness_url)).netloc
    name = hashlib.sha256(log_origin.encode()).hexdigest()
    answer = fetch.get(_address(witness_url, f"{name}/checkpoint"), max_bytes=MAX_NOTE_BYTES, timeout=timeout)
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise NetworkError(f"{place}: expected a checkpoint, got http status {answer.status}")
    note = parse_note(answer.body)
    found = parse_checkpoint_text(note.text)
    if found.log_origin != log_origin:
        raise VerificationError(
            f"{place}: expected the log {log_origin}, got {found.log_origin!r}", code="checkpoint-origin"
        )
    note.verify(keys=[key])
    return answer.body


def _request(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the body of an `add-checkpoint` request."""
    if len(proof) > MAX_PROOF_LINES:
        raise InputError(f"consistency proof: expected at most {MAX_PROOF_LINES} hashes, got {len(proof)}")
    lines = [f"old {old_size}", *(base64.b64encode(value).decode("ascii") for value in proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + checkpoint


def _address(prefix: str, path: str) -> str:
    return f"{prefix.removesuffix('/')}/{path}"


def _cosignature(place: str, note: Note, body: bytes, key: CosignatureKey) -> str:
    try:
        lines = parse_signatures(body.decode())
    except (UnicodeDecodeError, InputError):
        raise VerificationError(f"{place}: expected lines of a note, got something else") from None
    # Its lines alone: those that are on the checkpoint already may be older ones of the same witness.
    answered = Note(note.text, lines)
    answered.verify(keys=[key])
    return answered.signatures_of(key)[0].to_text()


def _size(place: str, body: bytes) -> int:
    found = _SIZE_BODY.fullmatch(body)
    if found is None:
        raise NetworkError(f"{place}: expected the size that it holds, got something else")
    return int(found[1])


def _conflict(place: str, signed: Checkpoint, size: int) -> WitnessConflictError:
    if size > signed.size:
        return WitnessConflictError(
            f"{place}: cosigned size {size} of {signed.log_origin} already, and got {signed.size}",
            size=size,
            code="witness-ahead",
            hint="this ledger is older than what was cosigned; do not append to it until that is understood",
        )
    return WitnessConflictError(
        f"{place}: expected a proof from size {size} of {signed.log_origin}, which it cosigned last", size=size
    )


def _held(witness_url: str, log_origin: str, key: CosignatureKey, timeout: float) -> bytes | None:
    try:
        return newest_checkpoint(witness_url, log_origin=log_origin, key=key, timeout=timeout)
    except ProvenanceError:
        # The refusal stands, whether or not the witness shows what it holds, or shows it elsewhere.
        return None
