"""The release that agencies take: everything that the signed record says, on paper, with the record attached."""

from collections.abc import Mapping, Sequence
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent import body as bodies
from provenance.consent.dated import RecordTime
from provenance.consent.records import ConsentRecord
from provenance.paper.attached import Form
from provenance.paper.decisions import decisions, since
from provenance.paper.ink import printable
from provenance.paper.labels import Labels, labels_for
from provenance.paper.typesetting import Attachment, typeset
from provenance.paper.wording import Read
from provenance.timestamps import TimeStamp

_THUMBPRINT: Final = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"


def typeset_form(form: Form, *, read: Read, time: RecordTime | None) -> bytes:
    """Return the release as a PDF file, not sealed yet; the same form, text and time give the same bytes.

    Raises:
        InputError: a character cannot be printed.
    """
    record, personal = form.record, form.personal()
    labels = labels_for(bodies.text(record.body, "notice", "language") or "en")
    picture = printable(personal.get("signature", ""))
    name = f"consent-{form.code}.json"
    content: dict[str, Json] = {
        "language": labels.language,
        "title": labels.of("kind", str(record.body["kind"])),
        "subtitle": labels("form"),
        "studio": record.controller_name,
        "facts": _facts(form, labels),
        "page": labels("page"),
        "people": {"heading": labels("people"), "rows": _people(record, personal, labels)},
        "terms": {"heading": labels("terms"), "rows": record_terms(record, personal, labels)},
        "decisions": decisions(record, labels, initials=initials_in(personal)),
        "notice": _notice(record, labels, read),
        "signatures": {
            "heading": labels("signatures"),
            "intent": read.intent or "",
            "items": _signatures(record, personal, labels, "ink.svg" if picture else None),
        },
        "since": since(form.events, labels),
        "record": {"heading": labels("record"), "rows": _record(form, labels, time)},
        "about": labels("about_form", name=name, studio=record.controller_name),
    }
    attachment = Attachment(name, labels("record"), form.to_bytes())
    return typeset(
        "form",
        content,
        images={} if picture is None else {"ink.svg": picture},
        attachment=attachment,
        at=record.created_at,
    )


def _facts(form: Form, labels: Labels) -> Json:
    return [
        [labels("code"), form.code],
        [labels("signed_on"), to_seconds(form.record.created_at)],
        [labels("assurance"), form.record.assurance],
    ]


def _people(record: ConsentRecord, personal: dict[str, str], labels: Labels) -> Json:
    body = record.body
    service = [bodies.text(body, "ai_service", part) for part in ("name", "system", "version")]
    relationship = bodies.text(body, "guardian", "relationship")
    guardian = personal.get("guardian_name")
    controllers = body["controllers"]
    controller = controllers[0] if isinstance(controllers, list) and isinstance(controllers[0], dict) else {}
    parties = [record.controller_name, controller.get("address"), controller.get("contact")]
    return _rows(
        labels,
        subject=personal.get("legal_name"),
        birth_date=personal.get("birth_date"),
        age=labels.of("age", bodies.text(body, "subject", "age_class") or "not-recorded"),
        address=personal.get("address"),
        phone=personal.get("phone"),
        email=personal.get("email"),
        guardian=f"{guardian} ({labels.of('relationship', relationship)})" if guardian and relationship else guardian,
        guardian_authority=personal.get("guardian_authority"),
        photographer=bodies.text(body, "photographer", "name"),
        controller=", ".join(str(part) for part in parties if part),
        witness=personal.get("witness_name"),
        ai_service=", ".join(part for part in service if part),
        recipients=", ".join(record.recipients),
    )


def record_terms(record: ConsentRecord, personal: Mapping[str, str], labels: Labels) -> list[Json]:
    """Return what a record says of the occasion: shoot, compensation, law, retention."""
    body = record.body
    start, end = (bodies.text(body, "shoot", part) for part in ("start", "end"))
    shoot = start if start == end else labels("from_until", since=start or "", until=end or "")
    kind = labels.of("compensation", bodies.text(body, "compensation", "kind") or "not-recorded")
    amount = personal.get("compensation_amount")
    return _rows(
        labels,
        shoot=shoot,
        shoot_location=personal.get("shoot_location"),
        shoot_description=personal.get("shoot_description"),
        compensation=kind if amount is None else f"{kind}: {amount}",
        representation=personal.get("representation"),
        employment_context=personal.get("employment_context"),
        alternative_offered=personal.get("alternative_offered"),
        jurisdictions=", ".join(bodies.texts(body, "jurisdictions")),
        governing_law=str(body["governing_law"]) if "governing_law" in body else None,
        retention=bodies.text(body, "retention", "rule"),
        biometric_destroy_by=bodies.text(body, "retention", "biometric_destroy_by"),
        supersedes=labels("supersedes_text") if "supersedes" in body else None,
    )


