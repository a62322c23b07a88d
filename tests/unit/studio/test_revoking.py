"""Stamps that a studio no longer stands by: what is logged, what is shown, and what becomes possible again."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.pictures import draw_jpeg, with_changed_pixels
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_ai_consent, record_consent, stamp_file, stamped
from support.studios import verify as verify_as_studio

from provenance.credentials.manifest import Declaration
from provenance.entries import StampRevokedEntry, parse_entry
from provenance.errors import InputError, RefusedError
from provenance.stamping import Making
from provenance.studio import Logbook, Studio, Subject
from provenance.studio.revoking import RevocationDesk, Revoked
from provenance.verification import Question, Report, verify_file
from provenance.verification.report import CredentialCode, Finding, Verdict

FINAL = "stamp the picture as what it is; where only the tool was wrong, name it with --tool"
BEFORE = "go back to the picture as it was before that stamp"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def code(studio: Studio) -> str:
    return record_consent(studio).code


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return draw_jpeg(tmp_path / "a.jpg")


@pytest.fixture
def picture(studio: Studio, source: Path, code: str, tmp_path: Path) -> Path:
    return stamped(studio, source, tmp_path / "b.jpg", code=code)


def desk(studio: Studio) -> RevocationDesk:
    return RevocationDesk(open_keys(studio))


def revoke(studio: Studio, path: Path) -> Revoked:
    return desk(studio).revoke(desk(studio).find(path))


# --- what is logged


def test_a_revocation_is_logged_once_and_for_good(studio: Studio, picture: Path) -> None:
    at = studio.clock.now().replace(second=0)
    assert revoke(studio, picture) == Revoked("camera", 3, 4, at, before=False)
    row = studio.database.entry(4)
    assert row is not None
    assert parse_entry(row.body) == StampRevokedEntry(at, 3)
    assert isinstance(studio.clock, FixedClock)
    studio.clock.advance(days=1)
    assert revoke(studio, picture) == Revoked("camera", 3, 4, at, before=True)
    assert Logbook(studio).audit().entries == 5


def test_a_stamp_is_found_by_the_picture_as_it_was_before(studio: Studio, source: Path, picture: Path) -> None:
    assert desk(studio).find(source) == desk(studio).find(picture) == 3


def test_a_picture_that_was_stamped_twice_is_named_by_its_file_or_entry(
    studio: Studio, source: Path, picture: Path, code: str, tmp_path: Path
) -> None:
    again = stamped(studio, source, tmp_path / "c.jpg", code=code, tool="Camera/1")
    message = "a.jpg: expected one stamp of this picture, got 2: entries 3, 4"
    hint = "name the stamped file, or the entry: provenance stamp revoke ENTRY"
    with refused(RefusedError, message, code="stamp-ambiguous", hint=hint):
        desk(studio).find(source)
    assert [desk(studio).find(path) for path in (picture, again)] == [3, 4]
    desk(studio).revoke(3)
    assert desk(studio).find(source) == 4
    assert verify_as_studio(studio, again).verdict is Verdict.PASSED
    assert verify_as_studio(studio, picture).verdict is Verdict.FAILED


@pytest.mark.parametrize("index", [0, 2, 4, 10**15])
def test_an_entry_that_covers_no_stamp_is_refused(studio: Studio, picture: Path, index: int) -> None:
    message = f"entry {index}: covers no stamp of this studio"
    with refused(RefusedError, message, code="stamp-missing", hint="see provenance ledger show"):
        desk(studio).revoke(index)
    assert Logbook(studio).audit().entries == 4


def test_what_this_studio_did_not_stamp_is_refused(studio: Studio, picture: Path, tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "other", clock=studio.clock)) as other:
        theirs = stamped(
            other, draw_jpeg(tmp_path / "c.jpg", seed=2), tmp_path / "d.jpg", code=record_consent(other).code
        )
    message = "d.jpg: carries no stamp of this studio, and is no picture that one stands for"
    with refused(RefusedError, message, code="stamp-missing", hint=f"see what it says: provenance verify {theirs}"):
        desk(studio).find(theirs)


def test_what_is_no_picture_is_refused(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a text")
    with pytest.raises(InputError, match=r"^a\.txt: "):
        desk(studio).find(tmp_path / "a.txt")


def test_a_damaged_stamp_is_told_by_the_picture(studio: Studio, picture: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.jpg"
    changed.write_bytes(with_changed_pixels(picture.read_bytes()))
    # Its credentials still name the entry; the picture is none that was stamped.
    assert desk(studio).find(changed) == 3


# --- what is shown


def test_a_revoked_stamp_fails_where_the_studio_is_asked(studio: Studio, picture: Path) -> None:
    before = verify_as_studio(studio, picture)
    revoke(studio, picture)
    report = verify_as_studio(studio, picture)
    day = studio.clock.now().date()
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, CredentialCode.REVOKED)
    assert report.credential.headline == "Stamp revoked"
    assert report.reason == report.credential.sentence
    assert (
        report.reason == f"The studio that stamped it revoked the stamp on {day}: it no longer stands by what it says."
    )
    assert Finding(8, "stamp-revoked", f"the studio revoked this stamp on {day}") in report.findings
    assert (report.consent_then, report.consent_now) == (before.consent_then, before.consent_now)


def test_a_revoked_stamp_of_nobody_fails_likewise(studio: Studio, tmp_path: Path) -> None:
    source = draw_jpeg(tmp_path / "a.jpg", exif=False)
    picture = stamped(studio, source, tmp_path / "b.jpg", declaration="ai-generated", code=None)
    revoke(studio, picture)
    assert verify_as_studio(studio, picture).credential.code == CredentialCode.REVOKED


def test_who_cannot_ask_the_studio_is_told_nothing_of_it(studio: Studio, picture: Path) -> None:
    def ask() -> Report:
        question = Question(studio.clock.now())
        return verify_file(picture, question=question, anchors=[studio.anchors()], known_logs=[studio.log_key])

    before = ask()
    revoke(studio, picture)
    assert ask() == before


# --- what becomes possible


def test_the_very_stamp_is_not_made_again(studio: Studio, source: Path, picture: Path, code: str) -> None:
    revoke(studio, picture)
    for destination in (picture, picture.with_name("c.jpg")):
        result = stamp_file(studio, source, destination, code=code)
        assert (result.outcome, result.code, result.hint) == ("refused", "stamp-revoked", FINAL)
        assert result.message == "this studio revoked this very stamp, of entry 3, for good"


def test_a_picture_that_was_stamped_under_a_wrong_consent_is_stamped_anew(
    studio: Studio, source: Path, picture: Path, tmp_path: Path
) -> None:
    right = record_consent(studio, subject=Subject("Bo"))
    assert stamp_file(studio, picture, tmp_path / "c.jpg", code=right.code).code == "consent-other"
    revoke(studio, picture)
    corrected = stamped(studio, source, tmp_path / "c.jpg", code=right.code)
    assert verify_as_studio(studio, corrected).verdict is Verdict.PASSED
    result = stamp_file(studio, picture, tmp_path / "d.jpg", code=right.code)
    assert (result.outcome, result.code, result.hint) == ("refused", "stamp-revoked", BEFORE)
    assert result.message == "it carries a stamp that this studio revoked, of entry 3"


def test_a_picture_that_was_called_generated_by_mistake_is_a_photograph_again(
    studio: Studio, source: Path, code: str, tmp_path: Path
) -> None:
    wrong = stamped(studio, source, tmp_path / "b.jpg", declaration="ai-generated", code=None, confirmation="a slip")
    assert stamp_file(studio, source, tmp_path / "c.jpg", code=code).code == "earlier-generative"
    revoke(studio, wrong)
    assert stamp_file(studio, source, tmp_path / "c.jpg", code=code).outcome == "stamped"


@pytest.mark.parametrize("role", ["parent", "input"])
def test_nothing_is_made_from_a_picture_whose_stamp_was_revoked(
    studio: Studio, source: Path, tmp_path: Path, role: str
) -> None:
    code = record_ai_consent(studio).code
    picture = stamped(studio, source, tmp_path / "b.jpg", code=code)
    revoke(studio, picture)
    made = draw_jpeg(tmp_path / "made.jpg", seed=7, exif=False)
    parent = role == "parent"
    result = stamp_file(
        studio,
        made,
        tmp_path / "c.jpg",
        declaration=Declaration.DERIVATIVE if parent else Declaration.AI_GENERATED,
        code=code,
        making=Making(parent=picture) if parent else Making(inputs=(picture,)),
    )
    assert (result.outcome, result.code) == ("refused", "stamp-revoked")
    assert result.message == f"{role} b.jpg: it carries a stamp that this studio revoked, of entry 3"
