"""The gate: what a picture's own credentials and the other evidence in it allow to be said about it."""

from collections.abc import Sequence

from provenance.consent.scopes import Scope
from provenance.credentials.crjson import Status
from provenance.credentials.manifest import Declaration, Tool
from provenance.credentials.origin import Origin, find_generative_markers, find_origin
from provenance.credentials.reading import Credential
from provenance.credentials.statements import find_statements
from provenance.errors import InputError, RefusedError
from provenance.evidence import (
    Claim,
    Evidence,
    Field,
    Says,
    find_contradictions,
    find_doubts,
    match_fields,
    scan,
)
from provenance.stamping.edits import Edit

# Failures that speak of the signer or of time, not of damage.
_NOT_DAMAGE = frozenset({"signingCredential.untrusted", "signingCredential.expired", "claimSignature.outsideValidity"})

MAX_CONFIRMATION = 500

_CLAIMS = {
    Declaration.CAMERA: Claim.CAPTURED,
    Declaration.RETOUCHED: Claim.CAPTURED,
    Declaration.AI_EDITED: Claim.AI_EDITED,
    Declaration.AI_GENERATED: Claim.AI_GENERATED,
    # A copy claims what its parent is; until that is known, the strictest.
    Declaration.DERIVATIVE: Claim.CAPTURED,
}
_CLAIMS_OF_ORIGINS = {
    Origin.CAMERA_SIGNED: Claim.CAPTURED,
    Origin.CAMERA_DECLARED: Claim.CAPTURED,
    Origin.EDITED: Claim.CAPTURED,
    Origin.AI_EDITED: Claim.AI_EDITED,
    Origin.AI_GENERATED: Claim.AI_GENERATED,
}
_DOUBTED = {
    Claim.CAPTURED: "a camera captured it",
    Claim.AI_EDITED: "AI changed a part of it",
    Claim.AI_GENERATED: "AI generated all of it",
}
AS_AI_EDITED = "a photograph in which AI changed something is stamped with --as ai-edited"
_AS_GENERATED = "a picture that AI made is stamped with --as ai-generated"
_NEXT_STEPS = {
    Says.AI: _AS_GENERATED,
    Says.AI_CHANGED: AS_AI_EDITED,
    Says.NO_PHOTOGRAPH: "stamp the photograph that it was made from",
    Says.CAPTURED: "a photograph is stamped with --as camera",
    Says.SCANNED: "a photograph is stamped with --as camera",
}
_LOOK = 'look at it; if it is as you say, add --confirm "REASON", which is kept'
_AS_WRITTEN = "stamp the file as the program wrote it that edited it"
_CAMERA = frozenset({Origin.CAMERA_SIGNED, Origin.CAMERA_DECLARED})


def scopes_needed(
    declaration: Declaration, edits: Sequence[Edit] = (), *, parent: Sequence[Scope] = ()
) -> tuple[Scope, ...]:
    """Return the scopes that a consent must grant for a picture to be stamped so.

    Args:
        declaration: what the picture is.
        edits: what was done to its parent, or to it before it got its credentials.
        parent: the scopes that the parent's own stamp names, which what is made from it needs as well.
    """
    base = {
        Declaration.CAMERA: {Scope.CAPTURE},
        Declaration.RETOUCHED: {Scope.CAPTURE},
        Declaration.AI_EDITED: {Scope.CAPTURE, Scope.AI_EDIT},
        Declaration.AI_GENERATED: {Scope.AI_GENERATE},
        Declaration.DERIVATIVE: set[Scope](),
    }[declaration]
    needed = base | set(parent) | {edit.scope for edit in edits if edit.scope is not None}
    return tuple(scope for scope in Scope if scope in needed)


def check_declaration(declaration: Declaration, *, synthetic_person: bool) -> None:
    """Refuse what contradicts itself before any file is opened.

    Raises:
        RefusedError: a photograph is said to show a person who does not exist.
    """
    if not synthetic_person or declaration in (Declaration.AI_GENERATED, Declaration.DERIVATIVE):
        return
    does = "have captured" if declaration is Declaration.CAMERA else "show"
    what = "a camera" if declaration is Declaration.CAMERA else "a photograph"
    raise RefusedError(
        f"{what} cannot {does} a person who does not exist",
        code="synthetic-capture",
        hint="use --as ai-generated, or name the person's consent with --consent CODE",
    )


