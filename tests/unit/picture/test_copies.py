import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.pictures import draw, draw_jpeg
from support.refusals import refused

from provenance.errors import InputError
from provenance.picture import PictureFormat, identify
from provenance.picture.copies import COPY_FORMATS, THUMBNAIL_SIDE, make_copy, make_thumbnail

JPEG, PNG, WEBP = COPY_FORMATS
ORIENTATION, CAMERA, SOFTWARE, WIDTH = 0x0112, 0x0110, 0x0131, 0x0100
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\xc3\x9f</x:xmpmeta>'
PROFILE = b"a colour profile"


def encoded(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("kind", COPY_FORMATS)
@pytest.mark.parametrize(("width", "size"), [(None, (300, 200)), (150, (150, 100)), (1, (1, 1)), (301, (300, 200))])
def test_a_copy_is_at_most_as_wide_and_keeps_its_shape(
    kind: PictureFormat, width: int | None, size: tuple[int, int]
) -> None:
    copy = make_copy(encoded(draw(size=(300, 200))), width=width, kind=kind)
    assert identify(copy) is kind
    assert opened(copy).size == size


@pytest.mark.parametrize("kind", COPY_FORMATS)
def test_what_belongs_to_the_picture_goes_along(kind: PictureFormat) -> None:
    exif = Image.Exif()
    exif[CAMERA], exif[SOFTWARE] = "K10D", "An editor"
    original = encoded(draw(size=(60, 40)), "JPEG", exif=exif, icc_profile=PROFILE, xmp=XMP)
    copy = opened(make_copy(original, width=30, kind=kind))
    assert copy.info["icc_profile"] == PROFILE
    assert copy.info["xmp"] == XMP
    assert dict(copy.getexif()) == {CAMERA: "K10D", SOFTWARE: "An editor"}


def test_how_the_pixels_of_a_tiff_file_lie_stays_behind() -> None:
    original = encoded(draw(size=(60, 40)), "TIFF", software="An editor")
    assert WIDTH in opened(original).getexif()
    assert dict(opened(make_copy(original, width=30, kind=JPEG)).getexif()) == {SOFTWARE: "An editor"}


def test_a_picture_is_turned_as_it_says_and_only_once() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    original = encoded(draw(size=(60, 40)), "JPEG", exif=exif, xmp=XMP)
    copy = opened(make_copy(original, width=20, kind=JPEG))
    assert copy.size == (20, 30)
    assert ORIENTATION not in copy.getexif()
    # It may say the same of the orientation as EXIF did.
    assert "xmp" not in copy.info


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (255, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_becomes_white_where_nothing_can_be(mode: str, colour: tuple[int, ...]) -> None:
    copy = opened(make_copy(encoded(Image.new(mode, (40, 40), colour)), width=20, kind=JPEG))
    assert copy.getpixel((5, 5)) == (255, 255, 255)
    kept = opened(make_copy(encoded(Image.new(mode, (40, 40), colour)), width=20, kind=PNG))
    assert kept.mode == mode


def test_a_picture_of_few_colours_is_one_of_many() -> None:
    copy = opened(make_copy(encoded(draw(size=(60, 40)).quantize(16)), width=30, kind=JPEG))
    assert copy.mode == "RGB"


def test_the_same_picture_makes_the_same_copy(tmp_path: Path) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    assert make_copy(data, width=50, kind=WEBP) == make_copy(data, width=50, kind=WEBP)


@pytest.mark.parametrize("mode", ["CMYK", "I;16"])
def test_colours_that_would_change_are_refused(mode: str) -> None:
    original = encoded(Image.new(mode, (40, 40)), "TIFF")
    hint = "convert it to srgb with your editor, and stamp that with --as derivative --parent FILE"
    message = f"copy: expected colours in rgb or grey of 8 bits, got {mode.lower()}"
    with refused(InputError, message, code="copy-colours", hint=hint):
        make_copy(original, width=20, kind=JPEG)


def test_a_file_of_several_pictures_is_refused() -> None:
    original = encoded(draw(), "WEBP", save_all=True, append_images=[draw(seed=1)])
    with refused(InputError, "copy: expected one picture in the file, got several", code="copy-frames"):
        make_copy(original, width=20, kind=JPEG)


HINT = "make the copy with your editor, and stamp it with --as derivative --parent FILE"


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    data = draw_jpeg(tmp_path / "a.jpg").read_bytes()
    for wrong in (b"", b"a text", data[:400]):
        with refused(
            InputError, "copy: the picture cannot be read or written as image/png: …", code="copy-failed", hint=HINT
        ):
            make_copy(wrong, width=20, kind=PNG)


def test_what_the_format_cannot_hold_is_refused() -> None:
    wide = encoded(Image.new("L", (16_400, 4)))
    with refused(
        InputError, "copy: the picture cannot be read or written as image/webp: …", code="copy-failed", hint=HINT
    ):
        make_copy(wide, width=None, kind=WEBP)


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    original = encoded(draw(size=(60, 40)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with refused(
        InputError, "copy: the picture cannot be read or written as image/png: …", code="copy-failed", hint=HINT
    ):
        make_copy(original, width=20, kind=PNG)


# --- thumbnails


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_thumbnail_is_small_and_says_nothing(kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        pytest.skip("a jpeg has no transparency")
    exif = Image.Exif()
    exif[CAMERA], exif[ORIENTATION] = "K10D", 6
    original = encoded(draw(size=(1400, 900)).convert(mode), kind, exif=exif)
    small = make_thumbnail(original)
    image = opened(small)
    assert identify(small) is JPEG
    assert max(image.size) == THUMBNAIL_SIDE
    # Turned as the picture says.
    assert image.width < image.height
    assert not dict(image.getexif())
    assert b"K10D" not in small


def test_a_small_picture_stays_as_it_is() -> None:
    assert opened(make_thumbnail(encoded(draw(size=(60, 40))))).size == (60, 40)


def test_a_comment_does_not_go_into_a_thumbnail() -> None:
    target = io.BytesIO()
    draw(size=(40, 30)).convert("RGB").save(target, "JPEG", comment=b"taken at her home")
    assert b"taken at her home" in target.getvalue()
    assert b"taken at her home" not in make_thumbnail(target.getvalue())


def test_a_picture_that_cannot_be_decoded_gets_no_thumbnail() -> None:
    with refused(
        InputError,
        "thumbnail: the picture cannot be read: …",
        code="thumbnail-failed",
        hint="stamp it without --thumbnail",
    ):
        make_thumbnail(b"something else")


def test_a_damaged_picture_is_one_plain_line_whatever_its_decoder_says() -> None:
    """The decoder of AVIF raises what no other one does."""
    target = io.BytesIO()
    Image.effect_noise((160, 120), 80).convert("RGB").save(target, "AVIF")
    data = target.getvalue()
    start = data.index(b"mdat") + 4
    damaged = data[:start] + bytes(len(data) - start)
    with pytest.raises(InputError, match=r"^thumbnail: the picture cannot be read: "):
        make_thumbnail(damaged)
    with pytest.raises(InputError, match=r"^copy: the picture cannot be read or written as image/jpeg: "):
        make_copy(damaged, width=80, kind=JPEG)


def test_nothing_is_decoded_by_another_program() -> None:
    """For PostScript, Pillow starts one."""
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    with pytest.raises(InputError, match=r"^thumbnail: the picture cannot be read: cannot identify image file "):
        make_thumbnail(data)
