"""Manifests as the SDK's reports tell of them (crJSON), as typed values."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from provenance.credentials.jumbf import StoredManifest

_CLAIM_THUMBNAIL = "c2pa.thumbnail.claim"
_THUMBNAIL_URI = re.compile(r"self#jumbf=(?:/c2pa/[^/]+/)?c2pa\.assertions/([^/]+)")
_MANIFEST_URI = re.compile(r"self#jumbf=/c2pa/([^/]+)")


@dataclass(frozen=True, slots=True)
class Status:
    """One validation status: a code of C2PA 2.4, 15.2, and the words that the SDK adds."""

    code: str
    url: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found about one manifest."""

    success: tuple[Status, ...] = ()
    informational: tuple[Status, ...] = ()
    failure: tuple[Status, ...] = ()

    def succeeded(self, code: str) -> bool:
        """Tell whether `code` is among the successes."""
        return any(status.code == code for status in self.success)


@dataclass(frozen=True, slots=True)
class Action:
    """One step in the making of a picture."""

    name: str
    source_type: str | None
    agent: str | None
    ingredients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something that a picture was made from.

    Attributes:
        label: of its assertion.
        relationship: `parentOf`, `componentOf` or `inputTo`.
        manifest: the label of its own manifest, or None if it carried none.
        source_type: what its maker says it is, where it carried no manifest.
        recorded: what was found about it when it was taken in, as recorded then.
        since: what is found about it now, in addition.
        thumbnail: the label of the assertion that holds a small picture of it, or None.
    """

    label: str
    relationship: str
    manifest: str | None
    source_type: str | None
    recorded: Validation
    since: Validation
    thumbnail: str | None = None

    @property
    def failures(self) -> tuple[Status, ...]:
        """Every failure about it, recorded then or found now."""
        return self.recorded.failure + self.since.failure


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose certificate signed a claim, by the certificate's own words."""

    organization: str | None
    common_name: str | None
    not_after: datetime | None

    @property
    def name(self) -> str:
        """The name to show."""
        return self.organization or self.common_name or "an unnamed signer"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest of the store.

    Attributes:
        label: its name, a URN.
        generator: the program that made it.
        signer: by its certificate.
        certificate: the signer's certificate, taken from the signature itself; None if it cannot be read.
        actions: in order, of all action assertions.
        actions_complete: whether it says that no action is left out.
        ingredients: in order.
        assertions: every assertion by its label, as decoded.
        created: labels of the assertions that the signer made itself.
        time: the time of a time-stamp token within, if any.
        validation: what the SDK found about it.
        thumbnails: small pictures by the label of their assertion; hostile, and none where the container is not known.
    """

    label: str
    generator: str
    signer: Signer
    certificate: x509.Certificate | None
    actions: tuple[Action, ...]
    actions_complete: bool
    ingredients: tuple[Ingredient, ...]
    assertions: Mapping[str, Any]
    created: frozenset[str]
    time: datetime | None
    validation: Validation
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def thumbnail(self) -> bytes | None:
        """The small picture of what the manifest speaks for, or None."""
        return next((data for label, data in self.thumbnails.items() if label.startswith(_CLAIM_THUMBNAIL)), None)


def parse_manifest(
    document: dict[str, Any], stored: Mapping[str, StoredManifest], deltas: Mapping[str, Validation]
) -> Manifest:
    """Return one manifest as crJSON tells of it; what is not of its form is left out.

    Args:
        document: the manifest.
        stored: what the store says of each manifest beside that, by label.
        deltas: what is found now about each ingredient, as `parse_deltas` returns it.
    """
    label = document["label"]
    kept = stored.get(label, StoredManifest(label, (), {}))
    assertions: dict[str, Any] = document.get("assertions") or {}
    lists = [a for a in assertions.values() if isinstance(a, dict) and isinstance(a.get("actions"), list)]
    claim = document.get("claim.v2") or document.get("claim") or {}
    return Manifest(
        label=label,
        generator=_generator(claim),
        signer=_signer(document.get("signature") or {}),
        certificate=next(iter(kept.certificates), None),
        actions=tuple(_action(a) for entry in lists for a in entry["actions"] if isinstance(a, dict)),
        actions_complete=bool(lists) and all(entry.get("allActionsIncluded") is True for entry in lists),
        ingredients=tuple(
            _ingredient(name, a, deltas.get(f"{label}/{name}", Validation()))
            for name, a in assertions.items()
            if isinstance(a, dict) and "relationship" in a
        ),
        assertions=assertions,
        created=frozenset(_last(e.get("url")) for e in claim.get("created_assertions") or []),
        time=_time((document.get("signature") or {}).get("timeStampInfo")),
        validation=parse_validation(document.get("validationResults")),
        thumbnails=kept.thumbnails,
    )


def _generator(claim: Mapping[str, Any]) -> str:
    info = claim.get("claim_generator_info")
    if isinstance(info, list):
        info = next(iter(info), None)
    if isinstance(info, dict) and isinstance(info.get("name"), str):
        return " ".join(part for part in (info["name"], info.get("version")) if isinstance(part, str))
    generator = claim.get("claim_generator")
    return generator if isinstance(generator, str) else "an unnamed program"


def _signer(signature: Mapping[str, Any]) -> Signer:
    certificate = signature.get("certificateInfo") or {}
    subject = certificate.get("subject") or {}
    return Signer(
        organization=_text(subject.get("O")),
        common_name=_text(subject.get("CN")),
        not_after=_moment((certificate.get("validity") or {}).get("notAfter")),
    )


def _action(document: Mapping[str, Any]) -> Action:
    agent = document.get("softwareAgent")
    if isinstance(agent, dict):
        agent = " ".join(str(agent[key]) for key in ("name", "version") if key in agent)
    parameters = document.get("parameters")
    references = parameters.get("ingredients") if isinstance(parameters, dict) else None
    return Action(
        name=str(document.get("action", "")),
        source_type=_text(document.get("digitalSourceType")),
        agent=_text(agent),
        ingredients=tuple(_last(r.get("url")) for r in references or [] if isinstance(r, dict)),
    )


def _ingredient(label: str, document: Mapping[str, Any], since: Validation) -> Ingredient:
    reference = document.get("activeManifest") or document.get("c2pa_manifest")
    found = _MANIFEST_URI.match(str(reference.get("url"))) if isinstance(reference, dict) else None
    recorded = document.get("validationResults")
    if isinstance(recorded, dict):
        validation = parse_validation(recorded.get("activeManifest"))
        nested = [parse_validation(d.get("validationDeltas")) for d in recorded.get("ingredientDeltas") or []]
        validation = functools.reduce(_joined, nested, validation)
    else:
        # Ingredients before version 3 list the failures only, and mark the rare success.
        listed = [s for s in document.get("validationStatus") or [] if isinstance(s, dict) and not s.get("success")]
        validation = Validation(failure=_statuses(listed))
    return Ingredient(
        label=label,
        relationship=str(document.get("relationship")),
        manifest=found.group(1) if found else None,
        source_type=_text(document.get("digitalSourceType")),
        recorded=validation,
        since=since,
        thumbnail=_thumbnail(document.get("thumbnail")),
    )


def _thumbnail(reference: Any) -> str | None:  # noqa: ANN401 decoded json has any type
    """Return the label of a small picture that lies in the same manifest; what is elsewhere is not looked for."""
    found = _THUMBNAIL_URI.fullmatch(str(reference.get("url"))) if isinstance(reference, dict) else None
    return None if found is None else found[1]


def parse_deltas(report: Mapping[str, Any]) -> dict[str, Validation]:
    """Return what is found now about each ingredient, by `manifest label/assertion label`."""
    found: dict[str, Validation] = {}
    for delta in (report.get("validation_results") or {}).get("ingredientDeltas") or []:
        uri = str(delta.get("ingredientAssertionURI"))
        manifest = _MANIFEST_URI.match(uri)
        if manifest:
            found[f"{manifest.group(1)}/{_last(uri)}"] = parse_validation(delta.get("validationDeltas"))
    return found


def _joined(first: Validation, second: Validation) -> Validation:
    return Validation(
        first.success + second.success,
        first.informational + second.informational,
        first.failure + second.failure,
    )


def parse_validation(document: Any) -> Validation:  # noqa: ANN401 decoded json has any type
    """Return what crJSON says was found; whatever is not of its form is left out."""
    if not isinstance(document, dict):
        return Validation()
    return Validation(
        success=_statuses(document.get("success")),
        informational=_statuses(document.get("informational")),
        failure=_statuses(document.get("failure")),
    )


def _statuses(items: Any) -> tuple[Status, ...]:  # noqa: ANN401 decoded json has any type
    return tuple(
        Status(str(item.get("code")), str(item.get("url", "")), str(item.get("explanation", "")))
        for item in items or []
        if isinstance(item, dict)
    )


def _last(uri: Any) -> str:  # noqa: ANN401 decoded json has any type
    return str(uri).rsplit("/", 1)[-1]


def _text(value: Any) -> str | None:  # noqa: ANN401 decoded json has any type
    return value if isinstance(value, str) and value else None


def _time(stamp: Any) -> datetime | None:  # noqa: ANN401 decoded json has any type
    return _moment(stamp.get("timestamp")) if isinstance(stamp, dict) else None


def _moment(value: Any) -> datetime | None:  # noqa: ANN401 decoded json has any type
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError):
        return None
