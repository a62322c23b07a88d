"""Exchanging the log's key: overlap, ranges, and what a retired key is worth."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.consents import NOW
from support.ledgers import identified, numbered, open_ledger
from support.logs import LOG_ORIGIN, Log
from support.refusals import refused

from provenance.checkpoint import Checkpoint, LogKey, open_checkpoint, sign_checkpoint
from provenance.entries import KeyEntry, parse_entry
from provenance.errors import LedgerError, VerificationError
from provenance.ledger import Ledger
from provenance.ledger.rotation import add_key, retire_key
from provenance.note import parse_note
from provenance.storage.database import Database

OLD, NEW = Log(), Log()

Opened = tuple[Database, Ledger]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    with open_ledger(tmp_path / "studio.db", OLD, size=3) as found:
        yield found


def signers(note: bytes) -> list[bytes]:
    return [line.key_id for line in parse_note(note).signatures]


def test_the_new_key_signs_beside_the_old_one_until_that_is_retired(opened: Opened) -> None:
    database, ledger = opened
    assert add_key(database, ledger, NEW.signer, now=NOW) == 3
    ledger.append(identified(numbered(4)))
    retire_key(database, ledger, OLD.key, now=NOW)
    ledger.append(identified(numbered(6)))
    signed = {size: signers(note) for size, note in database.checkpoints()}
    both = [OLD.key.key_id, NEW.key.key_id]
    assert {size: sorted(keys) for size, keys in signed.items()} == {
        1: both[:1],
        2: both[:1],
        3: both[:1],
        4: sorted(both),
        5: sorted(both),
        6: sorted(both),
        7: both[1:],
    }
    assert ledger.log_keys() == [LogKey(OLD.key, 1, 6), LogKey(NEW.key, 4)]


def test_both_exchanges_are_entries_of_the_log(opened: Opened) -> None:
    database, ledger = opened
    add_key(database, ledger, NEW.signer, now=NOW)
    retire_key(database, ledger, OLD.key, now=NOW)
    found = [parse_entry(row.body) for row in database.entries(3, 5)]
    minute = NOW.replace(second=0)
    assert found == [
        KeyEntry(minute, "added", NEW.key.to_text()),
        KeyEntry(minute, "retired", OLD.key.to_text()),
    ]


def test_every_checkpoint_verifies_by_the_keys_with_their_ranges(opened: Opened) -> None:
    database, ledger = opened
    add_key(database, ledger, NEW.signer, now=NOW)
    retire_key(database, ledger, OLD.key, now=NOW)
    ledger.append(identified(numbered(5)))
    for size, note in database.checkpoints():
        assert open_checkpoint(note, keys=ledger.log_keys()).size == size
    for index in range(6):
        ledger.prove(index).verify(database.entry(index).body, keys=ledger.log_keys())  # type: ignore[union-attr]


def test_a_retired_key_signs_nothing_that_is_believed(opened: Opened) -> None:
    database, ledger = opened
    add_key(database, ledger, NEW.signer, now=NOW)
    retire_key(database, ledger, OLD.key, now=NOW)
    forged = sign_checkpoint(Checkpoint(LOG_ORIGIN, 6, bytes(32)), key=OLD.key, sign=OLD.signing_key.sign).to_bytes()
    with pytest.raises(VerificationError) as caught:
        open_checkpoint(forged, keys=ledger.log_keys())
    assert caught.value.code == "log-key-retired"


def test_another_process_signs_with_the_keys_of_now(opened: Opened, tmp_path: Path) -> None:
    database, ledger = opened
    with open_ledger(tmp_path / "studio.db", OLD) as (_, other):
        other.append(identified(numbered(3)))
        add_key(database, ledger, NEW.signer, now=NOW)
        message = f"ledger: the private half of {NEW.key.to_text()} is not at hand"
        with refused(LedgerError, message, code="log-key-missing", hint="restore the studio's keys from their backup"):
            other.append(identified(numbered(5)))
        other.add_signer(NEW.signer)
        other.append(identified(numbered(5)))
    assert len(signers(ledger.checkpoint())) == 2


def test_a_key_is_not_added_twice(opened: Opened) -> None:
    database, ledger = opened
    with refused(LedgerError, "log key: the log has this key already", code="log-key-known"):
        add_key(database, ledger, OLD.signer, now=NOW)
    assert database.head().size == 3


def test_a_key_of_another_name_is_not_added(opened: Opened) -> None:
    database, ledger = opened
    with refused(LedgerError, f"log key: expected the name {LOG_ORIGIN}, got 'other.example/log'"):
        add_key(database, ledger, Log("other.example/log").signer, now=NOW)


def test_the_only_key_is_not_retired(opened: Opened) -> None:
    database, ledger = opened
    message = "log key: it is the only one in use, and nothing could be signed without it"
    hint = "add its successor first: provenance ledger key add"
    with refused(LedgerError, message, code="log-key-last", hint=hint):
        retire_key(database, ledger, OLD.key, now=NOW)


@pytest.mark.parametrize("retired_before", [False, True])
def test_a_key_that_is_not_in_use_is_not_retired(opened: Opened, retired_before: bool) -> None:
    database, ledger = opened
    add_key(database, ledger, NEW.signer, now=NOW)
    if retired_before:
        retire_key(database, ledger, OLD.key, now=NOW)
    key = OLD.key if retired_before else Log().key
    message = "log key: expected one that the log uses, got another"
    with refused(LedgerError, message, code="log-key-unknown", hint="see provenance ledger key list"):
        retire_key(database, ledger, key, now=NOW)


def test_an_exchange_that_fails_leaves_the_keys_as_they_were(opened: Opened) -> None:
    database, ledger = opened

    def add_and_fail() -> None:
        with database.transaction():
            add_key(database, ledger, NEW.signer, now=NOW)
            raise RuntimeError("something else went wrong")

    with pytest.raises(RuntimeError):
        add_and_fail()
    assert ledger.log_keys() == [LogKey(OLD.key, 1)]
    ledger.forget_keys()
    ledger.append(identified(numbered(4)))
    assert signers(ledger.checkpoint()) == [OLD.key.key_id]
