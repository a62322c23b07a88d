from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.ledgers import tamper
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_ai_consent, record_consent

from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission
from provenance.credentials.manifest import Declaration
from provenance.entries import StampEntry, parse_entry
from provenance.errors import CorruptLedgerError, RefusedError
from provenance.stamping import PendingStamp
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk, StudioStatus
from provenance.studio.erasing import ErasureDesk
from provenance.verification.sources import StampedPicture

CAPTURE = [Scope.CAPTURE]
NOT_FOUND = Permission(ConsentCode.NOT_FOUND, "this studio has no consent for this picture")
IN_FORCE = Permission(ConsentCode.IN_FORCE, "the grant capture says permit")


def in_force(bounds: str) -> Permission:
    return Permission(ConsentCode.IN_FORCE, f"the grant capture says permit {bounds}")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    # In the middle of a minute, so that everything happens in one.
    clock = FixedClock(FixedClock().moment.replace(second=30))
    with closing(make_studio(tmp_path / "studio", clock=clock)) as made:
        yield made


@pytest.fixture
def status(studio: Studio) -> StudioStatus:
    return StudioStatus(studio)


def clock_of(studio: Studio) -> FixedClock:
    assert isinstance(studio.clock, FixedClock)
    return studio.clock


def stamp(studio: Studio, recorded: Recorded, number: int = 1) -> StampedPicture:
    """Log the stamp of a picture, with a permit as every stamp needs one."""
    desk = StudioStampDesk(open_keys(studio))
    desk.permit([recorded.code], scopes=CAPTURE)
    value = number.to_bytes(32, "big")
    handles = {recorded.record.record_id: recorded.record.digest}
    pending = PendingStamp(value, value[::-1], Declaration.CAMERA, handles)
    (logged,) = desk.log([pending])
    entry = parse_entry(logged.entry)
    assert isinstance(entry, StampEntry)
    return StampedPicture(entry.handles, value[::-1])


def withdraw(studio: Studio, recorded: Recorded, *, scopes: Sequence[Scope] | None = None) -> datetime:
    return ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=scopes, proof="studio").at


def now(
    studio: Studio,
    picture: StampedPicture,
    *,
    scopes: Sequence[Scope] = CAPTURE,
    territory: str | None = None,
    medium: str | None = None,
    at: datetime | None = None,
) -> Permission:
    return StudioStatus(studio).permission(
        picture, scopes=scopes, territory=territory, medium=medium, at=at or studio.clock.now()
    )


def test_the_answers_rest_on_the_studio(status: StudioStatus) -> None:
    assert status.basis == "studio"


def test_a_stamp_with_consent_was_and_is_in_force(studio: Studio, status: StudioStatus) -> None:
    picture = stamp(studio, record_consent(studio))
    assert status.when_stamped(picture, scopes=CAPTURE) == IN_FORCE
    assert now(studio, picture) == IN_FORCE


# All within one minute, of which the entries say no more than that: only their order tells then from now.
def test_what_was_withdrawn_after_the_stamp_was_in_force_then_and_is_withdrawn_now(
    studio: Studio, status: StudioStatus
) -> None:
    recorded = record_consent(studio)
    picture = stamp(studio, recorded)
    at = withdraw(studio, recorded)
    assert at == recorded.history[0].at == studio.clock.now()
    assert status.when_stamped(picture, scopes=CAPTURE) == IN_FORCE
    assert now(studio, picture) == Permission(ConsentCode.WITHDRAWN, f"the consent was withdrawn on {at.date()}", at)


def test_the_newest_erasure_of_those_shown_is_told_of_now_alone(studio: Studio, status: StudioStatus) -> None:
    one, two, kept = people = [record_consent(studio) for _ in range(3)]
    digest = bytes(32)
    handles = {who.record.record_id: who.record.digest for who in people}
    StudioStampDesk(open_keys(studio)).log([PendingStamp(bytes(32), digest, Declaration.CAMERA, handles)])
    picture = StampedPicture((one.record.digest, two.record.digest, kept.record.digest), digest)
    assert now(studio, picture) == IN_FORCE
    desk = ErasureDesk(studio, open_keys(studio))
    desk.erase(one, full=True)
    clock_of(studio).advance(days=2)
    desk.erase(two, full=False)
    assert now(studio, picture) == replace(IN_FORCE, erased=studio.clock.now().replace(microsecond=0))
    assert status.when_stamped(picture, scopes=CAPTURE) == IN_FORCE


def test_what_was_stamped_after_the_clock_was_set_back_was_in_force(studio: Studio, status: StudioStatus) -> None:
    recorded = record_consent(studio)
    clock_of(studio).advance(minutes=-10)
    picture = stamp(studio, recorded)
    clock_of(studio).advance(minutes=30)
    assert now(studio, picture) == IN_FORCE
    assert status.when_stamped(picture, scopes=CAPTURE) == IN_FORCE


def test_what_was_withdrawn_before_is_not_stamped(studio: Studio) -> None:
    recorded = record_consent(studio)
    withdraw(studio, recorded)
    message = f"consent {recorded.code}: the consent was withdrawn on {studio.clock.now().date()}"
    hint = f"see what it allows: provenance consent show {recorded.code}"
    with refused(RefusedError, message, code="consent-withdrawn", hint=hint):
        stamp(studio, recorded)


def test_a_withdrawal_of_one_scope_leaves_the_others(studio: Studio, status: StudioStatus) -> None:
    recorded = record_ai_consent(studio)
    picture = stamp(studio, recorded)
    withdraw(studio, recorded, scopes=[Scope.AI_GENERATE])
    assert now(studio, picture).code is ConsentCode.IN_FORCE
    assert now(studio, picture, scopes=[Scope.AI_GENERATE]).code is ConsentCode.WITHDRAWN
    assert status.when_stamped(picture, scopes=[Scope.AI_GENERATE]).code is ConsentCode.IN_FORCE


