"""The body of an `add-checkpoint` request (c2sp.org/tlog-witness, add-checkpoint)."""

import re
from dataclasses import dataclass

from provenance.canonical import from_base64
from provenance.errors import InputError
from provenance.merkle import HASH_BYTES

MAX_PROOF_LINES = 63

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """What a log asks of a witness; nothing in it is believed yet.

    Attributes:
        old_size: the size that the witness cosigned last, as the log believes.
        proof: that the log grew from there; hashes of 32 bytes.
        checkpoint: the signed note.
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


def parse_request(body: bytes) -> AddCheckpoint:
    """Return the request in `body`, read strictly; the note in it is left as it is.

    Raises:
        InputError: anything that the specification does not allow, with its line.
    """
    head, separator, checkpoint = body.partition(b"\n\n")
    if not separator:
        raise InputError("request: expected an empty line before the checkpoint, got none")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise InputError("request: expected ascii before the checkpoint") from None
    old = _OLD.fullmatch(lines[0])
    if old is None:
        raise InputError(f"request line 1: expected old and a decimal size, got {lines[0][:40]!r}")
    if len(lines) - 1 > MAX_PROOF_LINES:
        raise InputError(f"request: expected at most {MAX_PROOF_LINES} hashes, got {len(lines) - 1}")
    proof = []
    for number, line in enumerate(lines[1:], 2):
        value = from_base64(line, place=f"request line {number}")
        if len(value) != HASH_BYTES:
            raise InputError(f"request line {number}: expected a hash of {HASH_BYTES} bytes, got {len(value)}")
        proof.append(value)
    return AddCheckpoint(int(old[1]), tuple(proof), checkpoint)
