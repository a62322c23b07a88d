"""Exchanging the log's key: the new one is announced in the log, signs beside the old one, then the old one stops.

The log's origin never changes. Each key speaks for the sizes between its two entries, so that a key which was retired,
and stolen later, signs nothing that anybody believes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from provenance.entries import KeyEntry
from provenance.errors import LedgerError
from provenance.ledger.log import Ledger, new_entry_id
from provenance.note import NoteKey, NoteSigner
from provenance.storage.interface import LedgerStore


def add_key(store: LedgerStore, ledger: Ledger, signer: NoteSigner, *, now: datetime) -> int:
    """Announce a further key, and return the index of the entry; from that entry on, it signs too.

    The checkpoint over the entry carries the signatures of the old key and of the new one.

    Raises:
        LedgerError: the log has this key already, or it signs under another name.
    """
    if signer.key.name != ledger.log_origin:
        raise LedgerError(f"log key: expected the name {ledger.log_origin}, got {signer.key.name!r}")
    with _changing_keys(store, ledger):
        vkey = signer.key.to_text()
        if any(row.vkey == vkey for row in store.log_keys()):
            raise LedgerError("log key: the log has this key already", code="log-key-known")
        store.add_log_key(vkey, store.head().size + 1)
        ledger.add_signer(signer)
        return _log(ledger, KeyEntry(now, "added", vkey))


def retire_key(store: LedgerStore, ledger: Ledger, key: NoteKey, *, now: datetime) -> int:
    """Announce that a key stops, and return the index of the entry; the checkpoint over it is the last that it signs.

    Raises:
        LedgerError: the log has no such key in use, or no other one that could go on.
    """
    with _changing_keys(store, ledger):
        vkey = key.to_text()
        in_use = [row.vkey for row in store.log_keys() if row.last_size is None]
        if vkey not in in_use:
            raise LedgerError(
                "log key: expected one that the log uses, got another",
                code="log-key-unknown",
                hint="see provenance ledger key list",
            )
        if len(in_use) == 1:
            raise LedgerError(
                "log key: it is the only one in use, and nothing could be signed without it",
                code="log-key-last",
                hint="add its successor first: provenance ledger key add",
            )
        store.retire_log_key(vkey, store.head().size + 1)
        return _log(ledger, KeyEntry(now, "retired", vkey))


@contextmanager
def _changing_keys(store: LedgerStore, ledger: Ledger) -> Iterator[None]:
    """Let the ledger read its keys anew: those of the transaction within it, and those that are left if it fails."""
    try:
        with store.transaction():
            yield
    except BaseException:
        ledger.forget_keys()
        raise


def _log(ledger: Ledger, entry: KeyEntry) -> int:
    ledger.forget_keys()
    (appended,) = ledger.append([(new_entry_id(), entry)])
    return appended.index
