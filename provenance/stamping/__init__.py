"""Stamping: gate, then log, then sign; one file or many."""

from provenance.stamping.batch import Stamper
from provenance.stamping.interface import LoggedStamp, PendingStamp, Permit, StampDesk, StampRequest, StampResult

__all__ = ["LoggedStamp", "PendingStamp", "Permit", "StampDesk", "StampRequest", "StampResult", "Stamper"]
