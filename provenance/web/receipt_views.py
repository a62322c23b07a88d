"""What a receipt's page says, in plain words: what was agreed to, what still stands, and what happened since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from provenance.consent import body as bodies
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.shelf import find_template
from provenance.consent.status import ConsentCode, authorised, stand
from provenance.errors import InputError
from provenance.paper.decisions import event_row
from provenance.paper.labels import labels_for
from provenance.paper.wording import find_wording
from provenance.studio.reading import Recorded
from provenance.studio.studio import Studio


@dataclass(frozen=True, slots=True)
class Line:
    """One decision.

    Attributes:
        scope: what it is on.
        text: in words for the person; those that they read, where these are at hand.
        permitted: whether they said yes.
        code: what it comes to now; `in-force` is the only yes.
        until: the last day, or None.
        since: the day on which it ended, where it did; or on which it will, where that is under notice.
    """

    scope: str
    text: str
    permitted: bool
    code: str
    until: str | None
    since: str | None


@dataclass(frozen=True, slots=True)
class View:
    """A consent as its person sees it.

    Attributes:
        code: the short code.
        studio: who asked.
        signed_at: the day.
        assurance: how surely they signed.
        guardian: whether somebody decided for a minor.
        lines: every decision, what was permitted first.
        events: what happened after it was signed, as a time and a text each.
        language: of the texts.
    """

    code: str
    studio: str
    signed_at: str
    assurance: str
    guardian: bool
    lines: tuple[Line, ...]
    events: tuple[tuple[str, str], ...]
    language: str

    @property
    def withdrawable(self) -> tuple[Line, ...]:
        """What could still be withdrawn."""
        return tuple(line for line in self.lines if line.code == ConsentCode.IN_FORCE and line.since is None)


def receipt_view(recorded: Recorded, *, at: datetime, language: str, studio: Studio) -> View:
    """Return a consent as its person sees it at `at`, in `language` or else in English."""
    record, labels = recorded.record, labels_for(language)
    chosen = _choices(record, language, studio)
    lines = []
    for grant in sorted(record.grants, key=lambda grant: grant.decision == "deny"):
        standing = stand(record, recorded.history, scope=grant.scope, at=at)
        answer = authorised(record, recorded.history, scope=grant.scope, at=at)
        ended = standing.ends if answer.code is ConsentCode.IN_FORCE else answer.since
        lines.append(
            Line(
                grant.scope.value,
                chosen.get(grant.scope) or labels.of("scope", grant.scope.value),
                grant.decision == "permit",
                answer.code.value,
                None if standing.until is None else standing.until.isoformat(),
                None if ended is None else ended.date().isoformat(),
            )
        )
    rows = [event_row(event, labels) for event in recorded.history[1:]]
    return View(
        recorded.code,
        record.controller_name,
        record.created_at.date().isoformat(),
        record.assurance,
        record.principal == "guardian",
        tuple(lines),
        tuple((str(row[0]), str(row[1])) for row in rows if isinstance(row, list)),
        labels.language,
    )


def receipt_link(studio: Studio, secret: str) -> str | None:
    """Return the address of a receipt's page; None where the studio named no address that lasts.

    The secret stands in the fragment, which browsers send to nobody.
    """
    url = studio.settings.url
    return None if url is None else f"{url.rstrip('/')}/receipt#{secret}"


def _choices(record: ConsentRecord, language: str, studio: Studio) -> Mapping[Scope, str]:
    """Return what the scopes were called in the text that was read; nothing where that is not at hand."""
    if bodies.text(record.body, "notice", "language") != language:
        return {}
    name = bodies.text(record.body, "notice", "template") or ""
    if find_wording(record, studio=studio.path).text is None:
        return {}
    try:
        return find_template(name, studio.path).template.wording(language).choices
    except InputError:
        # The text of no template, but the one that comes with this version.
        return {}
