"""Stamping files: every one is prepared, a group of them is logged at once, then each is signed and given its name.

Nothing is signed before the entry that covers it is durable. A crash leaves, for each file, either nothing or the
whole stamped picture; stamping again finds the entry that was logged and finishes the work.
"""

import dataclasses
import functools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from provenance import durable
from provenance.canonical import Json, canonical_bytes, sha256, to_base64url
from provenance.clock import to_minutes
from provenance.consent.handles import make_handle, picture_secret
from provenance.credentials.ingredients import IngredientSource
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion, Declaration, StampManifest, Step, SubjectKind
from provenance.credentials.reading import Credential, read_credential
from provenance.credentials.signing import ClaimSigner, sign_picture
from provenance.errors import InputError, NoCredentialError, ProvenanceError, RefusedError
from provenance.evidence import Claim, Evidence
from provenance.picture import MAX_PICTURE_BYTES, Picture, may_carry_credentials, read_picture, read_stampable
from provenance.picture.kept import work_kept
from provenance.picture.location import find_location
from provenance.picture.raw_files import RawFinder
from provenance.stamping.carried import find_carried
from provenance.stamping.edits import Edit, default_edits, leaves_picture
from provenance.stamping.gate import (
    check_alone,
    check_bare,
    check_declaration,
    check_evidence,
    check_existing,
    check_raws,
    check_stamped_before,
    claim_of,
    find_evidence,
    scopes_needed,
)
from provenance.stamping.interface import (
    LoggedStamp,
    Making,
    Outcome,
    PendingStamp,
    Permit,
    PermittedSubject,
    StampDesk,
    StampRequest,
    StampResult,
)
from provenance.stamping.making import check_making
from provenance.stamping.metadata import PreparedMetadata, prepare_metadata, state_properties
from provenance.stamping.parallel import Work, workers
from provenance.stamping.sources import Sources, check_sources, read_sources

GROUP_FILES = 64
GROUP_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Prepared:
    request: StampRequest
    data: bytes
    picture: Picture
    signed_before: bool
    sources: Sources
    edits: tuple[Edit, ...]
    permit: Permit | None
    pending: PendingStamp
    mode: int
    metadata: PreparedMetadata


@dataclass
class _Seen:
    """What is found on the way through the gate, for the result of a request that does not come through."""

    claim: Claim
    evidence: list[Evidence] = field(default_factory=list)


