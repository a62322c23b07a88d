"""Consent: records that a subject signed, their grants, the events after them, and what they allow."""
