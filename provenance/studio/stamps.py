"""What stamping needs from a studio: permits from its consents, and entries in its ledger."""

import secrets
from collections.abc import Sequence

from provenance.consent.derived import training_mining
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.credentials.manifest import Declaration
from provenance.entries import RANDOMNESS_BYTES, TAG_IMAGE, StampEntry, commit, parse_entry
from provenance.errors import CorruptLedgerError, RefusedError
from provenance.ledger.log import new_record_id
from provenance.stamping.interface import LoggedStamp, PendingStamp, Permit
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import UnlockedStudio


class StudioStampDesk:
    """The stamping desk of one studio."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._ledger = unlocked.ledger
        self._controller = unlocked.controller.key_urn
        self._consents = ConsentDesk(unlocked.studio, unlocked)

    @property
    def controller(self) -> str:
        """The RFC 9278 name of the controller's key."""
        return self._controller

    @property
    def log_origin(self) -> str:
        """The origin of the studio's log."""
        return self._studio.settings.log_origin

    @property
    def log_key(self) -> str:
        """The log's verifier key (vkey)."""
        return self._studio.settings.log_key

    def permit(self, code: str, *, scopes: Sequence[Scope]) -> Permit:
        """Return the permit for a consent.

        Raises:
            RefusedError: there is no such consent, or it does not cover one of `scopes` now; the message names the
                grant.
        """
        recorded = self._consents.find(code)
        # A clock that was set back must not undo a withdrawal that is recorded already.
        now = max(self._studio.clock.now(), recorded.history[-1].at)
        for scope in scopes:
            permission = authorised(recorded.record, recorded.history, scope=scope, at=now)
            if permission.code is not ConsentCode.IN_FORCE:
                raise RefusedError(
                    f"consent {recorded.code}: {permission.reason}",
                    code=f"consent-{permission.code}",
                    hint=f"see what it allows: provenance consent show {recorded.code}",
                )
        return Permit(
            record_id=recorded.record.record_id,
            record_digest=recorded.record.digest,
            record_key=self._consents.record_key(recorded),
            assurance=recorded.record.assurance,
            scopes=tuple(scopes),
            training_mining=training_mining(recorded.record, recorded.history, at=now),
        )

    def check_earlier(self, picture_digest: bytes, *, handles: Sequence[bytes], record_id: str | None) -> None:
        """Check that a new stamp would not free a picture from a consent that it was stamped under before.

        Raises:
            RefusedError: the file carries a stamp under another consent, or the picture was stamped under one that
                was withdrawn since, or was stamped as one of a real person and now is to show nobody real.
        """
        for handle in handles:
            stamp = self._database.find_stamp_by_handle(handle)
            if stamp is not None and stamp.record_id != record_id:
                raise RefusedError(
                    "it carries a stamp under another consent of this studio",
                    code="consent-other",
                    hint="stamp the original, under the consent of the person shown",
                )
        for stamp in self._database.find_stamps_of(picture_digest):
            if stamp.record_id is None or stamp.record_id == record_id:
                continue
            recorded = self._consents.by_record_id(stamp.record_id)
            now = max(self._studio.clock.now(), recorded.history[-1].at)
            scope = Scope.CAPTURE if stamp.declaration == Declaration.CAMERA else Scope.AI_GENERATE
            earlier = authorised(recorded.record, recorded.history, scope=scope, at=now)
            if record_id is None or earlier.code is ConsentCode.WITHDRAWN:
                raise RefusedError(
                    f"this picture was stamped under consent {recorded.code}, which another cannot replace",
                    code="consent-earlier",
                    hint=f"see what became of it: provenance consent show {recorded.code}",
                )

    def find_logged(self, key: bytes) -> LoggedStamp | None:
        """Return the stamp that was logged under this key."""
        row = self._database.find_stamp(key)
        return None if row is None else self._prove(row)

    def log(self, pending: Sequence[PendingStamp]) -> list[LoggedStamp]:
        """Append one entry for each stamp that has none yet, in one transaction with one checkpoint."""
        now = self._studio.clock.now()
        rows: list[StampRow] = []
        with self._database.transaction():
            fresh: list[tuple[PendingStamp, bytes, StampEntry]] = []
            for stamp in {stamp.key: stamp for stamp in pending}.values():
                if self._database.find_stamp(stamp.key) is None:
                    randomness = secrets.token_bytes(RANDOMNESS_BYTES)
                    image = commit(TAG_IMAGE, randomness=randomness, digest=stamp.picture_digest)
                    handles = () if stamp.handle is None else (stamp.handle,)
                    fresh.append((stamp, randomness, StampEntry(now, image, handles)))
            appended = self._ledger.append([(new_record_id(), entry) for _, _, entry in fresh]) if fresh else []
            for (stamp, randomness, _), place in zip(fresh, appended, strict=True):
                self._database.add_stamp(
                    StampRow(
                        key=stamp.key,
                        picture_digest=stamp.picture_digest,
                        declaration=stamp.declaration.value,
                        record_id=stamp.record_id,
                        handle=stamp.handle,
                        image_randomness=randomness,
                        entry_index=place.index,
                    )
                )
            for stamp in pending:
                row = self._database.find_stamp(stamp.key)
                if row is None:
                    raise CorruptLedgerError("stamp: the row just written is not there")
                rows.append(row)
        # Proofs are made after the commit: until then nothing may leave.
        return [self._prove(row) for row in rows]

    def _prove(self, row: StampRow) -> LoggedStamp:
        entry = self._database.entry(row.entry_index)
        if entry is None:
            raise CorruptLedgerError(f"entry {row.entry_index}: missing, although a stamp refers to it")
        proof = self._ledger.prove(row.entry_index, extra=row.image_randomness)
        return LoggedStamp(entry.body, parse_entry(entry.body).at, proof.to_text())
