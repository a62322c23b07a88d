"""What stands before every page: hosts, origins, sizes, times, rates and headers."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from support.web import Visitor

from provenance.web.serving import WebServer
from provenance.web.shield import CONTENT_POLICY, LOOPBACK_HOSTS, Limits, Rate, Shield


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    if scope["path"] == "/fault":
        raise ValueError("Zoë Ångström")
    if scope["path"] == "/slow":
        await asyncio.sleep(0.2)
    response: Response = PlainTextResponse(f"{len(body)} bytes")
    if scope["path"] == "/kept":
        response.headers["Cache-Control"] = "public"
    await response(scope, receive, send)


LIMITS = Limits(body_bytes=1000, path_bytes={"/large": 5000}, seconds=0.4)


@pytest.fixture(scope="module")
def reports() -> list[str]:
    return []


@pytest.fixture(scope="module")
def server(reports: list[str]) -> WebServer:  # type: ignore[misc]
    app = Shield(echo, hosts=LOOPBACK_HOSTS, limits=LIMITS, report=reports.append)
    with WebServer(app).in_background() as running:
        yield running


@pytest.fixture
def visitor(server: WebServer) -> Visitor:
    return Visitor(server)


def test_every_answer_has_the_same_headers(visitor: Visitor) -> None:
    answer = visitor.get("/")
    assert answer.headers["Content-Security-Policy"] == CONTENT_POLICY
    assert "unsafe" not in CONTENT_POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in answer.headers
    assert "Server" not in answer.headers
    assert visitor.get("/kept").headers["Cache-Control"] == "public"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "[::2]", "", "@"])
def test_another_host_is_not_answered(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/", Host=host)
    assert answer.status in (400, 421)
    assert b"0 bytes" not in answer.data


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:7381", "[::1]:7381"])
def test_its_own_hosts_are_answered(visitor: Visitor, host: str) -> None:
    assert visitor.get("/", Host=host).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:1"),
        ("Sec_Fetch_Site", "cross-site"),
        ("Sec_Fetch_Site", "same-site"),
    ],
)
def test_a_form_of_another_page_is_refused(visitor: Visitor, name: str, value: str) -> None:
    answer = visitor.post("/", {"a": "b"}, **{name: value})
    assert (answer.status, answer.data) == (403, b"origin: expected a page of this server\n")
    assert visitor.get("/", **{name: value}).status == 200


def test_a_form_of_its_own_page_is_read(visitor: Visitor) -> None:
    answer = visitor.post("/", {"a": "b"}, Origin=visitor.url, Sec_Fetch_Site="same-origin")
    assert (answer.status, answer.data) == (200, b"3 bytes")


def test_a_body_that_says_that_it_is_large_is_not_read(visitor: Visitor) -> None:
    answer = visitor.post("/", {"a": "b" * 999})
    assert (answer.status, answer.data) == (413, b"expected at most 1000 bytes\n")
    assert visitor.post("/large", {"a": "b" * 999}).status == 200


def test_a_body_that_is_larger_than_it_says_is_cut(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n" + b"0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_slow_body_is_given_up(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_an_answer_may_take_longer_than_a_body(visitor: Visitor) -> None:
    assert visitor.post("/slow", {"a": "b"}).status == 200


def test_a_head_that_never_ends_is_cut(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.web.serving.HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert connection.recv(4096) == b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET / HTTP/1.1\r\n")
        while connection.recv(4096):
            pass


def test_a_huge_head_is_refused(server: WebServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
        assert connection.recv(4096).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def test_a_fault_tells_nobody_what_was_sent(visitor: Visitor, reports: list[str]) -> None:
    answer = visitor.post("/fault", {"name": "Zoë Ångström"})
    assert (answer.status, answer.data) == (500, b"this cannot be answered now\n")
    assert reports == ["POST (no page): ValueError"]


def test_a_rate_lets_through_as_many_as_it_says_and_forgets_with_time() -> None:
    now = 0.0
    rate = Rate(3, addresses=2, clock=lambda: now)
    assert [rate.take("a") for _ in range(4)] == [True, True, True, False]
    assert rate.take("b")
    now = 20.0
    assert [rate.take("a"), rate.take("a")] == [True, False]
    assert rate.take("c")  # b is forgotten
    assert len(rate._left) == 2


def test_too_many_forms_are_refused_and_reading_is_not() -> None:
    app = Shield(echo, hosts=LOOPBACK_HOSTS, limits=Limits(requests=2))
    with WebServer(app).in_background() as server:
        visitor = Visitor(server)
        assert [visitor.post("/", {"a": "b"}).status for _ in range(3)] == [200, 200, 429]
        assert visitor.get("/").status == 200


def test_a_server_answers_many_at_once(server: WebServer) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(Visitor(server).get("/").status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 20


def test_an_address_that_is_taken_is_told(server: WebServer, tmp_path: Path) -> None:
    from provenance.errors import InputError

    with pytest.raises(
        InputError, match=f"address: 127.0.0.1 port {server.port} cannot be had: address already in use"
    ):
        WebServer(echo, port=server.port)
