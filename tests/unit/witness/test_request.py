import base64

import pytest
from support.logs import Log
from support.refusals import refused
from support.trees import consistency
from support.witnesses import asked, request

from provenance.errors import InputError
from provenance.witness.request import MAX_PROOF_LINES, AddCheckpoint, parse_request

LOG = Log()
HASH = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(("old_size", "size"), [(0, 0), (0, 7), (7, 7), (3, 7), (6, 70)])
def test_a_request_is_read(old_size: int, size: int) -> None:
    proof = tuple(consistency(old_size, size)) if old_size else ()
    assert parse_request(asked(LOG, old_size, size)) == AddCheckpoint(old_size, proof, LOG.checkpoint(size))


def test_the_note_is_left_as_it_is() -> None:
    assert parse_request(b"old 0\n\nanything\n\n\xff") == AddCheckpoint(0, (), b"anything\n\n\xff")


def test_as_many_hashes_as_allowed_are_read() -> None:
    hashes = [bytes([number]) * 32 for number in range(MAX_PROOF_LINES)]
    assert parse_request(request(2**63, hashes, b"note")).proof == tuple(hashes)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "request: expected an empty line before the checkpoint, got none"),
        (b"old 0\nnote\n", "request: expected an empty line before the checkpoint, got none"),
        ("old 0\né\n\nnote".encode(), "request: expected ascii before the checkpoint"),
        (b"\n\nnote", "request line 1: expected old and a decimal size, got ''"),
        (b"new 0\n\nnote", "request line 1: expected old and a decimal size, got 'new 0'"),
        (b"old\n\nnote", "request line 1: expected old and a decimal size, got 'old'"),
        (b"old  0\n\nnote", "request line 1: expected old and a decimal size, got 'old  0'"),
        (b"old 0 \n\nnote", "request line 1: expected old and a decimal size, got 'old 0 '"),
        (b"old 07\n\nnote", "request line 1: expected old and a decimal size, got 'old 07'"),
        (b"old -1\n\nnote", "request line 1: expected old and a decimal size, got 'old -1'"),
        (b"old 0\r\n\nnote", "request line 1: expected old and a decimal size, got 'old 0\\r'"),
        (
            b"old 11111111111111111111\n\nnote",
            "request line 1: expected old and a decimal size, got 'old 1111111111111…",
        ),
        (b"old 1\nhash\n\nnote", "request line 2: expected a hash of 32 bytes, got 3"),
        (b"old 1\n*\n\nnote", "request line 2: expected base64"),
        (f"old 1\n{HASH}\nAAAA\n\nnote".encode(), "request line 3: expected a hash of 32 bytes, got 3"),
        (f"old 1\n{HASH[:-1]}\n\nnote".encode(), "request line 2: expected base64…"),
        (
            f"old 1\n{HASH.replace('A=', 'B=')}\n\nnote".encode(),
            "request line 2: expected base64 with its padding and…",
        ),
        (f"old 1\n{(HASH + chr(10)) * 64}\nnote".encode(), "request: expected at most 63 hashes, got 64"),
    ],
)
def test_another_form_is_refused_with_its_line(body: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_request(body)
