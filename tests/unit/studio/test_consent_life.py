import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.ledgers import tamper
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import USE, FixedClock, make_studio, open_keys, record_consent, stamped

from provenance import jws
from provenance.canonical import from_base64url
from provenance.consent.events import EventType
from provenance.consent.grants import Grant, decide
from provenance.consent.parties import Terms
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised
from provenance.consent.withdrawals import parse_withdrawal_receipt
from provenance.errors import InputError, RefusedError, VaultError, VerificationError
from provenance.keys import SigningKey
from provenance.studio import ConsentDesk, Recorded, Studio, Subject
from provenance.studio.consents import NOTED, Guardian
from provenance.studio.logbook import Logbook
from provenance.studio.subjects import MAX_SCAN_BYTES, parse_representation

PDF = b"%PDF-1.7\n" + bytes(200)
CONTRACT = "eu-gdpr:A6-1-b-contract-performance"
ZOE = Subject("Zoë Ångström")
PARENT = Guardian("Åke Ångström", "dpv:ParentOfDataSubject", "sole custody")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def desk(studio: Studio) -> ConsentDesk:
    return ConsentDesk(studio, open_keys(studio))


def today(studio: Studio) -> date:
    return studio.clock.now().date()


def advance(studio: Studio, **duration: float) -> None:
    assert isinstance(studio.clock, FixedClock)
    studio.clock.advance(**duration)


def grants(studio: Studio, *permit: str, days: int | None = 100, **terms: Any) -> tuple[Grant, ...]:
    return decide(
        permit=[Scope(scope) for scope in permit],
        deny=[],
        since=today(studio),
        until=None if days is None else today(studio) + timedelta(days=days),
        territory=[],
        use=USE,
        **terms,
    )


def mixed(studio: Studio, desk: ConsentDesk) -> Recorded:
    """Record consent to `capture`, a contract under notice on the web, and one for stock that binds for 50 days."""
    locked = today(studio) + timedelta(days=50)
    decided = grants(
        studio,
        "capture",
        "publish.web",
        "publish.stock",
        bases={Scope.PUBLISH_WEB: CONTRACT, Scope.PUBLISH_STOCK: CONTRACT},
        revocability={Scope.PUBLISH_WEB: "notice:P30D", Scope.PUBLISH_STOCK: f"irrevocable_until:{locked}"},
    )
    return desk.record(ZOE, decided)


def ask(studio: Studio, desk: ConsentDesk, recorded: Recorded, scope: Scope) -> Permission:
    found = desk.find(recorded.code)
    return authorised(found.record, found.history, scope=scope, at=studio.clock.now())


# --- who signs


def test_an_adult_may_permit_generation_with_initials(studio: Studio, desk: ConsentDesk) -> None:
    details = {"representation": "union: SAG-AFTRA 2025"}
    zoe = dataclasses.replace(ZOE, born=date(1990, 2, 28), initials={Scope.AI_GENERATE: "ZÅ"}, details=details)
    recorded = desk.record(zoe, grants(studio, "ai.generate"))
    assert recorded.record.signatures[0].initialled == ("ai.generate",)
    data = desk.disclosures(recorded)
    assert (data["initials.ai.generate"], data["birth_date"]) == ("ZÅ", "1990-02-28")
    assert data["representation"] == "union: SAG-AFTRA 2025"
    assert "1990" not in str(recorded.record.body)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_advised_the_subject_of_a_replica_is_asked(studio: Studio, desk: ConsentDesk, *, elsewhere: bool) -> None:
    zoe = dataclasses.replace(ZOE, adult=True, initials={Scope.AI_GENERATE: "ZÅ"})
    message = "scope ai.generate: expected who advised the subject, got nothing"
    hint = "add --representation none, counsel or union"
    with refused(RefusedError, message, code="representation-missing", hint=hint):
        (desk.request if elsewhere else desk.record)(zoe, grants(studio, "ai.generate"))
    assert desk.all() == []


