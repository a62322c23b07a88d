"""Stamping files: every one is prepared, a group of them is logged at once, then each is signed and given its name.

Nothing is signed before the entry that covers it is durable. A crash leaves, for each file, either nothing or the
whole stamped picture; stamping again finds the entry that was logged and finishes the work.
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.canonical import canonical_bytes, sha256, to_base64url
from provenance.clock import to_minutes
from provenance.consent.handles import make_handle, picture_secret
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion, Declaration, StampManifest, SubjectKind
from provenance.credentials.reading import Credential, read_credential
from provenance.credentials.signing import ClaimSigner, sign_picture
from provenance.errors import InputError, NoCredentialError, ProvenanceError, RefusedError
from provenance.evidence import Evidence
from provenance.picture import MAX_PICTURE_BYTES, Picture, read_picture, read_stampable
from provenance.picture.location import find_location
from provenance.stamping.gate import (
    check_declaration,
    check_evidence,
    check_existing,
    claim_of,
    find_evidence,
    scopes_needed,
)
from provenance.stamping.interface import (
    LoggedStamp,
    Outcome,
    PendingStamp,
    Permit,
    StampDesk,
    StampRequest,
    StampResult,
)
from provenance.stamping.metadata import PreparedMetadata, prepare_metadata, state_properties

GROUP_FILES = 64
GROUP_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Prepared:
    request: StampRequest
    data: bytes
    picture: Picture
    parent: bool
    permit: Permit | None
    pending: PendingStamp
    mode: int
    metadata: PreparedMetadata


class Stamper:
    """Stamps pictures for one studio."""

    def __init__(self, desk: StampDesk, *, signer: ClaimSigner) -> None:
        self._desk = desk
        self._signer = signer

    def stamp(self, requests: Iterable[StampRequest], *, dry_run: bool = False) -> Iterator[StampResult]:
        """Stamp every request, and yield the results in the same order; one bad file never stops the rest.

        Args:
            requests: taken in groups, so that memory stays bounded however many there are.
            dry_run: go through the gate only, and write nothing anywhere.
        """
        group: list[_Prepared | StampResult] = []
        size = 0
        taken: set[Path] = set()
        for request in requests:
            if request.destination in taken and not request.in_place:
                item: _Prepared | StampResult = _result(request, "refused", _output_exists(request))
            else:
                item = self._prepare(request, dry_run=dry_run)
            if isinstance(item, _Prepared) or item.outcome == "would-stamp":
                taken.add(request.destination)
            group.append(item)
            size += len(item.data) if isinstance(item, _Prepared) else 0
            if len(group) >= GROUP_FILES or size >= GROUP_BYTES:
                yield from self._finish(group)
                group, size = [], 0
        yield from self._finish(group)

    def _prepare(self, request: StampRequest, *, dry_run: bool) -> _Prepared | StampResult:
        """Take a request through the gate; whatever is wrong becomes its result."""
        evidence: list[Evidence] = []
        try:
            return self._pass_gate(request, evidence, dry_run=dry_run)
        except RefusedError as error:
            return _result(request, "refused", error, evidence)
        except ProvenanceError as error:
            return _result(request, "failed", error)
        except (OSError, ValueError) as error:  # a name that the system cannot have
            return _result(request, "failed", _unwritable(request, error))

    def _pass_gate(self, request: StampRequest, evidence: list[Evidence], *, dry_run: bool) -> _Prepared | StampResult:
        """Return what is needed to go on; `evidence` is filled with what is found on the way."""
        check_declaration(request.declaration, synthetic_person=request.consent_code is None)
        data = durable.read(request.source, max_bytes=MAX_PICTURE_BYTES)
        picture = read_stampable(data)
        permit = None
        if request.consent_code is not None:
            permit = self._desk.permit(request.consent_code, scopes=scopes_needed(request.declaration))
        pending = self._pending(request.declaration, picture, permit)
        credential = self._existing(data, picture)
        if credential is not None:
            if request.in_place and self._is_ours(credential, pending) and not _is_to_lose(request, data):
                return StampResult(request.source, "already-stamped", request.destination)
            check_existing(credential, request.declaration)
        evidence += find_evidence(data, credential, tool=request.tool)
        confirmation = check_evidence(evidence, request.declaration, confirmation=request.confirmation)
        pending = dataclasses.replace(pending, evidence=tuple(evidence), confirmation=confirmation)
        record_id = None if permit is None else permit.record_id
        self._desk.check_earlier(picture.digest, handles=_handles_in(credential), record_id=record_id)
        metadata = prepare_metadata(
            data,
            state_properties(
                request.declaration,
                tool=request.tool,
                consent=None if permit is None else permit.properties,
                handle=pending.handle,
            ),
            has_credentials=credential is not None,
            strip=request.strip_location,
        )
        if not request.in_place and not request.overwrite and request.destination.exists():
            return self._existing_output(request, pending)
        if dry_run:
            return _done(request, "would-stamp", pending, metadata)
        mode = request.source.stat().st_mode & 0o777
        return _Prepared(request, data, picture, credential is not None, permit, pending, mode, metadata)

    def _finish(self, group: list[_Prepared | StampResult]) -> Iterator[StampResult]:
        """Log all that are prepared in one append, then sign each."""
        prepared = [item for item in group if isinstance(item, _Prepared)]
        logged = iter(self._desk.log([item.pending for item in prepared]) if prepared else ())
        for item in group:
            yield self._sign(item, next(logged)) if isinstance(item, _Prepared) else item

    def _sign(self, item: _Prepared, logged: LoggedStamp) -> StampResult:
        request = item.request
        try:
            signed = sign_picture(item.metadata.data, self._manifest(item, logged), signer=self._signer)
            request.destination.parent.mkdir(parents=True, exist_ok=True)
            if request.in_place or request.overwrite:
                # What a link points to is replaced, never the link.
                durable.replace(request.destination.resolve(), signed, mode=item.mode)
            else:
                durable.create(request.destination, signed, mode=item.mode)
        except ProvenanceError as error:
            return _result(request, "failed", error)
        except FileExistsError:
            # Somebody was quicker; it may have been the same command.
            return self._existing_output(request, item.pending)
        except (OSError, ValueError) as error:  # the disk, or a name that the system cannot have
            return _result(request, "failed", _unwritable(request, error))
        return _done(request, "stamped", item.pending, item.metadata)

    def _pending(self, declaration: Declaration, picture: Picture, permit: Permit | None) -> PendingStamp:
        handle = None
        if permit is not None:
            secret = picture_secret(record_key=permit.record_key, picture_digest=picture.digest)
            handle = make_handle(secret=secret, picture_digest=picture.digest, record_digest=permit.record_digest)
        key = sha256(
            canonical_bytes(
                {
                    "picture": to_base64url(picture.digest),
                    "declaration": declaration.value,
                    "consent": None if permit is None else to_base64url(permit.record_digest),
                    "signer": to_base64url(sha256(self._signer.chain_pem.encode())),
                }
            )
        )
        record_id = None if permit is None else permit.record_id
        return PendingStamp(key, picture.digest, declaration, record_id, handle)

    def _manifest(self, item: _Prepared, logged: LoggedStamp) -> StampManifest:
        permit, handle = item.permit, item.pending.handle
        kind: SubjectKind = "synthetic" if permit is None else "real"
        return StampManifest(
            declaration=item.request.declaration,
            media_type=item.picture.format.media_type,
            parent=item.parent,
            tool=item.request.tool,
            consent=ConsentAssertion(
                handles=() if handle is None else (handle,),
                subject_kind=kind,
                scopes=() if permit is None else tuple(scope.value for scope in permit.scopes),
                assurance=None if permit is None else permit.assurance,
                controller=self._desk.controller,
                stamped_at=to_minutes(logged.at),
                entry=logged.entry,
                log_origin=self._desk.log_origin,
                log_key=self._desk.log_key,
                proof=logged.proof,
            ),
            training_mining={} if permit is None else permit.training_mining,
            metadata=item.metadata.properties.to_json(),
        )

    def _existing(self, data: bytes, picture: Picture) -> Credential | None:
        """Return the credentials that a picture carries already.

        Raises:
            CredentialError: they cannot be read, or lie elsewhere.
        """
        try:
            return read_credential(data, picture.format.media_type, anchors=[self._signer.anchors], store=picture.store)
        except NoCredentialError:
            return None

    def _existing_output(self, request: StampRequest, pending: PendingStamp) -> StampResult:
        """Tell whether what lies at the destination is this very stamp."""
        try:
            data = durable.read(request.destination, max_bytes=MAX_PICTURE_BYTES)
            picture = read_picture(data)
            credential = self._existing(data, picture)
            if (
                credential is not None
                and picture.digest == pending.picture_digest
                and self._is_ours(credential, pending)
                and not _is_to_lose(request, data)
            ):
                return StampResult(request.source, "already-stamped", request.destination)
        except ProvenanceError:
            # Whatever it is, it is not this stamp, and it stays.
            pass
        return _result(request, "refused", _output_exists(request))

    def _is_ours(self, credential: Credential, pending: PendingStamp) -> bool:
        logged = self._desk.find_logged(pending.key)
        data = credential.active_manifest.assertions.get(CONSENT_LABEL)
        if logged is None or data is None or credential.active_manifest.validation.failure or credential.flaw:
            return False
        try:
            return ConsentAssertion.from_json(data).entry == logged.entry
        except InputError:
            return False


def _handles_in(credential: Credential | None) -> list[bytes]:
    """Return the handles in every stamp that a picture carries, its parents' included."""
    found: list[bytes] = []
    for manifest in credential.manifests.values() if credential is not None else ():
        data = manifest.assertions.get(CONSENT_LABEL)
        with contextlib.suppress(InputError):
            found += ConsentAssertion.from_json(data).handles if data is not None else ()
    return found


