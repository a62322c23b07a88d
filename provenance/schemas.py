"""The JSON Schemas of every document that leaves the product, and the check of a document against its schema."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from provenance.canonical import Json, parse_object
from provenance.errors import InputError


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


def validate(document: Json, name: str) -> None:
    """Check `document` against the schema called `name`.

    Raises:
        InputError: the document does not fit; the message names the place in it.
        KeyError: there is no such schema.
    """
    # Takes 70 ms to import, and only readers of other people's documents need it.
    import jsonschema

    validator = jsonschema.Draft202012Validator(load(name), format_checker=jsonschema.FormatChecker())
    error = next(iter(sorted(validator.iter_errors(document), key=lambda e: (len(e.absolute_path), str(e.path)))), None)
    if error is not None:
        place = ".".join(str(step) for step in error.absolute_path) or "document"
        raise InputError(f"{name} at {place}: {error.message[:200]}")


def _root() -> Traversable:
    """Return the directory of schemas: in the wheel, or beside the package in a checkout."""
    packaged = files("provenance") / "_schemas"
    if packaged.is_dir():
        return packaged
    return Path(__file__).parents[1] / "schemas"
