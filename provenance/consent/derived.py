"""Metadata that follow from the grants, computed and never typed, so that they cannot disagree with them."""

from collections.abc import Sequence
from datetime import datetime

from provenance.consent.events import ConsentEvent
from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope
from provenance.consent.status import ConsentCode, authorised

# CAWG training and data mining assertion 1.1, and the scope that decides on each entry.
_TRAINING_MINING = {
    "cawg.ai_generative_training": Scope.AI_TRAIN,
    "cawg.ai_inference": Scope.AI_INFER,
    "cawg.ai_training": Scope.AI_TRAIN,
    "cawg.data_mining": Scope.MINE,
}


def training_mining(record: ConsentRecord, events: Sequence[ConsentEvent], *, at: datetime) -> dict[str, str]:
    """Return each `cawg.training-mining` entry with `allowed` or `notAllowed`: what is not in force is not allowed."""
    return {
        name: "allowed" if authorised(record, events, scope=scope, at=at).code is ConsentCode.IN_FORCE else "notAllowed"
        for name, scope in _TRAINING_MINING.items()
    }
