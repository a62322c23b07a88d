"""Signing the studio's status lists: what its consents allow now, for everybody who holds one of its pictures."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provenance.canonical import sha256
from provenance.consent.answers import PUBLICATIONS, Answer, Answers
from provenance.consent.derived import Person
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised, worst
from provenance.credentials.manifest import Declaration
from provenance.entries import StatusListEntry
from provenance.ledger.log import new_entry_id
from provenance.status_lists import LIST_STAMPS, StatusListWriter
from provenance.storage.interface import StampRow
from provenance.studio.consents import ConsentDesk
from provenance.studio.stamps import RESTS_ON
from provenance.studio.studio import Studio, UnlockedStudio

LISTS_FOLDER: Final = "status"
# What a stamp of each kind rests on for certain; whatever else it may rest on, the studio does not keep.
_CERTAIN: Final[Mapping[str, tuple[Scope, ...]]] = {
    Declaration.CAMERA: (Scope.CAPTURE,),
    Declaration.RETOUCHED: (Scope.CAPTURE,),
    Declaration.AI_EDITED: (Scope.CAPTURE, Scope.AI_EDIT),
    Declaration.AI_GENERATED: (Scope.AI_GENERATE,),
}


def lists_folder(studio: Studio) -> Path:
    """Return the folder of a studio in which its lists lie to be served."""
    return studio.path / LISTS_FOLDER


@dataclass(frozen=True, slots=True)
class SignedList:
    """One status list that was signed and logged.

    Attributes:
        number: of the list.
        token: a JWT in its compact form.
        stamps: how many stamps it tells of.
        entry: the number of the ledger entry that holds its digest.
    """

    number: int
    token: bytes
    stamps: int
    entry: int


class StatusListDesk:
    """Signs the status lists of one studio."""

    def __init__(self, unlocked: UnlockedStudio) -> None:
        self._unlocked = unlocked
        self._database = unlocked.studio.database
        self._consents = ConsentDesk(unlocked.studio, unlocked)

    def sign(self) -> list[SignedList]:
        """Sign every list that tells of a stamp anew, and log them; return them once that is durable.

        Raises:
            LedgerError: the ledger cannot be appended to.
        """
        studio = self._unlocked.studio
        now = studio.clock.now()
        answer = functools.cache(self._people_allow)
        made: list[tuple[int, bytes, int]] = []
        for number in range((self._database.head().size + LIST_STAMPS - 1) // LIST_STAMPS):
            stamps = self._database.stamps_of_entries(number * LIST_STAMPS, (number + 1) * LIST_STAMPS)
            if not stamps:
                continue
            writer = StatusListWriter()
            for stamp in stamps:
                place = self._unlocked.status_places.of(stamp.entry_index)
                if place is not None:
                    allowed = answer(frozenset(stamp.handles), stamp.declaration)
                    writer.set(place.index, _about(stamp, *allowed).to_values())
            origin, key = studio.settings.log_origin, self._unlocked.controller_key
            made.append((number, writer.sign(log_origin=origin, number=number, key=key, now=now), len(stamps)))
        if not made:
            return []
        entries = [(new_entry_id(), StatusListEntry(now, number, sha256(token))) for number, token, _ in made]
        appended = self._unlocked.ledger.append(entries)
        return [
            SignedList(number, token, stamps, place.index)
            for (number, token, stamps), place in zip(made, appended, strict=True)
        ]

    def _people_allow(self, record_ids: Collection[str], declaration: str) -> tuple[Answer, dict[Scope, Answer]]:
        """Return whether the consents of some people stand for a stamp, and what they allow: the worst of theirs."""
        if not record_ids:
            return Answer.ASK, dict.fromkeys(PUBLICATIONS, Answer.ASK)
        people = [
            Person(recorded.record, recorded.history) for recorded in map(self._consents.by_record_id, record_ids)
        ]
        now = max([self._unlocked.studio.clock.now(), *(person.events[-1].at for person in people)])

        def ask(scope: Scope) -> Permission:
            return worst([authorised(person.record, person.events, scope=scope, at=now) for person in people])

        publications = {
            scope: Answer.of(ask(scope), bounded=not all(person.permits_everywhere(scope, at=now) for person in people))
            for scope in PUBLICATIONS
        }
        certain = _CERTAIN.get(declaration, ())
        perhaps = [scope for scope in RESTS_ON.get(declaration, tuple(Scope)) if scope not in certain]
        return _standing([ask(scope) for scope in certain], [ask(scope) for scope in perhaps]), publications


def _about(stamp: StampRow, consent: Answer, publications: dict[Scope, Answer]) -> Answers:
    return Answers(consent, Answer.YES if stamp.revoked_by is None else Answer.NO, publications)


def _standing(certain: list[Permission], perhaps: list[Permission]) -> Answer:
    """Return whether consents stand for a stamp that rests on some scopes, and perhaps on others."""
    if certain:
        answer = Answer.of(worst(certain))
        if answer is not Answer.YES:
            return answer
    codes = {permission.code for permission in perhaps}
    over = codes & {ConsentCode.WITHDRAWN, ConsentCode.EXPIRED}
    if certain or ConsentCode.IN_FORCE in codes:
        return Answer.ASK if over else Answer.YES
    # Whatever it rests on, it does not stand.
    return Answer.of(worst(perhaps)) if over else Answer.ASK
