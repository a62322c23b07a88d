"""Reading the status lists that somebody names, from a file or from an address."""

from datetime import datetime
from pathlib import Path

from provenance import durable, fetch
from provenance.errors import InputError, NetworkError, VerificationError
from provenance.status_lists import MAX_TOKEN_BYTES, StatusList, parse_status_list


def read_status_list(place: str, *, now: datetime) -> StatusList:
    """Return the list in a file, or at an http or https address, which is asked once.

    Raises:
        InputError: it cannot be read, or is no status list.
        NetworkError: the address does not give it.
        VerificationError: its signature does not verify.
    """
    at_address = place.startswith(("http://", "https://"))
    data = _fetched(place) if at_address else durable.read(Path(place), max_bytes=MAX_TOKEN_BYTES)
    try:
        return parse_status_list(data, now=now)
    except (InputError, VerificationError) as error:
        name = place if at_address else Path(place).name
        hint = error.hint or "ask the studio for its status list"
        raise type(error)(f"{name}: {error}", code=error.code, hint=hint) from error


def _fetched(url: str) -> bytes:
    answer = fetch.get(url, max_bytes=MAX_TOKEN_BYTES)
    if answer.status != 200:
        raise NetworkError(f"{url}: expected status 200, got {answer.status}", code="answer-status")
    return answer.body
