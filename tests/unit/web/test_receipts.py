"""The receipt's pages: withdrawing with the secret alone, personal data with the name too, and guessing neither."""

import json
import re
from dataclasses import dataclass

import pytest
from support.studios import open_keys
from support.web import Visitor, public_page, secret_in, told_in

from provenance import schemas
from provenance.consent import codes
from provenance.consent.receipts import parse_receipt
from provenance.consent.withdrawals import parse_withdrawal_receipt
from provenance.studio import ConsentDesk, Recorded, Studio


@dataclass(frozen=True)
class Held:
    """A receipt that somebody took home."""

    secret: str
    studio: Studio

    def now(self) -> Recorded:
        return ConsentDesk(self.studio, open_keys(self.studio)).find_by_secret(self.secret)


@pytest.fixture
def held(studio: Studio, visitor: Visitor) -> Held:
    return Held(secret_in(visitor.sign().data), studio)


def test_whoever_has_the_secret_reads_what_was_agreed(visitor: Visitor, held: Held) -> None:
    page = visitor.receipt("", held.secret.lower().replace("-", " ")).data.decode()
    assert "publish the pictures on websites" in page
    assert "until 20" in page
    assert "Zoë" not in page
    assert held.secret not in visitor.get("/receipt").data.decode()


@pytest.mark.parametrize(("language", "words"), [("de", "die Bilder auf Websites"), ("ja", "ウェブサイト")])
def test_it_speaks_the_language_that_was_read(studio: Studio, visitor: Visitor, language: str, words: str) -> None:
    secret = secret_in(visitor.sign(language).data)
    assert words in visitor.receipt("", secret, language=language).data.decode()
    assert "publish them on websites" in visitor.receipt("", secret, language="ar").data.decode()


def test_the_page_speaks_the_language_of_the_browser(visitor: Visitor) -> None:
    for asked, found in (("fr-CH, fr;q=0.9", "fr"), ("tlh, de;q=0.5", "de"), ("", "en"), ("xx", "en")):
        assert f'<html lang="{found}"' in visitor.get("/receipt", Accept_Language=asked).data.decode()


def test_one_use_is_withdrawn_and_the_others_stay(visitor: Visitor, held: Held) -> None:
    answer = visitor.receipt("/withdraw", held.secret, what="some", scope="publish.web")
    assert told_in(answer.data).startswith("Withdrawn.")
    event = held.now().history[-1]
    assert (event.type, event.scopes, event.proof) == ("withdrawn", ("publish.web",), "receipt-secret")
    assert "withdrawn on 20" in answer.data.decode()
    again = visitor.receipt("/withdraw", held.secret, what="some", scope="publish.web")
    assert told_in(again.data) == "It was withdrawn already."
    assert len(held.now().history) == 2


def test_everything_is_withdrawn_in_one_step(visitor: Visitor, held: Held) -> None:
    page = visitor.receipt("/withdraw", held.secret, what="all").data.decode()
    assert held.now().history[-1].scopes is None
    assert "There is nothing left to withdraw." in page
    file = visitor.receipt("/file", held.secret, kind="withdrawal")
    parse_withdrawal_receipt(file.data).verify(held.now().record)


def test_nothing_ticked_withdraws_nothing(visitor: Visitor, held: Held) -> None:
    assert told_in(visitor.receipt("/withdraw", held.secret, what="some").data) == "Tick what you withdraw."
    assert len(held.now().history) == 1


@pytest.mark.parametrize("scope", ["nothing", "*", "ai.train"])
def test_what_was_never_permitted_cannot_be_withdrawn(visitor: Visitor, held: Held, scope: str) -> None:
    visitor.receipt("/withdraw", held.secret, what="some", scope=scope)
    assert len(held.now().history) == 1


def test_the_receipt_is_a_file_that_proves_itself(visitor: Visitor, held: Held) -> None:
    answer = visitor.receipt("/file", held.secret, kind="receipt")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{held.now().code}.json"'
    parse_receipt(answer.data).verify()


def test_the_receipt_is_printed(visitor: Visitor, held: Held) -> None:
    assert visitor.receipt("/file", held.secret, kind="paper").data.startswith(b"%PDF-")


def test_my_data_need_the_name_that_was_signed(visitor: Visitor, held: Held) -> None:
    answer = visitor.receipt("/file", held.secret, kind="data", name="ZOË ångström")
    document = json.loads(answer.data)
    schemas.validate(document, "consent-export")
    assert document["personal_data"]["legal_name"] == "Zoë Ångström"
    for name in ("", "Zoë", "' OR 1=1"):
        refused = visitor.receipt("/file", held.secret, kind="data", name=name)
        assert (refused.status, b"ngstr" in refused.data) == (422, False)


def test_the_ledger_is_asked_whether_it_still_holds_it(visitor: Visitor, held: Held) -> None:
    told = told_in(visitor.receipt("/check", held.secret).data)
    entry = held.now().row.entry_index
    assert re.match(rf"Yes\. Entry {entry} of the ledger holds your consent, .* checkpoint of \d+ entries\.", told)


def test_a_wrong_secret_opens_nothing(visitor: Visitor) -> None:
    for secret in ("", "x", codes.new_secret(), "é" * 28, "' OR ''='"):
        answer = visitor.receipt("", secret)
        assert answer.status == 404
        assert told_in(answer.data).startswith("No consent here has this secret.")


def test_guessing_is_slowed_down(studio: Studio) -> None:
    with public_page(studio) as server:
        visitor = Visitor(server)
        mark = visitor.mark("/receipt")
        found = [visitor.post("/receipt", {"mark": mark, "secret": codes.new_secret()}).status for _ in range(25)]
        assert found == [404] * 20 + [429] * 5
        # The person who has theirs is not kept out by who has not.
        secret = ConsentDesk(studio, open_keys(studio)).receipt(ConsentDesk(studio).all()[0]).secret
        assert visitor.post("/receipt", {"mark": mark, "secret": secret}).status == 200


@pytest.mark.parametrize("action", ["", "/withdraw", "/check", "/file"])
def test_a_form_without_its_mark_does_nothing(visitor: Visitor, held: Held, action: str) -> None:
    answer = visitor.post(f"/receipt{action}", {"secret": held.secret, "what": "all"})
    assert (answer.status, len(held.now().history)) == (422, 1)
    assert told_in(answer.data) == "This page was open for too long. Write the secret once more."


def test_a_secret_in_an_address_is_not_read(visitor: Visitor, held: Held) -> None:
    assert visitor.get(f"/receipt?secret={held.secret}").data.decode().count(held.secret) == 0
    assert visitor.get(f"/receipt/{held.secret}").status == 404


def test_a_link_on_the_receipt_needs_an_address_that_lasts(
    studio: Studio, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from provenance.studio import Studio as Made
    from provenance.web.receipt_views import receipt_link

    assert receipt_link(studio, "SECRET") is None
    path = tmp_path_factory.mktemp("addressed") / "studio"
    made = Made.create(path, name="Studio", url="https://studio.example/", passphrase=None)
    assert receipt_link(made, "SECRET") == "https://studio.example/receipt#SECRET"
    made.close()