class Stamper:
    """Stamps pictures for one studio."""

    def __init__(self, desk: StampDesk, *, signer: ClaimSigner, jobs: int = 1) -> None:
        """Take what stamping needs.

        Args:
            desk: of the studio; asked by several threads, if there are several jobs.
            signer: signs the claims, likewise.
            jobs: how many pictures are worked on at the same time, at least 1.
        """
        self._desk = desk
        self._signer = signer
        self._jobs = jobs
        # Of the last request: those of one command are made from the same files, which are read once.
        self._making, self._sources = Making(), Sources()
        self._raws = RawFinder()
        self._files = threading.Lock()

    def stamp(self, requests: Iterable[StampRequest | StampResult], *, dry_run: bool = False) -> Iterator[StampResult]:
        """Stamp every request, and yield the results in the same order; one bad file never stops the rest.

        Args:
            requests: taken in groups, so that memory stays bounded however many there are; a result among them, of
                a picture that could not even be asked about, is yielded in its place.
            dry_run: go through the gate only, and write nothing anywhere.
        """
        with workers(self._jobs) as work:
            yield from self._stamp(requests, work, dry_run=dry_run)

    def _stamp(
        self, requests: Iterable[StampRequest | StampResult], work: Work, *, dry_run: bool
    ) -> Iterator[StampResult]:
        group: list[_Prepared | StampResult] = []
        size = 0
        held = Sources()
        taken: set[Path] = set()
        for found in work(functools.partial(self._prepare, dry_run=dry_run), requests):
            item = _unless_taken(found, taken)
            group.append(item)
            if isinstance(item, _Prepared):
                size += len(item.data) + (item.sources.size if item.sources is not held else 0)
                held = item.sources
            if len(group) >= GROUP_FILES or size >= GROUP_BYTES:
                yield from self._finish(group, work)
                group, size, held = [], 0, Sources()
        yield from self._finish(group, work)

    def _prepare(self, request: StampRequest | StampResult, *, dry_run: bool) -> _Prepared | StampResult:
        """Take a request through the gate; whatever is wrong becomes its result."""
        if isinstance(request, StampResult):
            return request
        seen = _Seen(claim_of(request.declaration))
        try:
            with work_kept():
                return self._pass_gate(request, seen, dry_run=dry_run)
        except RefusedError as error:
            return _result(request, "refused", error, seen)
        except ProvenanceError as error:
            return _result(request, "failed", error)
        except (OSError, ValueError) as error:  # a name that the system cannot have
            return _result(request, "failed", _unwritable(request, error))

    def _pass_gate(self, request: StampRequest, seen: _Seen, *, dry_run: bool) -> _Prepared | StampResult:
        """Return what is needed to go on."""
        making, declaration = request.making, request.declaration
        check_declaration(declaration, synthetic_person=not request.consent_codes)
        check_making(declaration, making)
        data = durable.read(request.source, max_bytes=MAX_PICTURE_BYTES)
        picture = read_stampable(data)
        sources = self._read_sources(making)
        seen.claim = claim_of(declaration, parent=sources.parent.origin if sources.parent else None)
        edits = making.edits or default_edits(declaration, background=making.background is not None)
        permit = None
        if request.consent_codes:
            carried = sources.parent.carried.scopes if sources.parent else ()
            permit = self._desk.permit(request.consent_codes, scopes=scopes_needed(declaration, edits, parent=carried))
        pending = self._pending(request, picture, sources, edits, permit)
        self._desk.check_not_revoked(pending.key)
        found = credential = self._existing(data, picture)
        if leaves_picture(edits) and _is_overtaken(credential, sources):
            # What the file carries is its parent's manifest, which no longer fits it; it is there as the parent.
            credential = None
        if credential is not None:
            if request.in_place and self._is_ours(credential, pending) and not _is_to_lose(request, data):
                return StampResult(request.source, "already-stamped", request.destination)
            check_alone(parent=making.parent is not None, inputs=bool(making.inputs))
            check_existing(credential, declaration)
        else:
            check_bare(declaration, parent=making.parent is not None)
        record_ids = pending.handles.keys()
        confirmed = check_sources(
            sources,
            declaration,
            picture_digest=picture.digest,
            edits=edits,
            desk=self._desk,
            record_ids=record_ids,
            confirmation=request.confirmation,
        )
        seen.evidence += find_evidence(data, credential, tool=request.tool)
        confirmation = check_evidence(seen.evidence, declaration, confirmation=request.confirmation, claim=seen.claim)
        # A copy has those of its original.
        derived = declaration is Declaration.DERIVATIVE
        with self._files:
            raws = () if derived else self._raws.find(request.source, folders=request.raw_folders)
        beside = check_raws([raw.path.name for raw in raws], seen.claim, confirmation=request.confirmation)
        photograph = credential is None and seen.claim is Claim.CAPTURED
        generative = photograph and self._desk.was_generative(picture.digest)
        before = check_stamped_before(generative=generative, confirmation=request.confirmation)
        pending = dataclasses.replace(
            pending,
            evidence=tuple(seen.evidence),
            confirmation=confirmation or confirmed or before or beside,
            claim=seen.claim,
            raws=raws,
        )
        self._desk.check_earlier(picture.digest, carried=find_carried(credential), record_ids=record_ids)
        metadata = prepare_metadata(
            data,
            state_properties(
                declaration,
                tool=request.tool,
                computational=making.computational,
                consent=None if permit is None else permit.properties,
                handles=sorted(pending.handles.values()),
            ),
            has_credentials=found is not None,
            strip=request.strip_location,
        )
        if not request.in_place and not request.overwrite and request.destination.exists():
            return self._existing_output(request, pending)
        if dry_run:
            return _done(request, "would-stamp", pending, metadata)
        mode = request.source.stat().st_mode & 0o777
        return _Prepared(
            request, data, picture, credential is not None, sources, edits, permit, pending, mode, metadata
        )

    def _read_sources(self, making: Making) -> Sources:
        with self._files:
            if making != self._making:
                # Nothing is kept of what cannot be read whole.
                self._making, self._sources = Making(), Sources()
                self._sources = read_sources(making, anchors=self._signer.anchors)
                self._making = making
            return self._sources

    def _finish(self, group: list[_Prepared | StampResult], work: Work) -> Iterator[StampResult]:
        """Log all that are prepared in one append, then sign each."""
        prepared = [item for item in group if isinstance(item, _Prepared)]
        logged = iter(self._desk.log([item.pending for item in prepared]) if prepared else ())
        pairs = [(item, next(logged) if isinstance(item, _Prepared) else None) for item in group]
        yield from work(self._sign, pairs)

    def _sign(self, pair: tuple[_Prepared | StampResult, LoggedStamp | None]) -> StampResult:
        item, logged = pair
        if isinstance(item, StampResult) or logged is None:
            return cast("StampResult", item)
        request = item.request
        try:
            signed = sign_picture(
                item.metadata.data,
                self._manifest(item, logged),
                picture_digest=item.picture.digest,
                signer=self._signer,
            )
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

    def _pending(
        self,
        request: StampRequest,
        picture: Picture,
        sources: Sources,
        edits: tuple[Edit, ...],
        permit: Permit | None,
    ) -> PendingStamp:
        subjects = () if permit is None else permit.subjects
        handles = {subject.record_id: _handle(subject, picture.digest) for subject in subjects}
        covered_by: list[Json] = [*sorted(to_base64url(subject.record_digest) for subject in subjects)]
        statement: dict[str, Json] = {
            "picture": to_base64url(picture.digest),
            "declaration": request.declaration.value,
            # As it was written before there could be several.
            "consent": covered_by if len(covered_by) > 1 else next(iter(covered_by), None),
            "signer": to_base64url(self._signer.identity),
            **_told(request, sources, edits),
        }
        return PendingStamp(sha256(canonical_bytes(statement)), picture.digest, request.declaration, handles)

    def _manifest(self, item: _Prepared, logged: LoggedStamp) -> StampManifest:
        permit = item.permit
        kind: SubjectKind = "synthetic" if permit is None else "real"
        ingredients = item.sources.to_ingredients(item.edits)
        steps: tuple[Step, ...] = tuple(edit.step for edit in item.edits)
        if item.signed_before:
            # Nothing was done to it since: what its own credentials say, they say.
            media_type = item.picture.format.media_type
            ingredients, steps = (IngredientSource("parent", "parentOf", media_type, item.data),), ()
        return StampManifest(
            declaration=item.request.declaration,
            media_type=item.picture.format.media_type,
            ingredients=ingredients,
            tool=item.request.tool,
            consent=ConsentAssertion(
                handles=tuple(sorted(item.pending.handles.values())),
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
            steps=steps,
            computational=item.request.making.computational,
            metadata=item.metadata.properties.to_json(),
            thumbnail=_thumbnail(item) if item.request.thumbnail else None,
        )

    def _existing(self, data: bytes, picture: Picture) -> Credential | None:
        """Return the credentials that a picture carries already.

        Raises:
            CredentialError: they cannot be read, or lie elsewhere.
        """
        if not may_carry_credentials(data, picture):
            return None
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
        return _result(request, "refused", _output_exists(request.destination))

    def _is_ours(self, credential: Credential, pending: PendingStamp) -> bool:
        logged = self._desk.find_logged(pending.key)
        data = credential.stamp.assertions.get(CONSENT_LABEL)
        if logged is None or data is None or credential.active_manifest.validation.failure or credential.flaw:
            return False
        try:
            return ConsentAssertion.from_json(data).entry == logged.entry
        except InputError:
            return False


def _thumbnail(item: _Prepared) -> bytes:
    # Decoding pictures takes a while to import, and few stamps need it.
    from provenance.picture.copies import make_thumbnail

    return make_thumbnail(item.metadata.data)


def _unless_taken(item: "_Prepared | StampResult", taken: set[Path]) -> "_Prepared | StampResult":
    """Return what was prepared, unless another one before it takes the same place."""
    if isinstance(item, _Prepared):
        destination, in_place = item.request.destination, item.request.in_place
    elif item.outcome == "would-stamp" and item.destination is not None:
        destination, in_place = item.destination, item.destination == item.source
    else:
        return item
    if destination in taken and not in_place:
        source = item.request.source if isinstance(item, _Prepared) else item.source
        error = _output_exists(destination)
        return StampResult(source, "refused", code=error.code, message=str(error), hint=error.hint)
    taken.add(destination)
    return item


def _handle(subject: PermittedSubject, picture_digest: bytes) -> bytes:
    secret = picture_secret(record_key=subject.record_key, picture_digest=picture_digest)
    return make_handle(secret=secret, picture_digest=picture_digest, record_digest=subject.record_digest)


def _told(request: StampRequest, sources: Sources, edits: tuple[Edit, ...]) -> dict[str, Json]:
    """Return what a stamp says beside the declaration: another statement makes another stamp."""
    told: dict[str, Json] = {}
    if request.tool is not None:
        told["tool"] = [request.tool.name, request.tool.version]
    if request.making.computational:
        told["computational"] = True
    if sources.parent is not None:
        told["parent"] = sources.parent.identity
        told["edits"] = [edit.word for edit in edits]
    if sources.background is not None:
        told["background"] = sources.background.identity
    if sources.inputs:
        told["inputs"] = [source.identity for source in sources.inputs]
    return told


def _is_overtaken(credential: Credential | None, sources: Sources) -> bool:
    """Tell whether a file carries its parent's manifest, which the change broke.

    Raises:
        RefusedError: the manifest still fits, so that nothing was changed (`unchanged`).
    """
    parent = None if sources.parent is None else sources.parent.credential
    if credential is None or parent is None or credential.active != parent.active:
        return False
    if not credential.active_manifest.validation.failure:
        raise RefusedError("nothing was changed since it was stamped", code="unchanged")
    return True


def _is_to_lose(request: StampRequest, data: bytes) -> bool:
    """Tell whether a picture that is stamped already has something in it that was to be taken out."""
    return request.strip_location and bool(find_location(data))


def _output_exists(destination: Path) -> RefusedError:
    return RefusedError(
        f"{destination.name}: there is another file of this name at the destination",
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
        claim=pending.claim,
        evidence=pending.evidence,
        confirmation=pending.confirmation,
        removed=metadata.removed,
        unread=metadata.unread,
        located=metadata.located,
        raws=pending.raws,
    )


def _result(request: StampRequest, outcome: str, error: ProvenanceError, seen: _Seen | None = None) -> StampResult:
    return StampResult(
        source=request.source,
        outcome="refused" if outcome == "refused" else "failed",
        code=error.code,
        message=str(error),
        hint=error.hint,
        claim=claim_of(request.declaration) if seen is None else seen.claim,
        evidence=() if seen is None else tuple(seen.evidence),
    )
