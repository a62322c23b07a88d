"""What stamping needs from a studio: permits from its consents, and entries in its ledger."""

import secrets
from collections.abc import Sequence

from provenance.canonical import Json, canonical_bytes, parse_object
from provenance.consent.derived import Person, data_mining, model_release_status, training_mining
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised
from provenance.credentials.manifest import Declaration
from provenance.entries import RANDOMNESS_BYTES, TAG_IMAGE, StampEntry, commit, parse_entry
from provenance.errors import CorruptLedgerError, RefusedError, VaultError
from provenance.ledger.log import new_entry_id
from provenance.picture.properties import PictureProperties
from provenance.stamping.gate import claim_of
from provenance.stamping.interface import LoggedStamp, PendingStamp, Permit
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.studio import UnlockedStudio
from provenance.vault import DataKey


class StudioStampDesk:
    """The stamping desk of one studio."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._ledger = unlocked.ledger
        self._controller = unlocked.controller.key_urn
        self._consents = ConsentDesk(unlocked.studio, unlocked)
        self._master_key = unlocked.master_key

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
        """The verifier key (vkey) of the log that signs now."""
        return self._studio.signing_log_key().to_text()

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
        person = Person(recorded.record, recorded.history)
        mining = data_mining([person], at=now)
        return Permit(
            record_id=recorded.record.record_id,
            record_digest=recorded.record.digest,
            record_key=self._consents.record_key(recorded),
            assurance=recorded.record.assurance,
            scopes=tuple(scopes),
            training_mining=training_mining(recorded.record, recorded.history, at=now),
            properties=PictureProperties(
                model_release_status=model_release_status([person], real=True, at=now),
                data_mining=None if mining is None else mining.code,
                other_constraints=None if mining is None else mining.constraint,
            ),
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
            appended = self._ledger.append([(new_entry_id(), entry) for _, _, entry in fresh]) if fresh else []
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
                        note=self._seal_note(stamp),
                    )
                )
            for stamp in pending:
                row = self._database.find_stamp(stamp.key)
                if row is None:
                    raise CorruptLedgerError("stamp: the row just written is not there")
                rows.append(row)
        # Proofs are made after the commit: until then nothing may leave.
        return [self._prove(row) for row in rows]

    def note(self, key: bytes) -> dict[str, Json] | None:
        """Return what was found in a picture that was stamped, and the reason that was given, or None if nothing was.

        Raises:
            VaultError: it cannot be opened, or was erased with the consent.
        """
        row = self._database.find_stamp(key)
        if row is None or row.note is None:
            return None
        name = key.hex()
        if row.record_id is None:
            return parse_object(self._master_key.open_note(row.note, name), place="note")
        return parse_object(self._data_key(row.record_id).open(name, row.note), place="note")

    def _seal_note(self, stamp: PendingStamp) -> bytes | None:
        """Seal what speaks of the picture: under the consent's own key, so that it is erased with it."""
        if not stamp.evidence and stamp.confirmation is None:
            return None
        claim = claim_of(stamp.declaration)
        found: list[Json] = [evidence.to_json(claim) for evidence in stamp.evidence]
        data = canonical_bytes({"evidence": found, "confirmation": stamp.confirmation})
        if stamp.record_id is None:
            return self._master_key.seal_note(data, stamp.key.hex())
        return self._data_key(stamp.record_id).seal(stamp.key.hex(), data)

    def _data_key(self, record_id: str) -> DataKey:
        wrapped = self._database.wrapped_key(record_id)
        if wrapped is None:
            raise VaultError("vault: the data key of this consent was erased", code="erased")
        return DataKey.unwrap(wrapped, master=self._master_key, record_id=record_id)

    def _prove(self, row: StampRow) -> LoggedStamp:
        entry = self._database.entry(row.entry_index)
        if entry is None:
            raise CorruptLedgerError(f"entry {row.entry_index}: missing, although a stamp refers to it")
        proof = self._ledger.prove(row.entry_index, extra=row.image_randomness)
        return LoggedStamp(entry.body, parse_entry(entry.body).at, proof.to_text())