def test_who_works_for_the_controller_has_an_alternative(studio: Studio, desk: ConsentDesk) -> None:
    zoe = dataclasses.replace(ZOE, details={"employment_context": "yes"})
    message = "employment: expected what else they could have chosen, got nothing"
    hint = 'add --alternative "such as a picture without a face, or none at all"'
    with refused(RefusedError, message, code="alternative-missing", hint=hint):
        desk.record(zoe, grants(studio, "capture"))
    both = {"employment_context": "yes", "alternative_offered": "a drawing"}
    recorded = desk.record(dataclasses.replace(ZOE, details=both), grants(studio, "capture"))
    assert desk.disclosures(recorded).items() >= both.items()
    assert "a drawing" not in str(recorded.record.body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("none", "none"), ("counsel", "counsel"), (" union : SAG-AFTRA: 2025 ", "union: SAG-AFTRA: 2025")],
)
def test_a_representation_is_a_word_with_its_agreement(text: str, expected: str) -> None:
    assert parse_representation(text) == expected


@pytest.mark.parametrize(("text", "got"), [("lawyer", "lawyer"), ("", ""), ("union:", "union"), ("None", "None")])
def test_another_representation_is_refused(text: str, got: str) -> None:
    message = f"representation: expected none, counsel or union, got {got!r}"
    with refused(InputError, message, code="representation"):
        parse_representation(text)


def test_without_initials_or_a_known_age_nothing_is_permitted_to_ai(studio: Studio, desk: ConsentDesk) -> None:
    decided = grants(studio, "ai.generate")
    message = "scope ai.generate: expected initials of its own, beside the signature"
    with refused(
        RefusedError,
        message,
        code="initials-missing",
        hint="add --initials ai.generate=INITIALS, or --initial ai.generate to consent sign",
    ):
        desk.record(dataclasses.replace(ZOE, adult=True), decided)
    message = "scope ai.generate: expected a subject who is known to be an adult, got no age"
    hint = "add --born YYYY-MM-DD, or --adult if you saw proof of it"
    with refused(RefusedError, message, code="age-unknown", hint=hint):
        desk.record(dataclasses.replace(ZOE, initials={Scope.AI_GENERATE: "ZÅ"}), decided)
    assert desk.all() == []


def child(studio: Studio, **changes: Any) -> Subject:
    born = today(studio).replace(year=today(studio).year - 17)
    return dataclasses.replace(Subject("Bo Ångström", born=born, guardian=PARENT), **changes)


def test_a_minor_is_recorded_with_the_guardian_who_signs(studio: Studio, desk: ConsentDesk) -> None:
    recorded = desk.record(child(studio), grants(studio, "capture"))
    assert recorded.record.principal == "guardian"
    assert recorded.history[0].by == "guardian"
    data = desk.disclosures(recorded)
    assert data["guardian_name"] == data["signature"] == "Åke Ångström"
    assert (data["legal_name"], data["guardian_authority"]) == ("Bo Ångström", "sole custody")


def test_a_minor_without_a_guardian_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    message = "guardian: expected one with their relationship, as the subject is a minor"
    hint = "add --guardian NAME and --relationship parent or guardian"
    with refused(RefusedError, message, code="guardian-missing", hint=hint):
        desk.record(child(studio, guardian=None), grants(studio, "capture"))


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope.is_ai])
def test_for_a_minor_nothing_is_permitted_to_ai(studio: Studio, desk: ConsentDesk, scope: Scope) -> None:
    message = f"scope {scope}: the subject is a minor, for whom AI is never permitted"
    with refused(RefusedError, message, code="minor-ai"):
        desk.record(child(studio, initials={scope: "ÅÅ"}), grants(studio, scope.value))


def test_majority_begins_on_the_eighteenth_birthday(studio: Studio) -> None:
    born = date(2008, 2, 29)
    assert Subject("x", born=born).age_class(date(2026, 2, 28)) == "minor"
    assert Subject("x", born=born).age_class(date(2026, 3, 1)) == "adult"
    assert Subject("x", born=date(2008, 3, 1)).age_class(date(2026, 3, 1)) == "adult"
    assert Subject("x").age_class(date(2026, 3, 1)) == "not-recorded"
    assert Subject("x", guardian=PARENT).age_class(date(2026, 3, 1)) == "minor"


