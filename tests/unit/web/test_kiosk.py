"""The kiosk over HTTP, without a browser: what is recorded, once only, and what is refused."""

import json
import re
from typing import Any

import pytest
from support.own_templates import add_photographers_template
from support.studios import open_keys
from support.web import TYPED, Visitor, kiosk, secret_in, told_in

from provenance.clock import from_seconds
from provenance.consent.requests import parse_request
from provenance.keys import SigningKey, thumbprint_urn
from provenance.studio import ConsentDesk, Recorded, Studio
from provenance.web.door import Door
from provenance.web.sitting import Camera

CHILD = {
    "age": "minor",
    "name": "Åsa",
    "guardian": "Zoë Ångström",
    "relationship": "guardian",
    "typed": "Zoë Ångström",
}
ATTACKS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='x", "&lt;b&gt;"]


def recorded(studio: Studio, page: bytes) -> Recorded:
    return ConsentDesk(studio, open_keys(studio)).find_by_secret(secret_in(page))


def personal(studio: Studio, found: Recorded) -> dict[str, str]:
    return ConsentDesk(studio, open_keys(studio)).disclosures(found)


def prepared(visitor: Visitor, mark: str, **changed: Any) -> dict[str, Any]:
    answer = visitor.post("/sit/en/request", {**TYPED, "mark": mark, "json": "yes", **changed})
    assert answer.status == 200, answer.data
    return dict(json.loads(answer.data))


def signed(document: dict[str, Any], key: SigningKey | None = None) -> str:
    request = parse_request(document["request"].encode())
    now = from_seconds(document["signed_at"])
    for signer in document["signers"]:
        request = request.sign(
            key or SigningKey.generate("ES256"),
            role=signer["role"],
            initialled=signer["initialled"],
            now=now,
        )
    return request.to_bytes().decode()


def test_a_person_without_scripts_signs_on_the_studios_device(studio: Studio, visitor: Visitor) -> None:
    answer = visitor.sign(email="zoe@example.org")
    assert answer.status == 200
    found = recorded(studio, answer.data)
    assert found.record.assurance == "drawn"
    assert [grant.scope.value for grant in found.record.grants if grant.decision == "permit"] == TYPED["permit"]
    data = personal(studio, found)
    assert data["legal_name"] == "Zoë Ångström"
    assert (data["email"], data["shoot_description"]) == ("zoe@example.org", "Autumn conference")
    assert found.code.encode() in answer.data
    assert b"Zo\xc3\xab" not in answer.data  # a receipt names nobody


def test_a_person_signs_with_a_key_of_their_browser(studio: Studio, visitor: Visitor) -> None:
    mark = visitor.mark("/sit/de")
    document = prepared(visitor, mark)
    answer = visitor.post("/sit/de/sign", {"mark": mark, "request": signed(document), "json": "yes"})
    found = recorded(studio, answer.data)
    assert (found.record.assurance, found.record.body["esign"]["method"]) == ("session-key", "browser-key")  # type: ignore[index, call-overload]
    assert personal(studio, found)["signature"] == "Zoë Ångström"
    assert "Vielen Dank" in answer.data.decode()


def test_a_child_signs_through_their_guardian(studio: Studio, visitor: Visitor) -> None:
    for key in (False, True):
        mark = visitor.mark("/sit/en")
        fields: dict[str, Any] = {**TYPED, **CHILD, "mark": mark}
        if key:
            fields = {"mark": mark, "request": signed(prepared(visitor, mark, **CHILD))}
        found = recorded(studio, visitor.post("/sit/en/sign", fields).data)
        assert (found.record.principal, personal(studio, found)["guardian_name"]) == ("guardian", "Zoë Ångström")


def test_a_witness_signs_beside_the_person(studio: Studio) -> None:
    with kiosk(studio, template="stock-release") as server:
        visitor = Visitor(server)
        without = recorded(studio, visitor.sign(witness="Ann").data)
        mark = visitor.mark("/sit/en")
        request = signed(prepared(visitor, mark, witness="Ann"))
        found = recorded(studio, visitor.post("/sit/en/sign", {"mark": mark, "request": request}).data)
    for item in (without, found):
        assert [signature.role for signature in item.record.signatures] == ["subject", "witness", "controller"]


def test_a_photographer_signs_where_the_template_asks(studio: Studio) -> None:
    camera = Camera("Ann Lee")
    with kiosk(studio, template=add_photographers_template(studio), camera=camera) as server:
        visitor = Visitor(server)
        assert "Ann Lee: I take these pictures" in visitor.get("/sit/en").data.decode()
        assert told_in(visitor.sign().data) == "The photographer has to tick this."
        without = recorded(studio, visitor.sign(photographer="yes").data)
        mark = visitor.mark("/sit/en")
        request = signed(prepared(visitor, mark, photographer="yes"))
        found = recorded(studio, visitor.post("/sit/en/sign", {"mark": mark, "request": request}).data)
    for item in (without, found):
        assert {signature.role for signature in item.record.signatures} == {"subject", "photographer", "controller"}
        assert item.record.body["photographer"] == {
            "name": "Ann Lee",
            "id": thumbprint_urn(camera.key.public_jwk()),
        }
    with kiosk(studio, camera=camera) as server:
        named = recorded(studio, Visitor(server).sign().data)
    assert named.record.body["photographer"] == {"name": "Ann Lee"}
    assert {signature.role for signature in named.record.signatures} == {"subject", "controller"}


