"""One picture of several people: it rests on the consent of each, and none of them can be dropped from it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest
from support.pictures import draw_jpeg, draw_png
from support.refusals import refused
from support.studios import (
    FixedClock,
    make_studio,
    open_keys,
    record_ai_consent,
    record_consent,
    stamp_file,
    stamped,
    verify,
)

from provenance.canonical import to_base64url
from provenance.consent.derived import HANDLE_URN
from provenance.consent.openings import parse_disclosure
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion, Declaration
from provenance.credentials.reading import read_credential
from provenance.entries import StampEntry, parse_entry
from provenance.errors import RefusedError
from provenance.picture import BlockKind, read_metadata, read_picture
from provenance.picture.properties import PLUS
from provenance.stamping import Making
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk, Subject
from provenance.studio.disclosing import DisclosureDesk
from provenance.studio.erasing import ErasureDesk
from provenance.studio.exporting import ExportDesk
from provenance.verification import Question, verify_file
from provenance.verification.report import Verdict

ALI = Subject("محمد علي")
PERMITTED = ("capture", "publish.web")


@dataclass
class Group:
    """Two people in one photograph, and the picture of them before and after it was stamped."""

    studio: Studio
    zoe: Recorded
    ali: Recorded
    source: Path
    picture: Path

    @property
    def codes(self) -> tuple[str, str]:
        return self.zoe.code, self.ali.code

    @property
    def desk(self) -> StudioStampDesk:
        return StudioStampDesk(open_keys(self.studio))

    def withdraw(self, recorded: Recorded) -> None:
        ConsentDesk(self.studio, open_keys(self.studio)).withdraw(recorded, scopes=None, proof="studio")

    def assertion(self) -> ConsentAssertion:
        data = self.picture.read_bytes()
        read = read_picture(data)
        credential = read_credential(data, "image/jpeg", anchors=[self.studio.anchors()], store=read.store)
        return ConsentAssertion.from_json(credential.active_manifest.assertions[CONSENT_LABEL])


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def group(studio: Studio, tmp_path: Path) -> Group:
    zoe, ali = record_consent(studio), record_consent(studio, subject=ALI)
    source = draw_jpeg(tmp_path / "a.jpg")
    stamped(studio, source, tmp_path / "b.jpg", code=(zoe.code, ali.code))
    return Group(studio, zoe, ali, source, tmp_path / "b.jpg")


def test_a_stamp_carries_a_handle_of_everyone_shown(group: Group) -> None:
    said = group.assertion()
    assert (len(said.handles), said.subject_kind, said.scopes) == (2, "real", ("capture",))
    entry = parse_entry(said.entry)
    assert isinstance(entry, StampEntry)
    # In the order of their values, so that no place belongs to a person.
    assert said.handles == entry.handles == tuple(sorted(entry.handles))
    (row,) = group.studio.database.find_stamps_of(read_picture(group.source.read_bytes()).digest)
    assert {row.record_id_of(handle) for handle in said.handles} == {
        group.zoe.record.record_id,
        group.ali.record.record_id,
    }
    packets = [block for block in read_metadata(group.picture.read_bytes()) if block.kind is BlockKind.XMP]
    for handle in said.handles:
        assert f"{HANDLE_URN}{to_base64url(handle)}".encode() in packets[0].data
    assert PLUS.encode() in packets[0].data


def test_the_order_in_which_people_are_named_makes_no_other_stamp(group: Group) -> None:
    outcomes = {
        stamp_file(group.studio, group.source, group.picture, code=codes).outcome for codes in permutations(group.codes)
    }
    assert outcomes == {"already-stamped"}
    assert group.studio.database.count_stamps(group.zoe.record.record_id) == 1


def test_a_person_who_is_named_twice_is_shown_once(studio: Studio, tmp_path: Path) -> None:
    code = record_consent(studio).code
    one, two = draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg"
    stamped(studio, one, two, code=(code, code))
    assert stamp_file(studio, one, two, code=code).outcome == "already-stamped"


def test_everyone_shown_must_permit_it(studio: Studio, tmp_path: Path) -> None:
    yes = record_consent(studio)
    no = record_consent(studio, permit=["publish.web"], deny=["capture"], subject=ALI)
    for codes in permutations((yes.code, no.code)):
        result = stamp_file(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=codes)
        assert (result.outcome, result.code) == ("refused", "consent-limited")
        assert result.message == f"consent {no.code}: the grant capture says deny"
    assert not (tmp_path / "b.jpg").exists()


def test_a_stamp_says_the_most_restrictive_of_what_they_permit(studio: Studio) -> None:
    desk = StudioStampDesk(open_keys(studio))
    free = record_consent(studio, permit=[*PERMITTED, "mine"])
    strict = record_consent(studio, permit=PERMITTED, deny=["mine"], subject=ALI)
    permit = desk.permit([free.code, strict.code], scopes=[Scope.CAPTURE])
    assert desk.permit([free.code], scopes=[]).training_mining["cawg.data_mining"] == "allowed"
    assert permit.training_mining["cawg.data_mining"] == "notAllowed"
    assert permit.properties == desk.permit([strict.code, free.code], scopes=[]).properties
    assert permit.properties.data_mining == desk.permit([strict.code], scopes=[]).properties.data_mining


@pytest.mark.parametrize("who", ["zoe", "ali"])
def test_a_withdrawal_of_any_of_them_reaches_the_picture(group: Group, who: str) -> None:
    assert verify(group.studio, group.picture).verdict is Verdict.PASSED
    group.withdraw(getattr(group, who))
    report = verify(group.studio, group.picture)
    assert (report.verdict, report.consent_now.code) == (Verdict.FAILED, ConsentCode.WITHDRAWN)
    assert report.consent_then.code == ConsentCode.IN_FORCE


def test_a_picture_of_two_cannot_become_one_of_one_without_the_other(group: Group, tmp_path: Path) -> None:
    result = stamp_file(group.studio, group.picture, tmp_path / "c.jpg", code=group.zoe.code)
    assert (result.outcome, result.code) == ("refused", "consent-other")
    assert result.hint == "stamp the original, under the consents of everyone shown"
    group.withdraw(group.ali)
    result = stamp_file(group.studio, group.source, tmp_path / "c.jpg", code=group.zoe.code)
    assert (result.outcome, result.code) == ("refused", "consent-earlier")
    assert result.message is not None
    assert group.ali.code in result.message


def test_a_picture_of_two_given_to_a_generator_needs_both(studio: Studio, tmp_path: Path) -> None:
    zoe, ali = record_ai_consent(studio), record_consent(studio, subject=ALI)
    given = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=(zoe.code, ali.code))
    new = draw_jpeg(tmp_path / "new.jpg", seed=9, exif=False)
    for source in (given, tmp_path / "a.jpg"):
        result = stamp_file(
            studio,
            new,
            tmp_path / "c.jpg",
            declaration=Declaration.AI_GENERATED,
            code=zoe.code,
            making=Making(inputs=(source,)),
        )
        assert (result.outcome, result.code) == ("refused", "consent-limited")
        assert result.message is not None
        assert ali.code in result.message


def test_a_disclosure_opens_the_consent_of_everyone_shown(group: Group) -> None:
    desk = DisclosureDesk(open_keys(group.studio))
    disclosed = desk.disclose(group.picture, recipient="Daily Bugle")
    assert sorted(disclosed.codes) == sorted(group.codes)
    now = group.studio.clock.now()
    read = parse_disclosure(disclosed.disclosure.to_bytes(), now=now)
    report = verify_file(
        group.picture,
        question=Question(now, scope=Scope.PUBLISH_WEB),
        anchors=[group.studio.anchors()],
        known_logs=[group.studio.log_key],
        disclosures=[read],
    )
    assert (report.verdict, report.consent_basis) == (Verdict.PASSED, "opened")


# --- the note


def stamp_with_reason(group: Group, codes: Sequence[str]) -> bytes:
    """Stamp a doubtful picture, and return the key of the stamp."""
    source = draw_png(group.source.with_name("doubtful.png"), seed=3, text={"Software": "Topaz Photo 1.2"})
    stamped(group.studio, source, source.with_name("d.png"), code=codes, confirmation="I was there")
    (row,) = group.studio.database.find_stamps_of(read_picture(source.read_bytes()).digest)
    return row.key


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("who", ["zoe", "ali"])
def test_what_was_kept_of_a_picture_is_erased_with_any_of_them(group: Group, who: str, *, full: bool) -> None:
    key = stamp_with_reason(group, group.codes)
    note = group.desk.note(key)
    assert note is not None
    assert note["confirmation"] == "I was there"
    ErasureDesk(group.studio, open_keys(group.studio)).erase(getattr(group, who), full=full)
    assert group.desk.note(key) is None
    with refused(
        RefusedError,
        f"consent {getattr(group, who).code}: the person's data were erased on {group.studio.clock.now().date()}, "
        "and nothing is stamped under it any more",
        code="consent-erased",
        hint="ask the person for a new consent",
    ):
        group.desk.permit(group.codes, scopes=[Scope.CAPTURE])


def test_what_a_person_is_given_of_a_picture_is_their_own_handle(group: Group) -> None:
    exported = ExportDesk(open_keys(group.studio))
    handles = []
    for recorded in (group.zoe, group.ali):
        stamps = exported.export(recorded)["stamps"]
        assert isinstance(stamps, list)
        handles += [stamp["handle"] for stamp in stamps if isinstance(stamp, dict)]
    assert sorted(handles, key=str) == sorted(to_base64url(handle) for handle in group.assertion().handles)
    assert len(set(map(str, handles))) == 2