@pytest.mark.parametrize(
    ("subject", "message", "code"),
    [
        (Subject("x", born=date(2030, 1, 1)), "subject: expected a day of birth in the past", "birth-date"),
        (
            Subject("x", born=date(2015, 1, 1), adult=True),
            "subject: said to be an adult, and born less than 18 years ago",
            "age-contradiction",
        ),
        (
            Subject("x", adult=True, guardian=PARENT),
            "subject: an adult with a guardian, got both",
            "age-contradiction",
        ),
    ],
)
def test_an_age_that_contradicts_itself_is_refused(subject: Subject, message: str, code: str) -> None:
    with refused(InputError, message, code=code):
        subject.age_class(date(2026, 11, 23))


def test_a_witness_signs_and_is_somebody_else(studio: Studio, desk: ConsentDesk) -> None:
    recorded = desk.record(dataclasses.replace(ZOE, witness="Bo Lind"), grants(studio, "capture"))
    assert [signature.role for signature in recorded.record.signatures] == ["subject", "witness", "controller"]
    for witness in ("zoë ångström ", "Zoë Ångström"):
        message = "witness: expected somebody else than who signs"
        with refused(InputError, message, code="witness-self"):
            desk.record(dataclasses.replace(ZOE, witness=witness), grants(studio, "capture"))


def test_ink_on_paper_is_kept_in_the_vault_and_worth_no_more(studio: Studio, desk: ConsentDesk) -> None:
    zoe = dataclasses.replace(ZOE, adult=True, scan=PDF, initials={Scope.AI_TRAIN: "ZÅ"}, witness="Bo Lind")
    recorded = desk.record(zoe, grants(studio, "capture", "ai.train"))
    assert recorded.record.assurance == "recorded"
    assert [signature.role for signature in recorded.record.signatures] == ["controller"]
    assert desk.scan(desk.find(recorded.code)) == PDF
    assert "signature" not in desk.disclosures(recorded)
    assert PDF not in (studio.path / "studio.db").read_bytes()
    with refused(VaultError, "vault: scan: erased with the data of this consent", code="erased"):
        desk.scan(record_consent(studio))


@pytest.mark.parametrize(
    ("scan", "message", "code"),
    [
        (b"GIF89a", "scan: expected a pdf, jpeg or png file", "scan-kind"),
        (b"", "scan: expected a pdf, jpeg or png file", "scan-kind"),
        (
            PDF + bytes(MAX_SCAN_BYTES),
            f"scan: expected at most 10485760 bytes, got {len(PDF) + MAX_SCAN_BYTES}",
            "scan-size",
        ),
    ],
)
def test_another_scan_is_refused(studio: Studio, desk: ConsentDesk, scan: bytes, message: str, code: str) -> None:
    with refused(InputError, message, code=code):
        desk.record(dataclasses.replace(ZOE, scan=scan), grants(studio, "capture"))


def test_a_group_picture_has_one_record_for_each_person(studio: Studio, desk: ConsentDesk) -> None:
    people = [desk.record(Subject(name), grants(studio, "capture")) for name in ("Zoë", "Bo", "Åke")]
    assert len({one.record.digest for one in people}) == len({one.code for one in people}) == 3
    desk.withdraw(people[1], scopes=None, proof="studio")
    answers = [ask(studio, desk, one, Scope.CAPTURE).code for one in people]
    assert answers == [ConsentCode.IN_FORCE, ConsentCode.WITHDRAWN, ConsentCode.IN_FORCE]


# --- withdrawing what cannot all be withdrawn at once


def test_an_irrevocable_grant_holds_up_no_other(studio: Studio, desk: ConsentDesk) -> None:
    recorded = mixed(studio, desk)
    first = desk.withdraw(recorded, scopes=None, proof="receipt-secret")
    found = desk.find(recorded.code)
    assert [(event.type, event.scopes) for event in found.history[1:]] == [
        ("withdrawn", (Scope.CAPTURE, Scope.PUBLISH_WEB)),
        ("withdrawal-requested", (Scope.PUBLISH_STOCK,)),
    ]
    assert first == found.history[1]
    assert ask(studio, desk, recorded, Scope.CAPTURE).code is ConsentCode.WITHDRAWN
    soon = today(studio) + timedelta(days=30)
    assert ask(studio, desk, recorded, Scope.PUBLISH_WEB).reason.endswith(f", and is withdrawn from {soon} on")
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.IN_FORCE
    advance(studio, days=30)
    assert ask(studio, desk, recorded, Scope.PUBLISH_WEB).code is ConsentCode.WITHDRAWN
    advance(studio, days=20)
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.IN_FORCE
    advance(studio, days=1)
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.WITHDRAWN


