"""Who can say what a consent allows now: the one thing that verification cannot read from a file."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from provenance.consent.scopes import Scope
from provenance.consent.status import Permission

Basis = Literal["sealed", "opened", "studio"]


class StatusSource(Protocol):
    """Answers for handles; asked by verification, implemented by those who hold consents."""

    @property
    def basis(self) -> Basis:
        """What the answers rest on."""
        ...

    def when_stamped(self, handles: Sequence[bytes], *, scopes: Sequence[Scope]) -> Permission:
        """Return what the consents behind `handles` allowed at the moment when the stamp that bears them was logged."""
        ...

    def permission(
        self, handles: Sequence[bytes], *, scopes: Sequence[Scope], territory: str | None, at: datetime
    ) -> Permission:
        """Return what the consents behind `handles` allow: the most restrictive answer over all of them.

        A handle that the source does not know makes the answer `not-found`.
        """
        ...
