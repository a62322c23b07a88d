"""Evidence: markers of AI and of cameras in a picture's metadata, and what they say about a claim."""

from provenance.evidence.catalogue import CATALOGUE
from provenance.evidence.fields import Field
from provenance.evidence.markers import Claim, Effect, Evidence, Marker, Says, Strength
from provenance.evidence.rule import find_contradictions, find_doubts
from provenance.evidence.scanning import match_fields, scan

__all__ = [
    "CATALOGUE",
    "Claim",
    "Effect",
    "Evidence",
    "Field",
    "Marker",
    "Says",
    "Strength",
    "find_contradictions",
    "find_doubts",
    "match_fields",
    "scan",
]
