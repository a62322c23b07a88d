import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support.judged import CERTIFICATE
from support.metadata import encoded
from support.refusals import refused

from provenance.consent.scopes import Scope
from provenance.credentials.crjson import Action, Ingredient, Manifest, Signer, Status, Validation
from provenance.credentials.manifest import Declaration, Tool
from provenance.credentials.origin import DIGITAL_CAPTURE, TRAINED_MEDIA
from provenance.credentials.reading import Credential
from provenance.credentials.rubric import CAPTURED_SOURCE_TYPES, GENERATIVE_SOURCE_TYPES
from provenance.errors import InputError, RefusedError
from provenance.evidence import Claim, Evidence, Field, match_fields
from provenance.stamping.edits import parse_edits
from provenance.stamping.gate import (
    check_declaration,
    check_evidence,
    check_existing,
    claim_of,
    find_evidence,
    parse_confirmation,
    scopes_needed,
)

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
DIGITAL_ART = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"

FROM_CAMERA = "stamp the file as it came from the camera"
FROM_GENERATOR = "stamp the file as it came from the generator"
AS_GENERATED = "a picture that AI made is stamped with --as ai-generated"
AS_AI_EDITED = "a photograph in which AI changed something is stamped with --as ai-edited"
AS_ISSUED = "find the picture as it was then; if only texts changed, see provenance restamp"
WHOLE_HISTORY = "stamp a picture whose history is whole"


def found(*codes: str) -> Validation:
    return Validation(failure=tuple(Status(code, "self#jumbf=c2pa", "") for code in codes))


def action(name: str, source_type: str | None = None) -> Action:
    return Action(name, source_type, None, ())


def parent(label: str | None = "parent", *, recorded: Sequence[str] = (), since: Sequence[str] = ()) -> Ingredient:
    return Ingredient("c2pa.ingredient.v3", "parentOf", label, None, found(*recorded), found(*since))


def component(source_type: str | None = None, *, recorded: Sequence[str] = (), since: Sequence[str] = ()) -> Ingredient:
    return Ingredient("c2pa.ingredient.v3__1", "componentOf", None, source_type, found(*recorded), found(*since))


def manifest(
    *actions: Action,
    label: str = "active",
    ingredients: Sequence[Ingredient] = (),
    failures: Sequence[str] = (),
    assertions: Mapping[str, Any] | None = None,
) -> Manifest:
    return Manifest(
        label=label,
        generator="Atelier 7",
        signer=Signer("Lumière", None, None),
        certificate=CERTIFICATE,
        actions=actions,
        actions_complete=True,
        ingredients=tuple(ingredients),
        assertions=assertions or {},
        created=frozenset(),
        time=None,
        validation=found(*failures),
    )


def credential(*manifests: Manifest, trusted: bool = False) -> Credential:
    """Return the credentials of a picture; the first manifest speaks for it."""
    return Credential(
        manifests={one.label: one for one in manifests},
        active=manifests[0].label,
        trust_list="urn:example:trust" if trusted else None,
        flaw=None,
        crjson={},
    )


CAPTURED = manifest(action("c2pa.created", DIGITAL_CAPTURE))
GENERATED = manifest(action("c2pa.created", TRAINED_MEDIA))
OPENED = action("c2pa.opened")


def opened(first: Manifest, *actions: Action, ingredients: Sequence[Ingredient] = ()) -> Credential:
    """Return credentials that go back to another manifest, as its child."""
    active = manifest(OPENED, *actions, ingredients=[parent(), *ingredients])
    return credential(active, dataclasses.replace(first, label="parent"))


# --- before any file is opened


def test_each_declaration_needs_a_scope() -> None:
    assert scopes_needed(Declaration.CAMERA) == (Scope.CAPTURE,)
    assert scopes_needed(Declaration.AI_GENERATED) == (Scope.AI_GENERATE,)


def test_a_camera_captured_nobody_who_does_not_exist() -> None:
    with refused(
        RefusedError,
        "a camera cannot have captured a person who does not exist",
        code="synthetic-capture",
        hint="use --as ai-generated, or name the person's consent with --consent CODE",
    ):
        check_declaration(Declaration.CAMERA, synthetic_person=True)


