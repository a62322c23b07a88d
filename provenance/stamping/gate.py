"""The gate: what a picture's own credentials and the other evidence in it allow to be said about it."""

from collections.abc import Sequence

from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration, Tool
from provenance.credentials.origin import Origin, find_generative_markers, find_origin
from provenance.credentials.reading import Credential, Status
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

# Failures that speak of the signer or of time, not of damage.
_NOT_DAMAGE = frozenset({"signingCredential.untrusted", "signingCredential.expired", "claimSignature.outsideValidity"})

MAX_CONFIRMATION = 500

_CLAIMS = {Declaration.CAMERA: Claim.CAPTURED, Declaration.AI_GENERATED: Claim.AI_GENERATED}
_DOUBTED = {
    Claim.CAPTURED: "a camera captured it",
    Claim.AI_EDITED: "AI changed a part of it",
    Claim.AI_GENERATED: "AI generated all of it",
}
_NEXT_STEPS = {
    Says.AI: "a picture that AI made is stamped with --as ai-generated",
    Says.AI_CHANGED: "stamp the photograph as it was before AI changed it",
    Says.NO_PHOTOGRAPH: "stamp the photograph that it was made from",
    Says.CAPTURED: "a photograph is stamped with --as camera",
    Says.SCANNED: "a photograph is stamped with --as camera",
}
_CAMERA = frozenset({Origin.CAMERA_SIGNED, Origin.CAMERA_DECLARED})


def scopes_needed(declaration: Declaration) -> tuple[Scope, ...]:
    """Return the scopes that a consent must grant for a picture to be stamped so."""
    return (Scope.CAPTURE,) if declaration is Declaration.CAMERA else (Scope.AI_GENERATE,)


def check_declaration(declaration: Declaration, *, synthetic_person: bool) -> None:
    """Refuse what contradicts itself before any file is opened.

    Raises:
        RefusedError: a camera is said to have captured a person who does not exist.
    """
    if declaration is Declaration.CAMERA and synthetic_person:
        raise RefusedError(
            "a camera cannot have captured a person who does not exist",
            code="synthetic-capture",
            hint="use --as ai-generated, or name the person's consent with --consent CODE",
        )


def claim_of(declaration: Declaration) -> Claim:
    """Return the claim that a declaration makes, by which evidence is judged."""
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


def check_evidence(evidence: Sequence[Evidence], declaration: Declaration, *, confirmation: str | None) -> str | None:
    """Check that the evidence in a picture allows it to be declared so; return the confirmation if one was needed.

    Raises:
        RefusedError: strong evidence contradicts the declaration, which no reason overrides (`evidence-contradicts`),
            or weak evidence makes it doubtful and no reason was given (`evidence-doubtful`).
    """
    claim = claim_of(declaration)
    for found in find_contradictions(evidence, claim):
        raise RefusedError(
            f"the evidence says that {_found(found)}",
            code="evidence-contradicts",
            hint=_NEXT_STEPS[found.marker.says],
        )
    for found in find_doubts(evidence, claim):
        if confirmation is None:
            raise RefusedError(
                f"the evidence makes it doubtful that {_DOUBTED[claim]}: {_found(found)}",
                code="evidence-doubtful",
                hint='look at it; if it is as you say, add --confirm "REASON", which is kept',
            )
        return confirmation
    return None


def check_existing(credential: Credential, declaration: Declaration) -> None:
    """Check that the credentials which a picture carries allow it to be declared so.

    Raises:
        RefusedError: they are damaged, or they say something else.
    """
    _check_intact(credential)
    origin = find_origin(credential).origin
    if declaration is Declaration.CAMERA:
        markers = find_generative_markers(credential)
        if markers:
            kind = markers[0].source_type.rsplit("/", 1)[-1]
            raise RefusedError(
                f"its content credentials say that AI took part: {markers[0].action} with source type {kind}",
                code="evidence-generative",
                hint="a picture that AI made is stamped with --as ai-generated",
            )
        if origin not in _CAMERA:
            raise RefusedError(
                f"its content credentials do not say that a camera captured it: its origin is {_words(origin)}",
                code="evidence-not-captured",
                hint="stamp the file as it came from the camera",
            )
    elif origin is not Origin.AI_GENERATED:
        raise RefusedError(
            f"its content credentials do not say that AI generated it: its origin is {_words(origin)}",
            code="evidence-not-generated",
            hint="stamp the file as it came from the generator",
        )


def _found(evidence: Evidence) -> str:
    marker = evidence.marker
    return f"{marker.says.words}: {marker.code} in {evidence.place}: {evidence.value}"


def _check_intact(credential: Credential) -> None:
    damage = _damage(credential.active_manifest.validation.failure)
    if damage is not None:
        raise RefusedError(
            f"its content credentials do not verify: {damage}",
            code="parent-damaged",
            hint="find the picture as it was when those credentials were issued",
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


def _words(origin: Origin) -> str:
    return "not stated" if origin is Origin.UNKNOWN else origin.value
