"""GIF files (89a): their blocks, and the metadata within."""

from collections.abc import Iterator

from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, Part, damaged

_XMP_APPLICATION = b"XMP DataXMP"
_C2PA_APPLICATION = b"C2PA_GIF\x01\x00\x00"  # C2PA 2.4, A.3.8
_XMP_TRAILER_BYTES = 257  # the descending bytes that lead a reader of sub-blocks out of the packet
_COMMENT, _APPLICATION, _PLAIN_TEXT = 0xFE, 0xFF, 0x01


def walk_gif(data: bytes) -> Iterator[Part]:
    """Yield the blocks of a GIF file, and what follows its end; the six bytes before them say nothing of the picture.

    Raises:
        InputError: it breaks off before the picture does.
    """
    if len(data) < 13:
        raise damaged("gif", len(data), "the file ends before the picture does")
    position = 13 + _table_bytes(data[10])
    if position > len(data):
        raise damaged("gif", 6, "the file ends before the picture does")
    yield Part("SCREEN", 6, position, 6, in_picture=True)
    while True:
        if position >= len(data):
            raise damaged("gif", position, "the file ends before the picture does")
        start, introducer = position, data[position]
        if introducer == 0x3B:
            yield Part("END", start, start + 1, start + 1, in_picture=True)
            if start + 1 < len(data):
                yield Part("TRAILER", start + 1, len(data), start + 1, in_picture=False)
            return
        if introducer == 0x2C:
            if start + 10 > len(data):
                raise damaged("gif", start, "the file ends before the picture does")
            body = start + 10 + _table_bytes(data[start + 9]) + 1
            position = _skip_blocks(data, body)
            yield Part("IMAGE", start, position, body, in_picture=True)
        elif introducer == 0x21:
            if start + 2 > len(data):
                raise damaged("gif", start, "the file ends before the picture does")
            label = data[start + 1]
            position = _skip_blocks(data, start + 2)
            kind = {_COMMENT: "COMMENT", _APPLICATION: "APPLICATION"}.get(label, f"{label:02X}")
            yield Part(kind, start, position, start + 2, in_picture=label not in (_COMMENT, _APPLICATION))
        else:
            raise damaged("gif", start, "expected a block")


def metadata_of_gif(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the comments and XMP of a GIF file, and what follows its end.

    Raises:
        InputError: see `walk_gif`.
    """
    for part in walk_gif(data):
        place = f"GIF {part.kind.lower()} at byte {part.start}"
        if part.kind == "TRAILER":
            place = f"behind the end of the picture, at byte {part.start}"
            yield MetadataBlock(BlockKind.TRAILER, place, data[part.start : part.end])
        elif part.kind == "COMMENT":
            text = b"".join(_blocks(data, part.body))
            yield MetadataBlock(BlockKind.TEXT, place, text.decode("utf-8", "replace").encode(), key="Comment")
        elif part.kind == "APPLICATION" and data[part.body + 1 : part.body + 12] == _XMP_APPLICATION:
            # XMP part 3, 1.1.2: the packet lies there as it is, and not in sub-blocks.
            packet = data[part.body + 12 : max(part.end - _XMP_TRAILER_BYTES - 1, part.body + 12)]
            yield MetadataBlock(BlockKind.XMP, place, packet)


def find_store_in_gif(data: bytes, wrappings: list[Part]) -> EmbeddedStore | None:
    """Join the sub-blocks of the application extension that holds the manifest store."""
    stores = [part for part in wrappings if data.startswith(_C2PA_APPLICATION[:8], part.body + 1)]
    if not stores:
        return None
    first = stores[0]
    place = f"application extension at byte {first.start}"
    blocks = list(_blocks(data, first.body + 12))
    flaw = None
    if data[first.body : first.body + 12] != bytes([11]) + _C2PA_APPLICATION:
        flaw = f"{place}: expected the identifier C2PA_GIF 010000"
    elif any(len(block) != 255 for block in blocks[:-1]):
        flaw = f"{place}: expected sub-blocks of 255 bytes"
    if len(stores) > 1:
        flaw = f"application extension: expected one manifest store, got {len(stores)}"
    return EmbeddedStore(b"".join(blocks), first.start, first.end, flaw)


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(data: bytes, position: int) -> int:
    while position < len(data):
        length = data[position]
        position += 1 + length
        if length == 0:
            return position
    raise damaged("gif", len(data), "the file ends before the picture does")


def _blocks(data: bytes, position: int) -> Iterator[bytes]:
    while position < len(data) and data[position]:
        yield data[position + 1 : position + 1 + data[position]]
        position += 1 + data[position]