@pytest.mark.parametrize("declaration", [Declaration.RETOUCHED, Declaration.AI_EDITED])
def test_a_photograph_shows_nobody_who_does_not_exist(declaration: Declaration) -> None:
    with refused(
        RefusedError,
        "a photograph cannot show a person who does not exist",
        code="synthetic-capture",
        hint="use --as ai-generated, or name the person's consent with --consent CODE",
    ):
        check_declaration(declaration, synthetic_person=True)


def test_scopes_follow_from_the_declaration_the_edits_and_the_parent() -> None:
    edits = parse_edits("retouch,crop,resize")
    by_ai = parse_edits("crop,ai-edit")
    assert scopes_needed(Declaration.RETOUCHED, edits) == (Scope.CAPTURE, Scope.EDIT_BASIC, Scope.EDIT_RETOUCH)
    assert scopes_needed(Declaration.AI_EDITED, by_ai) == (Scope.CAPTURE, Scope.EDIT_BASIC, Scope.AI_EDIT)
    assert scopes_needed(Declaration.AI_EDITED) == (Scope.CAPTURE, Scope.AI_EDIT)
    assert scopes_needed(Declaration.DERIVATIVE, parse_edits("resize"), parent=[Scope.AI_GENERATE]) == (
        Scope.AI_GENERATE,
    )
    assert scopes_needed(Declaration.DERIVATIVE, parse_edits("crop"), parent=[Scope.CAPTURE]) == (
        Scope.CAPTURE,
        Scope.EDIT_BASIC,
    )
    assert scopes_needed(Declaration.RETOUCHED, edits, parent=[Scope.CAPTURE, Scope.AI_EDIT])[-1] is Scope.AI_EDIT


@pytest.mark.parametrize(
    ("declaration", "synthetic"),
    [
        *((declaration, False) for declaration in Declaration),
        (Declaration.AI_GENERATED, True),
        (Declaration.DERIVATIVE, True),
    ],
)
def test_other_declarations_are_possible(declaration: Declaration, *, synthetic: bool) -> None:
    check_declaration(declaration, synthetic_person=synthetic)


# --- by camera


@pytest.mark.parametrize("source_type", sorted(CAPTURED_SOURCE_TYPES))
@pytest.mark.parametrize("trusted", [True, False])
def test_a_picture_that_a_camera_signed_may_be_called_captured(source_type: str, *, trusted: bool) -> None:
    captured = manifest(action("c2pa.created", source_type))
    check_existing(credential(captured, trusted=trusted), Declaration.CAMERA)
    check_existing(opened(captured), Declaration.CAMERA)


@pytest.mark.parametrize("name", ["c2pa.converted", "c2pa.resized.proportional", "c2pa.repackaged"])
def test_a_captured_picture_in_another_format_is_still_captured(name: str) -> None:
    check_existing(opened(CAPTURED, action(name)), Declaration.CAMERA)


@pytest.mark.parametrize("source_type", sorted(GENERATIVE_SOURCE_TYPES))
def test_a_picture_that_ai_made_is_not_called_captured(source_type: str) -> None:
    kind = source_type.rsplit("/", 1)[-1]
    message = f"its content credentials say that AI took part: c2pa.created with source type {kind}"
    with refused(RefusedError, message, code="evidence-generative", hint=AS_GENERATED):
        check_existing(credential(manifest(action("c2pa.created", source_type))), Declaration.CAMERA)


EDITED_AT_ONCE = manifest(action("c2pa.created", DIGITAL_CAPTURE), action("c2pa.edited", COMPOSITE))
ELSEWHERE = manifest(action("c2pa.created", TRAINED_MEDIA), label="elsewhere in the store")