def _notice(record: ConsentRecord, labels: Labels, read: Read) -> Json:
    part = {name: bodies.text(record.body, "notice", name) or "" for name in ("template", "version", "language")}
    rows: list[Json] = [
        [labels("notice_identity"), f"{part['template']} {part['version']} ({part['language']})"],
        [labels("notice_shown"), bodies.text(record.body, "notice", "presented_at") or ""],
        [labels("notice_digest"), bodies.text(record.body, "notice", "sha256") or "", "code"],
    ]
    paragraphs: list[Json] = [_joined(part) for part in (read.text or "").strip().split("\n\n") if part]
    return {
        "heading": labels("notice"),
        "rows": rows,
        "paragraphs": paragraphs,
        "note": "" if read.text else labels("notice_elsewhere"),
    }


def _joined(paragraph: str) -> str:
    """Return a paragraph without the line breaks at which it was only folded; lists keep theirs."""
    lines = paragraph.split("\n")
    listed = any(line.lstrip().startswith(("-", "*", "•", "·")) for line in lines)
    spaced = "" if any(ord(character) >= 0x3000 for line in lines for character in line[-1:]) else " "
    return paragraph if listed else spaced.join(line.strip() for line in lines)


def _signatures(record: ConsentRecord, personal: dict[str, str], labels: Labels, picture: str | None) -> Json:
    method = bodies.text(record.body, "esign", "method") or ""
    names = {
        "subject": personal.get("legal_name"),
        "guardian": personal.get("guardian_name"),
        "witness": personal.get("witness_name"),
        "photographer": bodies.text(record.body, "photographer", "name"),
        "controller": record.controller_name,
    }
    found: list[Json] = []
    if method == "scanned":
        digest = personal.get("scan_sha256", "")
        found.append(
            _signature(
                labels,
                record.principal,
                names[record.principal],
                notes=[labels.of("method", method), labels("wet_ink", digest=digest)],
            )
        )
    for signature in record.signatures:
        principal = signature.role == record.principal
        drawn = principal and personal.get("signature", "").startswith("data:")
        notes = [labels.of("method", method)] if principal else []
        if drawn and picture is None:
            notes.append(labels("ink_unprinted"))
        found.append(
            _signature(
                labels,
                signature.role,
                names[signature.role],
                signed_at=signature.signed_at,
                key=signature.key_urn.removeprefix(_THUMBPRINT),
                ink=picture if drawn else None,
                typed=personal.get("signature") if principal and not drawn else None,
                notes=notes,
            )
        )
    return found


def _signature(
    labels: Labels,
    role: str,
    name: str | None,
    *,
    signed_at: str | None = None,
    key: str | None = None,
    ink: str | None = None,
    typed: str | None = None,
    notes: Sequence[str],
) -> Json:
    return {
        "role": labels.of("role", role),
        "name": name or "",
        "signed_at": signed_at or "",
        "key_label": labels("key"),
        "key": key or "",
        "ink": ink or "",
        "ink_alt": labels("signature_alt"),
        "typed": typed or "",
        "typed_label": labels("name_typed"),
        "notes": list(notes),
    }


def _record(form: Form, labels: Labels, time: RecordTime | None) -> Json:
    rows: list[Json] = [
        [labels("record_digest"), form.record.digest.hex(), "code"],
        [labels("log"), form.log_origin, "code"],
        [labels("entry"), str(form.entry)],
    ]
    known = None if time is None else time.time
    if isinstance(known, TimeStamp):
        rows.append([labels("dated"), f"{known.authority}, {to_seconds(known.at)}"])
    elif known is not None:
        claimed = f"{known.claimed_authority}, {to_seconds(known.claimed_at)}"
        rows.append([labels("dated"), f"{claimed} ({labels('dated_unverified')})"])
    return rows


def initials_in(personal: Mapping[str, str]) -> dict[str, str]:
    """Return the initials among personal data, by scope."""
    return {name.removeprefix("initials."): value for name, value in personal.items() if name.startswith("initials.")}


def _rows(labels: Labels, **values: str | None) -> list[Json]:
    return [[labels(name), value] for name, value in values.items() if value]
