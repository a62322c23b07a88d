"""The signals of the official signals rubric (C2PA asset rubrics 1.0), over all that a picture was made from.

A parent or part without credentials counts as what the signer says that it is, as in the official evaluator.
"""

import enum
from collections.abc import Iterator

from provenance.credentials.crjson import Action, Ingredient, Manifest
from provenance.credentials.reading import Credential
from provenance.credentials.rubric import (
    CAPTURED_SOURCE_TYPES,
    FULLY_GENERATIVE_SOURCE_TYPE,
    GENERATIVE_SOURCE_TYPES,
    INCEPTION_ACTIONS,
    NON_EDITORIAL_ACTIONS,
    PARTLY_GENERATIVE_SOURCE_TYPE,
)


class Signal(enum.StrEnum):
    """What the manifests of a picture say about it, by the names of the rubric."""

    CAPTURED = "captured-media"
    FULLY_GENERATIVE = "fully-genai-media"
    INSPIRED_BY_CAPTURED = "fully-genai-media-inspired-by-captured-media"
    PARTLY_GENERATIVE = "partly-genai-creation"
    UNKNOWN_PROVENANCE = "media-of-unknown-provenance"
    GENERATIVE_EDIT = "perceptible-genai-transformations"
    OTHER_EDIT = "perceptible-non-genai-transformations"
    NON_EDITORIAL = "non-editorial-transformations"
    AMBIGUOUS = "ambiguous-actions"


def find_signals(credential: Credential) -> list[Signal]:
    """Return every signal of the active manifest, its parents and their parts, in the order of `Signal`.

    Inputs of a generator are no part of what it made; they count as what inspired it.
    """
    found: set[Signal] = set()
    seen: set[str] = set()
    pending = [credential.active]
    while pending:
        label = pending.pop()
        manifest = credential.manifests.get(label)
        if manifest is None or label in seen:
            continue
        seen.add(label)
        found.update(_local(manifest))
        if Signal.FULLY_GENERATIVE in set(_local(manifest)) and _has_captured_input(credential, manifest):
            found.add(Signal.INSPIRED_BY_CAPTURED)
        for ingredient in manifest.ingredients:
            if ingredient.relationship == "inputTo":
                continue
            if ingredient.manifest is not None:
                pending.append(ingredient.manifest)
            else:
                found.add(Signal.UNKNOWN_PROVENANCE)
                found.update(_inceptions(ingredient.source_type))
    return [signal for signal in Signal if signal in found]


def _local(manifest: Manifest) -> Iterator[Signal]:
    created = next((a.source_type for a in manifest.actions if a.name == "c2pa.created"), None)
    yield from _inceptions(created)
    for action in manifest.actions:
        yield from _transformation(action)
    if not manifest.actions_complete or not manifest.actions:
        yield Signal.AMBIGUOUS


def _inceptions(source_type: str | None) -> Iterator[Signal]:
    if source_type in CAPTURED_SOURCE_TYPES:
        yield Signal.CAPTURED
    elif source_type == FULLY_GENERATIVE_SOURCE_TYPE:
        yield Signal.FULLY_GENERATIVE
    elif source_type == PARTLY_GENERATIVE_SOURCE_TYPE:
        yield Signal.PARTLY_GENERATIVE


def _transformation(action: Action) -> Iterator[Signal]:
    if not action.name.startswith("c2pa.") or action.name == "c2pa.unknown":
        yield Signal.AMBIGUOUS
    if action.name in INCEPTION_ACTIONS:
        return
    if action.name in NON_EDITORIAL_ACTIONS:
        yield Signal.NON_EDITORIAL
    elif action.source_type in GENERATIVE_SOURCE_TYPES:
        yield Signal.GENERATIVE_EDIT
    elif action.source_type is not None:
        yield Signal.OTHER_EDIT


def _has_captured_input(credential: Credential, manifest: Manifest) -> bool:
    return any(_is_captured(credential, i) for i in manifest.ingredients if i.relationship == "inputTo")


def _is_captured(credential: Credential, ingredient: Ingredient) -> bool:
    """Tell whether an input goes back to a capture, over its own parents."""
    seen: set[str] = set()
    while ingredient.manifest is not None:
        manifest = credential.manifests.get(ingredient.manifest)
        if manifest is None or ingredient.manifest in seen:
            return False
        seen.add(ingredient.manifest)
        if Signal.CAPTURED in set(_local(manifest)):
            return True
        parent = next((i for i in manifest.ingredients if i.relationship == "parentOf"), None)
        if parent is None:
            return False
        ingredient = parent
    return ingredient.source_type in CAPTURED_SOURCE_TYPES
