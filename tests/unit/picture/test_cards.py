"""Cards in pictures, as a camera sees them."""

import io
import re

import pytest
from PIL import Image, ImageFilter
from support.metadata import with_exif
from support.pictures import draw
from support.refusals import refused

from provenance.errors import InputError
from provenance.paper.card import make_card
from provenance.picture.cards import PREFIX, Frame, look_for_cards

CODE = "D08S-HSSG"


def photographed(
    *codes: str, share: float = 0.2, angle: float = 7, size: tuple[int, int] = (3000, 2000)
) -> Image.Image:
    """Return a picture with cards in it, a little turned and out of focus."""
    frame = draw(size=size)
    for number, code in enumerate(codes):
        with Image.open(io.BytesIO(make_card(code))) as card:
            width = round(size[0] * share)
            small = card.convert("RGB").resize((width, round(width * card.height / card.width)))
        turned = small.rotate(angle, expand=True, fillcolor=(255, 255, 255))
        frame.paste(turned, (150 + number * size[0] // 2, 100))
    return frame.filter(ImageFilter.GaussianBlur(1.5))


def as_jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


@pytest.mark.parametrize("share", [0.4, 0.2, 0.1])
@pytest.mark.parametrize("angle", [0, 31, 90])
def test_a_card_in_a_photograph_is_read(share: float, angle: float) -> None:
    assert look_for_cards(as_jpeg(photographed(CODE, share=share, angle=angle))) == Frame((CODE,))


def test_two_cards_in_one_frame_are_both_read() -> None:
    assert look_for_cards(as_jpeg(photographed("ZZZZ-0000", CODE))).cards == (CODE, "ZZZZ-0000")


def test_the_card_itself_is_read_and_holds_nothing_else() -> None:
    data = make_card(CODE)
    assert look_for_cards(data) == Frame((CODE,))
    with Image.open(io.BytesIO(data)) as card:
        assert (card.size, card.mode, round(card.info["dpi"][0])) == ((1240, 1748), "L", 300)
        assert set(card.info) == {"dpi"}


def test_other_codes_are_passed_over() -> None:
    import segno

    target = io.BytesIO()
    segno.make_qr("https://example.org/menu").save(target, kind="png", scale=8)
    assert look_for_cards(target.getvalue()) == Frame()
    segno.make_qr(PREFIX.lower() + CODE).save(target := io.BytesIO(), kind="png", scale=8)
    assert look_for_cards(target.getvalue()) == Frame()


def test_a_picture_without_a_card_has_none() -> None:
    assert look_for_cards(as_jpeg(draw(size=(1200, 800)))) == Frame()


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        ("2026:05:17 10:11:12", "2026:05:17 10:11:12.0"),
        ("0000:00:00 00:00:00", "0000:00:00 00:00:00.0"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_when_it_was_taken_is_read(moment: str, taken: str | None) -> None:
    data = with_exif(as_jpeg(draw(size=(200, 100))), {}, {0x9003: moment})
    assert look_for_cards(data).taken == taken


def test_the_fraction_of_a_second_is_read() -> None:
    inner = {0x9003: "2026:05:17 10:11:12", 0x9291: "07"}
    data = with_exif(as_jpeg(draw(size=(200, 100))), {}, inner)
    assert look_for_cards(data).taken == "2026:05:17 10:11:12.07"


@pytest.mark.parametrize("data", [b"", b"no picture", as_jpeg(draw(size=(200, 100)))[:900]])
def test_what_cannot_be_decoded_is_refused(data: bytes) -> None:
    message = "cards: the picture cannot be decoded, so that no card can be seen"
    with refused(InputError, message, code="card-unread"):
        look_for_cards(data)


def test_what_is_too_large_to_decode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InputError, match=re.escape("cards: the picture cannot be decoded")):
        look_for_cards(as_jpeg(draw(size=(200, 100))))
