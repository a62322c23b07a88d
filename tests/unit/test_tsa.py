import shutil
from pathlib import Path

import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from support.refusals import refused
from support.tsa import REPLY, Answer, Tsa, serving

from provenance.errors import InputError, NetworkError, VerificationError
from provenance.timestamps import TimeStampRequest, read_token
from provenance.tsa import request_token

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")

DATA = b"the note of a checkpoint\n"
MALFORMED = "time-stamp: expected an rfc 3161 token in der, got something else"
NOT_DER = "time-stamp authority: expected a time-stamp response in der, got something else"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return Tsa(tmp_path_factory.mktemp("tsa"))


def ask(answer: Answer) -> bytes:
    with serving(answer) as url:
        return request_token(DATA, tsa_url=url)


def about(data: bytes = DATA, *, nonce: bool = True) -> bytes:
    """Return a request that somebody else might make."""
    return TimestampRequestBuilder(data, HashAlgorithm.SHA256, nonce).build().as_bytes()


def test_a_token_answers_what_was_asked(tsa: Tsa) -> None:
    assert read_token(ask(tsa.reply), DATA).claimed_authority == "O=Test TSA"


def test_two_requests_have_two_nonces() -> None:
    first, second = TimeStampRequest.of(DATA), TimeStampRequest.of(DATA)
    assert first.nonce != second.nonce
    assert first.body != second.body


def test_only_a_hash_and_a_nonce_leave(tsa: Tsa) -> None:
    sent: list[bytes] = []

    def noted(query: bytes) -> tuple[int, str, bytes]:
        sent.append(query)
        return tsa.reply(query)

    ask(noted)
    ask(noted)
    assert all(DATA not in query and len(query) < 80 for query in sent)
    assert sent[0] != sent[1]


def test_an_answer_to_another_request_is_refused(tsa: Tsa) -> None:
    for other in (tsa.reply(about()), tsa.reply(about(nonce=False))):
        answers = iter([other])
        message = "time-stamp: expected the nonce of the request, got another"
        with refused(VerificationError, message, code="timestamp-nonce"):
            ask(lambda _: next(answers))  # noqa: B023 it is asked within this turn


def test_an_answer_about_other_bytes_is_refused(tsa: Tsa) -> None:
    with refused(VerificationError, "time-stamp: is about other bytes", code="timestamp-imprint"):
        ask(lambda _: tsa.reply(about(b"something else")))


def test_an_authority_that_rejects_is_quoted(tmp_path: Path) -> None:
    tsa = Tsa(tmp_path, digests="sha512")
    message = "time-stamp authority: expected status 0 (granted), got 2: 'Message digest algorithm is not supported.'"
    with refused(NetworkError, message, code="timestamp-rejected"):
        ask(tsa.reply)


def test_an_authority_that_rejects_without_a_reason_says_none() -> None:
    with refused(
        NetworkError,
        "time-stamp authority: expected status 0 (granted), got 2: ''",
        code="timestamp-rejected",
    ):
        ask(lambda _: (200, REPLY, bytes.fromhex("30053003020102")))


@pytest.mark.parametrize(
    ("status", "kind", "got"),
    [
        (200, "text/html; charset=utf-8", "200 and 'text/html'"),
        (200, "", "200 and ''"),
        (404, REPLY, f"404 and '{REPLY}'"),
        (302, REPLY, f"302 and '{REPLY}'"),
        (503, "text/plain", "503 and 'text/plain'"),
    ],
)
def test_an_answer_of_another_kind_is_refused(status: int, kind: str, got: str) -> None:
    message = f"time-stamp authority: expected status 200 and {REPLY}, got {got}"
    with refused(NetworkError, message, code="timestamp-answer"):
        ask(lambda _: (status, kind, b"<html>sorry</html>"))


@pytest.mark.parametrize("body", [b"", b"<html>sorry</html>", b"\x30\x03\x02\x01\x00"])
def test_an_answer_that_is_no_response_is_refused(body: bytes) -> None:
    with refused(NetworkError, NOT_DER, code="timestamp-answer"):
        ask(lambda _: (200, REPLY, body))


def test_a_kind_with_a_parameter_is_taken(tsa: Tsa) -> None:
    assert read_token(ask(lambda query: (200, f"{REPLY}; q=1", tsa.reply(query)[2])), DATA)


def test_a_granted_answer_without_a_token_is_refused() -> None:
    with refused(InputError, MALFORMED):
        ask(lambda _: (200, REPLY, bytes.fromhex("30053003020100")))


def test_an_answer_that_never_ends_is_refused() -> None:
    with pytest.raises(NetworkError, match="expected at most 131072 bytes, got more") as caught:
        ask(lambda _: (200, REPLY, bytes(200_000)))
    assert caught.value.code == "answer-too-large"


def test_an_authority_that_is_not_there_is_unreachable() -> None:
    with serving(lambda _: (200, REPLY, b"")) as url:
        pass
    with pytest.raises(NetworkError, match="cannot be reached: nobody answers there") as caught:
        request_token(DATA, tsa_url=url)
    assert caught.value.code == "unreachable"


def test_what_is_no_address_is_refused() -> None:
    message = "address: expected one that starts with https:// or http://, got 'tsa.example'"
    with refused(InputError, message, code="url"):
        request_token(DATA, tsa_url="tsa.example")
