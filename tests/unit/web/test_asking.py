"""The API's consent check: who holds a receipt may ask about its consent, and nobody about anybody else's."""

import json
from collections.abc import Iterator

import pytest
from support.studios import open_keys, record_consent
from support.web import Visitor, public_page

from provenance import schemas
from provenance.studio import ConsentDesk, Recorded, Studio
from provenance.web.guesses import GUESSES
from provenance.web.serving import WebServer

PATH = "/api/v1/consent/check"


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    with public_page(studio) as running:
        yield running


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def secret(studio: Studio, recorded: Recorded) -> str:
    return ConsentDesk(studio, open_keys(studio)).receipt(recorded).secret


def asked(visitor: Visitor, **fields: str) -> tuple[int, dict[str, object]]:
    answer = visitor.post(PATH, fields)
    document = json.loads(answer.data)
    schemas.validate(document, "consent-answer" if answer.status == 200 else "api-error")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, document


def test_whoever_holds_the_receipt_learns_whether_a_use_is_permitted(
    visitor: Visitor, recorded: Recorded, secret: str
) -> None:
    status, document = asked(visitor, secret=secret, scope="publish.web", territory="de", medium="web")
    assert (status, document["code"], document["answer"]) == (200, recorded.code, "in-force")
    assert (document["territory"], document["medium"], document["purpose"]) == ("DE", "web", None)
    _, document = asked(visitor, secret=secret.lower().replace("-", ""), scope="ai.train")
    assert (document["answer"], document["reason"]) == ("limited", "the grant ai.train says deny")


def test_a_withdrawal_is_known_at_once(studio: Studio, visitor: Visitor, recorded: Recorded, secret: str) -> None:
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="receipt-secret")
    assert asked(visitor, secret=secret, scope="publish.web")[1]["answer"] == "withdrawn"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"scope": "everything"}, 422, "scope-unknown"),
        ({"scope": ""}, 422, "scope-unknown"),
        ({"territory": "<b>"}, 422, "territory"),
        ({"medium": "paper"}, 422, "medium-unknown"),
        ({"purpose": "Fun"}, 422, "purpose-unknown"),
        ({"secret": "0000-0000-0000-0000-0000-0000-0000"}, 404, "receipt-unknown"),
        ({"secret": ""}, 404, "receipt-unknown"),
    ],
)
def test_what_cannot_be_asked_is_told(
    visitor: Visitor, secret: str, changed: dict[str, str], status: int, code: str
) -> None:
    answered, document = asked(visitor, **{"secret": secret, "scope": "publish.web", **changed})
    assert (answered, document["code"]) == (status, code)
    assert secret not in json.dumps(document)


def test_a_code_or_a_secret_in_the_address_asks_nothing(visitor: Visitor, recorded: Recorded, secret: str) -> None:
    assert visitor.get(f"{PATH}?secret={secret}&scope=publish.web").status == 405
    assert visitor.post(f"{PATH}?secret={secret}", {"scope": "publish.web"}).status == 404
    assert asked(visitor, secret=recorded.code, scope="publish.web")[0] == 404


def test_guessing_is_slowed_down_for_the_page_and_the_api_together(studio: Studio, secret: str) -> None:
    with public_page(studio) as server:
        visitor = Visitor(server)
        for _ in range(GUESSES // 2):
            assert visitor.receipt("", "0000-0000-0000-0000-0000-0000-0000").status == 404
            assert asked(visitor, secret="", scope="capture")[0] == 404
        status, document = asked(visitor, secret="", scope="capture")
        assert (status, document["code"]) == (429, "receipt-slow")
        # Who has a receipt is not kept out by who guesses.
        assert asked(visitor, secret=secret, scope="capture")[0] == 200


def test_a_form_that_is_none_is_told(visitor: Visitor) -> None:
    answer = visitor.post(PATH, {}, Content_Type="multipart/form-data")
    schemas.validate(json.loads(answer.data), "api-error")
    assert answer.status == 400


def test_a_page_of_nobody_has_no_consents_to_ask_for() -> None:
    with public_page(None) as server:
        assert Visitor(server).post(PATH, {}).status == 404