@pytest.mark.parametrize(
    ("existing", "name", "kind", "hint"),
    [
        (credential(EDITED_AT_ONCE), "c2pa.edited", "compositeWithTrainedAlgorithmicMedia", AS_AI_EDITED),
        (
            opened(CAPTURED, action("c2pa.edited", TRAINED_MEDIA)),
            "c2pa.edited",
            "trainedAlgorithmicMedia",
            AS_AI_EDITED,
        ),
        (opened(GENERATED), "c2pa.created", "trainedAlgorithmicMedia", AS_GENERATED),
        (
            opened(CAPTURED, ingredients=[component(TRAINED_MEDIA)]),
            "c2pa.ingredient.v3__1",
            "trainedAlgorithmicMedia",
            AS_AI_EDITED,
        ),
        (credential(CAPTURED, ELSEWHERE), "c2pa.created", "trainedAlgorithmicMedia", AS_GENERATED),
    ],
    ids=["edited", "edited later", "made before", "placed", "in the store"],
)
def test_a_picture_in_which_ai_took_part_is_not_called_captured(
    existing: Credential, name: str, kind: str, hint: str
) -> None:
    message = f"its content credentials say that AI took part: {name} with source type {kind}"
    with refused(RefusedError, message, code="evidence-generative", hint=hint):
        check_existing(existing, Declaration.CAMERA)


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        (credential(manifest()), "not stated"),
        (credential(manifest(action("c2pa.created"))), "not stated"),
        (credential(manifest(action("c2pa.created", DIGITAL_ART))), "not stated"),
        (credential(manifest(OPENED, ingredients=[parent(None)])), "not stated"),
        (opened(CAPTURED, action("c2pa.color_adjustments")), "edited"),
        (credential(manifest(action("c2pa.created", DIGITAL_CAPTURE), action("c2pa.edited"))), "edited"),
    ],
    ids=["nothing", "no source", "drawn", "parent without credentials", "edited later", "edited"],
)
def test_a_picture_whose_credentials_do_not_say_so_is_not_called_captured(existing: Credential, words: str) -> None:
    message = f"its content credentials do not say that a camera captured it: its origin is {words}"
    with refused(RefusedError, message, code="evidence-not-captured", hint=FROM_CAMERA):
        check_existing(existing, Declaration.CAMERA)


# --- by AI


@pytest.mark.parametrize("source_type", sorted(GENERATIVE_SOURCE_TYPES))
def test_a_picture_that_ai_made_may_be_called_generated(source_type: str) -> None:
    generated = manifest(action("c2pa.created", source_type))
    check_existing(credential(generated), Declaration.AI_GENERATED)
    check_existing(opened(generated), Declaration.AI_GENERATED)
    check_existing(opened(generated, action("c2pa.color_adjustments")), Declaration.AI_GENERATED)


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        (credential(CAPTURED), "camera-declared"),
        (credential(CAPTURED, trusted=True), "camera-signed"),
        (credential(manifest()), "not stated"),
        (opened(CAPTURED, action("c2pa.color_adjustments")), "edited"),
        (opened(CAPTURED, action("c2pa.edited", COMPOSITE)), "ai-edited"),
    ],
    ids=["camera", "trusted camera", "nothing", "edited", "edited by AI"],
)
def test_a_picture_whose_credentials_do_not_say_so_is_not_called_generated(existing: Credential, words: str) -> None:
    message = f"its content credentials do not say that AI generated it: its origin is {words}"
    with refused(RefusedError, message, code="evidence-not-generated", hint=FROM_GENERATOR):
        check_existing(existing, Declaration.AI_GENERATED)


# --- damaged

DAMAGE = ["assertion.dataHash.mismatch", "claimSignature.mismatch", "assertion.hashedURI.mismatch", "something.new"]
NO_DAMAGE = [
    "signingCredential.untrusted",
    "signingCredential.expired",
    "claimSignature.outsideValidity",
    "cawg.ica.untrusted_issuer",
]


@pytest.mark.parametrize("code", DAMAGE)
@pytest.mark.parametrize(
    ("declaration", "source_type"), [(Declaration.CAMERA, DIGITAL_CAPTURE), (Declaration.AI_GENERATED, TRAINED_MEDIA)]
)
def test_a_damaged_picture_is_refused(declaration: Declaration, source_type: str, code: str) -> None:
    damaged = manifest(action("c2pa.created", source_type), failures=["signingCredential.untrusted", code])
    message = f"its content credentials do not verify: {code}"
    with refused(RefusedError, message, code="parent-damaged", hint=AS_ISSUED):
        check_existing(credential(damaged), declaration)


