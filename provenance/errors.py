"""Every error that the library raises, in one tree.

```
ProvenanceError
├── RefusedError             the answer is no: a rule forbids what was asked
├── InputError               bytes or a document are not what they must be
├── StudioError              there is no studio here, or it cannot be used
├── KeyMaterialError         a key or passphrase is missing, wrong or unfit
├── VaultError               a sealed datum cannot be opened
├── LedgerError              the ledger cannot do what was asked
│   └── CorruptLedgerError   what is stored contradicts what was signed
├── CredentialError          Content Credentials cannot be read or written
│   ├── NoCredentialError        the file carries none
│   └── RemoteCredentialError    they lie elsewhere, and are not fetched
└── VerificationError        a signature or proof does not verify
```

`str(error)` is one line, lower case, without a full stop: the place first, then what was expected and what was
found. `hint` says what to do next. `code` is stable and meant for programs.
"""

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


class CredentialError(ProvenanceError):
    """Content Credentials cannot be read or written."""

    default_code = "credential"


class NoCredentialError(CredentialError):
    """The file carries no Content Credentials."""

    default_code = "no-credential"


class RemoteCredentialError(CredentialError):
    """The file only names a place where its Content Credentials lie; nothing is ever fetched."""

    default_code = "remote-credential"


class VerificationError(ProvenanceError):
    """A signature, proof or commitment does not verify."""

    default_code = "verification"
