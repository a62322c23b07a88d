import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from support.pictures import draw_scene as scene
from support.refusals import refused
from support.shared import shared

from provenance.errors import InputError, MissingExtraError
from provenance.recovery.fingerprints import (
    CODE_BYTES,
    Crop,
    FaceBox,
    Fingerprint,
    check_installed,
    fingerprints_to_ask,
    fingerprints_to_keep,
)

WHOLE, SQUARE, UPPER, FOUR_TO_FIVE, FACE = (
    Crop.FULL,
    Crop.CENTRE_SQUARE,
    Crop.UPPER_SQUARE,
    Crop.FOUR_TO_FIVE,
    Crop.FACE,
)


def encoded(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **settings)
    return target.getvalue()


def distance(one: Fingerprint, other: Fingerprint) -> int:
    return (int.from_bytes(one.code) ^ int.from_bytes(other.code)).bit_count()


def whole(image: Image.Image, kind: str = "PNG", **settings: Any) -> Fingerprint:
    return fingerprints_to_ask(encoded(image, kind, **settings))[0]


@pytest.mark.parametrize(
    ("size", "crops"),
    [
        ((400, 600), [WHOLE, SQUARE, UPPER, FOUR_TO_FIVE]),
        ((600, 400), [WHOLE, SQUARE, FOUR_TO_FIVE]),
        ((400, 500), [WHOLE, SQUARE, UPPER]),
        ((400, 400), [WHOLE, FOUR_TO_FIVE]),
    ],
)
def test_each_crop_that_differs_is_kept_once(size: tuple[int, int], crops: list[Crop]) -> None:
    kept = fingerprints_to_keep(encoded(scene(*size)))
    assert [fingerprint.crop for fingerprint in kept] == crops
    assert {len(fingerprint.code) for fingerprint in kept} == {CODE_BYTES}


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (WHOLE, (0, 0, 400, 600)),
        (SQUARE, (0, 100, 400, 500)),
        (UPPER, (0, 0, 400, 400)),
        (FOUR_TO_FIVE, (0, 50, 400, 550)),
        (FACE, (120, 60, 280, 220)),
    ],
)
def test_a_crop_is_the_fingerprint_of_the_picture_cropped_so(crop: Crop, box: tuple[int, int, int, int]) -> None:
    image = scene()
    face = FaceBox(left=160 / 400, top=100 / 600, right=240 / 400, bottom=180 / 600)
    kept = {found.crop: found for found in fingerprints_to_keep(encoded(image), face=face)}
    others = [found for other, found in kept.items() if other is not crop]
    cropped = whole(image.crop(box))
    assert distance(kept[crop], cropped) <= 16
    assert min(distance(other, cropped) for other in others) > distance(kept[crop], cropped)


def test_a_face_at_the_edge_is_taken_as_far_as_the_picture_reaches() -> None:
    kept = fingerprints_to_keep(encoded(scene()), face=FaceBox(0.9, 0.9, 1, 1))
    assert distance(kept[-1], whole(scene().crop((320, 510, 400, 600)))) <= 48
    assert fingerprints_to_keep(encoded(Image.new("L", (1, 1))), face=FaceBox(0.1, 0.1, 0.2, 0.2))


@pytest.mark.parametrize("box", [(-0.1, 0, 1, 1), (0, 0, 1.1, 1), (0.5, 0, 0.5, 1), (0, 0.6, 1, 0.5)])
def test_a_face_outside_the_picture_is_refused(box: tuple[float, float, float, float]) -> None:
    message = "face: expected a box inside the picture, of parts of its width and height"
    with refused(InputError, message, code="face-box"):
        FaceBox(*box)


@pytest.mark.parametrize("quality", [40, 90])
def test_a_smaller_and_compressed_copy_is_alike(quality: int) -> None:
    small = scene().resize((200, 300), Image.Resampling.LANCZOS)
    assert distance(whole(scene()), whole(small, "JPEG", quality=quality)) <= 16


def test_a_picture_is_turned_as_its_orientation_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = scene().rotate(90, expand=True)
    assert distance(whole(scene()), whole(turned, exif=exif)) == 0
    assert distance(whole(scene()), whole(turned)) > 48


def test_what_is_transparent_is_white() -> None:
    image = scene()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    black = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    assert distance(whole(image), whole(white.convert("RGB"))) <= 16 < distance(whole(image), whole(black))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    assert distance(whole(scene()), whole(scene().convert(mode))) <= 24


def test_a_picture_of_black_and_white_is_read() -> None:
    assert distance(whole(scene()), whole(scene().convert("1"))) <= 48


