"""What a witness answers (c2sp.org/tlog-witness, add-checkpoint), apart from how it is asked."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from provenance.checkpoint import Checkpoint, parse_checkpoint_text, verify_log_signature
from provenance.clock import Clock, SystemClock
from provenance.cosignature import CosignatureKey
from provenance.errors import CorruptLedgerError, InputError, ProvenanceError, VerificationError
from provenance.merkle import EMPTY_ROOT, verify_consistency
from provenance.note import Note, NoteKey, parse_note
from provenance.witness.directory import WitnessDirectory
from provenance.witness.request import AddCheckpoint, parse_request

MAX_TREE_SIZE = 2**63 - 1
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"

_ORIGIN_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Attributes:
        status: the HTTP status.
        body: ends with a newline.
        content_type: the media type of the body.
    """

    status: int
    body: bytes
    content_type: str = TEXT


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of a known log, with what was read in it."""

    request: AddCheckpoint
    note: Note
    checkpoint: Checkpoint
    keys: tuple[NoteKey | CosignatureKey, ...]


class Witness:
    """Cosigns checkpoints of the logs in its directory; any number of threads and processes may share it."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self.directory = WitnessDirectory(path)
        self._clock = clock or SystemClock()

    @property
    def keys(self) -> tuple[CosignatureKey, ...]:
        """What it cosigns with."""
        return tuple(cosigner.key for cosigner in self.directory.cosigners)

    def held(self, log_origin: str) -> Note | None:
        """Return the note that was cosigned last of a log, or None.

        Raises:
            CorruptLedgerError: what is stored was not cosigned by this witness.
        """
        data = self.directory.checkpoint(log_origin)
        if data is None:
            return None
        try:
            note = parse_note(data)
            if parse_checkpoint_text(note.text, extensions=True).log_origin != log_origin:
                raise VerificationError("the checkpoint of another log")
            note.verify(keys=self.keys[:1])
        except ProvenanceError as error:
            raise CorruptLedgerError(
                f"witness: what it cosigned last of {log_origin} was changed: {error}",
                hint="retire this witness: it does not know any more what it cosigned",
            ) from error
        return note

    def add_checkpoint(self, body: bytes) -> Response:
        """Answer a request to cosign a checkpoint, in the order of the specification; what it cosigns is durable first.

        Raises:
            CorruptLedgerError: what is stored was changed.
            OSError: the disk refused.
        """
        asked = self._read(body)
        if isinstance(asked, Response):
            return asked
        with self.directory.locked(asked.checkpoint.log_origin):
            return self._answer(asked, body)

    def checkpoint(self, origin_hash: str) -> Response:
        """Answer which checkpoint was cosigned last of the log whose origin has this SHA-256, in lower-case hex."""
        data = self.directory.checkpoint_of(origin_hash) if _ORIGIN_HASH.fullmatch(origin_hash) else None
        return Response(404, b"no checkpoint of this log was cosigned\n") if data is None else Response(200, data)

    def _read(self, body: bytes) -> _Asked | Response:
        """Check what needs nothing that is stored about the log but its keys."""
        try:
            request = parse_request(body)
            note = parse_note(request.checkpoint)
            checkpoint = parse_checkpoint_text(note.text, extensions=True)
        except InputError as error:
            return _refusal(400, str(error))
        known = tuple(log.key for log in self.directory.logs() if log.key.name == checkpoint.log_origin)
        if not known:
            return _refusal(404, "this log is not known here")
        try:
            verify_log_signature(note, checkpoint, keys=known)
        except VerificationError as error:
            return _refusal(403, str(error))
        if checkpoint.size > MAX_TREE_SIZE:
            return _refusal(400, f"checkpoint: expected a size below 2^63, got {checkpoint.size}")
        if request.old_size > checkpoint.size:
            return _refusal(
                400, f"request: expected an old size up to the checkpoint's {checkpoint.size}, got {request.old_size}"
            )
        return _Asked(request, note, checkpoint, known)

    def _answer(self, asked: _Asked, body: bytes) -> Response:
        origin = asked.checkpoint.log_origin
        held_note = self.held(origin)
        held = None if held_note is None else parse_checkpoint_text(held_note.text, extensions=True)
        held_size = 0 if held is None else held.size
        conflict = asked.request.old_size != held_size
        try:
            if not conflict:
                _check_growth(asked, held)
            elif held is not None and held.size == asked.checkpoint.size:
                # Two roots for one size are proof, whatever was said about the size before.
                _check_same_root(held, asked.checkpoint)
        except VerificationError as error:
            self._keep(asked, body, held_note)
            if not conflict:
                return _refusal(422, f"{origin}: {error}")
        if conflict:
            return Response(409, f"{held_size}\n".encode(), SIZE)
        return self._cosign(asked, held_note)

    def _cosign(self, asked: _Asked, held: Note | None) -> Response:
        now = self._clock.now()
        if held is not None and now < self.keys[0].verify(held):
            # It said before that at a later time the log had no more than it had; it must not say otherwise now.
            return _refusal(503, "the clock of this witness is behind what it cosigned last")
        lines = tuple(cosigner.sign(asked.note.text, now=now) for cosigner in self.directory.cosigners)
        signed = [line for key in asked.keys for line in asked.note.signatures_of(key)]
        cosigned = Note(asked.note.text, ()).with_signatures((*signed, *lines))
        self.directory.replace_checkpoint(asked.checkpoint.log_origin, cosigned.to_bytes())
        return Response(200, "".join(line.to_text() for line in lines).encode())

    def _keep(self, asked: _Asked, body: bytes, held: Note | None) -> None:
        name = f"{asked.checkpoint.size}-{hashlib.sha256(asked.note.text.encode()).hexdigest()[:16]}"
        self.directory.keep_evidence(
            asked.checkpoint.log_origin, name=name, request=body, held=None if held is None else held.to_bytes()
        )


def _check_growth(asked: _Asked, held: Checkpoint | None) -> None:
    """Check that a checkpoint follows from the one that was cosigned last, whose size the request names."""
    request, new = asked.request, asked.checkpoint
    if new.size == 0 and new.root_hash != EMPTY_ROOT:
        raise VerificationError("checkpoint: expected the root of the empty tree for size 0, got another")
    if held is None or held.size == 0:
        if request.proof:
            raise VerificationError(f"consistency proof: expected no hashes from size 0, got {len(request.proof)}")
        return
    verify_consistency(
        old_size=held.size, old_root=held.root_hash, new_size=new.size, new_root=new.root_hash, proof=request.proof
    )


def _check_same_root(held: Checkpoint, new: Checkpoint) -> None:
    if held.root_hash != new.root_hash:
        raise VerificationError(f"checkpoint: two roots for size {new.size}")


def _refusal(status: int, message: str) -> Response:
    return Response(status, f"{message}\n".encode(errors="backslashreplace"))
