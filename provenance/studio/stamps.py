"""What stamping needs from a studio: permits from its consents, and entries in its ledger."""

import functools
import secrets
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from provenance import durable
from provenance.canonical import Json, canonical_bytes, parse_object
from provenance.consent.derived import Person, data_mining, model_release_status, training_mining_of
from provenance.consent.records import ASSURANCES
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised
from provenance.credentials.manifest import Declaration
from provenance.entries import RANDOMNESS_BYTES, TAG_IMAGE, StampEntry, commit, parse_entry
from provenance.errors import CorruptLedgerError, InputError, RefusedError, VaultError
from provenance.ledger.log import new_entry_id
from provenance.picture import MAX_PICTURE_BYTES, read_picture
from provenance.picture.properties import PictureProperties
from provenance.stamping.carried import Carried
from provenance.stamping.interface import LoggedStamp, PendingStamp, Permit, PermittedSubject
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk, Recorded
from provenance.studio.fingerprints import FingerprintKeeper, keeps_fingerprints
from provenance.studio.manifests import keep_manifest
from provenance.studio.stamped import find_stamp_row, read_stamp_row
from provenance.studio.studio import UnlockedStudio
from provenance.vault import DataKey

_Given = ParamSpec("_Given")
_Value = TypeVar("_Value")

# What a stamp of each kind rests on; what a copy rests on depends on what it is a copy of, so that all is asked.
RESTS_ON: Mapping[str, Sequence[Scope]] = {
    Declaration.CAMERA: (Scope.CAPTURE,),
    Declaration.RETOUCHED: (Scope.CAPTURE, Scope.EDIT_BASIC, Scope.EDIT_RETOUCH),
    Declaration.AI_EDITED: (Scope.CAPTURE, Scope.AI_EDIT),
    Declaration.AI_GENERATED: (Scope.AI_GENERATE,),
    Declaration.DERIVATIVE: (Scope.CAPTURE, Scope.AI_EDIT, Scope.AI_GENERATE),
}