@pytest.mark.parametrize("code", DAMAGE)
@pytest.mark.parametrize("ingredient", [parent, component])
@pytest.mark.parametrize("when", ["recorded", "since"])
def test_a_picture_with_a_damaged_history_is_refused(
    when: str, ingredient: Callable[..., Ingredient], code: str
) -> None:
    older = manifest(action("c2pa.created", DIGITAL_CAPTURE), label="parent")
    active = manifest(OPENED, ingredients=[parent(), ingredient(**{when: ["signingCredential.untrusted", code]})])
    message = f"something it was made from does not verify: {code}"
    with refused(RefusedError, message, code="history-damaged", hint=WHOLE_HISTORY):
        check_existing(credential(active, older), Declaration.CAMERA)


def test_damage_further_back_in_history_is_found() -> None:
    older = manifest(OPENED, label="parent", ingredients=[parent("first", since=["claimSignature.mismatch"])])
    first = manifest(action("c2pa.created", DIGITAL_CAPTURE), label="first")
    existing = credential(manifest(OPENED, ingredients=[parent()]), older, first)
    message = "something it was made from does not verify: claimSignature.mismatch"
    with refused(RefusedError, message, code="history-damaged", hint=WHOLE_HISTORY):
        check_existing(existing, Declaration.CAMERA)


@pytest.mark.parametrize("code", NO_DAMAGE)
def test_a_signer_who_is_not_known_or_has_expired_is_no_damage(code: str) -> None:
    captured = manifest(action("c2pa.created", DIGITAL_CAPTURE), failures=[code])
    check_existing(credential(captured), Declaration.CAMERA)
    older = manifest(action("c2pa.created", DIGITAL_CAPTURE), label="parent")
    active = manifest(OPENED, ingredients=[parent(recorded=[code], since=[code])])
    check_existing(credential(active, older), Declaration.CAMERA)


def test_damage_is_told_before_anything_that_the_credentials_say() -> None:
    damaged = manifest(action("c2pa.created", TRAINED_MEDIA), failures=["claimSignature.mismatch"])
    message = "its content credentials do not verify: claimSignature.mismatch"
    with refused(RefusedError, message, code="parent-damaged", hint=AS_ISSUED):
        check_existing(credential(damaged), Declaration.CAMERA)


# --- evidence beside the credentials


def evidence(*fields: tuple[str, str]) -> list[Evidence]:
    return match_fields(Field(name, "PNG tEXt at byte 33", value) for name, value in fields)


SOURCE = "xmp:Iptc4xmpExt:DigitalSourceType"
SAYS = "the evidence says that "


@pytest.mark.parametrize(
    ("declaration", "field", "message", "hint"),
    [
        (
            Declaration.CAMERA,
            (SOURCE, TRAINED_MEDIA),
            "AI made or changed it: source-type.trained-algorithmic-media",
            AS_GENERATED,
        ),
        (
            Declaration.CAMERA,
            (SOURCE, COMPOSITE),
            "AI changed a part of it: source-type.composite-with-trained-algorithmic-media",
            AS_AI_EDITED,
        ),
        (
            Declaration.CAMERA,
            (SOURCE, DIGITAL_ART),
            "it is no photograph: source-type.digital-creation",
            "stamp the photograph that it was made from",
        ),
        (
            Declaration.AI_GENERATED,
            (SOURCE, DIGITAL_CAPTURE),
            "a camera took it: source-type.digital-capture",
            "a photograph is stamped with --as camera",
        ),
        (
            Declaration.AI_GENERATED,
            (SOURCE, "negativeFilm"),
            "it was scanned from film or paper: source-type.negative-film",
            "a photograph is stamped with --as camera",
        ),
    ],
)
def test_strong_evidence_refuses_whatever_reason_is_given(
    declaration: Declaration, field: tuple[str, str], message: str, hint: str
) -> None:
    value = field[1] if field[1] == "negativeFilm" else f"/{field[1].rsplit('/', 1)[-1]}"
    whole = f"{SAYS}{message} in PNG tEXt at byte 33: {value}"
    for reason in (None, "I know better"):
        with refused(RefusedError, whole, code="evidence-contradicts", hint=hint):
            check_evidence(evidence(field), declaration, confirmation=reason)


