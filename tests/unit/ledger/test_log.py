import dataclasses
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.consents import NOW
from support.ledgers import identified, numbered, open_ledger, tamper
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused
from support.trees import naive_consistency, naive_inclusion, naive_root

from provenance.checkpoint import Checkpoint, open_checkpoint
from provenance.entries import ConsentEntry, GenesisEntry, parse_entry
from provenance.errors import CorruptLedgerError, InputError, LedgerError, VerificationError
from provenance.ledger import Appended, Ledger, audit
from provenance.ledger.log import new_entry_id
from provenance.merkle import EMPTY_ROOT, verify_consistency
from provenance.note import NoteSigner
from provenance.proof import parse_proof
from provenance.storage.database import Database

LOG = Log()
SIZES = range(1, 21)
AUDIT_HINT = "run provenance ledger audit; do not use this studio until it is understood"

Opened = tuple[Database, Ledger]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    with open_ledger(tmp_path / "studio.db", LOG, size=1) as found:
        yield found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Opened]:
    with open_ledger(tmp_path / "studio.db", LOG) as found:
        yield found


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A ledger of 20 entries, to be read only."""
    with open_ledger(tmp_path_factory.mktemp("grown") / "studio.db", LOG, size=20) as found:
        yield found


def bodies(database: Database) -> list[bytes]:
    return [row.body for row in database.entries(0, 1000)]


def sizes(database: Database) -> list[int]:
    return [size for size, _ in database.checkpoints()]


# --- the first entry


def test_the_first_entry_names_the_log_and_its_key(empty: Opened) -> None:
    database, ledger = empty
    ledger.create(NOW)
    (body,) = bodies(database)
    assert parse_entry(body) == GenesisEntry(NOW.replace(second=0), LOG.key.name, LOG.key.to_text())
    assert sizes(database) == [1]


def test_a_log_is_not_created_twice(opened: Opened) -> None:
    database, ledger = opened
    before = bodies(database)
    with refused(LedgerError, "ledger: expected an empty log, got one with entries"):
        ledger.create(NOW)
    assert bodies(database) == before
    assert sizes(database) == [1]


def test_a_log_is_not_created_without_a_key(empty: Opened) -> None:
    database, _ = empty
    with refused(LedgerError, "ledger: expected one key to begin with, got 0"):
        Ledger(database, log_origin=LOG_ORIGIN).create(NOW)
    assert bodies(database) == []


def test_a_log_is_not_created_with_a_key_of_another_name(empty: Opened) -> None:
    database, _ = empty
    wrong = Ledger(database, log_origin=LOG_ORIGIN, signers=[NoteSigner(LOG.key, Log().signing_key.sign)])
    with refused(VerificationError, f"note: the signature of {LOG_ORIGIN} does not verify", code="note-signature"):
        wrong.create(NOW)
    assert bodies(database) == []


# --- appending


def test_entries_are_appended_in_order(opened: Opened) -> None:
    database, ledger = opened
    entries = [numbered(number) for number in range(1, 6)]
    appended = ledger.append(identified(*entries))
    assert appended == [Appended(index, entry.to_bytes()) for index, entry in enumerate(entries, 1)]
    assert bodies(database)[1:] == [entry.to_bytes() for entry in entries]


def test_one_append_signs_one_checkpoint(opened: Opened) -> None:
    database, ledger = opened
    ledger.append(identified(numbered(1), numbered(2), numbered(3)))
    ledger.append(identified(numbered(4)))
    assert sizes(database) == [1, 4, 5]


def test_the_newest_checkpoint_covers_all_entries(grown: Opened) -> None:
    database, ledger = grown
    checkpoint = open_checkpoint(ledger.checkpoint(), keys=[LOG.key])
    assert checkpoint == Checkpoint(LOG_ORIGIN, 20, naive_root(bodies(database)))


def test_every_checkpoint_covers_the_entries_before_it(grown: Opened) -> None:
    database, _ = grown
    entries = bodies(database)
    for size, note in database.checkpoints():
        assert open_checkpoint(note, keys=[LOG.key]) == Checkpoint(LOG_ORIGIN, size, naive_root(entries[:size]))
    assert sizes(database) == [*SIZES]


def test_an_entry_is_appended_once_however_often_it_is_tried(opened: Opened) -> None:
    database, ledger = opened
    entries = identified(numbered(1), numbered(2))
    first = ledger.append(entries)
    note = ledger.checkpoint()
    assert ledger.append(entries) == first
    assert ledger.append(entries[1:]) == first[1:]
    assert len(bodies(database)) == 3
    assert ledger.checkpoint() == note
    assert sizes(database) == [1, 3]


def test_what_is_known_and_what_is_new_may_come_together(opened: Opened) -> None:
    database, ledger = opened
    known, new = identified(numbered(1)), identified(numbered(2), numbered(3))
    ledger.append(known)
    appended = ledger.append([new[0], known[0], new[1]])
    assert [one.index for one in appended] == [2, 1, 3]
    assert sizes(database) == [1, 2, 4]


def test_the_same_entry_under_another_id_is_another_entry(opened: Opened) -> None:
    database, ledger = opened
    ledger.append(identified(numbered(1), numbered(1)))
    assert len(bodies(database)) == 3


def test_an_id_that_stands_for_other_bytes_is_refused_and_nothing_kept(opened: Opened) -> None:
    database, ledger = opened
    ((entry_id, _),) = known = identified(numbered(1))
    ledger.append(known)
    before = bodies(database)
    with refused(CorruptLedgerError, "entry 1: its id stands for other bytes"):
        ledger.append([*identified(numbered(2)), (entry_id, numbered(3))])
    assert bodies(database) == before
    assert sizes(database) == [1, 2]


def test_one_id_twice_in_one_append_is_one_entry(opened: Opened) -> None:
    database, ledger = opened
    (entry,) = identified(numbered(1))
    assert [one.index for one in ledger.append([entry, entry])] == [1, 1]
    assert len(bodies(database)) == 2
    assert sizes(database) == [1, 2]


def test_one_id_for_two_entries_in_one_append_is_refused_and_nothing_kept(opened: Opened) -> None:
    database, ledger = opened
    ((entry_id, entry),) = identified(numbered(1))
    with refused(CorruptLedgerError, "entry 1: its id stands for other bytes"):
        ledger.append([(entry_id, entry), (entry_id, numbered(2))])
    assert len(bodies(database)) == 1


def test_nothing_to_append_changes_nothing(opened: Opened) -> None:
    database, ledger = opened
    note = ledger.checkpoint()
    assert ledger.append([]) == []
    assert (ledger.checkpoint(), len(bodies(database))) == (note, 1)


def test_a_ledger_without_a_key_is_not_appended_to(opened: Opened) -> None:
    database, _ = opened
    with refused(LedgerError, "ledger: opened for reading, and cannot be appended to"):
        Ledger(database, log_origin=LOG_ORIGIN).append(identified(numbered(1)))
    assert len(bodies(database)) == 1


def test_an_entry_that_cannot_be_written_leaves_the_others_unwritten(opened: Opened) -> None:
    database, ledger = opened
    naive = dataclasses.replace(ConsentEntry(NOW, bytes(32)), at=NOW.replace(tzinfo=None))
    with refused(ValueError, "time: expected a time with a zone, got one without"):
        ledger.append(identified(numbered(1), naive))
    assert len(bodies(database)) == 1


def test_where_signing_fails_nothing_is_appended(opened: Opened) -> None:
    database, ledger = opened
    before = database.head()

    def fail(data: bytes) -> bytes:
        raise OSError("the token was pulled out")

    with pytest.raises(OSError, match="pulled out"):
        Ledger(database, log_origin=LOG_ORIGIN, signers=[NoteSigner(LOG.key, fail)]).append(identified(numbered(1)))
    assert (len(bodies(database)), database.head(), sizes(database)) == (1, before, [1])
    ledger.append(identified(numbered(1)))
    audit(database, keys=[LOG.key])


def test_an_append_within_a_transaction_that_fails_leaves_nothing(opened: Opened, tmp_path: Path) -> None:
    database, ledger = opened
    before = database.head(), ledger.checkpoint()

    def append_and_fail() -> None:
        with database.transaction():
            assert ledger.append(identified(numbered(1), numbered(2)))[1].index == 2
            raise RuntimeError("something else went wrong")

    with pytest.raises(RuntimeError, match="something else"):
        append_and_fail()
    assert (database.head(), ledger.checkpoint()) == before
    assert len(bodies(database)) == 1
    with closing(Database(tmp_path / "studio.db")) as other:
        assert audit(other, keys=[LOG.key]).entries == 1


def test_an_append_within_a_transaction_is_seen_by_others_when_that_ends(opened: Opened, tmp_path: Path) -> None:
    database, ledger = opened
    with closing(Database(tmp_path / "studio.db")) as other:
        with database.transaction():
            ledger.append(identified(numbered(1)))
            assert len(bodies(other)) == 1
        assert len(bodies(other)) == 2


def test_two_who_append_at_once_lose_nothing(opened: Opened, tmp_path: Path) -> None:
    database, _ = opened
    each = 15

    def append_many() -> None:
        with open_ledger(tmp_path / "studio.db", LOG) as (_, ledger):
            for number in range(each):
                ledger.append(identified(numbered(number)))

    threads = [threading.Thread(target=append_many) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit(database, keys=[LOG.key]).entries == 1 + 2 * each
    assert sizes(database) == [*range(1, 2 + 2 * each)]


# --- proofs


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_is_proved_by_the_newest_checkpoint(tmp_path: Path, size: int) -> None:
    with open_ledger(tmp_path / "studio.db", LOG, size=size) as (database, ledger):
        entries = bodies(database)
        for index, body in enumerate(entries):
            proof = ledger.prove(index)
            assert list(proof.hashes) == naive_inclusion(index, entries)
            assert parse_proof(proof.to_text()).verify(body, keys=[LOG.key]).size == size


def test_a_proof_carries_what_goes_with_it(grown: Opened) -> None:
    _, ledger = grown
    assert ledger.prove(3).extra is None
    assert parse_proof(ledger.prove(3, extra=b"more").to_text()).extra == b"more"


def test_a_proof_of_another_entry_does_not_verify(grown: Opened) -> None:
    database, ledger = grown
    with refused(VerificationError, "inclusion proof: expected root …"):
        ledger.prove(3).verify(bodies(database)[4], keys=[LOG.key])


@pytest.mark.parametrize("index", [-1, 20, 21, 10**9])
def test_an_entry_that_is_not_there_is_not_proved(grown: Opened, index: int) -> None:
    _, ledger = grown
    with refused(LedgerError, f"entry {index}: expected an index from 0 to 19", code="entry-missing"):
        ledger.prove(index)


def test_an_empty_ledger_has_no_checkpoint_and_proves_nothing(empty: Opened) -> None:
    _, ledger = empty
    for ask in (ledger.checkpoint, lambda: ledger.prove(0), lambda: ledger.prove_consistency(old_size=1)):
        with refused(LedgerError, "ledger: no checkpoint was signed yet"):
            ask()


def test_a_ledger_without_a_key_proves(grown: Opened) -> None:
    database, _ = grown
    Ledger(database, log_origin=LOG_ORIGIN).prove(7).verify(bodies(database)[7], keys=[LOG.key])


def test_every_size_grew_from_every_smaller_one(grown: Opened) -> None:
    database, _ = grown
    entries = bodies(database)
    roots = {size: open_checkpoint(note, keys=[LOG.key]).root_hash for size, note in database.checkpoints()}
    ledger = Ledger(database, log_origin=LOG_ORIGIN)
    for old in SIZES:
        proof = ledger.prove_consistency(old_size=old)
        assert proof == naive_consistency(old, entries)
        verify_consistency(old_size=old, old_root=roots[old], new_size=20, new_root=roots[20], proof=proof)


@pytest.mark.parametrize("size", range(1, 12))
def test_a_smaller_ledger_proves_its_growth_too(tmp_path: Path, size: int) -> None:
    with open_ledger(tmp_path / "studio.db", LOG, size=size) as (database, ledger):
        entries = bodies(database)
        for old in range(1, size + 1):
            assert ledger.prove_consistency(old_size=old) == naive_consistency(old, entries)


@pytest.mark.parametrize("old_size", [-1, 0, 21])
def test_growth_from_another_size_is_not_proved(grown: Opened, old_size: int) -> None:
    _, ledger = grown
    message = f"ledger: expected a size from 1 to 20, got {old_size}"
    with refused(LedgerError, message, code="size-range"):
        ledger.prove_consistency(old_size=old_size)


# --- what was signed


def frontier_bytes(database: Database) -> bytes:
    return b"".join(database.head().hashes)


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Opened]:
    with open_ledger(tmp_path / "studio.db", LOG, size=4) as found:
        yield found


@pytest.mark.parametrize(
    ("statement", "size"),
    [
        ("UPDATE head SET root = zeroblob(32), frontier = zeroblob(32)", 4),
        (f"UPDATE head SET size = 0, root = x'{EMPTY_ROOT.hex()}', frontier = x''", 0),
        ("UPDATE head SET size = 2", 2),
        ("UPDATE head SET size = 8", 8),
    ],
)
def test_a_head_that_contradicts_the_signed_checkpoint_is_not_signed_over(
    four: Opened, tmp_path: Path, statement: str, size: int
) -> None:
    database, ledger = four
    signed = naive_root(bodies(database)).hex()[:16]
    tamper(tmp_path / "studio.db", statement)
    root = database.head().root().hex()[:16]
    assert (root == EMPTY_ROOT.hex()[:16]) is (size == 0)
    message = f"head: expected size 4 and root {signed}… as signed, got size {size} and root {root}"
    with refused(CorruptLedgerError, f"{message}……", hint=AUDIT_HINT):
        ledger.append(identified(numbered(9)))
    assert sizes(database) == [1, 2, 3, 4]
    assert len(bodies(database)) == 4


def test_a_head_without_any_checkpoint_is_not_signed_over(four: Opened, tmp_path: Path) -> None:
    database, ledger = four
    tamper(tmp_path / "studio.db", "DELETE FROM checkpoint")
    with refused(CorruptLedgerError, "head: has size 4, but no checkpoint was signed"):
        ledger.append(identified(numbered(9)))
    assert len(bodies(database)) == 4


def test_a_ledger_whose_newest_checkpoint_was_deleted_is_not_signed_over(four: Opened, tmp_path: Path) -> None:
    _, ledger = four
    tamper(tmp_path / "studio.db", "DELETE FROM checkpoint WHERE size = 4")
    with refused(CorruptLedgerError, "head: expected size 3 and root …", hint=AUDIT_HINT):
        ledger.append(identified(numbered(9)))


def test_a_checkpoint_by_another_key_is_not_signed_over(four: Opened, tmp_path: Path) -> None:
    database, ledger = four
    forged = Log()
    note = forged.checkpoint(4)
    tamper(tmp_path / "studio.db", ("UPDATE checkpoint SET note = ? WHERE size = 4", [note]))
    expected, got = (f"{LOG_ORIGIN}+{log.key.key_id.hex()}" for log in (LOG, forged))
    message = f"note: expected a signature of {expected}, got those of {got!r}"
    with refused(VerificationError, message, code="note-unknown-signer"):
        ledger.append(identified(numbered(9)))
    assert len(bodies(database)) == 4


def test_a_checkpoint_that_is_none_is_not_signed_over(four: Opened, tmp_path: Path) -> None:
    database, ledger = four
    tamper(tmp_path / "studio.db", "UPDATE checkpoint SET note = x'00' WHERE size = 4")
    with refused(InputError, "note: expected no control characters other than newline"):
        ledger.append(identified(numbered(9)))
    assert len(bodies(database)) == 4


def test_a_whole_state_taken_back_to_an_earlier_one_is_consistent_with_itself(tmp_path: Path) -> None:
    path = tmp_path / "studio.db"
    with open_ledger(path, LOG, size=3):
        pass
    earlier = path.read_bytes()
    with open_ledger(path, LOG) as (database, ledger):
        ledger.append(identified(numbered(4)))
        later = database.head()
    path.write_bytes(earlier)
    with open_ledger(path, LOG) as (database, ledger):
        ledger.append(identified(numbered(5)))
        assert audit(database, keys=[LOG.key]).entries == 4
        assert database.head() != later


# --- ids


def test_an_id_is_a_uuid_of_version_7() -> None:
    for _ in range(100):
        entry_id = new_entry_id()
        parsed = uuid.UUID(bytes=entry_id)
        assert len(entry_id) == 16
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_an_id_begins_with_its_time() -> None:
    before = time.time_ns() // 1_000_000
    milliseconds = uuid.UUID(bytes=new_entry_id()).int >> 80
    assert before <= milliseconds <= time.time_ns() // 1_000_000


def test_no_two_ids_are_equal() -> None:
    assert len({new_entry_id() for _ in range(1000)}) == 1000


def test_later_ids_come_later_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1_800_000_000_000_000_000, 1_900_000_000_000_000_000, 1_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    ids = [new_entry_id() for _ in range(100)]
    assert ids == sorted(ids)
