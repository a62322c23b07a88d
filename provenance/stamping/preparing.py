"""From a request to what is ready to be logged and signed, or to the result of one that does not come through."""

import dataclasses
import threading
from dataclasses import dataclass, field
from pathlib import Path

from provenance import durable
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.manifest import ConsentAssertion, Declaration
from provenance.credentials.reading import Credential, read_credential
from provenance.credentials.signing import ClaimSigner
from provenance.errors import InputError, NoCredentialError, ProvenanceError, RefusedError
from provenance.evidence import Claim, Evidence
from provenance.picture import MAX_PICTURE_BYTES, Picture, may_carry_credentials, read_picture, read_stampable
from provenance.picture.kept import work_kept
from provenance.picture.location import find_location
from provenance.picture.raw_files import RawFinder
from provenance.recovery.fingerprints import Fingerprint, check_installed, fingerprints_to_keep
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
from provenance.stamping.identity import make_pending
from provenance.stamping.interface import (
    Making,
    Outcome,
    PendingStamp,
    Permit,
    StampDesk,
    StampRequest,
    StampResult,
)
from provenance.stamping.making import check_making
from provenance.stamping.metadata import PreparedMetadata, prepare_metadata, state_properties
from provenance.stamping.sources import Sources, check_sources, read_sources


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that came through the gate.

    Attributes:
        request: it.
        data: the picture as it was found.
        picture: what was read of it.
        signed_before: it carries credentials of its own, which nothing was done to since.
        sources: what it was made from.
        edits: what was done to its parent.
        permit: of everyone shown; None where nobody real is.
        pending: what is to be logged.
        mode: the permissions that the stamped file gets.
        metadata: what is to be signed: the picture with what the stamp says in its metadata.
    """

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


class Preparer:
    """Takes requests through the gate, for one studio; several at the same time."""

    def __init__(self, desk: StampDesk, *, signer: ClaimSigner) -> None:
        """Take what the gate asks, and who is to sign.

        Raises:
            MissingExtraError: the studio asks for fingerprints, and what makes them is not installed.
        """
        self._desk = desk
        self.keeps_fingerprints = desk.keeps_fingerprints
        if self.keeps_fingerprints:
            check_installed()
        self._signer = signer
        # Of the last request: those of one command are made from the same files, which are read once.
        self._making, self._sources = Making(), Sources()
        self._raws = RawFinder()
        self._files = threading.Lock()

    def prepare(self, request: StampRequest, *, dry_run: bool) -> Prepared | StampResult:
        """Take a request through the gate; whatever is wrong becomes its result."""
        seen = _Seen(claim_of(request.declaration))
        try:
            with work_kept():
                return self._pass_gate(request, seen, dry_run=dry_run)
        except RefusedError as error:
            refused = StampResult.of_error(request.source, error)
            return dataclasses.replace(refused, claim=seen.claim, evidence=tuple(seen.evidence))
        except ProvenanceError as error:
            return failed(request, error)
        except (OSError, ValueError) as error:  # a name that the system cannot have
            return failed(request, unwritable(request, error))

    def _pass_gate(self, request: StampRequest, seen: _Seen, *, dry_run: bool) -> Prepared | StampResult:
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
        pending = make_pending(
            request,
            picture_digest=picture.digest,
            sources=sources,
            edits=edits,
            permit=permit,
            signer=self._signer.identity,
        )
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
            return self.existing_output(request, pending)
        if dry_run:
            return done(request, "would-stamp", pending, metadata)
        if self.keeps_fingerprints:
            pending = dataclasses.replace(pending, fingerprints=_fingerprints(data))
        mode = request.source.stat().st_mode & 0o777
        return Prepared(request, data, picture, credential is not None, sources, edits, permit, pending, mode, metadata)

    def _read_sources(self, making: Making) -> Sources:
        with self._files:
            if making != self._making:
                # Nothing is kept of what cannot be read whole.
                self._making, self._sources = Making(), Sources()
                self._sources = read_sources(making, anchors=self._signer.anchors)
                self._making = making
            return self._sources

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

    def existing_output(self, request: StampRequest, pending: PendingStamp) -> StampResult:
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
        return StampResult.of_error(request.source, output_exists(request.destination))

    def _is_ours(self, credential: Credential, pending: PendingStamp) -> bool:
        logged = self._desk.find_logged(pending.key)
        data = credential.stamp.assertions.get(CONSENT_LABEL)
        if logged is None or data is None or credential.active_manifest.validation.failure or credential.flaw:
            return False
        try:
            return ConsentAssertion.from_json(data).entry == logged.entry
        except InputError:
            return False


def _fingerprints(data: bytes) -> tuple[Fingerprint, ...]:
    """Return what a picture is found again by; nothing where it cannot be decoded, which keeps no stamp from it."""
    try:
        return fingerprints_to_keep(data)
    except InputError:
        return ()


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


def output_exists(destination: Path) -> RefusedError:
    """Return the refusal of a place that something else holds."""
    return RefusedError(
        f"{destination.name}: there is another file of this name at the destination",
        code="output-exists",
        hint="choose another folder with -o, or add --force to replace it",
    )


def unwritable(request: StampRequest, error: OSError | ValueError) -> InputError:
    """Return the error of a place that the disk or the system does not give."""
    reason = str(getattr(error, "strerror", None) or type(error).__name__).lower()
    return InputError(f"{request.destination.name[:80]}: cannot be written: {reason}", code="output-unwritable")


def done(request: StampRequest, outcome: Outcome, pending: PendingStamp, metadata: PreparedMetadata) -> StampResult:
    """Return the result of a request that came through."""
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


def failed(request: StampRequest, error: ProvenanceError) -> StampResult:
    """Return the result of a request that something kept from being done."""
    return dataclasses.replace(StampResult.of_error(request.source, error), claim=claim_of(request.declaration))