def test_a_request_is_answered(studio: Studio, desk: ConsentDesk) -> None:
    recorded = mixed(studio, desk)
    message = "event withdrawal-answered: expected scopes whose withdrawal was requested and is open"
    stock = [Scope.PUBLISH_STOCK]
    with refused(RefusedError, message, code="event-unfit"):
        desk.note(recorded, "withdrawal-answered", scopes=stock, answer="granted")
    request = desk.withdraw(recorded, scopes=stock, proof="studio")
    assert request.type == "withdrawal-requested"
    for scopes in (None, [], [Scope.CAPTURE]):
        with refused(RefusedError, message, code="event-unfit"):
            desk.note(recorded, "withdrawal-answered", scopes=scopes, answer="granted")
    with refused(RefusedError, "scope publish.stock: was withdrawn already", code="already-withdrawn"):
        desk.withdraw(recorded, scopes=stock, proof="studio")
    desk.note(recorded, "withdrawal-answered", scopes=stock, answer="granted")
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.WITHDRAWN
    with refused(RefusedError, message, code="event-unfit"):
        desk.note(recorded, "withdrawal-answered", scopes=stock, answer="declined")


def test_a_declined_request_takes_effect_when_the_time_is_over(studio: Studio, desk: ConsentDesk) -> None:
    recorded = mixed(studio, desk)
    desk.withdraw(recorded, scopes=[Scope.PUBLISH_STOCK], proof="studio")
    desk.note(recorded, "withdrawal-answered", scopes=[Scope.PUBLISH_STOCK], answer="declined")
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.IN_FORCE
    advance(studio, days=51)
    assert ask(studio, desk, recorded, Scope.PUBLISH_STOCK).code is ConsentCode.WITHDRAWN


# --- receipts of withdrawals, and whom they reach


def test_a_withdrawal_receipt_is_signed_and_proves_the_withdrawal(studio: Studio, desk: ConsentDesk) -> None:
    recorded = mixed(studio, desk)
    desk.withdraw(recorded, scopes=None, proof="receipt-secret")
    found = desk.find(recorded.code)
    receipts = [desk.withdrawal_receipt(found, event) for event in found.history[1:]]
    for receipt in receipts:
        read = parse_withdrawal_receipt(receipt.to_bytes())
        read.verify(found.record)
        assert read == receipt
    assert [receipt.statement["outcome"] for receipt in receipts] == ["withdrawn", "requested"]
    assert receipts[0].statement["actions"] == ["stop-publishing", "notify-recipients"]
    effective: Any = receipts[0].statement["effective"]
    assert [item["scope"] for item in effective] == ["capture", "publish.web"]
    assert effective[0]["from"] == receipts[0].statement["received_at"] < effective[1]["from"]
    assert "Ångström" not in receipts[0].to_bytes().decode()


def test_a_withdrawal_receipt_of_another_record_or_event_does_not_verify(studio: Studio, desk: ConsentDesk) -> None:
    one, two = mixed(studio, desk), mixed(studio, desk)
    for recorded in (one, two):
        desk.withdraw(recorded, scopes=None, proof="studio")
    first, second = (desk.find(recorded.code) for recorded in (one, two))
    receipt = desk.withdrawal_receipt(first, first.history[1])
    other = desk.withdrawal_receipt(first, first.history[2])
    with refused(VerificationError, "consent event: speaks of another record", code="event-foreign"):
        receipt.verify(second.record)
    message = "withdrawal receipt: says something else than its event"
    with refused(VerificationError, message, code="receipt-event"):
        dataclasses.replace(receipt, event=other.event).verify(first.record)
    message = "commitment: does not open to this digest (provenance/consent-event/v1)"
    with refused(VerificationError, message, code="commitment-mismatch"):
        dataclasses.replace(receipt, entry=other.entry, proof=other.proof).verify(first.record)
    consent = desk.receipt(first)
    message = "withdrawal receipt: the ledger entry is not one of an event"
    with refused(VerificationError, message, code="receipt-entry"):
        dataclasses.replace(receipt, entry=consent.entry, proof=consent.proof).verify(first.record)
    with refused(VerificationError, "withdrawal receipt: its event is no withdrawal", code="receipt-event"):
        desk.withdrawal_receipt(first, first.history[0])


