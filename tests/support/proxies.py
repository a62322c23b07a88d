"""A wire that can be cut: between a client and a server of PostgreSQL, on the loopback interface."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal

# Before the commit reaches the server; after the server has answered it; or at once after it was sent.
Cut = Literal["before", "after", "at once"]


class Proxy:
    """Forwards connections, until the text of a statement passes by that it cuts at.

    Attributes:
        port: on 127.0.0.1.
        cuts: how often it has cut.
        reachable: whether new connections are forwarded.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self.reachable = True
        self._cut: Cut | None = None
        self._statement = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, how: Cut, statement: bytes = b"COMMIT\0") -> None:
        """Cut once, when this statement passes by next."""
        self._cut, self._statement = how, statement

    def close(self) -> None:
        """Take no more connections."""
        self.reachable = False
        # Wakes the thread that waits for connections.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.reachable:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._upstream))
            wire = _Wire(self, client, server)
            threading.Thread(target=wire.up, daemon=True).start()
            threading.Thread(target=wire.down, daemon=True).start()

    def take_cut(self, data: bytes) -> Cut | None:
        """Return how to cut now, if it is time."""
        if self._cut is None or self._statement not in data:
            return None
        how, self._cut = self._cut, None
        self.cuts += 1
        return how


class _Wire:
    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._deaf = False

    def up(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                how = self._proxy.take_cut(data)
                if how == "before":
                    break
                if how is not None:
                    self._deaf = True
                self._server.sendall(data)
                if how == "at once":
                    break
        self._hang_up()

    def down(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if self._deaf:
                    break
                self._client.sendall(data)
        self._hang_up()

    def _hang_up(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def wired(upstream: int) -> Iterator[Proxy]:
    """Put a proxy before a port of this computer."""
    proxy = Proxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
