"""Status lists of a studio, and what somebody learns from them who has nothing else."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.pictures import draw_jpeg
from support.studios import FixedClock, make_studio, open_keys, record_ai_consent, record_consent, stamped

from provenance.canonical import sha256
from provenance.clock import to_minutes
from provenance.consent.answers import Answer, Answers
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion
from provenance.credentials.reading import read_credential
from provenance.entries import StatusListEntry, parse_entry
from provenance.picture import read_picture
from provenance.status_lists import StatusList, parse_status_list
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStatus
from provenance.studio.revoking import RevocationDesk
from provenance.studio.status_publishing import SignedList, StatusListDesk
from provenance.verification import Question, Report, Verdict, verify_file


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def picture(studio: Studio, recorded: Recorded, tmp_path: Path) -> Path:
    return stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)


def sign(studio: Studio) -> SignedList:
    (signed,) = StatusListDesk(open_keys(studio)).sign()
    return signed


def published(studio: Studio) -> StatusList:
    return parse_status_list(sign(studio).token, now=studio.clock.now())


def assertion_in(studio: Studio, path: Path) -> ConsentAssertion:
    data = path.read_bytes()
    store = read_picture(data).store
    credential = read_credential(data, "image/jpeg", anchors=[studio.anchors()], store=store)
    return ConsentAssertion.from_json(credential.stamp.assertions[CONSENT_LABEL])


def answers(studio: Studio, path: Path) -> Answers:
    status = assertion_in(studio, path).status
    assert status is not None
    return Answers.from_values(published(studio).values(status.index))


def far_away(
    studio: Studio, path: Path, lists: Sequence[StatusList], *, scope: str | None = None, hours: float = 0
) -> Report:
    """Check a file as somebody who trusts the studio and has its status list."""
    return verify_file(
        path,
        question=Question(studio.clock.now() + timedelta(hours=hours), scope=None if scope is None else Scope(scope)),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        status_lists=lists,
    )


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_stranger_with_the_list_can_publish(studio: Studio, picture: Path) -> None:
    listed = published(studio)
    report = far_away(studio, picture, [listed], scope="publish.web")
    assert (report.verdict, report.consent_now.code) == (Verdict.PASSED, ConsentCode.IN_FORCE)
    day = to_minutes(studio.clock.now())
    assert report.consent_now.sentence == f"The studio's list of {day} says that the consent covers publish.web."
    assert far_away(studio, picture, [listed]).consent_now.sentence == (
        f"The studio's list of {day} says that the consent covers what the stamp rests on."
    )
    assert far_away(studio, picture, []).verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize(
    ("scope", "code", "says"),
    [
        ("publish.press", ConsentCode.LIMITED, "says that the consent does not cover publish.press"),
        ("ai.train", ConsentCode.UNKNOWN, "does not tell of ai.train"),
    ],
)
def test_a_list_says_no_more_than_it_says(
    studio: Studio, picture: Path, scope: str, code: ConsentCode, says: str
) -> None:
    report = far_away(studio, picture, [published(studio)], scope=scope)
    assert (report.consent_now.code, says in report.consent_now.sentence) == (code, True)
    assert report.verdict is (Verdict.FAILED if code is ConsentCode.LIMITED else Verdict.INDETERMINATE)


def test_a_withdrawal_reaches_the_next_list(studio: Studio, recorded: Recorded, picture: Path) -> None:
    before = published(studio)
    desk = ConsentDesk(studio, open_keys(studio))
    desk.withdraw(recorded, scopes=[Scope.PUBLISH_WEB], proof="studio")
    part = published(studio)
    assert far_away(studio, picture, [part]).consent_now.code == ConsentCode.IN_FORCE
    assert far_away(studio, picture, [part], scope="publish.web").consent_now.code == ConsentCode.LIMITED
    desk.withdraw(desk.find(recorded.code), scopes=None, proof="studio")
    whole = published(studio)
    # The newest of several counts.
    for lists in ([whole], [whole, before], [part, whole]):
        report = far_away(studio, picture, lists, scope="publish.web")
        assert (report.verdict, report.consent_now.code) == (Verdict.FAILED, ConsentCode.WITHDRAWN)


def test_a_consent_that_runs_out_says_so(studio: Studio, tmp_path: Path) -> None:
    until = studio.clock.now().date() + timedelta(days=1)
    code = record_consent(studio, until=until).code
    path = stamped(studio, draw_jpeg(tmp_path / "c.jpg"), tmp_path / "d.jpg", code=code)
    assert answers(studio, path).consent is Answer.YES
    assert isinstance(studio.clock, FixedClock)
    studio.clock.advance(days=3)
    found = answers(studio, path)
    assert (found.consent, found.publications[Scope.PUBLISH_WEB]) == (Answer.ENDED, Answer.ENDED)
    report = far_away(studio, path, [published(studio)])
    assert report.consent_now.code == ConsentCode.EXPIRED


def test_what_holds_within_bounds_only_is_left_to_the_studio(studio: Studio, tmp_path: Path) -> None:
    code = record_consent(studio, territory=["DE"]).code
    path = stamped(studio, draw_jpeg(tmp_path / "c.jpg"), tmp_path / "d.jpg", code=code)
    found = answers(studio, path)
    assert (found.consent, found.publications[Scope.PUBLISH_WEB]) == (Answer.YES, Answer.ASK)
    report = far_away(studio, path, [published(studio)], scope="publish.web")
    assert (report.verdict, report.consent_now.code) == (Verdict.INDETERMINATE, ConsentCode.UNKNOWN)


def test_of_several_people_the_worst_answer_counts(studio: Studio, recorded: Recorded, tmp_path: Path) -> None:
    other = record_consent(studio, permit=["capture"])
    both = (recorded.code, other.code)
    path = stamped(studio, draw_jpeg(tmp_path / "c.jpg"), tmp_path / "d.jpg", code=both)
    found = answers(studio, path)
    assert (found.consent, found.publications[Scope.PUBLISH_WEB]) == (Answer.YES, Answer.NO)
    ConsentDesk(studio, open_keys(studio)).withdraw(other, scopes=None, proof="studio")
    assert answers(studio, path).consent is Answer.NO


def test_a_revoked_stamp_is_told(studio: Studio, picture: Path) -> None:
    revocations = RevocationDesk(open_keys(studio))
    revocations.revoke(revocations.find(picture))
    assert answers(studio, picture).stamp is Answer.NO
    report = far_away(studio, picture, [published(studio)])
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, "revoked")
    assert report.reason.endswith("says that it revoked the stamp: it no longer stands by what it says.")
    assert "stamp-revoked" in codes(report)


def test_a_picture_of_nobody_needs_no_consent_and_can_be_revoked(studio: Studio, tmp_path: Path) -> None:
    source = draw_jpeg(tmp_path / "g.jpg")
    path = stamped(studio, source, tmp_path / "h.jpg", declaration="ai-generated", code=None)
    found = answers(studio, path)
    assert (found.consent, set(found.publications.values()), found.stamp) == (Answer.ASK, {Answer.ASK}, Answer.YES)
    assert far_away(studio, path, [published(studio)]).consent_now.code == ConsentCode.NOT_NEEDED
    revocations = RevocationDesk(open_keys(studio))
    revocations.revoke(revocations.find(path))
    assert far_away(studio, path, [published(studio)]).credential.code == "revoked"


@pytest.mark.parametrize(
    ("declaration", "withdrawn", "expected"),
    [
        ("ai-generated", [Scope.AI_GENERATE], Answer.NO),
        ("ai-generated", [Scope.CAPTURE], Answer.YES),
        ("camera", [Scope.AI_GENERATE], Answer.YES),
        ("camera", [Scope.CAPTURE], Answer.NO),
    ],
)
def test_only_what_a_stamp_rests_on_ends_it(
    studio: Studio, tmp_path: Path, declaration: str, withdrawn: list[Scope], expected: Answer
) -> None:
    recorded = record_ai_consent(studio)
    source = draw_jpeg(tmp_path / "g.jpg")
    path = stamped(studio, source, tmp_path / "h.jpg", declaration=declaration, code=recorded.code)
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=withdrawn, proof="studio")
    assert answers(studio, path).consent is expected


@pytest.mark.parametrize(
    ("withdrawn", "expected"), [([Scope.AI_GENERATE], Answer.ASK), (None, Answer.NO), ([], Answer.YES)]
)
def test_a_copy_rests_on_what_its_original_did_which_is_not_kept(
    studio: Studio, tmp_path: Path, withdrawn: list[Scope] | None, expected: Answer
) -> None:
    from provenance.stamping import Making

    recorded = record_ai_consent(studio)
    original = stamped(studio, draw_jpeg(tmp_path / "g.jpg"), tmp_path / "h.jpg", code=recorded.code)
    copy = draw_jpeg(tmp_path / "small.jpg", size=(40, 30))
    making = Making(parent=original)
    path = stamped(studio, copy, tmp_path / "i.jpg", declaration="derivative", code=recorded.code, making=making)
    if withdrawn != []:
        ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=withdrawn, proof="studio")
    assert answers(studio, path).consent is expected


def test_a_list_is_logged_before_anybody_sees_it(studio: Studio, picture: Path) -> None:
    signed = sign(studio)
    row = studio.database.entry(signed.entry)
    assert row is not None
    assert parse_entry(row.body) == StatusListEntry(
        studio.clock.now().replace(second=0, microsecond=0), 0, sha256(signed.token)
    )
    assert signed.stamps == 1


def test_without_a_stamp_there_is_no_list(studio: Studio, recorded: Recorded) -> None:
    before = studio.database.head().size
    assert StatusListDesk(open_keys(studio)).sign() == []
    assert studio.database.head().size == before


@pytest.mark.parametrize(("hours", "told"), [(47, True), (48, False), (-1, False)])
def test_an_old_list_says_nothing(studio: Studio, picture: Path, hours: int, told: bool) -> None:
    report = far_away(studio, picture, [published(studio)], hours=hours)
    assert report.consent_now.code == (ConsentCode.IN_FORCE if told else ConsentCode.UNKNOWN)
    assert ("status-stale" in codes(report)) is not told


def test_a_stamp_that_is_newer_than_the_list_is_left_to_the_studio(
    studio: Studio, recorded: Recorded, picture: Path, tmp_path: Path
) -> None:
    listed = published(studio)
    newer = stamped(studio, draw_jpeg(tmp_path / "c.jpg", seed=5), tmp_path / "d.jpg", code=recorded.code)
    report = far_away(studio, newer, [listed])
    assert report.consent_now.code == ConsentCode.UNKNOWN
    assert report.consent_now.sentence.endswith(
        "leaves it to the studio to say whether the consent covers what the stamp rests on."
    )


def test_a_list_of_another_studio_or_number_is_not_used(studio: Studio, picture: Path, tmp_path: Path) -> None:
    listed = published(studio)
    with closing(make_studio(tmp_path / "other", clock=studio.clock)) as other:
        code = record_consent(other).code
        stamped(other, draw_jpeg(tmp_path / "c.jpg"), tmp_path / "d.jpg", code=code)
        theirs = published(other)
    for strange in (
        theirs,
        dataclasses.replace(theirs, log_origin=listed.log_origin),
        dataclasses.replace(listed, log_origin=theirs.log_origin),
        dataclasses.replace(listed, number=1),
    ):
        report = far_away(studio, picture, [strange])
        assert (report.consent_now.code, "status-other" in codes(report)) == (ConsentCode.UNKNOWN, True)
    assert far_away(studio, picture, [theirs, listed]).consent_now.code == ConsentCode.IN_FORCE


def test_the_studio_itself_knows_better_than_its_list(studio: Studio, recorded: Recorded, picture: Path) -> None:
    listed = published(studio)
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="studio")
    report = verify_file(
        picture,
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        source=StudioStatus(studio),
        status_lists=[listed],
    )
    assert report.consent_now.code == ConsentCode.WITHDRAWN
