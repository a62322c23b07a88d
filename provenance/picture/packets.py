"""XMP packets (ISO 16684-1), edited where they lie: what is not touched keeps its bytes, nothing is written anew.

Expat checks the packet and says where each element begins; the bytes of a start tag are then taken apart here, which
is safe as they are known to be well-formed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

from provenance.errors import InputError
from provenance.picture.jpeg import XMP_HEADER
from provenance.picture.properties import PREFIXES, Form, PictureProperties, XmpProperty

MAX_PACKET = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 100_000

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
Name = tuple[str, str]  # namespace and local name

_SEPARATOR = "\x1f"
_ROOT, _DESCRIPTION = (RDF, "RDF"), (RDF, "Description")
_ABOUT = frozenset({(RDF, "about"), ("", "about")})
_XML = "http://www.w3.org/XML/1998/namespace"
_TAG = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"\s++([^\s=/>]++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_TAG_END = re.compile(rb"\s*+(/?)>")
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: Name
    start: int  # of the white space before it
    end: int
    value: bytes  # as it lies there, with its quotes


@dataclass(slots=True)
class _Element:
    name: Name
    start: int
    tag_end: int
    is_empty: bool
    attributes: list[_Attribute]
    end: int = 0
    children: list["_Element"] = field(default_factory=list)


class _Refused(Exception):
    """Stops the parser; its message says why."""


class _Collector:
    """Collects the elements of a packet with the places of their attributes."""

    def __init__(self, packet: bytes, parser: expat.XMLParserType) -> None:
        self._packet, self._parser = packet, parser
        self._open: list[_Element] = []
        self.elements: list[_Element] = []

    def start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Refused("it is nested too deeply")
        if len(self.elements) >= MAX_ELEMENTS:
            raise _Refused("it has too many elements")
        start = self._parser.CurrentByteIndex
        tag = _TAG.match(self._packet, start)
        position = tag.end() if tag else start
        found: list[_Attribute] = []
        names = iter(attributes[::2])
        while match := _ATTRIBUTE.match(self._packet, position):
            position = match.end()
            if match[1] != b"xmlns" and not match[1].startswith(b"xmlns:"):
                found.append(_Attribute(_name(next(names, "")), match.start(), match.end(), match[2]))
        end = _TAG_END.match(self._packet, position)
        if tag is None or end is None or next(names, None) is not None:
            raise _Refused("it has a tag that cannot be taken apart")
        element = _Element(_name(name), start, end.end(), bool(end[1]), found)
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)
        self.elements.append(element)

    def end(self, _: str) -> None:
        element = self._open.pop()
        index = self._parser.CurrentByteIndex
        element.end = element.tag_end if element.is_empty else self._packet.index(b">", index) + 1

    def refuse(self, *_: object) -> None:
        raise _Refused("it declares a document type")


def new_packet(properties: PictureProperties) -> bytes:
    """Return a packet with these properties and nothing else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f'<rdf:RDF xmlns:rdf="{RDF}">'.encode()
        + _description(properties, b'""')
        + b'</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )


def write_into_packet(packet: bytes, properties: PictureProperties, *, place: str) -> bytes:
    """Return a packet with these properties in the place of those of the same names; all else keeps its bytes.

    They stand in a description of their own at the end. What is added comes out of the packet's padding as far as
    that goes, so that the packet keeps its length if it can. Writing the same again changes nothing.

    Raises:
        InputError: the packet is not one that can be edited (`xmp-malformed`).
    """
    text, head, tail = _text(packet, place)
    root = _root(_elements(text, place), place)
    names = {(stated.namespace, stated.name) for stated in properties}
    cuts: list[tuple[int, int]] = []
    about = b'""'
    for description in reversed([child for child in root.children if child.name == _DESCRIPTION]):
        about = next((a.value for a in description.attributes if a.name in _ABOUT), about)
        said = [a for a in description.attributes if a.name not in _ABOUT and a.name[0] != _XML]
        parts: list[_Attribute | _Element] = [*said, *description.children]
        ours = [part for part in parts if part.name in names]
        if ours and len(ours) == len(parts):
            cuts.append((description.start, description.end))
        else:
            cuts += [(part.start, part.end) for part in ours]
    added = _description(properties, about)
    if root.is_empty:
        cuts.append((text.rindex(b"/", root.start, root.tag_end), root.tag_end))
        tag = _TAG.match(text, root.start)
        added = b">" + added + b"</" + (tag[0][1:] if tag else b"") + b">"
        at = root.tag_end
    else:
        at = text.rindex(b"<", root.start, root.end)
    return _with_length(head + _without(text[:at], cuts) + added + text[at:] + tail, len(packet))


