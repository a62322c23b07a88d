"""The studio as a status source: what its own consents allow, by the handles that pictures carry."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised, worst
from provenance.entries import parse_entry
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import Studio
from provenance.verification.sources import Basis

_NOT_FOUND = Permission(ConsentCode.NOT_FOUND, "this studio has no such consent")
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

    def when_stamped(self, handles: Sequence[bytes], *, scopes: Sequence[Scope]) -> Permission:
        """Return what the consents allowed when the stamp was logged; the order of the ledger decides, not a clock."""
        answers = []
        for handle in handles:
            stamp = self._database.find_stamp_by_handle(handle)
            answers += [_NOT_FOUND] if stamp is None else self._then(stamp, scopes)
        return worst(answers or [_NOTHING_ASKED])

    def permission(
        self, handles: Sequence[bytes], *, scopes: Sequence[Scope], territory: str | None, at: datetime
    ) -> Permission:
        """Return what the consents behind `handles` allow at `at`."""
        answers = []
        for handle in handles:
            stamp = self._database.find_stamp_by_handle(handle)
            if stamp is None or stamp.record_id is None:
                answers.append(_NOT_FOUND)
                continue
            recorded = self._consents.by_record_id(stamp.record_id)
            answers += [
                authorised(recorded.record, recorded.history, scope=scope, at=at, territory=territory)
                for scope in scopes
            ]
        return worst(answers or [_NOTHING_ASKED])

    def _then(self, stamp: StampRow, scopes: Sequence[Scope]) -> list[Permission]:
        entry = self._database.entry(stamp.entry_index)
        if stamp.record_id is None or entry is None:
            return [_NOT_FOUND]
        # Entries carry whole minutes; the minute's last second is the latest that the stamp can have been logged.
        at = parse_entry(entry.body).at + timedelta(seconds=59)
        recorded = self._consents.by_record_id(stamp.record_id)
        before = [event for event, index in recorded.events if index < stamp.entry_index]
        return [authorised(recorded.record, before, scope=scope, at=at) for scope in scopes]
