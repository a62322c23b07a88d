"""Who can say what cannot be read from a file: what a consent allows now, and of which stamp a bare picture is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from provenance.consent.scopes import Scope
from provenance.consent.status import Permission

Basis = Literal["sealed", "opened", "studio"]


@dataclass(frozen=True, slots=True)
class StampedPicture:
    """What a file shows of itself to a status source.

    Attributes:
        handles: as its stamp carries them, 32 bytes each.
        digest: the picture digest of the file as it is now, 32 bytes; None where it cannot be computed.
        entry: the ledger entry that its stamp names, whoever proves it; None where nothing names one.
    """

    handles: tuple[bytes, ...]
    digest: bytes | None
    entry: bytes | None = None


class StatusSource(Protocol):
    """Answers for handles; asked by verification, implemented by those who hold consents."""

    @property
    def basis(self) -> Basis:
        """What the answers rest on."""
        ...

    def revoked(self, picture: StampedPicture) -> datetime | None:
        """Return when its studio revoked the stamp of a picture; None where it did not, or the source does not know."""
        ...

    def when_stamped(self, picture: StampedPicture, *, scopes: Sequence[Scope]) -> Permission:
        """Return what the consents behind a picture allowed at the moment when its stamp was logged."""
        ...

    def permission(
        self,
        picture: StampedPicture,
        *,
        scopes: Sequence[Scope],
        territory: str | None,
        medium: str | None,
        at: datetime,
    ) -> Permission:
        """Return what the consents behind a picture allow: the most restrictive answer over all of them.

        A handle that the source does not know, or that it knows from another picture, makes the answer `not-found`.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecordedStamp:
    """A stamp on record that may be that of a picture without a credential.

    Attributes:
        entry: index of the ledger entry that covers it.
        at: when it was logged, cut to the minute.
        declaration: what it says that the picture is: the word of `--as`.
        revoked: whether the studio no longer stands by it.
        distance: in how many of 256 bits the two pictures' looks differ; None where their digests are the same.
    """

    entry: int
    at: datetime
    declaration: str
    revoked: bool
    distance: int | None


class StampRecords(Protocol):
    """Knows of which stamp a picture may be; asked where it carries no credential, implemented by those who stamp."""

    def recover(self, data: bytes) -> RecordedStamp | None:
        """Return the stamp of the very picture, or of the one that it looks like most; None where there is none.

        Raises:
            InputError: the picture cannot be decoded, and without that nothing was found.
            MissingExtraError: what compares looks is not installed, and without that nothing was found.
        """
        ...