def blank_in_packet(packet: bytes, unwanted: Callable[[Name], bool], *, place: str) -> tuple[bytes, list[Name]]:
    """Return a packet whose unwanted elements and attributes are white space, and their names; its length stays.

    Raises:
        InputError: see `write_into_packet`.
    """
    text, head, tail = _text(packet, place)
    blanked = bytearray(text)
    names: list[Name] = []
    behind = 0
    for element in _elements(text, place):
        if element.start < behind:
            continue  # within one that is blank already
        parts: Iterable[_Element | _Attribute] = [element] if unwanted(element.name) else element.attributes
        for part in parts:
            if unwanted(part.name):
                blanked[part.start : part.end] = b" " * (part.end - part.start)
                names.append(part.name)
                behind = part.end if part is element else behind
    return head + blanked + tail, names


def names_in_packet(packet: bytes, *, place: str) -> set[Name]:
    """Return the names of all elements and attributes of a packet, however they are nested.

    Raises:
        InputError: see `write_into_packet`.
    """
    elements = _elements(_text(packet, place)[0], place)
    return {e.name for e in elements} | {a.name for e in elements for a in e.attributes}


def shorten_padding(packet: bytes, most: int) -> bytes:
    """Return a packet of at most so many bytes, if its padding allows it."""
    return _with_length(packet, most) if len(packet) > most else packet


def _with_length(packet: bytes, length: int) -> bytes:
    """Return a packet with more padding, or with less, so that it has this length if that can be."""
    surplus = len(packet) - length
    end = packet.rfind(b"<?xpacket end")
    if end < 0 or not surplus:
        return packet
    start = len(packet[:end].rstrip(_SPACE))
    return packet[:start] + packet[start + max(surplus, 0) : end] + b" " * -surplus + packet[end:]


def _without(packet: bytes, cuts: list[tuple[int, int]]) -> bytes:
    kept, position = bytearray(), 0
    for start, end in sorted(cuts):
        kept += packet[position:start]
        position = end
    return bytes(kept + packet[position:])


def _description(properties: PictureProperties, about: bytes) -> bytes:
    spaces = dict.fromkeys(stated.namespace for stated in properties)
    declared = "".join(f' xmlns:{PREFIXES[space]}="{space}"' for space in spaces)
    said = "".join(_said(stated) for stated in properties)
    return (
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about='.encode()
        + about
        + f"{declared}>{said}</rdf:Description>".encode()
    )


def _said(stated: XmpProperty) -> str:
    language = ' xml:lang="x-default"' if stated.form is Form.LANGUAGES else ""
    values = [escape(value, quote=False) for value in stated.values]
    inner = values[0]
    if stated.form is not Form.TEXT:
        listed = "".join(f"<rdf:li{language}>{value}</rdf:li>" for value in values)
        inner = f"<rdf:{stated.form.value}>{listed}</rdf:{stated.form.value}>"
    return f"<{stated.qualified}>{inner}</{stated.qualified}>"


def _root(elements: list[_Element], place: str) -> _Element:
    roots = [element for element in elements if element.name == _ROOT]
    if len(roots) != 1:
        raise malformed(place, f"it has {len(roots)} rdf:RDF elements")
    return roots[0]


def _text(packet: bytes, place: str) -> tuple[bytes, bytes, bytes]:
    """Return the XML of a packet, and what lies before and behind it: a mark of the encoding, spaces, zeros."""
    start, end = max(packet.find(b"<"), 0), packet.rfind(b">") + 1
    if len(packet) > MAX_PACKET:
        raise malformed(place, "it is too long")
    # Some writers keep the header that belongs to JPEG.
    if packet[:start].removeprefix(XMP_HEADER).strip(b"\xef\xbb\xbf\x00" + _SPACE) or packet[end:].strip(
        b"\x00" + _SPACE
    ):
        raise malformed(place, "it is not xml in utf-8")
    return packet[start:end], packet[:start], packet[end:]


def _elements(text: bytes, place: str) -> list[_Element]:
    """Return the elements in the order of their start tags."""
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    collector = _Collector(text, parser)
    parser.ordered_attributes = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    # The document type comes before everything that could use it, so that no entity is ever defined.
    parser.StartDoctypeDeclHandler = collector.refuse
    try:
        parser.Parse(text, True)
    except _Refused as reason:
        raise malformed(place, str(reason)) from None
    except expat.ExpatError:
        raise malformed(place, "it is not xml in utf-8") from None
    finally:
        # Otherwise parser and collector keep each other.
        parser.StartElementHandler = parser.EndElementHandler = parser.StartDoctypeDeclHandler = None
    return collector.elements


def malformed(place: str, reason: str) -> InputError:
    """Return the error for a packet that cannot be edited, and is not replaced either."""
    return InputError(
        f"xmp, {place}: the packet cannot be edited: {reason}",
        code="xmp-malformed",
        hint="export the picture again, or take its xmp out with the program that wrote it",
    )


def _name(name: str) -> Name:
    namespace, _, local = name.rpartition(_SEPARATOR)
    return namespace, local
