"""Sittings that go on on a person's own phone: kept in memory once they ask for it, and for some minutes only.

The kiosk shows a code with a link. Whoever opens it sees what is to be signed, and can sign it; so the link's secret is
one that nobody guesses, stands behind `#`, and opens one sitting once. Should somebody else have been quicker, the
person finds it closed, and calls the sitting back.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from provenance.consent.fields import ORIGIN
from provenance.consent.requests import ConsentRequest
from provenance.errors import InputError, RefusedError

LIFE_SECONDS: Final = 600.0
MAX_HANDED: Final = 500

State = Literal["waiting", "open", "signed", "gone"]


@dataclass(frozen=True, slots=True)
class Handed:
    """One sitting on its way to a phone.

    Attributes:
        mark: of the form at the kiosk.
        spoken: the language in which it was read.
        request: what is to be signed; it holds the person's name.
        initialled: what they put their initials to.
    """

    mark: str
    spoken: str
    request: ConsentRequest
    initialled: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    handed: Handed
    since: float
    state: State


def parse_origin(url: str) -> str:
    """Return the origin of the address by which phones reach a kiosk.

    Raises:
        InputError: no passkey can be bound to it.
    """
    origin = url.lower().removesuffix("/")
    if not ORIGIN.admits(origin) or origin.rpartition(".")[2].partition(":")[0].isdecimal():
        raise InputError(
            f"phones: expected an https address of a host with a name, without a path, got {url[:80]!r}",
            code="phones-address",
            hint="such as https://kiosk.studio.example, which a proxy with a certificate leads to the kiosk",
        )
    return origin


class Phones:
    """The sittings that are on their way to phones, by the secrets of their links."""

    def __init__(self, origin: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none.

        Args:
            origin: under which phones reach the kiosk, as `parse_origin` returns it.
            clock: in seconds.
        """
        self.origin = origin
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The name under which phones ask."""
        return self.origin.partition("://")[2].partition(":")[0]

    def begin(self, handed: Handed) -> str:
        """Keep a sitting, in the place of what the same form handed over before; return the link for the phone.

        Raises:
            RefusedError: too many are on their way.
        """
        with self._lock:
            self._forget(handed.mark)
            if len(self._kept) >= MAX_HANDED:
                raise RefusedError("phones: too many sittings are on their way", code="phones-full")
            secret = secrets.token_urlsafe(32)
            self._kept[secret] = _Kept(handed, self._clock(), "waiting")
        return f"{self.origin}/phone#{secret}"

    def open(self, secret: str) -> tuple[str, Handed]:
        """Return what a link leads to, and another secret by which it is signed; the link leads nowhere then.

        Raises:
            RefusedError: it leads to nothing, or not any more.
        """
        with self._lock:
            kept = self._find(secret)
            if kept.state != "waiting":
                raise _gone()
            del self._kept[secret]
            other = secrets.token_urlsafe(32)
            self._kept[other] = _Kept(kept.handed, kept.since, "open")
            return other, kept.handed

    def handed(self, secret: str) -> Handed:
        """Return what was opened with this secret, also when it was signed already and the answer got lost.

        Raises:
            RefusedError: nothing was, or it is over.
        """
        with self._lock:
            kept = self._find(secret)
            if kept.state == "waiting":
                raise _gone()
            return kept.handed

    def signed(self, secret: str) -> None:
        """Remember that it was signed."""
        with self._lock:
            if secret in self._kept:
                self._kept[secret].state = "signed"

    def state(self, mark: str) -> State:
        """Return how far the sitting of a form is; `gone` where it is not on its way, or not any more."""
        with self._lock:
            self._forget(None)
            return next((kept.state for kept in self._kept.values() if kept.handed.mark == mark), "gone")

    def stop(self, mark: str) -> None:
        """Forget the sitting of a form, as its person signs at the kiosk or not at all; its link leads nowhere then."""
        with self._lock:
            self._forget(mark)

    def _find(self, secret: str) -> _Kept:
        self._forget(None)
        if secret not in self._kept:
            raise _gone()
        return self._kept[secret]

    def _forget(self, mark: str | None) -> None:
        """Forget what is too old, and the sitting of a form."""
        oldest = self._clock() - LIFE_SECONDS
        self._kept = {
            secret: kept for secret, kept in self._kept.items() if kept.since > oldest and kept.handed.mark != mark
        }


def _gone() -> RefusedError:
    return RefusedError("phone: its link leads to no sitting, or not any more", code="phone-gone")
