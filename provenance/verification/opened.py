"""Consent disclosures as a status source: what the signed records and events that somebody was shown allow.

Nothing is believed of a disclosure that is not of this very picture and of the controller that stamped it. What it
shows ends where it was made: an old one still says no, and no longer says yes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from provenance.clock import to_seconds
from provenance.consent.events import ConsentEvent
from provenance.consent.openings import ConsentDisclosure, Opening
from provenance.consent.records import ASSURANCES
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission, authorised, worst
from provenance.credentials.manifest import ConsentAssertion
from provenance.verification.report import Finding, Shown, ShownConsent
from provenance.verification.sources import Basis, StampedPicture, StatusSource

# Entries carry whole minutes; this is the last second of one.
_REST_OF_MINUTE: Final = timedelta(seconds=59)
# A disclosure that is older than this many of its refresh intervals no longer says yes.
_STALE_AFTER: Final = 2

_NOT_FOUND = Permission(ConsentCode.NOT_FOUND, "no disclosure opens every handle of this picture")
_NOT_DATED = Permission(ConsentCode.UNKNOWN, "the ledger does not prove when it was stamped")
_NOTHING_ASKED = Permission(ConsentCode.UNKNOWN, "no known use was asked for")


@dataclass(frozen=True, slots=True)
class _Opened:
    """The newest opening of one handle, and the disclosure that it is from."""

    opening: Opening
    disclosure: ConsentDisclosure


class OpenedStatus:
    """Answers for one picture from the disclosures of it."""

    def __init__(self, opened: Mapping[bytes, _Opened], *, logged_at: datetime | None) -> None:
        self._opened = opened
        self._logged_at = logged_at

    @property
    def basis(self) -> Basis:
        """What the answers rest on: of who signed on paper, there is no signature to check but the studio's."""
        return "sealed" if self.assurance == "recorded" else "opened"

    def revoked(self, picture: StampedPicture) -> datetime | None:
        """Return None: a disclosure is about consents, not about stamps."""
        return None

    def when_stamped(self, picture: StampedPicture, *, scopes: Sequence[Scope]) -> Permission:
        """Return what the consents allowed in the minute of the stamp's entry, by the most restrictive reading of it.

        Whatever ended a consent within that minute counts as having come first, and a renewal as having come after.
        """
        if not self._knows(picture):
            return _NOT_FOUND
        if self._logged_at is None:
            return _NOT_DATED
        answers = []
        for handle in picture.handles:
            opening, last = self._opened[handle].opening, self._logged_at + _REST_OF_MINUTE
            unrenewed = _without_renewals(opening.events, since=self._logged_at)
            for scope in scopes:
                answers.append(authorised(opening.record, opening.events, scope=scope, at=last))
                if unrenewed != opening.events:
                    answers.append(authorised(opening.record, unrenewed, scope=scope, at=last))
        return worst(answers or [_NOTHING_ASKED])

    def permission(
        self,
        picture: StampedPicture,
        *,
        scopes: Sequence[Scope],
        territory: str | None,
        medium: str | None,
        at: datetime,
    ) -> Permission:
        """Return what the consents allow at `at`, as far as the disclosures reach; beyond that, a yes is not known."""
        if not self._knows(picture):
            return _NOT_FOUND
        answers = []
        for handle in picture.handles:
            opening, disclosure = self._opened[handle].opening, self._opened[handle].disclosure
            stale = at > disclosure.made_at + _STALE_AFTER * timedelta(seconds=disclosure.refresh)
            for scope in scopes:
                answer = authorised(
                    opening.record, opening.events, scope=scope, at=at, territory=territory, medium=medium
                )
                if stale and answer.code is ConsentCode.IN_FORCE:
                    reason = f"as of {disclosure.made_at.date()} it was in force; ask for a new disclosure"
                    answer = Permission(ConsentCode.UNKNOWN, reason)
                answers.append(answer)
        return worst(answers or [_NOTHING_ASKED])

    def shown(self) -> Shown:
        """Return for whom and when the disclosures were made, and what they show of each person."""
        newest = max((opened.disclosure for opened in self._opened.values()), key=lambda one: one.made_at)
        openings = [opened.opening for opened in self._opened.values()]
        people = tuple(
            ShownConsent(
                assurance=opening.record.assurance,
                signed_by=opening.record.principal,
                signed_at=to_seconds(opening.record.created_at),
                revealed={datum.name: datum.value for datum in opening.revealed},
            )
            for opening in openings
        )
        return Shown(newest.recipient, to_seconds(newest.made_at), people)

    @property
    def assurance(self) -> str:
        """How surely the people signed: the weakest of them."""
        return min((opened.opening.record.assurance for opened in self._opened.values()), key=ASSURANCES.index)

    def _knows(self, picture: StampedPicture) -> bool:
        return bool(picture.handles) and all(handle in self._opened for handle in picture.handles)


