"""What makes a stamp the same stamp when it is tried again: the picture, what is said of it, of whom, and by whom."""

from provenance.canonical import Json, canonical_bytes, sha256, to_base64url
from provenance.consent.handles import make_handle, picture_secret
from provenance.stamping.edits import Edit
from provenance.stamping.interface import PendingStamp, Permit, PermittedSubject, StampRequest
from provenance.stamping.sources import Sources


def make_pending(
    request: StampRequest,
    *,
    picture_digest: bytes,
    sources: Sources,
    edits: tuple[Edit, ...],
    permit: Permit | None,
    signer: bytes,
) -> PendingStamp:
    """Return a stamp that awaits its ledger entry, under the key by which it is known again.

    Args:
        request: what is to be stamped, and as what.
        picture_digest: of the picture, 32 bytes.
        sources: what it was made from.
        edits: what was done to its parent.
        permit: of everyone shown; None where nobody real is.
        signer: the identity of the signer, which renewing its certificate leaves as it is.
    """
    subjects = () if permit is None else permit.subjects
    handles = {subject.record_id: handle_of(subject, picture_digest) for subject in subjects}
    covered_by: list[Json] = [*sorted(to_base64url(subject.record_digest) for subject in subjects)]
    statement: dict[str, Json] = {
        "picture": to_base64url(picture_digest),
        "declaration": request.declaration.value,
        # As it was written before there could be several.
        "consent": covered_by if len(covered_by) > 1 else next(iter(covered_by), None),
        "signer": to_base64url(signer),
        **_told(request, sources, edits),
    }
    return PendingStamp(sha256(canonical_bytes(statement)), picture_digest, request.declaration, handles)


def handle_of(subject: PermittedSubject, picture_digest: bytes) -> bytes:
    """Return the handle of one person in one picture, 32 bytes."""
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
