"""What manifests say beside their source types: the programs that took part, and the watermarks that they name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from provenance.credentials.reading import Credential


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a manifest says, by its own words.

    Attributes:
        kind: a program that made the claim or took a step, or the algorithm of a soft binding.
        manifest: the label of the manifest.
        text: what it says.
    """

    kind: Literal["softwareAgent", "softBinding"]
    manifest: str
    text: str


def find_statements(credential: Credential) -> Iterator[Statement]:
    """Yield the programs and soft bindings that any manifest of the store names, ingredients' included."""
    for manifest in credential.manifests.values():
        yield Statement("softwareAgent", manifest.label, manifest.generator)
        for action in manifest.actions:
            if action.agent is not None:
                yield Statement("softwareAgent", manifest.label, action.agent)
        for label, data in manifest.assertions.items():
            if label.startswith("c2pa.soft-binding") and isinstance(data, dict) and isinstance(data.get("alg"), str):
                yield Statement("softBinding", manifest.label, data["alg"])
