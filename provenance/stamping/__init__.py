"""Stamping: gate, then log, then sign; one file or many."""

from provenance.stamping.batch import Stamper
from provenance.stamping.interface import (
    LoggedStamp,
    Making,
    PendingStamp,
    Permit,
    PermittedSubject,
    StampDesk,
    StampRequest,
    StampResult,
)

__all__ = [
    "LoggedStamp",
    "Making",
    "PendingStamp",
    "Permit",
    "PermittedSubject",
    "StampDesk",
    "StampRequest",
    "StampResult",
    "Stamper",
]
