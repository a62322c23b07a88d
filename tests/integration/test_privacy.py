import base64
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.pictures import draw_any
from support.studios import make_studio, open_keys, record_consent, stamp_file, stamped
from support.traces import forms

from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.errors import ProvenanceError
from provenance.studio import ConsentDesk, Recorded, Studio, Subject

INK = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M1717 2323L4242 9191"/></svg>'
MARIA = Subject("Maria-Testname Ünikat", email="maria.unikat@example.org", witness="Wendelin Zeuge", ink=INK)
PERSONAL = {
    "name": ["Maria-Testname Ünikat", "Maria-Testname", "Ünikat"],
    "email": ["maria.unikat@example.org", "maria.unikat"],
    "witness": ["Wendelin Zeuge", "Wendelin"],
    "ink": [INK.decode(), "M1717 2323L4242 9191"],
}


@dataclass(frozen=True)
class Told:
    """What must stay where it belongs: texts by what they are."""

    texts: dict[str, Sequence[str]]

    def found_in(self, data: bytes) -> list[str]:
        """Return what of it is found in `data`."""
        return [
            name for name, texts in self.texts.items() if any(form in data for text in texts for form in forms(text))
        ]


@dataclass(frozen=True)
class Scene:
    """A studio in which a consent was recorded, used and withdrawn."""

    studio: Studio
    recorded: Recorded
    everything: Told
    kept_from_disk: Told
    pictures: list[Path]
    logged: list[str]


