"""The studio as a status source: what its own consents allow, by the handles that pictures carry."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised, worst
from provenance.entries import parse_entry
from provenance.errors import CorruptLedgerError
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.revoking import revoked_at
from provenance.studio.studio import Studio
from provenance.verification.sources import Basis, StampedPicture

_NOT_FOUND = Permission(ConsentCode.NOT_FOUND, "this studio has no consent for this picture")
_NOTHING_ASKED = Permission(ConsentCode.UNKNOWN, "no known use was asked for")


class StudioStatus:
    """Answers from the studio's own records; needs no keys."""

    def __init__(self, studio: Studio) -> None:
        self._database = studio.database
        self._consents = ConsentDesk(studio)

    @property
    def basis(self) -> Basis:
        """What the answers rest on."""
        return "studio"

    def revoked(self, picture: StampedPicture) -> datetime | None:
        """Return when the stamp of a picture was revoked, or None."""
        stamp = next((row for row in self._stamps(picture) if self._covers(row, picture)), None)
        if stamp is None or stamp.revoked_by is None:
            return None
        return revoked_at(self._database, stamp.revoked_by)

    def when_stamped(self, picture: StampedPicture, *, scopes: Sequence[Scope]) -> Permission:
        """Return what the consents allowed when the stamp was logged; the order of the ledger decides, not a clock."""
        answers: list[Permission] = []
        for stamp, recorded in self._find(picture):
            if stamp is None or recorded is None:
                return _NOT_FOUND
            # Entries carry whole minutes; the minute's last second is the latest that the stamp can have been logged.
            before = [event for event, index in recorded.events if index < stamp.entry_index]
            at = max([self._entry_time(stamp) + timedelta(seconds=59), *(event.at for event in before)])
            answers += [authorised(recorded.record, before, scope=scope, at=at) for scope in scopes]
        return worst(answers or [_NOTHING_ASKED])

    def permission(
        self,
        picture: StampedPicture,
        *,
        scopes: Sequence[Scope],
        territory: str | None,
        medium: str | None,
        at: datetime,
    ) -> Permission:
        """Return what the consents behind a picture allow at `at`."""
        answers: list[Permission] = []
        erased: list[datetime] = []
        for stamp, recorded in self._find(picture):
            if stamp is None or recorded is None:
                return _NOT_FOUND
            erasure = self._consents.erasure(recorded)
            erased += [] if erasure is None else [erasure.at]
            answers += [
                authorised(recorded.record, recorded.history, scope=scope, at=at, territory=territory, medium=medium)
                for scope in scopes
            ]
        return replace(worst(answers or [_NOTHING_ASKED]), erased=max(erased, default=None))

    def _find(self, picture: StampedPicture) -> Iterator[tuple[StampRow | None, Recorded | None]]:
        """Yield the stamp and consent of each handle; a handle that was made for another picture is not known."""
        for handle in picture.handles:
            known = [stamp for stamp in self._stamps(picture) if handle in stamp.handles.values()]
            # One picture may have been stamped more than once under one consent.
            stamp = next((stamp for stamp in known if self._covers(stamp, picture)), next(iter(known), None))
            if stamp is None:
                yield None, None
            else:
                yield stamp, self._consents.by_record_id(stamp.record_id_of(handle))

    def _stamps(self, picture: StampedPicture) -> list[StampRow]:
        return [] if picture.digest is None else self._database.find_stamps_of(picture.digest)

    def _covers(self, stamp: StampRow, picture: StampedPicture) -> bool:
        entry = self._database.entry(stamp.entry_index)
        return entry is not None and entry.body == picture.entry

    def _entry_time(self, stamp: StampRow) -> datetime:
        entry = self._database.entry(stamp.entry_index)
        if entry is None:
            raise CorruptLedgerError(f"entry {stamp.entry_index}: missing, although a stamp refers to it")
        return parse_entry(entry.body).at
