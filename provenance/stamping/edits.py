"""The words of `--edit`: for each, the action that it becomes, its source type, and the scope that it needs.

What AI did and what people did have words of their own: nothing is guessed from the tool or from `--as`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration, Step
from provenance.credentials.origin import COMPOSITE_WITH_TRAINED, HUMAN_EDITS
from provenance.errors import InputError

MAX_EDITS = 16

_BY_PEOPLE = frozenset({Declaration.RETOUCHED, Declaration.AI_EDITED})
_OF_ANY = _BY_PEOPLE | {Declaration.DERIVATIVE}
_BY_AI = frozenset({Declaration.AI_EDITED})


@dataclass(frozen=True, slots=True)
class Edit:
    """One row of the table.

    Attributes:
        word: as it is given to `--edit`.
        step: what the manifest says of it.
        scope: that a consent must permit; None for what changes no one's likeness.
        declarations: under which it can be named.
    """

    word: str
    step: Step
    scope: Scope | None
    declarations: frozenset[Declaration]


EDITS = (
    Edit("crop", Step("c2pa.cropped", HUMAN_EDITS), Scope.EDIT_BASIC, _OF_ANY),
    Edit("rotate", Step("c2pa.orientation", HUMAN_EDITS), Scope.EDIT_BASIC, _OF_ANY),
    Edit("color", Step("c2pa.adjustedColor", HUMAN_EDITS), Scope.EDIT_BASIC, _BY_PEOPLE),
    Edit("sharpen", Step("c2pa.enhanced"), Scope.EDIT_BASIC, _OF_ANY),
    Edit("retouch", Step("c2pa.edited", HUMAN_EDITS, "retouch"), Scope.EDIT_RETOUCH, _BY_PEOPLE),
    Edit("background", Step("c2pa.edited", HUMAN_EDITS, "background"), Scope.EDIT_RETOUCH, _BY_PEOPLE),
    Edit("ai-edit", Step("c2pa.edited", COMPOSITE_WITH_TRAINED), Scope.AI_EDIT, _BY_AI),
    Edit("ai-retouch", Step("c2pa.edited", COMPOSITE_WITH_TRAINED, "retouch"), Scope.AI_EDIT, _BY_AI),
    Edit("ai-background", Step("c2pa.edited", COMPOSITE_WITH_TRAINED, "background"), Scope.AI_EDIT, _BY_AI),
    Edit("resize", Step("c2pa.resized.proportional"), None, _OF_ANY),
    Edit("transcode", Step("c2pa.transcoded"), None, _OF_ANY),
    Edit("metadata", Step("c2pa.edited.metadata"), None, _OF_ANY),
)
_BY_WORD = {edit.word: edit for edit in EDITS}
_DEFAULTS = {
    Declaration.RETOUCHED: ("retouch",),
    Declaration.AI_EDITED: ("ai-edit",),
    Declaration.DERIVATIVE: ("resize", "transcode"),
}


def leaves_picture(edits: Sequence[Edit]) -> bool:
    """Tell whether nothing but the texts beside the picture was changed."""
    return [edit.word for edit in edits] == ["metadata"]


def parse_edits(text: str) -> tuple[Edit, ...]:
    """Return the edits that are written as words with commas between them, in their order.

    Raises:
        InputError: there is none, one is unknown, or one is named twice.
    """
    words = [word.strip() for word in text.split(",")[: MAX_EDITS + 1]]
    edits = tuple(_BY_WORD[word] for word in words if word in _BY_WORD)
    if len(edits) < len(words):
        wrong = next(word for word in words if word not in _BY_WORD)
        raise InputError(f"edit: expected {_listed(_BY_WORD)}, got {wrong[:40]!r}", code="edit")
    if len(set(words)) < len(words):
        raise InputError("edit: expected every word once", code="edit")
    return edits


def default_edits(declaration: Declaration, *, background: bool) -> tuple[Edit, ...]:
    """Return what a declaration says that was done to a parent, where nobody names it."""
    if background:
        return (_BY_WORD["ai-background" if declaration is Declaration.AI_EDITED else "background"],)
    return tuple(_BY_WORD[word] for word in _DEFAULTS.get(declaration, ()))


def check_edits(edits: Sequence[Edit], declaration: Declaration) -> None:
    """Check that all edits can be named under a declaration, and that one of them makes it what it is.

    Raises:
        InputError: they cannot (`edit`).
    """
    for edit in edits:
        if declaration in edit.declarations:
            continue
        allowed = _listed(e.word for e in EDITS if declaration in e.declarations)
        ai = edit.step.is_generative and declaration is Declaration.RETOUCHED
        hint = "a photograph in which AI changed something is stamped with --as ai-edited" if ai else None
        raise InputError(f"edit: with --as {declaration}, expected {allowed}, got {edit.word}", code="edit", hint=hint)
    if edits and declaration is Declaration.AI_EDITED and not any(edit.step.is_generative for edit in edits):
        raise InputError(
            f"edit: with --as {declaration}, expected one of {_listed(e.word for e in EDITS if e.step.is_generative)}",
            code="edit",
            hint="a photograph that people edited is stamped with --as retouched",
        )
    if edits and declaration is Declaration.RETOUCHED and not any(edit.step.source_type for edit in edits):
        raise InputError(
            "edit: with --as retouched, expected one that changes how the picture looks",
            code="edit",
            hint="a copy in another size or format is stamped with --as derivative",
        )


def _listed(words: Iterable[str]) -> str:
    names = list(words)
    return f"{', '.join(names[:-1])} or {names[-1]}"
