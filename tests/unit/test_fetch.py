import datetime
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.refusals import refused

from provenance.errors import InputError, NetworkError
from provenance.fetch import Answer, check_url, get, post

PACKED = gzip.compress(b"tile", mtime=0)
CONNECTED = "try again when you are connected"
Conversation = Callable[[socket.socket, bytes], None]


@contextmanager
def listening(talk: Conversation, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Let `talk` answer, byte by byte as it likes, one connection after the other at the address that this yields."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        if tls is not None:
                            connection = tls.wrap_socket(connection, server_side=True)
                        talk(connection, request(connection))
                    except OSError:
                        pass  # The other side gave up, which is what some tests are about.
                    finally:
                        connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://localhost:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def request(connection: socket.socket) -> bytes:
    """Return a request with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            return received
        received += piece
        if received.startswith(b"\x16"):
            return received  # A TLS handshake, RFC 8446, 5.1.
    head, body = received.split(b"\r\n\r\n", 1)
    length = next((int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")), 0)
    while len(body) < length:
        body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


def saying(answer: bytes, heard: list[bytes] | None = None) -> Conversation:
    def talk(connection: socket.socket, asked: bytes) -> None:
        if heard is not None:
            heard.append(asked)
        connection.sendall(answer)

    return talk


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def place(url: str) -> str:
    return url.split("//")[1]


def test_what_is_answered_is_returned() -> None:
    with listening(saying(http(b"\x00\xff", "Content-Type: Text/Plain; Charset=UTF-8"))) as url:
        assert get(f"{url}/x", max_bytes=2) == Answer(200, "text/plain; charset=utf-8", b"\x00\xff")


def test_an_answer_without_a_kind_or_a_body_is_returned() -> None:
    with listening(saying(http(b""))) as url:
        assert get(url, max_bytes=0) == Answer(200, "", b"")


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "500 Oops", "503 Later"])
def test_a_status_is_an_answer_and_no_failure(status: str) -> None:
    heard: list[bytes] = []
    with listening(saying(http(b"why", "Retry-After: 0", status=status), heard)) as url:
        assert get(url, max_bytes=10) == Answer(int(status[:3]), "", b"why")
    assert len(heard) == 1


def test_what_is_asked_says_no_more_than_it_must() -> None:
    heard: list[bytes] = []
    with listening(saying(http(b""), heard)) as url:
        get(f"{url}/a/b?c=d#fragment", max_bytes=0)
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /a/b?c=d HTTP/1.1"
    assert sorted(lines[1:]) == [
        "",
        "",
        "Accept-Encoding: identity",
        f"Host: {place(url)}",
        "User-Agent: headshot-provenance",
    ]


def test_what_is_posted_arrives_as_it_is() -> None:
    heard: list[bytes] = []
    with listening(saying(http(b"done"), heard)) as url:
        assert post(url, b"\x00body\r\n", content_type="text/x", max_bytes=4).body == b"done"
    head, body = heard[0].split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nContent-Type: text/x\r\n" in head + b"\r\n"
    assert body == b"\x00body\r\n"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 There", "308 There"])
def test_a_redirect_is_not_followed(status: str) -> None:
    elsewhere: list[bytes] = []
    with listening(saying(http(b"secret"), elsewhere)) as other:
        with listening(saying(http(b"moved", f"Location: {other}/x", status=status))) as url:
            assert get(url, max_bytes=100) == Answer(int(status[:3]), "", b"moved")
            assert post(url, b"x", content_type="text/x", max_bytes=100).body == b"moved"
        time.sleep(0.1)
    assert elsewhere == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    elsewhere: list[bytes] = []
    with listening(saying(http(b"proxy"), elsewhere)) as proxy, listening(saying(http(b"here"))) as url:
        monkeypatch.setenv(variable, proxy)
        assert get(url, max_bytes=10).body == b"here"
    assert elsewhere == []


def test_an_answer_of_the_size_allowed_is_returned() -> None:
    body = bytes(200_000)
    with listening(saying(http(body))) as url:
        assert get(url, max_bytes=200_000).body == body


@pytest.mark.parametrize("size", [101, 100_000, 3_000_000])
def test_a_larger_answer_is_refused(size: int) -> None:
    with listening(saying(http(bytes(size)))) as url:
        message = f"{place(url)}: expected at most 100 bytes, got more"
        with refused(NetworkError, message, code="answer-too-large"):
            get(url, max_bytes=100)


def test_an_answer_that_does_not_say_how_large_it_is_is_bounded_too() -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + bytes(1024) + b"\r\n"

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(endless)
        while True:
            connection.sendall(b"400\r\n" + bytes(1024) + b"\r\n")

    with (
        listening(talk) as url,
        refused(NetworkError, f"{place(url)}: expected at most 5000 bytes, got more", code="answer-too-large"),
    ):
        get(url, max_bytes=5000)


def test_an_answer_in_chunks_is_put_together() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with listening(saying(answer)) as url:
        assert get(url, max_bytes=5).body == b"abcde"


def test_an_answer_that_ends_with_the_connection_is_taken() -> None:
    with listening(saying(b"HTTP/1.0 200 OK\r\n\r\nabc")) as url:
        assert get(url, max_bytes=3).body == b"abc"


def test_an_answer_may_be_compressed() -> None:
    with listening(saying(http(gzip.compress(b"tile" * 100), "Content-Encoding: gzip"))) as url:
        assert get(url, max_bytes=400).body == b"tile" * 100


def test_a_compressed_answer_that_swells_is_refused() -> None:
    bomb = gzip.compress(bytes(1_000_000))
    with listening(saying(http(bomb, "Content-Encoding: gzip"))) as url:
        message = f"{place(url)}: expected at most 999999 bytes, got more"
        with refused(NetworkError, message, code="answer-too-large"):
            get(url, max_bytes=999_999)


@pytest.mark.parametrize("data", [b"", b"tile", PACKED[:-1], PACKED + b"more"])
def test_an_answer_that_is_not_what_it_says_is_refused(data: bytes) -> None:
    with listening(saying(http(data, "Content-Encoding: gzip"))) as url:
        message = f"{place(url)}: expected gzip, got something else"
        with refused(NetworkError, message, code="answer-packed"):
            get(url, max_bytes=100)


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip"])
def test_an_answer_of_another_encoding_is_refused_before_it_is_read(encoding: str) -> None:
    with listening(saying(http(b"tile", f"Content-Encoding: {encoding}"))) as url:
        message = f"{place(url)}: expected bytes as they are or gzip, got another encoding"
        with refused(NetworkError, message, code="answer-packed"):
            get(url, max_bytes=10_000_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
    ],
)
def test_a_broken_answer_is_refused(answer: bytes) -> None:
    with listening(saying(answer)) as url:
        message = f"{place(url)}: cannot be reached: the connection broke off"
        with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
            get(url, max_bytes=100)


def silent(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


def silent_after_the_head(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
    connection.recv(1)


def trickling(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [silent, silent_after_the_head, trickling])
def test_an_answer_that_takes_too_long_is_not_waited_for(talk: Conversation) -> None:
    start = time.monotonic()
    with listening(talk) as url:
        message = f"{place(url)}: cannot be reached: no answer in time"
        with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
            get(url, max_bytes=10_000, timeout=0.4)
        assert 0.3 < time.monotonic() - start < 3


def test_what_failed_is_not_sent_again() -> None:
    heard: list[bytes] = []
    with listening(saying(b"", heard)) as url:
        with pytest.raises(NetworkError):
            post(url, b"x", content_type="text/x", max_bytes=1)
        time.sleep(0.1)
    assert len(heard) == 1


def test_where_nobody_listens_nobody_answers() -> None:
    with listening(saying(b"")) as url:
        pass
    with refused(
        NetworkError,
        f"{place(url)}: cannot be reached: nobody answers there",
        code="unreachable",
        hint=CONNECTED,
    ):
        get(url, max_bytes=1)


# RFC 6761, 6.4: `.invalid` never exists.
def test_a_host_that_is_not_known_is_named() -> None:
    message = "nowhere.invalid: cannot be reached: no such host is known"
    with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
        get("http://nowhere.invalid/x", max_bytes=1)


def speaking_tls(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """Return what a server needs; whoever asks would have to trust `certificate.pem` in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    (folder / "certificate.pem").write_bytes(pem)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with listening(saying(http(b"secret"), heard), tls=speaking_tls(tmp_path)) as url:
        message = f"{place(url)}: cannot be reached: its certificate is not trusted"
        with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
            get(url, max_bytes=100)
    assert heard == []


def test_a_certificate_that_the_system_trusts_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with listening(saying(http(b"secret")), tls=speaking_tls(tmp_path)) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert get(url, max_bytes=100).body == b"secret"


def test_a_certificate_for_another_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with listening(saying(http(b"secret")), tls=speaking_tls(tmp_path, "elsewhere.example")) as url:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        message = f"{place(url)}: cannot be reached: its certificate is not trusted"
        with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
            get(url, max_bytes=100)


def test_a_server_that_does_not_speak_tls_is_not_called_untrusted() -> None:
    with listening(saying(http(b""))) as url:
        message = f"{place(url)}: cannot be reached: no secure connection can be made"
        with refused(NetworkError, message, code="unreachable", hint=CONNECTED):
            get(url.replace("http:", "https:"), max_bytes=100)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "https://tsa.example/tsr?x=1",
        "http://[::1]:8080/",
        "https://tsa.example:443/a@b",
        "HTTPS://tsa.example",
    ],
)
def test_an_address_of_a_host_is_taken_as_it_is(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tsa.example",
        "//tsa.example",
        "ftp://tsa.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http:",
        "http://",
        "http:///path",
        "http://:80",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
        "http://host/a b",
        "http://host/\tx",
        "http://host/\r\nX: y",
        "http://host/\u202e",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    message = f"address: expected one that starts with https:// or http://, got {url!r}"
    for ask in (
        lambda: check_url(url),
        lambda: get(url, max_bytes=1),
        lambda: post(url, b"", content_type="text/x", max_bytes=1),
    ):
        with refused(InputError, message, code="url"):
            ask()


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@tsa.example/",
        "https://user@tsa.example",
        "https://:secret@tsa.example",
        "https://@tsa.example",
        "https://tsa.example\\@evil.example",
        "https://user:secret@host:port",
        "ftp://user:secret@tsa.example/",
        "user:secret@tsa.example",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    with refused(InputError, "address: expected one without a user name and a password", code="url"):
        check_url(url)


def test_a_long_address_is_not_repeated_whole() -> None:
    with pytest.raises(InputError) as caught:
        check_url("x" * 10_000)
    assert len(str(caught.value)) < 300
