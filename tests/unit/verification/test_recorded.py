"""A picture without a credential, of which a stamp is on record: it is it or looks like it, and never PASSED."""

import dataclasses
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.pictures import draw_scene, with_segment
from support.studios import make_studio, open_keys, record_consent, stamped

from provenance.errors import InputError, MissingExtraError, ProvenanceError
from provenance.schemas import validate
from provenance.studio import Studio, StudioStatus
from provenance.studio.finding import StampFinder
from provenance.studio.fingerprints import keep_fingerprints
from provenance.studio.revoking import RevocationDesk
from provenance.verification import Question, RecordedStamp, Report, Verdict, verify_file
from provenance.verification.report import Axis

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
SAME = RecordedStamp(7, AT, "camera", revoked=False, distance=None)


@dataclass
class Records:
    """Says what it is told to, and remembers what it was asked."""

    answer: RecordedStamp | ProvenanceError | None
    asked: list[bytes] = field(default_factory=list)

    def recover(self, data: bytes) -> RecordedStamp | None:
        self.asked.append(data)
        if isinstance(self.answer, ProvenanceError):
            raise self.answer
        return self.answer


def encoded(image: Image.Image, quality: int = 70) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()


PICTURE = encoded(draw_scene())
WITHOUT = verify_file(Path("a.jpg"), question=Question(AT), data=PICTURE)


def check(records: Records | StampFinder, data: bytes = PICTURE) -> Report:
    report = verify_file(Path("a.jpg"), question=Question(AT), data=data, records=records)
    validate(report.to_json(), "verification-report")
    return report


def only_credential_differs(report: Report) -> bool:
    """Tell whether a report says of everything else what it says where nobody is asked."""
    same: dict[str, Any] = {"credential": WITHOUT.credential, "reason": WITHOUT.reason, "sha256": WITHOUT.sha256}
    return dataclasses.replace(report, **same) == WITHOUT


def test_the_very_picture_is_recovered() -> None:
    report = check(Records(SAME))
    assert report.credential == Axis(
        "recovered",
        "Credential missing, record found",
        "No credential is in this file, but its picture data are the very ones of entry 7 of your ledger, stamped as "
        "camera on 2026-11-27.",
        {
            "record": {
                "match": "same", "entry": 7, "at": "2026-11-27T12:00Z", "as": "camera", "revoked": False,
                "distance": None,
            }
        },
    )  # fmt: skip
    assert (report.verdict, report.reason) == (Verdict.INDETERMINATE, report.credential.sentence)
    assert only_credential_differs(report)


def test_a_lookalike_is_a_lead() -> None:
    report = check(Records(dataclasses.replace(SAME, distance=12)))
    assert (report.credential.code, report.credential.headline) == (
        "recovered",
        "Credential missing, lookalike on record",
    )
    assert report.credential.sentence == (
        "No credential is in this file. It looks like the picture of entry 7 of your ledger, stamped as camera on "
        "2026-11-27: a lead, not proof."
    )
    record = report.credential.facts["record"]
    assert isinstance(record, dict)
    assert (record["match"], record["distance"]) == ("alike", 12)
    assert report.verdict is Verdict.INDETERMINATE
    assert only_credential_differs(report)


@pytest.mark.parametrize("distance", [None, 3])
def test_a_stamp_that_was_revoked_is_said_to_be(distance: int | None) -> None:
    report = check(Records(dataclasses.replace(SAME, revoked=True, distance=distance)))
    assert report.credential.sentence.endswith(" That stamp was revoked since.")
    assert report.verdict is Verdict.INDETERMINATE


def test_where_nothing_is_on_record_nothing_changes() -> None:
    assert check(Records(None)) == WITHOUT


@pytest.mark.parametrize("error", [InputError("it cannot be decoded"), MissingExtraError("recovery: needs a library")])
def test_where_looks_could_not_be_asked_that_is_told(error: ProvenanceError) -> None:
    report = check(Records(error))
    assert report.credential == WITHOUT.credential
    assert [(finding.step, finding.code, finding.message) for finding in report.findings] == [
        (1, "record-not-asked", f"the studio's fingerprints could not be asked: {error}")
    ]


def test_only_a_whole_picture_without_a_credential_is_asked_about(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "studio")) as studio:
        source = tmp_path / "a.jpg"
        source.write_bytes(PICTURE)
        out = stamped(studio, source, tmp_path / "b.jpg", code=record_consent(studio).code)
        data = out.read_bytes()
    records = Records(SAME)
    for other in (data, data[: len(data) // 2], PICTURE[:-300], b"", b"no picture"):
        assert check(records, other).credential.code != "recovered"
    assert records.asked == []


# --- a studio's own records


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio")) as made:
        keep_fingerprints(made)
        source = tmp_path / "a.jpg"
        source.write_bytes(PICTURE)
        stamped(made, source, tmp_path / "b.jpg", code=record_consent(made).code)
        yield made


def told(report: Report) -> tuple[object, object]:
    record = report.credential.facts.get("record")
    return (report.credential.code, record["entry"]) if isinstance(record, dict) else (report.credential.code, None)


def test_a_studio_recovers_its_own_pictures(studio: Studio) -> None:
    finder = StampFinder(studio)
    assert check(finder).credential.headline == "Credential missing, record found"
    captioned = check(finder, with_segment(PICTURE, 0xFE, b"caption"))
    assert captioned.credential.headline == "Credential missing, record found"
    small = check(finder, encoded(draw_scene().resize((200, 300))))
    assert small.credential.headline == "Credential missing, lookalike on record"
    assert told(small) == ("recovered", 3)
    assert check(finder, with_segment(encoded(draw_scene(seed=3)), 0xFE, b"x")).credential.code == "none"


def test_the_newest_stamp_that_the_studio_stands_by_is_the_one(studio: Studio, tmp_path: Path) -> None:
    recorded = record_consent(studio)
    unlocked = open_keys(studio)
    for number in range(2):
        stamped(studio, tmp_path / "a.jpg", tmp_path / f"{number}.jpg", code=recorded.code, tool=f"Camera/{number}")
    assert told(check(StampFinder(studio))) == ("recovered", 7)
    RevocationDesk(unlocked).revoke(7)
    assert told(check(StampFinder(studio))) == ("recovered", 6)
    for entry in (3, 6):
        RevocationDesk(unlocked).revoke(entry)
    assert "That stamp was revoked since." in check(StampFinder(studio)).credential.sentence


def test_it_never_passes_whatever_else_is_known(studio: Studio) -> None:
    report = verify_file(
        Path("a.jpg"),
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
        source=StudioStatus(studio),
        records=StampFinder(studio),
        data=PICTURE,
    )
    assert (report.verdict, report.credential.code) == (Verdict.INDETERMINATE, "recovered")
    assert (report.consent_now.code, report.ledger.code, report.origin.code) == ("not-linked", "absent", "unknown")
