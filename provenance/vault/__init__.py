"""The vault: personal data and secrets, each subject's under a data key of its own."""

from provenance.vault.sealing import DataKey, MasterKey

__all__ = ["DataKey", "MasterKey"]
