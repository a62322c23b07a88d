from collections.abc import Sequence

import pytest
from support.judged import credential, ingredient, manifest

from provenance.credentials.crjson import Action, Ingredient, Manifest
from provenance.credentials.origin import COMPOSITE_WITH_TRAINED, DIGITAL_CAPTURE, HUMAN_EDITS, TRAINED_MEDIA
from provenance.credentials.reading import Credential
from provenance.credentials.signals import Signal, find_signals


def action(name: str, source_type: str | None = None) -> Action:
    return Action(name, source_type, None, ())


OPENED = action("c2pa.opened")
CAPTURE = action("c2pa.created", DIGITAL_CAPTURE)
GENERATION = action("c2pa.created", TRAINED_MEDIA)


def bare(relationship: str = "parentOf", source_type: str | None = None) -> Ingredient:
    return Ingredient(
        "c2pa.ingredient.v3", relationship, None, source_type, manifest().validation, manifest().validation
    )


def opened(*actions: Action, parent: Ingredient | None = None, others: Sequence[Ingredient] = ()) -> Manifest:
    return manifest("active", actions=[OPENED, *actions], ingredients=[parent or ingredient("parent"), *others])


def first(*actions: Action, label: str = "parent", ingredients: Sequence[Ingredient] = ()) -> Manifest:
    return manifest(label, actions=actions, ingredients=ingredients)


CASES = {
    "a photograph": (credential(first(CAPTURE)), [Signal.CAPTURED]),
    "a photograph, opened": (credential(opened(), first(CAPTURE)), [Signal.CAPTURED]),
    "a photograph that people edited": (
        credential(opened(action("c2pa.cropped", HUMAN_EDITS)), first(CAPTURE)),
        [Signal.CAPTURED, Signal.OTHER_EDIT],
    ),
    "a photograph that AI edited": (
        credential(opened(action("c2pa.edited", COMPOSITE_WITH_TRAINED)), first(CAPTURE)),
        [Signal.CAPTURED, Signal.GENERATIVE_EDIT],
    ),
    "a smaller copy": (
        credential(opened(action("c2pa.resized.proportional"), action("c2pa.transcoded")), first(CAPTURE)),
        [Signal.CAPTURED, Signal.NON_EDITORIAL],
    ),
    "made by AI": (credential(first(GENERATION)), [Signal.FULLY_GENERATIVE]),
    "made by AI in parts": (
        credential(first(action("c2pa.created", COMPOSITE_WITH_TRAINED))),
        [Signal.PARTLY_GENERATIVE],
    ),
    "made by AI from a photograph": (
        credential(
            first(GENERATION, ingredients=[ingredient("photo", relationship="inputTo")]), first(CAPTURE, label="photo")
        ),
        [Signal.FULLY_GENERATIVE, Signal.INSPIRED_BY_CAPTURED],
    ),
    "made by AI from a photograph that was stamped twice": (
        credential(
            first(GENERATION, ingredients=[ingredient("again", relationship="inputTo")]),
            first(OPENED, label="again", ingredients=[ingredient("photo")]),
            first(CAPTURE, label="photo"),
        ),
        [Signal.FULLY_GENERATIVE, Signal.INSPIRED_BY_CAPTURED],
    ),
    "made by AI from a photograph without credentials": (
        credential(first(GENERATION, ingredients=[bare("inputTo", DIGITAL_CAPTURE)])),
        [Signal.FULLY_GENERATIVE, Signal.INSPIRED_BY_CAPTURED],
    ),
    "made by AI from something": (
        credential(first(GENERATION, ingredients=[bare("inputTo"), ingredient("absent", relationship="inputTo")])),
        [Signal.FULLY_GENERATIVE],
    ),
    "a copy of what AI made from a photograph": (
        credential(
            opened(action("c2pa.transcoded")), first(GENERATION, ingredients=[bare("inputTo", DIGITAL_CAPTURE)])
        ),
        [Signal.FULLY_GENERATIVE, Signal.INSPIRED_BY_CAPTURED, Signal.NON_EDITORIAL],
    ),
    "a parent of which nothing is said": (credential(opened(parent=bare())), [Signal.UNKNOWN_PROVENANCE]),
    "a parent that is declared": (
        credential(opened(action("c2pa.cropped", HUMAN_EDITS), parent=bare(source_type=DIGITAL_CAPTURE))),
        [Signal.CAPTURED, Signal.UNKNOWN_PROVENANCE, Signal.OTHER_EDIT],
    ),
    "a background that AI made": (
        credential(
            opened(action("c2pa.placed"), others=[ingredient("part", relationship="componentOf")]),
            first(CAPTURE),
            first(GENERATION, label="part"),
        ),
        [Signal.CAPTURED, Signal.FULLY_GENERATIVE],
    ),
    "actions under names of their own": (
        credential(first(CAPTURE, action("org.example.glow"))),
        [Signal.CAPTURED, Signal.AMBIGUOUS],
    ),
    "nothing": (credential(first()), [Signal.AMBIGUOUS]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_signals_are_those_of_the_rubric(name: str) -> None:
    found, expected = CASES[name]
    assert find_signals(found) == expected


def test_manifests_in_a_circle_are_each_asked_once() -> None:
    found: Credential = credential(
        first(OPENED, GENERATION, label="one", ingredients=[ingredient("two")]),
        first(GENERATION, label="two", ingredients=[ingredient("one"), ingredient("three", relationship="inputTo")]),
        first(OPENED, label="three", ingredients=[ingredient("four")]),
        first(OPENED, label="four", ingredients=[ingredient("three")]),
    )
    assert find_signals(found) == [Signal.FULLY_GENERATIVE]