@pytest.mark.parametrize(
    ("declaration", "field", "message"),
    [
        (
            Declaration.CAMERA,
            ("exif:Software", "Gigapixel 8"),
            "a camera captured it: AI may have made or changed it: tool.enhancer in PNG tEXt at byte 33: Gigapixel",
        ),
        (
            Declaration.CAMERA,
            (SOURCE, "composite"),
            "a camera captured it: it was put together: source-type.composite in PNG tEXt at byte 33: composite",
        ),
        (
            Declaration.CAMERA,
            ("flaw", "it breaks off"),
            "a camera captured it: its data contradict themselves or cannot be read: "
            "metadata.unreadable in PNG tEXt at byte 33: it breaks off",
        ),
        (
            Declaration.AI_GENERATED,
            (SOURCE, "humanEdits"),
            "AI generated all of it: people edited it: source-type.human-edits in PNG tEXt at byte 33: humanEdits",
        ),
    ],
)
def test_weak_evidence_asks_for_a_reason(declaration: Declaration, field: tuple[str, str], message: str) -> None:
    with refused(
        RefusedError,
        f"the evidence makes it doubtful that {message}",
        code="evidence-doubtful",
        hint='look at it; if it is as you say, add --confirm "REASON", which is kept',
    ):
        check_evidence(evidence(field), declaration, confirmation=None)
    assert check_evidence(evidence(field), declaration, confirmation="seen") == "seen"


def test_evidence_that_agrees_asks_for_nothing() -> None:
    camera, generator = evidence((SOURCE, DIGITAL_CAPTURE)), evidence((SOURCE, TRAINED_MEDIA))
    for reason in (None, "unasked"):
        assert check_evidence(camera, Declaration.CAMERA, confirmation=reason) is None
        assert check_evidence(generator, Declaration.AI_GENERATED, confirmation=reason) is None
        assert check_evidence([], Declaration.CAMERA, confirmation=reason) is None


def test_programs_and_watermarks_that_credentials_name_are_evidence() -> None:
    data = encoded("JPEG")
    mark = {"c2pa.soft-binding": {"alg": "com.microsoft.invismark.1", "blocks": []}, "other": {"alg": "x"}}
    agent = Action("c2pa.edited", None, "Adobe Firefly 4", ())
    for one, code, value in (
        (manifest(assertions=mark), "c2pa.invismark", "com.microsoft.invismark.1"),
        (manifest(agent), "tool.generator", "Adobe Firefly"),
        (dataclasses.replace(manifest(), generator="ChatGPT 5"), "tool.generator", "ChatGPT"),
    ):
        for existing in (credential(one), opened(one)):
            (found,) = find_evidence(data, existing, tool=None)
            assert (found.marker.code, found.value) == (code, value)
            assert found.place.startswith("manifest ")
    assert find_evidence(data, credential(manifest()), tool=None) == find_evidence(data, None, tool=None) == []


def test_the_tool_that_is_named_for_the_stamp_is_evidence() -> None:
    for tool, code in ((Tool("Midjourney", "6"), "tool.generator"), (Tool("Topaz Photo"), "tool.enhancer")):
        (found,) = find_evidence(encoded("JPEG"), None, tool=tool)
        assert (found.marker.code, found.place) == (code, "--tool")
    assert find_evidence(encoded("JPEG"), None, tool=Tool("NIKON Z 8", "2.1")) == []


@pytest.mark.parametrize("text", ["seen", "  seen\t", "x" * 500])
def test_a_reason_is_taken_without_blanks(text: str) -> None:
    assert parse_confirmation(text) == text.strip()


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\x1bb", "x" * 501])
def test_a_reason_must_say_something_in_one_line(text: str) -> None:
    with refused(InputError, "confirm: expected a reason of one line and at most 500 characters"):
        parse_confirmation(text)


def test_every_declaration_makes_a_claim() -> None:
    assert {claim_of(declaration) for declaration in Declaration} <= set(Claim)