def test_a_stamp_before_and_one_after_the_withdrawal_of_another_scope(studio: Studio, status: StudioStatus) -> None:
    recorded = record_ai_consent(studio)
    before = stamp(studio, recorded, 1)
    withdraw(studio, recorded, scopes=[Scope.AI_GENERATE])
    clock_of(studio).advance(seconds=20)
    other = record_ai_consent(studio)
    after = stamp(studio, other, 2)
    assert status.when_stamped(before, scopes=[Scope.AI_GENERATE]).code is ConsentCode.IN_FORCE
    assert status.when_stamped(after, scopes=[Scope.AI_GENERATE]).code is ConsentCode.IN_FORCE


def test_a_withdrawal_at_another_time_is_seen_from_then_on(studio: Studio) -> None:
    recorded = record_consent(studio)
    picture = stamp(studio, recorded)
    at = clock_of(studio).advance(days=2)
    withdraw(studio, recorded)
    assert now(studio, picture, at=at - timedelta(seconds=1)) == IN_FORCE
    assert now(studio, picture, at=at).code is ConsentCode.WITHDRAWN


def test_a_consent_that_ended_was_in_force_then(studio: Studio, status: StudioStatus) -> None:
    recorded = record_consent(studio, until=studio.clock.now().date())
    picture = stamp(studio, recorded)
    clock_of(studio).advance(days=1)
    assert status.when_stamped(picture, scopes=CAPTURE) == in_force(f"until {recorded.history[0].at.date()}")
    assert now(studio, picture).code is ConsentCode.EXPIRED


def test_the_medium_is_asked_about_now(studio: Studio) -> None:
    picture = stamp(studio, record_consent(studio, media=["print"]))
    assert now(studio, picture, medium="print").code is ConsentCode.IN_FORCE
    assert now(studio, picture, medium="web").code is ConsentCode.LIMITED


def test_the_territory_is_asked_about_now(studio: Studio) -> None:
    picture = stamp(studio, record_consent(studio, territory=["DE", "AT"]))
    assert now(studio, picture, territory="AT") == in_force("in DE, AT")
    assert now(studio, picture, territory="FR") == Permission(
        ConsentCode.LIMITED, "the grant capture is for DE, AT, not for FR"
    )


def test_a_use_that_was_denied_is_limited_then_and_now(studio: Studio, status: StudioStatus) -> None:
    picture = stamp(studio, record_consent(studio))
    denied = Permission(ConsentCode.LIMITED, "the grant ai.train says deny")
    assert status.when_stamped(picture, scopes=[Scope.AI_TRAIN]) == denied
    assert now(studio, picture, scopes=[Scope.AI_TRAIN]) == denied


def test_the_most_restrictive_of_several_scopes_is_answered(studio: Studio, status: StudioStatus) -> None:
    picture = stamp(studio, record_consent(studio))
    scopes = [Scope.CAPTURE, Scope.AI_TRAIN, Scope.PUBLISH_WEB]
    assert status.when_stamped(picture, scopes=scopes).code is ConsentCode.LIMITED
    assert now(studio, picture, scopes=scopes).code is ConsentCode.LIMITED


@pytest.mark.parametrize("change", ["handle", "picture", "no picture"])
def test_a_picture_that_the_studio_did_not_stamp_is_not_found(
    studio: Studio, status: StudioStatus, change: str
) -> None:
    known = stamp(studio, record_consent(studio))
    foreign = {
        "handle": StampedPicture((bytes(32),), known.digest),
        "picture": StampedPicture(known.handles, bytes(32)),
        "no picture": StampedPicture(known.handles, None),
    }[change]
    assert status.when_stamped(foreign, scopes=CAPTURE) == NOT_FOUND
    assert now(studio, foreign) == NOT_FOUND


def test_one_unknown_handle_among_known_ones_is_not_found(studio: Studio, status: StudioStatus) -> None:
    known = stamp(studio, record_consent(studio))
    both = StampedPicture((*known.handles, bytes(32)), known.digest)
    assert status.when_stamped(both, scopes=CAPTURE) == NOT_FOUND
    assert now(studio, both) == NOT_FOUND


def test_without_handles_or_uses_nothing_is_known(studio: Studio, status: StudioStatus) -> None:
    nothing_asked = Permission(ConsentCode.UNKNOWN, "no known use was asked for")
    known = stamp(studio, record_consent(studio))
    for picture, scopes in ((known, []), (StampedPicture((), known.digest), CAPTURE)):
        assert status.when_stamped(picture, scopes=scopes) == nothing_asked
        assert now(studio, picture, scopes=scopes) == nothing_asked


def test_a_stamp_without_its_entry_is_a_contradiction(studio: Studio, status: StudioStatus) -> None:
    picture = stamp(studio, record_consent(studio))
    tamper(studio.path / "studio.db", "DELETE FROM entry WHERE idx = 3")
    with refused(CorruptLedgerError, "entry 3: missing, although a stamp refers to it"):
        status.when_stamped(picture, scopes=CAPTURE)


def test_a_stamp_without_its_consent_is_a_contradiction(studio: Studio, status: StudioStatus) -> None:
    picture = stamp(studio, record_consent(studio))
    tamper(studio.path / "studio.db", "DELETE FROM consent")
    with refused(CorruptLedgerError, "consent: a stamp refers to a record that is not there"):
        now(studio, picture)
