"""Metadata that follow from the grants, computed and never typed, so that they cannot disagree with them."""

from provenance.consent.records import ConsentRecord
from provenance.consent.scopes import Scope

# CAWG training and data mining assertion 1.1, and the scope that decides on each entry.
_TRAINING_MINING = {
    "cawg.ai_generative_training": Scope.AI_TRAIN,
    "cawg.ai_inference": Scope.AI_INFER,
    "cawg.ai_training": Scope.AI_TRAIN,
    "cawg.data_mining": Scope.MINE,
}


def training_mining(record: ConsentRecord) -> dict[str, str]:
    """Return each `cawg.training-mining` entry with `allowed` or `notAllowed`; silence is not permission."""
    permitted = {grant.scope for grant in record.grants if grant.decision == "permit"}
    return {name: "allowed" if scope in permitted else "notAllowed" for name, scope in _TRAINING_MINING.items()}
