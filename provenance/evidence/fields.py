"""The one form that markers are matched on: a named field, wherever it came from."""

from dataclasses import dataclass

# Of one value, only so many characters are looked at; every marker shows itself in the first few thousand.
MAX_VALUE = 1_048_576


@dataclass(frozen=True, slots=True)
class Field:
    """One datum of a picture's metadata.

    Attributes:
        name: where it belongs: `exif:Make`, `xmp:dc:description`, `iptc:2:110`, `text:parameters`, `trailer`,
            `c2pa:softwareAgent`; `flaw` for metadata that cannot be read.
        place: where it lies in the file, for people.
        value: as text.
    """

    name: str
    place: str
    value: str
