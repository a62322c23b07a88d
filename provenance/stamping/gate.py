"""The gate: what a picture's own credentials allow to be said about it."""

from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import Origin, find_generative_markers, find_origin
from provenance.credentials.reading import Credential, Status
from provenance.errors import RefusedError

# Failures that speak of the signer or of time, not of damage.
_NOT_DAMAGE = frozenset({"signingCredential.untrusted", "signingCredential.expired", "claimSignature.outsideValidity"})

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
