import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.ledgers import tamper
from support.refusals import refused
from support.studios import ZOE, FixedClock, make_studio, open_keys, record_ai_consent, record_consent

from provenance.consent.derived import training_mining
from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration
from provenance.entries import TAG_IMAGE, StampEntry, parse_entry, verify_commitment
from provenance.errors import CorruptLedgerError, InputError, RefusedError, VaultError, VerificationError
from provenance.proof import parse_proof
from provenance.stamping import LoggedStamp, PendingStamp, PermittedSubject
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk
from provenance.studio.logbook import Logbook

CAPTURE = [Scope.CAPTURE]
DIGEST = bytes([2]) * 32


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def desk(studio: Studio) -> StudioStampDesk:
    return StudioStampDesk(open_keys(studio))


def clock_of(studio: Studio) -> FixedClock:
    assert isinstance(studio.clock, FixedClock)
    return studio.clock


def pending(number: int, recorded: Recorded | None = None) -> PendingStamp:
    value = number.to_bytes(32, "big")
    if recorded is None:
        return PendingStamp(value, DIGEST, Declaration.AI_GENERATED, {})
    return PendingStamp(value, DIGEST, Declaration.CAMERA, {recorded.record.record_id: value[::-1]})


def withdraw(studio: Studio, recorded: Recorded, *, scopes: Sequence[Scope] | None = None) -> None:
    ConsentDesk(studio, open_keys(studio)).withdraw(recorded, scopes=scopes, proof="studio")


def hint(recorded: Recorded) -> str:
    return f"see what it allows: provenance consent show {recorded.code}"


def test_the_desk_names_the_studio_and_its_log(studio: Studio, desk: StudioStampDesk) -> None:
    assert desk.controller == open_keys(studio).controller.key_urn
    assert desk.log_origin == studio.settings.log_origin
    assert desk.log_key == studio.settings.log_key


# --- permits


def test_a_consent_that_covers_the_use_is_permitted(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio, permit=["capture", "mine"])
    permit = desk.permit([recorded.code.lower()], scopes=CAPTURE)
    record_key = ConsentDesk(studio, open_keys(studio)).record_key(recorded)
    assert permit.subjects == (PermittedSubject(recorded.record.record_id, recorded.record.digest, record_key),)
    assert permit.assurance == "drawn"
    assert permit.scopes == (Scope.CAPTURE,)
    assert permit.training_mining == training_mining(recorded.record, recorded.history, at=studio.clock.now())
    assert permit.training_mining["cawg.data_mining"] == "allowed"


