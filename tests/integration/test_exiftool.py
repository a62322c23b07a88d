"""exiftool as an oracle: what it writes is found, what it reads is what is read here, and its edits leave the digest.

It is the reference for metadata and shares no code with this product, which never runs it.
"""

from pathlib import Path

import pytest
from support.corpus import VALUES, specimens
from support.exiftool import edited, needs_exiftool, read
from support.metadata import encoded
from support.shared import shared

from provenance.evidence import CATALOGUE, Field, scan
from provenance.evidence.decoding import read_fields
from provenance.picture import read_metadata, read_picture

AI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

pytestmark = needs_exiftool


def pictures() -> dict[str, bytes]:
    """Return one file of each kind that exiftool 12 can write; WebP is none of them."""
    return {
        **{
            ending: encoded(kind) for ending, kind in (("jpg", "JPEG"), ("png", "PNG"), ("tif", "TIFF"), ("gif", "GIF"))
        },
        "avif": encoded("AVIF"),
    }


ENDINGS = sorted(pictures())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_caption_written_by_exiftool_leaves_the_digest_as_it_is(tmp_path: Path, ending: str) -> None:
    data = pictures()[ending]
    arguments = ["-XMP-dc:Description=Zoë at the window", "-XMP-dc:Creator=Jane"]
    if ending != "gif":
        arguments += ["-EXIF:ImageDescription=Zoë", "-EXIF:Orientation#=6", "-EXIF:Artist=Jane"]
    changed = edited(tmp_path, data, ending, *arguments)
    assert read_picture(changed).digest == read_picture(data).digest


def test_a_caption_written_by_exiftool_leaves_the_digest_of_a_real_heic_as_it_is(tmp_path: Path) -> None:
    data = shared("photos", "formats", "sample1.heic").read_bytes()
    changed = edited(tmp_path, data, "heic", "-XMP-dc:Description=Zoë", "-EXIF:Artist=Jane")
    assert read_picture(changed).digest == read_picture(data).digest
    assert {"xmp:dc:description", "exif:Artist"} <= {field.name for field in fields(changed)}


def fields(data: bytes) -> list[Field]:
    return [field for block in read_metadata(data) for field in read_fields(block)]


WRITTEN = {
    "source-type.trained-algorithmic-media": f"-XMP-iptcExt:DigitalSourceType={AI}",
    "google.credit": "-XMP-photoshop:Credit=Made with Google AI",
    "apple.directions": "-XMP-photoshop:Instructions=Edited using Generative AI",
    "tool.generator": "-XMP-xmp:CreatorTool=Adobe Firefly",
    "tool.enhancer": "-EXIF:Software=Topaz Photo AI",
    "a1111.parameters": f"-EXIF:UserComment={VALUES['a1111.parameters']}",
    "comfyui.prompt": f"-EXIF:Make={VALUES['comfyui.prompt']}",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("code", WRITTEN)
def test_what_exiftool_writes_is_found(tmp_path: Path, ending: str, code: str) -> None:
    argument = WRITTEN[code]
    if ending == "gif" and argument.startswith("-EXIF"):
        pytest.skip("a gif holds no exif")
    found = scan(edited(tmp_path, pictures()[ending], ending, argument))
    assert code in [evidence.marker.code for evidence in found]


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_the_iptc_that_exiftool_writes_is_found(tmp_path: Path, ending: str) -> None:
    changed = edited(tmp_path, pictures()[ending], ending, "-IPTC:Credit=Made with Google AI")
    assert [evidence.marker.code for evidence in scan(changed)] == ["google.credit"]


def test_the_extended_xmp_that_exiftool_writes_is_found(tmp_path: Path) -> None:
    changed = edited(
        tmp_path,
        encoded("JPEG"),
        "jpg",
        "-XMP-dc:Description=" + "a long story " * 8000,
        "-XMP-photoshop:Credit=Made with Google AI",
    )
    assert b"http://ns.adobe.com/xmp/extension/" in changed
    assert [block.flaw for block in read_metadata(changed)] == [None, None]
    assert [evidence.marker.code for evidence in scan(changed)] == ["google.credit"]
    assert any(len(field.value) == 104_000 - 1 for field in fields(changed))


# --- what the tests write themselves is what exiftool reads

ENDING = {"JPEG": "jpg", "PNG": "png", "WebP": "webp", "TIFF": "tif", "AVIF": "avif", "HEIC": "heic", "GIF": "gif"}
# It passes over profiles in hexadecimal where a module of its own is missing, and XMP that is compressed in a PNG.
PASSED_OVER = {"PNG raw profile", "PNG, compressed"}
SEEN = [
    ("tool.enhancer", "exif:Software"),
    ("tool.enhancer", "xmp:xmp:CreatorTool"),
    ("google.credit", "iptc:2:110"),
    ("apple.directions", "xmp:photoshop:Instructions"),
    ("a1111.parameters", "exif:UserComment"),
    ("a1111.parameters", "text:parameters"),
]


@pytest.mark.parametrize(("code", "field"), SEEN)
def test_exiftool_reads_the_corpus_as_it_is_read_here(tmp_path: Path, code: str, field: str) -> None:
    marker = next(marker for marker in CATALOGUE if marker.code == code)
    tried = 0
    for specimen in specimens(marker):
        kind = specimen.container.split()[0].rstrip(",")
        if specimen.field != field or kind not in ENDING or specimen.container in PASSED_OVER:
            continue
        path = tmp_path / f"{tried}.{ENDING[kind]}"
        path.write_bytes(specimen.data)
        # Line breaks in a UserComment are shown as dots.
        values = [str(value).replace("..", ".") for value in read(path).values()]
        expected = VALUES[code].replace("\n", ".")
        assert expected in [value.replace("\n", ".") for value in values], str(specimen)
        tried += 1
    assert tried >= 2


SAME = {
    **{"exif:Make": "IFD0:Make", "exif:Model": "IFD0:Model", "exif:Software": "IFD0:Software"},
    **{"exif:DateTimeOriginal": "ExifIFD:DateTimeOriginal", "exif:ISO": "ExifIFD:ISO"},
    **{"xmp:xmp:CreatorTool": "XMP-xmp:CreatorTool", "xmp:dc:format": "XMP-dc:Format", "iptc:2:55": "IPTC:DateCreated"},
}
PRESENT = {"exif:MakerNote", "exif:BodySerialNumber", "exif:LensSerialNumber", "exif:GPS"}


@pytest.mark.parametrize("folder", ["cameras", "formats", "portraits"])
def test_real_files_are_read_as_exiftool_reads_them(folder: str) -> None:
    compared = 0
    for path in sorted(shared("photos", folder).iterdir()):
        theirs = read(path)
        ours = {field.name: field.value for field in fields(path.read_bytes())}
        for name, key in SAME.items():
            value = str(theirs[key]).strip() if key in theirs else None
            if name == "iptc:2:55" and value is not None:
                value = value.replace(":", "")
            assert ours.get(name) == value, f"{path.name}: {name}"
            compared += value is not None
        assert ("exif:GPS" in ours) == any(key.startswith("GPS:") for key in theirs), path.name
        assert ("exif:BodySerialNumber" in ours) == ("ExifIFD:SerialNumber" in theirs), path.name
    assert compared >= 15 or folder == "portraits"
