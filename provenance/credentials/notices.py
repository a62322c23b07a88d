"""A notice: what became of a stamp after it was made, in an update manifest on top of it; the picture is untouched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from provenance import __version__
from provenance.canonical import Json
from provenance.clock import from_minutes, to_minutes
from provenance.credentials.labels import NOTICE_LABEL
from provenance.credentials.manifest import GENERATOR, SPEC_VERSION
from provenance.errors import InputError

Says = Literal["consent-withdrawn", "stamp-revoked"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.

    Attributes:
        says: what happened: somebody shown withdrew what the stamp rests on, or the studio revoked the stamp.
        at: when, in UTC, cut to the minute.
    """

    says: Says
    at: str

    def to_json(self) -> dict[str, Json]:
        """Return the data of the assertion."""
        return {"v": 1, "says": self.says, "at": self.at}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Notice":
        """Return the notice in decoded data.

        Raises:
            InputError: it is not one of version 1.
        """
        version, at = data.get("v"), data.get("at")
        says = next((known for known in get_args(Says) if known == data.get("says")), None)
        if version != 1 or isinstance(version, bool) or says is None or not isinstance(at, str):
            raise InputError("notice: expected version 1, what it says, and when")
        return cls(says, to_minutes(from_minutes(at)))

    def to_definition(self, media_type: str) -> dict[str, Any]:
        """Return the definition that the SDK's builder takes; it opens the picture itself, and does nothing to it."""
        return {
            "claim_version": 2,
            "format": media_type,
            "claim_generator_info": [{"name": GENERATOR, "version": __version__, "specVersion": SPEC_VERSION}],
            "assertions": [{"label": NOTICE_LABEL, "data": self.to_json()}],
        }
