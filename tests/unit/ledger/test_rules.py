"""What entries say of each other; their own form is checked before, by `provenance.entries`."""

import pytest
from support.logs import Log
from support.memory_store import MemoryStore, bodies_of, store_of
from support.refusals import refused

from provenance.canonical import Json, canonical_bytes
from provenance.errors import CorruptLedgerError
from provenance.ledger.rules import EntryRules
from provenance.storage.interface import LogKeyRow

LOG, NEXT, LAST = Log(), Log(), Log()
VKEY, NEXT_VKEY, LAST_VKEY = LOG.key.to_text(), NEXT.key.to_text(), LAST.key.to_text()
BODIES = bodies_of(LOG, 7)


@pytest.fixture
def store() -> MemoryStore:
    """A store of seven entries, the third and the sixth of them stamps, signed at sizes 4 and 7."""
    return store_of(LOG, BODIES, signed_sizes=[4, 7])


@pytest.fixture
def rules(store: MemoryStore) -> EntryRules:
    """The rules after the genesis entry."""
    begun = EntryRules(store, keys=[LOG.key])
    begun.check(0, "genesis", BODIES[0])
    return begun


def body(entry_type: str, **members: Json) -> bytes:
    return canonical_bytes({"v": 1, "type": entry_type, "at": "2026-11-24T02:40Z", **members})


def key(action: str, vkey: str) -> bytes:
    return body("key", action=action, key=vkey)


def test_the_genesis_entry_names_the_first_key(rules: EntryRules) -> None:
    assert rules.log_keys == [LogKeyRow(VKEY, 1, None)]


def test_the_genesis_entry_may_name_any_of_the_keys(store: MemoryStore) -> None:
    rules = EntryRules(store, keys=[NEXT.key, LOG.key])
    rules.check(0, "genesis", BODIES[0])
    assert rules.log_keys == [LogKeyRow(VKEY, 1, None)]


@pytest.mark.parametrize("other", [Log(), Log("another")])
def test_a_genesis_entry_of_another_key_is_refused(store: MemoryStore, other: Log) -> None:
    with refused(CorruptLedgerError, "entry 0: names another log or key than this studio's"):
        EntryRules(store, keys=[LOG.key]).check(0, "genesis", bodies_of(other, 1)[0])


@pytest.mark.parametrize(("index", "entry_type"), [(0, "stamp"), (0, "key"), (1, "genesis"), (6, "genesis")])
def test_the_genesis_entry_comes_first_and_only_once(rules: EntryRules, index: int, entry_type: str) -> None:
    with refused(CorruptLedgerError, f"entry {index}: the genesis entry comes first and only once"):
        rules.check(index, entry_type, BODIES[0])


def test_keys_speak_from_the_tree_that_announces_them_to_the_one_that_retires_them(rules: EntryRules) -> None:
    rules.check(3, "key", key("added", NEXT_VKEY))
    rules.check(4, "key", key("retired", VKEY))
    rules.check(9, "key", key("added", LAST_VKEY))
    assert rules.log_keys == [LogKeyRow(VKEY, 1, 5), LogKeyRow(NEXT_VKEY, 4, None), LogKeyRow(LAST_VKEY, 10, None)]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([key("added", VKEY)], "entry 1: adds a key that the log had before"),
        ([key("retired", NEXT_VKEY)], "entry 1: retires a key that is not in use"),
        ([key("retired", VKEY), key("retired", VKEY)], "entry 2: retires a key that is not in use"),
        ([key("retired", VKEY), key("added", VKEY)], "entry 2: adds a key that the log had before"),
        ([key("added", Log("another").key.to_text())], "entry 1: names a key of another log"),
        ([key("added", "no key")], "entry 1: note key: expected name+hash+base64, got something else"),
    ],
)
def test_a_key_that_cannot_be_added_or_retired_is_refused(
    rules: EntryRules, entries: list[bytes], message: str
) -> None:
    with refused(CorruptLedgerError, message):
        for index, entry in enumerate(entries, 1):
            rules.check(index, "key", entry)


@pytest.mark.parametrize("stamp", [2, 5])
def test_a_stamp_before_may_be_revoked(rules: EntryRules, stamp: int) -> None:
    rules.check(6, "stamp-revoked", body("stamp-revoked", stamp=stamp))


@pytest.mark.parametrize("stamp", [0, 1, 3, 6, 7, 99])
def test_what_is_no_stamp_before_cannot_be_revoked(rules: EntryRules, stamp: int) -> None:
    with refused(CorruptLedgerError, f"entry 5: revokes entry {stamp}, which is no stamp before it"):
        rules.check(5, "stamp-revoked", body("stamp-revoked", stamp=stamp))


def test_an_entry_that_is_none_cannot_be_revoked(rules: EntryRules, store: MemoryStore) -> None:
    store.rows[2] = type(store.rows[2])(2, bytes(32), bytes(16), b"no json")
    with refused(CorruptLedgerError, "entry 5: revokes entry 2, which is no stamp before it"):
        rules.check(5, "stamp-revoked", body("stamp-revoked", stamp=2))


def test_a_signed_checkpoint_may_be_dated(rules: EntryRules) -> None:
    rules.check(4, "anchor", body("anchor", size=4))


@pytest.mark.parametrize(("index", "size"), [(6, 5), (6, 7), (3, 4), (6, 0)])
def test_what_was_not_signed_before_cannot_be_dated(rules: EntryRules, index: int, size: int) -> None:
    message = f"entry {index}: dates a checkpoint of size {size}, which was not signed before"
    with refused(CorruptLedgerError, message):
        rules.check(index, "anchor", body("anchor", size=size))
