"""A person's receipt on paper: what they decided, and how to change their mind. It names nobody."""

import io

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent import body as bodies
from provenance.consent.events import ConsentEvent
from provenance.consent.receipts import Receipt
from provenance.paper.decisions import decisions, since
from provenance.paper.labels import labels_for
from provenance.paper.typesetting import Attachment, typeset


def typeset_receipt(receipt: Receipt, *, events: tuple[ConsentEvent, ...], log_origin: str, entry: int) -> bytes:
    """Return the receipt as a PDF file, not sealed yet; the same receipt and events give the same bytes.

    Raises:
        InputError: a character cannot be printed.
    """
    record = receipt.record
    labels = labels_for(bodies.text(record.body, "notice", "language") or "en")
    name = f"receipt-{receipt.code}.json"
    where = bodies.text(record.body, "withdrawal", "uri")
    content: dict[str, Json] = {
        "language": labels.language,
        "title": labels("receipt"),
        "subtitle": labels.of("kind", str(record.body["kind"])),
        "studio": record.controller_name,
        "facts": [
            [labels("code"), receipt.code],
            [labels("signed_on"), to_seconds(record.created_at)],
            [labels("assurance"), record.assurance],
        ],
        "page": labels("page"),
        "decisions": decisions(record, labels, initials={}),
        "withdraw": {
            "heading": labels("withdraw"),
            "how": labels("withdraw_how", studio=record.controller_name),
            "terms": labels("withdraw_terms"),
            "label": labels("secret"),
            "secret": receipt.secret,
            "alt": labels("secret_alt"),
            "rows": [[labels("withdraw_where"), where]] if where else [],
        },
        "since": since(events, labels),
        "record": {
            "heading": labels("record"),
            "rows": [
                [labels("record_digest"), record.digest.hex(), "code"],
                [labels("log"), log_origin, "code"],
                [labels("entry"), str(entry)],
            ],
        },
        "about": labels("about_receipt", name=name),
    }
    attachment = Attachment(name, labels("receipt"), receipt.to_bytes())
    return typeset(
        "receipt",
        content,
        images={"secret.svg": _square(receipt.secret)},
        attachment=attachment,
        at=record.created_at,
    )


def _square(secret: str) -> bytes:
    """Return the QR code of a secret as SVG."""
    import segno

    written = io.BytesIO()
    segno.make_qr(secret, error="m").save(written, kind="svg", border=0, xmldecl=False, svgns=True, omitsize=True)
    return written.getvalue()
