"""Small pictures out of credentials, made anew: what strangers put there is decoded here, and never shown as it is."""

import base64
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.verification.chain import ChainStep

MAX_SHOWN: Final = 12
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_PIXELS: Final = 4_000_000
SIDE: Final = 320
ROLES: Final = ("parentOf", "inputTo", "componentOf")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a picture was made from, as the page draws it.

    Attributes:
        role: `parentOf`, `componentOf`, `inputTo`, or `bare` for what carries no credential.
        issuer: who issued its credential, or None; hostile.
        verifies: whether nothing about it failed; None where there is nothing to verify.
        picture: base64 of a JPEG, or None where there is none to show.
    """

    role: str
    issuer: str | None
    verifies: bool | None
    picture: str | None


def sources_of(chain: Sequence[ChainStep]) -> tuple[Source, ...]:
    """Return what a picture was made from, the nearest first; at most `MAX_SHOWN`."""
    found: list[Source] = []
    for number, step in enumerate(chain):
        if number:
            # Whoever made the manifest may have written anything.
            role = step.role if step.role in ROLES else ROLES[-1]
            found.append(Source(role, step.issuer, step.verifies, redrawn(step.thumbnail)))
        drawn = [redrawn(data) for data in step.bare_thumbnails[:MAX_SHOWN]]
        found += [Source("bare", None, None, picture) for picture in drawn if picture is not None]
        if len(found) >= MAX_SHOWN:
            break
    return tuple(found[:MAX_SHOWN])


def redrawn(data: bytes | None) -> str | None:
    """Return a picture drawn anew as a small JPEG, in base64; None where it is none, or too much of one."""
    # Takes 40 ms to import.
    from PIL import Image, ImageOps

    if data is None or len(data) > MAX_BYTES:
        return None
    made = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Two decoders, and none of the dozens that Pillow has beside them.
            with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
                if image.width * image.height > MAX_PIXELS or getattr(image, "n_frames", 1) > 1:
                    return None
                image.draft("RGB", (SIDE, SIDE))
                small = ImageOps.exif_transpose(image).convert("RGB")
                small.thumbnail((SIDE, SIDE))
                # A comment would go along.
                small.info.clear()
                small.save(made, "JPEG", quality=80)
    except Exception:  # hostile pictures make decoders fail in more ways than they document
        return None
    return base64.b64encode(made.getvalue()).decode("ascii")
