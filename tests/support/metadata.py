"""Metadata written by the words of their formats and apart from the code under test, and put into any container."""

import functools
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image
from support.pictures import (
    XMP_HEADER,
    draw,
    jpeg_segment,
    png_chunk,
    riff_chunk,
    with_png_chunk,
    with_riff_chunk,
)

Values = Mapping[int, Any]

CAMERA_TAGS: Values = {0x010F: "Lumière", 0x0110: "Atelier 7"}
EXPOSURE_TAGS: Values = {0x829A: (1, 125), 0x829D: (28, 10), 0x8827: 200, 0x9003: "2026:05:17 10:11:12"}

EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\x00"
NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "drone-dji": "http://www.dji.com/drone-dji/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}


# --- EXIF


def tiff(first: Values, inner: Values | None = None, *, order: str = "<", gps: Values | None = None) -> bytes:
    """Return a TIFF stream with a first directory, and those of EXIF and GPS below it; CIPA DC-008, 4.6.

    Text becomes ASCII, bytes UNDEFINED, a pair RATIONAL, a number LONG.
    """
    below = {0x8769: 0} if inner is not None else {}
    below |= {0x8825: 0} if gps is not None else {}
    out = bytearray(b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    places = _directory(out, {**first, **below}, order)
    for tag, values in ((0x8769, inner), (0x8825, gps)):
        if values is not None:
            out[places[tag] : places[tag] + 4] = struct.pack(f"{order}I", len(out))
            _directory(out, values, order)
    return bytes(out)


def _directory(out: bytearray, values: Values, order: str) -> dict[int, int]:
    """Append a directory, and return where the value of each entry lies."""
    start = len(out)
    out += bytes(2 + 12 * len(values) + 4)
    struct.pack_into(f"{order}H", out, start, len(values))
    places = {}
    for number, (tag, value) in enumerate(sorted(values.items())):
        match value:
            case str():
                kind, raw = 2, value.encode() + b"\x00"
                count = len(raw)
            case bytes():
                kind, raw, count = 7, value, len(value)
            case tuple():
                kind, raw, count = 5, struct.pack(f"{order}II", *value), 1
            case _:
                kind, raw, count = 4, struct.pack(f"{order}I", value), 1
        position = start + 2 + 12 * number
        struct.pack_into(f"{order}HHI", out, position, tag, kind, count)
        places[tag] = position + 8
        if len(raw) <= 4:
            out[position + 8 : position + 8 + len(raw)] = raw
        else:
            struct.pack_into(f"{order}I", out, position + 8, len(out))
            out += raw + bytes(len(raw) % 2)
    return places


# --- XMP and IPTC


def xmp(*properties: tuple[str, str], element: bool = False) -> bytes:
    """Return an XMP packet; each property by its prefix and name, as an attribute or an element."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    pairs = [(name, _escaped(value)) for name, value in properties]
    attributes = "" if element else "".join(f' {name}="{value}"' for name, value in pairs)
    elements = "".join(f"<{name}>{value}</{name}>" for name, value in pairs) if element else ""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}{attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>'
        f'{" " * 64}<?xpacket end="w"?>'
    ).encode()


def _escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), ('"', "&quot;"), ("\n", "&#10;")):
        text = text.replace(character, entity)
    return text


def iim(*datasets: tuple[int, int, str]) -> bytes:
    """Return IIM datasets; each by record, number and text."""
    encoded = [(record, number, text.encode()) for record, number, text in datasets]
    return b"".join(struct.pack(">BBBH", 0x1C, r, n, len(text)) + text for r, n, text in encoded)


def photoshop(resource: int, body: bytes) -> bytes:
    """Return one Photoshop image resource, without a name."""
    return b"8BIM" + struct.pack(">HHI", resource, 0, len(body)) + body + bytes(len(body) % 2)


# --- into containers


def with_exif(data: bytes, first: Values, inner: Values | None = None) -> bytes:
    """Return a JPEG file with EXIF right behind SOI."""
    return data[:2] + jpeg_segment(0xE1, b"Exif\x00\x00" + tiff(first, inner)) + data[2:]


def with_extended_xmp(data: bytes, packet: bytes, *, size: int = 300, guid: bytes | None = None) -> bytes:
    """Return a JPEG file with a packet cut into extended parts; XMP part 3, 1.1.3.1."""
    name = guid or hashlib.md5(packet).hexdigest().upper().encode()
    parts = [
        jpeg_segment(
            0xE1, EXTENDED_XMP_HEADER + name + struct.pack(">II", len(packet), start) + packet[start : start + size]
        )
        for start in range(0, len(packet), size)
    ]
    return data[:2] + b"".join(parts) + data[2:]


@functools.cache
def encoded(kind: str, **options: Any) -> bytes:
    """Return a drawn picture as Pillow writes it; the options must be hashable."""
    target = io.BytesIO()
    draw().save(target, kind, **options)
    return target.getvalue()


def png_text(key: str, text: bytes, kind: str = "tEXt") -> bytes:
    """Return a text chunk of one of the three kinds, or of iTXt compressed (`iTXt+`)."""
    name = key.encode("latin-1") + b"\x00"
    match kind:
        case "tEXt":
            return png_chunk(b"tEXt", name + text)
        case "zTXt":
            return png_chunk(b"zTXt", name + b"\x00" + zlib.compress(text))
        case "iTXt":
            return png_chunk(b"iTXt", name + b"\x00\x00\x00\x00" + text)
        case _:
            return png_chunk(b"iTXt", name + b"\x01\x00en\x00\x00" + zlib.compress(text))


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box; ISO/IEC 14496-12, 4.2."""
    return struct.pack(">I4s", len(body) + 8, kind) + body


def heif(items: list[tuple[bytes, bytes, bytes]], *, brand: bytes = b"heic", extra: bytes = b"") -> bytes:
    """Return a file of items, each with type, content type and bytes; the first is the picture, with one property."""
    entries = b"".join(
        box(b"infe", struct.pack(">IHH4s", 0x02000000, n, 0, kind) + b"\x00" + (content + b"\x00" if content else b""))
        for n, (kind, content, _) in enumerate(items, 1)
    )
    properties = box(
        b"iprp",
        box(b"ipco", box(b"ispe", bytes(4) + struct.pack(">II", 96, 128)))
        + box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1)),
    )
    data = b"".join(body for _, _, body in items)

    def meta(start: int) -> bytes:
        places = b""
        for number, (_, _, body) in enumerate(items, 1):
            places += struct.pack(">HHHII", number, 0, 1, start, len(body))
            start += len(body)
        return box(
            b"meta",
            bytes(4)
            + box(b"pitm", struct.pack(">IH", 0, 1))
            + box(b"iinf", struct.pack(">IH", 0, len(items)) + entries)
            + properties
            + box(b"iloc", struct.pack(">IHH", 0, 0x4400, len(items)) + places),
        )

    head = box(b"ftyp", brand + bytes(4) + brand) + extra
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", data)


