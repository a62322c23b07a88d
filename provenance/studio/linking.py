"""Late links: somebody who is shown in a stamped picture consents later, and the files that a studio holds say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.canonical import Json, canonical_bytes, sha256, to_base64url
from provenance.consent.scopes import Scope
from provenance.credentials.links import link_definition
from provenance.credentials.manifest import Declaration
from provenance.credentials.signing import ClaimSigner, sign_update
from provenance.errors import RefusedError
from provenance.stamping.carried import find_carried
from provenance.stamping.identity import handle_of
from provenance.stamping.interface import PendingStamp
from provenance.stamping.statement import state_consent
from provenance.studio.consents import ConsentDesk
from provenance.studio.stamped import UPDATABLE, Stamped, read_stamped
from provenance.studio.stamps import StudioStampDesk
from provenance.studio.studio import UnlockedStudio


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of one file.

    Attributes:
        codes: of the consents of everyone shown, as the file says now.
        data: the file with the link; None where it says so already.
    """

    codes: tuple[str, ...]
    data: bytes | None


class LinkDesk:
    """Puts later consents on top of a studio's own stamps."""

    def __init__(self, unlocked: UnlockedStudio, *, signer: ClaimSigner) -> None:
        self._studio = unlocked.studio
        self._consents = ConsentDesk(unlocked.studio, unlocked)
        self._desk = StudioStampDesk(unlocked)
        self._signer = signer

    def link(self, path: Path, codes: Sequence[str]) -> Linked:
        """Return a stamped file that rests on further consents, beside those that it rested on.

        The new entry of the ledger is durable before the file is signed; to ask again finds it.

        Args:
            path: the stamped file.
            codes: of the consents to add, at least one.

        Raises:
            InputError: the file cannot be read.
            RefusedError: it carries no intact stamp of this studio, one that was revoked, or one of nobody real; or
                one of the consents, earlier or later, does not cover now what the stamp rests on.
            CredentialError: the link cannot be signed.
        """
        stamped = read_stamped(self._studio, path)
        self._check(path, stamped)
        before = [self._consents.by_record_id(record_id).code for record_id in stamped.row.handles]
        added = [self._consents.find(code).code for code in codes]
        everyone = tuple(dict.fromkeys([*before, *added]))
        if len(everyone) == len(before):
            return Linked(everyone, None)
        # Scopes that this version does not know cannot be asked for: a newer one must add to its own stamps.
        scopes = [Scope(name) for name in stamped.assertion.scopes]
        permit = self._desk.permit(everyone, scopes=scopes)
        handles = {subject.record_id: handle_of(subject, stamped.picture.digest) for subject in permit.subjects}
        self._desk.check_earlier(
            stamped.picture.digest, carried=find_carried(stamped.credential), record_ids=handles.keys()
        )
        pending = PendingStamp(
            _key(stamped, [subject.record_digest for subject in permit.subjects], signer=self._signer.identity),
            stamped.picture.digest,
            Declaration(stamped.row.declaration),
            handles,
        )
        self._desk.check_not_revoked(pending.key)
        (logged,) = self._desk.log([pending])
        media_type = stamped.picture.format.media_type
        consent = state_consent(self._desk, permit=permit, handles=handles.values(), logged=logged)
        definition = link_definition(media_type, consent, training_mining=permit.training_mining)
        return Linked(everyone, sign_update(stamped.data, media_type, definition, signer=self._signer))

    def _check(self, path: Path, stamped: Stamped) -> None:
        for row in (stamped.row, *stamped.beneath):
            if row.revoked_by is not None:
                raise RefusedError(
                    f"{path.name}: its stamp, of entry {row.entry_index}, was revoked", code="stamp-revoked"
                )
        if not stamped.row.handles:
            raise RefusedError(
                f"{path.name}: its stamp says that nobody real is shown",
                code="consent-synthetic",
                hint="if somebody is, revoke that stamp and stamp the original: provenance stamp revoke",
            )
        if stamped.picture.format not in UPDATABLE:
            media_type = stamped.picture.format.media_type
            raise RefusedError(
                f"{path.name}: expected a jpeg or png file, got {media_type}: no link fits into it",
                code="link-format",
                hint="stamp the original again, under the consents of everyone shown",
            )


def _key(stamped: Stamped, record_digests: Sequence[bytes], *, signer: bytes) -> bytes:
    """Return what makes it the same link when it is tried again."""
    covered_by: list[Json] = [*sorted(to_base64url(digest) for digest in record_digests)]
    statement: dict[str, Json] = {
        "picture": to_base64url(stamped.picture.digest),
        "link": to_base64url(stamped.row.key),
        "consent": covered_by,
        "signer": to_base64url(signer),
    }
    return sha256(canonical_bytes(statement))
