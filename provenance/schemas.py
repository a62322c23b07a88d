"""The JSON Schemas of every document that leaves the product, and the check of a document against its schema."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.canonical import Json, parse_object
from provenance.errors import InputError

if TYPE_CHECKING:
    from referencing import Registry


def names() -> list[str]:
    """Return the name of every schema, sorted, such as `consent-record`."""
    suffix = ".schema.json"
    return sorted(item.name.removesuffix(suffix) for item in _root().iterdir() if item.name.endswith(suffix))


@cache
def load(name: str) -> dict[str, Any]:
    """Return the schema called `name`.

    Raises:
        KeyError: there is no such schema.
    """
    source = _root() / f"{name}.schema.json"
    if not source.is_file():
        raise KeyError(name)
    return dict(parse_object(source.read_bytes(), place=f"schema {name}"))


def validate(document: Json, name: str, *, part: str | None = None) -> None:
    """Check `document` against the schema called `name`, or against one of its `$defs`.

    Raises:
        InputError: the document does not fit; the message names the place in it.
        KeyError: there is no such schema.
    """
    # Takes 70 ms to import, and only readers of other people's documents need it.
    import jsonschema

    schema: dict[str, Any] = load(name)
    if part is not None:
        schema = {"$ref": f"{schema['$id']}#/$defs/{part}"}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(), registry=_registry())
    errors = sorted(validator.iter_errors(document), key=lambda error: (len(error.absolute_path), str(error.path)))
    if errors:
        place = ".".join(str(step) for step in errors[0].absolute_path) or "document"
        raise InputError(f"{name} at {place}: {errors[0].message[:200]}")


@cache
def _registry() -> "Registry[Any]":
    from referencing import Registry, Resource

    found: Registry[Any] = Registry()
    return found.with_resources((load(name)["$id"], Resource.from_contents(load(name))) for name in names())


def _root() -> Traversable:
    """Return the directory of schemas: in the wheel, or beside the package in a checkout."""
    packaged = files("provenance") / "_schemas"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[1] / "schemas"
