"""What stands before every page: which hosts are answered, how much is read, for how long, how often, and from whom.

It is an ASGI middleware that knows nothing of the pages behind it, so that none of them can forget any of this.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provenance.web.problems import answer

# No inline script or style, no plug-in, no frame, no form to elsewhere; pictures that a page made itself are blobs.
CONTENT_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # With `no-referrer`, browsers would not say either that a form is from a page of this server.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NO_STORE: Final = "no-store"
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
FAULT: Final = "this cannot be answered now"
LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")

_OPEN: Final = ("/ledger/", "/status/")
# Where reading is a search, it is counted as sending is.
_SEARCHED: Final = ("/v1/",)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may take.

    Attributes:
        body_bytes: of a body, where its path has no limit of its own.
        path_bytes: of the body of a request to a path that begins so.
        seconds: that a body may take to arrive.
        requests: that are not only to read, or that search, from one address in a minute.
        addresses: how many are counted at a time.
    """

    body_bytes: int = 2 * 1024 * 1024
    path_bytes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 30.0
    requests: int = 600
    addresses: int = 10_000

    def of(self, path: str) -> int:
        """Return how many bytes a body sent to `path` may have."""
        return next((size for begin, size in self.path_bytes.items() if path.startswith(begin)), self.body_bytes)


class Rate:
    """Counts what each address did within a minute; what is forgotten is the address that was silent longest."""

    def __init__(
        self, per_minute: int, *, addresses: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._addresses = addresses
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, address: str) -> bool:
        """Count one more from `address`, and tell whether that is still within the rate."""
        now = self._clock()
        left, last = self._left.pop(address, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - last) * self._per_minute / 60)
        within = left >= 1
        self._left[address] = (left - 1 if within else left, now)
        if len(self._left) > self._addresses:
            del self._left[next(iter(self._left))]
        return within


class _RefusedRequest(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Shield:
    """Answers only what may be answered, and puts the same headers on all of it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        limits: Limits | None = None,
        report: Callable[[str], None] | None = None,
    ) -> None:
        """Stand before `app`.

        Args:
            app: what answers.
            hosts: the names and addresses under which it may be asked, without ports (DNS rebinding asks under others).
            limits: how much one request may take.
            report: called with a line where an answer failed; it names the route, and nothing of who asked or what.
        """
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._limits = limits or Limits()
        self._report = report or (lambda _: None)
        self._rate = Rate(self._limits.requests, addresses=self._limits.addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith(_OPEN):
                    # Public by its nature: other people's pages may read it, too.
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                    headers["Access-Control-Allow-Origin"] = "*"
                headers.setdefault("Cache-Control", NO_STORE)
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, self._bounded(scope, receive), sending)
        except _RefusedRequest as refused:
            if not started:
                made = answer(scope["path"], refused.status, refused.message, {"Connection": "close"})
                await made(scope, receive, sending)
        except Exception as error:
            # What went wrong may quote what was sent; only its kind is told.
            self._report(f"{scope['method']} {_route(scope)}: {type(error).__name__}")
            if not started:
                await answer(scope["path"], 500, FAULT)(scope, receive, sending)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            raise _RefusedRequest(HTTPStatus.MISDIRECTED_REQUEST, "host: expected one of this server's own names")
        if scope["method"] in SAFE_METHODS:
            if scope["path"].startswith(_SEARCHED):
                self._count(scope)
            return
        # A page of somebody else's can send a form here; browsers say where it is from (Fetch Metadata, RFC 6454).
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise _RefusedRequest(HTTPStatus.FORBIDDEN, "origin: expected a page of this server")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise _RefusedRequest(HTTPStatus.FORBIDDEN, "origin: expected a page of this server")
        declared = headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdecimal()) or int(declared[:18]) > self._limits.of(scope["path"]):
            raise _too_large(self._limits.of(scope["path"]))
        self._count(scope)

    def _count(self, scope: Scope) -> None:
        if not self._rate.take(_address(scope)):
            raise _RefusedRequest(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: try again in a minute")

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        most = self._limits.of(scope["path"])
        deadline: float | None = None
        got, whole = 0, False

        async def receiving() -> Message:
            nonlocal deadline, got, whole
            if whole:
                return await receive()
            # From when somebody reads: a request that waits for room must not be blamed for it.
            deadline = deadline or time.monotonic() + self._limits.seconds
            try:
                message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise _RefusedRequest(HTTPStatus.REQUEST_TIMEOUT, "the request took too long") from None
            if message["type"] == "http.request":
                got += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if got > most:
                    raise _too_large(most)
            return message

        return receiving


def address_of(scope: Scope) -> str:
    """Return the address that a request comes from; it is counted, and never written down."""
    return _address(scope)


def host_of(scope: Scope) -> str:
    """Return the name under which a request asks, without a port; empty where it says none."""
    return _host_name(Headers(scope=scope).get("host", ""))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _host_name(host: str) -> str:
    name, bracket, _ = host.lower().partition("]")
    return f"{name}]" if bracket else name.partition(":")[0]


def _route(scope: Scope) -> str:
    """Return the path as the program knows it, with the names of its variable parts instead of what was in them."""
    route = scope.get("route")
    return str(getattr(route, "path", "(no page)"))


def _too_large(most: int) -> _RefusedRequest:
    return _RefusedRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {most} bytes")