def choose_source(
    source: StatusSource | None,
    disclosures: Sequence[ConsentDisclosure],
    *,
    assertion: ConsentAssertion,
    digest: bytes | None,
    logged_at: datetime | None,
    findings: list[Finding],
) -> StatusSource | None:
    """Return who answers for a picture: a source that knows its handles, else the disclosures of it, if there are any.

    Args:
        source: somebody who holds consents, or None.
        disclosures: each checked by `parse_disclosure`; of this picture or of others.
        assertion: what the stamp says.
        digest: of the picture as it is now, or None.
        logged_at: of the stamp's entry, cut to the minute; None where the ledger does not prove it.
        findings: told why disclosures are not used, where none is.
    """
    if not disclosures:
        return source
    picture = StampedPicture(assertion.handles, digest, assertion.entry)
    if source is not None and source.when_stamped(picture, scopes=()).code is not ConsentCode.NOT_FOUND:
        return source
    opened = _open(disclosures, picture, assertion.controller, logged_at, findings)
    if opened is None:
        return source
    stated = assertion.assurance
    if stated not in ASSURANCES or ASSURANCES.index(stated) > ASSURANCES.index(opened.assurance):
        said = "nothing of assurance" if stated is None else stated
        findings.append(Finding(9, "assurance-overstated", f"the stamp says {said}, and the record {opened.assurance}"))
    return opened


def _open(
    disclosures: Sequence[ConsentDisclosure],
    picture: StampedPicture,
    controller: str,
    logged_at: datetime | None,
    findings: list[Finding],
) -> OpenedStatus | None:
    of_picture = [one for one in disclosures if one.picture == picture.digest]
    of_controller = [one for one in of_picture if one.controller == controller]
    newest: dict[bytes, _Opened] = {}
    for one in sorted(of_controller, key=lambda one: (one.made_at, sum(len(part.events) for part in one.openings))):
        for opening in one.openings:
            older = newest.get(opening.handle)
            # A later one may only add to what an earlier one told.
            if older is not None and not _continues(opening, older.opening):
                findings.append(Finding(9, "disclosure-conflict", "two disclosures tell one consent differently"))
                return None
            # What an earlier one revealed is not taken back.
            before = () if older is None else older.opening.revealed
            told = {datum.name: datum for datum in (*before, *opening.revealed)}
            newest[opening.handle] = _Opened(replace(opening, revealed=tuple(told.values())), one)
    wanted = {handle: newest[handle] for handle in picture.handles if handle in newest}
    if wanted and len(wanted) == len(picture.handles):
        return OpenedStatus(wanted, logged_at=logged_at)
    if picture.digest is None:
        message = "which picture it is cannot be told, so that the disclosure was not used"
        findings.append(Finding(9, "disclosure-undecided", message))
    elif not of_picture:
        findings.append(Finding(9, "disclosure-picture", "the disclosure is of another picture, and was not used"))
    elif not of_controller:
        message = "the disclosure was signed by another controller than the picture's, and was not used"
        findings.append(Finding(9, "disclosure-controller", message))
    else:
        message = "the disclosure does not open every handle of the picture, and was not used"
        findings.append(Finding(9, "disclosure-handles", message))
    return None


def _continues(later: Opening, earlier: Opening) -> bool:
    told = [event.digest for event in earlier.events]
    return [event.digest for event in later.events[: len(told)]] == told


def _without_renewals(events: tuple[ConsentEvent, ...], *, since: datetime) -> tuple[ConsentEvent, ...]:
    """Return the events before the first renewal within or after the minute that began at `since`."""
    for number, event in enumerate(events):
        if event.type == "renewed" and event.at >= since:
            return events[:number]
    return events
