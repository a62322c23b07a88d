"""Proofs that stand alone: an entry's place in the log, with the checkpoint (c2sp.org/tlog-proof)."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.canonical import from_base64
from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint
from provenance.errors import InputError
from provenance.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from provenance.note import NoteVerifier, parse_note

HEADER = "c2sp.org/tlog-proof@v1"
# Room for 16 signatures of 5 kB each (c2sp.org/signed-note) beside the proof itself.
MAX_PROOF_BYTES = 128 * 1024

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_HASHES = 64


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """A tlog-proof taken apart; nothing in it is believed until `verify` returns.

    Attributes:
        index: of the entry, from 0.
        hashes: the inclusion proof, the leaf's sibling first; 32 bytes each.
        checkpoint: the signed note, as the log wrote it.
        extra: whatever the maker of the proof added; never authenticated. None where there is nothing.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_text(self) -> str:
        """Return the proof as text, in the form of the specification."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode('ascii')}")
        lines.append(f"index {self.index}")
        lines.extend(base64.b64encode(value).decode("ascii") for value in self.hashes)
        return "\n".join(lines) + "\n\n" + self.checkpoint.decode()

    @property
    def log_origin(self) -> str:
        """The log that the checkpoint names, before anything was verified."""
        return parse_note(self.checkpoint).text.split("\n", 1)[0]

    def verify(self, entry: bytes, *, keys: Sequence[NoteVerifier | LogKey]) -> Checkpoint:
        """Check that the log with one of `keys` holds `entry`, and return the checkpoint that says so.

        The tree size and root come from the signed checkpoint. Whether witnesses cosigned it is for a
        `provenance.policy.Policy` to say.

        Raises:
            InputError: the checkpoint is malformed.
            VerificationError: the signature or the inclusion proof is wrong.
        """
        checkpoint = open_checkpoint(self.checkpoint, keys=keys)
        verify_inclusion(
            leaf=leaf_hash(entry),
            index=self.index,
            size=checkpoint.size,
            root=checkpoint.root_hash,
            proof=self.hashes,
        )
        return checkpoint


def parse_proof(text: str) -> LedgerProof:
    """Return the proof in `text`, read strictly.

    Raises:
        InputError: anything that the specification does not allow, with its line.
    """
    if len(text) > MAX_PROOF_BYTES:
        raise InputError(f"proof: expected at most {MAX_PROOF_BYTES} characters, got {len(text)}")
    head, separator, checkpoint = text.partition("\n\n")
    if not separator:
        raise InputError("proof: expected an empty line before the checkpoint, got none")
    lines = head.split("\n")
    if lines[0] != HEADER:
        raise InputError(f"proof line 1: expected {HEADER}, got {lines[0][:60]!r}")
    position, extra = 1, None
    if len(lines) > position and lines[position].startswith("extra "):
        extra = from_base64(lines[position].removeprefix("extra "), place=f"proof line {position + 1}")
        if not extra:
            raise InputError(f"proof line {position + 1}: expected extra data or no such line, got none")
        position += 1
    if len(lines) <= position or not lines[position].startswith("index "):
        raise InputError(f"proof line {position + 1}: expected the index")
    index = lines[position].removeprefix("index ")
    if not _INDEX.fullmatch(index):
        raise InputError(f"proof line {position + 1}: expected a decimal index, got {index[:40]!r}")
    hashes = [
        from_base64(line, place=f"proof line {number}")
        for number, line in enumerate(lines[position + 1 :], position + 2)
    ]
    if len(hashes) > _MAX_HASHES:
        raise InputError(f"proof: expected at most {_MAX_HASHES} hashes, got {len(hashes)}")
    for number, value in enumerate(hashes, position + 2):
        if len(value) != HASH_BYTES:
            raise InputError(f"proof line {number}: expected a hash of 32 bytes, got {len(value)}")
    try:
        note = checkpoint.encode()
    except UnicodeEncodeError:
        raise InputError("proof: expected text that is valid unicode") from None
    parse_note(note)
    return LedgerProof(int(index), tuple(hashes), note, extra)
