import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.logs import LOG_ORIGIN, Log
from support.witnesses import asked, forked, new_witness, request, serving

from provenance import fetch
from provenance.errors import NetworkError
from provenance.note import Note, parse_note, parse_signatures
from provenance.witness import Witness, WitnessServer
from provenance.witness.server import MAX_BODY_BYTES, MAX_CONNECTIONS

LOG = Log()
HASH = hashlib.sha256(LOG_ORIGIN.encode()).hexdigest()
TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return new_witness(tmp_path / "w", LOG)


@pytest.fixture
def server(witness: Witness) -> Iterator[WitnessServer]:
    with serving(witness) as server:
        yield server


def post(server: WitnessServer, body: bytes) -> fetch.Answer:
    return fetch.post(f"{server.url}/add-checkpoint", body, content_type="text/plain", max_bytes=100_000)


def raw(server: WitnessServer, data: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def test_it_listens_on_this_computer_only(server: WitnessServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.server_port}"


def test_a_checkpoint_is_cosigned_and_shown(server: WitnessServer, witness: Witness) -> None:
    answer = post(server, asked(LOG, 0, 7))
    assert (answer.status, answer.content_type) == (200, TEXT)
    note = parse_note(LOG.checkpoint(7))
    witness.keys[0].verify(Note(note.text, parse_signatures(answer.body.decode())))
    shown = fetch.get(f"{server.url}/{HASH}/checkpoint", max_bytes=100_000)
    assert shown == fetch.Answer(200, TEXT, LOG.checkpoint(7) + answer.body)


def test_a_conflict_has_the_type_of_the_specification(server: WitnessServer) -> None:
    assert post(server, asked(LOG, 3, 7)) == fetch.Answer(409, "text/x.tlog.size", b"0\n")


def test_a_contradiction_is_refused_and_reported(server: WitnessServer) -> None:
    reported: list[str] = []
    server.report = reported.append
    assert post(server, asked(LOG, 0, 7)).status == 200
    assert post(server, request(7, [], forked(LOG, 7))).status == 422
    (line,) = reported
    assert line.startswith(f"refused: {LOG_ORIGIN}: consistency proof: two roots for size 7")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 411), (b"x", 400), (asked(Log("other.example"), 0, 3), 404), (asked(Log(), 0, 3), 403)],
)
def test_other_requests_are_refused(server: WitnessServer, body: bytes, status: int) -> None:
    if body:
        assert post(server, body).status == status
    else:
        assert raw(server, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n").startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/checkpoint", 404),
        ("GET", f"/{HASH}", 404),
        ("GET", f"/{HASH}/checkpoint", 404),
        ("GET", f"/{HASH}/checkpoint/", 404),
        ("GET", f"/{HASH}/checkpoint?x", 404),
        ("GET", "/../keys", 404),
        ("GET", "/../../keys/checkpoint", 404),
        ("GET", "/add-checkpoint", 405),
        ("POST", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("POST", f"/{HASH}/checkpoint", 405),
        ("PUT", "/add-checkpoint", 501),
        ("DELETE", f"/{HASH}/checkpoint", 501),
    ],
)
def test_other_addresses_lead_nowhere(server: WitnessServer, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, body=b"x" if method == "POST" else None)
    response = connection.getresponse()
    assert response.status == status
    assert response.read().endswith(b"\n")
    assert "python" not in str(response.headers).lower()
    connection.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: -1", 400),
        ("Content-Length: 1x", 400),
        ("Content-Length: ١", 400),
        (f"Content-Length: {MAX_BODY_BYTES + 1}", 413),
        (f"Content-Length: {'9' * 50}", 413),
        ("Transfer-Encoding: chunked", 411),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", 411),
    ],
)
def test_bodies_are_bounded_and_of_known_length(server: WitnessServer, header: str, status: int) -> None:
    answer = raw(server, f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{header}\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nConnection: close\r\n" in answer


def test_a_body_as_large_as_allowed_is_read(server: WitnessServer) -> None:
    assert post(server, b"x" * MAX_BODY_BYTES).status == 400


def test_a_connection_serves_several_requests(server: WitnessServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    ports = set()
    for old_size, size in ((0, 3), (3, 7), (7, 9)):
        connection.request("POST", "/add-checkpoint", body=asked(LOG, old_size, size))
        response = connection.getresponse()
        assert (response.status, bool(response.read())) == (200, True)
        ports.add(connection.sock.getsockname())
    connection.close()
    assert len(ports) == 1


@pytest.mark.parametrize(
    "start",
    [b"", b"POST /add-ch", b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nhalf"],
    ids=["nothing", "half a line", "half a body"],
)
def test_who_is_too_slow_is_not_waited_for(witness: Witness, start: bytes) -> None:
    with serving(witness, request_seconds=0.2) as server:
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
            connection.sendall(start)
            assert connection.recv(1000) == b""
        assert 0.1 < time.monotonic() - begun < 5


def drip(connection: socket.socket) -> None:
    """Send a byte from time to time, for ten seconds."""
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


def test_dripping_bytes_do_not_hold_a_connection(witness: Witness) -> None:
    with serving(witness, request_seconds=0.3) as server:
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
            connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\n")
            begun = time.monotonic()
            with pytest.raises(ConnectionError):
                drip(connection)
            assert time.monotonic() - begun < 5
        assert post(server, asked(LOG, 0, 3)).status == 200


def test_connections_are_bounded(witness: Witness) -> None:
    with serving(witness) as server:
        with ExitStack() as idle:
            for _ in range(MAX_CONNECTIONS):
                idle.enter_context(socket.create_connection(("127.0.0.1", server.server_port), timeout=10))
            one_more = idle.enter_context(socket.create_connection(("127.0.0.1", server.server_port), timeout=10))
            assert one_more.recv(1) == b""
        # There is room again once those that came first have gone.
        deadline = time.monotonic() + 10
        while True:
            try:
                assert post(server, asked(LOG, 0, 3)).status == 200
                break
            except NetworkError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


def test_where_the_memory_was_changed_it_answers_nothing_and_reports(server: WitnessServer, witness: Witness) -> None:
    reported: list[str] = []
    server.report = reported.append
    assert post(server, asked(LOG, 0, 7)).status == 200
    (witness.directory.path / "logs" / HASH / "checkpoint").write_bytes(b"")
    answer = post(server, asked(LOG, 7, 9))
    assert answer == fetch.Answer(500, TEXT, b"this witness cannot answer now\n")
    assert len(reported) == 1
    assert "was changed" in reported[0]


def test_where_the_disk_refuses_nothing_is_cosigned(server: WitnessServer, witness: Witness) -> None:
    assert post(server, asked(LOG, 0, 7)).status == 200
    path = witness.directory.path / "logs" / HASH / "checkpoint"
    held = path.read_bytes()
    path.unlink()
    path.mkdir()
    assert post(server, asked(LOG, 7, 9)).status == 500
    path.rmdir()
    path.write_bytes(held)
    assert post(server, asked(LOG, 7, 9)).status == 200


def test_many_logs_and_many_requests_at_once(tmp_path: Path) -> None:
    logs = [Log(f"log{number}.example") for number in range(4)]
    with serving(new_witness(tmp_path / "many", *logs)) as server:

        def grow(log: Log) -> list[int]:
            return [post(server, asked(log, size, size + 3)).status for size in range(0, 30, 3)]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(grow, logs + logs))
    for first, second in zip(answers[:4], answers[4:], strict=True):
        # Two that feed the same log: each size is new for one of them, and old for the other.
        assert {*first, *second} <= {200, 409}
        assert [*first, *second].count(200) == 10


# --- two processes, and one that dies

SERVE = """
import sys
from pathlib import Path
from provenance.witness import Witness, WitnessServer

with WitnessServer(Witness(Path(sys.argv[1]))) as server:
    print(server.url, flush=True)
    server.serve_forever()
"""
# The process ends where the file has its name, before anything is answered; or where it does not have it yet.
DIE = """
import os
from provenance import durable
from provenance.witness import directory
replace = durable.replace

def dying(path, data, **more):
    if "{when}" == "after":
        replace(path, data, **more)
    os._exit(7)

directory.durable.replace = dying
"""


def start(path: Path, *, before: str = "") -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-c", before + SERVE, str(path)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)


def ask(url: str, body: bytes) -> fetch.Answer:
    return fetch.post(f"{url}/add-checkpoint", body, content_type="text/plain", max_bytes=100_000)


def test_two_processes_keep_one_history(witness: Witness) -> None:
    path = witness.directory.path
    processes = [start(path) for _ in range(2)]
    try:
        bodies = [asked(LOG, 0, size) for size in range(1, 9)] + [request(0, [], forked(LOG, n)) for n in range(1, 9)]
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda item: ask(processes[item[0] % 2][1], item[1]).status, enumerate(bodies)))
    finally:
        for process, _ in processes:
            stop(process)
    assert sorted(statuses) == [200] + [409] * 15


@pytest.mark.parametrize(("when", "held"), [("after", 7), ("before", 3)])
def test_a_witness_that_dies_before_it_answers_has_not_forgotten_what_it_signed(
    witness: Witness, when: str, held: int
) -> None:
    path = witness.directory.path
    assert witness.add_checkpoint(asked(LOG, 0, 3)).status == 200
    process, url = start(path, before=DIE.format(when=when))
    try:
        with pytest.raises(NetworkError, match="the connection broke off"):
            ask(url, asked(LOG, 3, 7))
        assert process.wait(10) == 7
    finally:
        stop(process)
    # The log asks again, hears where the witness is, and goes on from there.
    again = Witness(path)
    if held == 7:
        assert again.add_checkpoint(asked(LOG, 3, 7)).body == b"7\n"
    assert again.add_checkpoint(asked(LOG, held, 7)).status == 200
