"""The directory that a witness lives in: its keys, the logs that it knows, and what it cosigned last of each.

```
keys                         its private keys, one a line, readable by the owner only
policy                       the logs that it knows: a c2sp.org/tlog-policy file whose quorum is none
lock                         held while a log is added
logs/<SHA-256 of origin>/    checkpoint   the note that it cosigned last, as anybody may read it
                             lock         held from the comparison with it until the next one is durable
                             evidence/    signed checkpoints that do not follow, beside what was held then
```

It must never be put back from a copy: a witness that forgot what it cosigned would cosign a second history.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from provenance import durable
from provenance.cosignature import CosignatureKey, Cosigner
from provenance.errors import InputError, RefusedError
from provenance.note import MAX_NOTE_BYTES, NoteKey
from provenance.policy import MAX_POLICY_BYTES, Policy, PolicyLog, parse_policy

MAX_EVIDENCE = 100
"""Pieces of evidence kept for one log; each is one signed checkpoint."""

_MAX_KEYS_BYTES = 4096
_MAX_ORIGIN_BYTES = 255


class WitnessDirectory:
    """A directory that `create` made."""

    def __init__(self, path: Path) -> None:
        if not (path / "keys").is_file():
            raise InputError(
                f"witness: expected one in {path}, got none",
                code="witness-missing",
                hint="create one with provenance witness init DIR --name NAME",
            )
        self.path = path
        self.cosigners = _parse_keys(durable.read(path / "keys", max_bytes=_MAX_KEYS_BYTES))

    @classmethod
    def create(cls, path: Path, *, cosigners: Sequence[Cosigner]) -> "WitnessDirectory":
        """Make a directory, or fill one that is empty, for a witness with these keys, each of another kind.

        Raises:
            RefusedError: there is something in it; it is left as it was.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RefusedError(
                f"witness: expected an empty directory or none at {path}",
                code="witness-exists",
                hint="choose another place",
            )
        path.mkdir(parents=True, exist_ok=True)
        _make_directory(path / "logs")
        durable.create(path / "policy", Policy().to_bytes())
        # Last, because it is what makes a witness of the directory.
        text = "".join(f"{cosigner.to_text()}\n" for cosigner in cosigners)
        durable.create(path / "keys", text.encode(), mode=durable.PRIVATE)
        return cls(path)

    def logs(self) -> tuple[PolicyLog, ...]:
        """Return the logs that the witness knows; read anew, so that one can be added while it serves."""
        return parse_policy(durable.read(self.path / "policy", max_bytes=MAX_POLICY_BYTES)).logs

    def add_log(self, key: NoteKey | CosignatureKey) -> None:
        """Know one more log, or one more key of a log.

        Raises:
            InputError: the key is known already, or is the witness's own, or its origin is too long to be cosigned.
        """
        if any(key.public_key == cosigner.key.public_key for cosigner in self.cosigners):
            raise InputError(f"log {key.name}: expected a log's key, got that of this witness")
        if len(key.name.encode()) > _MAX_ORIGIN_BYTES:
            raise InputError(f"log: expected an origin of at most {_MAX_ORIGIN_BYTES} bytes, got one that is longer")
        with _locked(self.path / "lock"):
            policy = Policy((*self.logs(), PolicyLog(key)))
            _make_directory(self._log(key.name))
            durable.replace(self.path / "policy", policy.to_bytes())

    @contextlib.contextmanager
    def locked(self, log_origin: str) -> Iterator[None]:
        """Keep every other thread and process from cosigning a log."""
        _make_directory(self._log(log_origin))
        with _locked(self._log(log_origin) / "lock"):
            yield

    def checkpoint(self, log_origin: str) -> bytes | None:
        """Return the note that was cosigned last, or None."""
        return self.checkpoint_of(self._log(log_origin).name)

    def checkpoint_of(self, origin_hash: str) -> bytes | None:
        """Return the note that was cosigned last of the log whose origin has this SHA-256, in hex, or None."""
        path = self.path / "logs" / origin_hash / "checkpoint"
        return durable.read(path, max_bytes=MAX_NOTE_BYTES) if path.exists() else None

    def replace_checkpoint(self, log_origin: str, note: bytes) -> None:
        """Keep a note as the one that was cosigned last; it is durable when this returns.

        Raises:
            OSError: the disk refused; the old one is as it was.
        """
        durable.replace(self._log(log_origin) / "checkpoint", note)

    def keep_evidence(self, log_origin: str, *, name: str, request: bytes, held: bytes | None) -> None:
        """Keep a request that does not follow, and what was held then, unless there is much of it already.

        Args:
            log_origin: names the log.
            name: the same for the same checkpoint, so that nobody can fill the disk by sending it again.
            request: the body, with the signed checkpoint in it.
            held: the note that was cosigned last.
        """
        folder = self._log(log_origin) / "evidence"
        _make_directory(folder)
        if self.count_evidence(log_origin) >= MAX_EVIDENCE:
            return
        with contextlib.suppress(FileExistsError):
            durable.create(folder / f"{name}.request", request)
            if held is not None:
                durable.create(folder / f"{name}.held", held)

    def count_evidence(self, log_origin: str) -> int:
        """Return how many signed checkpoints of a log were kept because they do not follow."""
        return len(list((self._log(log_origin) / "evidence").glob("*.request")))

    def _log(self, log_origin: str) -> Path:
        return self.path / "logs" / hashlib.sha256(log_origin.encode()).hexdigest()


def _parse_keys(data: bytes) -> tuple[Cosigner, ...]:
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        raise InputError("keys: expected text in utf-8") from None
    cosigners = tuple(Cosigner.from_text(line) for line in lines)
    if not cosigners or len({cosigner.key.kind for cosigner in cosigners}) != len(cosigners):
        raise InputError("keys: expected one or two keys, each of another kind")
    return cosigners


def _make_directory(path: Path) -> None:
    """Make a directory whose name is durable: what is written into it later must not vanish with it."""
    if path.is_dir():
        return
    path.mkdir(exist_ok=True)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, durable.PUBLIC)
    try:
        # The lock belongs to this opening of the file, so that it keeps out threads as well as processes.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
