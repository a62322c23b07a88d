"""Whether one consent permits one use, as the command and the API answer it, in the same document."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent.scopes import Scope
from provenance.consent.status import Permission, authorised
from provenance.studio.reading import ConsentReader, Recorded

SCHEMA: Final = "urn:headshot-provenance:schema:consent-answer:1"


@dataclass(frozen=True, slots=True)
class Use:
    """A use that somebody plans; what is None is not bounded by the question.

    Attributes:
        scope: what it is.
        purpose: what for, such as `Marketing`.
        medium: in which, such as `print`.
        territory: where, ISO 3166.
    """

    scope: Scope
    purpose: str | None = None
    medium: str | None = None
    territory: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What a consent allows of a use.

    Attributes:
        code: of the consent.
        use: that was asked about.
        at: the time that it was judged for.
        permission: the answer.
        assurance: how surely its person signed.
        erased: when their data were erased, or None.
    """

    code: str
    use: Use
    at: datetime
    permission: Permission
    assurance: str
    erased: datetime | None

    def to_json(self) -> dict[str, Json]:
        """Return the document of `consent-answer.schema.json`."""
        since = self.permission.since
        return {
            "schema": SCHEMA,
            "code": self.code,
            "scope": self.use.scope.value,
            "purpose": self.use.purpose,
            "medium": self.use.medium,
            "territory": self.use.territory,
            "at": to_seconds(self.at),
            "answer": self.permission.code.value,
            "reason": self.permission.reason,
            "since": None if since is None else to_seconds(since),
            "assurance": self.assurance,
            "erased": None if self.erased is None else to_seconds(self.erased),
        }


def ask(
    desk: ConsentReader, recorded: Recorded, use: Use, *, now: datetime, at: datetime | None = None
) -> ConsentAnswer:
    """Return whether a consent permits a use.

    Args:
        desk: that holds it.
        recorded: the consent.
        use: that is planned.
        now: the time.
        at: for when, if not for now.
    """
    erasure = desk.erasure(recorded)
    # A clock that was set back must not undo a withdrawal that is recorded already.
    moment = max(now, recorded.history[-1].at) if at is None else at
    permission = authorised(
        recorded.record,
        recorded.history,
        scope=use.scope,
        at=moment,
        purpose=use.purpose,
        medium=use.medium,
        territory=use.territory,
    )
    erased = None if erasure is None else erasure.at
    return ConsentAnswer(recorded.code, use, moment, permission, recorded.record.assurance, erased)
