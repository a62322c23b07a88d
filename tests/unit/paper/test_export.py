"""Everything that a studio holds about a person, on paper for them."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.papers import attached, needs_poppler, poppler, text_of
from support.pictures import draw_jpeg, draw_png
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamped

from provenance.canonical import sha256
from provenance.consent.grants import decide
from provenance.consent.parties import Notice
from provenance.consent.scopes import Scope
from provenance.paper.export import typeset_export
from provenance.paper.labels import LANGUAGES, labels_for
from provenance.schemas import validate
from provenance.studio import ConsentDesk, Recorded, Studio, Subject
from provenance.studio.erasing import ErasureDesk
from provenance.studio.exporting import ExportDesk
from provenance.studio.papers import PaperDesk

NAMES = "Zoë Ångström 山田太郎 محمد علي"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio, subject=Subject(NAMES, email="zoe@example.org"))


def printed(studio: Studio, recorded: Recorded) -> bytes:
    """Return the pages without a seal."""
    recorded, at = ConsentDesk(studio).find(recorded.code), studio.clock.now()
    document = ExportDesk(open_keys(studio)).export(recorded, at=at)
    return typeset_export(document, record=recorded.record, events=tuple(recorded.history), at=at)


def test_what_is_held_is_attached_as_it_is_exported(studio: Studio, recorded: Recorded) -> None:
    ((name, data),) = attached(printed(studio, recorded)).items()
    assert name == f"held-{recorded.code}.json"
    document: Any = json.loads(data)
    validate(document, "consent-export")
    assert document == ExportDesk(open_keys(studio)).export(recorded)
    assert document["personal_data"]["email"] == "zoe@example.org"


def test_the_same_is_printed_in_the_same_bytes(studio: Studio, recorded: Recorded) -> None:
    assert printed(studio, recorded) == printed(studio, recorded)
    assert isinstance(studio.clock, FixedClock)
    before = printed(studio, recorded)
    studio.clock.advance(days=1)
    assert printed(studio, recorded) != before


@needs_poppler
def test_everything_is_told_in_words(studio: Studio, recorded: Recorded, tmp_path: Path) -> None:
    stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    doubtful = draw_png(tmp_path / "c.png", text={"Software": "Topaz Photo 1.2"})
    stamped(studio, doubtful, tmp_path / "d.png", code=recorded.code, confirmation="sharpened only")
    desk = ConsentDesk(studio, open_keys(studio))
    desk.note(desk.find(recorded.code), "disclosed", recipient="Presse-Unikat GmbH")
    text = text_of(printed(studio, recorded), tmp_path)
    for told in (
        "What is held about you",
        NAMES,
        "zoe@example.org",
        "take and keep photographs",
        "given: all of it",
        "taken by a camera (Entry 3)",
        "Noted: sharpened only",
        "Passed on to Presse-Unikat GmbH",
        "Complain to a supervisory authority",
        recorded.record.digest.hex(),
    ):
        assert told in text, told


@needs_poppler
def test_nothing_more_than_what_is_left_is_told(studio: Studio, recorded: Recorded, tmp_path: Path) -> None:
    ErasureDesk(studio, open_keys(studio)).erase(recorded, full=True)
    document = printed(studio, recorded)
    text = text_of(document, tmp_path)
    assert "Nothing is held any more: it was erased, or never given." in text
    assert "No picture was stamped under this consent." in text
    assert "Passed on to Nobody is on record." in text
    assert "data erased: all of it" in text
    assert "zoe@example.org" not in text
    assert b"zoe@example.org" not in b"".join(attached(document).values())


@needs_poppler
def test_it_is_sealed_as_the_others_are(studio: Studio, recorded: Recorded, tmp_path: Path) -> None:
    sealed = PaperDesk(open_keys(studio)).export(recorded)
    assert "Signature is Valid" in poppler("pdfsig", sealed.data, tmp_path)
    assert f"held-{recorded.code}.json" in poppler("pdfdetach", sealed.data, tmp_path, "-list")
    assert len(sealed.data) < 10 * 1024 * 1024
    changed = bytearray(sealed.data)
    changed[len(changed) // 2] ^= 1
    assert "Signature is Valid" not in poppler("pdfsig", bytes(changed), tmp_path)


@needs_poppler
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_language_of_the_notice(studio: Studio, language: str, tmp_path: Path) -> None:
    notice = Notice("headshot", "1", language, sha256(b"the text"), studio.clock.now())
    start = studio.clock.now().date()
    grants = decide(permit=[Scope.CAPTURE], deny=[], since=start, until=None, territory=(), use=None)
    desk = ConsentDesk(studio, open_keys(studio))
    recorded = desk.record(Subject(NAMES), grants, notice=notice)
    labels = labels_for(language)
    text = text_of(printed(studio, recorded), tmp_path)
    for word in ("export", "held", "happened", "pictures_none", "passed_none", "rights"):
        assert labels(word).replace(" ", "") in text.replace(" ", ""), word
