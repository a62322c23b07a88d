"""Serving an application until it is stopped: on the loopback unless something else is said, and never slowly for long.

Nothing about who asks is written down. For the open internet put a reverse proxy with TLS before it.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from provenance.errors import InputError

LOOPBACK: Final = "127.0.0.1"
MAX_CONNECTIONS: Final = 512
HEAD_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 15
STOP_SECONDS: Final = 10
MAX_HEAD_BYTES: Final = 16 * 1024


class _Protocol(H11Protocol):
    """HTTP/1.1 of which the line and headers of a request must arrive within some seconds, too."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._cut)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None and self._idle():
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._cut)
        super().data_received(data)
        if not self._idle():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _cut(self) -> None:
        self._waiting = None
        if self._idle():
            self.transport.close()


class WebServer:
    """A server that has taken its address; `serve` answers until it is stopped."""

    def __init__(self, app: ASGIApp, *, host: str = LOOPBACK, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        """Take the address, without answering yet.

        Args:
            app: what answers.
            host: an address of this computer.
            port: 0 takes any that is free.
            tls: with which certificate; None for plain HTTP.

        Raises:
            InputError: the address cannot be had.
        """
        self._socket = _bound(host, port)
        self.port = int(self._socket.getsockname()[1])
        self.scheme = "http" if tls is None else "https"
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        )
        for name in ("uvicorn.error", "python_multipart.multipart"):
            # What they have to say of a request that is none quotes it.
            logging.getLogger(name).disabled = True
        config.load()
        # uvicorn would read a key from a file only.
        config.ssl = tls
        self._server = uvicorn.Server(config)

    def url(self, host: str) -> str:
        """Return the address of its first page, under one of its names."""
        shown = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{shown}:{self.port}/"

    def serve(self) -> None:
        """Answer until the process is interrupted, or terminated where that interrupts."""
        self._server.run(sockets=[self._socket])

    @contextlib.contextmanager
    def in_background(self) -> Iterator["WebServer"]:
        """Answer from another thread within a block."""
        thread = threading.Thread(target=self._run_quietly, daemon=True)
        thread.start()
        while not self._server.started and thread.is_alive():
            threading.Event().wait(0.01)
        try:
            yield self
        finally:
            self._server.should_exit = True
            thread.join(STOP_SECONDS)

    def _run_quietly(self) -> None:
        # Signals are of the main thread only; the server must not ask for them.
        asyncio.run(self._server._serve([self._socket]))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise InputError(
            f"address: {host} port {port} cannot be had: {(error.strerror or 'in use').lower()}",
            code="address-taken",
            hint="choose another with --port",
        ) from error
    made.listen(MAX_CONNECTIONS)
    return made