def _into_tiff(tag: int, kind: int) -> Callable[[bytes], bytes]:
    def write(body: bytes) -> bytes:
        data = encoded("TIFF")
        first = struct.unpack_from("<I", data, 4)[0]
        number = struct.unpack_from("<H", data, first)[0]
        entries = data[first + 2 : first + 2 + 12 * number]
        out = bytearray(data)
        place = len(out)
        out += body + bytes(len(body) % 2)
        struct.pack_into("<I", out, 4, len(out))
        out += struct.pack("<H", number + 1) + entries + struct.pack("<HHII", tag, kind, len(body), place) + bytes(4)
        return bytes(out)

    return write


def _exif_into_tiff(body: bytes) -> bytes:
    """Return a TIFF file with the entries of an EXIF stream among its own."""
    exif = Image.Exif()
    exif.load(b"Exif\x00\x00" + body)
    target = io.BytesIO()
    draw().save(target, "TIFF", exif=exif)
    return target.getvalue()


def _jpeg_with_extended_xmp(packet: bytes) -> bytes:
    """Return a JPEG file whose main packet names the extended one, as XMP part 3, 1.1.3.1 asks of writers."""
    main = xmp(("xmpNote:HasExtendedXMP", hashlib.md5(packet).hexdigest().upper()))
    data = with_extended_xmp(encoded("JPEG"), packet)
    return data[:2] + jpeg_segment(0xE1, XMP_HEADER + main) + data[2:]


def _gif_xmp(packet: bytes) -> bytes:
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    data = encoded("GIF")
    start = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    return data[:start] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + data[start:]


