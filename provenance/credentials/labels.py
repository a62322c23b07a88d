"""The labels of assertions in a stamp, beside those of actions and ingredients."""

CONSENT_LABEL = "org.headshot-provenance.consent"
NOTICE_LABEL = "org.headshot-provenance.notice"
TRAINING_MINING_LABEL = "cawg.training-mining"
AI_DISCLOSURE_LABEL = "c2pa.ai-disclosure"
METADATA_LABEL = "cawg.metadata"
