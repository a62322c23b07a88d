"""The label that a picture may need where it is shown (Regulation (EU) 2024/1689, Article 50), and why.

Whether it is needed depends on where and how the picture is shown, which no file says. A consent never removes it.
"""

from dataclasses import dataclass
from typing import Final

from provenance.canonical import Json
from provenance.credentials.origin import Origin
from provenance.verification.report import Report

_WORDINGS: Final = {Origin.AI_GENERATED: "AI GENERATED", Origin.AI_EDITED: "AI MODIFIED"}
_MADE: Final = {
    Origin.AI_GENERATED: "AI made this picture",
    Origin.AI_EDITED: "AI made or changed parts of this picture",
}


@dataclass(frozen=True, slots=True)
class Label:
    """A label for a picture.

    Attributes:
        wording: what to show with the picture, where it is first seen.
        reason: one plain sentence.
    """

    wording: str
    reason: str

    def to_json(self) -> dict[str, Json]:
        """Return it as the member `label` of a report."""
        return {"wording": self.wording, "reason": self.reason}


def label_of(report: Report) -> Label | None:
    """Return the label that the picture of a report may need, or None where nothing calls for one.

    None is also the answer where the origin is not known or in conflict: `report.label_required` is None then.
    """
    if not report.label_required:
        return None
    wording = _WORDINGS.get(Origin(report.origin.code), "AI")
    made = _MADE.get(Origin(report.origin.code), "AI had a part in this picture")
    return Label(wording, f"{made}; in the EU that may have to be disclosed where it is shown (AI Act, Article 50).")
