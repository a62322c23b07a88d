"""Telling in a stamped file what became of its stamp, for the copies that a studio still holds."""

from dataclasses import dataclass
from pathlib import Path

from provenance.clock import to_minutes
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.credentials.notices import Notice
from provenance.credentials.signing import ClaimSigner, sign_update
from provenance.errors import RefusedError
from provenance.studio.consents import ConsentDesk
from provenance.studio.revoking import revoked_at
from provenance.studio.stamped import UPDATABLE, Stamped, read_stamped
from provenance.studio.stamps import RESTS_ON
from provenance.studio.studio import UnlockedStudio
from provenance.verification.ledger import notices_of


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a file says of its stamp now.

    Attributes:
        notice: what happened.
        data: the file with it; None where it says so already.
    """

    notice: Notice
    data: bytes | None


class NoticeDesk:
    """Writes notices on top of a studio's own stamps."""

    def __init__(self, unlocked: UnlockedStudio, *, signer: ClaimSigner) -> None:
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._consents = ConsentDesk(unlocked.studio, unlocked)
        self._signer = signer

    def tell(self, path: Path) -> Noticed:
        """Return a stamped file with what became of its stamp.

        Raises:
            InputError: the file cannot be read.
            RefusedError: it carries no intact stamp of this studio, or nothing became of that.
            CredentialError: the notice cannot be signed.
        """
        stamped = read_stamped(self._studio, path)
        notice = self._became(stamped)
        if notice is None:
            raise RefusedError(
                f"{path.name}: there is nothing to tell: the stamp stands as it was made", code="notice-none"
            )
        if notice in notices_of(stamped.credential):
            return Noticed(notice, None)
        if stamped.picture.format not in UPDATABLE:
            media_type = stamped.picture.format.media_type
            raise RefusedError(
                f"{path.name}: expected a jpeg or png file, got {media_type}: no notice fits into it",
                code="notice-format",
                hint="take this copy out of use",
            )
        media_type = stamped.picture.format.media_type
        definition = notice.to_definition(media_type)
        return Noticed(notice, sign_update(stamped.data, media_type, definition, signer=self._signer))

    def _became(self, stamped: Stamped) -> Notice | None:
        """Return what happened to a stamp: that it was revoked, or else that a consent behind it was withdrawn."""
        row = stamped.row
        for revoked in (found.revoked_by for found in (row, *stamped.beneath)):
            if revoked is not None:
                return Notice("stamp-revoked", to_minutes(revoked_at(self._database, revoked)))
        now = self._studio.clock.now()
        for record_id in row.handles:
            recorded = self._consents.by_record_id(record_id)
            for scope in RESTS_ON.get(row.declaration, tuple(Scope)):
                answer = authorised(
                    recorded.record, recorded.history, scope=scope, at=max(now, recorded.history[-1].at)
                )
                if answer.code is ConsentCode.WITHDRAWN and answer.since is not None:
                    return Notice("consent-withdrawn", to_minutes(answer.since))
        return None
