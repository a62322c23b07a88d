"""Reading Content Credentials into typed values; judging them is for `verification`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from provenance.credentials.crjson import Manifest, parse_deltas, parse_manifest
from provenance.credentials.jumbf import SignatureToken, Store, read_store
from provenance.credentials.labels import CONSENT_LABEL, NOTICE_LABEL
from provenance.errors import InputError, VerificationError
from provenance.picture import EmbeddedStore
from provenance.pki import TrustAnchors, to_pem
from provenance.timestamps import read_token


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
    deltas = parse_deltas(report)
    manifests = {m["label"]: parse_manifest(m, kept, deltas) for m in crjson.get("manifests", [])}
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
