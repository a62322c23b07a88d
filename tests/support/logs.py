"""A small log with a key of its own, for tests of notes, checkpoints and proofs."""

from support.trees import inclusion, root

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.keys import SigningKey
from provenance.note import NoteKey
from provenance.proof import LedgerProof

LOG_ORIGIN = "studio.example/log"


class Log:
    """A log over the numbered entries of `support.trees`."""

    def __init__(self, log_origin: str = LOG_ORIGIN) -> None:
        self.signing_key = SigningKey.generate("Ed25519")
        self.key = NoteKey(log_origin, self.signing_key.public_bytes())

    def checkpoint(self, size: int) -> bytes:
        """Return the signed checkpoint of the first `size` entries."""
        checkpoint = Checkpoint(self.key.name, size, root(size))
        return sign_checkpoint(checkpoint, key=self.key, sign=self.signing_key.sign).to_bytes()

    def proof(self, index: int, size: int, *, extra: bytes | None = None) -> LedgerProof:
        """Return the proof that the entry at `index` is among the first `size`."""
        return LedgerProof(index, tuple(inclusion(index, size)), self.checkpoint(size), extra)