def _is_to_lose(request: StampRequest, data: bytes) -> bool:
    """Tell whether a picture that is stamped already has something in it that was to be taken out."""
    return request.strip_location and bool(find_location(data))


def _output_exists(request: StampRequest) -> RefusedError:
    return RefusedError(
        f"{request.destination.name}: there is another file of this name at the destination",
        code="output-exists",
        hint="choose another folder with -o, or add --force to replace it",
    )


def _unwritable(request: StampRequest, error: OSError | ValueError) -> InputError:
    reason = str(getattr(error, "strerror", None) or type(error).__name__).lower()
    return InputError(f"{request.destination.name[:80]}: cannot be written: {reason}", code="output-unwritable")


def _done(request: StampRequest, outcome: Outcome, pending: PendingStamp, metadata: PreparedMetadata) -> StampResult:
    return StampResult(
        source=request.source,
        outcome=outcome,
        destination=request.destination,
        claim=claim_of(request.declaration),
        evidence=pending.evidence,
        confirmation=pending.confirmation,
        removed=metadata.removed,
        unread=metadata.unread,
        located=metadata.located,
    )


def _result(
    request: StampRequest, outcome: str, error: ProvenanceError, evidence: Sequence[Evidence] = ()
) -> StampResult:
    return StampResult(
        source=request.source,
        outcome="refused" if outcome == "refused" else "failed",
        code=error.code,
        message=str(error),
        hint=error.hint,
        claim=claim_of(request.declaration),
        evidence=tuple(evidence),
    )
