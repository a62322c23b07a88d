"""The list of a record's fields, its schema and the tables of its specification say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.consent_fields import BEGIN, END, paths, schema_of, tables

from provenance import schemas
from provenance.consent.fields import FIELDS, PERSONAL, Form, check_fields
from provenance.consent.grants import Grant
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import LEGAL_BASES
from provenance.errors import InputError

TEXT = (Path(__file__).parents[2] / "docs" / "spec" / "consent-record.md").read_text("utf-8")


def test_the_schema_is_the_one_that_follows_from_the_fields() -> None:
    assert schemas.load("consent-record")["$defs"]["body"] == schema_of()


def test_the_tables_are_those_that_follow_from_the_fields() -> None:
    between = TEXT.split(BEGIN, 1)[1].split(END, 1)[0]
    assert between.strip() == tables().strip(), "run tests/support/consent_fields.py"


def test_the_members_of_a_grant_are_those_of_its_type() -> None:
    written = Grant.from_json(
        {
            "scope": "ai.train",
            "decision": "permit",
            "legal_basis": LEGAL_BASES[0],
            "revocability": "any_time",
            "territory": ["DE"],
            "media": ["web"],
            "purposes": ["dpv:Marketing"],
            "term": {"from": "2026-11-23", "until": "2026-11-24"},
            "use_description": "x",
            "constraints": ["AL-RET"],
            "grantee": ["Acme"],
        }
    ).to_json()
    (fields,) = (field.form for path, field in paths() if path == "grants[]")
    assert not isinstance(fields, Form)
    assert set(written) == {field.name for field in fields}
    assert [field.name for field in fields if field.need == "R"] == list(
        Grant(Scope.CAPTURE, "deny", Grant.from_json(written).since).to_json()
    )


def test_no_field_is_described_twice_and_none_is_personal() -> None:
    names = [path for path, _ in paths()]
    assert len({*names}) == len(names)
    personal = [datum.name for datum in PERSONAL]
    assert len({*personal}) == len(personal)
    assert not {*personal} & {*names}


@pytest.mark.parametrize("path", [path for path, field in paths() if not isinstance(field.form, tuple)])
def test_a_field_of_another_form_is_refused_by_the_reader_and_by_the_schema(path: str) -> None:
    body = _body()
    parent: Any = body
    *steps, last = re.findall(r"[^.\[\]]+", path)
    for step in steps:
        parent = parent.setdefault(step, {})
        parent = parent[0] if isinstance(parent, list) else parent
    wrongs: list[Any] = [5, None, {}, [[]], ""]
    for wrong in wrongs:
        if isinstance(parent.get(last), list) and wrong == {}:
            continue
        parent[last] = wrong
        with pytest.raises(InputError, match="consent record"):
            check_fields(body)
        with pytest.raises(InputError, match="consent-record at"):
            schemas.validate(body, "consent-record", part="body")


def test_the_reader_and_the_schema_take_the_same_body() -> None:
    check_fields(_body())
    schemas.validate(_body(), "consent-record", part="body")
    assert {field.name for field in FIELDS if field.need == "R"} <= set(_body())


def _body() -> dict[str, Any]:
    from support.consents import body_of, signed_record

    return body_of(signed_record().envelope)
