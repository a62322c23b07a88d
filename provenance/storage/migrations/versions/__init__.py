"""One step a state."""