def claim_of(declaration: Declaration, *, parent: Origin | None = None) -> Claim:
    """Return the claim that a declaration makes, by which evidence is judged; a copy claims what its parent is."""
    if declaration is Declaration.DERIVATIVE and parent in _CLAIMS_OF_ORIGINS:
        return _CLAIMS_OF_ORIGINS[parent]
    return _CLAIMS[declaration]


def parse_confirmation(text: str) -> str:
    """Return the reason that somebody gives for a doubtful declaration, without blanks around it.

    Raises:
        InputError: it is blank, too long, or not one line of printable text.
    """
    reason = text.strip()
    if not reason or len(reason) > MAX_CONFIRMATION or not reason.isprintable():
        raise InputError(f"confirm: expected a reason of one line and at most {MAX_CONFIRMATION} characters")
    return reason


def find_evidence(data: bytes, credential: Credential | None, *, tool: Tool | None) -> list[Evidence]:
    """Return every marker in a picture's metadata, and among the programs that its credentials or `--tool` name.

    Raises:
        InputError: the picture is damaged.
    """
    said = find_statements(credential) if credential is not None else ()
    fields = [Field(f"c2pa:{s.kind}", f"manifest {s.manifest}", s.text) for s in said]
    if tool is not None:
        fields.append(Field("c2pa:softwareAgent", "--tool", tool.name))
    return scan(data) + match_fields(fields)


def check_evidence(
    evidence: Sequence[Evidence],
    declaration: Declaration,
    *,
    confirmation: str | None,
    claim: Claim | None = None,
    hint: str | None = None,
) -> str | None:
    """Check that the evidence in a picture allows it to be declared so; return the confirmation if one was needed.

    Args:
        evidence: the markers that were found.
        declaration: what the picture is said to be.
        confirmation: the reason that was given for it, or None.
        claim: by which to judge, where it is another than that of the declaration.
        hint: what to do about a contradiction, where it is another than for the picture itself.

    Raises:
        RefusedError: strong evidence contradicts the declaration, which no reason overrides (`evidence-contradicts`),
            or weak evidence makes it doubtful and no reason was given (`evidence-doubtful`).
    """
    claim = claim or claim_of(declaration)
    for found in find_contradictions(evidence, claim):
        raise RefusedError(
            f"the evidence says that {told(found)}",
            code="evidence-contradicts",
            hint=hint or _next_step(found, declaration),
        )
    for found in find_doubts(evidence, claim):
        if confirmation is None:
            raise RefusedError(
                f"the evidence makes it doubtful that {_DOUBTED[claim]}: {told(found)}",
                code="evidence-doubtful",
                hint=_LOOK,
            )
        return confirmation
    return None


def check_raws(names: Sequence[str], claim: Claim, *, confirmation: str | None) -> str | None:
    """Check that no RAW file of a picture's name makes it doubtful that AI made all of it.

    Args:
        names: of the RAW files; a name alone proves nothing, as a picture that AI made may be named after its input.
        claim: that is made for the picture.
        confirmation: the reason that was given for it, or None; returned if it was needed.

    Raises:
        RefusedError: there is one, and no reason was given (`evidence-doubtful`).
    """
    if claim is not Claim.AI_GENERATED or not names:
        return None
    if confirmation is None:
        raise RefusedError(
            f"a raw file of its name makes it doubtful that {_DOUBTED[claim]}: {names[0]}",
            code="evidence-doubtful",
            hint=f"{AS_AI_EDITED}; {_LOOK}",
        )
    return confirmation


def check_stamped_before(*, generative: bool, confirmation: str | None) -> str | None:
    """Check that a bare picture was not stamped as AI's work before; return the confirmation if one was needed.

    Args:
        generative: this studio stamped the very picture as made or changed by AI, and it is to pass as a photograph.
        confirmation: the reason that was given for it, or None.

    Raises:
        RefusedError: it was, and no reason was given (`earlier-generative`).
    """
    if generative and confirmation is None:
        raise RefusedError(
            "this studio stamped the very picture as made or changed by AI", code="earlier-generative", hint=_LOOK
        )
    return confirmation if generative else None


