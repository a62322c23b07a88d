"""The ledger: appended durably, signed in the same transaction, proved, audited and rebuilt from its entries alone."""

from provenance.ledger.audit import AuditReport, audit
from provenance.ledger.highwater import HighWater, check_not_rolled_back
from provenance.ledger.log import Appended, Ledger
from provenance.ledger.rebuild import RebuildReport, rebuild

__all__ = [
    "Appended",
    "AuditReport",
    "HighWater",
    "Ledger",
    "RebuildReport",
    "audit",
    "check_not_rolled_back",
    "rebuild",
]
