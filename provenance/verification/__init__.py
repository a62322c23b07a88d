"""Verification: numbered steps, separate axes, one verdict; no storage, no ledger, no network."""

from provenance.verification.checkpoints import GivenCheckpoint
from provenance.verification.grounds import Question
from provenance.verification.report import Finding, Report, Verdict
from provenance.verification.sources import RecordedStamp, StampedPicture, StampRecords, StatusSource
from provenance.verification.verifier import verify_file

__all__ = [
    "Finding",
    "GivenCheckpoint",
    "Question",
    "RecordedStamp",
    "Report",
    "StampRecords",
    "StampedPicture",
    "StatusSource",
    "Verdict",
    "verify_file",
]
