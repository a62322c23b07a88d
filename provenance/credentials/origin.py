"""Where a picture comes from, by the signals of the C2PA asset rubrics 1.0, over the whole chain of manifests.

The signal names and the sets of source types are those of the official signals rubric, so that our labels agree
with those of other validators.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.credentials.crjson import Manifest
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.reading import Credential
from provenance.credentials.rubric import (
    CAPTURED_SOURCE_TYPES,
    GENERATIVE_SOURCE_TYPES,
    INCEPTION_ACTIONS,
    NON_EDITORIAL_ACTIONS,
)
from provenance.errors import KeyMaterialError
from provenance.pki import check_claim_certificate

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGITAL_CAPTURE = IPTC + "digitalCapture"
COMPUTATIONAL_CAPTURE = IPTC + "computationalCapture"
TRAINED_MEDIA = IPTC + "trainedAlgorithmicMedia"
COMPOSITE_WITH_TRAINED = IPTC + "compositeWithTrainedAlgorithmicMedia"
HUMAN_EDITS = IPTC + "humanEdits"


class Origin(enum.StrEnum):
    """Where a picture comes from."""

    CAMERA_SIGNED = "camera-signed"
    CAMERA_DECLARED = "camera-declared"
    EDITED = "edited"
    AI_EDITED = "ai-edited"
    AI_GENERATED = "ai-generated"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OriginFinding:
    """The origin of a picture, and whose word it is.

    Attributes:
        origin: as far as the chain of manifests says it.
        stated_by: the signer of the manifest that says it, or None.
        edited: people changed the picture with ordinary tools, too.
    """

    origin: Origin
    stated_by: str | None
    edited: bool


@dataclass(frozen=True, slots=True)
class GenerativeMarker:
    """A statement, somewhere in the store, that generative AI made or changed a picture."""

    manifest: str
    action: str
    source_type: str


def find_generative_markers(credential: Credential) -> list[GenerativeMarker]:
    """Return every generative source type in any manifest of the store, ingredients included."""
    return [
        GenerativeMarker(manifest.label, action, source_type)
        for manifest in credential.manifests.values()
        for action, source_type in _source_types(manifest)
        if source_type in GENERATIVE_SOURCE_TYPES
    ]


def find_origin(credential: Credential) -> OriginFinding:
    """Return the origin of a picture, by its whole chain of manifests.

    The chain runs from the active manifest over its parents to the first one. It is *ai-generated* if a manifest in
    it was created by generative AI, *ai-edited* if one changed the picture with it or placed something that it made,
    and otherwise what the first manifest says; *unknown* where the first one says nothing, or has a parent without
    credentials and does not say what that is. A capture counts as *camera-signed* only if a trusted signer other
    than a studio states it; what a signer says of a parent without credentials is a declaration.
    """
    chain = list(credential.parents())
    first = chain[-1]
    edited = any(_edited_by_people(manifest) for manifest in chain)
    for manifest in chain:
        if {_created_as(manifest), _parent_declared_as(manifest)} & GENERATIVE_SOURCE_TYPES:
            return OriginFinding(Origin.AI_GENERATED, manifest.signer.name, edited)
    for manifest in chain:
        if _changed_by_ai(manifest) or _placed_generated(credential, manifest):
            return OriginFinding(Origin.AI_EDITED, manifest.signer.name, edited)
    declared = _parent_declared_as(first)
    begun = declared if _has_unknown_parent(first) else _created_as(first)
    if begun not in CAPTURED_SOURCE_TYPES:
        return OriginFinding(Origin.UNKNOWN, None, edited)
    if edited:
        return OriginFinding(Origin.EDITED, first.signer.name, edited)
    signed = declared is None and CONSENT_LABEL not in first.assertions and _is_trusted(credential, first)
    return OriginFinding(Origin.CAMERA_SIGNED if signed else Origin.CAMERA_DECLARED, first.signer.name, edited)


def _created_as(manifest: Manifest) -> str | None:
    inception = (a for a in manifest.actions if a.name in INCEPTION_ACTIONS and a.source_type is not None)
    return next((action.source_type for action in inception), None)


def _parent_declared_as(manifest: Manifest) -> str | None:
    """Return what the signer says that a parent without credentials is."""
    parents = (i for i in manifest.ingredients if i.relationship == "parentOf")
    return next((parent.source_type for parent in parents if parent.manifest is None), None)


def _changed_by_ai(manifest: Manifest) -> bool:
    return any(a.source_type in GENERATIVE_SOURCE_TYPES for a in manifest.actions if a.name not in INCEPTION_ACTIONS)


def _edited_by_people(manifest: Manifest) -> bool:
    return any(
        a.name not in INCEPTION_ACTIONS
        and a.name not in NON_EDITORIAL_ACTIONS
        and a.source_type not in GENERATIVE_SOURCE_TYPES
        for a in manifest.actions
    )


def _placed_generated(credential: Credential, manifest: Manifest) -> bool:
    for ingredient in manifest.ingredients:
        if ingredient.relationship != "componentOf":
            continue
        placed = credential.manifests.get(ingredient.manifest or "")
        types = {ingredient.source_type} | ({t for _, t in _source_types(placed)} if placed else set())
        if types & GENERATIVE_SOURCE_TYPES:
            return True
    return False


def _has_unknown_parent(manifest: Manifest) -> bool:
    """Tell whether the chain breaks off at a manifest that says it has a parent."""
    return any(ingredient.relationship == "parentOf" for ingredient in manifest.ingredients)


def _is_trusted(credential: Credential, manifest: Manifest) -> bool:
    """Tell whether the first signer in the chain is trusted: now, or by the record of a trusted active signer.

    What a signer whom nobody knows recorded about its own ingredients is that signer's word, and counts for nothing.
    A certificate that may not sign claims speaks for no camera, whoever issued it.
    """
    if not _may_sign(manifest):
        return False
    recognised = credential.trust_list is not None and _may_sign(credential.active_manifest)
    if manifest.label == credential.active:
        return recognised
    for holder in credential.parents():
        for ingredient in holder.ingredients:
            if ingredient.manifest != manifest.label:
                continue
            vouched = holder.label == credential.active and recognised
            if ingredient.since.succeeded("signingCredential.trusted"):
                return True
            if vouched and ingredient.recorded.succeeded("signingCredential.trusted"):
                return True
    return False


def _may_sign(manifest: Manifest) -> bool:
    if manifest.certificate is None:
        return False
    try:
        check_claim_certificate(manifest.certificate)
    except KeyMaterialError:
        return False
    return True


def _source_types(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for action in manifest.actions:
        if action.source_type is not None:
            yield action.name, action.source_type
    for ingredient in manifest.ingredients:
        if ingredient.source_type is not None:
            yield ingredient.label, ingredient.source_type
