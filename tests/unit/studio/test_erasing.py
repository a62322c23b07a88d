"""Erasing a consent: what goes, what stays, what is logged, and how an interruption is mended."""

import dataclasses
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.databases import kept_fingerprints
from support.ledgers import tamper
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import FixedClock, make_studio, open_keys, record_consent, stamp_file, stamped, verify

from provenance.consent.receipts import parse_receipt
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.consent.withdrawals import parse_withdrawal_receipt
from provenance.credentials.manifest import Declaration
from provenance.entries import TAG_ERASURE, ErasureEntry, parse_entry, verify_commitment
from provenance.errors import RefusedError, VaultError
from provenance.proof import parse_proof
from provenance.schemas import validate
from provenance.stamping.interface import PendingStamp
from provenance.storage import sqlite
from provenance.storage.interface import FingerprintRow, ManifestRow, Needle
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStampDesk, Subject
from provenance.studio.erasing import Destroyed, ErasureDesk
from provenance.studio.exporting import ExportDesk
from provenance.studio.logbook import Logbook

LEVELS = pytest.mark.parametrize("full", [False, True], ids=["plain", "full"])
MARIA = Subject("Maria Ünikat", email="maria@example.org", phone="+49 30 1234567")
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 200


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with closing(make_studio(tmp_path / "studio", clock=FixedClock())) as made:
        yield made


@pytest.fixture
def desk(studio: Studio) -> ErasureDesk:
    return ErasureDesk(studio, open_keys(studio))


def clock_of(studio: Studio) -> FixedClock:
    assert isinstance(studio.clock, FixedClock)
    return studio.clock


def names(studio: Studio, recorded: Recorded) -> list[str]:
    return studio.database.sealed_names(recorded.record.record_id)


def pending(number: int, recorded: Recorded, reason: str | None = None) -> PendingStamp:
    value = number.to_bytes(32, "big")
    return PendingStamp(
        value, bytes(32), Declaration.CAMERA, {recorded.record.record_id: value[::-1]}, confirmation=reason
    )


def ask(studio: Studio, desk: ConsentDesk, recorded: Recorded) -> ConsentCode:
    found = desk.find(recorded.code)
    return authorised(found.record, found.history, scope=Scope.CAPTURE, at=studio.clock.now()).code


# --- what goes, and what stays


def test_what_is_destroyed_is_told_before_and_after(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio, subject=dataclasses.replace(MARIA, scan=PDF))
    desk.note(recorded, "disclosed", recipient="Presse-Unikat GmbH")
    StudioStampDesk(open_keys(studio)).log([pending(1, recorded, "I took it"), pending(2, recorded)])
    recorded = desk.find(recorded.code)
    before = sorted(names(studio, recorded))
    expected = Destroyed(("legal_name", "scan_sha256", "email", "phone"), True, True, 1, 1)
    preview = desk.preview(recorded, full=False)
    assert (preview.outcome, preview.erasure, preview.proof) == ("would-erase", None, None)
    assert preview.destroyed == expected
    full = desk.preview(recorded, full=True).destroyed
    assert full == dataclasses.replace(expected, secrets=5, data_key=True)
    assert sorted(names(studio, recorded)) == before
    report = desk.erase(recorded, full=False)
    assert (report.outcome, report.full, report.destroyed) == ("erased", False, expected)
    assert desk.preview(desk.find(recorded.code), full=False).outcome == "already-erased"
    assert set(names(studio, recorded)) == {
        "commitment", "event-1", "event-2", "event-3", "erasure-3", "record-key", "withdrawal-secret",
    }  # fmt: skip