def check_existing(credential: Credential, declaration: Declaration) -> None:
    """Check that the credentials which a picture carries allow it to be declared so.

    Raises:
        RefusedError: they are damaged, or they say something else.
    """
    check_intact(credential)
    origin = find_origin(credential).origin
    if declaration is Declaration.CAMERA:
        check_without_ai(credential, hint=AS_AI_EDITED if origin is Origin.AI_EDITED else _AS_GENERATED)
        if origin not in _CAMERA:
            raise RefusedError(
                f"its content credentials do not say that a camera captured it: its origin is {words_of(origin)}",
                code="evidence-not-captured",
                hint="stamp the file as it came from the camera",
            )
    elif declaration is Declaration.RETOUCHED:
        check_without_ai(credential, hint=AS_AI_EDITED)
        if origin is not Origin.EDITED:
            raise RefusedError(
                f"its content credentials do not say that people edited a photograph: its origin is {words_of(origin)}",
                code="evidence-not-edited",
                hint=_AS_WRITTEN,
            )
    elif declaration is Declaration.AI_EDITED:
        if origin is not Origin.AI_EDITED:
            raise RefusedError(
                f"its content credentials do not say that AI changed a part of it: its origin is {words_of(origin)}",
                code="evidence-not-ai-edited",
                hint=_AS_WRITTEN,
            )
    elif origin is not Origin.AI_GENERATED:
        raise RefusedError(
            f"its content credentials do not say that AI generated it: its origin is {words_of(origin)}",
            code="evidence-not-generated",
            hint="stamp the file as it came from the generator",
        )


def check_bare(declaration: Declaration, *, parent: bool) -> None:
    """Check that a picture without credentials may be declared so.

    Raises:
        RefusedError: it was made from another one, which nothing names (`parent-missing`).
    """
    if declaration in (Declaration.RETOUCHED, Declaration.AI_EDITED) and not parent:
        raise RefusedError(
            "nothing names the photograph that it was made from",
            code="parent-missing",
            hint="add --parent FILE, the picture as it was before",
        )


def check_alone(*, parent: bool, inputs: bool) -> None:
    """Check that nothing else is named as the origin of a picture that carries credentials.

    Raises:
        RefusedError: something is: a picture has one history.
    """
    if parent:
        raise RefusedError(
            "it carries content credentials of its own, and a picture has one parent only",
            code="parent-second",
            hint="leave --parent out if they name what it was made from; else export it without them",
        )
    if inputs:
        raise RefusedError(
            "it carries content credentials of its own, to which no inputs can be added",
            code="inputs-late",
            hint="leave --input out if they name what it was made from; else export it without them",
        )


def check_without_ai(credential: Credential, *, hint: str) -> None:
    """Check that no manifest says that generative AI took part.

    Raises:
        RefusedError: one does (`evidence-generative`).
    """
    markers = find_generative_markers(credential)
    if markers:
        kind = markers[0].source_type.rsplit("/", 1)[-1]
        raise RefusedError(
            f"its content credentials say that AI took part: {markers[0].action} with source type {kind}",
            code="evidence-generative",
            hint=hint,
        )


def _next_step(found: Evidence, declaration: Declaration) -> str:
    says = found.marker.says
    if declaration is Declaration.DERIVATIVE:
        return "a copy in another size or format looks like its parent; stamp what it is, or the parent anew"
    if declaration in (Declaration.RETOUCHED, Declaration.AI_EDITED) and says is Says.AI:
        return AS_AI_EDITED
    return _NEXT_STEPS[says]


def told(evidence: Evidence) -> str:
    """Return a marker as messages tell it."""
    marker = evidence.marker
    return f"{marker.says.words}: {marker.code} in {evidence.place}: {evidence.value}"


def check_intact(credential: Credential) -> None:
    """Check that credentials and everything behind them verify.

    Raises:
        RefusedError: they do not (`parent-damaged`, `history-damaged`).
    """
    damage = _damage(credential.active_manifest.validation.failure)
    if damage is not None:
        raise RefusedError(
            f"its content credentials do not verify: {damage}",
            code="parent-damaged",
            hint="find the picture as it was then; if only texts changed, see provenance restamp",
        )
    for manifest in credential.manifests.values():
        for ingredient in manifest.ingredients:
            damage = _damage(ingredient.failures)
            if damage is not None:
                raise RefusedError(
                    f"something it was made from does not verify: {damage}",
                    code="history-damaged",
                    hint="stamp a picture whose history is whole",
                )


def _damage(failures: tuple[Status, ...]) -> str | None:
    found = (f.code for f in failures if f.code not in _NOT_DAMAGE and not f.code.startswith("cawg."))
    return next(found, None)


def words_of(origin: Origin) -> str:
    """Return an origin as messages tell it."""
    return "not stated" if origin is Origin.UNKNOWN else origin.value
