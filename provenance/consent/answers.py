"""What a status list says about one stamp, and how that follows from what its consents allow."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, Permission

PUBLICATIONS: Final = tuple(scope for scope in Scope if scope.value.startswith("publish."))

_OF_CODE: Final = {
    ConsentCode.IN_FORCE: 0,
    ConsentCode.WITHDRAWN: 1,
    ConsentCode.LIMITED: 1,
    ConsentCode.EXPIRED: 2,
}


class Answer(enum.IntEnum):
    """One answer of a list: a status type of the draft, 7.1.

    Attributes:
        YES: it is so, without any bound (`VALID`).
        NO: it is not, or no longer (`INVALID`).
        ENDED: its time is over (`SUSPENDED`, because it may be renewed).
        ASK: within bounds that a list cannot tell, or not known: who holds the consent has to be asked.
    """

    YES = 0
    NO = 1
    ENDED = 2
    ASK = 3

    @classmethod
    def of(cls, permission: Permission, *, bounded: bool = False) -> "Answer":
        """Return the answer for what consents allow.

        Args:
            permission: what they allow.
            bounded: whether that holds for some places, media or purposes only.
        """
        answer = cls(_OF_CODE.get(permission.code, 3))
        return cls.ASK if bounded and answer is cls.YES else answer


@dataclass(frozen=True, slots=True)
class Answers:
    """What a list says about one stamp.

    Attributes:
        consent: whether the consents of everyone shown stand, for what the stamp rests on.
        stamp: whether the studio stands by the stamp.
        publications: whether the consents cover each kind of publication.
    """

    consent: Answer
    stamp: Answer
    publications: Mapping[Scope, Answer]

    def about(self, scope: Scope | None) -> Answer | None:
        """Return the answer for a use, or for what the stamp rests on; None for a use that lists do not tell of."""
        return self.consent if scope is None else self.publications.get(scope)

    @classmethod
    def from_values(cls, values: Sequence[int]) -> "Answers":
        """Return the answers in a list's values: consent, the publications in the order of their scopes, stamp."""
        consent, *publications, stamp = map(Answer, values)
        return cls(consent, stamp, dict(zip(PUBLICATIONS, publications, strict=True)))

    def to_values(self) -> tuple[int, ...]:
        """Return the values that a list holds."""
        return (self.consent, *(self.publications[scope] for scope in PUBLICATIONS), self.stamp)