def test_a_full_erasure_keeps_nothing_but_what_proves_it(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    key = studio.database.wrapped_key(recorded.record.record_id)
    report = desk.erase(recorded, full=True)
    assert report.destroyed.secrets == 4
    assert names(studio, recorded) == ["erasure-2", "event-2"]
    assert studio.database.wrapped_key(recorded.record.record_id) not in (key, None)


@LEVELS
def test_nobody_elses_data_are_touched(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    mine, other = record_consent(studio), record_consent(studio, subject=MARIA)
    before = {name: studio.database.sealed(other.record.record_id, name) for name in names(studio, other)}
    desk.erase(mine, full=full)
    assert {name: studio.database.sealed(other.record.record_id, name) for name in names(studio, other)} == before
    assert desk.disclosures(other)["legal_name"] == MARIA.name
    assert desk.erasure(other) is None
    desk.receipt(other).verify()


@LEVELS
def test_data_that_cannot_be_opened_any_more_go_all_the_same(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    tamper(studio.path / "studio.db", "UPDATE sealed SET data = x'0102030405' WHERE name = 'disclosures'")
    report = desk.erase(recorded, full=full)
    assert report.destroyed.disclosures
    assert report.destroyed.fields == ()
    assert "disclosures" not in names(studio, recorded)


def test_a_full_erasure_removes_the_receipts_of_this_consent_alone(studio: Studio, desk: ErasureDesk) -> None:
    mine, other = record_consent(studio), record_consent(studio)
    folder = studio.path / "receipts"
    gone = [f"{mine.code}-withdrawal-2.json", f"{mine.code}.json"]
    kept = [f"{other.code}.json", f"{mine.code}.json.bak"]
    for name in (*gone, *kept):
        (folder / name).write_text("{}")
    assert desk.erase(mine, full=False).destroyed.receipts == ()
    assert desk.preview(desk.find(mine.code), full=True).destroyed.receipts == tuple(gone)
    assert desk.erase(mine, full=True).destroyed.receipts == tuple(gone)
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)


def code_of(number: int) -> bytes:
    """Return a code as one may be: of bytes that differ."""
    return bytes((number + 7 * place) % 256 for place in range(32))


@LEVELS
def test_the_fingerprints_of_every_picture_of_the_person_go(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    mine, other = record_consent(studio), record_consent(studio, subject=MARIA)
    record_ids = [recorded.record.record_id for recorded in (mine, other)]
    # A picture of one person, one of the other, and one that was stamped under one first and under both later.
    shown = [(b"1", record_ids[:1]), (b"2", record_ids[1:]), (b"3", record_ids[1:]), (b"3", record_ids)]
    for number, (picture, people) in enumerate(shown):
        handles = {record_id: bytes([number + 1]) * 32 for record_id in people}
        stamp = PendingStamp(bytes([number]) * 32, picture * 32, Declaration.CAMERA, handles)
        StudioStampDesk(open_keys(studio)).log([stamp])
    entries = [row.entry_index for row in studio.database.stamps_of_entries(0, 100)]
    codes = [code_of(number) for number in range(4)]
    rows = [FingerprintRow(entry, "full", code) for entry, code in zip(entries, codes, strict=True)]
    # The same code as that of somebody else's picture, which stays.
    rows.append(FingerprintRow(entries[0], "face", codes[1]))
    # And one that stands in any file.
    rows.append(FingerprintRow(entries[0], "four-to-five", bytes(32)))
    studio.database.add_fingerprints(rows)
    labels = [f"urn:c2pa:{entry}-of-a-picture" for entry in entries]
    for entry, label in zip(entries, labels, strict=True):
        studio.database.add_manifest(ManifestRow(entry, label, label.encode() * 99))
    report = desk.erase(mine, full=full)
    assert (report.destroyed.fingerprints, report.destroyed.manifests) == (5, 3)
    assert [studio.database.find_manifest(label) is None for label in labels] == [True, False, True, True]
    assert kept_fingerprints(studio.database) == [rows[1]]
    assert report.proof is not None
    assert report.proof.clean
    data = (studio.path / "studio.db").read_bytes()
    assert [code in data for code in codes] == [False, True, False, False]
    assert [label.encode() in data for label in labels] == [False, True, False, False]
    assert desk.erase(desk.find(mine.code), full=full).outcome == "already-erased"


def test_a_fingerprint_that_lies_elsewhere_in_the_database_is_found(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio, subject=MARIA)
    StudioStampDesk(open_keys(studio)).log([pending(1, recorded)])
    (stamp,) = studio.database.stamps_of_entries(0, 100)
    studio.database.add_fingerprints([FingerprintRow(stamp.entry_index, "full", code_of(5))])
    studio.database._driver.execute("CREATE TABLE leak AS SELECT code FROM fingerprint")
    proof = desk.erase(recorded, full=False).proof
    assert proof is not None
    assert proof.searched is not None
    assert proof.searched.found == (Needle(code_of(5)),)


# --- what is signed and logged


@LEVELS
def test_an_erasure_is_signed_and_logged_in_two_entries(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    report = desk.erase(recorded, full=full)
    found = desk.find(recorded.code)
    event = found.history[-1]
    assert (event.type, event.by, event.scopes, event.previous) == (
        "erased", "controller", None, recorded.history[-1].digest,
    )  # fmt: skip
    assert report.entries == (3, 4) == (found.events[-1][1], found.events[-1][1] + 1)
    assert report.erasure == desk.erasure(found)
    assert report.erasure is not None
    assert (report.erasure.at, report.erasure.full) == (event.at, full)
    body, text = desk.prove_erasure(found, event)
    entry, proof = parse_entry(body), parse_proof(text)
    assert isinstance(entry, ErasureEntry)
    proof.verify(body, keys=[studio.log_key])
    verify_commitment(entry.commitment, tag=TAG_ERASURE, randomness=proof.extra or b"", digest=event.digest)
    assert Logbook(studio).audit().entries == 5


def test_a_plain_erasure_stays_provable_after_a_full_one(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=False)
    first = desk.find(recorded.code).history[-1]
    desk.erase(desk.find(recorded.code), full=True)
    found = desk.find(recorded.code)
    body, text = desk.prove_erasure(found, first)
    parse_proof(text).verify(body, keys=[studio.log_key])
    with refused(VaultError, "vault: event 1 of this consent is no erasure that was logged", code="not-erased"):
        desk.prove_erasure(found, found.history[0])


def test_nothing_is_half_erased_where_the_ledger_cannot_be_appended_to(
    studio: Studio, desk: ErasureDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "no space left on device")

    recorded = record_consent(studio)
    before = sorted(names(studio, recorded))
    with monkeypatch.context() as patched:
        patched.setattr(studio.database, "add_sealed", fail)
        with pytest.raises(OSError, match="no space left"):
            desk.erase(recorded, full=True)
    assert sorted(names(studio, recorded)) == before
    assert desk.find(recorded.code) == recorded
    desk.receipt(recorded).verify()


def test_without_keys_nothing_is_erased(studio: Studio) -> None:
    recorded = record_consent(studio)
    with refused(VaultError, "vault: the studio's keys are locked", code="locked"):
        ErasureDesk(studio).erase(recorded, full=False)
    assert "disclosures" in names(studio, recorded)


# --- again


@LEVELS
def test_the_second_time_nothing_is_logged(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    first = desk.erase(recorded, full=full)
    clock_of(studio).advance(hours=5)
    second = desk.erase(desk.find(recorded.code), full=full)
    assert (second.outcome, second.entries, second.erasure) == ("already-erased", None, first.erasure)
    assert second.proof is not None
    assert (second.proof.clean, second.proof.sought, second.proof.searched) == (True, 0, None)
    assert Logbook(studio).audit().entries == 5


def test_after_a_full_erasure_a_plain_one_has_nothing_to_do(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=False)
    assert desk.erase(desk.find(recorded.code), full=True).outcome == "erased"
    assert desk.erase(desk.find(recorded.code), full=False).outcome == "already-erased"


@LEVELS
def test_a_name_that_came_in_since_is_erased_anew(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=full)
    desk.note(desk.find(recorded.code), "disclosed", recipient="Presse-Unikat GmbH")
    found = desk.find(recorded.code)
    assert desk.recall(found).recipients == ("Presse-Unikat GmbH",)
    report = desk.erase(found, full=full)
    assert (report.outcome, report.destroyed) == ("erased", Destroyed(recipients=1))
    assert desk.recall(desk.find(recorded.code)).erased == 1


def test_an_event_alone_is_no_erasure(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    sealed = studio.database.sealed(recorded.record.record_id, "disclosures")
    desk.erase(recorded, full=False)
    assert sealed is not None
    studio.database.add_sealed(recorded.record.record_id, "disclosures", sealed)
    found = desk.find(recorded.code)
    assert desk.erasure(found) is None
    assert desk.erase(found, full=False).outcome == "erased"
    assert desk.erasure(desk.find(recorded.code)) is not None


# --- what goes on working


@LEVELS
def test_signatures_and_stamps_and_answers_stay(studio: Studio, desk: ErasureDesk, tmp_path: Path, full: bool) -> None:
    recorded = record_consent(studio)
    picture = stamped(studio, draw_jpeg(tmp_path / "a.jpg"), tmp_path / "b.jpg", code=recorded.code)
    before = verify(studio, picture)
    desk.erase(recorded, full=full)
    after = verify(studio, picture)
    assert (after.verdict, after.ledger.code, after.consent_basis) == (before.verdict, "proven", "studio")
    assert after.consent_then == before.consent_then
    assert after.consent_now.code == before.consent_now.code == "in-force"
    day = studio.clock.now().date()
    assert after.consent_now.sentence == f"{before.consent_now.sentence} The person's data were erased on {day}."
    erasure = desk.erasure(desk.find(recorded.code))
    assert erasure is not None
    assert after.consent_now.facts["erased"] == erasure.at.isoformat()
    assert "erased" not in before.consent_now.facts
    assert ask(studio, desk, recorded) is ConsentCode.IN_FORCE
    assert Logbook(studio).audit().entries == 6


@LEVELS
def test_the_persons_own_receipt_stays_valid_and_withdraws(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    receipt = parse_receipt(desk.receipt(recorded).to_bytes())
    desk.erase(recorded, full=full)
    receipt.verify()
    found = desk.find_by_secret(receipt.secret)
    event = desk.withdraw(found, scopes=None, proof="receipt-secret")
    after = desk.find(recorded.code)
    parse_withdrawal_receipt(desk.withdrawal_receipt(after, event).to_bytes()).verify(after.record)
    assert ask(studio, desk, recorded) is ConsentCode.WITHDRAWN


@LEVELS
def test_a_withdrawal_by_code_is_possible(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    desk.note(recorded, "disclosed", recipient="Presse-Unikat GmbH")
    desk.erase(desk.find(recorded.code), full=full)
    event = desk.withdraw(desk.find(recorded.code), scopes=None, proof="studio")
    after = desk.find(recorded.code)
    reached = desk.recall(after)
    assert (reached.recipients, reached.erased) == ((), 1)
    parse_withdrawal_receipt(desk.withdrawal_receipt(after, event).to_bytes()).verify(after.record)
    assert Logbook(studio).audit().entries == 7


def test_a_receipt_is_written_again_after_a_plain_erasure_only(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=False)
    desk.receipt(desk.find(recorded.code)).verify()
    desk.erase(desk.find(recorded.code), full=True)
    day = studio.clock.now().date()
    message = f"consent {recorded.code}: all that was sealed for it was erased on {day}, its withdrawal secret too"
    hint = "the copy that the person has stays valid, and goes on to withdraw the consent"
    with refused(RefusedError, message, code="consent-erased", hint=hint):
        desk.receipt(desk.find(recorded.code))


def test_an_erasure_cannot_be_noted(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    hint = f"run provenance erase {recorded.code}"
    with refused(RefusedError, "event erased: cannot be noted", code="event-unfit", hint=hint):
        desk.note(recorded, "erased")
    assert desk.find(recorded.code) == recorded


# --- stamping


@LEVELS
def test_nothing_new_is_stamped(studio: Studio, desk: ErasureDesk, tmp_path: Path, full: bool) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=full)
    source = draw_jpeg(tmp_path / "a.jpg")
    result = stamp_file(studio, source, tmp_path / "b.jpg", code=recorded.code)
    day = studio.clock.now().date()
    assert (result.outcome, result.code) == ("refused", "consent-erased")
    assert result.message == (
        f"consent {recorded.code}: the person's data were erased on {day}, and nothing is stamped under it any more"
    )
    assert result.hint == "ask the person for a new consent"
    assert not (tmp_path / "b.jpg").exists()


@LEVELS
def test_a_stamp_that_was_logged_before_is_found_again(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    stamps = StudioStampDesk(open_keys(studio))
    old = pending(1, recorded, "I took it")
    (logged,) = stamps.log([old])
    desk.erase(recorded, full=full)
    assert stamps.note(old.key) is None
    (again,) = stamps.log([old])
    assert again.entry == logged.entry
    assert stamps.find_logged(old.key) is not None


@LEVELS
def test_a_stamp_whose_permit_is_older_than_the_erasure_is_not_logged(
    studio: Studio, desk: ErasureDesk, full: bool
) -> None:
    recorded = record_consent(studio)
    stamps = StudioStampDesk(open_keys(studio))
    desk.erase(recorded, full=full)
    day = studio.clock.now().date()
    message = (
        f"consent {recorded.code}: the person's data were erased on {day}, and nothing is stamped under it any more"
    )
    with refused(RefusedError, message, code="consent-erased", hint="ask the person for a new consent"):
        stamps.log([pending(1, recorded, "I took it")])
    assert studio.database.count_stamps(recorded.record.record_id) == 0
    assert Logbook(studio).audit().entries == 5


# --- the bytes


def test_a_word_that_the_studio_publishes_or_that_is_short_is_not_looked_for(tmp_path: Path) -> None:
    with closing(make_studio(tmp_path / "studio", "Lumen")) as studio:
        desk = ErasureDesk(studio, open_keys(studio))
        recorded = record_consent(studio, subject=Subject("Lumen", phone="112", email="a@lumen.example"))
        proof = desk.erase(recorded, full=False).proof
    assert proof is not None
    assert proof.clean
    assert sorted(proof.left_out) == ["legal_name", "phone", "signature"]


def test_empty_paper_in_a_drawing_is_not_looked_for(studio: Studio, desk: ErasureDesk) -> None:
    ink = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M1717 2323L4242 9191"/></svg>' + bytes(9000)
    recorded = record_consent(studio, subject=dataclasses.replace(MARIA, ink=ink))
    studio.database._driver.execute("CREATE TABLE other (what TEXT)")
    studio.database._driver.execute(f"INSERT INTO other VALUES ('{'A' * 100}')")
    proof = desk.erase(recorded, full=False).proof
    assert proof is not None
    assert (proof.clean, proof.left_out) == (True, ())


def test_a_datum_that_lies_open_in_the_database_is_found(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio, subject=MARIA)
    studio.database._driver.execute("CREATE TABLE leak (what TEXT)")
    studio.database._driver.execute("INSERT INTO leak VALUES ('Maria Ünikat')")
    proof = desk.erase(recorded, full=False).proof
    assert proof is not None
    assert proof.searched is not None
    assert proof.searched.found == (Needle("Maria Ünikat".encode()),)
    assert proof.complete
    assert not proof.clean


@LEVELS
def test_a_sealed_datum_that_lies_elsewhere_in_the_database_is_found(
    studio: Studio, desk: ErasureDesk, full: bool
) -> None:
    recorded = record_consent(studio, subject=MARIA)
    studio.database._driver.execute("CREATE TABLE leak AS SELECT data FROM sealed WHERE name = 'disclosures'")
    proof = desk.erase(recorded, full=full).proof
    assert proof is not None
    assert proof.searched is not None
    assert proof.searched.found
    assert not proof.clean


def test_what_another_program_holds_on_to_is_told_and_goes_the_next_time(
    studio: Studio, desk: ErasureDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SCRUB_SECONDS", 0.05)
    recorded = record_consent(studio)
    with closing(sqlite3.connect(studio.path / "studio.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sealed").fetchall()
        report = desk.erase(recorded, full=False)
        assert report.outcome == "erased"
        assert report.proof is not None
        assert (report.proof.complete, report.proof.clean) == (False, False)
        reader.execute("ROLLBACK")
    again = desk.erase(desk.find(recorded.code), full=False)
    assert again.outcome == "already-erased"
    assert again.proof is not None
    assert again.proof.clean


@LEVELS
def test_an_older_copy_that_holds_the_data_is_named_and_left(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    database = studio.path / "studio.db"
    early = studio.path / "studio.db.state-1"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(early)) as copy:
        source.backup(copy)
    partial = studio.path / ".studio.db.state-1.provenance-partial"
    shutil.copyfile(early, partial)
    (studio.path / "studio.db.odd").write_text("no database")
    report = desk.erase(recorded, full=full)
    assert report.proof is not None
    assert report.proof.copies == (partial.name, "studio.db.odd", early.name)
    assert not report.proof.clean
    for path in (early, partial, studio.path / "studio.db.odd"):
        path.unlink()
    late = studio.path / "studio.db.state-2"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(late)) as copy:
        source.backup(copy)
    again = desk.erase(desk.find(recorded.code), full=full)
    assert again.proof is not None
    assert (again.proof.copies, again.proof.clean) == ((), True)


def test_a_crash_before_the_files_are_written_anew_is_mended(
    studio: Studio, desk: ErasureDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = record_consent(studio)
    receipt = studio.path / "receipts" / f"{recorded.code}.json"
    receipt.write_text("{}")

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ErasureDesk, "_remove_receipts", killed)
        patched.setattr(studio.database, "scrub", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.erase(recorded, full=True)
    assert receipt.exists()
    assert (studio.path / "studio.db-wal").stat().st_size
    again = desk.erase(desk.find(recorded.code), full=True)
    assert (again.outcome, again.entries, again.destroyed.receipts) == ("erased", None, (receipt.name,))
    assert not receipt.exists()
    assert again.proof is not None
    assert again.proof.clean
    assert not (studio.path / "studio.db-wal").stat().st_size


def test_the_studio_goes_on_after_the_search(studio: Studio, desk: ErasureDesk) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=False)
    assert studio.database.find_consent(recorded.code) is not None
    record_consent(studio)
    assert Logbook(studio).audit().entries == 7


@pytest.mark.parametrize("full", [False, True])
def test_what_is_held_after_an_erasure_can_still_be_exported(studio: Studio, desk: ErasureDesk, *, full: bool) -> None:
    recorded = record_consent(studio)
    desk.erase(recorded, full=full)
    document = ExportDesk(open_keys(studio)).export(desk.find(recorded.code))
    validate(document, "consent-export")
    assert (document["erased"], document["personal_data"]) == (True, {})
    assert (document["receipt"] is None) == full
