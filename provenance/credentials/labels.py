"""The labels of the assertions that a stamp gathers."""

CONSENT_LABEL = "org.headshot-provenance.consent"
TRAINING_MINING_LABEL = "cawg.training-mining"
METADATA_LABEL = "cawg.metadata"
