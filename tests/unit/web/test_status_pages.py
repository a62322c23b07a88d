"""Status lists over HTTP: what the studio published, as it is, and nothing else that lies in its folder."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.pictures import draw_jpeg
from support.studios import make_studio, open_keys, record_consent, stamped
from support.web import Visitor, public_page

from provenance.status_lists import MAX_TOKEN_BYTES, StatusListWriter, parse_status_list
from provenance.studio import Studio
from provenance.studio.status_publishing import StatusListDesk, lists_folder
from provenance.web.serving import WebServer

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def token(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("pictures")
    stamped(studio, draw_jpeg(folder / "a.jpg"), folder / "b.jpg", code=record_consent(studio).code)
    (signed,) = StatusListDesk(open_keys(studio)).sign()
    return signed.token


@pytest.fixture
def folder(studio: Studio) -> Iterator[Path]:
    made = lists_folder(studio)
    made.mkdir()
    yield made
    for path in made.iterdir():
        path.unlink()
    made.rmdir()


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    with public_page(studio) as running:
        yield running


def test_a_list_is_served_as_it_was_signed_and_may_be_kept(visitor: Visitor, folder: Path, token: bytes) -> None:
    (folder / "0.jwt").write_bytes(token)
    answer = visitor.get("/status/0.jwt", Origin="https://magazine.example")
    assert (answer.status, answer.data) == (200, token)
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = visitor.get("/status/0.jwt", If_None_Match=answer.headers["ETag"])
    assert (again.status, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    assert parse_status_list(answer.data, now=datetime.now(UTC)).number == 0


def test_before_a_list_is_published_there_is_none(visitor: Visitor) -> None:
    answer = visitor.get("/status/0.jwt")
    assert (answer.status, answer.data) == (404, b"no such list\n")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["1", "00", "-1", "1000000", "..%2f..%2fprovenance", "x", "%30.jwt%00", "١"])
def test_only_a_number_names_a_list(visitor: Visitor, folder: Path, token: bytes, name: str) -> None:
    (folder / "0.jwt").write_bytes(token)
    for other in ("00.jwt", "x.jwt", "١.jwt"):
        (folder / other).write_bytes(token)
    assert visitor.get(f"/status/{name}.jwt").status == 404


def test_a_list_of_another_number_is_not_served(visitor: Visitor, folder: Path, token: bytes) -> None:
    (folder / "1.jwt").write_bytes(token)
    assert visitor.get("/status/1.jwt").status == 404


@pytest.mark.parametrize("days", [-2, 1])
def test_a_list_that_says_nothing_now_is_not_served(studio: Studio, visitor: Visitor, folder: Path, days: int) -> None:
    origin, key = studio.settings.log_origin, open_keys(studio).controller_key
    writer = StatusListWriter()
    (folder / "0.jwt").write_bytes(writer.sign(log_origin=origin, number=0, key=key, now=NOW))
    assert visitor.get("/status/0.jwt").status == 200
    moved = NOW + timedelta(days=days)
    (folder / "0.jwt").write_bytes(writer.sign(log_origin=origin, number=0, key=key, now=moved))
    assert visitor.get("/status/0.jwt").status == 404


@pytest.mark.parametrize("data", [b"", b"x.y.z", b"[0]"])
def test_what_is_no_list_is_not_served(visitor: Visitor, folder: Path, data: bytes) -> None:
    (folder / "0.jwt").write_bytes(data)
    assert visitor.get("/status/0.jwt").status == 404


def test_a_list_whose_signature_fails_or_that_is_too_large_is_not_served(
    visitor: Visitor, folder: Path, token: bytes
) -> None:
    for data in (token[:-8] + b"AAAAAAAA", token + b"A" * MAX_TOKEN_BYTES):
        (folder / "0.jwt").write_bytes(data)
        assert visitor.get("/status/0.jwt").status == 404


def test_the_list_of_another_studio_is_not_served(visitor: Visitor, folder: Path, tmp_path: Path) -> None:
    other = make_studio(tmp_path / "other")
    stamped(other, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=record_consent(other).code)
    (signed,) = StatusListDesk(open_keys(other)).sign()
    other.close()
    (folder / "0.jwt").write_bytes(signed.token)
    assert visitor.get("/status/0.jwt").status == 404
