"""The ledger at the paths of c2sp.org/tlog-tiles, read by those who read published logs."""

from collections.abc import Iterator

import pytest
from support.studios import make_studio, record_consent
from support.web import Visitor, public_page

from provenance.ledger.places import WebPlace
from provenance.ledger.published import PublishedLog
from provenance.ledger.publishing import newest_note
from provenance.studio import Studio
from provenance.tiles import parse_bundle
from provenance.web.serving import WebServer


@pytest.fixture(scope="module")
def server(studio: Studio) -> Iterator[WebServer]:
    for _ in range(3):
        record_consent(studio)
    with public_page(studio) as running:
        yield running


def test_whoever_reads_published_logs_reads_this_one(studio: Studio, server: WebServer) -> None:
    log = PublishedLog(WebPlace(server.url("localhost") + "ledger"), keys=[studio.log_key])
    assert log.checkpoint.size == 7
    assert log.note == newest_note(studio.database)


def test_every_path_is_kept_as_long_as_it_holds(visitor: Visitor) -> None:
    checkpoint = visitor.get("/ledger/checkpoint")
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "public, max-age=5"
    tile = visitor.get("/ledger/tile/0/000.p/7")
    assert (tile.status, len(tile.data)) == (200, 7 * 32)
    assert tile.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert tile.headers["Access-Control-Allow-Origin"] == "*"
    entries = visitor.get("/ledger/tile/entries/000.p/7")
    assert len(parse_bundle(entries.data, width=7, place="bundle")) == 7
    assert visitor.get("/ledger/tile/0/000.p/3").data == tile.data[: 3 * 32]


@pytest.mark.parametrize(
    "path",
    [
        "0/000",
        "0/000.p/8",
        "0/000.p/0",
        "0/001.p/1",
        "1/000.p/1",
        "entries/000",
        "entries/000.p/8",
        "64/000",
        "0/0",
        "0/x000/000.p/1",
        "entries/..%2f..%2fstudio.db",
        "0/999999999999999999999999.p/1",
        "",
    ],
)
def test_what_is_not_there_is_not_there(visitor: Visitor, path: str) -> None:
    answer = visitor.get(f"/ledger/tile/{path}")
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_was_appended_is_there_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_studio(tmp_path_factory.mktemp("grown") / "studio")
    with public_page(made) as server:
        visitor = Visitor(server)
        assert visitor.get("/ledger/tile/0/000.p/3").status == 404
        record_consent(made)
        assert visitor.get("/ledger/tile/0/000.p/3").status == 200
        assert visitor.get("/ledger/checkpoint").data.splitlines()[1] == b"3"
    made.close()
