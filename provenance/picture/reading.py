"""Taking a picture file apart: its digest, the manifest store, and its metadata, whatever the container."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from provenance.errors import InputError
from provenance.picture.bmff import digest_bmff, find_store_in_bmff, metadata_of_bmff
from provenance.picture.formats import BMFF, PNG_SIGNATURE, STAMPABLE, PictureFormat, identify
from provenance.picture.gif import find_store_in_gif, metadata_of_gif, walk_gif
from provenance.picture.jpeg import find_store_in_jpeg, metadata_of_jpeg, walk_jpeg
from provenance.picture.kept import keep
from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, Part, damaged
from provenance.picture.png import metadata_of_png, walk_png
from provenance.picture.tiff import digest_tiff, find_store_in_tiff, metadata_of_tiff
from provenance.picture.webp import metadata_of_webp, walk_webp

MAX_PICTURE_BYTES = 1024 * 1024 * 1024
MAX_STORE_PARTS = 4096  # of at most 64 KiB each in a JPEG file
MAX_BLOCKS = 4096

_CREDENTIAL_WORDS = (b"c2pa", b"provenance", b"XML:com.adobe.xmp\x00\x01")

_STORE_PARTS = {
    PictureFormat.JPEG: "APP11",
    PictureFormat.PNG: "caBX",
    PictureFormat.WEBP: "C2PA",
    PictureFormat.GIF: "APPLICATION",
}
_WALKS: dict[PictureFormat, Callable[[bytes], Iterator[Part]]] = {
    PictureFormat.JPEG: walk_jpeg,
    PictureFormat.PNG: walk_png,
    PictureFormat.WEBP: walk_webp,
    PictureFormat.GIF: walk_gif,
}
_METADATA: dict[PictureFormat, Callable[[bytes], Iterator[MetadataBlock]]] = {
    PictureFormat.JPEG: metadata_of_jpeg,
    PictureFormat.PNG: metadata_of_png,
    PictureFormat.WEBP: metadata_of_webp,
    PictureFormat.GIF: metadata_of_gif,
    PictureFormat.TIFF: metadata_of_tiff,
    PictureFormat.DNG: metadata_of_tiff,
    **dict.fromkeys(BMFF, metadata_of_bmff),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file taken apart.

    Attributes:
        format: its kind.
        digest: the picture digest, 32 bytes.
        store: the manifest store that it carries, if any.
    """

    format: PictureFormat
    digest: bytes
    store: EmbeddedStore | None


@keep
def read_picture(data: bytes) -> Picture:
    """Take a picture file apart.

    Raises:
        InputError: it is of no known kind (`picture-kind`), or it ends or breaks off before the picture does
            (`picture-damaged`); the message says where.
    """
    kind = identify(data)
    if kind is None:
        raise InputError(
            f"picture: expected a {_listed(PictureFormat)} file, got something else",
            code="picture-kind",
            hint="export the picture as jpeg, png or webp",
        )
    if kind in BMFF:
        return Picture(kind, digest_bmff(data), find_store_in_bmff(data))
    if kind in (PictureFormat.TIFF, PictureFormat.DNG):
        return Picture(kind, digest_tiff(data), find_store_in_tiff(data))
    digest = hashlib.sha256()
    if kind is PictureFormat.PNG:
        digest.update(PNG_SIGNATURE)
    view = memoryview(data)
    wrappings: list[Part] = []
    for part in walk(data):
        if part.in_picture:
            # A chunk's checksum follows from its data and is left out, as it would be the same fact twice.
            digest.update(view[part.start : part.end - 4 if kind is PictureFormat.PNG else part.end])
        elif part.kind == _STORE_PARTS[kind]:
            wrappings.append(part)
            if len(wrappings) > MAX_STORE_PARTS:
                raise damaged(kind.name.lower(), part.start, "the credential is in too many pieces")
    return Picture(kind, digest.digest(), _find_store(kind, data, wrappings))


def read_stampable(data: bytes) -> Picture:
    """Take a picture file of a kind that can be stamped apart.

    Raises:
        InputError: it is of another kind; or see `read_picture`.
    """
    kind = identify(data)
    if kind not in STAMPABLE:
        raise InputError(
            f"picture: expected a {_listed(k for k in PictureFormat if k in STAMPABLE)} file, "
            f"got {kind.media_type if kind else 'something else'}",
            code="picture-kind",
            hint="export the picture as jpeg, png or webp",
        )
    return read_picture(data)


def may_carry_credentials(data: bytes, picture: Picture) -> bool:
    """Tell whether anything in a file, beside the picture itself, could be a credential or name one elsewhere.

    Every manifest store has the letters `c2pa` in the type of its first box (C2PA 2.4, 11.1), and what names one is the
    property `dcterms:provenance` (11.4), unless it is compressed. Of kinds whose parts have no order, it is always yes.
    """
    if picture.store is not None or picture.format not in _WALKS:
        return True
    beside = (part for part in walk(data) if not part.in_picture)
    return any(word in data[part.start : part.end] for part in beside for word in _CREDENTIAL_WORDS)


def walk(data: bytes) -> Iterator[Part]:
    """Yield the parts of a JPEG, PNG, WebP or GIF file in the order of the file.

    Raises:
        InputError: it is of a kind whose parts have no order (`picture-kind`); or see `read_picture`.
    """
    kind = identify(data)
    if kind not in _WALKS:
        raise InputError("picture: expected a jpeg, png, webp or gif file", code="picture-kind")
    yield from _WALKS[kind](data)


def read_metadata(data: bytes) -> Iterator[MetadataBlock]:
    """Yield the blocks of metadata of a picture file, wherever its container keeps them, and what follows its end.

    At most `MAX_BLOCKS` come, of altogether four times the size of the file and what texts inflate to; where there
    is more, the last block says so in its `flaw`.

    Raises:
        InputError: see `read_picture`.
    """
    kind = identify(data)
    if kind is None:
        raise InputError("picture: expected a picture, got something else", code="picture-kind")
    budget = 4 * len(data) + 2 * 16 * 1024 * 1024
    for number, block in enumerate(_METADATA[kind](data)):
        budget -= len(block.data)
        if number == MAX_BLOCKS or budget < 0:
            yield MetadataBlock(BlockKind.TEXT, block.place, b"", flaw="there is too much of it")
            return
        yield block


def _find_store(kind: PictureFormat, data: bytes, wrappings: list[Part]) -> EmbeddedStore | None:
    if not wrappings:
        return None
    if kind is PictureFormat.JPEG:
        return find_store_in_jpeg(data, wrappings)
    if kind is PictureFormat.GIF:
        return find_store_in_gif(data, wrappings)
    first = wrappings[0]
    place = f"{first.kind} chunk at byte {first.start}"
    if kind is PictureFormat.PNG:
        body_end = first.end - 4
        checksum = int.from_bytes(data[body_end : first.end], "big")
        wrong = zlib.crc32(data[first.start + 4 : body_end]) != checksum
        flaw = f"{place}: the checksum does not match" if wrong else None
    else:
        body_end = first.body + int.from_bytes(data[first.start + 4 : first.start + 8], "little")
        flaw = f"{place}: the padding byte is not zero" if any(data[body_end : first.end]) else None
    if len(wrappings) > 1:
        flaw = f"{first.kind} chunk: expected one, got {len(wrappings)}"
    return EmbeddedStore(data[first.body : body_end], first.start, first.end, flaw)


def _listed(kinds: Iterable[PictureFormat]) -> str:
    names = [kind.name.lower() for kind in kinds]
    return f"{', '.join(names[:-1])} or {names[-1]}"