def test_a_request_that_names_no_photographer_is_signed_by_none(studio: Studio) -> None:
    with kiosk(studio) as server:
        visitor = Visitor(server)
        request = signed(prepared(visitor, visitor.mark("/sit/en")))
    with kiosk(studio, template=add_photographers_template(studio), camera=Camera("Ann Lee")) as server:
        visitor = Visitor(server)
        answer = visitor.post("/sit/en/sign", {"mark": visitor.mark("/sit/en"), "request": request, "json": "yes"})
        assert answer.status == 422
        assert "another photographer" in json.loads(answer.data)["detail"]


def test_a_form_that_arrives_twice_is_recorded_once(studio: Studio, visitor: Visitor) -> None:
    before = len(ConsentDesk(studio).all())
    mark = visitor.mark("/sit/en")
    first, second = (visitor.post("/sit/en/sign", {**TYPED, "mark": mark}) for _ in range(2))
    assert secret_in(first.data) == secret_in(second.data)
    mark = visitor.mark("/sit/en")
    request = signed(prepared(visitor, mark))
    first, second = (visitor.post("/sit/en/sign", {"mark": mark, "request": request}) for _ in range(2))
    assert secret_in(first.data) == secret_in(second.data)
    assert len(ConsentDesk(studio).all()) == before + 2


@pytest.mark.parametrize("key", [False, True])
def test_a_form_that_was_changed_after_its_answer_got_lost_supersedes(
    studio: Studio, visitor: Visitor, key: bool
) -> None:
    mark = visitor.mark("/sit/en")
    forms: list[dict[str, Any]] = [{**TYPED, "mark": mark}, {**TYPED, "mark": mark, "permit": ["capture"]}]
    if key:
        answers = []
        for permit in (["capture", "publish.web"], ["capture"]):
            request = signed(prepared(visitor, mark, permit=permit))
            answers.append(visitor.post("/sit/en/sign", {"mark": mark, "request": request}))
    else:
        answers = [visitor.post("/sit/en/sign", form) for form in forms]
    older, newer = (recorded(studio, answer.data) for answer in answers)
    assert older.history[-1].type == "superseded"
    assert newer.record.body["supersedes"] == older.record.record_id


def test_a_request_that_was_changed_or_signed_by_nobody_is_refused(studio: Studio, visitor: Visitor) -> None:
    before = len(ConsentDesk(studio).all())
    mark = visitor.mark("/sit/en")
    document = prepared(visitor, mark)
    changed = json.loads(signed(document))
    changed["notice"] += "!"
    for request in (document["request"], json.dumps(changed), "{}", "[" * 10_000, "é"):
        answer = visitor.post("/sit/en/sign", {"mark": mark, "request": request, "json": "yes"})
        assert (answer.status, json.loads(answer.data)["field"]) == (422, None)
        assert json.loads(answer.data)["message"] == "This could not be recorded. Ask the studio for help."
    assert len(ConsentDesk(studio).all()) == before


def test_one_key_cannot_sign_for_the_person_and_the_witness(studio: Studio) -> None:
    with kiosk(studio, template="stock-release") as server:
        visitor = Visitor(server)
        mark = visitor.mark("/sit/en")
        request = signed(prepared(visitor, mark, witness="Ann"), SigningKey.generate("ES256"))
        answer = visitor.post("/sit/en/sign", {"mark": mark, "request": request, "json": "yes"})
    assert "one key signed for two people" in json.loads(answer.data)["detail"]


def test_a_fault_names_its_field_in_the_language_of_the_page(visitor: Visitor) -> None:
    answer = visitor.post("/sit/de/request", {**TYPED, "mark": visitor.mark("/sit/de"), "typed": "Ann"})
    assert answer.status == 422
    assert json.loads(answer.data) == {
        "field": "typed",
        "message": "Tippen Sie den Namen dessen, der unterschreibt, wie er oben steht.",
        "language": "de",
    }
    page = visitor.sign("de", typed="Ann")
    assert (page.status, told_in(page.data)) == (422, json.loads(answer.data)["message"])


def test_a_form_without_its_mark_records_nothing(studio: Studio, visitor: Visitor) -> None:
    before = len(ConsentDesk(studio).all())
    for mark in ("", "a.1.b", Door().marks.new()):
        answer = visitor.sign(mark=mark)
        assert (answer.status, told_in(answer.data)) == (422, "This page is too old to be sent. Begin anew.")
    assert len(ConsentDesk(studio).all()) == before


