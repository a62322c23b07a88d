"""Every error that the library raises, in one tree.

```
ProvenanceError
├── RefusedError             the answer is no: a rule forbids what was asked
├── InputError               bytes or a document are not what they must be
├── StudioError              there is no studio here, or it cannot be used
├── KeyMaterialError         a key or passphrase is missing, wrong or unfit
├── VaultError               a sealed datum cannot be opened
├── LedgerError              the ledger cannot do what was asked
│   ├── CorruptLedgerError   what is stored contradicts what was signed
│   ├── RolledBackError      what is stored is older than what was signed
│   ├── ForkedLogError       a log signed two checkpoints that cannot both be true
│   ├── WitnessConflictError     a witness holds the ledger at another size
│   └── WitnessRefusedError      a witness says that the ledger does not follow from what it cosigned
├── CredentialError          Content Credentials cannot be read or written
│   ├── NoCredentialError        the file carries none
│   └── RemoteCredentialError    they lie elsewhere, and are not fetched
├── MissingExtraError        a part of the product is not installed
├── NetworkError             an address that was named cannot be reached, or gives no usable answer
└── VerificationError        a signature or proof does not verify
```

`str(error)` is one line, lower case, without a full stop: the place first, then what was expected and what was
found. `hint` says what to do next. `code` is stable and meant for programs.
"""

from pathlib import Path
from typing import ClassVar


class ProvenanceError(Exception):
    """Base of every error of this library.

    Attributes:
        code: stable kebab-case name of the condition.
        hint: the next thing to do, or None.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        # Part of a message may come from a file; it stays one line, and nothing in it can act on a terminal.
        super().__init__("".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in message))
        self.code = code or self.default_code
        self.hint = hint


class RefusedError(ProvenanceError):
    """A rule forbids what was asked; nothing was changed."""

    default_code = "refused"


class InputError(ProvenanceError):
    """Bytes or a document are malformed, too large or of the wrong kind."""

    default_code = "malformed-input"


class StudioError(ProvenanceError):
    """There is no studio here, it exists already, or its state is newer than this version."""

    default_code = "studio"


class KeyMaterialError(ProvenanceError):
    """A private key, certificate or passphrase is missing, wrong or unfit for its use."""

    default_code = "key-material"


class VaultError(ProvenanceError):
    """A sealed datum cannot be opened: wrong key, changed bytes, or erased."""

    default_code = "vault"


class LedgerError(ProvenanceError):
    """The ledger cannot do what was asked."""

    default_code = "ledger"


class CorruptLedgerError(LedgerError):
    """What is stored contradicts what was signed, or itself."""

    default_code = "ledger-corrupt"


class RolledBackError(LedgerError):
    """The ledger is older than something that it signed: a restored backup, which must not sign again.

    Attributes:
        notes: the signed checkpoints that show it, the ledger's own first; empty where none are at hand.
    """

    default_code = "ledger-rolled-back"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str | None = None, notes: tuple[bytes, ...] = ()
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.notes = notes


class ForkedLogError(LedgerError):
    """A log signed two checkpoints that cannot both be true, or took one back.

    Attributes:
        notes: both signed checkpoints, the one that was seen first before the other.
        evidence: the file that keeps them, or None.
    """

    default_code = "log-forked"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        notes: tuple[bytes, ...] = (),
        evidence: Path | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.notes = notes
        self.evidence = evidence


class WitnessConflictError(LedgerError):
    """A witness holds this ledger at another size than was said.

    Attributes:
        size: the size that it cosigned last. Where it is larger than the checkpoint's, this ledger is older than what
            was cosigned; where it is smaller, a proof from that size helps.
    """

    default_code = "witness-conflict"

    def __init__(self, message: str, *, size: int = 0, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, code=code, hint=hint)
        self.size = size


class WitnessRefusedError(LedgerError):
    """A witness says that a checkpoint does not follow from what it cosigned: the ledger may have forked.

    Attributes:
        submitted: the signed checkpoint that it refused.
        held: the signed checkpoint that it cosigned last, with its cosignature; None if it did not say.
    """

    default_code = "witness-refused"

    def __init__(
        self,
        message: str,
        *,
        submitted: bytes = b"",
        held: bytes | None = None,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.submitted = submitted
        self.held = held


class CredentialError(ProvenanceError):
    """Content Credentials cannot be read or written."""

    default_code = "credential"


class NoCredentialError(CredentialError):
    """The file carries no Content Credentials."""

    default_code = "no-credential"


class RemoteCredentialError(CredentialError):
    """The file only names a place where its Content Credentials lie; nothing is ever fetched."""

    default_code = "remote-credential"


class MissingExtraError(ProvenanceError):
    """A part of the product that not everybody needs is not installed."""

    default_code = "extra-missing"


class NetworkError(ProvenanceError):
    """An address that the caller named cannot be reached, or gives no usable answer."""

    default_code = "network"


class VerificationError(ProvenanceError):
    """A signature, proof or commitment does not verify."""

    default_code = "verification"
