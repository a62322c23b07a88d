"""exiftool as a judge of what is written into metadata and taken out: it reads what was said, and misses no more."""

from pathlib import Path
from typing import Any

import pytest
from support.exiftool import edited, exiftool, needs_exiftool, read
from support.metadata import EXIF_INTO, EXPOSURE_TAGS, IPTC_INTO, XMP_INTO, encoded, iim, tiff, xmp
from support.shared import shared

from provenance.errors import RefusedError
from provenance.picture import read_picture
from provenance.picture.embedding import WRITABLE
from provenance.picture.location import strip_location
from provenance.picture.properties import PictureProperties
from provenance.picture.xmp_writing import write_xmp

pytestmark = needs_exiftool

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
STATED = PictureProperties(
    digital_source_type=GENERATED,
    model_release_status="http://ns.useplus.org/ldf/vocab/MR-LMR",
    model_release_ids=("one & <two>", "three"),
    data_mining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT",
    other_constraints="AI training not allowed; <ask>",
    ai_system="Portrait & Co",
    ai_system_version="1.2 <beta>",
)
SEEN = {
    "XMP-iptcExt:DigitalSourceType": GENERATED,
    "XMP-iptcExt:AISystemUsed": "Portrait & Co",
    "XMP-iptcExt:AISystemVersionUsed": "1.2 <beta>",
    "XMP-plus:ModelReleaseStatus": "MR-LMR",
    "XMP-plus:ModelReleaseID": ["one & <two>", "three"],
    "XMP-plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT",
    "XMP-plus:OtherConstraints": "AI training not allowed; <ask>",
}
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WebP": "webp", "TIFF": "tif"}
# What follows from where things lie, and from the file's own length and date.
ABOUT_THE_FILE = ("SourceFile", "System:", "File:", "ExifTool:")
LAYOUT = {"IFD0:StripOffsets", "IFD1:ThumbnailOffset", "RIFF:AlphaIsUsed", "RIFF:WebP_Flags"}
PASSED_OVER = {"PNG raw profile", "PNG, compressed"}


def pictures() -> dict[str, tuple[str, bytes]]:
    """Return files of every kind that can be written into, by name: ending and bytes."""
    found = {}
    for into, body in ((XMP_INTO, xmp(("dc:title", "Zoë"))), (EXIF_INTO, tiff({0x010F: "Maker"}, EXPOSURE_TAGS))):
        for name, put in into.items():
            kind = name.split()[0].rstrip(",")
            if kind in ENDINGS and name not in PASSED_OVER:
                found[f"{name} {'xmp' if into is XMP_INTO else 'exif'}"] = (ENDINGS[kind], put(body))
    for name in ("JPEG", "TIFF", "TIFF, Photoshop"):
        found[f"{name} iptc"] = (ENDINGS[name.split(",")[0]], IPTC_INTO[name](iim((2, 5, "Zoë"), (2, 110, "Jane"))))
    for kind, ending in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
        found[kind] = (ending, encoded(kind))
    return found


PICTURES = pictures()


def tags(path: Path) -> dict[str, Any]:
    return {
        name: value
        for name, value in read(path).items()
        if not name.startswith(ABOUT_THE_FILE) and name not in LAYOUT and "RIFF:Image" not in name
    }


def written(folder: Path, data: bytes, ending: str) -> dict[str, Any]:
    path = folder / f"written.{ending}"
    path.write_bytes(data)
    return tags(path)


@pytest.mark.parametrize("name", PICTURES)
def test_exiftool_reads_what_is_written_and_all_that_was_there(tmp_path: Path, name: str) -> None:
    ending, data = PICTURES[name]
    before = written(tmp_path, data, ending)
    assert written(tmp_path, write_xmp(data, STATED), ending) == {**before, **SEEN}


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "JPEG xmp", "TIFF xmp"])
def test_exiftool_finds_no_new_fault(tmp_path: Path, name: str) -> None:
    ending, data = PICTURES[name]
    faults = []
    for content in (data, write_xmp(data, STATED)):
        path = tmp_path / f"picture.{ending}"
        path.write_bytes(content)
        faults.append(exiftool("-validate", "-warning", "-error", "-a", path).stdout)
    assert faults[0] == faults[1]


@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_what_exiftool_wrote_is_replaced_and_stays_alone(tmp_path: Path, ending: str) -> None:
    data = edited(
        tmp_path,
        encoded({"jpg": "JPEG", "png": "PNG", "tif": "TIFF"}[ending]),
        ending,
        "-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
        "-XMP-plus:ModelReleaseID=old",
        "-XMP-dc:Description=Zoë at the window",
        "-XMP-dc:Subject=one",
        "-XMP-dc:Subject+=two",
        "-EXIF:Artist=Jane",
    )
    before = written(tmp_path, data, ending)
    assert written(tmp_path, write_xmp(data, STATED), ending) == {**before, **SEEN}


