"""The marks that keep an older copy of a studio from signing, and what happens where they cannot be read."""

import json
from pathlib import Path

import pytest
from support.refusals import refused
from support.studios import make_studio, record_consent

from provenance.errors import InputError, RolledBackError
from provenance.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = make_studio(tmp_path / "studio")
    record_consent(made)
    return made


def write(studio: Studio, name: str, data: bytes) -> None:
    path = studio.path / "ledger" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "ledger/published.json: expected json…"),
        (b"[]", "ledger/published.json: expected a json object, got list"),
        (b"{}", "ledger/published.json: expected a list of places"),
        (b'{"places":3}', "ledger/published.json: expected a list of places"),
        (b'{"places":[3]}', "ledger/published.json: expected a list of places"),
    ],
)
def test_a_list_of_places_that_cannot_be_read_stops_signing(studio: Studio, data: bytes, message: str) -> None:
    write(studio, "published.json", data)
    before = studio.database.head().size
    with refused(InputError, message):
        record_consent(studio)
    assert studio.database.head().size == before


def test_a_place_is_remembered_once(studio: Studio, tmp_path: Path) -> None:
    for place in (str(tmp_path / "site"), "s3://bucket/log", str(tmp_path / "site")):
        studio.watch.remember_place(place)
    assert studio.watch.published_to() == [str(tmp_path / "site"), "s3://bucket/log"]
    assert studio.watch.published_folders() == [tmp_path / "site"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x", "ledger/evidence/one.json: expected json…"),
        (b"{}", "ledger/evidence/one.json: expected a list of checkpoints"),
        (b'{"checkpoints":[1]}', "ledger/evidence/one.json: expected a list of checkpoints"),
    ],
)
def test_evidence_that_cannot_be_read_is_no_absence_of_it(studio: Studio, data: bytes, message: str) -> None:
    (studio.path / "ledger" / "evidence").mkdir(parents=True)
    write(studio, "evidence/one.json", data)
    with refused(InputError, message):
        studio.watch.check_evidence()


def test_evidence_that_the_ledger_contains_is_no_evidence_against_it(studio: Studio) -> None:
    note = studio.database.latest_checkpoint()
    assert note is not None
    studio.watch.halt("a test", {"checkpoints": [note.decode(), note.decode()]}, name="one")
    studio.watch.check_evidence()
    with refused(
        RolledBackError,
        "ledger: signs no more: a test",
        code="ledger-halted",
        hint=(
            "this looks like an older copy of the studio: sign nothing with it; provenance ledger recover PLACE "
            "brings back what was published (docs/guides/ledger.md)"
        ),
    ):
        record_consent(studio)
    studio.watch.resume()
    record_consent(studio)


def test_what_is_kept_is_for_the_keeper_alone(studio: Studio, tmp_path: Path) -> None:
    studio.watch.remember_place(str(tmp_path / "site"))
    studio.watch.halt("a test", {"checkpoints": []}, name="one")
    folder = studio.path / "ledger"
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in (folder / "published.json", folder / "halted", folder / "evidence" / "one.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "evidence" / "one.json").read_bytes()) == {"checkpoints": []}
