import base64
import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.ledgers import tamper
from support.refusals import refused
from support.studios import ZOE, FixedClock, make_studio, open_keys, record_ai_consent, record_consent

from provenance.consent import codes
from provenance.consent.disclosures import Disclosure, verify_disclosures
from provenance.consent.events import Proof
from provenance.consent.receipts import parse_receipt
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.entries import ConsentEntry, ConsentEventEntry, parse_entry
from provenance.errors import CorruptLedgerError, InputError, RefusedError, VaultError, VerificationError
from provenance.studio import ConsentDesk, Recorded, Studio, Subject
from provenance.studio.consents import MAX_INK_BYTES, MAX_NAME_CHARACTERS
from provenance.studio.logbook import Logbook

SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)

NO_CODE = "consent code: no such consent in this studio"
NO_SECRET = "withdrawal secret: belongs to no consent in this studio"
LIST_HINT = "see provenance consent list"
ALREADY = "consent: it was withdrawn as a whole already"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def desk(studio: Studio) -> ConsentDesk:
    return ConsentDesk(studio, open_keys(studio))


ANOTHER_RECORD = "consent: the database names another id or secret than the signed record does"


def clock_of(studio: Studio) -> FixedClock:
    assert isinstance(studio.clock, FixedClock)
    return studio.clock


def secret_of(desk: ConsentDesk, recorded: Recorded) -> str:
    return desk.receipt(recorded).secret


def entries(studio: Studio) -> int:
    return Logbook(studio).audit().entries


# --- recording


def test_a_consent_is_recorded_and_found_by_its_code(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio, deny=["mine"])
    assert desk.find(recorded.code) == recorded
    assert codes.parse_code(recorded.code) == recorded.code
    assert recorded.record.controller == open_keys(studio).controller.key_urn
    assert recorded.record.created_at == studio.clock.now()


