"""Addresses, and a log behind a real web server on this computer."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.logs import Log
from support.published import body, publish_sizes
from support.refusals import refused

from provenance.errors import InputError, NetworkError
from provenance.ledger.bucket import BucketPlace
from provenance.ledger.folder import FolderPlace
from provenance.ledger.places import WebPlace, open_destination, open_source
from provenance.ledger.published import PublishedLog

LOG = Log()


class Handler(BaseHTTPRequestHandler):
    """Serves a folder as a static host does, with bundles compressed where it is asked to."""

    folder: Path
    absent = 404
    packs = False

    def do_GET(self) -> None:
        path = self.folder / self.path.removeprefix("/log/")
        if self.path.endswith("/broken"):
            self.send_error(500)
        elif not path.is_file():
            self.send_error(self.absent)
        else:
            data = path.read_bytes()
            self.send_response(200)
            if self.packs and "entries" in self.path:
                data = gzip.compress(data)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(params=[404, 403])
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    """Yield a folder, and the address that serves it."""
    with serving(folder=tmp_path, absent=request.param) as address:
        yield tmp_path, address


@contextmanager
def serving(**settings: object) -> Iterator[str]:
    """Serve a folder, and yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), settings)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/log/"
        finally:
            server.shutdown()
            thread.join()


def test_a_log_is_read_over_http(served: tuple[Path, str]) -> None:
    folder, address = served
    publish_sizes(folder, LOG, [2600])
    log = PublishedLog(open_source(address), keys=[LOG.key])
    assert list(log.entries(0, 2600)) == [body(number) for number in range(2600)]
    log.prove(300).verify(log.entry(300), keys=[LOG.key])


def test_a_host_may_compress_bundles_without_being_asked(tmp_path: Path) -> None:
    # c2sp.org/tlog-tiles, "Log entries": `Content-Encoding: gzip` with no negotiation.
    publish_sizes(tmp_path, LOG, [300])
    with serving(folder=tmp_path, packs=True) as address:
        log = PublishedLog(open_source(address), keys=[LOG.key])
        assert list(log.entries(0, 300)) == [body(number) for number in range(300)]


def test_what_a_host_does_not_have_is_none(served: tuple[Path, str]) -> None:
    folder, address = served
    (folder / "one").write_bytes(b"1")
    place = open_source(address)
    assert place.read(["none"], max_bytes=9) == [None]
    assert place.read(["none", "one"], max_bytes=9) == [None, b"1"]


def test_a_host_that_fails_is_named(served: tuple[Path, str]) -> None:
    _, address = served
    with refused(NetworkError, f"{address}broken: expected status 200, got 500", code="answer-status"):
        open_source(address).read(["broken"], max_bytes=9)


def test_a_host_that_sends_too_much_is_not_read_to_its_end(served: tuple[Path, str]) -> None:
    folder, address = served
    (folder / "large").write_bytes(bytes(10))
    with refused(InputError, "large: expected at most 9 bytes, got more", code="file-too-large"):
        open_source(address).read(["large"], max_bytes=9)
    (folder / "endless").write_bytes(bytes(64 * 1024 + 1))
    with pytest.raises(NetworkError) as caught:
        open_source(address).read(["endless"], max_bytes=9)
    assert caught.value.code == "answer-too-large"


def test_an_address_names_its_kind_of_place(tmp_path: Path) -> None:
    assert isinstance(open_source("https://log.example/a"), WebPlace)
    for opened in (open_source, open_destination):
        assert isinstance(opened(str(tmp_path)), FolderPlace)
        assert isinstance(opened("memory://log"), BucketPlace)


@pytest.mark.parametrize("address", ["http://log.example/", "https://log.example"])
def test_a_web_address_cannot_be_written(address: str) -> None:
    with refused(
        InputError,
        "address: expected a folder or a bucket to write to, got a web address",
        code="place-read-only",
        hint="publish to the folder or bucket that the web address serves",
    ):
        open_destination(address)


def test_a_local_folder_is_named_by_its_path() -> None:
    with refused(InputError, "address: expected a plain path for a local folder, got file://", code="url"):
        open_source("file:///log")


def test_an_unusable_web_address_is_refused() -> None:
    with refused(InputError, "address: expected one that starts with https:// or http://, got 'http://'", code="url"):
        open_source("http://")
