"""Content Credentials: what a stamp says, how it is signed, read, judged for its origin, and linted."""
