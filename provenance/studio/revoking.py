"""Revoking a stamp: the studio no longer stands by what it said of a picture, and its ledger says so for good."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance import durable
from provenance.entries import StampRevokedEntry, parse_entry
from provenance.errors import CorruptLedgerError, InputError, RefusedError
from provenance.ledger.log import new_entry_id
from provenance.picture import MAX_PICTURE_BYTES, read_picture
from provenance.storage.database import Database
from provenance.studio.stamped import read_stamp_row
from provenance.studio.studio import UnlockedStudio


@dataclass(frozen=True, slots=True)
class Revoked:
    """A stamp that the studio no longer stands by.

    Attributes:
        declaration: what it said: the word of `--as`.
        entry: index of the entry that covers it.
        revoked_by: index of the entry that revokes it.
        at: when that was logged, cut to the minute.
        before: it was revoked already.
    """

    declaration: str
    entry: int
    revoked_by: int
    at: datetime
    before: bool


class RevocationDesk:
    """Revokes stamps of one studio."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._ledger = unlocked.ledger

    def find(self, path: Path) -> int:
        """Return the index of the entry that covers the stamp in a file, or the only one of a bare picture.

        Raises:
            InputError: the file cannot be read.
            RefusedError: this studio has not stamped the picture, or has more than once and the file does not say which
                stamp is meant.
        """
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
        try:
            picture = read_picture(data)
        except InputError as error:
            raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
        carried = read_stamp_row(self._studio, data, picture)
        if carried is not None:
            return carried.entry_index
        stamps = [stamp for stamp in self._database.find_stamps_of(picture.digest) if stamp.revoked_by is None]
        if not stamps:
            raise RefusedError(
                f"{path.name}: carries no stamp of this studio, and is no picture that one stands for",
                code="stamp-missing",
                hint=f"see what it says: provenance verify {path}",
            )
        if len(stamps) > 1:
            entries = ", ".join(str(stamp.entry_index) for stamp in stamps)
            raise RefusedError(
                f"{path.name}: expected one stamp of this picture, got {len(stamps)}: entries {entries}",
                code="stamp-ambiguous",
                hint="name the stamped file, or the entry: provenance stamp revoke ENTRY",
            )
        return stamps[0].entry_index

    def revoke(self, index: int) -> Revoked:
        """Log that the studio no longer stands by the stamp of an entry, and return it; for good, and once.

        Raises:
            RefusedError: the entry covers no stamp of this studio.
        """
        with self._database.transaction():
            # Held from here on, so that no two revoke one stamp.
            self._database.head()
            stamp = self._database.find_stamp_by_entry(index)
            if stamp is None:
                raise RefusedError(
                    f"entry {index}: covers no stamp of this studio",
                    code="stamp-missing",
                    hint="see provenance ledger show",
                )
            before = stamp.revoked_by is not None
            revoked_by = stamp.revoked_by
            if revoked_by is None:
                entry = StampRevokedEntry(self._studio.clock.now(), index)
                (appended,) = self._ledger.append([(new_entry_id(), entry)])
                revoked_by = appended.index
                self._database.revoke_stamp(stamp.key, revoked_by)
        return Revoked(stamp.declaration, index, revoked_by, revoked_at(self._database, revoked_by), before)


def revoked_at(database: Database, revoked_by: int) -> datetime:
    """Return when a revocation was logged.

    Raises:
        CorruptLedgerError: the entry is not there, or is another one.
    """
    row = database.entry(revoked_by)
    entry = None if row is None else parse_entry(row.body)
    if not isinstance(entry, StampRevokedEntry):
        raise CorruptLedgerError(f"entry {revoked_by}: expected a revocation, to which a stamp refers")
    return entry.at
