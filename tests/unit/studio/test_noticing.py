"""Notices on top of stamps: what a file says of itself when it is checked far away from the studio."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from support.examples import EXAMPLES
from support.pictures import draw_jpeg, with_changed_pixels
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamp_file, stamped

from provenance.clock import to_minutes
from provenance.consent.status import ConsentCode
from provenance.credentials.notices import Notice
from provenance.credentials.reading import read_credential
from provenance.credentials.signing import sign_update
from provenance.errors import InputError, RefusedError
from provenance.picture import STAMPABLE, PictureFormat, read_picture
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStatus
from provenance.studio.noticing import NoticeDesk
from provenance.studio.revoking import RevocationDesk
from provenance.studio.stamped import UPDATABLE
from provenance.verification import Question, Report, verify_file
from provenance.verification.report import CredentialCode, Verdict


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


def withdraw(studio: Studio, recorded: Recorded) -> None:
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="studio")


def desk(studio: Studio) -> NoticeDesk:
    unlocked = open_keys(studio)
    return NoticeDesk(unlocked, signer=unlocked.claim_signer())


def noticed(studio: Studio, path: Path) -> Path:
    data = desk(studio).tell(path).data
    assert data is not None
    told = path.with_name(f"told-{path.name}")
    told.write_bytes(data)
    return told


def far_away(studio: Studio, path: Path) -> Report:
    """Check a file as somebody who trusts the studio and cannot ask it."""
    return verify_file(
        path, question=Question(studio.clock.now()), anchors=[studio.anchors()], known_logs=[studio.log_key]
    )


def test_a_withdrawal_is_learned_from_the_file_alone(studio: Studio, recorded: Recorded, picture: Path) -> None:
    before = far_away(studio, picture)
    assert (before.verdict, before.consent_now.code) == (Verdict.INDETERMINATE, ConsentCode.UNKNOWN)
    withdraw(studio, recorded)
    told = noticed(studio, picture)
    report = far_away(studio, told)
    day = studio.clock.now().date()
    assert (report.verdict, report.consent_now.code) == (Verdict.FAILED, ConsentCode.WITHDRAWN)
    assert report.consent_now.sentence == f"The studio says in the file that the consent was withdrawn on {day}."
    # Everything else is as it was.
    assert (report.credential.code, report.origin, report.ledger, report.consent_then, report.history.code) == (
        before.credential.code,
        before.origin,
        before.ledger,
        before.consent_then,
        before.history.code,
    )
    assert read_picture(told.read_bytes()).digest == read_picture(picture.read_bytes()).digest


def test_a_revocation_is_learned_from_the_file_alone(studio: Studio, picture: Path) -> None:
    revocations = RevocationDesk(open_keys(studio))
    revocations.revoke(revocations.find(picture))
    report = far_away(studio, noticed(studio, picture))
    day = studio.clock.now().date()
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, CredentialCode.REVOKED)
    assert report.reason == (
        f"The studio says in the file that it revoked the stamp on {day}: it no longer stands by what it says."
    )
    assert "stamp-revoked" in [finding.code for finding in report.findings]


@pytest.mark.parametrize("kind", [kind for kind in PictureFormat if kind in UPDATABLE])
def test_others_find_a_file_with_a_notice_whole(
    studio: Studio, recorded: Recorded, tmp_path: Path, kind: PictureFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CONFIG_DIR": str(tmp_path), "TELEMETRY": "off", "ONLINE": "off"}.items():
        monkeypatch.setenv(f"ENCYPHER_C2PA_{name}", value)
    source = tmp_path / "source"
    source.write_bytes(EXAMPLES[kind])
    path = stamped(studio, source, tmp_path / "stamped", code=recorded.code)
    withdraw(studio, recorded)
    data = noticed(studio, path).read_bytes()
    report = encypher_c2pa.verify(
        data,
        mime_type=kind.media_type,
        trust_pem=studio.anchors().pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert (report["validation_state"], report["validation_results"]["failure"]) == ("Trusted", [])
    assert far_away(studio, tmp_path / "told-stamped").consent_now.code == ConsentCode.WITHDRAWN


@pytest.mark.parametrize("kind", [kind for kind in PictureFormat if kind in STAMPABLE - UPDATABLE])
def test_what_an_update_would_break_is_refused(
    studio: Studio, recorded: Recorded, tmp_path: Path, kind: PictureFormat
) -> None:
    source = tmp_path / "source"
    source.write_bytes(EXAMPLES[kind])
    path = stamped(studio, source, tmp_path / "stamped", code=recorded.code)
    withdraw(studio, recorded)
    message = f"stamped: expected a jpeg or png file, got {kind.media_type}: no notice fits into it"
    with refused(RefusedError, message, code="notice-format", hint="take this copy out of use"):
        desk(studio).tell(path)


def test_the_same_is_told_once_and_a_later_event_on_top(studio: Studio, recorded: Recorded, picture: Path) -> None:
    withdraw(studio, recorded)
    told = noticed(studio, picture)
    again = desk(studio).tell(told)
    at = to_minutes(studio.clock.now())
    assert (again.notice, again.data) == (Notice("consent-withdrawn", at), None)
    revocations = RevocationDesk(open_keys(studio))
    # A stamp is found behind its notices.
    revocations.revoke(revocations.find(told))
    twice = noticed(studio, told)
    report = far_away(studio, twice)
    assert (report.credential.code, report.consent_now.code) == (CredentialCode.REVOKED, ConsentCode.WITHDRAWN)
    data = twice.read_bytes()
    store = read_picture(data).store
    credential = read_credential(data, "image/jpeg", anchors=[studio.anchors()], store=store)
    assert [notice["says"] for notice in credential.notices] == ["stamp-revoked", "consent-withdrawn"]


def test_who_can_be_asked_answers_before_a_notice(studio: Studio, recorded: Recorded, picture: Path) -> None:
    unlocked = open_keys(studio)
    data = picture.read_bytes()
    notice = Notice("consent-withdrawn", to_minutes(studio.clock.now()))
    picture.write_bytes(
        sign_update(data, "image/jpeg", notice.to_definition("image/jpeg"), signer=unlocked.claim_signer())
    )
    report = verify_file(
        picture,
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        source=StudioStatus(studio),
    )
    assert (report.verdict, report.consent_now.code) == (Verdict.PASSED, ConsentCode.IN_FORCE)


def test_nobody_else_speaks_for_a_stamp(studio: Studio, picture: Path, tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "other", name="Other", clock=studio.clock)) as other:
        signer = open_keys(other).claim_signer()
        notice = Notice("consent-withdrawn", to_minutes(studio.clock.now()))
        data = sign_update(picture.read_bytes(), "image/jpeg", notice.to_definition("image/jpeg"), signer=signer)
        told = tmp_path / "told.jpg"
        told.write_bytes(data)
        both = verify_file(
            told, question=Question(studio.clock.now()), anchors=[studio.anchors(), other.anchors()], known_logs=[]
        )
    # It is theirs now, and they have no consent to speak of.
    assert (both.consent_now.code, both.consent_then.code) == (ConsentCode.NOT_LINKED, ConsentCode.NOT_LINKED)
    assert both.credential.facts["issuer"] == "Other"


def test_a_picture_with_a_notice_is_changed_no_more_than_another(
    studio: Studio, recorded: Recorded, picture: Path
) -> None:
    withdraw(studio, recorded)
    told = noticed(studio, picture)
    told.write_bytes(with_changed_pixels(told.read_bytes()))
    report = far_away(studio, told)
    assert report.verdict is Verdict.FAILED
    assert report.history.code == "damaged" or report.credential.code == CredentialCode.INVALID


def test_a_stamp_that_stands_has_nothing_to_tell(studio: Studio, picture: Path) -> None:
    message = "b.jpg: there is nothing to tell: the stamp stands as it was made"
    with refused(RefusedError, message, code="notice-none"):
        desk(studio).tell(picture)


def test_what_is_not_this_studios_is_refused(studio: Studio, picture: Path, tmp_path: Path) -> None:
    see = "see what it says: provenance verify {}"
    bare = tmp_path / "a.jpg"
    message = "a.jpg: the file carries no content credentials"
    with refused(RefusedError, message, code="stamp-missing", hint=see.format(bare)):
        desk(studio).tell(bare)
    with closing(make_studio(tmp_path / "other", clock=studio.clock)) as other:
        theirs = tmp_path / "theirs.jpg"
        stamp_file(other, draw_jpeg(tmp_path / "c.jpg", seed=4), theirs, code=record_consent(other).code)
    message = "theirs.jpg: its credential is not intact, or not issued by this studio"
    with refused(RefusedError, message, code="stamp-missing", hint=see.format(theirs)):
        desk(studio).tell(theirs)
    (tmp_path / "text.jpg").write_text("a text")
    with pytest.raises(InputError, match=r"^text\.jpg: "):
        desk(studio).tell(tmp_path / "text.jpg")


@pytest.mark.parametrize(
    "data",
    [{}, {"v": 2}, {"v": True}, {"v": 1, "says": "fine", "at": "2026-11-27T17:00Z"}, {"v": 1, "says": "stamp-revoked"}],
)
def test_what_is_no_notice_is_refused(data: dict[str, Any]) -> None:
    with refused(InputError, "notice: expected version 1, what it says, and when"):
        Notice.from_json(data)
