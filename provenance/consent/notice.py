"""The text that a subject reads before deciding; its digest is part of what they sign."""

from provenance.canonical import sha256

VERSION = "headshot/1"
LANGUAGE = "en"

TEXT = """\
{studio} will take photographs of you. You decide, purpose by purpose, what may happen with them. Whatever you do not
permit is not permitted, and saying no to any purpose changes nothing for the others.

Your decisions are recorded and signed. Your name and contact stay with {studio}; neither the pictures nor the public
ledger carry them.

You can withdraw at any time, in whole or in part, with the secret on your receipt. You need no account and owe no
reason. Withdrawing does not undo what was lawful before, and copies that others already hold cannot be called back; but
whoever asks {studio} about a picture will learn that you withdrew.
"""

INTENT = "By signing I confirm that I have read the notice and that these decisions are mine."


def render(studio: str) -> str:
    """Return the notice as this studio shows it."""
    return TEXT.format(studio=studio)


def digest(studio: str) -> bytes:
    """Return SHA-256 of the notice as shown, 32 bytes."""
    return sha256(render(studio).encode())


def intent_digest() -> bytes:
    """Return SHA-256 of the sentence that stands above the signature, 32 bytes."""
    return sha256(INTENT.encode())