class Collector(logging.Handler):
    """Keeps every log record as text, with its arguments and its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.texts.append(f"{self.format(record)} {record.args!r} {record.__dict__!r}")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("privacy")
    collector, root = Collector(), logging.getLogger()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    try:
        with closing(make_studio(folder / "studio")) as studio:
            yield _play(folder, studio, collector)
    finally:
        root.setLevel(level)
        root.removeHandler(collector)


def _play(folder: Path, studio: Studio, collector: Collector) -> Scene:
    recorded = record_consent(studio, permit=["capture", "publish.web"], subject=MARIA)
    desk = ConsentDesk(studio, open_keys(studio))
    secret = desk.receipt(recorded).secret
    pictures = [
        stamped(studio, draw_any(folder, ending), folder / f"out.{ending}", code=recorded.code)
        for ending in ("jpg", "png", "webp")
    ]
    # What goes wrong must not tell either.
    stamp_file(studio, folder / "missing.jpg", folder / "x.jpg", code=recorded.code)
    stamp_file(studio, folder / "portrait.jpg", folder / "x.jpg", declaration="ai-generated", code=recorded.code)
    desk.withdraw(desk.find_by_secret(secret), scopes=[Scope.PUBLISH_WEB], proof="receipt-secret")
    stamped(studio, pictures[0], folder / "again.jpg", code=recorded.code)
    pictures.append(folder / "again.jpg")
    secrets = {"secret": [secret, secret.replace("-", "")]}
    codes = {"code": [recorded.code, recorded.code.replace("-", "")]}
    return Scene(
        studio=studio,
        recorded=recorded,
        everything=Told({**PERSONAL, **codes, **secrets}),
        kept_from_disk=Told({**PERSONAL, **secrets}),
        pictures=pictures,
        logged=collector.texts,
    )


def test_what_is_looked_for_would_be_found(scene: Scene) -> None:
    for name, texts in scene.everything.texts.items():
        for text in texts:
            plain = text.encode()
            for before in range(4):
                hidden = bytes(before) + plain + b"\xff"
                for data in (
                    hidden,
                    base64.b64encode(hidden),
                    base64.urlsafe_b64encode(hidden),
                    hidden.hex().encode(),
                    base64.b64encode(hidden.hex().encode()),
                    text.encode("utf-16-le"),
                    text.encode("utf-16-be"),
                    unicodedata.normalize("NFD", text).encode(),
                ):
                    assert name in scene.everything.found_in(data)


def test_what_is_looked_for_is_found_where_it_belongs(scene: Scene) -> None:
    desk = ConsentDesk(scene.studio, open_keys(scene.studio))
    assert scene.everything.found_in(desk.receipt(scene.recorded).to_bytes()) == ["code", "secret"]
    opened = desk.disclosures(scene.recorded)
    assert scene.everything.found_in(repr(opened).encode()) == ["name", "email", "witness", "ink"]


@pytest.mark.parametrize("number", range(4))
def test_a_stamped_picture_tells_nothing_of_the_person(scene: Scene, number: int) -> None:
    assert scene.everything.found_in(scene.pictures[number].read_bytes()) == []


def test_the_ledger_tells_nothing_of_the_person(scene: Scene) -> None:
    database, ledger = scene.studio.database, scene.studio.ledger
    rows = list(database.entries(0, 1000))
    assert len(rows) == 1 + 2 + 3 + 1
    for row in rows:
        assert scene.everything.found_in(row.body + row.entry_id) == []
        assert scene.everything.found_in(ledger.prove(row.index).to_text().encode()) == []
    for _, note in database.checkpoints():
        assert scene.everything.found_in(note) == []


def test_the_proof_in_a_receipt_tells_nothing_of_the_person(scene: Scene) -> None:
    receipt = ConsentDesk(scene.studio, open_keys(scene.studio)).receipt(scene.recorded)
    assert scene.everything.found_in(receipt.proof.encode() + receipt.entry) == []
    assert scene.kept_from_disk.found_in(receipt.record.to_bytes()) == []


def test_no_log_record_tells_anything_of_the_person(scene: Scene) -> None:
    logging.getLogger("provenance").debug("so that there is one")
    assert scene.logged
    for text in scene.logged:
        assert scene.everything.found_in(text.encode("utf-8", "surrogatepass")) == []


def test_no_log_record_of_this_test_tells_anything_of_the_person(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        desk = ConsentDesk(scene.studio, open_keys(scene.studio))
        grants = decide(
            permit=[Scope.CAPTURE],
            deny=[],
            since=scene.studio.clock.now().date(),
            until=None,
            territory=[],
            use=None,
        )
        recorded = desk.record(MARIA, grants)
        desk.withdraw(recorded, scopes=None, proof="studio")
    told = Told({**PERSONAL, "code": [recorded.code], "secret": [desk.receipt(recorded).secret]})
    for record in caplog.records:
        assert told.found_in(f"{record.getMessage()} {record.args!r}".encode()) == []


def test_no_file_of_the_studio_holds_the_person(scene: Scene) -> None:
    names = {path.name for path in scene.studio.path.iterdir()}
    assert {"studio.db", "studio.db-wal"} <= names
    for path in scene.studio.path.rglob("*"):
        if path.is_file():
            assert scene.kept_from_disk.found_in(path.read_bytes()) == [], path.name


def test_the_database_at_rest_does_not_hold_the_person(scene: Scene) -> None:
    (checkpointed,) = scene.studio.database._driver.all("PRAGMA wal_checkpoint(TRUNCATE)")
    assert checkpointed[0] == 0
    data = (scene.studio.path / "studio.db").read_bytes()
    assert scene.recorded.code.encode() in data
    assert scene.kept_from_disk.found_in(data) == []


def test_no_name_of_a_file_tells_anything_of_the_person(scene: Scene) -> None:
    for path in scene.studio.path.rglob("*"):
        assert scene.everything.found_in(path.name.encode()) == []


@pytest.mark.parametrize(
    "changed",
    [
        Subject("Maria-Testname\nÜnikat"),
        Subject("Maria-Testname Ünikat", email="maria.unikat at example.org"),
        Subject("Maria-Testname Ünikat", witness="Wendelin\x00Zeuge"),
        Subject("Maria-Testname Ünikat", ink=b"M1717 2323L4242 9191"),
    ],
    ids=["name", "email", "witness", "ink"],
)
def test_no_refusal_repeats_what_a_person_said(scene: Scene, changed: Subject) -> None:
    with pytest.raises(ProvenanceError) as caught:
        record_consent(scene.studio, subject=changed)
    assert scene.everything.found_in(f"{caught.value} {caught.value.hint}".encode()) == []


def test_no_refusal_repeats_a_secret(scene: Scene) -> None:
    desk = ConsentDesk(scene.studio, open_keys(scene.studio))
    secret = desk.receipt(scene.recorded).secret
    for mistyped in (secret[:-1], secret + "A", secret[:-1] + "U"):
        with pytest.raises(ProvenanceError) as caught:
            desk.find_by_secret(mistyped)
        assert secret[:9] not in f"{caught.value} {caught.value.hint}"