def test_a_withdrawal_receipt_that_another_controller_signed_does_not_verify(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    event = desk.withdraw(recorded, scopes=None, proof="studio")
    receipt = desk.withdrawal_receipt(desk.find(recorded.code), event)
    payload = from_base64url(str(receipt.envelope["payload"]), place="payload")
    forged = jws.sign(payload, [(SigningKey.generate("Ed25519"), {"role": "controller", "signed_at": "x"})])
    message = "withdrawal receipt: signed by another controller"
    with refused(VerificationError, message, code="controller-mismatch"):
        dataclasses.replace(receipt, envelope=forged).verify(recorded.record)


def test_a_changed_character_of_a_withdrawal_receipt_is_found(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    event = desk.withdraw(recorded, scopes=None, proof="studio")
    found = desk.find(recorded.code)
    data = desk.withdrawal_receipt(found, event).to_bytes()
    text = data.decode()
    for part in ("payload", "protected", "signature", "entry", "proof"):
        for start in [at for at in range(len(text)) if text.startswith(f'"{part}": "', at)]:
            place = start + len(part) + 24
            changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
            with pytest.raises((VerificationError, InputError)):
                parse_withdrawal_receipt(changed.encode()).verify(found.record)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "withdrawal receipt: expected schema urn:headshot-provenance:schema:consent-withdrawal-receipt:1, …"),
        (b"[]", "withdrawal receipt: expected a json object, got list"),
        (b" " * (512 * 1024 + 1), "withdrawal receipt: expected at most 524288 bytes, got 524289"),
        (
            b'{"schema":"urn:headshot-provenance:schema:consent-withdrawal-receipt:1",'
            b'"statement":1,"event":{},"ledger":{}}',
            "withdrawal receipt: expected statement, event and ledger as objects",
        ),
    ],
)
def test_another_document_than_a_withdrawal_receipt_is_refused(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_withdrawal_receipt(data)


def test_a_recall_names_stamps_and_recipients(studio: Studio, desk: ConsentDesk, tmp_path: Path) -> None:
    decided = grants(studio, "capture", "publish.web", grantee=["Conference Ltd"])
    recorded = desk.record(ZOE, decided, terms=Terms(recipients=("Acme GmbH",)))
    for number in range(2):
        source = draw_jpeg(tmp_path / f"{number}.jpg", seed=number)
        stamped(studio, source, tmp_path / f"stamped-{number}.jpg", code=recorded.code)
    for name in ("Zeitung AG", "Acme GmbH"):
        desk.note(recorded, "disclosed", recipient=name)
    recall = desk.recall(desk.find(recorded.code))
    assert recall.recipients == ("Acme GmbH", "Conference Ltd", "Zeitung AG")
    assert [stamp.declaration for stamp in recall.stamps] == ["camera", "camera"]
    assert desk.recall(record_consent(studio)).stamps == ()
    assert b"Zeitung" not in (studio.path / "studio.db").read_bytes()


# --- renewing, replacing, noting


def test_a_consent_is_renewed_before_and_after_its_end(studio: Studio, desk: ConsentDesk) -> None:
    recorded = desk.record(ZOE, grants(studio, "capture", "publish.web", days=10))
    later = today(studio) + timedelta(days=60)
    event = desk.renew(recorded, until=later, scopes=[Scope.CAPTURE])
    assert (event.type, event.by, event.detail.until) == ("renewed", "subject", later)
    advance(studio, days=20)
    assert ask(studio, desk, recorded, Scope.CAPTURE).reason == f"the grant capture says permit until {later}"
    assert ask(studio, desk, recorded, Scope.PUBLISH_WEB).code is ConsentCode.EXPIRED
    desk.renew(recorded, until=later + timedelta(days=1), scopes=None)
    assert ask(studio, desk, recorded, Scope.PUBLISH_WEB).code is ConsentCode.IN_FORCE


def test_what_cannot_be_renewed_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    recorded = desk.record(ZOE, grants(studio, "capture", "publish.web", days=10))
    end = today(studio) + timedelta(days=10)
    with refused(RefusedError, f"scope capture: expected a later end than {end}", code="renewal-term"):
        desk.renew(recorded, until=end, scopes=None)
    desk.withdraw(recorded, scopes=[Scope.CAPTURE], proof="studio")
    later = end + timedelta(days=10)
    for scope in (Scope.CAPTURE, Scope.MINE, Scope.AI_TRAIN):
        message = f"scope {scope}: is not permitted until a day that could move"
        with refused(RefusedError, message, code="renewal"):
            desk.renew(recorded, until=later, scopes=[scope])
    endless = desk.record(ZOE, grants(studio, "capture", days=None))
    with refused(RefusedError, "consent: nothing in it has an end that could move", code="renewal"):
        desk.renew(endless, until=later, scopes=None)


def test_a_newer_record_takes_the_place_of_an_older_one(studio: Studio, desk: ConsentDesk) -> None:
    older = record_consent(studio)
    newer = desk.record(ZOE, grants(studio, "capture"), supersedes=older)
    found = desk.find(older.code)
    assert found.history[-1].detail.superseded_by == newer.record.digest
    assert newer.record.body["supersedes"] == older.record.record_id
    answer = ask(studio, desk, older, Scope.CAPTURE)
    assert answer.code is ConsentCode.EXPIRED
    assert answer.reason == f"the consent was replaced by a newer record on {today(studio)}"
    assert ask(studio, desk, newer, Scope.CAPTURE).code is ConsentCode.IN_FORCE


@pytest.mark.parametrize("event_type", ["source-photos-deleted", "model-destroyed", "revoked", "invalidated"])
def test_what_the_studio_did_is_signed_and_logged(studio: Studio, desk: ConsentDesk, event_type: EventType) -> None:
    recorded = record_consent(studio)
    event = desk.note(recorded, event_type, scopes=[Scope.CAPTURE])
    found = desk.find(recorded.code)
    assert found.history[1] == event
    assert Logbook(studio).audit().entries == 4
    ended = {"revoked", "invalidated"}
    expected = ConsentCode.WITHDRAWN if event_type in ended else ConsentCode.IN_FORCE
    assert ask(studio, desk, recorded, Scope.CAPTURE).code is expected


@pytest.mark.parametrize("event_type", ["given", "refused", "renewed", "superseded", "withdrawn"])
def test_what_is_not_the_studios_to_say_cannot_be_noted(
    studio: Studio, desk: ConsentDesk, event_type: EventType
) -> None:
    hint = f"known: {', '.join(NOTED)}"
    with refused(RefusedError, f"event {event_type}: cannot be noted", code="event-unfit", hint=hint):
        desk.note(record_consent(studio), event_type)


def test_a_minor_comes_of_age_once(studio: Studio, desk: ConsentDesk) -> None:
    recorded = desk.record(child(studio), grants(studio, "capture"))
    desk.note(recorded, "majority-reached")
    answer = ask(studio, desk, recorded, Scope.CAPTURE)
    assert answer.code is ConsentCode.EXPIRED
    assert answer.reason == f"the subject came of age by {today(studio)}, and has not consented themselves"
    message = "event majority-reached: expected the record of a minor, and it once"
    for other in (recorded, record_consent(studio)):
        with refused(RefusedError, message, code="event-unfit"):
            desk.note(other, "majority-reached")


# --- signing elsewhere


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_request_that_was_signed_elsewhere_is_completed(studio: Studio, desk: ConsentDesk, algorithm: Any) -> None:
    key = SigningKey.generate(algorithm)
    zoe = dataclasses.replace(ZOE, adult=True, details={"representation": "none"})
    request = desk.request(zoe, grants(studio, "capture", "ai.generate"))
    assert desk.all() == []
    now = studio.clock.now()
    signed = request.sign(key, role="subject", initialled=[Scope.AI_GENERATE], now=now)
    witnessed = signed.sign(SigningKey.generate("ES256"), role="witness", initialled=[], now=now)
    recorded = desk.countersign(witnessed.to_bytes())
    assert desk.find(recorded.code) == recorded
    assert recorded.record.assurance == "session-key"
    assert [signature.role for signature in recorded.record.signatures] == ["subject", "witness", "controller"]
    assert desk.disclosures(recorded) == {"legal_name": "Zoë Ångström", "representation": "none"}
    desk.receipt(recorded).verify()
    desk.withdraw(desk.find_by_secret(desk.receipt(recorded).secret), scopes=None, proof="receipt-secret")
    with refused(RefusedError, "request: it was countersigned already", code="request-recorded"):
        desk.countersign(witnessed.to_bytes())


def test_a_request_that_nobody_signed_is_not_completed(studio: Studio, desk: ConsentDesk) -> None:
    request = desk.request(ZOE, grants(studio, "capture"))
    with refused(VerificationError, "signatures: expected one of the subject, got 0"):
        desk.countersign(request.to_bytes())
    assert Logbook(studio).audit().entries == 1


def test_a_request_of_another_studio_is_not_completed(studio: Studio, desk: ConsentDesk, tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "other", clock=studio.clock)) as other:
        request = ConsentDesk(other, open_keys(other)).request(ZOE, grants(studio, "capture"))
    signed = request.sign(SigningKey.generate("ES256"), role="subject", initialled=[], now=studio.clock.now())
    with refused(RefusedError, "request: another studio wrote it", code="request-foreign"):
        desk.countersign(signed.to_bytes())