def test_a_permit_covers_all_that_was_asked(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_ai_consent(studio)
    permit = desk.permit([recorded.code], scopes=[Scope.CAPTURE, Scope.AI_GENERATE])
    assert permit.scopes == (Scope.CAPTURE, Scope.AI_GENERATE)


def test_a_denied_use_is_refused_with_its_grant(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio)
    message = f"consent {recorded.code}: the grant ai.generate says deny"
    with refused(RefusedError, message, code="consent-limited", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=[Scope.CAPTURE, Scope.AI_GENERATE])


def test_an_undecided_use_is_refused_with_its_scope(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio, permit=["publish.web"])
    message = f"consent {recorded.code}: nothing was decided on capture, and silence is not permission"
    with refused(RefusedError, message, code="consent-limited", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=CAPTURE)


def test_a_refused_consent_is_refused(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio, permit=[], deny=["capture"])
    message = f"consent {recorded.code}: the grant capture says deny"
    with refused(RefusedError, message, code="consent-limited", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=CAPTURE)


def test_an_expired_consent_is_refused_from_the_day_after_its_end(studio: Studio, desk: StudioStampDesk) -> None:
    clock = clock_of(studio)
    end = clock.now().date() + timedelta(days=2)
    recorded = record_consent(studio, until=end)
    clock.moment = clock.moment.replace(hour=23, minute=59, second=59) + timedelta(days=2)
    desk.permit([recorded.code], scopes=CAPTURE)
    clock.advance(seconds=1)
    message = f"consent {recorded.code}: the grant capture ended on {end}"
    with refused(RefusedError, message, code="consent-expired", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=CAPTURE)


def test_a_consent_that_has_not_begun_is_refused(studio: Studio, desk: StudioStampDesk) -> None:
    clock = clock_of(studio)
    begins = clock.now().date() + timedelta(days=1)
    grants = [dataclasses.replace(grant, since=begins) for grant in record_consent(studio).record.grants]
    later = ConsentDesk(studio, open_keys(studio)).record(ZOE, grants)
    message = f"consent {later.code}: the grant capture begins on {begins}"
    with refused(RefusedError, message, code="consent-limited", hint=hint(later)):
        desk.permit([later.code], scopes=CAPTURE)
    clock.advance(days=1)
    desk.permit([later.code], scopes=CAPTURE)


def test_a_withdrawn_consent_is_refused_with_the_day(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio)
    withdraw(studio, recorded)
    message = f"consent {recorded.code}: the consent was withdrawn on {studio.clock.now().date()}"
    with refused(RefusedError, message, code="consent-withdrawn", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=CAPTURE)


def test_a_withdrawn_scope_is_refused_with_its_grant(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_ai_consent(studio)
    withdraw(studio, recorded, scopes=[Scope.AI_GENERATE])
    message = f"consent {recorded.code}: the grant ai.generate was withdrawn on {studio.clock.now().date()}"
    with refused(RefusedError, message, code="consent-withdrawn", hint=hint(recorded)):
        desk.permit([recorded.code], scopes=[Scope.AI_GENERATE])
    desk.permit([recorded.code], scopes=CAPTURE)


def test_a_withdrawn_consent_is_refused_even_where_the_clock_was_set_back(
    studio: Studio, desk: StudioStampDesk
) -> None:
    recorded = record_consent(studio)
    clock_of(studio).advance(minutes=10)
    withdraw(studio, recorded)
    clock_of(studio).advance(minutes=-5)
    with pytest.raises(RefusedError) as caught:
        desk.permit([recorded.code], scopes=CAPTURE)
    assert caught.value.code == "consent-withdrawn"


def test_a_permit_does_not_allow_mining_that_was_withdrawn(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio, permit=["capture", "mine"])
    withdraw(studio, recorded, scopes=[Scope.MINE])
    permit = desk.permit([recorded.code], scopes=CAPTURE)
    assert permit.training_mining["cawg.data_mining"] == "notAllowed"


def test_a_consent_whose_events_are_gone_is_unknown(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio)
    withdrawn = dataclasses.replace(recorded, events=())
    withdraw(studio, withdrawn)
    tamper(studio.path / "studio.db", "DELETE FROM consent_event WHERE number = 1")
    with refused(VerificationError, "consent event 1: does not follow the one before it", code="event-chain"):
        desk.permit([recorded.code], scopes=CAPTURE)


def test_an_unknown_consent_is_refused(desk: StudioStampDesk) -> None:
    message = "consent code: no such consent in this studio"
    with refused(RefusedError, message, code="consent-not-found", hint="see provenance consent list"):
        desk.permit(["0000-0000"], scopes=CAPTURE)


def test_a_code_that_cannot_be_one_is_refused(desk: StudioStampDesk) -> None:
    message = "consent code: expected 8 letters and digits such as 8F3K-QX2P"
    with refused(InputError, message, code="code-form", hint="copy it from the receipt"):
        desk.permit(["?"], scopes=CAPTURE)


# --- logging


def opened(studio: Studio, logged: LoggedStamp, digest: bytes = DIGEST) -> StampEntry:
    """Check that the ledger holds a stamp of the picture with this digest, and return its entry."""
    proof = parse_proof(logged.proof)
    proof.verify(logged.entry, keys=[studio.log_key])
    entry = parse_entry(logged.entry)
    assert isinstance(entry, StampEntry)
    verify_commitment(entry.image, tag=TAG_IMAGE, randomness=proof.extra or b"", digest=digest)
    assert logged.at == entry.at
    return entry


def test_a_stamp_is_logged_and_found_again(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio)
    stamp = pending(1, recorded)
    (logged,) = desk.log([stamp])
    entry = opened(studio, logged)
    assert entry.handles == tuple(stamp.handles.values())
    assert entry.at == studio.clock.now().replace(second=0)
    assert desk.find_logged(stamp.key) == logged
    assert studio.database.count_stamps(recorded.record.record_id) == 1


def test_a_stamp_of_nobody_has_no_handles(studio: Studio, desk: StudioStampDesk) -> None:
    (logged,) = desk.log([pending(1)])
    assert opened(studio, logged).handles == ()


def test_a_stamp_that_was_never_logged_is_not_found(desk: StudioStampDesk) -> None:
    assert desk.find_logged(bytes(32)) is None


def test_a_group_is_logged_in_order_under_one_checkpoint(studio: Studio, desk: StudioStampDesk) -> None:
    recorded = record_consent(studio)
    stamps = [pending(3, recorded), pending(1), pending(2, recorded)]
    logged = desk.log(stamps)
    assert [parse_proof(one.proof).index for one in logged] == [3, 4, 5]
    assert [opened(studio, one).handles for one in logged] == [tuple(stamp.handles.values()) for stamp in stamps]
    assert [size for size, _ in studio.database.checkpoints()] == [1, 3, 6]


def test_a_stamp_that_was_logged_before_keeps_its_entry(studio: Studio, desk: StudioStampDesk) -> None:
    (first,) = desk.log([pending(1)])
    clock_of(studio).advance(days=1)
    again, new = desk.log([pending(1), pending(2)])
    assert (again.entry, again.at) == (first.entry, first.at)
    assert new.at == studio.clock.now().replace(second=0)
    assert Logbook(studio).audit().entries == 3
    assert desk.log([pending(1)])[0].entry == first.entry
    assert Logbook(studio).audit().entries == 3
    assert [size for size, _ in studio.database.checkpoints()] == [1, 2, 3]


def test_one_stamp_twice_in_a_group_is_one_entry(studio: Studio, desk: StudioStampDesk) -> None:
    one, two, three = desk.log([pending(1), pending(2), pending(1)])
    assert one == three
    assert one.entry != two.entry
    assert Logbook(studio).audit().entries == 3


def test_two_stamps_of_one_picture_do_not_look_alike(studio: Studio, desk: StudioStampDesk) -> None:
    one, two = (opened(studio, logged) for logged in desk.log([pending(1), pending(2)]))
    assert one.image != two.image


def test_nothing_to_log_changes_nothing(studio: Studio, desk: StudioStampDesk) -> None:
    assert desk.log([]) == []
    assert Logbook(studio).audit().entries == 1


def test_a_group_that_could_not_be_kept_whole_is_not_kept(
    studio: Studio, desk: StudioStampDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, calls = studio.database.add_stamp, iter([True, False])

    def fail_at_the_second(row: object) -> None:
        if not next(calls):
            raise OSError(28, "no space left on device")
        add(row)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(studio.database, "add_stamp", fail_at_the_second)
        with pytest.raises(OSError, match="no space left"):
            desk.log([pending(1), pending(2)])
    assert Logbook(studio).audit().entries == 1
    assert desk.find_logged(pending(1).key) is None


def test_a_stamp_without_its_entry_is_a_contradiction(studio: Studio, desk: StudioStampDesk) -> None:
    desk.log([pending(1)])
    tamper(studio.path / "studio.db", "DELETE FROM entry WHERE idx = 1")
    with refused(CorruptLedgerError, "entry 1: missing, although a stamp refers to it"):
        desk.find_logged(pending(1).key)


def test_nothing_is_logged_over_a_contradiction(studio: Studio, desk: StudioStampDesk) -> None:
    desk.log([pending(1)])
    tamper(studio.path / "studio.db", "DELETE FROM checkpoint")
    with refused(CorruptLedgerError, "head: has size 2, but no checkpoint was signed"):
        desk.log([pending(2)])
    assert desk_rows(studio) == 1


def desk_rows(studio: Studio) -> int:
    return len(studio.database._driver.all("SELECT key FROM stamp"))


# --- what was found in the picture


@pytest.fixture
def recorded(studio: Studio) -> Recorded:
    return record_consent(studio)


@pytest.mark.parametrize("of_a_person", [True, False])
def test_what_was_found_and_the_reason_given_are_kept_sealed(
    studio: Studio, desk: StudioStampDesk, recorded: Recorded, of_a_person: bool
) -> None:
    reason = "I took it myself, with the old Leica"
    stamp = replace(pending(1, recorded if of_a_person else None), confirmation=reason)
    desk.log([stamp])
    assert desk.note(stamp.key) == {"confirmation": reason, "evidence": [], "raw": []}
    row = studio.database.find_stamp(stamp.key)
    assert row is not None
    assert row.note is not None
    assert reason.encode() not in row.note


def test_a_stamp_of_which_there_is_nothing_to_say_has_no_note(desk: StudioStampDesk, recorded: Recorded) -> None:
    desk.log([pending(1, recorded), pending(2)])
    assert [desk.note(pending(number).key) for number in (1, 2, 3)] == [None, None, None]


def test_a_note_is_erased_with_its_consent(studio: Studio, desk: StudioStampDesk, recorded: Recorded) -> None:
    stamp = replace(pending(1, recorded), confirmation="because")
    desk.log([stamp])
    studio.database._driver.execute("DELETE FROM data_key")
    with refused(VaultError, "vault: the data key of this consent was erased", code="erased"):
        desk.note(stamp.key)
    with refused(VaultError, "vault: the data key of this consent was erased", code="erased"):
        desk.log([replace(pending(2, recorded), confirmation="because")])
