"""What the entries of one log must be to each other (docs/spec/ledger-entries.md), which none shows by itself."""

from collections.abc import Sequence
from dataclasses import replace

from provenance.canonical import parse_object
from provenance.checkpoint import LogKey
from provenance.errors import CorruptLedgerError, ProvenanceError
from provenance.note import NoteKey
from provenance.storage.interface import LedgerStore, LogKeyRow

# The types whose entries say something of the log or of another entry.
WEIGHTY = frozenset({"genesis", "key", "stamp-revoked", "anchor"})


class EntryRules:
    """The rules of one log, asked entry by entry in their order, and the keys that follow from the entries.

    Attributes:
        log_keys: the keys of the log after the entries seen so far, in the order in which they came.
    """

    def __init__(self, store: LedgerStore, *, keys: Sequence[NoteKey | LogKey]) -> None:
        """Take the store whose entries and checkpoints may be pointed at, and the keys that the log may name."""
        self._store = store
        self._keys = [note_key(key) for key in keys]
        self._origins = {key.name for key in self._keys}
        self.log_keys: list[LogKeyRow] = []

    def check(self, index: int, entry_type: str, body: bytes) -> None:
        """Check the next entry that is the first or of a weighty type; its form was checked before.

        Raises:
            CorruptLedgerError: it breaks a rule; the message names it.
        """
        if (index == 0) != (entry_type == "genesis"):
            raise CorruptLedgerError(f"entry {index}: the genesis entry comes first and only once")
        if entry_type not in WEIGHTY:
            return
        members = parse_object(body, place=f"entry {index}")
        match entry_type:
            case "genesis":
                self._begin(members["origin"], members["key"])
            case "key":
                self._change_key(index, members["action"], str(members["key"]))
            case "stamp-revoked":
                self._check_stamp(index, members["stamp"])
            case _:
                self._check_anchor(index, members["size"])

    def _begin(self, log_origin: object, vkey: object) -> None:
        if not any((log_origin, vkey) == (key.name, key.to_text()) for key in self._keys):
            raise CorruptLedgerError("entry 0: names another log or key than this studio's")
        self.log_keys.append(LogKeyRow(str(vkey), 1, None))

    def _change_key(self, index: int, action: object, vkey: str) -> None:
        place = f"entry {index}"
        try:
            key = NoteKey.from_text(vkey)
        except ProvenanceError as error:
            raise CorruptLedgerError(f"{place}: {error}") from error
        if key.name not in self._origins:
            raise CorruptLedgerError(f"{place}: names a key of another log")
        known = [number for number, row in enumerate(self.log_keys) if row.vkey == vkey]
        # A key signs from the tree that announces it to the tree that says that it is retired.
        if action == "added":
            if known:
                raise CorruptLedgerError(f"{place}: adds a key that the log had before")
            self.log_keys.append(LogKeyRow(vkey, index + 1, None))
            return
        if not known or self.log_keys[known[0]].last_size is not None:
            raise CorruptLedgerError(f"{place}: retires a key that is not in use")
        self.log_keys[known[0]] = replace(self.log_keys[known[0]], last_size=index + 1)

    def _check_stamp(self, index: int, stamp: object) -> None:
        place = f"entry {index}"
        revoked = self._store.entry(stamp) if isinstance(stamp, int) and stamp < index else None
        try:
            found = None if revoked is None else parse_object(revoked.body, place=place).get("type")
        except ProvenanceError:
            found = None
        if found != "stamp":
            raise CorruptLedgerError(f"{place}: revokes entry {stamp}, which is no stamp before it")

    def _check_anchor(self, index: int, size: object) -> None:
        if not isinstance(size, int) or size > index or self._store.checkpoint_of(size) is None:
            raise CorruptLedgerError(f"entry {index}: dates a checkpoint of size {size}, which was not signed before")


def note_key(key: NoteKey | LogKey) -> NoteKey:
    """Return the note key of a key of the log, with or without the sizes that it speaks for."""
    return key.key if isinstance(key, LogKey) else key
