"""The container walk: what kind of picture a file is, where its parts and metadata lie, and the picture digest.

No pixel is decoded. The *picture digest* covers what makes the picture and leaves its metadata out, so that it
survives a new caption and the embedding of credentials. It is SHA-256 over, in the order of the file:

* JPEG: every marker segment but APPn and COM, with the coded data, from SOI to EOI;
* PNG: the signature, then length, type and data of every critical chunk (PNG 3rd edition, 5.4);
* WebP: the header and payload of every chunk that carries coded pixels;
* GIF: everything from the screen descriptor to the end but comments and application extensions;
* TIFF and DNG: of every directory with coded data, the values that a decoder needs, and the coded data;
* AVIF, HEIC and HEIF: every item that is no metadata, with its properties, coded bytes and references.
"""

from provenance.picture.formats import STAMPABLE, PictureFormat, identify
from provenance.picture.parts import BlockKind, EmbeddedStore, MetadataBlock, Part
from provenance.picture.reading import (
    MAX_PICTURE_BYTES,
    MAX_STORE_PARTS,
    Picture,
    may_carry_credentials,
    read_metadata,
    read_picture,
    read_stampable,
    walk,
)

__all__ = [
    "MAX_PICTURE_BYTES",
    "MAX_STORE_PARTS",
    "STAMPABLE",
    "BlockKind",
    "EmbeddedStore",
    "MetadataBlock",
    "Part",
    "Picture",
    "PictureFormat",
    "identify",
    "may_carry_credentials",
    "read_metadata",
    "read_picture",
    "read_stampable",
    "walk",
]
