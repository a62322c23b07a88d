from pathlib import Path

import pytest
from support.refusals import refused

from provenance.credentials.manifest import Declaration
from provenance.errors import InputError
from provenance.stamping import Making
from provenance.stamping.edits import parse_edits
from provenance.stamping.making import MAX_INPUTS, check_making

CAMERA, RETOUCHED, AI_EDITED = Declaration.CAMERA, Declaration.RETOUCHED, Declaration.AI_EDITED
AI_GENERATED, DERIVATIVE = Declaration.AI_GENERATED, Declaration.DERIVATIVE
FILE = Path("a.jpg")
CROP = parse_edits("crop")


@pytest.mark.parametrize(
    ("declaration", "making"),
    [
        *((declaration, Making()) for declaration in Declaration if declaration is not DERIVATIVE),
        (CAMERA, Making(computational=True)),
        (AI_GENERATED, Making(inputs=(FILE,) * MAX_INPUTS)),
        (RETOUCHED, Making(parent=FILE)),
        (RETOUCHED, Making(parent=FILE, edits=CROP, background=FILE)),
        (AI_EDITED, Making(parent=FILE, background=FILE)),
        (DERIVATIVE, Making(parent=FILE, edits=CROP)),
    ],
)
def test_what_goes_together_passes(declaration: Declaration, making: Making) -> None:
    check_making(declaration, making)


CHANGED = "--as retouched, ai-edited or derivative"
BEFORE = "add --parent FILE, the picture as it was before"
AS_AI_EDITED = "a photograph in which AI changed something is stamped with --as ai-edited"
ALONE = "says what was done to another picture, and none is named"


@pytest.mark.parametrize(
    ("declaration", "making", "message", "hint"),
    [
        (CAMERA, Making(parent=FILE), f"parent: expected {CHANGED}, got --as camera", None),
        (AI_GENERATED, Making(parent=FILE), f"parent: expected {CHANGED}, got --as ai-generated", None),
        *(
            (declaration, Making(inputs=(FILE,)), f"input: expected --as ai-generated, got --as {declaration}", None)
            for declaration in (CAMERA, RETOUCHED, AI_EDITED, DERIVATIVE)
        ),
        *(
            (
                declaration,
                Making(background=FILE, parent=FILE if declaration is DERIVATIVE else None),
                f"background: expected --as retouched or ai-edited, got --as {declaration}",
                None,
            )
            for declaration in (CAMERA, AI_GENERATED, DERIVATIVE)
        ),
        (CAMERA, Making(edits=CROP), f"edit: expected {CHANGED}, got --as camera", None),
        *(
            (
                declaration,
                Making(computational=True),
                f"computational: expected --as camera, got --as {declaration}",
                None,
            )
            for declaration in (RETOUCHED, AI_EDITED, AI_GENERATED, DERIVATIVE)
        ),
        (RETOUCHED, Making(edits=CROP), f"edit: {ALONE}", BEFORE),
        (AI_EDITED, Making(background=FILE), f"background: {ALONE}", BEFORE),
        (
            DERIVATIVE,
            Making(),
            "derivative: expected the stamped picture that it is a copy of",
            "add --parent FILE",
        ),
        (
            AI_GENERATED,
            Making(inputs=(FILE,) * (MAX_INPUTS + 1)),
            f"input: expected at most {MAX_INPUTS} files, got {MAX_INPUTS + 1}",
            None,
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    declaration: Declaration, making: Making, message: str, hint: str | None
) -> None:
    with refused(InputError, message, code="making", hint=hint):
        check_making(declaration, making)


def test_edits_that_contradict_the_declaration_are_refused() -> None:
    making = Making(parent=FILE, edits=parse_edits("ai-edit"))
    with refused(InputError, "edit: with --as retouched, expected …", code="edit", hint=AS_AI_EDITED):
        check_making(RETOUCHED, making)
