"""What a picture was made from: each file is read once, and held against its credentials, its evidence and consents."""

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance.canonical import Json, to_base64url
from provenance.credentials.ingredients import IngredientSource, Relationship
from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import DIGITAL_CAPTURE, TRAINED_MEDIA, Origin, find_origin
from provenance.credentials.reading import Credential, read_credential
from provenance.errors import InputError, NoCredentialError, ProvenanceError, RefusedError
from provenance.evidence import Evidence
from provenance.picture import MAX_PICTURE_BYTES, Picture, read_picture
from provenance.pki import TrustAnchors
from provenance.stamping.ancestry import check_background, check_input, check_parent
from provenance.stamping.carried import Carried, find_carried
from provenance.stamping.edits import Edit, leaves_picture
from provenance.stamping.gate import check_stamped_before, find_evidence
from provenance.stamping.interface import Making, StampDesk


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a picture was made from.

    Attributes:
        place: how messages name it.
        data: the file.
        picture: taken apart.
        credential: what it carries, or None.
        carried: the stamps in its credentials.
        evidence: the markers in it.
    """

    place: str
    data: bytes
    picture: Picture
    credential: Credential | None
    carried: Carried
    evidence: tuple[Evidence, ...]

    @property
    def origin(self) -> Origin | None:
        """Where its credentials say that it comes from; None without any."""
        return None if self.credential is None else find_origin(self.credential).origin

    @property
    def identity(self) -> Json:
        """What makes it this source and no other: its picture, and the manifest that speaks for it."""
        return [to_base64url(self.picture.digest), None if self.credential is None else self.credential.active]

    def to_ingredient(self, label: str, relationship: Relationship, source_type: str | None) -> IngredientSource:
        """Return it for the signer; `source_type` says what it is where no credentials do."""
        kind = source_type if self.credential is None else None
        return IngredientSource(label, relationship, self.picture.format.media_type, self.data, kind)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a picture was made from."""

    parent: Source | None = None
    background: Source | None = None
    inputs: tuple[Source, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes they hold."""
        held = [self.parent, self.background, *self.inputs]
        return sum(len(source.data) for source in held if source is not None)

    def to_ingredients(self, edits: tuple[Edit, ...]) -> tuple[IngredientSource, ...]:
        """Return them for the signer, the parent first."""
        found: list[IngredientSource] = []
        if self.parent is not None:
            found.append(self.parent.to_ingredient("parent", "parentOf", DIGITAL_CAPTURE))
        if self.background is not None:
            kind = TRAINED_MEDIA if by_ai(edits) else None
            found.append(self.background.to_ingredient("background", "componentOf", kind))
        for number, source in enumerate(self.inputs, start=1):
            found.append(source.to_ingredient(f"input{number}", "inputTo", DIGITAL_CAPTURE))
        return tuple(found)


def by_ai(edits: tuple[Edit, ...]) -> bool:
    """Tell whether a background that is placed is one that AI made."""
    return any(edit.word == "ai-background" for edit in edits)


def read_sources(making: Making, *, anchors: TrustAnchors) -> Sources:
    """Read all that a picture was made from.

    Raises:
        ProvenanceError: one of them cannot be read; the message names it.
    """
    return Sources(
        parent=None if making.parent is None else _read("parent", making.parent, anchors),
        background=None if making.background is None else _read("background", making.background, anchors),
        inputs=tuple(_read("input", path, anchors) for path in making.inputs),
    )


def check_sources(
    sources: Sources,
    declaration: Declaration,
    *,
    picture_digest: bytes,
    edits: tuple[Edit, ...],
    desk: StampDesk,
    record_ids: Collection[str],
    confirmation: str | None,
) -> str | None:
    """Check that a picture may be declared as made from these; return the confirmation if one was needed.

    Args:
        sources: what it was made from.
        declaration: what it is said to be.
        picture_digest: of the picture itself.
        edits: what was done.
        desk: knows the consents.
        record_ids: of the consents that are to cover it; empty where it shows nobody real.
        confirmation: the reason that was given for doubtful evidence.

    Raises:
        RefusedError: one of them contradicts the declaration, is damaged, or its consent does not permit it.
    """
    needed: str | None = None
    parent, background = sources.parent, sources.background
    if parent is not None:
        with _about(parent.place):
            if leaves_picture(edits):
                _check_same(parent, picture_digest)
            else:
                _check_differs(parent, picture_digest)
            needed = check_parent(
                parent.credential,
                parent.evidence,
                declaration,
                stamped=parent.carried.latest is not None,
                confirmation=confirmation,
            )
            needed = _check_before(parent, desk, confirmation) or needed
            if declaration is Declaration.DERIVATIVE and not record_ids and parent.origin is not Origin.AI_GENERATED:
                raise _shows_somebody()
            desk.check_parent(parent.picture.digest, carried=parent.carried, record_ids=record_ids)
    if background is not None:
        with _about(background.place):
            check_background(background.credential, background.evidence, declaration, generated=by_ai(edits))
            desk.check_parent(background.picture.digest, carried=background.carried, record_ids=record_ids)
    for source in sources.inputs:
        with _about(source.place):
            _check_differs(source, picture_digest)
            needed = check_input(source.credential, source.evidence, confirmation=confirmation) or needed
            needed = _check_before(source, desk, confirmation) or needed
            if not record_ids and not source.carried.is_of_nobody:
                raise RefusedError(
                    "nothing says that it shows nobody real, and no consent covers it",
                    code="input-consent",
                    hint="name the person's consent with --consent CODE",
                )
            desk.check_input(source.picture.digest, carried=source.carried, record_ids=record_ids)
    return needed


def _read(role: str, path: Path, anchors: TrustAnchors) -> Source:
    place = f"{role} {path.name[:80]}"
    with _about(place, path.name):
        data = durable.read(path, max_bytes=MAX_PICTURE_BYTES)
        picture = read_picture(data)
        try:
            credential: Credential | None = read_credential(
                data, picture.format.media_type, anchors=[anchors], store=picture.store
            )
        except NoCredentialError:
            credential = None
        evidence = find_evidence(data, credential, tool=None)
    return Source(place, data, picture, credential, find_carried(credential), tuple(evidence))


def _check_differs(source: Source, picture_digest: bytes) -> None:
    if source.picture.digest == picture_digest:
        raise RefusedError(
            "it is the very picture that is to be stamped",
            code="source-same",
            hint="name the picture as it was before it was changed",
        )


def _check_same(source: Source, picture_digest: bytes) -> None:
    if source.picture.digest != picture_digest:
        raise RefusedError(
            "it shows another picture than the one that is to be stamped, of which only texts were changed",
            code="source-differs",
            hint="name the stamped picture with the same pixels; a smaller copy is made with provenance derive",
        )


def _check_before(source: Source, desk: StampDesk, confirmation: str | None) -> str | None:
    generative = source.credential is None and desk.was_generative(source.picture.digest)
    return check_stamped_before(generative=generative, confirmation=confirmation)


def _shows_somebody() -> RefusedError:
    return RefusedError(
        "it is a photograph, which cannot show a person who does not exist",
        code="synthetic-capture",
        hint="name the person's consent with --consent CODE",
    )


@contextlib.contextmanager
def _about(place: str, name: str = "") -> Iterator[None]:
    """Let every message within say which file it is about."""
    try:
        yield
    except ProvenanceError as error:
        # Of the names in messages, what acts is escaped.
        message = str(error).removeprefix(f"{ProvenanceError(name)}: ")
        raise type(error)(f"{place}: {message}", code=error.code, hint=error.hint) from error
    except (OSError, ValueError) as error:  # a name that the system cannot have
        reason = str(getattr(error, "strerror", None) or type(error).__name__).lower()
        raise InputError(f"{place}: cannot be read: {reason}", code="file-unreadable") from error
