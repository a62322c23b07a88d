"""Telling in a stamped file what became of its stamp, for the copies that a studio still holds."""

from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.clock import to_minutes
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.credentials.notices import Notice
from provenance.credentials.reading import read_credential
from provenance.credentials.signing import ClaimSigner, sign_notice
from provenance.errors import CredentialError, InputError, RefusedError
from provenance.picture import MAX_PICTURE_BYTES, PictureFormat, read_picture
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.revoking import revoked_at
from provenance.studio.stamped import read_stamp_row
from provenance.studio.stamps import RESTS_ON
from provenance.studio.studio import UnlockedStudio
from provenance.verification.credential import judge_credential
from provenance.verification.ledger import notices_of
from provenance.verification.report import CredentialCode

# With today's SDK, an update breaks what binds the picture in the other kinds.
NOTICEABLE = frozenset({PictureFormat.JPEG, PictureFormat.PNG})

_INTACT = (CredentialCode.TRUSTED, CredentialCode.EXPIRED)


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
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
        try:
            picture = read_picture(data)
            anchors = [self._studio.anchors()]
            credential = read_credential(data, picture.format.media_type, anchors=anchors, store=picture.store)
        except InputError as error:
            raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
        except CredentialError as error:
            raise _not_ours(path, str(error)) from error
        row = read_stamp_row(self._studio, data, picture)
        if row is None or judge_credential(credential, []).code not in _INTACT:
            raise _not_ours(path, "its credential is not intact, or not issued by this studio")
        notice = self._became(row)
        if notice is None:
            raise RefusedError(
                f"{path.name}: there is nothing to tell: the stamp stands as it was made", code="notice-none"
            )
        if notice in notices_of(credential):
            return Noticed(notice, None)
        if picture.format not in NOTICEABLE:
            raise RefusedError(
                f"{path.name}: expected a jpeg or png file, got {picture.format.media_type}: no notice fits into it",
                code="notice-format",
                hint="take this copy out of use",
            )
        return Noticed(notice, sign_notice(data, picture.format.media_type, notice, signer=self._signer))

    def _became(self, row: StampRow) -> Notice | None:
        """Return what happened to a stamp: that it was revoked, or else that a consent behind it was withdrawn."""
        if row.revoked_by is not None:
            return Notice("stamp-revoked", to_minutes(revoked_at(self._database, row.revoked_by)))
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


def _not_ours(path: Path, reason: str) -> RefusedError:
    return RefusedError(
        f"{path.name}: {reason.removeprefix(f'{path.name}: ')}",
        code="stamp-missing",
        hint=f"see what it says: provenance verify {path}",
    )
