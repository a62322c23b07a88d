"""Asking a time-stamp authority over HTTP (RFC 3161, 3.4)."""

from provenance import fetch
from provenance.errors import NetworkError
from provenance.timestamps import MAX_TOKEN_BYTES, TimeStampRequest

_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"


def request_token(data: bytes, *, tsa_url: str, timeout: float = fetch.TIMEOUT_SECONDS) -> bytes:
    """Ask an authority to date `data`, and return its time-stamp token in DER.

    Only SHA-256 of `data` and a random nonce leave. The token is about `data` and answers this request; who signed it
    is for `verify_token`.

    Args:
        data: what is dated; not empty.
        tsa_url: the authority's address.
        timeout: in seconds, as in `fetch.get`.

    Raises:
        InputError: `tsa_url` is no address, or the token is malformed.
        NetworkError: the authority cannot be reached, rejects the request, or answers something else.
        VerificationError: the token is about other bytes, or answers another request.
    """
    request = TimeStampRequest.of(data)
    answer = fetch.post(tsa_url, request.body, content_type=_QUERY, max_bytes=2 * MAX_TOKEN_BYTES, timeout=timeout)
    kind = answer.content_type.split(";")[0].strip()
    if answer.status != 200 or kind != _REPLY:
        raise NetworkError(
            f"time-stamp authority: expected status 200 and {_REPLY}, got {answer.status} and {kind[:60]!r}",
            code="timestamp-answer",
        )
    return request.accept(answer.body)
