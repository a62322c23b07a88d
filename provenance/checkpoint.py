"""Checkpoints: what a log says of itself at one size (c2sp.org/tlog-checkpoint@v1.0.0)."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provenance.canonical import from_base64
from provenance.errors import InputError, VerificationError
from provenance.merkle import HASH_BYTES
from provenance.note import Note, NoteKey, parse_note, sign_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The text of a checkpoint.

    Attributes:
        log_origin: names the log; non-empty.
        size: number of entries, from 0.
        root_hash: 32 bytes.
    """

    log_origin: str
    size: int
    root_hash: bytes

    def to_text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.log_origin}\n{self.size}\n{base64.b64encode(self.root_hash).decode('ascii')}\n"


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Return the checkpoint in a note's text.

    Extension lines are refused: no log of this product writes them, and the specification advises against them.

    Raises:
        InputError: it is not a checkpoint of exactly three lines.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != 3 or not text.endswith("\n"):
        raise InputError(f"checkpoint: expected the lines origin, size and root hash, got {len(lines)} lines")
    log_origin, size, root = lines
    if not log_origin:
        raise InputError("checkpoint line 1: expected an origin, got an empty line")
    if not _SIZE.fullmatch(size):
        raise InputError(f"checkpoint line 2: expected a decimal size, got {size[:40]!r}")
    root_hash = from_base64(root, place="checkpoint line 3")
    if len(root_hash) != HASH_BYTES:
        raise InputError(f"checkpoint line 3: expected a root hash of 32 bytes, got {len(root_hash)}")
    return Checkpoint(log_origin, int(size), root_hash)


def sign_checkpoint(checkpoint: Checkpoint, *, key: NoteKey, sign: Callable[[bytes], bytes]) -> Note:
    """Return the checkpoint as a note signed by the log's key, whose name must be the log's origin.

    Raises:
        InputError: the key signs under another name.
    """
    if key.name != checkpoint.log_origin:
        raise InputError(f"checkpoint: expected a key named {checkpoint.log_origin}, got one named {key.name}")
    return sign_note(checkpoint.to_text(), key=key, sign=sign)


def open_checkpoint(data: bytes, *, keys: Sequence[NoteKey]) -> Checkpoint:
    """Return the checkpoint in `data` after one of `keys` was seen to have signed it.

    Args:
        data: a signed note.
        keys: the log's keys; a key speaks only for the log of its own name.

    Raises:
        InputError: it is not a checkpoint.
        VerificationError: no such signature verifies, or the log is another one.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint_text(note.text)
    signers = note.verify(keys=keys)
    if all(key.name != checkpoint.log_origin for key in signers):
        raise VerificationError(
            f"checkpoint: expected the log {signers[0].name}, got {checkpoint.log_origin!r}",
            code="checkpoint-origin",
        )
    return checkpoint
