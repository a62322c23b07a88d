"""A small log with a key of its own, for tests of notes, checkpoints and proofs."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.trees import inclusion, root

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.keys import SigningKey
from provenance.note import NoteKey, NoteSigner
from provenance.proof import LedgerProof

LOG_ORIGIN = "studio.example/log"


class Log:
    """A log over the numbered entries of `support.trees`."""

    def __init__(self, log_origin: str = LOG_ORIGIN, *, signing_key: SigningKey | None = None) -> None:
        self.signing_key = signing_key or SigningKey.generate("Ed25519")
        self.key = NoteKey(log_origin, self.signing_key.public_bytes())
        self.signer = NoteSigner(self.key, self.signing_key.sign)

    def checkpoint(self, size: int) -> bytes:
        """Return the signed checkpoint of the first `size` entries."""
        checkpoint = Checkpoint(self.key.name, size, root(size))
        return sign_checkpoint(checkpoint, key=self.key, sign=self.signing_key.sign).to_bytes()

    def proof(self, index: int, size: int, *, extra: bytes | None = None) -> LedgerProof:
        """Return the proof that the entry at `index` is among the first `size`."""
        return LedgerProof(index, tuple(inclusion(index, size)), self.checkpoint(size), extra)


def fixed_log(number: int = 0) -> Log:
    """Return a log whose key is the same in every process, for where it stands in the names of tests."""
    return Log(signing_key=SigningKey(Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))))
