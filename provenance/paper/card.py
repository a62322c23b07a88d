"""The card that is photographed before a person: a QR code with the code of their consent, and nothing else of them."""

import io
from typing import Final

from provenance.picture.cards import PREFIX, check_installed

# At 300 dots an inch, a card of postcard size.
_WIDTH, _HEIGHT = 1240, 1748
_QR_SIDE: Final = 1000
_MARGIN: Final = 120
_QUIET: Final = 4  # modules of white around it, ISO/IEC 18004, 6.3.8


def make_card(code: str) -> bytes:
    """Return the card of a consent as a PNG file, 105 by 148 mm at 300 dots an inch, black on white.

    Args:
        code: of the consent; it stands below the QR code, for people.

    Raises:
        MissingExtraError: what draws it is not installed.
    """
    check_installed()
    import segno
    from PIL import Image, ImageDraw, ImageFont

    drawn = segno.make_qr(f"{PREFIX}{code}", error="q")
    scale = _QR_SIDE // drawn.symbol_size(border=_QUIET)[0]
    target = io.BytesIO()
    drawn.save(target, kind="png", scale=scale, border=_QUIET)
    card = Image.new("L", (_WIDTH, _HEIGHT), 255)
    with Image.open(target) as square:
        card.paste(square.convert("L"), ((_WIDTH - square.width) // 2, _MARGIN))
    middle = _WIDTH // 2
    draw = ImageDraw.Draw(card)
    draw.text((middle, _HEIGHT - 420), code, fill=0, anchor="mm", font=ImageFont.load_default(170))
    draw.text(
        (middle, _HEIGHT - 220), "photograph this card first", fill=90, anchor="mm", font=ImageFont.load_default(56)
    )
    written = io.BytesIO()
    card.save(written, "PNG", dpi=(300, 300))
    return written.getvalue()
