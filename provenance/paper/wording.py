"""The text that was read before deciding: found again where it is at hand, and taken only if its digest is the one."""

from dataclasses import dataclass
from pathlib import Path

from provenance.canonical import from_base64url, sha256
from provenance.consent import body as bodies
from provenance.consent import notice
from provenance.consent.records import ConsentRecord
from provenance.consent.shelf import find_template
from provenance.errors import InputError


@dataclass(frozen=True, slots=True)
class Read:
    """What a person read.

    Attributes:
        text: before they decided, or None where it is not at hand.
        intent: the sentence above the signature, or None likewise.
    """

    text: str | None
    intent: str | None


def find_wording(record: ConsentRecord, *, studio: Path | None) -> Read:
    """Return the text and the sentence that a record has the digests of.

    Args:
        record: the signed record.
        studio: the folder with the studio's own templates; None for what comes with this version.
    """
    name, language = record.controller_name, bodies.text(record.body, "notice", "language") or ""
    texts, intents = [notice.render(name)], [notice.INTENT]
    try:
        template = find_template(bodies.text(record.body, "notice", "template") or "", studio).template
        texts.append(template.render(language, studio=name))
        intents.append(template.intent(language, studio=name))
    except InputError:
        # Another version of it, or none: what was read is not at hand, and nothing else may stand in its place.
        pass
    if bodies.text(record.body, "esign", "method") == "passkey":
        intents = [notice.on_own_device(intent, language) for intent in intents]
    return Read(
        _with_digest(texts, bodies.text(record.body, "notice", "sha256")),
        _with_digest(intents, bodies.text(record.body, "esign", "intent_sha256")),
    )


def _with_digest(texts: list[str], digest: str | None) -> str | None:
    wanted = from_base64url(digest, place="notice", size=32)
    return next((text for text in texts if sha256(text.encode()) == wanted), None)