def test_in_a_network_only_the_key_in_the_address_opens(studio: Studio) -> None:
    door = Door.to_network(insecure=True)
    assert door.key is not None
    with kiosk(studio, door=door) as server:
        visitor = Visitor(server)
        assert told_in(visitor.sign(door="").data).startswith("This page was opened without the kiosk&#39;s key.")
        assert visitor.sign(door="é").status == 422
        assert visitor.sign(door=door.key).status == 200
        assert b"This connection is not encrypted" in visitor.get("/").data
        assert b'data-locked="yes"' in visitor.get("/sit/en").data


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_write_is_shown_and_never_run(studio: Studio, attack: str) -> None:
    with kiosk(studio, name=attack) as server:
        visitor = Visitor(server)
        start = visitor.get("/").data.decode()
        assert attack not in start
        answer = visitor.sign(name=attack, typed=attack, email="a@b")
        assert answer.status == 200
        assert attack not in answer.data.decode()
        assert visitor.sign(name=attack, typed=f"{attack}!").data.decode().count(attack) == 0


def test_no_page_has_an_inline_script_or_style_or_names_another_host(visitor: Visitor) -> None:
    for page in ("/", "/sit/en", "/receipt", "/nothing"):
        text = visitor.get(page).data.decode()
        assert re.findall(r"<script(?! type=\"module\" src=\"/static/[a-z]+\.js\"></script>)", text) == []
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", text) == []
        assert re.findall(r"(?:src|href|action)=\"(?!/)[^#]", text) == []


def test_files_of_the_server_itself_cannot_be_read(visitor: Visitor) -> None:
    for path in ("/static/../kiosk.py", "/static/%2e%2e/kiosk.py", "/static/..%2fkiosk.py", "/static//etc/passwd"):
        assert visitor.get(path).status == 404
    assert visitor.get("/static/sit.js").status == 200
    assert visitor.get("/sit/xx").status == 404
    assert visitor.get("/api/v1/openapi.json").status == 404


def test_a_page_without_words_of_its_language_is_english_around_the_text(studio: Studio) -> None:
    from importlib.resources import files

    folder = studio.path / "templates"
    folder.mkdir(exist_ok=True)
    text = (files("provenance.consent") / "templates" / "corporate-headshot.toml").read_text("utf-8")
    text = text.replace('id = "corporate-headshot"', 'id = "arabic"').replace("text.en", "text.ar")
    text = re.sub(r"\n\[text\.(de|fr|es|ja)(\.choices)?\]\n(?:[^\[].*\n|\n)*", "\n", text)
    (folder / "arabic.toml").write_text(re.sub(r"languages = .*", 'languages = ["ar"]', text), "utf-8")
    with kiosk(studio, template="arabic") as server:
        page = Visitor(server).get("/sit/ar").data.decode()
    assert '<html lang="en" dir="ltr">' in page
    assert '<div lang="ar" dir="rtl" class="notice">' in page


def test_two_hundred_fields_or_a_file_are_not_read(visitor: Visitor) -> None:
    assert visitor.post("/sit/en/sign", {f"f{n}": "x" for n in range(200)}).status == 400
    assert visitor.upload("/sit/en/sign", [("a.txt", b"x")]).status == 400


def test_the_release_of_a_record_says_that_a_browser_signed(studio: Studio, visitor: Visitor) -> None:
    from provenance.paper.labels import labels_for
    from provenance.studio.papers import PaperDesk

    mark = visitor.mark("/sit/en")
    page = visitor.post("/sit/en/sign", {"mark": mark, "request": signed(prepared(visitor, mark))}).data
    form = PaperDesk(open_keys(studio)).form(recorded(studio, page)).data
    assert form.startswith(b"%PDF-")
    assert "then forgot" in labels_for("en").of("method", "browser-key")


def test_every_word_of_the_signed_text_stands_on_the_page(studio: Studio) -> None:
    import html
    from importlib.resources import files

    folder = studio.path / "templates"
    folder.mkdir(exist_ok=True)
    text = (files("provenance.consent") / "templates" / "corporate-headshot.toml").read_text("utf-8")
    text = text.replace('id = "corporate-headshot"', 'id = "named"').replace(
        "publish the pictures on websites", "let {studio} publish the pictures on websites"
    )
    (folder / "named.toml").write_text(text, "utf-8")
    with kiosk(studio, template="named") as server:
        visitor = Visitor(server)
        page = html.unescape(visitor.get("/sit/en").data.decode())
        found = recorded(studio, visitor.sign().data)
    from provenance.paper.wording import find_wording

    read = find_wording(found.record, studio=studio.path)
    assert read.text is not None
    assert read.intent is not None
    for line in [*read.text.splitlines(), read.intent]:
        assert line.removeprefix("- ") in page


def test_the_record_says_when_the_text_was_shown(studio: Studio, visitor: Visitor) -> None:
    import time

    mark = visitor.mark("/sit/en")
    time.sleep(2.1)
    found = recorded(studio, visitor.post("/sit/en/sign", {**TYPED, "mark": mark}).data)
    notice = found.record.body["notice"]
    assert isinstance(notice, dict)
    assert (found.record.created_at - from_seconds(str(notice["presented_at"]))).total_seconds() >= 2
