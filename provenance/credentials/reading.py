"""Reading Content Credentials into typed values; judging them is for `verification`."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from provenance.credentials.jumbf import SignatureToken, Store, StoredManifest, read_store
from provenance.credentials.labels import CONSENT_LABEL, NOTICE_LABEL
from provenance.errors import InputError, VerificationError
from provenance.picture import EmbeddedStore
from provenance.pki import TrustAnchors, to_pem
from provenance.timestamps import read_token

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


@dataclass(frozen=True, slots=True)
class Credential:
    """The Content Credentials of one file.

    Attributes:
        manifests: by label.
        active: the label of the one that speaks for the file.
        trust_list: the URI of the anchors that the active signer chains to, or None.
        flaw: the first place where bytes that nothing signs are not what a writer puts there, or None.
        token: the time-stamp token about the active signature, or None; whose it is, is another question.
        crjson: the SDK's crJSON report, for the lint.
        actors: the certificates of the active manifest's named actors, by the label of their assertion.
    """

    manifests: Mapping[str, Manifest]
    active: str
    trust_list: str | None
    flaw: str | None
    crjson: Mapping[str, Any]
    token: SignatureToken | None = None
    actors: Mapping[str, x509.Certificate] = field(default_factory=dict)

    @property
    def active_manifest(self) -> Manifest:
        """The manifest that speaks for the file."""
        return self.manifests[self.active]

    @property
    def stamp(self) -> Manifest:
        """The manifest that the stamp of the file is in: the active one or, behind notices about it, one before.

        A notice is an update manifest, which binds no content (C2PA 2.4, 11.3.3). It is one only where the same issuer
        certified the same name for it as for what it is about: nobody else speaks for a stamp.
        """
        return self._spoken()[0][0]

    @property
    def stamps(self) -> tuple[Manifest, ...]:
        """The stamp, and behind late links, which are update manifests likewise, what they were put on."""
        return self._spoken()[0]

    @property
    def notices(self) -> tuple[Mapping[str, Any], ...]:
        """What the notices about the stamp say, the newest first."""
        return self._spoken()[1]

    def _spoken(self) -> tuple[tuple[Manifest, ...], tuple[Mapping[str, Any], ...]]:
        current, *older = self.parents()
        stamps: list[Manifest] = []
        notices: list[Mapping[str, Any]] = []
        for before in older:
            notice = current.assertions.get(NOTICE_LABEL)
            binds = any(label.startswith("c2pa.hash.") for label in current.assertions)
            if binds or not _by_the_same(current.certificate, before.certificate):
                break
            if isinstance(notice, dict):
                notices.append(notice)
            elif CONSENT_LABEL in current.assertions:
                stamps.append(current)
            else:
                break
            current = before
        return (*stamps, current), tuple(notices)

    def parents(self) -> Iterator[Manifest]:
        """Yield the active manifest, its parent's, that one's parent's, and so on."""
        seen: set[str] = set()
        label: str | None = self.active
        while label is not None and label in self.manifests and label not in seen:
            seen.add(label)
            manifest = self.manifests[label]
            yield manifest
            label = next((i.manifest for i in manifest.ingredients if i.relationship == "parentOf"), None)


def read_credential(
    data: bytes,
    media_type: str,
    *,
    anchors: Sequence[TrustAnchors],
    store: EmbeddedStore | Callable[[], EmbeddedStore | None] | None,
    time_anchors: Sequence[TrustAnchors] = (),
) -> Credential:
    """Return the Content Credentials of a file, read offline.

    Args:
        data: the file.
        media_type: of the file.
        anchors: certificates that may vouch for claim signers.
        time_anchors: certificates that may vouch for time-stamps, and for nothing else.
        store: the embedded store as the container walk found it; None for containers that it does not know. Or what
            finds it, which is asked only when everything else was read.

    Raises:
        NoCredentialError: the file carries none.
        RemoteCredentialError: it only names a place where they lie.
        CredentialError: they cannot be read.
    """
    # Takes 50 ms to import, and a file without credentials needs none of it.
    from provenance.credentials import _engine

    report, crjson = _engine.read(data, media_type, anchors=anchors, time_anchors=time_anchors)
    stored, flaw = _unsigned_view(store() if callable(store) else store)
    kept = {m.label: m for m in stored.manifests}
    deltas = _deltas(report)
    manifests = {m["label"]: _manifest(m, kept, deltas) for m in crjson.get("manifests", [])}
    active = report.get("active_manifest") or next(iter(manifests), "")
    if active not in manifests:
        raise InputError("content credentials: the active manifest is missing", code="credential-unreadable")
    if flaw is None:
        flaw = _unreferred(manifests, active)
    token = _readable(stored.token)
    # Of what nobody signs with the claim, a stamp carries a token at most, which its authority signed.
    strange = stored.unsigned if token is None else stored.unsigned - {"sigTst2"}
    own = manifests[active].assertions.keys() & {CONSENT_LABEL, NOTICE_LABEL}
    if flaw is None and strange and own:
        flaw = f"claim signature: carries {', '.join(sorted(strange))}, which no stamp does"
    return Credential(
        manifests=manifests,
        active=active,
        trust_list=_trust_list(report, manifests[active], anchors),
        flaw=flaw,
        crjson=crjson,
        token=token,
        actors=next((m.actors for m in stored.manifests if m.label == active), {}),
    )


def _by_the_same(one: x509.Certificate | None, other: x509.Certificate | None) -> bool:
    return one is not None and other is not None and (one.issuer, one.subject) == (other.issuer, other.subject)


def _trust_list(report: Mapping[str, Any], active: Manifest, anchors: Sequence[TrustAnchors]) -> str | None:
    """Return the URI of the anchors that vouch for the active signer; for an end certificate, the SDK names none.

    The SDK lets anchors for time-stamps vouch for signers as well; here they do not.
    """
    uri: str | None = report.get("validation_results", {}).get("trustListUri")
    if uri != "" or active.certificate is None:
        return uri if uri in {anchor.uri for anchor in anchors} else None
    own = to_pem(active.certificate)
    return next((anchor.uri for anchor in anchors if own in anchor.ends), None)


def _readable(token: SignatureToken | None) -> SignatureToken | None:
    """Return a token that is well-formed and about this very signature (C2PA 2.4, 15.8); whose it is, is open."""
    if token is None:
        return None
    try:
        read_token(token.token, token.data)
    except (InputError, VerificationError):
        return None
    return token


def _unsigned_view(store: EmbeddedStore | None) -> tuple[Store, str | None]:
    """Return what the store says beside what the SDK reports of it, and the first flaw around or within it."""
    if store is None:
        return _UNREAD, None
    try:
        parsed = read_store(store.data)
    except InputError as error:
        return _UNREAD, store.flaw or str(error)
    return parsed, store.flaw or parsed.flaw


_UNREAD = Store((), None, frozenset(), None)


def _unreferred(manifests: Mapping[str, Manifest], active: str) -> str | None:
    """Name a manifest that no ingredient leads to: nothing that the active signer signed covers it."""
    reached, pending = {active}, [active]
    while pending:
        for ingredient in manifests[pending.pop()].ingredients:
            label = ingredient.manifest
            if label is not None and label in manifests and label not in reached:
                reached.add(label)
                pending.append(label)
    stray = next((label for label in manifests if label not in reached), None)
    return None if stray is None else f"manifest {stray!r}: nothing in the store refers to it"


def _manifest(
    document: dict[str, Any], stored: Mapping[str, StoredManifest], deltas: Mapping[str, Validation]
) -> Manifest:
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


def _deltas(report: Mapping[str, Any]) -> dict[str, Validation]:
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
