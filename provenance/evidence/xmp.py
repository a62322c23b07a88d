"""XMP packets (ISO 16684-1) flattened into fields, by a parser that follows no declaration and expands no entity."""

import codecs
from collections.abc import Iterator
from xml.parsers import expat

from provenance.evidence.fields import MAX_VALUE, Field

MAX_PACKET = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_FIELDS = 20_000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"
_PREFIXES = {
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
}
_SEPARATOR = "\x1f"


class _TooMuch(Exception):
    """Stops the parser; its message says why."""


class _Flattener:
    """Collects the values of properties: text, attributes and resources, each under its nearest name."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._names: list[str | None] = []
        self._text: list[list[str]] = []
        self.fields: list[Field] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._names) >= MAX_DEPTH:
            raise _TooMuch("it is nested too deeply")
        own = _own_name(name)
        self._names.append(own or (self._names[-1] if self._names else None))
        self._text.append([])
        for key, value in attributes.items():
            namespace, _, local = key.rpartition(_SEPARATOR)
            if namespace == _RDF:
                if local == "resource":
                    self._add(self._names[-1], value)
            elif namespace not in ("", _XML):
                self._add(_own_name(key), value)

    def end(self, _: str) -> None:
        name, text = self._names.pop(), "".join(self._text.pop()).strip()
        if text:
            self._add(name, text)

    def text(self, text: str) -> None:
        if self._text:
            self._text[-1].append(text)

    def refuse(self, *_: object) -> None:
        raise _TooMuch("it declares a document type")

    def _add(self, name: str | None, value: str) -> None:
        if name is None:
            return
        if len(self.fields) >= MAX_FIELDS:
            raise _TooMuch("it has too many properties")
        self.fields.append(Field(f"xmp:{name}", self._place, value[:MAX_VALUE]))


def read_xmp(data: bytes, place: str) -> Iterator[Field]:
    """Yield one field for each value of each property, however it is nested; never an error.

    A packet that declares a document type, is nested too deeply or is no XML yields what came before that, and a
    field called `flaw`.
    """
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)) else "utf-8"
    # Some writers keep the header that belongs to JPEG, and many pad with zeros.
    packet = data if encoding == "utf-16" else data[max(data.find(b"<"), 0) : data.rfind(b">") + 1]
    if not data.strip(b"\x00 \t\r\n"):
        return
    if len(packet) > MAX_PACKET:
        yield Field("flaw", place, "the xmp packet is too long")
        return
    # The encoding is told by the bytes and not by what the packet declares (ISO 16684-1, 7.1).
    parser = expat.ParserCreate(encoding, _SEPARATOR)
    flattener = _Flattener(place)
    parser.buffer_text = True
    parser.StartElementHandler = flattener.start
    parser.EndElementHandler = flattener.end
    parser.CharacterDataHandler = flattener.text
    # The document type comes before everything that could use it, so that no entity is ever defined.
    parser.StartDoctypeDeclHandler = flattener.refuse
    flaw = None
    try:
        parser.Parse(packet, True)
    except _TooMuch as reason:
        flaw = str(reason)
    except expat.ExpatError:
        flaw = "it is not xml"
    finally:
        # Otherwise parser and flattener keep each other.
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.StartDoctypeDeclHandler = None
    yield from flattener.fields
    if flaw is not None:
        yield Field("flaw", place, f"the xmp packet cannot be read: {flaw}")


def _own_name(name: str) -> str | None:
    """Return the short name of a property, or None where it is one of RDF's or of no namespace."""
    namespace, _, local = name.rpartition(_SEPARATOR)
    if namespace in ("", _RDF, "adobe:ns:meta/"):
        return None
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else f"{{{namespace[:120]}}}{local}"
