"""The command `provenance`."""
