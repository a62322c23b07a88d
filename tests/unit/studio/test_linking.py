"""Late links: a later consent on top of a stamp, which stays as it was."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import encypher_c2pa
import pytest
from support.examples import EXAMPLES
from support.pictures import draw_jpeg, with_changed_pixels
from support.refusals import refused
from support.studios import (
    FixedClock,
    make_studio,
    open_keys,
    record_ai_consent,
    record_consent,
    stamped,
    verify,
)

from provenance.consent.status import ConsentCode
from provenance.credentials.labels import TRAINING_MINING_LABEL
from provenance.credentials.reading import Credential, read_credential
from provenance.errors import RefusedError
from provenance.picture import STAMPABLE, PictureFormat, read_picture
from provenance.studio import ConsentDesk, Recorded, Studio
from provenance.studio.linking import LinkDesk
from provenance.studio.noticing import NoticeDesk
from provenance.studio.revoking import RevocationDesk
from provenance.studio.stamped import UPDATABLE
from provenance.verification import Question, verify_file
from provenance.verification.report import CredentialCode, Verdict


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def first(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def second(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.fixture
def picture(studio: Studio, first: Recorded, tmp_path: Path) -> Path:
    return stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=first.code)


def desk(studio: Studio) -> LinkDesk:
    unlocked = open_keys(studio)
    return LinkDesk(unlocked, signer=unlocked.claim_signer())


def linked(studio: Studio, path: Path, *codes: str) -> Path:
    data = desk(studio).link(path, codes).data
    assert data is not None
    result = path.with_name(f"linked-{path.name}")
    result.write_bytes(data)
    return result


def credential_in(studio: Studio, path: Path) -> Credential:
    data = path.read_bytes()
    picture = read_picture(data)
    return read_credential(data, picture.format.media_type, anchors=[studio.anchors()], store=picture.store)


def entries(studio: Studio) -> int:
    return studio.database.head().size


def withdraw(studio: Studio, recorded: Recorded) -> None:
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=None, proof="studio")


def test_a_file_rests_on_a_later_consent_and_is_else_as_it_was(
    studio: Studio, first: Recorded, second: Recorded, picture: Path
) -> None:
    before, size = verify(studio, picture), entries(studio)
    result = linked(studio, picture, second.code)
    after = verify(studio, result)
    assert (before.verdict, after.verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert (after.origin, after.credential, after.history.code) == (
        before.origin,
        before.credential,
        before.history.code,
    )
    assert entries(studio) == size + 1
    assert read_picture(result.read_bytes()).digest == read_picture(picture.read_bytes()).digest
    credential = credential_in(studio, result)
    upper, lower = credential.stamps
    assert (upper.label, lower.label) == (credential.active, credential_in(studio, picture).active)
    assert [len(m.assertions["org.headshot-provenance.consent"]["handles"]) for m in (upper, lower)] == [2, 1]
    assert TRAINING_MINING_LABEL in upper.assertions
    assert set(desk(studio).link(result, [first.code]).codes) == {first.code, second.code}


@pytest.mark.parametrize("whose", ["first", "second"])
def test_either_person_can_withdraw(
    studio: Studio, first: Recorded, second: Recorded, picture: Path, whose: str
) -> None:
    result = linked(studio, picture, second.code)
    withdraw(studio, {"first": first, "second": second}[whose])
    assert verify(studio, result).consent_now.code == ConsentCode.WITHDRAWN


def test_a_stranger_learns_of_two_people(studio: Studio, second: Recorded, picture: Path) -> None:
    report = verify_file(
        linked(studio, picture, second.code),
        question=Question(studio.clock.now()),
        anchors=[studio.anchors()],
        known_logs=[studio.log_key],
    )
    assert (report.verdict, report.credential.code) == (Verdict.INDETERMINATE, CredentialCode.TRUSTED)
    assert (report.ledger.code, report.consent_then.code) == ("proven", ConsentCode.IN_FORCE)


@pytest.mark.parametrize("kind", [kind for kind in PictureFormat if kind in UPDATABLE])
def test_others_find_a_linked_file_whole(
    studio: Studio,
    first: Recorded,
    second: Recorded,
    tmp_path: Path,
    kind: PictureFormat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"CONFIG_DIR": str(tmp_path), "TELEMETRY": "off", "ONLINE": "off"}.items():
        monkeypatch.setenv(f"ENCYPHER_C2PA_{name}", value)
    source = tmp_path / "source"
    source.write_bytes(EXAMPLES[kind])
    path = stamped(studio, source, tmp_path / "stamped", code=first.code)
    report = encypher_c2pa.verify(
        linked(studio, path, second.code).read_bytes(),
        mime_type=kind.media_type,
        trust_pem=studio.anchors().pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert (report["validation_state"], report["validation_results"]["failure"]) == ("Trusted", [])


def test_what_the_file_says_already_is_not_said_again(
    studio: Studio, first: Recorded, second: Recorded, picture: Path
) -> None:
    size = entries(studio)
    assert desk(studio).link(picture, [first.code, first.code.lower()]).data is None
    assert entries(studio) == size
    result = linked(studio, picture, second.code)
    assert desk(studio).link(result, [second.code]).data is None
    # A run that was cut off after the entry: asked again, it finds that entry.
    linked(studio, picture, second.code)
    assert entries(studio) == size + 1


def test_links_and_notices_lie_on_each_other(
    studio: Studio, first: Recorded, second: Recorded, picture: Path, tmp_path: Path
) -> None:
    third = record_consent(studio)
    twice = linked(studio, linked(studio, picture, second.code), third.code)
    assert verify(studio, twice).verdict is Verdict.PASSED
    assert len(credential_in(studio, twice).stamps) == 3
    withdraw(studio, first)
    unlocked = open_keys(studio)
    data = NoticeDesk(unlocked, signer=unlocked.claim_signer()).tell(twice).data
    assert data is not None
    told = tmp_path / "told.jpg"
    told.write_bytes(data)
    far_away = verify_file(
        told, question=Question(studio.clock.now()), anchors=[studio.anchors()], known_logs=[studio.log_key]
    )
    assert far_away.consent_now.code == ConsentCode.WITHDRAWN
    assert len(credential_in(studio, told).stamps) == 3


def test_revoking_what_lies_beneath_reaches_the_file(studio: Studio, second: Recorded, picture: Path) -> None:
    result = linked(studio, picture, second.code)
    revocations = RevocationDesk(open_keys(studio))
    assert revocations.find(result) != revocations.find(picture)
    revocations.revoke(revocations.find(picture))
    report = verify(studio, result)
    assert (report.verdict, report.credential.code) == (Verdict.FAILED, CredentialCode.REVOKED)
    unlocked = open_keys(studio)
    notice = NoticeDesk(unlocked, signer=unlocked.claim_signer()).tell(result).notice
    assert notice.says == "stamp-revoked"
    for path in (picture, result):
        with pytest.raises(RefusedError, match=rf"^{path.name}: its stamp, of entry \d+, was revoked$") as caught:
            desk(studio).link(path, [record_consent(studio).code])
        assert caught.value.code == "stamp-revoked"


def test_a_consent_that_does_not_cover_it_is_not_linked(
    studio: Studio, first: Recorded, second: Recorded, picture: Path
) -> None:
    other = record_consent(studio, permit=["publish.web"], deny=["capture"])
    size = entries(studio)
    hint = f"see what it allows: provenance consent show {other.code}"
    message = f"consent {other.code}: the grant capture says deny"
    with refused(RefusedError, message, code="consent-limited", hint=hint):
        desk(studio).link(picture, [other.code])
    with pytest.raises(RefusedError) as caught:
        desk(studio).link(picture, ["0000-0000"])
    assert caught.value.code == "consent-not-found"
    withdraw(studio, first)
    with pytest.raises(RefusedError, match=rf"^consent {first.code}: "):
        desk(studio).link(picture, [second.code])
    assert entries(studio) == size + 1  # the withdrawal


def test_a_picture_of_nobody_is_not_linked(studio: Studio, tmp_path: Path, second: Recorded) -> None:
    stamped(studio, draw_jpeg(tmp_path / "g.jpg"), tmp_path / "h.jpg", declaration="ai-generated", code=None)
    hint = "if somebody is, revoke that stamp and stamp the original: provenance stamp revoke"
    with refused(RefusedError, "h.jpg: its stamp says that nobody real is shown", code="consent-synthetic", hint=hint):
        desk(studio).link(tmp_path / "h.jpg", [second.code])


def test_what_is_no_intact_stamp_of_this_studio_is_not_linked(
    studio: Studio, second: Recorded, picture: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.jpg"
    changed.write_bytes(with_changed_pixels(picture.read_bytes()))
    message = "changed.jpg: its credential is not intact, or not issued by this studio"
    with refused(RefusedError, message, code="stamp-missing", hint=f"see what it says: provenance verify {changed}"):
        desk(studio).link(changed, [second.code])


@pytest.mark.parametrize("kind", [kind for kind in PictureFormat if kind in STAMPABLE - UPDATABLE])
def test_what_an_update_would_break_is_refused(
    studio: Studio, first: Recorded, second: Recorded, tmp_path: Path, kind: PictureFormat
) -> None:
    source = tmp_path / "source"
    source.write_bytes(EXAMPLES[kind])
    path = stamped(studio, source, tmp_path / "stamped", code=first.code)
    message = f"stamped: expected a jpeg or png file, got {kind.media_type}: no link fits into it"
    hint = "stamp the original again, under the consents of everyone shown"
    with refused(RefusedError, message, code="link-format", hint=hint):
        desk(studio).link(path, [second.code])


def test_an_ai_edited_picture_needs_the_later_consent_to_allow_that(studio: Studio, tmp_path: Path) -> None:
    edited = record_ai_consent(studio)
    path = stamped(
        studio,
        draw_jpeg(tmp_path / "a.jpg"),
        tmp_path / "b.jpg",
        code=edited.code,
        declaration="ai-generated",
    )
    plain = record_consent(studio)
    with pytest.raises(RefusedError, match=rf"^consent {plain.code}: the grant ai.generate says deny$"):
        desk(studio).link(path, [plain.code])
    assert verify(studio, linked(studio, path, record_ai_consent(studio).code)).verdict is Verdict.PASSED
