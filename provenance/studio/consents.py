"""Recording consents and what happens to them, in one studio: vault, database and ledger in one transaction each."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from provenance.canonical import canonical_bytes
from provenance.consent import codes
from provenance.consent.disclosures import Disclosure
from provenance.consent.events import Actor, Answer, ConsentEvent, EventType, Proof, make_event
from provenance.consent.grants import Grant
from provenance.consent.handles import RECORD_KEY_BYTES
from provenance.consent.parties import Notice, Terms
from provenance.consent.records import ConsentRecord, make_record
from provenance.consent.scopes import Scope
from provenance.consent.status import LIVE, stand
from provenance.consent.vocabulary import irrevocable_until
from provenance.entries import (
    RANDOMNESS_BYTES,
    TAG_CONSENT,
    TAG_CONSENT_EVENT,
    ConsentEntry,
    ConsentEventEntry,
    Entry,
    commit,
)
from provenance.errors import RefusedError
from provenance.keys import SigningKey
from provenance.ledger.log import new_entry_id
from provenance.storage.interface import ConsentRow
from provenance.studio.reading import (
    DISCLOSURES,
    RANDOMNESS,
    RECORD_KEY,
    SCAN,
    SECRET,
    Recall,
    Recorded,
    event_data,
    event_name,
)
from provenance.studio.requests import RequestDesk, full_terms
from provenance.studio.subjects import MAX_INK_BYTES, MAX_NAME_CHARACTERS, MAX_SCAN_BYTES, Guardian, Subject
from provenance.vault import DataKey

__all__ = [
    "MAX_INK_BYTES",
    "MAX_NAME_CHARACTERS",
    "MAX_SCAN_BYTES",
    "NOTED",
    "ConsentDesk",
    "Guardian",
    "Recall",
    "Recorded",
    "Subject",
]

# What a controller can note by itself; everything else has a method of its own, or comes with a signature.
NOTED: Final[tuple[EventType, ...]] = (
    "revoked",
    "invalidated",
    "withdrawal-answered",
    "disclosed",
    "source-photos-deleted",
    "model-destroyed",
    "majority-reached",
)


class ConsentDesk(RequestDesk):
    """Finds and lists the consents of a studio; with its keys at hand, records them and what becomes of them."""

    def record(
        self,
        subject: Subject,
        grants: Sequence[Grant],
        *,
        terms: Terms | None = None,
        supersedes: Recorded | None = None,
        notice: Notice | None = None,
        photographer_key: SigningKey | None = None,
    ) -> Recorded:
        """Record a consent that was signed here: record, sealed data and ledger entries become durable together.

        Args:
            subject: who signs; a group picture has one record for each person.
            grants: what they decided.
            terms: what else the record says; the age and the guardian's relationship follow from `subject`.
            supersedes: the consent that this one takes the place of.
            notice: the text that was shown; without it, the one that comes with this version.
            photographer_key: of the photographer whom the terms name, where they sign, too.

        Raises:
            InputError: a datum of the subject cannot be one.
            RefusedError: a rule is broken; the message names the place.
        """
        unlocked = self._keys()
        now = self._studio.clock.now()
        secret = codes.new_secret()
        disclosures = subject.disclosures()
        record = make_record(
            grants=grants,
            disclosures=disclosures,
            method=subject.method,
            controller=unlocked.controller,
            controller_key=unlocked.controller_key,
            secret_digest=codes.secret_digest(secret),
            now=now,
            terms=full_terms(subject, terms, supersedes, today=now.date()),
            notice=notice,
            initialled=list(subject.initials),
            witnessed=subject.witness is not None and subject.scan is None,
            photographer_key=photographer_key,
        )
        subject.check_details(grants)
        return self._keep(
            record,
            secret=secret,
            disclosures=disclosures,
            data_key=DataKey.generate(record.record_id),
            scan=subject.scan,
            supersedes=supersedes,
        )

    def withdraw(
        self, recorded: Recorded, *, scopes: Sequence[Scope] | None, proof: Proof, by: Actor | None = None
    ) -> ConsentEvent:
        """Record a withdrawal, of the whole consent or of some scopes; it holds from this moment on.

        A grant that is under notice goes on until that has run; one that is still irrevocable is asked for, in an
        event of its own, and the controller answers. Neither holds up the rest.

        Returns:
            the withdrawal, or the request for it where nothing could be withdrawn at once.

        Raises:
            RefusedError: there is nothing left of it to withdraw.
        """
        self._keys()
        with self._database.transaction():
            # Read again inside the transaction, so that two withdrawals cannot both be the next event.
            current = self.by_record_id(recorded.record.record_id)
            now = self._now(current)
            self._check_withdrawable(current, scopes)
            asked = self._locked(current, scopes, now.date())
            if not asked:
                return self._append(current, "withdrawn", scopes=scopes, proof=proof, by=by)
            free = [scope for scope in _left(current, scopes) if scope not in asked]
            first = None
            if free:
                first = self._append(current, "withdrawn", scopes=free, proof=proof, by=by)
                current = self.by_record_id(recorded.record.record_id)
            request = self._append(current, "withdrawal-requested", scopes=asked, proof=proof, by=by)
        return first or request

    def renew(
        self, recorded: Recorded, *, until: date, scopes: Sequence[Scope] | None, key: SigningKey | None = None
    ) -> ConsentEvent:
        """Record that a person lets what they permitted go on: they sign again, as surely as they did before.

        Args:
            recorded: the consent.
            until: the new last day.
            scopes: what is renewed; None for all that has an end.
            key: their own, where they signed with one; without it they draw or type their name here.

        Raises:
            RefusedError: a scope was not permitted, has ended otherwise than by its term, or would not last longer.
            VerificationError: the record was signed with a key that is not this one.
        """
        self._keys()
        with self._database.transaction():
            current = self.by_record_id(recorded.record.record_id)
            now = self._now(current)
            ending = [g.scope for g in current.record.grants if g.decision == "permit" and g.until is not None]
            for scope in scopes if scopes is not None else ending:
                standing = stand(current.record, current.history, scope=scope, at=now)
                if scope not in ending or standing.state not in LIVE:
                    raise RefusedError(f"scope {scope}: is not permitted until a day that could move", code="renewal")
                if standing.until is None or until <= max(standing.until, now.date()):
                    raise RefusedError(
                        f"scope {scope}: expected a later end than {standing.until}", code="renewal-term"
                    )
            if not ending:
                raise RefusedError("consent: nothing in it has an end that could move", code="renewal")
            return self._append(current, "renewed", scopes=scopes, proof="signature", until=until, person_key=key)

    def note(
        self,
        recorded: Recorded,
        event_type: EventType,
        *,
        scopes: Sequence[Scope] | None = None,
        answer: Answer | None = None,
        recipient: str | None = None,
    ) -> ConsentEvent:
        """Record something that the controller did or learned; see `NOTED`.

        Args:
            recorded: the consent.
            event_type: one of `NOTED`.
            scopes: what it touches; None for the whole record.
            answer: to a requested withdrawal.
            recipient: to whom something was disclosed; sealed in the vault.

        Raises:
            RefusedError: it cannot be noted, or does not fit what happened before.
            InputError: it lacks what events of this type need.
        """
        self._keys()
        if event_type not in NOTED:
            known = f"known: {', '.join(NOTED)}"
            raise RefusedError(
                f"event {event_type}: cannot be noted",
                code="event-unfit",
                hint=f"run provenance erase {recorded.code}" if event_type == "erased" else known,
            )
        with self._database.transaction():
            current = self.by_record_id(recorded.record.record_id)
            _check_noted(current, event_type, scopes)
            disclosure = None if recipient is None else Disclosure.make("recipient", recipient)
            return self._append(current, event_type, scopes=scopes, proof="studio", answer=answer, recipient=disclosure)

    # --- within

    def _keep(
        self,
        record: ConsentRecord,
        *,
        secret: str,
        disclosures: Sequence[Disclosure],
        data_key: DataKey,
        scan: bytes | None,
        supersedes: Recorded | None,
    ) -> Recorded:
        unlocked = self._keys()
        code = codes.new_code()
        now = self._studio.clock.now()
        given = any(grant.decision == "permit" for grant in record.grants)
        event = make_event(
            record,
            "given" if given else "refused",
            scopes=None,
            proof="signature",
            previous=None,
            controller_key=unlocked.controller_key,
            now=now,
        )
        randomness, event_randomness = secrets.token_bytes(RANDOMNESS_BYTES), secrets.token_bytes(RANDOMNESS_BYTES)
        commitment = commit(TAG_CONSENT, randomness=randomness, digest=record.digest)
        event_commitment = commit(TAG_CONSENT_EVENT, randomness=event_randomness, digest=event.digest)
        private = {
            DISCLOSURES: canonical_bytes([disclosure.to_text() for disclosure in disclosures]),
            RECORD_KEY: secrets.token_bytes(RECORD_KEY_BYTES),
            RANDOMNESS: randomness,
            event_name(1): event_randomness,
            SECRET: secret.encode(),
            **({} if scan is None else {SCAN: scan}),
        }
        with self._database.transaction():
            entry, event_entry = unlocked.ledger.append(
                [
                    (new_entry_id(), ConsentEntry(now, commitment)),
                    (new_entry_id(), ConsentEventEntry(event.at, event_commitment)),
                ]
            )
            row = ConsentRow(record.record_id, code, record.secret_digest, record.to_bytes(), entry.index)
            self._database.add_consent(row, wrapped_key=data_key.wrap(unlocked.master_key))
            self._database.add_event(record.record_id, 1, event.to_bytes(), event_entry.index)
            for name, data in private.items():
                self._database.add_sealed(record.record_id, name, data_key.seal(name, data))
            self._dating.queue(record)
            # Only once all of it is durable, and outside of the transaction: an authority may be slow, or not there.
            self._database.after_commit(lambda: self._dating.try_now(record))
            if supersedes is not None:
                older = self.by_record_id(supersedes.record.record_id)
                self._append(older, "superseded", scopes=None, proof="studio", superseded_by=record.digest)
        return Recorded(code, record, ((event, event_entry.index),), row)

    def _append(
        self,
        current: Recorded,
        event_type: EventType,
        *,
        scopes: Sequence[Scope] | None,
        proof: Proof,
        by: Actor | None = None,
        until: date | None = None,
        superseded_by: bytes | None = None,
        answer: Answer | None = None,
        recipient: Disclosure | None = None,
        person_key: SigningKey | None = None,
    ) -> ConsentEvent:
        """Sign, log and keep the next event of a consent; within a transaction."""
        event = make_event(
            current.record,
            event_type,
            scopes=scopes,
            proof=proof,
            previous=current.history[-1],
            controller_key=self._keys().controller_key,
            now=self._now(current),
            by=by,
            until=until,
            superseded_by=superseded_by,
            answer=answer,
            recipient=recipient,
            person_key=person_key,
        )
        self._keep_event(current, event, recipient=recipient)
        return event

    def _keep_event(
        self,
        current: Recorded,
        event: ConsentEvent,
        *,
        recipient: Disclosure | None = None,
        further: Sequence[Entry] = (),
    ) -> int:
        """Log and keep the next event, with further entries right behind its own; return the place of its own."""
        randomness = secrets.token_bytes(RANDOMNESS_BYTES)
        commitment = commit(TAG_CONSENT_EVENT, randomness=randomness, digest=event.digest)
        entries: list[Entry] = [ConsentEventEntry(event.at, commitment), *further]
        entry, *_ = self._keys().ledger.append([(new_entry_id(), item) for item in entries])
        record_id, number = current.record.record_id, len(current.events) + 1
        self._database.add_event(record_id, number, event.to_bytes(), entry.index)
        private = {event_name(number): randomness}
        if recipient is not None:
            private[event_data(number)] = canonical_bytes([recipient.to_text()])
        key = self._data_key(record_id)
        for name, data in private.items():
            self._database.add_sealed(record_id, name, key.seal(name, data))
        return entry.index

    def _now(self, current: Recorded) -> datetime:
        return max(self._studio.clock.now(), current.history[-1].at)

    def _locked(self, current: Recorded, scopes: Sequence[Scope] | None, today: date) -> list[Scope]:
        """Return those of the scopes that cannot be withdrawn yet."""
        found = []
        for scope in _left(current, scopes):
            grant = current.record.grant(scope)
            locked = None if grant is None else irrevocable_until(grant.revocability)
            if locked is not None and locked >= today:
                found.append(scope)
        return found

    def _check_withdrawable(self, recorded: Recorded, scopes: Sequence[Scope] | None) -> None:
        if scopes is not None and not scopes:
            raise RefusedError("withdrawal: expected at least one scope, got none", code="withdrawal-empty")
        withdrawn = [event for event in recorded.history if event.type in ("withdrawn", "withdrawal-requested")]
        if any(event.scopes is None for event in withdrawn):
            raise RefusedError("consent: it was withdrawn as a whole already", code="already-withdrawn")
        for scope in scopes or ():
            grant = recorded.record.grant(scope)
            if grant is None or grant.decision == "deny":
                raise RefusedError(f"scope {scope}: was never permitted", code="scope-not-permitted")
            if any(scope in (event.scopes or ()) for event in withdrawn):
                raise RefusedError(f"scope {scope}: was withdrawn already", code="already-withdrawn")


def _left(current: Recorded, scopes: Sequence[Scope] | None) -> list[Scope]:
    """Return the permitted scopes among `scopes` whose withdrawal nobody has recorded or asked for."""
    gone = [event for event in current.history if event.type in ("withdrawn", "withdrawal-requested")]
    return [
        grant.scope
        for grant in current.record.grants
        if grant.decision == "permit"
        and (scopes is None or grant.scope in scopes)
        and not any(event.touches(grant.scope) for event in gone)
    ]


def _check_noted(current: Recorded, event_type: EventType, scopes: Sequence[Scope] | None) -> None:
    """Refuse an event that does not fit what happened before."""
    types = [event.type for event in current.history]
    if event_type == "withdrawal-answered":
        asked = [event for event in current.history if event.type == "withdrawal-requested"]
        answered = [event for event in current.history if event.type == "withdrawal-answered"]
        open_scopes = {
            scope
            for event in asked
            for scope in event.scopes or ()
            if not any(answer.touches(scope) and answer.at >= event.at for answer in answered)
        }
        if scopes is None or not {*scopes} <= open_scopes or not scopes:
            raise RefusedError(
                "event withdrawal-answered: expected scopes whose withdrawal was requested and is open",
                code="event-unfit",
            )
    if event_type == "majority-reached" and (current.record.principal != "guardian" or event_type in types):
        raise RefusedError("event majority-reached: expected the record of a minor, and it once", code="event-unfit")
