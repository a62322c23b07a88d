"""The page that checks pictures, and the API: what they answer, and what they are not to be led to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pictures import draw_jpeg, with_changed_pixels
from support.studios import make_studio, open_keys, record_consent, stamped
from support.web import Visitor, public_page

from provenance import schemas
from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.studio import ConsentDesk, Studio
from provenance.studio.subjects import Subject
from provenance.web.problems import SCHEMA
from provenance.web.serving import WebServer
from provenance.web.shield import Limits


@pytest.fixture(scope="module")
def pictures(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    code = record_consent(studio).code
    source = draw_jpeg(folder / "plain.jpg")
    stamped(studio, source, folder / "stamped.jpg", code=code)
    (folder / "tampered.jpg").write_bytes(with_changed_pixels((folder / "stamped.jpg").read_bytes()))
    return folder


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    with public_page(studio) as running:
        yield running


def read(folder: Path, *names: str) -> list[tuple[str, bytes]]:
    return [(f"{name}.jpg", (folder / f"{name}.jpg").read_bytes()) for name in names]


def error_in(data: bytes) -> str:
    """Return the code of an error of the API, which fits its schema."""
    document = json.loads(data)
    schemas.validate(document, "api-error")
    return str(document["code"])


def test_what_is_refused_before_the_api_is_asked_is_an_error_of_it_too(visitor: Visitor) -> None:
    for answer, status, code in (
        (visitor.get("/api/v1/nothing"), 404, "not-found"),
        (visitor.get("/api/v1/verify"), 405, "method"),
        (visitor.post("/api/v1/verify", {}, Origin="https://evil.example"), 403, "request-origin"),
        (visitor.get("/api/v1/verify", Host="evil.example"), 421, "request-host"),
    ):
        assert (answer.status, error_in(answer.data)) == (status, code)
    assert visitor.get("/ledger/nothing").data == b"not found\n"


def test_three_pictures_get_three_cards_of_which_one_is_tampered(visitor: Visitor, pictures: Path) -> None:
    files = read(pictures, "stamped", "plain", "tampered")
    page = visitor.upload("/verify", files, mark=visitor.mark("/")).data.decode()
    assert page.count('<article class="card good">') == 1
    assert page.count('<article class="card open">') == 1
    assert page.count('<article class="card bad">') == 1
    assert "Issued by Studio Lümen, whom you trust" in page
    assert "“No credential” never means “fake”" in page


def test_the_api_answers_as_the_command_does(visitor: Visitor, pictures: Path) -> None:
    answer = visitor.upload("/api/v1/verify", read(pictures, "stamped"), scope="publish.web", territory="DE")
    document = json.loads(answer.data)
    schemas.validate(document, "verification-report")
    assert (answer.status, document["file"], document["verdict"]) == (200, "stamped.jpg", "PASSED")
    for scope, verdict in (("publish.advertising", "FAILED"), ("", "PASSED")):
        answer = visitor.upload("/api/v1/verify", read(pictures, "stamped"), scope=scope)
        assert json.loads(answer.data)["verdict"] == verdict


def test_the_medium_is_asked_for_like_the_place(studio: Studio, visitor: Visitor, tmp_path: Path) -> None:
    grants = decide(
        permit=[Scope.CAPTURE, Scope.PUBLISH_WEB],
        deny=[],
        since=studio.clock.now().date(),
        until=None,
        territory=(),
        use=None,
        media=["web"],
    )
    code = ConsentDesk(studio, open_keys(studio)).record(Subject("Zoë Ångström"), grants).code
    made = stamped(studio, draw_jpeg(tmp_path / "a.jpg", seed=41), tmp_path / "b.jpg", code=code)
    for medium, verdict in (("", "PASSED"), ("web", "PASSED"), ("print", "FAILED")):
        answer = visitor.upload("/api/v1/verify", [("a.jpg", made.read_bytes())], scope="publish.web", medium=medium)
        assert json.loads(answer.data)["verdict"] == verdict


def test_a_page_of_nobody_knows_no_issuer(pictures: Path) -> None:
    with public_page(None) as server:
        visitor = Visitor(server)
        document = json.loads(visitor.upload("/api/v1/verify", read(pictures, "stamped")).data)
        assert (document["verdict"], document["credential"]["code"]) == ("INDETERMINATE", "valid")
        assert [visitor.get(path).status for path in ("/", "/receipt", "/ledger/checkpoint")] == [200, 404, 404]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"scope": "nothing"}, "scope-unknown"),
        ({"scope": "publish.web", "territory": "<b>"}, "territory"),
        ({"scope": "publish.web", "medium": "<b>"}, "medium-unknown"),
    ],
)
def test_what_cannot_be_asked_is_told(visitor: Visitor, pictures: Path, fields: dict[str, str], code: str) -> None:
    answer = visitor.upload("/api/v1/verify", read(pictures, "plain"), **fields)
    document = json.loads(answer.data)
    schemas.validate(document, "api-error")
    assert (answer.status, document["schema"], document["code"]) == (422, SCHEMA, code)
    page = visitor.upload("/verify", read(pictures, "plain"), mark=visitor.mark("/"), **fields)
    assert (page.status, b"<b>" in page.data) == (422, False)


def test_no_file_or_two_files_or_no_form_are_refused(visitor: Visitor, pictures: Path) -> None:
    two = read(pictures, "plain", "stamped")
    for answer, code in (
        (visitor.upload("/api/v1/verify", [], scope="capture"), "upload-count"),
        (visitor.upload("/api/v1/verify", two), "upload-count"),
        (visitor.upload("/api/v1/verify", two * 10), "upload-form"),
        (visitor.post("/api/v1/verify", {"file": "x"}), "upload-form"),
        (visitor.post("/api/v1/verify", {}, Content_Type="multipart/form-data"), "upload-form"),
        (visitor.post("/api/v1/verify", {"a": "b"}, Content_Type="multipart/form-data; boundary=x"), "upload-form"),
    ):
        document = json.loads(answer.data)
        schemas.validate(document, "api-error")
        assert (answer.status, document["code"]) == (422, code)
    assert visitor.upload("/verify", [], mark=visitor.mark("/")).status == 422


def test_a_form_without_its_mark_is_not_checked(visitor: Visitor, pictures: Path) -> None:
    answer = visitor.upload("/verify", read(pictures, "plain"), mark="x")
    assert (answer.status, b"<article" in answer.data) == (422, False)


@pytest.mark.parametrize(
    "name",
    [
        '<img src=x onerror="alert(1)">.jpg',
        "../../etc/passwd",
        "C:\\Users\\zoe\\portrait.jpg",
        "\u202egpj.exe",
        "x" * 1000,
        "a\nb.jpg",
    ],
)
def test_a_name_is_shown_and_never_used(visitor: Visitor, pictures: Path, name: str) -> None:
    (_, data), *_ = read(pictures, "stamped")
    page = visitor.upload("/verify", [(name, data)], mark=visitor.mark("/")).data.decode()
    assert "PASSED" in page
    for piece in ("<img src=x", "..", "/etc", "Users", "\u202e", "x" * 300):
        assert piece not in page.partition("<article")[2]


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff\xd8\xff", b"GIF89a", b"%PDF-1.7", b"<svg onload=alert(1)>", b"PK\x03\x04" * 100]
)
def test_what_is_no_picture_is_a_report_too(visitor: Visitor, data: bytes) -> None:
    document = json.loads(visitor.upload("/api/v1/verify", [("x.jpg", data)]).data)
    schemas.validate(document, "verification-report")
    assert document["verdict"] == "INDETERMINATE"


def test_a_picture_that_would_unpack_to_gigabytes_is_answered_at_once(visitor: Visitor) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    zeros = zlib.compress(b"\0" * 50_000_000, 9)
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zeros
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"iTXt", text) + chunk(b"IDAT", zeros)
    answer = visitor.upload("/api/v1/verify", [("bomb.png", bomb + chunk(b"IEND", b""))])
    assert json.loads(answer.data)["verdict"] == "INDETERMINATE"


def test_what_is_larger_than_it_may_be_is_not_read(studio: Studio) -> None:
    with public_page(studio, limits=Limits(path_bytes={"/api/v1/verify": 5000})) as server:
        answer = Visitor(server).upload("/api/v1/verify", [("x.jpg", b"x" * 6000)])
        assert (answer.status, error_in(answer.data)) == (413, "request-size")


def test_nothing_that_was_sent_is_kept(
    studio: Studio, visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", None)
    before = sorted(str(path) for path in studio.path.rglob("*"))
    assert visitor.upload("/api/v1/verify", [("large.jpg", b"\xff\xd8\xff" + b"x" * 3_000_000)]).status == 200
    assert list(tmp_path.iterdir()) == []
    assert sorted(str(path) for path in studio.path.rglob("*")) == before


def test_the_description_of_the_api_names_what_it_answers(visitor: Visitor) -> None:
    document = json.loads(visitor.get("/api/v1/openapi.json").data)
    assert sorted(document["paths"]) == [
        "/api/v1/consent/check",
        "/api/v1/verify",
        "/ledger/checkpoint",
        "/ledger/tile/{path}",
        "/status/{number}.jwt",
    ]
    answers = document["paths"]["/api/v1/verify"]["post"]["responses"]
    described = answers["200"]["content"]["application/json"]["schema"]
    assert {**schemas.load("verification-report"), "examples": described["examples"]} == described
    assert sorted(answers) == ["200", "400", "403", "408", "413", "421", "422", "429", "500"]


def test_what_cannot_be_answered_says_so(tmp_path: Path) -> None:
    made = make_studio(tmp_path / "studio")
    with public_page(made) as server:
        (made.path / "provenance.toml").unlink()
        answer = Visitor(server).upload("/api/v1/verify", [("x.jpg", b"x")])
        assert (answer.status, error_in(answer.data)) == (500, "fault")
        page = Visitor(server).upload("/verify", [("x.jpg", b"x")], mark=Visitor(server).mark("/"))
        assert (page.status, str(tmp_path).encode() in page.data) == (500, False)
    made.close()


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "{{7*'7'}}"])
def test_what_a_credential_says_is_shown_and_never_run(tmp_path: Path, name: str) -> None:
    made = make_studio(tmp_path / "studio", name)
    source = draw_jpeg(tmp_path / "plain.jpg")
    picture = stamped(made, source, tmp_path / "stamped.jpg", code=record_consent(made).code)
    for trusting in (made, None):
        with public_page(trusting) as server:
            visitor = Visitor(server)
            page = visitor.upload("/verify", [("a.jpg", picture.read_bytes())], mark=visitor.mark("/")).data.decode()
            assert "<img" not in page
            assert "<script>" not in page
            assert "7777777" not in page
            assert "nothing has changed since" in page.lower()
    made.close()


def test_the_api_tells_the_label_that_a_picture_may_need(studio: Studio, visitor: Visitor, tmp_path: Path) -> None:
    source = draw_jpeg(tmp_path / "made.jpg", exif=False, seed=77)
    made = stamped(studio, source, tmp_path / "stamped.jpg", declaration="ai-generated", code=None)
    document = json.loads(visitor.upload("/api/v1/verify", [("made.jpg", made.read_bytes())]).data)
    schemas.validate(document, "verification-report")
    assert document["label"]["wording"] == "AI GENERATED"
