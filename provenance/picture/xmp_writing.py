"""Writing properties into the XMP of a picture file, before it is stamped: afterwards it would break the seal."""

from provenance.errors import InputError, RefusedError
from provenance.picture.embedding import WRITABLE, Slot, find_slots, put_packet
from provenance.picture.formats import PictureFormat
from provenance.picture.packets import Name, malformed, names_in_packet, new_packet, write_into_packet
from provenance.picture.parts import BlockKind, damaged
from provenance.picture.properties import PictureProperties
from provenance.picture.reading import Picture, read_metadata, read_picture

# C2PA 2.4, 11.4: credentials that lie elsewhere, which a change here would break all the same.
_REMOTE: Name = ("http://purl.org/dc/terms/", "provenance")


def write_xmp(data: bytes, properties: PictureProperties) -> bytes:
    """Return a picture file with these properties in its XMP.

    Properties of the same names are replaced; every other one, all other metadata and what makes the picture keep
    their bytes, so that the picture digest stays. Writing the same again changes nothing.

    Raises:
        RefusedError: the picture carries credentials, or names some that lie elsewhere (`picture-sealed`).
        InputError: it is no JPEG, PNG, WebP or TIFF file (`picture-kind`), or damaged (`picture-damaged`); or its XMP
            is malformed (`xmp-malformed`), there more than once (`xmp-ambiguous`), would not fit (`xmp-too-large`) or
            cannot grow where it is (`xmp-place`).
    """
    picture = read_picture(data)
    kind = picture.format
    if kind not in WRITABLE:
        raise InputError(
            f"picture: expected a jpeg, png, webp or tiff file to write xmp into, got {kind.media_type}",
            code="picture-kind",
            hint="export the picture as jpeg, png, webp or tiff",
        )
    if picture.store is not None:
        raise sealed()
    if not any(True for _ in properties):
        return data
    slots = find_slots(kind, data)
    if len(slots) > 1:
        raise ambiguous(f"expected one packet, got {len(slots)}")
    slot = slots[0] if slots and slots[0].packet.strip(b"\x00 \t\r\n") else None
    if slots and slot is None:
        raise malformed(slots[0].place, "it is empty")
    _check_others(data, slot, properties)
    if slot is None:
        packet = new_packet(properties)
    else:
        if _REMOTE in names_in_packet(slot.packet, place=slot.place):
            raise sealed()
        packet = write_into_packet(slot.packet, properties, place=slot.place)
    written = put_packet(kind, data, slot, packet)
    # Only in a file whose parts are found by offsets can they share their bytes.
    if kind is PictureFormat.TIFF and _differs(read_picture(written), picture):
        raise damaged(kind.name.lower(), 0, "its metadata and its picture overlap")
    return written


def _differs(one: Picture, other: Picture) -> bool:
    return (one.digest, one.format) != (other.digest, other.format)


def _check_others(data: bytes, slot: Slot | None, properties: PictureProperties) -> None:
    """Refuse where a packet in another place, such as extended XMP, says one of the properties too."""
    others = [block for block in read_metadata(data) if block.kind is BlockKind.XMP]
    if slot is not None:
        same = next((number for number, block in enumerate(others) if block.data == slot.packet), None)
        others = [block for number, block in enumerate(others) if number != same]
    ours = {(stated.namespace, stated.name): stated.qualified for stated in properties}
    for block in others:
        if block.flaw is not None:
            raise malformed(block.place, block.flaw)
        names = names_in_packet(block.data, place=block.place)
        twice = sorted(ours[name] for name in names & ours.keys())
        if twice:
            raise ambiguous(f"{block.place} has {twice[0]} already")
        if _REMOTE in names:
            raise sealed()


def sealed() -> RefusedError:
    """Return the error for a picture whose metadata cannot change as credentials cover them."""
    return RefusedError(
        "picture: it carries credentials, which any change to its metadata would break",
        code="picture-sealed",
        hint="change the metadata of the picture as it was before it was stamped",
    )


def ambiguous(reason: str) -> InputError:
    """Return the error for a file in which readers would find two answers."""
    return InputError(f"xmp: {reason}", code="xmp-ambiguous", hint="export the picture again")
