"""One photograph from a real camera: consent, stamp, check, withdrawal; asked inside the studio and by strangers."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.shared import shared
from support.studios import STUDIO_NAME, FixedClock, make_studio, open_keys, record_consent, stamp_file, stamped

from provenance import schemas
from provenance.clock import to_seconds
from provenance.consent.scopes import Scope
from provenance.picture import read_picture
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStatus
from provenance.verification import Question, Report, Verdict, verify_file
from provenance_cli.main import run

DAYS = 30
HOUR = timedelta(hours=1)

PASSED = "Intact, from an issuer whom you trust, in the ledger, and with consent to {use}."
STRANGER = f"Nothing has changed since it was issued, but it cannot be confirmed who {STUDIO_NAME} is."
NOBODY_ASKED = "Whether the consent still stands is not known, as nobody who holds it was asked."


@dataclass(frozen=True)
class Shoot:
    """One studio on one day, with a consent for a month in two countries that stands, and one that was withdrawn.

    Attributes:
        studio: under a clock that stands an hour behind the withdrawals.
        clock: its clock.
        source: as it came from the camera.
        standing: a consent, and `kept` the stamp that rests on it.
        withdrawn: another, withdrawn two hours after `gone` was stamped with it.
        partly: another, of which the web was withdrawn then; `shown` rests on it.
        stamped_at: when the pictures were stamped.
    """

    studio: Studio
    clock: FixedClock
    source: Path
    standing: Recorded
    kept: Path
    withdrawn: Recorded
    gone: Path
    partly: Recorded
    shown: Path
    stamped_at: datetime


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shoot]:
    folder = tmp_path_factory.mktemp("shoot")
    source = folder / "IMG_0001.jpg"
    shutil.copyfile(shared("photos", "cameras", "HMD_Nokia_8.3_5G.jpg"), source)
    clock = FixedClock()
    with closing(make_studio(folder / "studio", clock=clock)) as studio:
        until = clock.now().date() + timedelta(days=DAYS)
        consents = [record_consent(studio, until=until, territory=["DE", "AT"]) for _ in range(3)]
        paths = [
            stamped(studio, source, folder / f"{number}.jpg", code=consent.code)
            for number, consent in enumerate(consents)
        ]
        stamped_at = clock.now()
        clock.advance(hours=2)
        desk = ConsentDesk(studio, open_keys(studio))
        desk.withdraw(consents[1], scopes=None, proof="receipt-secret")
        desk.withdraw(consents[2], scopes=[Scope.PUBLISH_WEB], proof="studio")
        clock.advance(hours=1)
        yield Shoot(
            studio,
            clock,
            source,
            consents[0],
            paths[0],
            consents[1],
            paths[1],
            consents[2],
            paths[2],
            stamped_at,
        )


def asked(
    shoot: Shoot, path: Path, scope: Scope | None = None, territory: str | None = None, at: datetime | None = None
) -> Report:
    """Verify a file inside the studio."""
    report = verify_file(
        path,
        question=Question(at or shoot.clock.now(), scope, territory),
        anchors=[shoot.studio.anchors()],
        known_logs=[shoot.studio.log_key],
        source=StudioStatus(shoot.studio),
    )
    schemas.validate(json.loads(json.dumps(report.to_json())), "verification-report")
    return report


def consents(report: Report) -> tuple[str, str, str | None]:
    return report.consent_then.code, report.consent_now.code, report.consent_basis


def check_intact(report: Report) -> None:
    """Check what holds of a stamped picture, whatever became of its consent."""
    assert (report.origin.code, report.history.code, report.ledger.code) == ("camera-declared", "clean", "proven")
    assert report.origin.sentence == f"{STUDIO_NAME} states that this was taken with a camera."
    assert (report.time.code, report.label_required) == ("stated", False)


# --- the stamp


def test_stamping_leaves_the_picture_and_the_source_as_they_were(shoot: Shoot) -> None:
    before = shared("photos", "cameras", "HMD_Nokia_8.3_5G.jpg").read_bytes()
    assert shoot.source.read_bytes() == before
    assert read_picture(shoot.kept.read_bytes()).digest == read_picture(before).digest


def test_a_second_stamp_of_the_same_picture_is_the_first(shoot: Shoot, tmp_path: Path) -> None:
    # In a studio of its own, as in the other one the picture lies under a consent that was withdrawn, too.
    with closing(make_studio(tmp_path / "studio")) as studio:
        code = record_consent(studio).code
        path = stamped(studio, shoot.source, tmp_path / "stamped.jpg", code=code)
        before = path.read_bytes()
        assert stamp_file(studio, shoot.source, path, code=code).outcome == "already-stamped"
        assert path.read_bytes() == before


def test_another_consent_does_not_free_a_picture_from_one_that_was_withdrawn(shoot: Shoot, tmp_path: Path) -> None:
    result = stamp_file(shoot.studio, shoot.source, tmp_path / "freed.jpg", code=shoot.standing.code)
    assert (result.outcome, result.code) == ("refused", "consent-earlier")
    expected = f"this picture was stamped under consent {shoot.withdrawn.code}, which another cannot replace"
    assert result.message == expected
    assert not (tmp_path / "freed.jpg").exists()


def test_the_stamp_names_nobody(shoot: Shoot) -> None:
    data = shoot.kept.read_bytes()
    for secret in ("Zoë Ångström", "zoe@example.org", shoot.standing.code, shoot.standing.record.record_id):
        assert secret.encode() not in data


# --- inside the studio


def test_the_studio_finds_its_own_stamp_right(shoot: Shoot) -> None:
    for scope in (None, Scope.CAPTURE, Scope.PUBLISH_WEB):
        report = asked(shoot, shoot.kept, scope)
        assert (report.verdict, report.reason) == (Verdict.PASSED, PASSED.format(use=scope or "capture"))
        assert report.credential.code == "trusted"
        assert consents(report) == ("in-force", "in-force", "studio")
        check_intact(report)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        (Scope.MINE, "Nothing was decided on mine, and silence is not permission."),
        (Scope.AI_TRAIN, "The grant ai.train says deny."),
    ],
)
def test_a_use_that_was_never_permitted_fails(shoot: Shoot, scope: Scope, reason: str) -> None:
    report = asked(shoot, shoot.kept, scope)
    assert (report.verdict, report.reason) == (Verdict.FAILED, reason)
    assert consents(report) == ("in-force", "limited", "studio")
    check_intact(report)


@pytest.mark.parametrize("territory", ["DE", "AT"])
def test_a_use_in_a_country_that_was_permitted_passes(shoot: Shoot, territory: str) -> None:
    assert asked(shoot, shoot.kept, Scope.PUBLISH_WEB, territory).verdict is Verdict.PASSED


@pytest.mark.parametrize("territory", ["FR", "WORLD"])
def test_a_use_in_another_country_fails(shoot: Shoot, territory: str) -> None:
    report = asked(shoot, shoot.kept, Scope.PUBLISH_WEB, territory)
    reason = f"The grant publish.web is for DE, AT, not for {territory}."
    assert (report.verdict, report.reason) == (Verdict.FAILED, reason)
    assert consents(report) == ("in-force", "limited", "studio")


def test_a_consent_ends_with_its_last_day(shoot: Shoot) -> None:
    last = shoot.stamped_at.date() + timedelta(days=DAYS)
    evening = datetime.combine(last, time(23, 59, 59), UTC)
    assert asked(shoot, shoot.kept, at=evening).verdict is Verdict.PASSED
    for at in (evening + timedelta(seconds=1), evening + timedelta(days=400)):
        report = asked(shoot, shoot.kept, at=at)
        assert (report.verdict, report.reason) == (Verdict.FAILED, f"The grant capture ended on {last}.")
        assert consents(report) == ("in-force", "expired", "studio")
        check_intact(report)


def test_before_it_was_given_nothing_is_known_of_a_consent(shoot: Shoot) -> None:
    report = asked(shoot, shoot.kept, at=shoot.stamped_at - timedelta(days=1))
    assert (report.verdict, report.reason) == (
        Verdict.INDETERMINATE,
        "No consent had been given at that time.",
    )
    assert consents(report) == ("in-force", "unknown", "studio")


def test_a_withdrawn_consent_fails_and_was_in_force_when_the_picture_was_stamped(shoot: Shoot) -> None:
    day = (shoot.stamped_at + 2 * HOUR).date()
    for scope in (None, Scope.CAPTURE, Scope.PUBLISH_WEB, Scope.MINE):
        report = asked(shoot, shoot.gone, scope)
        assert (report.verdict, report.reason) == (Verdict.FAILED, f"The consent was withdrawn on {day}.")
        assert report.credential.code == "trusted"
        assert consents(report) == ("in-force", "withdrawn", "studio")
        assert report.consent_now.facts["since"] == (shoot.stamped_at + 2 * HOUR).isoformat()
        check_intact(report)


def test_before_its_withdrawal_a_consent_was_in_force(shoot: Shoot) -> None:
    moment = shoot.stamped_at + 2 * HOUR
    before = asked(shoot, shoot.gone, at=moment - timedelta(seconds=1))
    assert (before.verdict, consents(before)) == (Verdict.PASSED, ("in-force", "in-force", "studio"))
    after = asked(shoot, shoot.gone, at=moment)
    assert (after.verdict, consents(after)) == (Verdict.FAILED, ("in-force", "withdrawn", "studio"))


def test_what_was_withdrawn_in_part_stands_for_the_rest(shoot: Shoot) -> None:
    day = (shoot.stamped_at + 2 * HOUR).date()
    assert asked(shoot, shoot.shown, Scope.CAPTURE).verdict is Verdict.PASSED
    report = asked(shoot, shoot.shown, Scope.PUBLISH_WEB)
    assert (report.verdict, report.reason) == (Verdict.FAILED, f"The grant publish.web was withdrawn on {day}.")
    assert consents(report) == ("in-force", "withdrawn", "studio")


def test_the_withdrawal_of_one_consent_leaves_the_others(shoot: Shoot) -> None:
    assert asked(shoot, shoot.kept).verdict is Verdict.PASSED


def test_a_picture_whose_consent_does_not_stand_is_not_stamped_again(shoot: Shoot, tmp_path: Path) -> None:
    result = stamp_file(shoot.studio, shoot.source, tmp_path / "again.jpg", code=shoot.withdrawn.code)
    assert (result.outcome, result.code) == ("refused", "consent-withdrawn")
    assert not (tmp_path / "again.jpg").exists()


def test_a_picture_whose_consent_has_ended_is_not_stamped(shoot: Shoot, tmp_path: Path) -> None:
    # A studio of its own, as its clock is set forward; certificates are judged by the computer's.
    clock = FixedClock()
    with closing(make_studio(tmp_path / "studio", clock=clock)) as studio:
        consent = record_consent(studio, until=clock.now().date())
        clock.advance(days=1)
        result = stamp_file(studio, shoot.source, tmp_path / "late.jpg", code=consent.code)
        assert (result.outcome, result.code) == ("refused", "consent-expired")
        last = clock.now().date() - timedelta(days=1)
        assert result.message == f"consent {consent.code}: the grant capture ended on {last}"


# --- strangers


def as_stranger(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, Any]:
    """Verify a file from a folder without a studio; return the exit code and the document."""
    code = run(["verify", str(path), "--json", *options])
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    schemas.validate(document, "verification-report")
    return code, document


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a studio, to be in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROVENANCE_STUDIO", raising=False)
    return tmp_path


@pytest.fixture
def trust_file(shoot: Shoot, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = elsewhere / "studio.pem"
    assert run(["trust", "export", "-o", str(path), "--studio", str(shoot.studio.path)]) == 0
    capsys.readouterr()
    return path


@pytest.mark.usefixtures("elsewhere")
def test_a_stranger_reads_intact_and_issuer_not_recognised(shoot: Shoot, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = as_stranger(capsys, shoot.kept)
    assert (code, document["verdict"], document["reason"]) == (3, "INDETERMINATE", STRANGER)
    assert (document["credential"]["code"], document["credential"]["issuer"]) == ("valid", STUDIO_NAME)
    assert (document["origin"]["code"], document["ledger"]["code"]) == ("camera-declared", "proven")
    consent = document["consent"]
    assert (consent["then"]["code"], consent["now"]["code"], consent["basis"]) == ("in-force", "unknown", "sealed")
    expected = "The studio states, and logged, that a signed consent (drawn) covered capture."
    assert consent["then"]["sentence"] == expected
    assert consent["now"]["sentence"] == NOBODY_ASKED
    assert [finding["code"] for finding in document["findings"]] == ["signingCredential.untrusted", "log-key-unpinned"]


def test_whoever_trusts_the_studio_reads_its_name_and_that_the_consent_is_open(
    shoot: Shoot, trust_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = as_stranger(capsys, shoot.kept, "--trust", str(trust_file))
    assert (code, document["verdict"], document["reason"]) == (3, "INDETERMINATE", NOBODY_ASKED)
    assert (document["credential"]["code"], document["ledger"]["code"]) == ("trusted", "proven")
    consent = document["consent"]
    assert (consent["then"]["code"], consent["now"]["code"], consent["basis"]) == ("in-force", "unknown", "sealed")
    assert [finding["code"] for finding in document["findings"]] == ["revocation-not-checked"]


def test_a_stranger_does_not_learn_of_a_withdrawal_and_is_not_told_that_all_is_well(
    shoot: Shoot, trust_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = as_stranger(capsys, shoot.gone, "--trust", str(trust_file), "--for", "publish.web")
    assert (code, document["consent"]["now"]["code"]) == (3, "unknown")


def test_the_trust_file_of_another_studio_recognises_nobody(
    shoot: Shoot, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(make_studio(elsewhere / "other", name=STUDIO_NAME)):
        assert run(["trust", "export", "-o", "other.pem", "--studio", "other"]) == 0
    capsys.readouterr()
    code, document = as_stranger(capsys, shoot.kept, "--trust", "other.pem")
    assert (code, document["credential"]["code"], document["ledger"]["code"]) == (3, "valid", "proven")
    assert document["reason"] == STRANGER
    assert "log-key-unpinned" in [finding["code"] for finding in document["findings"]]


def test_another_studio_does_not_answer_for_a_consent_that_it_does_not_hold(
    shoot: Shoot, elsewhere: Path, capsys: pytest.CaptureFixture[str], trust_file: Path
) -> None:
    with closing(make_studio(elsewhere / "other")):
        pass
    code, document = as_stranger(capsys, shoot.kept, "--trust", str(trust_file), "--studio", "other")
    assert (code, document["credential"]["code"], document["ledger"]["code"]) == (3, "trusted", "proven")
    consent = document["consent"]
    assert (consent["then"]["code"], consent["now"]["code"], consent["basis"]) == ("in-force", "not-found", "sealed")


@pytest.mark.parametrize(
    ("options", "code", "now"),
    [
        ([], 0, "in-force"),
        (["--for", "publish.web"], 0, "in-force"),
        (["--for", "publish.web", "--territory", "de"], 0, "in-force"),
        (["--for", "publish.web", "--territory", "fr"], 1, "limited"),
        (["--for", "mine"], 1, "limited"),
        (["--at", "2999-01-01"], 1, "expired"),
    ],
)
def test_the_command_asks_the_studio_the_same(
    shoot: Shoot, options: list[str], code: int, now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, document = as_stranger(capsys, shoot.kept, "--studio", str(shoot.studio.path), *options)
    assert (found, document["consent"]["now"]["code"]) == (code, now)


@pytest.mark.parametrize(("hours", "code"), [(1, 0), (3, 1)])
def test_the_command_judges_a_withdrawal_for_the_time_that_is_asked_about(
    shoot: Shoot, hours: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    at = to_seconds(shoot.stamped_at + hours * HOUR)
    found, document = as_stranger(capsys, shoot.gone, "--studio", str(shoot.studio.path), "--at", at)
    assert (found, document["checked_at"]) == (code, at)
    assert document["consent"]["then"]["code"] == "in-force"
