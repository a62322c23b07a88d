"""The text that a subject reads before deciding; its digest is part of what they sign."""

from typing import Final

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

# What is added to the sentence above the signature where a passkey signs: nobody else can know whose device it is.
OWN_DEVICE: Final = {
    "en": "I sign with a passkey on a device of my own.",
    "de": "Ich unterschreibe mit einem Passkey auf meinem eigenen Gerät.",
    "fr": "Je signe avec une clé d’accès (passkey) sur mon propre appareil.",
    "es": "Firmo con una clave de acceso (passkey) en mi propio dispositivo.",
    "ja": "私は自分の端末で、パスキーを使って署名します。",
}


def on_own_device(intent: str, language: str) -> str:
    """Return the sentence above the signature where a passkey signs; what is added is English where there is no other.

    Args:
        intent: the sentence for every other signature.
        language: of it.
    """
    return f"{intent} {OWN_DEVICE.get(language.partition('-')[0], OWN_DEVICE['en'])}"


def render(studio: str) -> str:
    """Return the notice as this studio shows it."""
    return TEXT.format(studio=studio)


def digest(studio: str) -> bytes:
    """Return SHA-256 of the notice as shown, 32 bytes."""
    return sha256(render(studio).encode())


def intent_digest() -> bytes:
    """Return SHA-256 of the sentence that stands above the signature, 32 bytes."""
    return sha256(INTENT.encode())
