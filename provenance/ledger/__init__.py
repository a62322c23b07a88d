"""The ledger: appended durably, signed in the same transaction, proved, and audited from its entries alone."""

from provenance.ledger.audit import AuditReport, audit
from provenance.ledger.log import Appended, Ledger

__all__ = ["Appended", "AuditReport", "Ledger", "audit"]
