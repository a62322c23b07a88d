"""The metadata of a picture that is about to be stamped: what is taken out, and what its XMP says with the stamp."""

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from provenance.consent.derived import PLUS, model_release_ids
from provenance.credentials.manifest import Declaration, Tool
from provenance.credentials.origin import (
    COMPOSITE_WITH_TRAINED,
    COMPUTATIONAL_CAPTURE,
    DIGITAL_CAPTURE,
    HUMAN_EDITS,
    TRAINED_MEDIA,
)
from provenance.errors import InputError
from provenance.picture import BlockKind, read_metadata
from provenance.picture.location import Removed, find_location, strip_location
from provenance.picture.packets import Name, names_in_packet
from provenance.picture.properties import IPTC_EXTENSION, MAX_VALUE, PictureProperties
from provenance.picture.properties import PLUS as PLUS_XMP
from provenance.picture.xmp_writing import sealed, write_xmp

# What was only resized or coded anew says of itself what its file says.
_SOURCE_TYPES = {
    Declaration.CAMERA: DIGITAL_CAPTURE,
    Declaration.RETOUCHED: HUMAN_EDITS,
    Declaration.AI_EDITED: COMPOSITE_WITH_TRAINED,
    Declaration.AI_GENERATED: TRAINED_MEDIA,
}
_SOURCE_TYPE: Name = (IPTC_EXTENSION, "DigitalSourceType")
_CONSTRAINTS: Name = (PLUS_XMP, "OtherConstraints")


@dataclass(frozen=True, slots=True)
class PreparedMetadata:
    """A picture that is ready to be stamped.

    Attributes:
        data: the file.
        properties: what its XMP says now, where it has any; the stamp says the same.
        removed: what was taken out.
        unread: places that may hold a position and that nobody looked into; empty where nothing was to be taken out.
        located: it says at which position it was taken.
    """

    data: bytes
    properties: PictureProperties
    removed: tuple[Removed, ...] = ()
    unread: tuple[str, ...] = ()
    located: bool = False


def state_properties(
    declaration: Declaration,
    *,
    tool: Tool | None,
    consent: PictureProperties | None,
    handles: Sequence[bytes],
    computational: bool = False,
) -> PictureProperties:
    """Return what a stamp says in the terms of IPTC and PLUS.

    Args:
        declaration: what the picture is.
        tool: what made it; named where AI did.
        consent: what follows from the grants; None where nobody real is shown.
        handles: of the people shown, 32 bytes each.
        computational: the camera put it together from several exposures.
    """
    system = tool if declaration in (Declaration.AI_GENERATED, Declaration.AI_EDITED) else None
    return dataclasses.replace(
        consent or PictureProperties(model_release_status=f"{PLUS}MR-NAP"),
        digital_source_type=COMPUTATIONAL_CAPTURE if computational else _SOURCE_TYPES.get(declaration),
        model_release_ids=tuple(model_release_ids(handles)),
        ai_system=None if system is None else system.name[:MAX_VALUE],
        ai_system_version=None if system is None or system.version is None else system.version[:MAX_VALUE],
    )


def prepare_metadata(
    data: bytes, properties: PictureProperties, *, has_credentials: bool, strip: bool
) -> PreparedMetadata:
    """Take out of a picture what tells of a place, if asked, and write into its XMP what the stamp says.

    What the file says itself of its source type and of constraints stays, and is not said a second time. Credentials
    cover the metadata, so that a picture which carries some keeps it all, as does one whose XMP cannot be edited.

    Raises:
        RefusedError: something is to be taken out of a picture with credentials (`picture-sealed`).
        InputError: see `strip_location`.
    """
    removed: tuple[Removed, ...] = ()
    unread: tuple[str, ...] = ()
    if strip:
        if has_credentials:
            raise sealed()
        stripped = strip_location(data)
        data, removed, unread = stripped.data, stripped.removed, stripped.unread
    located = bool(find_location(data))
    there = _names(data)
    if has_credentials or _SOURCE_TYPE in there:
        properties = dataclasses.replace(properties, digital_source_type=None)
    if properties.other_constraints is not None and _CONSTRAINTS in there:
        properties = dataclasses.replace(properties, data_mining=None, other_constraints=None)
    if not has_credentials:
        # The stamp says the same; a packet that nobody can edit is no reason to go without one.
        with contextlib.suppress(InputError):
            data = write_xmp(data, properties)
    return PreparedMetadata(data, properties, removed, unread, located)


def _names(data: bytes) -> set[Name]:
    """Return the names of all properties in a picture's XMP, as far as it can be read."""
    found: set[Name] = set()
    for block in read_metadata(data):
        if block.kind is BlockKind.XMP:
            try:
                found |= names_in_packet(block.data, place=block.place)
            except InputError:
                continue
    return found