def _webp(name: bytes) -> Callable[[bytes], bytes]:
    return lambda body: with_riff_chunk(
        encoded("WEBP", exif=b"Exif\x00\x00" + tiff({0x011A: (72, 1)})), riff_chunk(name, body)
    )


# How each kind of metadata gets into each container that can carry it.
EXIF_INTO: Mapping[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda body: encoded("JPEG")[:2] + jpeg_segment(0xE1, b"Exif\x00\x00" + body) + encoded("JPEG")[2:],
    "PNG": lambda body: with_png_chunk(encoded("PNG"), png_chunk(b"eXIf", body)),
    "PNG raw profile": lambda body: with_png_chunk(
        encoded("PNG"),
        png_text(
            "Raw profile type exif",
            f"\nexif\n{len(body) + 6:8}\n{(b'Exif' + bytes(2) + body).hex()}\n".encode(),
            "zTXt",
        ),
    ),
    "WebP": _webp(b"EXIF"),
    "WebP with a header": lambda body: _webp(b"EXIF")(b"Exif\x00\x00" + body),
    "TIFF": _exif_into_tiff,
    "AVIF": lambda body: encoded("AVIF", exif=b"Exif\x00\x00" + body),
    "HEIC": lambda body: heif([(b"hvc1", b"", b"coded"), (b"Exif", b"", bytes(3) + b"\x06" + b"Exif\x00\x00" + body)]),
}
XMP_INTO: Mapping[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda body: encoded("JPEG")[:2] + jpeg_segment(0xE1, XMP_HEADER + body) + encoded("JPEG")[2:],
    "JPEG, extended": _jpeg_with_extended_xmp,
    "PNG": lambda body: with_png_chunk(encoded("PNG"), png_text("XML:com.adobe.xmp", body, "iTXt")),
    "PNG, compressed": lambda body: with_png_chunk(encoded("PNG"), png_text("XML:com.adobe.xmp", body, "iTXt+")),
    "WebP": _webp(b"XMP "),
    "TIFF": _into_tiff(700, 1),
    "AVIF": lambda body: encoded("AVIF", xmp=body),
    "HEIC": lambda body: heif([(b"hvc1", b"", b"coded"), (b"mime", b"application/rdf+xml", body)]),
    "HEIC, box": lambda body: heif(
        [(b"hvc1", b"", b"coded")],
        extra=box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + body),
    ),
    "GIF": _gif_xmp,
}
IPTC_INTO: Mapping[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda body: (
        encoded("JPEG")[:2]
        + jpeg_segment(0xED, b"Photoshop 3.0\x00" + photoshop(0x03ED, bytes(16)) + photoshop(0x0404, body))
        + encoded("JPEG")[2:]
    ),
    "TIFF": _into_tiff(33723, 7),
    "TIFF, Photoshop": lambda body: _into_tiff(34377, 7)(photoshop(0x0404, body)),
    "PNG raw profile": lambda body: with_png_chunk(
        encoded("PNG"),
        png_text(
            "Raw profile type iptc",
            f"\niptc\n{len(photoshop(0x0404, body)):8}\n{photoshop(0x0404, body).hex()}\n".encode(),
            "zTXt",
        ),
    ),
}
TEXT_INTO: Mapping[str, Callable[[str, bytes], bytes]] = {
    kind: lambda key, text, kind=kind: with_png_chunk(encoded("PNG"), png_text(key, text, kind))  # type: ignore[misc]
    for kind in ("tEXt", "zTXt", "iTXt", "iTXt+")
}


def _gif_comment(text: bytes) -> bytes:
    data = encoded("GIF")
    start = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    blocks = b"".join(bytes([len(text[n : n + 255])]) + text[n : n + 255] for n in range(0, len(text), 255))
    return data[:start] + b"\x21\xfe" + blocks + b"\x00" + data[start:]


COMMENT_INTO: Mapping[str, Callable[[bytes], bytes]] = {
    "JPEG": lambda text: encoded("JPEG")[:2] + jpeg_segment(0xFE, text) + encoded("JPEG")[2:],
    "GIF": _gif_comment,
}
TRAILER_INTO: Mapping[str, Callable[[bytes], bytes]] = {
    kind: lambda body, kind=kind: encoded(kind) + body  # type: ignore[misc]
    for kind in ("JPEG", "PNG", "WEBP", "GIF")
}
