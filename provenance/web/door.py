"""Who may send a form in at the kiosk: on the loopback everybody who sits there, in a network who has its key."""

import hmac
import secrets
from dataclasses import dataclass, field

from provenance.errors import RefusedError
from provenance.web.forms import FormMarks


@dataclass(frozen=True, slots=True)
class Door:
    """The way into a kiosk.

    Attributes:
        key: what a form must bring along; it stands in the part of the address that browsers keep to themselves (its
            fragment). None where the kiosk is reached from its own computer only.
        bar: the name of the warning that every page shows, or None.
        marks: of forms on its pages.
    """

    key: str | None = None
    bar: str | None = None
    marks: FormMarks = field(default_factory=FormMarks)

    @classmethod
    def to_network(cls, *, insecure: bool) -> "Door":
        """Return a door with a new key; `insecure` where what is sent can be read on the way."""
        return cls(secrets.token_urlsafe(16), "bar_insecure" if insecure else None)

    def check(self, key: str) -> None:
        """Check that `key` opens it.

        Raises:
            RefusedError: it does not.
        """
        if self.key is not None and not hmac.compare_digest(self.key.encode(), key.encode("utf-8", "replace")):
            raise RefusedError(
                "kiosk: expected the key in its address, got another",
                code="kiosk-door",
                hint="scan the code in the terminal again",
            )
