import pytest
from support.refusals import refused

from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration
from provenance.credentials.rubric import (
    ALLOWED_ACTIONS,
    DEPRECATED_ACTIONS,
    GENERATIVE_SOURCE_TYPES,
    NON_EDITORIAL_ACTIONS,
)
from provenance.errors import InputError
from provenance.stamping.edits import EDITS, Edit, check_edits, default_edits, parse_edits

CAMERA, RETOUCHED, AI_EDITED = Declaration.CAMERA, Declaration.RETOUCHED, Declaration.AI_EDITED
AI_GENERATED, DERIVATIVE = Declaration.AI_GENERATED, Declaration.DERIVATIVE
ALL = (
    "crop, rotate, color, sharpen, retouch, background, ai-edit, ai-retouch, ai-background, resize, transcode "
    "or metadata"
)


def words(edits: tuple[Edit, ...]) -> list[str]:
    return [edit.word for edit in edits]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.word)
def test_every_edit_is_a_standard_action_with_the_source_type_that_the_rubric_asks_for(edit: Edit) -> None:
    action = edit.step.action
    assert action in ALLOWED_ACTIONS - DEPRECATED_ACTIONS
    assert (edit.step.source_type is None) == (action in NON_EDITORIAL_ACTIONS)
    assert edit.step.is_generative == edit.word.startswith("ai-")


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.word)
def test_every_edit_needs_the_scope_that_covers_it(edit: Edit) -> None:
    if edit.step.source_type in GENERATIVE_SOURCE_TYPES:
        assert edit.scope is Scope.AI_EDIT
        assert edit.declarations == {AI_EDITED}
    elif edit.word in ("retouch", "background"):
        assert edit.scope is Scope.EDIT_RETOUCH
    else:
        assert edit.scope is (None if edit.word in ("resize", "transcode", "metadata") else Scope.EDIT_BASIC)
    assert edit.declarations <= {RETOUCHED, AI_EDITED, DERIVATIVE}


def test_no_word_is_there_twice() -> None:
    assert len({edit.word for edit in EDITS}) == len(EDITS)


def test_words_are_read_in_their_order() -> None:
    assert words(parse_edits("retouch,crop")) == ["retouch", "crop"]
    assert words(parse_edits(" crop , ai-background ")) == ["crop", "ai-background"]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "''"),
        (",", "''"),
        ("crop,", "''"),
        ("Crop", "'Crop'"),
        ("crop;retouch", "'crop;retouch'"),
        ("crop,\x00", r"'\x00'"),
        ("x" * 100, repr("x" * 40)),
    ],
)
def test_an_unknown_word_is_refused(text: str, got: str) -> None:
    with refused(InputError, f"edit: expected {ALL}, got {got}", code="edit"):
        parse_edits(text)


@pytest.mark.parametrize("text", ["crop,crop", "crop," * 10_000 + "crop"])
def test_a_word_twice_is_refused(text: str) -> None:
    with refused(InputError, "edit: expected every word once", code="edit"):
        parse_edits(text)


@pytest.mark.parametrize(
    ("declaration", "background", "expected"),
    [
        (CAMERA, False, []),
        (AI_GENERATED, False, []),
        (RETOUCHED, False, ["retouch"]),
        (RETOUCHED, True, ["background"]),
        (AI_EDITED, False, ["ai-edit"]),
        (AI_EDITED, True, ["ai-background"]),
        (DERIVATIVE, False, ["resize", "transcode"]),
    ],
)
def test_where_nothing_is_named_the_declaration_says_it(
    declaration: Declaration, expected: list[str], *, background: bool
) -> None:
    edits = default_edits(declaration, background=background)
    assert words(edits) == expected
    check_edits(edits, declaration)


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        (RETOUCHED, "crop"),
        (RETOUCHED, "crop,rotate,color,sharpen,retouch,background,resize,transcode"),
        (AI_EDITED, "ai-background"),
        (AI_EDITED, "crop,ai-retouch,resize"),
        (DERIVATIVE, "transcode"),
        (DERIVATIVE, "crop,sharpen,resize"),
    ],
)
def test_what_a_declaration_allows_passes(declaration: Declaration, text: str) -> None:
    check_edits(parse_edits(text), declaration)


AS_AI_EDITED = "a photograph in which AI changed something is stamped with --as ai-edited"
COPY = "a copy in another size or format is stamped with --as derivative"
BY_HAND = "a photograph that people edited is stamped with --as retouched"
RETOUCHING = "crop, rotate, color, sharpen, retouch, background, resize, transcode or metadata"


@pytest.mark.parametrize(
    ("declaration", "text", "message", "hint"),
    [
        (RETOUCHED, "crop,ai-edit", f"expected {RETOUCHING}, got ai-edit", AS_AI_EDITED),
        (RETOUCHED, "resize,sharpen", "expected one that changes how the picture looks", COPY),
        (AI_EDITED, "background", "expected one of ai-edit, ai-retouch or ai-background", BY_HAND),
        (DERIVATIVE, "retouch", "expected crop, rotate, sharpen, resize, transcode or metadata, got retouch", None),
        (DERIVATIVE, "ai-edit", "expected crop, rotate, sharpen, resize, transcode or metadata, got ai-edit", None),
    ],
)
def test_what_a_declaration_does_not_allow_is_refused(
    declaration: Declaration, text: str, message: str, hint: str | None
) -> None:
    with refused(InputError, f"edit: with --as {declaration}, {message}", code="edit", hint=hint):
        check_edits(parse_edits(text), declaration)
