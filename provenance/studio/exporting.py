"""Everything that a studio holds about one person's consent, for that person (GDPR, Articles 15 and 20)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from provenance.canonical import Json, to_base64url
from provenance.clock import to_minutes, to_seconds
from provenance.consent.receipts import describe
from provenance.consent.status import authorised
from provenance.entries import parse_entry
from provenance.errors import CorruptLedgerError, RefusedError, VaultError
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.stamps import StudioStampDesk
from provenance.studio.studio import UnlockedStudio

SCHEMA: Final = "urn:headshot-provenance:schema:consent-export:1"

_Value = TypeVar("_Value")

_RIGHTS: Final = (
    "You can withdraw what you permitted, in whole or in part, with the secret on your receipt: no reason, no account.",
    "You can have these data corrected, restricted or erased, and take them elsewhere (GDPR, Articles 16 to 20).",
    "You can complain to a supervisory authority (GDPR, Article 77).",
)


class ExportDesk:
    """Puts together what a studio holds about a consent; what was erased is said to be, and is not missed."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._studio = unlocked.studio
        self._consents = ConsentDesk(unlocked.studio, unlocked)
        self._stamps = StudioStampDesk(unlocked)

    def export(self, recorded: Recorded, *, at: datetime | None = None) -> dict[str, Json]:
        """Return it as a document that validates against `consent-export.schema.json`, as of now or of `at`.

        Raises:
            VaultError: something sealed cannot be opened, and was not erased.
        """
        record, at = recorded.record, at or self._studio.clock.now()
        personal = _unless_erased(lambda: self._consents.disclosures(recorded))
        receipt = _unless_erased(lambda: self._consents.receipt(recorded).to_json())
        scan = _unless_erased(lambda: self._consents.scan(recorded)) if _was_scanned(recorded) else None
        recall = _unless_erased(lambda: self._consents.recall(recorded).recipients)
        time = self._consents.time_of(recorded)
        stamps = self._studio.database.find_stamps_under(record.record_id)
        return {
            "schema": SCHEMA,
            "exported_at": to_seconds(at),
            "code": recorded.code,
            "studio": record.controller_name,
            "signed_at": to_seconds(record.created_at),
            "assurance": record.assurance,
            "erased": personal is None,
            "personal_data": {} if personal is None else {name: personal[name] for name in sorted(personal)},
            "scan": None if scan is None else to_base64url(scan),
            "decisions": _decisions(recorded, at),
            "events": [self._event(recorded, number) for number in range(len(recorded.history))],
            "recipients": list(record.recipients if recall is None else recall),
            "stamps": [self._stamp(row, record.record_id) for row in stamps],
            "retention": record.body["retention"],
            "rights": [*_RIGHTS],
            "timestamp": None if time is None else time.to_json(),
            "record": record.envelope,
            "receipt": receipt,
        }

    def _event(self, recorded: Recorded, number: int) -> dict[str, Json]:
        event, index = recorded.events[number]
        return {
            "type": event.type,
            "at": to_seconds(event.at),
            "by": event.by,
            "scopes": None if event.scopes is None else [scope.value for scope in event.scopes],
            "entry": index,
            "signed": event.envelope,
        }

    def _stamp(self, row: StampRow, record_id: str) -> dict[str, Json]:
        entry = self._studio.database.entry(row.entry_index)
        if entry is None:
            raise CorruptLedgerError(f"entry {row.entry_index}: missing, although a stamp refers to it")
        kept = self._studio.database.manifest_of(row.entry_index)
        return {
            "entry": row.entry_index,
            "at": to_minutes(parse_entry(entry.body).at),
            "as": row.declaration,
            "picture": to_base64url(row.picture_digest),
            "handle": to_base64url(row.handles[record_id]),
            "fingerprints": {
                found.part: to_base64url(found.code) for found in self._studio.database.fingerprints_of(row.entry_index)
            },
            "manifest": None if kept is None else {"id": kept.label, "store": to_base64url(kept.store)},
            "note": _unless_erased(lambda: self._stamps.note(row.key)),
        }


def _decisions(recorded: Recorded, at: datetime) -> list[Json]:
    lines: Sequence[str] = describe(recorded.record.grants)
    return [
        {
            "scope": grant.scope.value,
            "says": line,
            "now": authorised(recorded.record, recorded.history, scope=grant.scope, at=at).reason,
        }
        for grant, line in zip(recorded.record.grants, lines, strict=True)
    ]


def _was_scanned(recorded: Recorded) -> bool:
    signing = recorded.record.body["esign"]
    return isinstance(signing, dict) and signing["method"] == "scanned"


def _unless_erased(find: Callable[[], _Value]) -> _Value | None:
    try:
        return find()
    except (RefusedError, VaultError) as error:
        if error.code not in ("erased", "consent-erased"):
            raise
        return None