def test_a_request_whose_body_was_exchanged_is_not_completed(studio: Studio, desk: ConsentDesk) -> None:
    from provenance.canonical import canonical_bytes, parse_object

    request = desk.request(ZOE, grants(studio, "capture", "publish.web"))
    body = parse_object(request.payload, place="body")
    other = canonical_bytes({**body, "recipients": ["Somebody else"]})
    changed = dataclasses.replace(request, payload=other)
    signed = changed.sign(SigningKey.generate("ES256"), role="subject", initialled=[], now=studio.clock.now())
    with refused(RefusedError, "request: it was changed after this studio wrote it", code="request-changed"):
        desk.countersign(signed.to_bytes())


def test_a_request_replaces_an_older_record_once_it_is_completed(studio: Studio, desk: ConsentDesk) -> None:
    older = record_consent(studio)
    request = desk.request(ZOE, grants(studio, "capture"), supersedes=older)
    assert ask(studio, desk, older, Scope.CAPTURE).code is ConsentCode.IN_FORCE
    signed = request.sign(SigningKey.generate("ES256"), role="subject", initialled=[], now=studio.clock.now())
    desk.countersign(signed.to_bytes())
    assert ask(studio, desk, older, Scope.CAPTURE).code is ConsentCode.EXPIRED


def test_only_who_holds_the_key_renews_what_was_signed_with_it(studio: Studio, desk: ConsentDesk) -> None:
    key = SigningKey.generate("ES256")
    request = desk.request(ZOE, grants(studio, "capture", days=10))
    recorded = desk.countersign(request.sign(key, role="subject", initialled=[], now=studio.clock.now()).to_bytes())
    later = today(studio) + timedelta(days=60)
    message = "consent event renewed: expected a signature worth session-key, as the record's is"
    with refused(VerificationError, message, code="renewal-weaker"):
        desk.renew(recorded, until=later, scopes=None)
    assert desk.renew(recorded, until=later, scopes=None, key=key).detail.until == later


def test_recipients_that_were_exchanged_in_the_vault_are_not_shown(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.note(recorded, "disclosed", recipient="Acme GmbH")
    tamper(studio.path / "studio.db", "DELETE FROM sealed WHERE name = 'event-2-disclosures'")
    with refused(VaultError, "vault: event-2-disclosures: erased with the data of this consent", code="erased"):
        desk.recall(desk.find(recorded.code))
