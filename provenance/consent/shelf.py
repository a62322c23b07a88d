"""Where templates are found: those that come with this version, and a studio's own, which take their place."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from provenance import durable
from provenance.consent.templates import MAX_TEMPLATE_BYTES, Template, parse_template
from provenance.errors import InputError

FOLDER: Final = "templates"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A template and where it is from.

    Attributes:
        template: what was found.
        own: the studio's file, or None where it comes with this version.
    """

    template: Template
    own: Path | None = None


@cache
def shipped() -> tuple[Template, ...]:
    """Return the templates that come with this version, in the order of their ids."""
    folder = files("provenance.consent") / FOLDER
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return tuple(parse_template(item.read_bytes(), name=item.name) for item in found)


def templates_of(studio: Path | None) -> tuple[Shelved, ...]:
    """Return every template that a studio can use, in the order of their ids.

    Args:
        studio: its folder; None for what comes with this version alone.

    Raises:
        InputError: one of its own is malformed, or changes a shipped one without another version.
    """
    found = {template.id: Shelved(template) for template in shipped()}
    for path in sorted((studio / FOLDER).glob("*.toml")) if studio is not None else ():
        template = parse_template(durable.read(path, max_bytes=MAX_TEMPLATE_BYTES), name=path.name)
        older = found.get(template.id)
        if older is not None and older.template.version == template.version:
            # A record names its text by id and version; two texts must not share them.
            raise InputError(
                f"{FOLDER}/{path.name}: version: expected another than that of the shipped one, got {template.version}",
                code="template",
            )
        found[template.id] = Shelved(template, path)
    return tuple(found[name] for name in sorted(found))


def find_template(name: str, studio: Path | None) -> Shelved:
    """Return the template called `name`.

    Raises:
        InputError: there is none, or one of the studio's own is malformed.
    """
    every = templates_of(studio)
    for shelved in every:
        if shelved.template.id == name:
            return shelved
    raise InputError(
        f"template: expected a known one, got {name!r}",
        code="template-unknown",
        hint=f"templates: {', '.join(shelved.template.id for shelved in every)}",
    )
