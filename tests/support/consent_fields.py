"""The schema and the table of a consent record's fields, as they follow from the one list of them.

Run as a program, it writes both into the repository, and fresh examples of signed documents into the schemas.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from support.consents import decisions, signed_event, signed_record

from provenance.consent.disclosures import Disclosure
from provenance.consent.fields import FIELDS, PERSONAL, TEXT, Field

ROOT = Path(__file__).parents[2]
SCHEMA_FILE = ROOT / "schemas" / "consent-record.schema.json"
EVENT_FILE = ROOT / "schemas" / "consent-event.schema.json"
SPECIFICATION = ROOT / "docs" / "spec" / "consent-record.md"
BEGIN, END = "<!-- fields: generated from provenance/consent/fields.py -->\n", "<!-- end of fields -->\n"


RECORD = signed_record(
    decisions("capture", "publish.web", deny=["mine"]), disclosures=[Disclosure.make("legal_name", "Zoë Ångström")]
)


def schema_of(fields: Sequence[Field] = FIELDS) -> dict[str, Any]:
    """Return the JSON Schema of an object with these fields."""
    return {
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields if field.need == "R"],
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    value = _value(field)
    if field.least is None:
        return value
    listed: dict[str, Any] = {"type": "array", "items": value}
    if field.least:
        listed["minItems"] = field.least
    if not isinstance(field.form, tuple):
        listed["uniqueItems"] = True
    if field.name == "controllers":
        listed["maxItems"] = 1
    return listed


def _value(field: Field) -> dict[str, Any]:
    if isinstance(field.form, tuple):
        return schema_of(field.form)
    if field.form.choices is not None:
        (first, *others) = field.form.choices
        return {"enum": [first, *others]} if others else {"const": first}
    if field.form == TEXT:
        return {"type": "string", "minLength": 1, "maxLength": 4000}
    return {"type": "string", "pattern": field.form.pattern}


def tables() -> str:
    """Return both tables of the specification: of the fields in the body, and of the personal data."""
    lines = ["| field | need | stands for | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{path}` | {field.need} | {field.term} | {field.meaning} |" for path, field in paths()]
    lines += ["", "| personal datum | stands for | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{datum.name}` | {datum.term} | {datum.meaning} |" for datum in PERSONAL]
    return "\n".join(line.replace("|`", "|").strip() for line in lines) + "\n"


def paths(fields: Sequence[Field] = FIELDS, before: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every field with its path, such as `grants[].term.until`."""
    for field in fields:
        path = f"{before}{field.name}" + ("" if field.least is None else "[]")
        yield path, field
        if isinstance(field.form, tuple):
            yield from paths(field.form, f"{path}.")


def write() -> None:
    """Write the schema of the body, the tables, and the examples."""
    document = json.loads(SCHEMA_FILE.read_text("utf-8"))
    document["$defs"]["body"] = schema_of()
    _write(SCHEMA_FILE, {**document, "examples": [RECORD.envelope]})
    event = signed_event(RECORD, "withdrawn", previous=signed_event(RECORD))
    _write(EVENT_FILE, {**json.loads(EVENT_FILE.read_text("utf-8")), "examples": [event.envelope]})
    text = SPECIFICATION.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    SPECIFICATION.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}", "utf-8")


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write()