@pytest.mark.parametrize("quality", [60, 95])
def test_a_plain_border_is_left_out_of_what_is_asked(quality: int) -> None:
    framed = encoded(ImageOps.expand(scene(), border=(90, 40, 20, 160), fill=(30, 30, 34)), "JPEG", quality=quality)
    full, inner = fingerprints_to_ask(framed)
    assert (full.crop, inner.crop) == (Crop.FULL, Crop.UNFRAMED)
    assert distance(inner, whole(scene())) <= 48 < distance(full, whole(scene()))


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (3000, 2)])
def test_a_plain_picture_has_one_fingerprint_and_no_border(size: tuple[int, int]) -> None:
    assert [found.crop for found in fingerprints_to_ask(encoded(Image.new("RGB", size, "grey")))] == [Crop.FULL]
    assert fingerprints_to_keep(encoded(Image.new("RGB", size, "grey")))


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(scene())[:900], encoded(scene(), "JPEG")[:900]])
def test_what_cannot_be_decoded_is_refused(data: bytes) -> None:
    with refused(InputError, "fingerprint: the picture cannot be decoded", code="fingerprint-unread"):
        fingerprints_to_keep(data)


@pytest.mark.parametrize("kind", ["EPS", "BMP", "PPM", "ICO"])
def test_what_nobody_stamps_is_not_decoded(kind: str) -> None:
    # Pillow would: EPS with Ghostscript, which is another program.
    data = encoded(scene().resize((64, 64)), kind)
    with refused(InputError, "fingerprint: the picture cannot be decoded", code="fingerprint-unread"):
        fingerprints_to_ask(data)


def test_fewer_pixels_may_be_decoded_for_strangers() -> None:
    data = encoded(Image.new("L", (400, 300)))
    with refused(InputError, "fingerprint: expected at most 1000 pixels, got 400 × 300", code="fingerprint-unread"):
        fingerprints_to_ask(data, max_pixels=1000)
    assert fingerprints_to_ask(data, max_pixels=120_000)


def test_more_pixels_than_are_safe_to_decode_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(scene())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
    with refused(InputError, "fingerprint: the picture cannot be decoded", code="fingerprint-unread"):
        fingerprints_to_ask(data)


def test_only_what_is_decoded_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    large = scene(1200, 1800)
    monkeypatch.setattr("provenance.recovery.fingerprints._MAX_PIXELS", 1_000_000)
    assert distance(whole(scene()), whole(large, "JPEG")) <= 24
    message = "fingerprint: expected at most 1000000 pixels, got 1200 × 1800"
    with refused(InputError, message, code="fingerprint-unread"):
        whole(large)


def test_the_decoder_says_nothing_by_itself(tmp_path: Path) -> None:
    # Of so many colours it would write a line to standard error.
    data = bytearray(encoded(scene(40, 40), "TIFF"))
    samples = data.index(b"\x15\x01\x03\x00\x01\x00\x00\x00")
    data[samples + 8 : samples + 10] = b"\x00\x08"
    (tmp_path / "a.tif").write_bytes(data)
    program = (
        "import sys\nfrom provenance.errors import InputError\n"
        "from provenance.recovery.fingerprints import fingerprints_to_ask\n"
        "try: fingerprints_to_ask(open(sys.argv[1], 'rb').read())\n"
        "except InputError as error: print(error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "a.tif"], capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("fingerprint: the picture cannot be decoded\n", "")


def test_a_picture_whose_decoder_has_errors_of_its_own_is_refused() -> None:
    data = bytearray(encoded(scene(64, 64), "AVIF"))
    payload = data.index(b"mdat") + 4
    data[payload:] = bytes(len(data) - payload)
    with refused(InputError, "fingerprint: the picture cannot be decoded", code="fingerprint-unread"):
        fingerprints_to_ask(bytes(data))


def test_colours_of_more_than_8_bits_are_refused() -> None:
    data = encoded(Image.new("I;16", (40, 40), 4000))
    with refused(InputError, "fingerprint: expected colours of 8 bits, got i;16", code="fingerprint-unread"):
        fingerprints_to_ask(data)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed()
    monkeypatch.setattr("provenance.recovery.fingerprints.NEEDS", ("not_there_at_all",))
    message = "recovery: needs the library not_there_at_all, which is not installed"
    with refused(MissingExtraError, message, hint="pip install 'headshot-provenance[recovery]'"):
        fingerprints_to_keep(b"")


def test_a_real_portrait_is_alike_when_it_is_made_smaller_and_unlike_other_photographs() -> None:
    portrait = Image.open(io.BytesIO(shared("photos", "portraits", "nasa-portrait.png").read_bytes())).convert("RGB")
    kept = fingerprints_to_keep(encoded(portrait))
    small = whole(portrait.resize((160, 160)), "JPEG", quality=60)
    assert distance(kept[0], small) <= 24
    for other in sorted(shared("photos", "cameras").glob("*.jpg")):
        asked = fingerprints_to_ask(other.read_bytes())
        assert min(distance(one, two) for one in kept for two in asked) > 64
