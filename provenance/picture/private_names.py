"""What tells where a picture was taken, or with which very camera: the names that are taken out before stamping."""

import re

from provenance.picture.packets import Name

# Tags of EXIF, TIFF and DNG, in any directory. Makers' notes hold serial numbers, and some hold places, each in a form
# of its maker's that nobody else describes; so they go as a whole.
EXIF = {
    34853: "GPS",
    37500: "MakerNote",
    42033: "BodySerialNumber",
    42037: "LensSerialNumber",
    50735: "CameraSerialNumber",
    50740: "DNGPrivateData",
}
GPS = 34853

# Datasets of IIM 4.2, record 2: content location, city, sublocation, state, country.
IPTC = frozenset({26, 27, 90, 92, 95, 100, 101})

_IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_XMP: dict[Name, str] = {
    (_IPTC_EXTENSION, "LocationCreated"): "Iptc4xmpExt:LocationCreated",
    (_IPTC_EXTENSION, "LocationShown"): "Iptc4xmpExt:LocationShown",
    (_IPTC_CORE, "Location"): "Iptc4xmpCore:Location",
    (_IPTC_CORE, "CountryCode"): "Iptc4xmpCore:CountryCode",
    (_PHOTOSHOP, "City"): "photoshop:City",
    (_PHOTOSHOP, "State"): "photoshop:State",
    (_PHOTOSHOP, "Country"): "photoshop:Country",
    ("http://ns.adobe.com/exif/1.0/", "MakerNote"): "exif:MakerNote",
}
# In whatever namespace: `exif:GPSLatitude`, `drone-dji:GpsLongitude`, `aux:SerialNumber`, `exifEX:BodySerialNumber`.
_POSITION = re.compile(r"(?i)\A(gps|latitude\Z|longitude\Z)")
_SERIAL = re.compile(r"(?i)serial_?number\Z")
# What some converters write into the texts of a PNG file: `exif:GPSLatitude`.
_TEXT = re.compile(r"(?i)\A(?:exif|xmp|aux|exifex):")


def is_position(name: str) -> bool:
    """Whether a name, with or without its prefix, is that of a position on the earth."""
    return bool(_POSITION.match(name.rpartition(":")[2]))


def is_private_xmp(name: Name) -> bool:
    """Whether the property of this name tells of a place or of one very device."""
    local = name[1]
    return name in _XMP or bool(_POSITION.match(local) or _SERIAL.search(local))


def is_private_text(key: str) -> bool:
    """Whether the text of this key, in a PNG file, is such a datum of EXIF."""
    local = key.rpartition(":")[2]
    return bool(_TEXT.match(key)) and bool(_POSITION.match(local) or _SERIAL.search(local) or local == "MakerNote")


def shown_xmp(name: Name) -> str:
    """Return the name as it is reported."""
    return f"xmp:{_XMP.get(name, name[1])}"