def _alone(
    method: Callable[Concatenate["StudioStampDesk", _Given], _Value],
) -> Callable[Concatenate["StudioStampDesk", _Given], _Value]:
    """Let one thread at a time ask: the database has one connection, and whoever logs has it for themselves."""

    @functools.wraps(method)
    def alone(self: "StudioStampDesk", /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Value:
        with self._lock:
            return method(self, *args, **kwargs)

    return alone


class StudioStampDesk:
    """The stamping desk of one studio; several threads may ask it."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._studio = unlocked.studio
        self._database = unlocked.studio.database
        self._ledger = unlocked.ledger
        self._controller = unlocked.controller.key_urn
        self._consents = ConsentDesk(unlocked.studio, unlocked)
        self._master_key = unlocked.master_key
        self._places = unlocked.status_places
        self._lock = threading.RLock()

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

    @property
    def keeps_fingerprints(self) -> bool:
        """Whether the studio asks for fingerprints of the pictures that it stamps."""
        return keeps_fingerprints(self._studio)

    @_alone
    def codes_in(self, path: Path) -> tuple[str, ...]:
        """Return the codes of the consents that a stamped file rests on; none where it shows nobody real.

        Raises:
            InputError: the file cannot be read.
            RefusedError: it carries no stamp of this studio.
        """
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
        try:
            row = read_stamp_row(self._studio, data, read_picture(data))
        except InputError as error:
            raise InputError(f"{path.name}: {error}", code=error.code, hint=error.hint) from error
        if row is None:
            raise RefusedError(
                f"{path.name}: carries no stamp of this studio",
                code="stamp-missing",
                hint="stamp it first as what it is: provenance stamp",
            )
        return tuple(self._consents.by_record_id(record_id).code for record_id in row.handles)

    @_alone
    def permit(self, codes: Sequence[str], *, scopes: Sequence[Scope]) -> Permit:
        """Return the permit of everyone who is shown.

        Raises:
            RefusedError: there is no consent with one of the codes, its data were erased, or it does not cover one of
                `scopes` now; the message names the grant.
        """
        found = {recorded.record.record_id: recorded for recorded in map(self._consents.find, codes)}
        for recorded in found.values():
            self._check_not_erased(recorded)
            for scope in scopes:
                self._check_in_force(recorded, scope)
        people = [Person(recorded.record, recorded.history) for recorded in found.values()]
        now = max(self._now(recorded) for recorded in found.values())
        mining = data_mining(people, at=now)
        return Permit(
            subjects=tuple(
                PermittedSubject(record_id, recorded.record.digest, self._consents.record_key(recorded))
                for record_id, recorded in found.items()
            ),
            assurance=min((person.record.assurance for person in people), key=ASSURANCES.index),
            scopes=tuple(scopes),
            training_mining=training_mining_of(people, at=now),
            properties=PictureProperties(
                model_release_status=model_release_status(people, real=True, at=now),
                data_mining=None if mining is None else mining.code,
                other_constraints=None if mining is None else mining.constraint,
            ),
        )

    @_alone
    def check_earlier(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a new stamp would not free a picture from a consent that it was stamped under before.

        A stamp that was revoked binds the picture no longer; but a file that carries one is not stamped on top of it.

        Raises:
            RefusedError: the file carries a stamp that was revoked, or one under another consent; or the picture was
                stamped under one that was withdrawn since, or as one of a real person and now is to show nobody real.
        """
        self._check_stands(carried)
        for handle in carried.handles:
            stamp = self._database.find_stamp_by_handle(handle)
            if stamp is not None and stamp.record_id_of(handle) not in record_ids:
                raise RefusedError(
                    "it carries a stamp under another consent of this studio",
                    code="consent-other",
                    hint="stamp the original, under the consents of everyone shown",
                )
        for stamp in self._standing(picture_digest):
            for record_id in stamp.handles:
                if record_id in record_ids:
                    continue
                recorded = self._consents.by_record_id(record_id)
                scopes = RESTS_ON.get(stamp.declaration, tuple(Scope))
                answers = [self._asked_now(recorded, scope).code for scope in scopes]
                if not record_ids or ConsentCode.WITHDRAWN in answers:
                    raise RefusedError(
                        f"this picture was stamped under consent {recorded.code}, which another cannot replace",
                        code="consent-earlier",
                        hint=f"see what became of it: provenance consent show {recorded.code}",
                    )

    @_alone
    def check_parent(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a picture may be made from another one: under the consents that cover the other, too.

        Raises:
            RefusedError: it carries a stamp that this studio does not know, or see `check_earlier`.
        """
        for handle in carried.handles:
            self._known(handle)
        self.check_earlier(picture_digest, carried=carried, record_ids=record_ids)

    @_alone
    def check_input(self, picture_digest: bytes, *, carried: Carried, record_ids: Collection[str]) -> None:
        """Check that a picture may be given to a generator: under every consent that it was stamped under.

        The new picture rests on them, too, so that a later withdrawal of one reaches it. A picture that carries no
        stamp is known by its digest: cutting the stamp off frees it from nothing.

        Raises:
            RefusedError: one of them does not permit that now, is not named for the new picture, is not known to this
                studio, or is of a real person where the new picture is to show nobody real; or it carries a stamp that
                was revoked.
        """
        self._check_stands(carried)
        shown = [self._known(handle).record_id_of(handle) for handle in carried.handles]
        earlier = [stamp.handles for stamp in self._standing(picture_digest) if stamp.handles]
        if not any(people.keys() <= set(record_ids) for people in earlier):
            shown += [record_id for people in earlier for record_id in people]
        for record_id in dict.fromkeys(shown):
            if record_id in record_ids:
                continue
            recorded = self._consents.by_record_id(record_id)
            if not record_ids:
                raise RefusedError(
                    f"it was stamped under consent {recorded.code}, so that it shows a real person",
                    code="input-real",
                    hint="name the person's consent with --consent CODE instead of --synthetic-person",
                )
            self._check_in_force(recorded, Scope.AI_GENERATE)
            raise RefusedError(
                f"it was stamped under consent {recorded.code}, on which the new picture must rest, too",
                code="consent-other",
                hint=f"add --consent {recorded.code}: what that person withdraws then reaches the new picture",
            )

    @_alone
    def was_generative(self, picture_digest: bytes) -> bool:
        """Tell whether this studio stamped the very picture as made or changed by AI."""
        stamps = self._standing(picture_digest)
        return any(stamp.declaration in (Declaration.AI_EDITED, Declaration.AI_GENERATED) for stamp in stamps)

    @_alone
    def check_not_revoked(self, key: bytes) -> None:
        """Check that the studio still stands by the stamp with this key, if it was ever logged.

        Raises:
            RefusedError: it was revoked.
        """
        stamp = self._database.find_stamp(key)
        if stamp is not None and stamp.revoked_by is not None:
            raise RefusedError(
                f"this studio revoked this very stamp, of entry {stamp.entry_index}, for good",
                code="stamp-revoked",
                hint="stamp the picture as what it is; where only the tool was wrong, name it with --tool",
            )

    def _standing(self, picture_digest: bytes) -> list[StampRow]:
        """Return the stamps of a picture that the studio stands by."""
        return [stamp for stamp in self._database.find_stamps_of(picture_digest) if stamp.revoked_by is None]

    def _check_stands(self, carried: Carried) -> None:
        for stamp in carried.stamps:
            row = find_stamp_row(self._database, stamp)
            if row is not None and row.revoked_by is not None:
                raise RefusedError(
                    f"it carries a stamp that this studio revoked, of entry {row.entry_index}",
                    code="stamp-revoked",
                    hint="go back to the picture as it was before that stamp",
                )

    def _known(self, handle: bytes) -> StampRow:
        stamp = self._database.find_stamp_by_handle(handle)
        if stamp is None:
            raise RefusedError(
                "it carries a stamp of another studio, whose consent is not known here",
                code="consent-unknown",
                hint="only the studio that holds the consent can stamp what is made from it",
            )
        return stamp

    def _now(self, recorded: Recorded) -> datetime:
        # A clock that was set back must not undo a withdrawal that is recorded already.
        return max(self._studio.clock.now(), recorded.history[-1].at)

    def _check_in_force(self, recorded: Recorded, scope: Scope) -> None:
        permission = self._asked_now(recorded, scope)
        if permission.code is not ConsentCode.IN_FORCE:
            raise RefusedError(
                f"consent {recorded.code}: {permission.reason}",
                code=f"consent-{permission.code}",
                hint=f"see what it allows: provenance consent show {recorded.code}",
            )

    def _asked_now(self, recorded: Recorded, scope: Scope) -> Permission:
        return authorised(recorded.record, recorded.history, scope=scope, at=self._now(recorded))

    @_alone
    def find_logged(self, key: bytes) -> LoggedStamp | None:
        """Return the stamp that was logged under this key."""
        row = self._database.find_stamp(key)
        return None if row is None else self._prove(row)

    @_alone
    def log(self, pending: Sequence[PendingStamp]) -> list[LoggedStamp]:
        """Append one entry for each stamp that has none yet, in one transaction with one checkpoint.

        Raises:
            RefusedError: the data of a consent were erased after its permit was given; nothing was logged.
        """
        now = self._studio.clock.now()
        rows: list[StampRow] = []
        kept: list[int] = []
        with self._database.transaction():
            # Held from here on, so that no consent is erased between the question and the row.
            self._database.head()
            fresh: list[tuple[PendingStamp, bytes, StampEntry]] = []
            for stamp in {stamp.key: stamp for stamp in pending}.values():
                if self._database.find_stamp(stamp.key) is None:
                    randomness = secrets.token_bytes(RANDOMNESS_BYTES)
                    image = commit(TAG_IMAGE, randomness=randomness, digest=stamp.picture_digest)
                    # In the order of the values, which tells nothing of who stands where.
                    fresh.append((stamp, randomness, StampEntry(now, image, tuple(sorted(stamp.handles.values())))))
            for record_id in {record_id for stamp, _, _ in fresh for record_id in stamp.handles}:
                self._check_not_erased(self._consents.by_record_id(record_id))
            appended = self._ledger.append([(new_entry_id(), entry) for _, _, entry in fresh]) if fresh else []
            for (stamp, randomness, _), place in zip(fresh, appended, strict=True):
                self._database.add_stamp(
                    StampRow(
                        key=stamp.key,
                        picture_digest=stamp.picture_digest,
                        declaration=stamp.declaration.value,
                        handles=stamp.handles,
                        image_randomness=randomness,
                        entry_index=place.index,
                        note=self._seal_note(stamp),
                    )
                )
            keeper = FingerprintKeeper(self._studio, self._consents) if self._is_to_keep(pending) else None
            for stamp in pending:
                row = self._database.find_stamp(stamp.key)
                if row is None:
                    raise CorruptLedgerError("stamp: the row just written is not there")
                rows.append(row)
                kept.append(0 if keeper is None else keeper.keep(row, stamp.fingerprints))
        # Proofs are made after the commit: until then nothing may leave.
        return [replace(self._prove(row), fingerprints=number) for row, number in zip(rows, kept, strict=True)]

    def _is_to_keep(self, pending: Sequence[PendingStamp]) -> bool:
        # Asked again within the transaction: the studio may have changed its mind since the pictures were looked at.
        return any(stamp.fingerprints for stamp in pending) and self.keeps_fingerprints

    @_alone
    def keep_manifest(self, key: bytes, store: bytes) -> None:
        """Keep the manifest store that was signed for a logged stamp, if fingerprints of it are kept."""
        keep_manifest(self._studio, key, store)

    @_alone
    def note(self, key: bytes) -> dict[str, Json] | None:
        """Return what was found in a picture that was stamped, and the reason that was given, or None if nothing was.

        What was kept of a picture is erased with the data of anyone shown, and reads None, too.

        Raises:
            VaultError: it cannot be opened.
        """
        row = self._database.find_stamp(key)
        if row is None or row.note is None:
            return None
        if not row.handles:
            return parse_object(self._master_key.open_note(row.note, key.hex()), place="note")
        data = row.note
        for record_id in sorted(row.handles, reverse=True):
            data = self._data_key(record_id).open(key.hex(), data)
        return parse_object(data, place="note")

    def _check_not_erased(self, recorded: Recorded) -> None:
        erasure = self._consents.erasure(recorded)
        if erasure is not None:
            raise RefusedError(
                f"consent {recorded.code}: the person's data were erased on {erasure.at.date()}, "
                "and nothing is stamped under it any more",
                code="consent-erased",
                hint="ask the person for a new consent",
            )

    def _seal_note(self, stamp: PendingStamp) -> bytes | None:
        """Seal what speaks of the picture: under one consent's key after the other, so that it is erased with any."""
        if not stamp.evidence and stamp.confirmation is None and not stamp.raws:
            return None
        found: list[Json] = [evidence.to_json(stamp.claim) for evidence in stamp.evidence]
        raws: list[Json] = [raw.to_json() for raw in stamp.raws]
        data = canonical_bytes({"evidence": found, "confirmation": stamp.confirmation, "raw": raws})
        if not stamp.handles:
            return self._master_key.seal_note(data, stamp.key.hex())
        for record_id in sorted(stamp.handles):
            data = self._data_key(record_id).seal(stamp.key.hex(), data)
        return data

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
        at = parse_entry(entry.body).at
        return LoggedStamp(entry.body, at, proof.to_text(), self._places.of(row.entry_index))
