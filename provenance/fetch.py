"""Asking an address that the caller named: within bounds of time and size, and never anywhere else.

Nothing that was found in a file may reach this module; redirects are not followed. Everything that comes back is
bytes that nobody has checked yet.
"""

import ssl
import time
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from provenance.errors import InputError, NetworkError

TIMEOUT_SECONDS = 10.0

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered.

    Attributes:
        status: the HTTP status.
        content_type: the media type as sent, in lower case; empty if none was.
        body: at most as many bytes as were asked for.
    """

    status: int
    content_type: str
    body: bytes


def get(url: str, *, max_bytes: int, timeout: float = TIMEOUT_SECONDS) -> Answer:
    """Return what `url` answers to GET.

    Args:
        url: an http or https address.
        max_bytes: how large the body may be.
        timeout: in seconds; how long the other side may be silent, and how long the body may take.

    Raises:
        InputError: it is no http or https address.
        NetworkError: it cannot be reached, or answers with more than `max_bytes`.
    """
    return _ask("GET", url, max_bytes=max_bytes, timeout=timeout)


def post(url: str, body: bytes, *, content_type: str, max_bytes: int, timeout: float = TIMEOUT_SECONDS) -> Answer:
    """Return what `url` answers to `body` by POST; it is sent once, never again.

    Args:
        url: an http or https address.
        body: what is sent.
        content_type: its media type.
        max_bytes: how large the answer's body may be.
        timeout: as in `get`.

    Raises:
        InputError: it is no http or https address.
        NetworkError: it cannot be reached, or answers with more than `max_bytes`.
    """
    return _ask("POST", url, max_bytes=max_bytes, timeout=timeout, body=body, content_type=content_type)


def check_url(url: str) -> str:
    """Return `url` if it is an http or https address of a host, without a user name or a password.

    Raises:
        InputError: it is something else.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 reading it checks it
    except ValueError:
        usable = False
    # First, and without repeating it: a password must not reach a terminal or a log.
    if "@" in url.split("//", 1)[-1].split("/", 1)[0]:
        raise InputError("address: expected one without a user name and a password", code="url")
    if not usable or not url.isprintable() or " " in url:
        raise InputError(f"address: expected one that starts with https:// or http://, got {url[:200]!r}", code="url")
    return url


def _ask(
    method: str,
    url: str,
    *,
    max_bytes: int,
    timeout: float,
    body: bytes | None = None,
    content_type: str | None = None,
) -> Answer:
    # Here and not at the top: most commands reach no network.
    import urllib3

    check_url(url)
    place = urlsplit(url).netloc.lower()
    headers = {"User-Agent": "headshot-provenance"}
    end = time.monotonic() + timeout
    if content_type is not None:
        headers["Content-Type"] = content_type
    try:
        with (
            urllib3.PoolManager(timeout=urllib3.Timeout(total=timeout)) as pool,
            pool.request(
                method, url, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            ) as response,
        ):
            # Hosts of tiles may compress bundles without being asked (c2sp.org/tlog-tiles, log entries).
            encoding = response.headers.get("Content-Encoding", "identity").lower()
            if encoding not in ("identity", "gzip"):
                raise NetworkError(
                    f"{place}: expected bytes as they are or gzip, got another encoding", code="answer-packed"
                )
            received = bytearray()
            # Not `stream`, which waits for a full piece however slowly it trickles in.
            while piece := response.read1(_PIECE_BYTES, decode_content=False):
                received += piece
                if len(received) > max_bytes:
                    raise _too_large(place, max_bytes)
                if time.monotonic() > end:
                    raise urllib3.exceptions.TimeoutError
            kind = response.headers.get("Content-Type", "").lower()
            content = bytes(received) if encoding == "identity" else _unpack(bytes(received), place, max_bytes)
            return Answer(response.status, kind, content)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise NetworkError(
            f"{place}: cannot be reached: {_reason(error)}",
            code="unreachable",
            hint="try again when you are connected",
        ) from error


def _unpack(data: bytes, place: str, max_bytes: int) -> bytes:
    """Return what was compressed, without ever holding more of it than was asked for."""
    unpacking = zlib.decompressobj(wbits=31)  # gzip, and nothing else
    try:
        content = unpacking.decompress(data, max_bytes + 1)
    except zlib.error:
        raise NetworkError(f"{place}: expected gzip, got something else", code="answer-packed") from None
    if len(content) > max_bytes:
        raise _too_large(place, max_bytes)
    if not unpacking.eof or unpacking.unused_data:
        raise NetworkError(f"{place}: expected gzip, got something else", code="answer-packed")
    return content


def _too_large(place: str, max_bytes: int) -> NetworkError:
    return NetworkError(f"{place}: expected at most {max_bytes} bytes, got more", code="answer-too-large")


def _reason(error: Exception) -> str:
    """Return why, in plain words and without addresses of objects."""
    import urllib3

    # A name that is not known and a refused connection are time-outs too in urllib3's tree, so that they come first.
    match error:
        case urllib3.exceptions.NameResolutionError():
            return "no such host is known"
        case urllib3.exceptions.NewConnectionError():
            return "nobody answers there"
        case urllib3.exceptions.TimeoutError():
            return "no answer in time"
        case urllib3.exceptions.SSLError() if isinstance(error.args[0], ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        case urllib3.exceptions.SSLError():
            return "no secure connection can be made"
        case _:
            return "the connection broke off"