@pytest.mark.parametrize("folder", ["cameras", "formats", "portraits", "generated"])
def test_real_files_keep_every_tag(tmp_path: Path, folder: str) -> None:
    compared = 0
    for path in sorted(shared("photos", folder).iterdir()):
        data = path.read_bytes()
        if read_picture(data).format not in WRITABLE:
            continue
        ending = path.suffix[1:]
        # exiftool shows compressed and foreign texts of a PNG by a number that counts them.
        before, after = written(tmp_path, data, ending), written(tmp_path, write_xmp(data, STATED), ending)
        assert after == {**before, **SEEN}, path.name
        compared += 1
    assert compared


# --- places and serial numbers

PRIVATE = [
    "-GPSLatitude=48.1",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=11.5",
    "-GPSLongitudeRef=E",
    "-GPSDateStamp=2026:05:17",
    "-ExifIFD:SerialNumber=4001234",
    "-ExifIFD:LensSerialNumber=L-998877",
    "-XMP-exif:GPSLatitude=48.1",
    "-XMP-exif:GPSLongitude=11.5",
    "-XMP-aux:SerialNumber=4001234",
    "-XMP-photoshop:City=München",
    "-XMP-photoshop:Country=Germany",
    "-XMP-iptcCore:Location=Studio 3",
    "-XMP-iptcExt:LocationCreatedCity=München",
    "-XMP-iptcExt:LocationShownGPSLatitude=48.1",
]
PRIVATE_IPTC = ["-IPTC:City=München", "-IPTC:Sub-location=Studio", "-IPTC:Country-PrimaryLocationName=Germany"]
PUBLIC = ["-EXIF:Artist=Zoë", "-EXIF:Make=Maker", "-ExifIFD:LensModel=Z 85", "-XMP-dc:Title=Zoë", "-XMP-xmp:Rating=5"]
GONE = ("GPS", "SerialNumber", "City", "Country", "Location", "MakerNote", "Sub-location", ":State")


def is_gone(name: str) -> bool:
    return any(word in name for word in GONE) or name.startswith(("Composite:GPS", "GPS:"))


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "avif"])
def test_exiftool_finds_no_place_any_more_and_all_else(tmp_path: Path, ending: str, order: str) -> None:
    kind = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "avif": "AVIF"}[ending]
    iptc = [*PRIVATE_IPTC, "-IPTC:Headline=Zoë"] if ending in ("jpg", "tif") else []
    data = edited(tmp_path, encoded(kind), ending, "-ExifByteOrder=" + order, *PRIVATE, *PUBLIC, *iptc)
    before = written(tmp_path, data, ending)
    assert sum(map(is_gone, before)) >= 15
    stripped = strip_location(data)
    assert stripped.unread == ()
    after = written(tmp_path, stripped.data, ending)
    assert after == {name: value for name, value in before.items() if not is_gone(name)}
    assert read_picture(stripped.data).digest == read_picture(data).digest
    path = tmp_path / f"written.{ending}"
    assert exiftool("-a", "-gps:all", "-serialnumber", "-lensserialnumber", "-makernotes:all", path).stdout == ""
    assert exiftool("-warning", "-error", path).stdout == ""


def test_extended_xmp_is_still_read_when_its_places_are_gone(tmp_path: Path) -> None:
    story = "a long story " * 8000
    data = edited(tmp_path, encoded("JPEG"), "jpg", *PRIVATE, f"-XMP-dc:Description={story}")
    extended = XMP_INTO["JPEG, extended"](xmp(("photoshop:City", "München"), ("dc:title", "Zoë")))
    for content in (data, extended):
        before = written(tmp_path, content, "jpg")
        after = written(tmp_path, strip_location(content).data, "jpg")
        kept = {name: value for name, value in before.items() if not is_gone(name) and "HasExtended" not in name}
        assert {name: value for name, value in after.items() if "HasExtended" not in name} == kept
        assert exiftool("-warning", tmp_path / "written.jpg").stdout == ""


@pytest.mark.parametrize("folder", ["cameras", "formats", "portraits", "credentials"])
def test_real_files_lose_their_places_and_nothing_else(tmp_path: Path, folder: str) -> None:
    removed = 0
    for path in sorted(shared("photos", folder).iterdir()):
        data = path.read_bytes()
        if path.suffix == ".pem":
            continue
        if read_picture(data).store is not None:
            with pytest.raises(RefusedError):
                strip_location(data)
            continue
        stripped = strip_location(data)
        removed += len(stripped.removed)
        before = written(tmp_path, data, path.suffix[1:])
        after = written(tmp_path, stripped.data, path.suffix[1:])
        # What a maker's note says, and what exiftool computes from it and from positions.
        follows = ("Panasonic:", "Composite:")
        same = {name: v for name, v in before.items() if not is_gone(name) and not name.startswith(follows)}
        assert {name: v for name, v in after.items() if not name.startswith(follows[1])} == same, path.name
        assert read_picture(stripped.data).digest == read_picture(data).digest
    assert removed or folder in ("portraits", "credentials")
