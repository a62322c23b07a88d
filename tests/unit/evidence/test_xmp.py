import pytest
from support.metadata import xmp
from support.pictures import XMP_HEADER

from provenance.evidence.xmp import read_xmp

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
EVENTS = 'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'


def fields(data: bytes | str) -> list[tuple[str, str]]:
    packet = data.encode() if isinstance(data, str) else data
    return [(field.name, field.value) for field in read_xmp(packet, "here")]


def described(inner: str, attributes: str = "") -> str:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>'
        f'<rdf:Description rdf:about="" {DC} {EVENTS} {attributes}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (described("", 'dc:format="image/jpeg"'), [("xmp:dc:format", "image/jpeg")]),
        (described("<dc:format> image/jpeg </dc:format>"), [("xmp:dc:format", "image/jpeg")]),
        (
            described('<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Zoë</rdf:li></rdf:Alt></dc:title>'),
            [("xmp:dc:title", "Zoë")],
        ),
        (
            described("<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>"),
            [("xmp:dc:subject", "a"), ("xmp:dc:subject", "b")],
        ),
        (
            described('<dc:source rdf:resource="http://example.org/a"/>'),
            [("xmp:dc:source", "http://example.org/a")],
        ),
        (
            described(
                '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:softwareAgent="A"/>'
                '<rdf:li rdf:parseType="Resource"><stEvt:softwareAgent>B</stEvt:softwareAgent></rdf:li>'
                "</rdf:Seq></xmpMM:History>"
            ),
            [("xmp:stEvt:action", "saved"), ("xmp:stEvt:softwareAgent", "A"), ("xmp:stEvt:softwareAgent", "B")],
        ),
        (described("<o:p xmlns:o='urn:o#'>1</o:p>"), [("xmp:{urn:o#}p", "1")]),
        (described("<dc:a>{&quot;b&quot;: 1}<![CDATA[<c>]]></dc:a>"), [("xmp:dc:a", '{"b": 1}<c>')]),
        (described(""), []),
        ("", []),
        (" \x00\x00", []),
    ],
)
def test_properties_are_read_however_they_are_written(packet: str, found: list[tuple[str, str]]) -> None:
    assert fields(packet) == found


def test_a_prefix_is_what_its_namespace_says() -> None:
    packet = xmp(("photoshop:Credit", "x")).replace(b"photoshop:", b"ps:").replace(b":photoshop=", b":ps=")
    assert fields(packet) == [("xmp:photoshop:Credit", "x")]


@pytest.mark.parametrize(
    "packet",
    [
        xmp(("dc:title", "Zoë")) + bytes(500),
        XMP_HEADER + xmp(("dc:title", "Zoë")),
        xmp(("dc:title", "Zoë")).decode().encode("utf-16"),
        b"\xfe\xff" + xmp(("dc:title", "Zoë")).decode().encode("utf-16-be"),
        xmp(("dc:title", "Zoë"), element=True),
    ],
    ids=["padded", "with a header", "utf-16-le", "utf-16-be", "element"],
)
def test_a_packet_is_read_in_its_wrappings_and_encodings(packet: bytes) -> None:
    assert fields(packet) == [("xmp:dc:title", "Zoë")]


@pytest.mark.parametrize(
    ("packet", "found", "flaw"),
    [
        ("no xml", [], "it is not xml"),
        (described("<dc:title>x</dc:title><dc:open>"), [("xmp:dc:title", "x")], "it is not xml"),
        (described("<dc:title>&undefined;</dc:title>"), [], "it is not xml"),
        ("<!DOCTYPE x><x/>", [], "it declares a document type"),
    ],
)
def test_a_packet_that_cannot_be_read_says_so_behind_what_could_be(
    packet: str, found: list[tuple[str, str]], flaw: str
) -> None:
    assert fields(packet) == [*found, ("flaw", f"the xmp packet cannot be read: {flaw}")]
