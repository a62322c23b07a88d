"""Scanning and digesting a 24-megapixel JPEG against named peers, in one interleaved run; printed, never asserted."""

import hashlib
import io
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from support.metadata import CAMERA_TAGS, EXPOSURE_TAGS, with_exif, xmp
from support.pictures import XMP_HEADER, with_segment
from support.ratios import compare, interleaved, seconds

from provenance.evidence import scan
from provenance.picture import read_picture

pytestmark = pytest.mark.benchmark

ROUNDS = 15


def test_scan_and_digest_a_24_megapixel_jpeg(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.effect_noise((1500, 1000), 60).resize((6000, 4000)).convert("RGB").save(target, "JPEG", quality=90)
    packet = xmp(("dc:title", "A portrait"), ("xmp:CreatorTool", "Lightroom"))
    data = with_segment(with_exif(target.getvalue(), CAMERA_TAGS, EXPOSURE_TAGS), 0xE1, XMP_HEADER + packet)
    path = tmp_path / "24mp.jpg"
    path.write_bytes(data)

    def pillow() -> None:
        with Image.open(io.BytesIO(data)) as image:
            image.getexif().get_ifd(0x8769)
            assert image.info["xmp"]

    works: dict[str, Callable[[], object]] = {
        "scan": lambda: scan(data),
        "picture digest": lambda: read_picture(data),
        "sha-256 of the file": lambda: hashlib.sha256(data).digest(),
        "Pillow, EXIF and the first XMP packet": pillow,
    }
    exiftool = shutil.which("exiftool")
    if exiftool is not None:
        command = [exiftool, "-j", "-G1", str(path)]
        works["exiftool, a process of its own"] = lambda: subprocess.run(command, capture_output=True, check=True)
    measured = interleaved({name: partial(seconds, work) for name, work in works.items()}, rounds=ROUNDS)
    milliseconds = {name: [1000 * value for value in values] for name, values in measured.items()}
    compare(f"a 24-megapixel JPEG of {len(data) / 1e6:.1f} MB", milliseconds, unit="ms", goals={"scan": "below 10 ms"})
