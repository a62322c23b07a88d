"""The demonstration's own pictures: drawn, never photographed, so that nobody's face is needed for it."""

import io

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1200, 1500

_EXIF_IFD = 0x8769


def draw_portrait(*, generated: bool) -> bytes:
    """Return a drawn portrait as JPEG: with camera data, or, if `generated`, without any and in other colours."""
    backdrop, skin, cloth = ("#41506b", "#c99b7d", "#2b2f3a") if generated else ("#8d9aa5", "#b98468", "#3b4a3f")
    image = Image.new("RGB", (WIDTH, HEIGHT), backdrop)
    light = Image.new("L", image.size, 0)
    ImageDraw.Draw(light).ellipse((150, 50, 1050, 1050), fill=90)
    image.paste(Image.new("RGB", image.size, "#ffffff"), mask=light.filter(ImageFilter.GaussianBlur(180)))
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 1050, 1050, 2100), fill=cloth)
    draw.rounded_rectangle((500, 850, 700, 1150), 90, fill=skin)
    draw.ellipse((370, 330, 830, 980), fill=skin)
    draw.chord((350, 270, 850, 800), 180, 360, fill="#2a211c")
    for x in (510, 690):
        draw.ellipse((x - 22, 630, x + 22, 656), fill="#241d19")
    draw.arc((520, 730, 680, 850), 20, 160, fill="#6d3f36", width=9)
    image = image.filter(ImageFilter.GaussianBlur(2))
    target = io.BytesIO()
    if generated:
        image.save(target, "JPEG", quality=90)
    else:
        image.save(target, "JPEG", quality=90, exif=_camera_data())
    return target.getvalue()


def _camera_data() -> Image.Exif:
    """Return EXIF data of the kind that a camera writes (CIPA DC-008)."""
    exif = Image.Exif()
    exif[0x010F] = "Demonstration"  # Make
    exif[0x0110] = "Drawn, not photographed"  # Model
    exif[0x0132] = "2026:11:20 10:11:12"  # DateTime
    inner = exif.get_ifd(_EXIF_IFD)
    inner[0x829A] = (1, 160)  # ExposureTime, seconds
    inner[0x829D] = (28, 10)  # FNumber
    inner[0x8827] = 200  # ISO
    inner[0x9003] = "2026:11:20 10:11:12"  # DateTimeOriginal
    inner[0x920A] = (85, 1)  # FocalLength, mm
    return exif
