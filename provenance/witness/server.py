"""A witness over HTTP (c2sp.org/tlog-witness, HTTP interface): `POST /add-checkpoint`, `GET /<origin hash>/checkpoint`.

Bodies, times and connections are bounded, and nothing about who asks is written down. For the open internet put a
reverse proxy with TLS before it.
"""

import contextlib
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from provenance.errors import ProvenanceError
from provenance.witness.witness import Response, Witness

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 256 * 1024
MAX_CONNECTIONS = 64
REQUEST_SECONDS = 10.0
"""From when a connection is free for a request until that is answered."""

_Connection: TypeAlias = socket.socket | tuple[bytes, socket.socket]


class WitnessServer(ThreadingHTTPServer):
    """A witness that listens; `serve_forever` answers until `shutdown`."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(
        self,
        witness: Witness,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        request_seconds: float = REQUEST_SECONDS,
        report: Callable[[str], None] | None = None,
    ) -> None:
        """Take the address, without answering yet.

        Args:
            witness: what answers.
            host: an address of this computer.
            port: 0 takes any that is free.
            request_seconds: how long a request may take, from when the connection is free for it.
            report: called with a line where a log contradicted itself, or the witness cannot answer.
        """
        self.witness = witness
        self.request_seconds = request_seconds
        self.report = report or (lambda _: None)
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The address that it listens on: both its submission prefix and its monitoring prefix."""
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes | bytearray) else host
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def server_bind(self) -> None:
        """Take the address, without asking anybody for the name of this computer."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: _Connection, client_address: tuple[str, int]) -> None:
        """Answer in a thread of its own, unless there are too many."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: _Connection, client_address: tuple[str, int]) -> None:
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: _Connection, client_address: tuple[str, int]) -> None:
        """Say nothing of connections that broke off."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "headshot-provenance"
    sys_version = ""
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(message)s\n"
    server: WitnessServer

    def handle_one_request(self) -> None:
        # One limit for line, headers and body together: a sender that is slow enough would pass any other.
        timer = threading.Timer(self.server.request_seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            super().handle_one_request()
        finally:
            timer.cancel()

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            self._refuse(405 if self._origin_hash() else 404, "expected POST /add-checkpoint")
            return
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") is not None or not length:
            self._refuse(411, "expected a content length")
        elif not (length.isascii() and length.isdecimal()):
            self._refuse(400, "expected a content length in decimal")
        elif len(length) > 9 or int(length) > MAX_BODY_BYTES:
            self._refuse(413, f"expected at most {MAX_BODY_BYTES} bytes")
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._send(self._answer(lambda: self.server.witness.add_checkpoint(body)))

    def do_GET(self) -> None:
        origin_hash = self._origin_hash()
        if origin_hash is None:
            self._refuse(405 if self.path == "/add-checkpoint" else 404, "expected GET /<origin hash>/checkpoint")
            return
        self._send(self._answer(lambda: self.server.witness.checkpoint(origin_hash)))

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing about who asked."""

    def _origin_hash(self) -> str | None:
        name, separator, rest = self.path.removeprefix("/").partition("/checkpoint")
        return name if separator and not rest and self.path.startswith("/") else None

    def _answer(self, answer: Callable[[], Response]) -> Response:
        """Return the answer, or that there is none where what is stored or the disk is at fault."""
        try:
            response = answer()
        except (ProvenanceError, OSError) as error:
            self.server.report(str(error))
            return Response(500, b"this witness cannot answer now\n")
        if response.status == 422:
            self.server.report(f"refused: {response.body.decode().strip()}")
        return response

    def _refuse(self, status: int, message: str) -> None:
        # The body may not have been read; whatever comes behind it is no request.
        self.close_connection = True
        self._send(Response(status, f"{message}\n".encode()))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
