"""Which statements on how a picture was made go with which declaration, before any file is opened."""

from provenance.credentials.manifest import Declaration
from provenance.errors import InputError
from provenance.stamping.edits import check_edits
from provenance.stamping.interface import Making

MAX_INPUTS = 32

_FROM_ONE = (Declaration.RETOUCHED, Declaration.AI_EDITED, Declaration.DERIVATIVE)


def check_making(declaration: Declaration, making: Making) -> None:
    """Check that what is said on how a picture was made goes together.

    Raises:
        InputError: it does not (`making`, or `edit` for the edits).
    """
    _only_with(_FROM_ONE, "parent", declaration, given=making.parent is not None)
    _only_with((Declaration.AI_GENERATED,), "input", declaration, given=bool(making.inputs))
    _only_with(_FROM_ONE[:2], "background", declaration, given=making.background is not None)
    _only_with(_FROM_ONE, "edit", declaration, given=bool(making.edits))
    _only_with((Declaration.CAMERA,), "computational", declaration, given=making.computational)
    if len(making.inputs) > MAX_INPUTS:
        raise InputError(f"input: expected at most {MAX_INPUTS} files, got {len(making.inputs)}", code="making")
    if making.parent is None:
        for option, given in (("edit", making.edits), ("background", making.background)):
            if given:
                raise InputError(
                    f"{option}: says what was done to another picture, and none is named",
                    code="making",
                    hint="add --parent FILE, the picture as it was before",
                )
        if declaration is Declaration.DERIVATIVE:
            raise InputError(
                "derivative: expected the stamped picture that it is a copy of",
                code="making",
                hint="add --parent FILE",
            )
    check_edits(making.edits, declaration)


def _only_with(allowed: tuple[Declaration, ...], option: str, declaration: Declaration, *, given: bool) -> None:
    if given and declaration not in allowed:
        words = [found.value for found in allowed]
        listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        raise InputError(f"{option}: expected --as {listed}, got --as {declaration}", code="making")
