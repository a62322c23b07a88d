"""Everything that a studio holds about one person, on paper for that person, with the document itself attached."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from provenance.canonical import Json
from provenance.clock import to_seconds
from provenance.consent import body as bodies
from provenance.consent.events import ConsentEvent
from provenance.consent.records import ConsentRecord
from provenance.paper.decisions import decisions, event_row
from provenance.paper.form import initials_in, record_terms
from provenance.paper.ink import printable
from provenance.paper.labels import Labels, labels_for
from provenance.paper.typesetting import Attachment, typeset

# The words for personal data; what stands among the terms or the decisions is not said twice.
_HELD: Final = {
    "legal_name": "subject",
    "birth_date": "birth_date",
    "address": "address",
    "phone": "phone",
    "email": "email",
    "guardian_name": "guardian",
    "guardian_authority": "guardian_authority",
    "witness_name": "witness",
    "signature": "name_typed",
    "scan_sha256": "scan",
}


def typeset_export(
    document: Mapping[str, Json], *, record: ConsentRecord, events: tuple[ConsentEvent, ...], at: datetime
) -> bytes:
    """Return what a studio holds as a PDF file, not sealed yet; the same document gives the same bytes.

    Args:
        document: as `ExportDesk.export` returns it.
        record: of the consent.
        events: of its life, in order.
        at: when the document was made.

    Raises:
        InputError: a character cannot be printed.
    """
    labels = labels_for(bodies.text(record.body, "notice", "language") or "en")
    code, studio = str(document["code"]), record.controller_name
    personal = _texts(document["personal_data"])
    picture = printable(personal.get("signature", ""))
    name = f"held-{code}.json"
    content: dict[str, Json] = {
        "language": labels.language,
        "title": labels("export"),
        "subtitle": labels("export_of", studio=studio),
        "studio": studio,
        "facts": [
            [labels("code"), code],
            [labels("exported_on"), to_seconds(at)],
            [labels("assurance"), record.assurance],
        ],
        "page": labels("page"),
        "since": None,
        "held": _part(labels, "held", "held_none", _held(personal, labels, drawn=picture is not None)),
        "ink": "" if picture is None else "ink.svg",
        "ink_alt": labels("signature_alt"),
        "terms": _part(labels, "terms", "held_none", record_terms(record, personal, labels)),
        "decisions": decisions(record, labels, initials=initials_in(personal)),
        "happened": _part(labels, "happened", "happened", [event_row(event, labels) for event in events]),
        "pictures": _part(labels, "pictures", "pictures_none", _pictures(document, labels)),
        "passed": {"heading": labels("passed"), "lines": _recipients(document) or [labels("passed_none")]},
        "rights": {
            "heading": labels("rights"),
            "lines": [labels(f"right_{n}") for n in ("withdraw", "data", "complain")],
        },
        "record": {"heading": labels("record"), "rows": [[labels("record_digest"), record.digest.hex(), "code"]]},
        "about": labels("about_export", name=name, studio=studio),
    }
    data = json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    return typeset(
        "export",
        content,
        images={} if picture is None else {"ink.svg": picture},
        attachment=Attachment(name, labels("export"), data),
        at=at,
    )


def _held(personal: Mapping[str, str], labels: Labels, *, drawn: bool) -> list[Json]:
    return [
        [labels(word), personal[name]]
        for name, word in _HELD.items()
        if name in personal and not (name == "signature" and (drawn or personal[name].startswith("data:")))
    ]


def _pictures(document: Mapping[str, Json], labels: Labels) -> list[Json]:
    stamps = document["stamps"]
    rows: list[Json] = []
    for stamp in stamps if isinstance(stamps, list) else []:
        if not isinstance(stamp, dict):
            continue
        lines = [f"{labels.of('declaration', str(stamp['as']))} ({labels('entry')} {stamp['entry']})"]
        note = stamp["note"]
        if isinstance(note, dict) and note.get("confirmation") is not None:
            lines.append(f"{labels('noted')}: {note['confirmation']}")
        rows.append([str(stamp["at"]), "\n".join(lines)])
    return rows


def _recipients(document: Mapping[str, Json]) -> list[Json]:
    names = document["recipients"]
    return [str(name) for name in names] if isinstance(names, list) else []


def _part(labels: Labels, heading: str, none: str, rows: list[Json]) -> Json:
    return {"heading": labels(heading), "rows": rows, "none": labels(none)}


def _texts(value: Json) -> dict[str, str]:
    return {name: str(text) for name, text in value.items()} if isinstance(value, dict) else {}
