"""Cards that are photographed before a person is: whose consent one in a picture names, and when that was taken.

Needs the extra `cards`; its library is imported where it is used.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provenance.errors import InputError
from provenance.extras import check_extra
from provenance.picture.formats import DECODED

PREFIX: Final = "PROVENANCE:CONSENT:"
NEEDS: Final = ("segno", "zxingcpp")

# A JPEG is decoded at a half to an eighth of its size; at this one, a card that fills a twentieth of the frame's width
# is still read.
_SIDE: Final = 1500
_EXIF_DIRECTORY: Final = 0x8769
_TAKEN, _TAKEN_FRACTION = 0x9003, 0x9291
_MOMENT: Final = re.compile(r"[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a shoot.

    Attributes:
        cards: what stands on the cards in it, in alphabetical order; empty for a picture of a person.
        taken: the camera's own time, which sorts as text; None where there is none.
    """

    cards: tuple[str, ...] = ()
    taken: str | None = None


def check_installed() -> None:
    """Check that what makes and reads cards is there, without loading it.

    Raises:
        MissingExtraError: it is not.
    """
    check_extra("cards", *NEEDS, place="cards")


def look_for_cards(data: bytes) -> Frame:
    """Return which cards are in a picture, and when it was taken; other QR codes are passed over.

    Raises:
        InputError: the picture cannot be decoded, so that nobody can say whether a card is in it (`card-unread`).
    """
    import zxingcpp
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=DECODED) as image:
            taken = _taken(image.getexif().get_ifd(_EXIF_DIRECTORY))
            image.draft("L", (_SIDE, _SIDE))
            grey = image.convert("L")
            grey.thumbnail((2 * _SIDE, 2 * _SIDE))
    except Exception as error:
        # Each decoder has errors of its own kinds.
        raise InputError(
            "cards: the picture cannot be decoded, so that no card can be seen", code="card-unread"
        ) from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    texts = {code.text.removeprefix(PREFIX) for code in found if code.text.startswith(PREFIX)}
    return Frame(tuple(sorted(texts)), taken)


def _taken(tags: Mapping[int, Any]) -> str | None:
    moment, fraction = tags.get(_TAKEN), tags.get(_TAKEN_FRACTION)
    if not isinstance(moment, str) or not _MOMENT.fullmatch(moment.rstrip("\x00 ")):
        return None
    digits = fraction.strip("\x00 ") if isinstance(fraction, str) else ""
    return f"{moment.rstrip(chr(0) + ' ')}.{digits if digits.isdecimal() else '0'}"
