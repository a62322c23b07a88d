"""Every schema is one, describes itself, and refuses what it does not describe."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from provenance import schemas
from provenance.canonical import from_base64url, parse_object
from provenance.errors import InputError

FOLDER = Path(__file__).parents[1] / "schemas"
NAMES = schemas.names()
# Documents whose signed body has a schema of its own within.
SIGNED = ["consent-event", "consent-record"]
EXAMPLES = [(name, number) for name in NAMES for number in range(len(schemas.load(name)["examples"]))]


def example(name: str, number: int = 0) -> Any:
    return copy.deepcopy(schemas.load(name)["examples"][number])


def refusal(document: Any, name: str) -> str:
    with pytest.raises(InputError) as caught:
        schemas.validate(document, name)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_the_names_are_those_of_the_files() -> None:
    assert sorted(path.name.removesuffix(".schema.json") for path in FOLDER.iterdir()) == NAMES
    assert len(NAMES) >= 13


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_of_draft_2020_12(name: str) -> None:
    schema = schemas.load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_has_its_own_name_and_title_and_an_example(name: str) -> None:
    schema = schemas.load(name)
    assert schema["$id"] == f"urn:headshot-provenance:schema:{name}:1"
    assert schema["title"].strip()
    assert len(schema["examples"]) >= 1


def test_no_two_schemas_have_one_title() -> None:
    titles = [schemas.load(name)["title"] for name in NAMES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_an_example_fits_its_schema(name: str, number: int) -> None:
    schemas.validate(example(name, number), name)


def body_of(name: str) -> Any:
    return parse_object(from_base64url(example(name)["payload"], place="payload"), place="body")


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_in_an_example_fits_the_schema_of_the_body(name: str) -> None:
    body = body_of(name)
    schemas.validate(body, name, part="body")
    for member in list(body):
        without = {key: value for key, value in body.items() if key != member}
        if member in schemas.load(name)["$defs"]["body"]["required"]:
            with pytest.raises(InputError, match=f"{name} at document: '{member}' is a required property"):
                schemas.validate(without, name, part="body")
        else:
            schemas.validate(without, name, part="body")
    with pytest.raises(InputError, match=f"{name} at document: .*unheard-of"):
        schemas.validate({**body, "unheard-of": 1}, name, part="body")


@pytest.mark.parametrize("name", SIGNED)
def test_what_is_signed_is_no_signed_document(name: str) -> None:
    assert refusal(body_of(name), name).startswith(f"{name} at document: ")
    with pytest.raises(InputError, match=f"{name} at document: "):
        schemas.validate(example(name), name, part="body")


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every object in a document."""
    if isinstance(value, dict):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from objects(member, (*path, key))


@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_a_member_is_refused(name: str) -> None:
    for member in schemas.load(name).get("required", ()):
        document = example(name)
        del document[member]
        assert f"{member!r} is a required property" in refusal(document, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_with_a_member_too_many_is_refused(name: str) -> None:
    document = {**example(name), "unheard-of": 1}
    assert refusal(document, name).startswith(f"{name} at ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", [None, 7, "text", []])
def test_what_is_no_object_is_refused(name: str, other: object) -> None:
    assert refusal(other, name).startswith(f"{name} at document: ")


@pytest.mark.parametrize(
    ("name", "path", "value", "place"),
    [
        ("verification-report", ("verdict",), "PERHAPS", "verdict"),
        ("verification-report", ("credential", "code"), "fine", "credential.code"),
        ("verification-report", ("consent", "then", "code"), "yes", "consent.then.code"),
        ("verification-report", ("consent", "basis"), "hearsay", "consent.basis"),
        ("verification-report", ("findings", 0, "step"), 13, "findings.0.step"),
        ("verification-report", ("checked_at",), "yesterday", "checked_at"),
        ("stamp-result", ("outcome",), "perhaps", "outcome"),
        ("stamp-result", ("reason",), {"code": "x"}, "reason"),
        ("consent-created", ("code",), "8F3K-QXUP", "code"),
        ("consent-created", ("entry",), -1, "entry"),
        ("consent-created", ("entry",), "1", "entry"),
        ("consent-withdrawn", ("event", "type"), "lost", "event.type"),
        ("consent-summary", ("stamps",), 1.5, "stamps"),
        ("ledger-listed", ("entry", "type"), "novelty", "entry"),
        ("ledger-listed", ("index",), True, "index"),
        ("consent-assertion", ("v",), 2, "v"),
        ("consent-assertion", ("subject_kind",), "unreal", "subject_kind"),
    ],
)
def test_a_refusal_names_the_place(name: str, path: tuple[str | int, ...], value: object, place: str) -> None:
    document = example(name)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    assert refusal(document, name).startswith(f"{name} at {place}: ")


def test_of_several_wrongs_the_outermost_is_named() -> None:
    document = example("verification-report")
    document["verdict"] = "PERHAPS"
    document["consent"]["then"]["code"] = "yes"
    assert refusal(document, "verification-report").startswith("verification-report at verdict: ")


def test_a_refusal_does_not_repeat_a_whole_document() -> None:
    document = {**example("consent-created"), "code": "x" * 10_000}
    assert len(refusal(document, "consent-created")) < 300


def test_every_axis_of_the_report_has_its_code() -> None:
    for path in objects(example("verification-report")):
        if path and path[-1] in ("credential", "origin", "ledger", "history", "time", "identity", "then", "now"):
            document = example("verification-report")
            parent = document
            for step in path:
                parent = parent[step]
            del parent["code"]
            assert "'code' is a required property" in refusal(document, "verification-report")


def test_a_schema_that_is_not_there_is_no_schema() -> None:
    with pytest.raises(KeyError, match="novelty"):
        schemas.load("novelty")
    with pytest.raises(KeyError, match="novelty"):
        schemas.validate({}, "novelty")
