"""Opening the handles of a picture for somebody: what is refused leaves nothing behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.pictures import draw_jpeg, with_changed_pixels
from support.refusals import refused
from support.studios import ZOE, make_studio, open_keys, record_consent, stamp_file

from provenance.consent.openings import parse_disclosure
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode
from provenance.errors import RefusedError
from provenance.studio import ConsentDesk, Recorded, Studio
from provenance.studio.disclosing import DisclosureDesk
from provenance.studio.erasing import ErasureDesk
from provenance.verification import Question, verify_file

TO = "Daily Bugle"
PDF = b"%PDF-1.7\n" + bytes(200)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = make_studio(tmp_path / "studio")
    yield made
    made.close()


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def picture(studio: Studio, recorded: Recorded, tmp_path: Path) -> Path:
    stamp_file(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    return tmp_path / "b.jpg"


def disclose(studio: Studio, path: Path, *reveal: str) -> bytes:
    return DisclosureDesk(open_keys(studio)).disclose(path, recipient=TO, reveal=reveal).disclosure.to_bytes()


def history(studio: Studio, recorded: Recorded) -> list[str]:
    return [event.type for event in ConsentDesk(studio).find(recorded.code).history]


def test_a_disclosure_is_logged_before_it_leaves(studio: Studio, recorded: Recorded, picture: Path) -> None:
    data = disclose(studio, picture)
    read = parse_disclosure(data, now=studio.clock.now())
    assert history(studio, recorded) == ["given", "disclosed"]
    (one,) = read.openings
    assert (one.record.digest, one.revealed) == (recorded.record.digest, ())
    assert [event.type for event in one.events] == ["given", "disclosed"]
    desk = ConsentDesk(studio, open_keys(studio))
    assert TO in desk.recall(desk.find(recorded.code)).recipients
    assert TO.encode() not in (studio.path / "studio.db").read_bytes()


def test_initials_are_revealed_together(studio: Studio, tmp_path: Path) -> None:
    recorded = record_consent(studio, permit=["capture", "ai.train", "ai.infer"], until="2049-01-01")
    stamp_file(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    read = parse_disclosure(disclose(studio, tmp_path / "b.jpg", "initials"), now=studio.clock.now())
    assert sorted(datum.name for datum in read.openings[0].revealed) == ["initials.ai.infer", "initials.ai.train"]


def test_what_was_erased_is_not_revealed_and_the_rest_still_is(
    studio: Studio, recorded: Recorded, picture: Path
) -> None:
    ErasureDesk(studio, open_keys(studio)).erase(recorded, full=False)
    message = f"consent {recorded.code}: what this needs was erased"
    with refused(RefusedError, message, code="erased"):
        disclose(studio, picture, "legal_name")
    assert history(studio, recorded) == ["given", "erased"]
    assert parse_disclosure(disclose(studio, picture), now=studio.clock.now()).openings[0].revealed == ()
    ErasureDesk(studio, open_keys(studio)).erase(recorded, full=True)
    with refused(RefusedError, message, code="erased"):
        disclose(studio, picture)


def test_a_picture_of_another_studio_is_refused(studio: Studio, picture: Path, tmp_path: Path) -> None:
    other = make_studio(tmp_path / "other")
    see = f"see what it says: provenance verify {picture}"
    with refused(
        RefusedError,
        "b.jpg: its credential is not intact, or not issued by this studio",
        code="stamp-missing",
        hint=see,
    ):
        disclose(other, picture)
    other.close()


def test_a_stamp_that_the_database_does_not_hold_is_refused(studio: Studio, recorded: Recorded, picture: Path) -> None:
    studio.database._driver.execute("DELETE FROM stamp_subject")
    message = "b.jpg: this studio does not know the handles in its stamp"
    with refused(RefusedError, message, code="handle-unknown"):
        disclose(studio, picture)
    assert history(studio, recorded) == ["given"]


def test_a_picture_of_nobody_real_has_no_consent_to_show(studio: Studio, tmp_path: Path) -> None:
    source = draw_jpeg(tmp_path / "a.jpg", exif=False)
    stamp_file(studio, source, tmp_path / "b.jpg", declaration="ai-generated", code=None)
    message = "b.jpg: its stamp says that nobody real is shown, so that there is no consent to show"
    with refused(RefusedError, message, code="consent-not-needed"):
        disclose(studio, tmp_path / "b.jpg")


def test_a_picture_without_a_stamp_or_with_other_pixels_is_refused(
    studio: Studio, recorded: Recorded, picture: Path, tmp_path: Path
) -> None:
    see = "see what it says: provenance verify {}"
    with refused(
        RefusedError,
        "a.jpg: the file carries no content credentials",
        code="stamp-missing",
        hint=see.format(tmp_path / "a.jpg"),
    ):
        disclose(studio, tmp_path / "a.jpg")
    picture.write_bytes(with_changed_pixels(picture.read_bytes()))
    message = "b.jpg: its credential is not intact, or not issued by this studio"
    with refused(RefusedError, message, code="stamp-missing", hint=see.format(picture)):
        disclose(studio, picture)
    assert history(studio, recorded) == ["given"]


def test_a_name_with_anything_in_it_is_disclosed_as_it_is(studio: Studio, tmp_path: Path) -> None:
    odd = replace(ZOE, name="<b>Zoë</b> & Söhne")
    recorded = record_consent(studio, subject=odd)
    stamp_file(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    read = parse_disclosure(disclose(studio, tmp_path / "b.jpg", "legal_name"), now=studio.clock.now())
    assert [datum.value for datum in read.openings[0].revealed] == ["<b>Zoë</b> & Söhne"]


def test_a_consent_on_paper_stays_the_word_of_the_studio(studio: Studio, tmp_path: Path) -> None:
    recorded = record_consent(studio, subject=replace(ZOE, scan=PDF))
    stamp_file(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    now = studio.clock.now()
    read = parse_disclosure(disclose(studio, tmp_path / "b.jpg"), now=now)
    report = verify_file(
        tmp_path / "b.jpg",
        question=Question(now, scope=Scope.PUBLISH_WEB),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        disclosures=[read],
    )
    # Nobody but the studio signed it with a key.
    assert (report.consent_basis, report.consent_now.code) == ("sealed", ConsentCode.IN_FORCE)
    assert report.consent_opened is not None
    assert [person.assurance for person in report.consent_opened.people] == ["recorded"]