def test_a_consent_is_found_however_its_code_was_typed(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    assert desk.find(recorded.code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == recorded


def test_a_consent_is_found_by_its_secret(studio: Studio, desk: ConsentDesk) -> None:
    recorded, _ = record_consent(studio), record_consent(studio)
    secret = secret_of(desk, recorded)
    assert desk.find_by_secret(secret) == recorded
    assert desk.find_by_secret(secret.lower().replace("-", "")) == recorded


def test_a_consent_is_found_by_its_id(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    assert desk.by_record_id(recorded.record.record_id) == recorded


def test_consents_are_listed_the_newest_first(studio: Studio, desk: ConsentDesk) -> None:
    assert desk.all() == []
    one, two, three = (record_consent(studio) for _ in range(3))
    assert desk.all() == [three, two, one]


def test_a_consent_is_found_when_the_studio_is_opened_again(studio: Studio) -> None:
    recorded = record_consent(studio)
    studio.close()
    with closing(Studio(studio.path)) as again:
        assert ConsentDesk(again).find(recorded.code) == recorded


def test_reading_needs_no_keys(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    secret = secret_of(desk, recorded)
    reader = ConsentDesk(studio)
    assert reader.find(recorded.code) == reader.find_by_secret(secret) == reader.all()[0] == recorded


def test_record_and_event_are_logged_together_under_one_checkpoint(studio: Studio) -> None:
    recorded = record_consent(studio)
    bodies = [parse_entry(row.body) for row in studio.database.entries(1, 10)]
    assert [type(entry) for entry in bodies] == [ConsentEntry, ConsentEventEntry]
    assert recorded.row.entry_index == 1
    assert [index for _, index in recorded.events] == [2]
    assert [size for size, _ in studio.database.checkpoints()] == [1, 3]
    assert Logbook(studio).audit().entries == 3


@pytest.mark.parametrize(("permit", "deny", "kind"), [(["capture"], [], "given"), ([], ["capture"], "refused")])
def test_a_consent_that_permits_nothing_is_recorded_as_a_refusal(
    studio: Studio, permit: list[str], deny: list[str], kind: str
) -> None:
    recorded = record_consent(studio, permit=permit, deny=deny)
    assert [event.type for event in recorded.history] == [kind]
    assert recorded.history[0].proof == "signature"
    assert recorded.history[0].scopes is None


def test_the_record_keys_of_two_consents_are_different(studio: Studio, desk: ConsentDesk) -> None:
    keys = {desk.record_key(record_consent(studio)) for _ in range(3)}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_a_record_key_stays_the_same(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    assert desk.record_key(recorded) == desk.record_key(desk.find(recorded.code))


@pytest.mark.parametrize("step", ["add_consent", "add_event", "add_sealed"])
def test_a_consent_that_could_not_be_kept_whole_is_not_kept(
    studio: Studio, desk: ConsentDesk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(studio.database, step, fail)
        with pytest.raises(OSError, match="no space left"):
            record_consent(studio)
    assert desk.all() == []
    assert entries(studio) == 1
    record_consent(studio)
    assert entries(studio) == 3


def test_a_code_that_is_taken_leaves_the_first_consent_as_it_was(
    studio: Studio, desk: ConsentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = record_consent(studio)
    monkeypatch.setattr(codes, "new_code", lambda: recorded.code)
    with pytest.raises(Exception, match="UNIQUE"):
        record_consent(studio)
    assert desk.all() == [recorded]
    assert entries(studio) == 3


# --- the subject


@pytest.mark.parametrize(
    "name", ["Zoë Ångström", "李小龍", "محمد", "Ольга", "𠮷野", "x", "x" * MAX_NAME_CHARACTERS, "O'Neil-Smith, Jr."]
)
def test_a_name_in_any_script_is_kept(studio: Studio, desk: ConsentDesk, name: str) -> None:
    recorded = record_consent(studio, subject=Subject(name))
    assert desk.disclosures(recorded) == {"legal_name": name, "signature": name}


def test_everything_that_a_subject_says_is_kept(studio: Studio, desk: ConsentDesk) -> None:
    subject = Subject(" Zoë ", email="zoe@example.org", witness="Bo Lind", ink=SVG)
    recorded = record_consent(studio, subject=subject)
    assert desk.disclosures(recorded) == {
        "legal_name": "Zoë",
        "email": "zoe@example.org",
        "witness_name": "Bo Lind",
        "signature": f"data:image/svg+xml;base64,{base64.b64encode(SVG).decode()}",
    }


def test_the_same_data_under_other_salts_do_not_belong_to_the_record(studio: Studio) -> None:
    subject = Subject("Zoë", email="zoe@example.org", witness="Bo Lind", ink=PNG)
    made = subject.disclosures()
    recorded = record_consent(studio, subject=subject)
    assert len(recorded.record.disclosure_digests) == len(made) == 4
    for disclosure in made:
        message = f"disclosure {disclosure.name}: does not belong to this record"
        with refused(VerificationError, message, code="disclosure-foreign"):
            verify_disclosures([disclosure], digests=recorded.record.disclosure_digests)


def test_the_data_in_the_vault_open_the_digests_of_the_record(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    stored = desk._open(recorded.record.record_id, "disclosures").decode()
    found = [Disclosure.from_text(item) for item in stored.strip('[]"').split('","')]
    verify_disclosures(found, digests=recorded.record.disclosure_digests)
    assert sorted(item.digest() for item in found) == list(recorded.record.disclosure_digests)


@pytest.mark.parametrize(("ink", "kind"), [(PNG, "image/png"), (SVG, "image/svg+xml"), (b"<svg/>", "image/svg+xml")])
def test_a_drawn_signature_is_kept(studio: Studio, desk: ConsentDesk, ink: bytes, kind: str) -> None:
    recorded = record_consent(studio, subject=Subject("Zoë", ink=ink))
    signature = desk.disclosures(recorded)["signature"]
    assert signature == f"data:{kind};base64,{base64.b64encode(ink).decode()}"


def test_a_signature_is_typed_unless_it_was_drawn() -> None:
    assert Subject("Zoë").method == "typed"
    assert Subject("Zoë", ink=SVG).method == "drawn"


@pytest.mark.parametrize("ink", [b"", b"<html></html>", b"\xff\xd8\xff", bytes(1024) + b"<svg>"])
def test_ink_of_another_kind_is_refused(studio: Studio, ink: bytes) -> None:
    with refused(InputError, "ink: expected an svg or png file", code="ink-kind"):
        record_consent(studio, subject=Subject("Zoë", ink=ink))
    assert entries(studio) == 1


def test_ink_that_is_too_large_is_refused(studio: Studio) -> None:
    ink = SVG + bytes(MAX_INK_BYTES + 1 - len(SVG))
    message = f"ink: expected at most {MAX_INK_BYTES} bytes, got {MAX_INK_BYTES + 1}"
    with refused(InputError, message, code="ink-size"):
        record_consent(studio, subject=Subject("Zoë", ink=ink))
    assert entries(studio) == 1


BAD_LINES = ["", " ", "a\nb", "a\x00b", "a\tb", "a\u202eb", "x" * (MAX_NAME_CHARACTERS + 1)]


@pytest.mark.parametrize("text", BAD_LINES)
@pytest.mark.parametrize(
    ("subject", "field", "place"),
    [
        (Subject("Zoë"), "name", "subject"),
        (Subject("Zoë"), "email", "email"),
        (Subject("Zoë"), "witness", "witness"),
    ],
)
def test_a_datum_that_is_no_line_of_text_is_refused(
    studio: Studio, subject: Subject, field: str, place: str, text: str
) -> None:
    changed = dataclasses.replace(subject, **{field: text})  # type: ignore[arg-type]
    message = f"{place}: expected 1 to {MAX_NAME_CHARACTERS} printable characters"
    with refused(InputError, message, code="text"):
        record_consent(studio, subject=changed)
    assert entries(studio) == 1


@pytest.mark.parametrize("email", ["zoe", "@example.org", "zoe@", "a@b@c", "zoe @example.org", "Zoë <zoe@example.org>"])
def test_another_address_is_refused(studio: Studio, email: str) -> None:
    message = "email: expected an address such as name@example.org"
    with refused(InputError, message, code="email"):
        record_consent(studio, subject=Subject("Zoë", email=email))
    assert entries(studio) == 1


# --- not found


@pytest.mark.parametrize("code", ["0000-0000", "zzzz zzzz"])
def test_an_unknown_code_is_refused(desk: ConsentDesk, code: str) -> None:
    with refused(RefusedError, NO_CODE, code="consent-not-found", hint=LIST_HINT):
        desk.find(code)


def test_a_code_that_cannot_be_one_is_refused(desk: ConsentDesk) -> None:
    message = "consent code: expected 8 letters and digits such as 8F3K-QX2P"
    with refused(InputError, message, code="code-form", hint="copy it from the receipt"):
        desk.find("8F3K")


def test_an_unknown_secret_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    record_consent(studio)
    with refused(RefusedError, NO_SECRET, code="consent-not-found", hint=LIST_HINT):
        desk.find_by_secret(codes.new_secret())


def test_a_secret_that_cannot_be_one_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    message = "withdrawal secret: expected 28 letters and digits"
    with refused(InputError, message, code="code-form", hint="copy it from the receipt"):
        desk.find_by_secret(recorded.code)


def test_an_unknown_id_is_a_contradiction(desk: ConsentDesk) -> None:
    with refused(CorruptLedgerError, "consent: a stamp refers to a record that is not there"):
        desk.by_record_id("nobody")


def test_the_consent_of_another_studio_is_not_found(studio: Studio, tmp_path: Path, desk: ConsentDesk) -> None:
    with closing(make_studio(tmp_path / "other")) as other:
        recorded = record_consent(other)
    with refused(RefusedError, NO_CODE, code="consent-not-found", hint=LIST_HINT):
        desk.find(recorded.code)


def test_a_changed_record_is_refused_when_it_is_read(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    envelope = one.row.envelope
    payload = envelope.index(b'"payload":"') + 40
    changed = envelope[:payload] + (b"A" if envelope[payload] != ord("A") else b"B") + envelope[payload + 1 :]
    tamper(studio.path / "studio.db", ("UPDATE consent SET envelope = ? WHERE code = ?", [changed, one.code]))
    with refused(VerificationError, "signed document: a signature does not verify", code="signature-invalid"):
        desk.find(one.code)
    assert desk.find(two.code) == two


def test_the_record_of_another_consent_does_not_fit_its_row(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    tamper(studio.path / "studio.db", ("UPDATE consent SET envelope = ? WHERE code = ?", [two.row.envelope, one.code]))
    with refused(CorruptLedgerError, ANOTHER_RECORD):
        desk.find(one.code)


def test_the_events_of_another_consent_do_not_fit_its_record(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    foreign = two.history[0].to_bytes()
    change = ("UPDATE consent_event SET envelope = ? WHERE record_id = ?", [foreign, one.record.record_id])
    tamper(studio.path / "studio.db", change)
    with refused(VerificationError, "consent event: speaks of another record", code="event-foreign"):
        desk.find(one.code)


# --- without keys


def test_without_keys_nothing_is_recorded_withdrawn_or_opened(studio: Studio) -> None:
    recorded = record_consent(studio)
    locked = ConsentDesk(studio)
    for ask in (
        lambda: locked.record(ZOE, recorded.record.grants),
        lambda: locked.withdraw(recorded, scopes=None, proof="studio"),
        lambda: locked.receipt(recorded),
        lambda: locked.disclosures(recorded),
        lambda: locked.record_key(recorded),
    ):
        with refused(VaultError, "vault: the studio's keys are locked", code="locked"):
            ask()
    assert entries(studio) == 3


# --- erased


def test_what_was_erased_cannot_be_opened(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    tamper(studio.path / "studio.db", ("DELETE FROM data_key WHERE record_id = ?", [one.record.record_id]))
    message = "vault: the data key of this consent was erased"
    for ask in (desk.disclosures, desk.record_key, desk.receipt):
        with refused(VaultError, message, code="erased"):
            ask(one)
    assert desk.find(one.code) == one
    assert desk.disclosures(two)["legal_name"] == ZOE.name


@pytest.mark.parametrize("name", ["disclosures", "record-key", "commitment", "withdrawal-secret"])
def test_a_single_datum_that_was_erased_cannot_be_opened(studio: Studio, desk: ConsentDesk, name: str) -> None:
    recorded = record_consent(studio)
    tamper(studio.path / "studio.db", ("DELETE FROM sealed WHERE name = ?", [name]))
    ask = {"disclosures": desk.disclosures, "record-key": desk.record_key}.get(name, desk.receipt)
    with refused(VaultError, f"vault: {name}: erased with the data of this consent", code="erased"):
        ask(recorded)


def test_a_sealed_datum_of_another_consent_does_not_open(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    foreign = studio.database.sealed(two.record.record_id, "disclosures")
    tamper(
        studio.path / "studio.db",
        ("UPDATE sealed SET data = ? WHERE record_id = ? AND name = 'disclosures'", [foreign, one.record.record_id]),
    )
    with refused(VaultError, "vault: disclosures cannot be opened with this key"):
        desk.disclosures(one)


def test_an_erased_consent_can_still_be_judged(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    tamper(studio.path / "studio.db", "DELETE FROM sealed", "DELETE FROM data_key")
    found = desk.find(recorded.code)
    assert authorised(found.record, found.history, scope=Scope.CAPTURE, at=studio.clock.now()).code == "in-force"


# --- receipts


def test_a_receipt_proves_the_consent_and_withdraws_it(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    receipt = parse_receipt(desk.receipt(recorded).to_bytes())
    receipt.verify()
    assert (receipt.code, receipt.record) == (recorded.code, recorded.record)
    assert receipt.log_key == studio.settings.log_key
    assert desk.find_by_secret(receipt.secret).code == recorded.code


def test_a_receipt_made_later_rests_on_the_newest_checkpoint(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    first = desk.receipt(recorded)
    for _ in range(3):
        record_consent(studio)
    later = desk.receipt(recorded)
    later.verify()
    first.verify()
    assert "\n3\n" in first.proof
    assert "\n9\n" in later.proof
    assert (later.secret, later.entry) == (first.secret, first.entry)


def test_a_receipt_names_nobody(studio: Studio, desk: ConsentDesk) -> None:
    text = desk.receipt(record_consent(studio)).to_bytes().decode()
    assert ZOE.name not in text
    assert "zoe@example.org" not in text


def test_a_receipt_over_a_missing_entry_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    tamper(studio.path / "studio.db", "DELETE FROM entry WHERE idx = 1")
    with refused(CorruptLedgerError, "entry 1: missing, although a consent refers to it"):
        desk.receipt(recorded)


# --- withdrawing


@pytest.mark.parametrize("proof", ["receipt-secret", "studio", "signature"])
def test_a_consent_is_withdrawn_as_a_whole(studio: Studio, desk: ConsentDesk, proof: Proof) -> None:
    recorded = record_consent(studio)
    at = clock_of(studio).advance(days=1)
    event = desk.withdraw(recorded, scopes=None, proof=proof)
    assert (event.type, event.at, event.scopes, event.proof) == ("withdrawn", at, None, proof)
    found = desk.find(recorded.code)
    assert found.history == [*recorded.history, event]
    assert found.events[-1][1] == 3
    assert entries(studio) == 4
    assert isinstance(parse_entry(next(iter(studio.database.entries(3, 4))).body), ConsentEventEntry)
    for scope in Scope:
        assert authorised(found.record, found.history, scope=scope, at=at).code is ConsentCode.WITHDRAWN


def test_a_consent_is_withdrawn_by_its_secret(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.withdraw(desk.find_by_secret(secret_of(desk, recorded)), scopes=None, proof="receipt-secret")
    assert [event.type for event in desk.find(recorded.code).history] == ["given", "withdrawn"]


def test_some_scopes_are_withdrawn_and_the_others_stay(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.withdraw(recorded, scopes=[Scope.PUBLISH_WEB], proof="studio")
    found = desk.find(recorded.code)
    now = studio.clock.now()
    assert authorised(found.record, found.history, scope=Scope.PUBLISH_WEB, at=now).code is ConsentCode.WITHDRAWN
    assert authorised(found.record, found.history, scope=Scope.CAPTURE, at=now).code is ConsentCode.IN_FORCE


def test_scopes_are_withdrawn_one_after_the_other_and_then_the_rest(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.withdraw(recorded, scopes=[Scope.PUBLISH_WEB], proof="studio")
    desk.withdraw(recorded, scopes=[Scope.CAPTURE], proof="studio")
    desk.withdraw(recorded, scopes=None, proof="studio")
    history = desk.find(recorded.code).history
    assert [event.scopes for event in history] == [None, (Scope.PUBLISH_WEB,), (Scope.CAPTURE,), None]
    assert [event.previous for event in history[1:]] == [event.digest for event in history[:-1]]
    assert entries(studio) == 6


def test_a_withdrawal_touches_no_other_consent(studio: Studio, desk: ConsentDesk) -> None:
    one, two = record_consent(studio), record_consent(studio)
    desk.withdraw(one, scopes=None, proof="studio")
    assert desk.find(two.code) == two


def test_a_consent_is_not_withdrawn_twice(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.withdraw(recorded, scopes=None, proof="studio")
    # As it was found, and as somebody else still has it in hand.
    for stale in (desk.find(recorded.code), recorded):
        for scopes in (None, [Scope.CAPTURE]):
            with refused(RefusedError, ALREADY, code="already-withdrawn"):
                desk.withdraw(stale, scopes=scopes, proof="studio")
    assert entries(studio) == 4


def test_a_scope_is_not_withdrawn_twice(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    desk.withdraw(recorded, scopes=[Scope.CAPTURE], proof="studio")
    with refused(RefusedError, "scope capture: was withdrawn already", code="already-withdrawn"):
        desk.withdraw(recorded, scopes=[Scope.PUBLISH_WEB, Scope.CAPTURE], proof="studio")
    assert entries(studio) == 4


@pytest.mark.parametrize("scope", [Scope.MINE, Scope.AI_TRAIN, Scope.PUBLISH_PRESS])
def test_a_scope_that_was_never_permitted_is_not_withdrawn(studio: Studio, desk: ConsentDesk, scope: Scope) -> None:
    recorded = record_consent(studio, deny=["mine"])
    with refused(RefusedError, f"scope {scope}: was never permitted", code="scope-not-permitted"):
        desk.withdraw(recorded, scopes=[Scope.CAPTURE, scope], proof="studio")
    assert entries(studio) == 3
    assert desk.find(recorded.code) == recorded


def test_a_withdrawal_of_nothing_is_refused(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    with refused(RefusedError, "withdrawal: expected at least one scope, got none", code="withdrawal-empty"):
        desk.withdraw(recorded, scopes=[], proof="studio")
    assert desk.find(recorded.code) == recorded
    assert entries(studio) == 3


def test_a_refusal_may_be_withdrawn_as_a_whole(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio, permit=[], deny=["capture"])
    desk.withdraw(recorded, scopes=None, proof="studio")
    assert [event.type for event in desk.find(recorded.code).history] == ["refused", "withdrawn"]


def test_a_withdrawal_that_could_not_be_kept_whole_is_not_kept(
    studio: Studio, desk: ConsentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "no space left on device")

    recorded = record_consent(studio)
    with monkeypatch.context() as patched:
        patched.setattr(studio.database, "add_sealed", fail)
        with pytest.raises(OSError, match="no space left"):
            desk.withdraw(recorded, scopes=None, proof="studio")
    assert desk.find(recorded.code) == recorded
    assert entries(studio) == 3
    desk.withdraw(recorded, scopes=None, proof="studio")
    assert entries(studio) == 4


def test_a_withdrawal_of_an_erased_consent_is_refused_whole(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    tamper(studio.path / "studio.db", "DELETE FROM data_key")
    with refused(VaultError, "vault: the data key of this consent was erased", code="erased"):
        desk.withdraw(recorded, scopes=None, proof="studio")
    assert entries(studio) == 3


def test_events_stay_in_order_where_the_clock_was_set_back(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    clock_of(studio).advance(hours=-2)
    event = desk.withdraw(recorded, scopes=[Scope.CAPTURE], proof="studio")
    assert event.at == recorded.history[0].at
    assert desk.withdraw(recorded, scopes=None, proof="studio").at == event.at
    found = desk.find(recorded.code)
    later = event.at + timedelta(days=1)
    assert authorised(found.record, found.history, scope=Scope.CAPTURE, at=later).code is ConsentCode.WITHDRAWN


def test_a_consent_to_ai_is_recorded_with_its_end_and_use(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_ai_consent(studio)
    grant = desk.find(recorded.code).record.grant(Scope.AI_GENERATE)
    assert grant is not None
    assert grant.decision == "permit"
    assert grant.until == studio.clock.now().date() + timedelta(days=365)
    assert grant.use


def test_a_row_that_names_another_record_is_a_contradiction(studio: Studio, desk: ConsentDesk) -> None:
    row = record_consent(studio).row
    for other in (dataclasses.replace(row, secret_digest=bytes(32)), dataclasses.replace(row, record_id="another")):
        with refused(CorruptLedgerError, ANOTHER_RECORD):
            desk._load(other)


def test_a_record_of_another_controller_is_none_of_this_studio(
    studio: Studio, desk: ConsentDesk, tmp_path: Path
) -> None:
    with closing(make_studio(tmp_path / "another")) as another:
        row = record_consent(another).row
    with refused(CorruptLedgerError, "consent: the record was signed by another controller than this studio"):
        desk._load(row)


def test_data_that_were_not_signed_are_not_shown(studio: Studio, desk: ConsentDesk) -> None:
    recorded = record_consent(studio)
    other = dataclasses.replace(recorded.record, disclosure_digests=("another",))
    with refused(VerificationError, "disclosure legal_name: does not belong to this record", code="disclosure-foreign"):
        desk.disclosures(dataclasses.replace(recorded, record=other))
