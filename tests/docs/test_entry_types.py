"""The specification of the entries, their schema and their types say the same."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from provenance import entries, schemas
from provenance.canonical import canonical_bytes, parse_object
from provenance.entries import Entry, check_entry, parse_entry

TEXT = (Path(__file__).parents[2] / "docs" / "spec" / "ledger-entries.md").read_text("utf-8")
COMMON = {"v", "type", "at"}
TYPES = [kind.type for kind in get_args(Entry)]
EXAMPLES: list[dict[str, Any]] = schemas.load("ledger-entry")["examples"]
# Where the name of a field would say too little in Python.
RENAMED = {"log_origin": "origin", "log_key": "key"}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without those of its head."""
    below = TEXT.split(f"## {heading}\n", 1)[1]
    rows = re.search(r"^\|.*\n\| ---.*\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]


def by_type() -> dict[str, set[str]]:
    return {name.strip("`"): set(re.findall(r"`([a-z]+)`", members)) for name, members, _ in table("Types")}


def test_the_table_has_every_type_once_and_in_order() -> None:
    assert [row[0] for row in table("Types")] == [f"`{name}`" for name in TYPES]
    assert len(set(TYPES)) == 9


def test_the_table_has_the_members_of_every_type() -> None:
    for kind in get_args(Entry):
        found = {RENAMED.get(field.name, field.name) for field in fields(kind)} - {"at"}
        assert found == by_type()[kind.type], kind.type


def test_the_schema_has_the_types_and_members_of_the_table() -> None:
    described: dict[str, set[str]] = {}
    for variant in schemas.load("ledger-entry")["oneOf"]:
        assert set(variant["required"]) == set(variant["properties"])
        kind = variant["properties"]["type"]
        for name in kind.get("enum", [kind.get("const")]):
            assert name not in described
            described[name] = set(variant["required"]) - COMMON
    assert described == by_type()


def test_the_schema_has_an_example_of_every_type() -> None:
    assert sorted(example["type"] for example in EXAMPLES) == sorted(TYPES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_an_example_of_the_schema_is_an_entry(example: dict[str, Any]) -> None:
    data = canonical_bytes(example)
    assert parse_entry(data).type == check_entry(data) == example["type"]


def test_the_example_of_the_specification_is_an_entry() -> None:
    block = re.search(r"^```json\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert parse_entry(block[1].encode()).type == "stamp"
    schemas.validate(parse_object(block[1].encode(), place="example"), "ledger-entry")


def test_the_tags_are_those_of_the_specification() -> None:
    written = [row[0].strip("`") for row in table("Commitments")]
    assert sorted(written) == sorted(value for name, value in vars(entries).items() if name.startswith("TAG_"))


def test_the_rules_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", TEXT, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
