"""Checkpoints: what a log says of itself at one size (c2sp.org/tlog-checkpoint@v1.0.0)."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from provenance.canonical import from_base64
from provenance.errors import InputError, VerificationError
from provenance.merkle import HASH_BYTES
from provenance.note import Note, NoteKey, NoteSigner, NoteVerifier, parse_note, sign_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The text of a checkpoint.

    Attributes:
        log_origin: names the log; non-empty.
        size: number of entries, from 0.
        root_hash: 32 bytes.
        extensions: lines behind these three, whose meaning is the log's own; none of ours has any.
    """

    log_origin: str
    size: int
    root_hash: bytes
    extensions: tuple[str, ...] = ()

    def to_text(self) -> str:
        """Return the lines that are signed."""
        root = base64.b64encode(self.root_hash).decode("ascii")
        return "".join(f"{line}\n" for line in (self.log_origin, self.size, root, *self.extensions))


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of a log, and the sizes of the tree over which it speaks for the log.

    Attributes:
        key: its name is the log's origin.
        first_size: the smallest tree that it may sign, from 0.
        last_size: the largest one; None while it is in use.
    """

    key: NoteKey
    first_size: int = 0
    last_size: int | None = None

    def __post_init__(self) -> None:
        last = self.first_size if self.last_size is None else self.last_size
        if not 0 <= self.first_size <= last:
            raise InputError(
                f"log key {self.key.name}: expected sizes 0 <= first <= last, got {self.first_size} and {last}"
            )

    def check_size(self, size: int) -> None:
        """Check that the key speaks for the log at this size of the tree.

        Raises:
            VerificationError: it was retired before, or came into use later.
        """
        if self.last_size is not None and size > self.last_size:
            raise VerificationError(
                f"checkpoint: expected a size up to {self.last_size}, the last that this key of {self.key.name} "
                f"may sign, got {size}",
                code="log-key-retired",
            )
        if size < self.first_size:
            raise VerificationError(
                f"checkpoint: expected a size from {self.first_size}, the first that this key of {self.key.name} "
                f"may sign, got {size}",
                code="log-key-early",
            )


# What may have signed a checkpoint for its log.
LogVerifier: TypeAlias = NoteVerifier | LogKey


def parse_checkpoint_text(text: str, *, extensions: bool = False) -> Checkpoint:
    """Return the checkpoint in a note's text.

    Args:
        text: the text of the note.
        extensions: whether lines behind the first three are taken, as the specification allows but advises against.
            Only who cosigns or copies other people's logs should; no log of this product writes any.

    Raises:
        InputError: it is no such checkpoint.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or (len(lines) > 3 and not extensions) or not text.endswith("\n"):
        raise InputError(f"checkpoint: expected the lines origin, size and root hash, got {len(lines)} lines")
    log_origin, size, root, *others = lines
    if not log_origin:
        raise InputError("checkpoint line 1: expected an origin, got an empty line")
    if not _SIZE.fullmatch(size):
        raise InputError(f"checkpoint line 2: expected a decimal size, got {size[:40]!r}")
    root_hash = from_base64(root, place="checkpoint line 3")
    if len(root_hash) != HASH_BYTES:
        raise InputError(f"checkpoint line 3: expected a root hash of 32 bytes, got {len(root_hash)}")
    for number, line in enumerate(others, 4):
        if not line:
            raise InputError(f"checkpoint line {number}: expected an extension line, got an empty line")
    return Checkpoint(log_origin, int(size), root_hash, tuple(others))


def sign_checkpoint(
    checkpoint: Checkpoint, *, key: NoteKey, sign: Callable[[bytes], bytes], also: Sequence[NoteSigner] = ()
) -> Note:
    """Return the checkpoint as a note signed by the log's key, whose name must be the log's origin.

    Args:
        checkpoint: what the log says of itself.
        key: the public half of the log's key.
        sign: returns the 64-byte Ed25519 signature of what it is given.
        also: further keys of the same log, while one takes the place of another.

    Raises:
        InputError: a key signs under another name.
    """
    for signer in (key, *(other.key for other in also)):
        if signer.name != checkpoint.log_origin:
            raise InputError(f"checkpoint: expected a key named {checkpoint.log_origin}, got one named {signer.name}")
    return sign_note(checkpoint.to_text(), key=key, sign=sign, also=also)


def open_checkpoint(data: bytes, *, keys: Sequence[LogVerifier], extensions: bool = False) -> Checkpoint:
    """Return the checkpoint in `data` after one of `keys` was seen to have signed it.

    Args:
        data: a signed note.
        keys: the log's keys; a key speaks only for the log of its own name, and one without a range of sizes for
            every size.
        extensions: as for `parse_checkpoint_text`.

    Raises:
        InputError: it is not a checkpoint.
        VerificationError: no such signature verifies, the log is another one, or its keys do not speak for this size.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint_text(note.text, extensions=extensions)
    verify_log_signature(note, checkpoint, keys=keys)
    return checkpoint


def verify_log_signature(note: Note, checkpoint: Checkpoint, *, keys: Sequence[LogVerifier]) -> None:
    """Check that the log itself signed a note whose text is `checkpoint`.

    Raises:
        VerificationError: as for `open_checkpoint`.
    """
    signers = note.verify(keys=[_verifier(key) for key in keys])
    own = [key for key in keys if _verifier(key) in signers and _verifier(key).name == checkpoint.log_origin]
    if not own:
        raise VerificationError(
            f"checkpoint: expected the log {signers[0].name}, got {checkpoint.log_origin!r}",
            code="checkpoint-origin",
        )
    refusals = []
    for key in own:
        if not isinstance(key, LogKey):
            return
        try:
            key.check_size(checkpoint.size)
        except VerificationError as error:
            refusals.append(error)
        else:
            return
    raise refusals[0]


def _verifier(key: LogVerifier) -> NoteVerifier:
    return key.key if isinstance(key, LogKey) else key
