"""Witnesses that serve on loopback, and the checkpoints and requests that they are asked about."""

import base64
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.logs import Log
from support.trees import consistency

from provenance.checkpoint import Checkpoint, sign_checkpoint
from provenance.cosignature import Cosigner, Kind
from provenance.witness import Witness, WitnessDirectory, WitnessServer

WITNESS_NAME = "witness.example/w1"
START = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


class TestClock:
    """A clock that goes on by a second each time it is asked, or stands where it was put."""

    __test__ = False

    def __init__(self) -> None:
        self.time = START
        self.step = timedelta(seconds=1)

    def now(self) -> datetime:
        self.time += self.step
        return self.time


def new_witness(path: Path, *logs: Log, kinds: Sequence[Kind] = (Kind.ED25519,)) -> Witness:
    """Make a witness that knows these logs."""
    directory = WitnessDirectory.create(path, cosigners=[Cosigner.generate(WITNESS_NAME, kind) for kind in kinds])
    for log in logs:
        directory.add_log(log.key)
    return Witness(path, clock=TestClock())


@contextmanager
def serving(witness: Witness, *, request_seconds: float = 10.0) -> Iterator[WitnessServer]:
    """Let a witness answer on loopback."""
    with WitnessServer(witness, request_seconds=request_seconds) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answering(status: int, body: bytes, content_type: str = "text/plain") -> Iterator[str]:
    """Serve one answer to whatever is asked, as a witness never should, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def growth(old_size: int, size: int) -> list[bytes]:
    """Return the proof that a request from `old_size` to `size` needs."""
    return consistency(old_size, size) if 0 < old_size <= size else []


def request(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the body of a request, written apart from the code under test."""
    hashes = "".join(f"{base64.b64encode(value).decode()}\n" for value in proof)
    return f"old {old_size}\n{hashes}\n".encode() + checkpoint


def asked(log: Log, old_size: int, size: int) -> bytes:
    """Return the body of the request that an honest log makes."""
    return request(old_size, growth(old_size, size), log.checkpoint(size))


def forked(log: Log, size: int, root_hash: bytes = bytes(32)) -> bytes:
    """Return a checkpoint of the log that contradicts the tree of the tests."""
    checkpoint = Checkpoint(log.key.name, size, root_hash)
    return sign_checkpoint(checkpoint, key=log.key, sign=log.signing_key.sign).to_bytes()
