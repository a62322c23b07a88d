"""Writes docs/reference/recovery.md from what it measures on a folder of photographs; no figure is typed by hand."""

import io
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageOps

from provenance.errors import InputError
from provenance.recovery.fingerprints import Fingerprint, fingerprints_to_ask, fingerprints_to_keep
from provenance.recovery.searching import ALIKE, COARSE, FingerprintIndex

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "recovery.md"
# In each of these, every file shows something else.
FOLDERS = ("portraits", "cameras", "formats", "generated")
LIMITS = (16, 32, ALIKE, 64, 80, 96)
LARGE = (6000, 4000)

_HEAD = """\
# Finding a picture whose credential was stripped

A fingerprint is the image code of ISO 24138 (ISCC) of a picture or of a part of it, 256 bits long. Two are *alike* when
they differ in at most {alike} bits, and in at most {coarse} of the first 64, which tell of the coarsest shapes. That is
a lead, to be checked by somebody who looks at both pictures: it proves nothing. [A
guide](../guides/lost-credentials.md) shows how a studio keeps and asks them; `provenance.recovery` makes and compares
them (`pip install '.[recovery]'`).

Kept are those of the whole picture, of its centre and upper square, and of its middle in 4:5; from Python also of the
square around a face, where it is said where that is. Asked are those of the whole picture, and of what a plain border
surrounds. `provenance find` calls what differs in up to 16 bits *very like*, up to 32 *like*, and up to {alike}
*somewhat like*. Before any of them it asks for the picture digest: the same digest is the very picture, which is proof.

A border is not cut off before a code is made, as ISO 24138 would have it: a compressed one is not plain any more, and
the backdrop of a portrait may be. In the tables, the share of those that differ in no more bits, and of those that a
search finds. This page is written by `python scripts/recovery_page.py FOLDER` from what it measures.
"""

_LIMITS = """\
What this does not say: the folder holds {portraits} portrait{s} only, so how often portraits of different people before
the same backdrop are taken for one another was **not** measured. They must be expected to be more alike than these.
A picture of soft shapes only, such as the drawing of `provenance demo`, differs in more bits after the same change.
"""


def main() -> None:
    """Measure on the folder that is named, and write the page."""
    folder = Path(sys.argv[1])
    pictures = dict(_pictures(folder))
    unrelated = _unrelated(pictures)
    portraits = sum(name.startswith("portraits/") for name in pictures)
    lines = [
        _HEAD.format(alike=ALIKE, coarse=COARSE),
        f"## What is found again, of {len(pictures)} pictures",
        "",
        *_table("what was done to the picture", _recall(pictures)),
        "",
        "## What is taken for another picture",
        "",
        *_table("pairs of different pictures", {f"{len(unrelated)} pairs": unrelated}),
        "",
        f"The two most alike differ in {min(unrelated)[0]} bits.",
        "",
        _LIMITS.format(portraits=portraits, s="" if portraits == 1 else "s"),
        "## What it costs",
        "",
        *_cost(pictures),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE)


def _pictures(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted(file for name in FOLDERS for file in (folder / name).iterdir()):
        data = path.read_bytes()
        try:
            fingerprints_to_keep(data)
        except InputError:
            continue  # a kind that cannot be decoded has no fingerprint
        with Image.open(io.BytesIO(data)) as image:
            yield f"{path.parent.name}/{path.name}", ImageOps.exif_transpose(image).convert("RGB")


def _changes() -> Mapping[str, Callable[[Image.Image], bytes]]:
    return {
        "saved again as JPEG, quality 50": lambda image: _jpeg(image, 50),
        "400 pixels wide, quality 75": lambda image: _jpeg(_wide(image, 400), 75),
        "128 pixels wide, quality 70": lambda image: _jpeg(_wide(image, 128), 70),
        "15 % brighter": lambda image: _jpeg(image.point(lambda value: min(255, round(value * 1.15))), 85),
        "2 % cut off all around": lambda image: _jpeg(_cut(image, 0.02), 85),
        "5 % cut off all around": lambda image: _jpeg(_cut(image, 0.05), 85),
        "10 % cut off all around": lambda image: _jpeg(_cut(image, 0.10), 85),
        "centre square": lambda image: _jpeg(ImageOps.fit(image, (min(image.size),) * 2), 85),
        "centre square, 200 pixels": lambda image: _jpeg(ImageOps.fit(image, (200, 200)), 80),
        "middle in 4:5": lambda image: _jpeg(_four_to_five(image), 85),
        "a plain border, as of a screenshot": lambda image: _jpeg(_framed(image), 85),
        "turned by 2°": lambda image: _jpeg(image.rotate(2, Image.Resampling.BICUBIC), 85),
        "mirrored": lambda image: _jpeg(ImageOps.mirror(image), 85),
    }


def _recall(pictures: Mapping[str, Image.Image]) -> dict[str, list[tuple[int, bool]]]:
    kept = [fingerprints_to_keep(_png(image)) for image in pictures.values()]
    return {
        what: [
            _nearest(mine, fingerprints_to_ask(change(image)))
            for mine, image in zip(kept, pictures.values(), strict=True)
        ]
        for what, change in _changes().items()
    }


def _unrelated(pictures: Mapping[str, Image.Image]) -> list[tuple[int, bool]]:
    data = [_png(image) for image in pictures.values()]
    kept, asked = [fingerprints_to_keep(one) for one in data], [fingerprints_to_ask(one) for one in data]
    return [_nearest(kept[one], asked[other]) for one, other in itertools.permutations(range(len(data)), 2)]


def _nearest(kept: Sequence[Fingerprint], asked: Sequence[Fingerprint]) -> tuple[int, bool]:
    """Return in how many bits the two most alike differ, and whether a search finds any."""
    bits = min((int.from_bytes(one.code) ^ int.from_bytes(two.code)).bit_count() for one in kept for two in asked)
    return bits, bool(FingerprintIndex((0, one) for one in kept).search(asked))


def _table(title: str, rows: Mapping[str, Sequence[tuple[int, bool]]]) -> Iterator[str]:
    yield f"| {title} | " + " | ".join(f"≤ {limit} bits" for limit in LIMITS) + " | found |"
    yield "| --- |" + " ---: |" * (len(LIMITS) + 1)
    for what, nearest in rows.items():
        counts = [sum(bits <= limit for bits, _ in nearest) for limit in LIMITS]
        counts.append(sum(found for _, found in nearest))
        yield f"| {what} | " + " | ".join(f"{count / len(nearest):.0%}" for count in counts) + " |"


def _cost(pictures: Mapping[str, Image.Image]) -> Iterator[str]:
    # With grain, as a camera's has: what is smooth is decoded many times faster.
    grain = Image.effect_noise(LARGE, 40).convert("RGB")
    large = _jpeg(Image.blend(next(iter(pictures.values())).resize(LARGE), grain, 0.15), 90)
    yield f"* All fingerprints of a JPEG file of 24 megapixels: {_best(lambda: fingerprints_to_keep(large)):.0f} ms."
    asked = fingerprints_to_ask(large)[:1]
    chance = _noise(1_000_000)
    for size in (10_000, 100_000, 1_000_000):
        index = FingerprintIndex(itertools.islice(chance, size))
        yield f"* To look for one among {size:,} fingerprints: {_best(lambda one=index: one.search(asked)):.2f} ms."
        chance = _noise(1_000_000)


def _noise(count: int) -> Iterator[tuple[int, Fingerprint]]:
    import random

    from provenance.recovery.fingerprints import CODE_BYTES, Crop

    data = random.Random(1).randbytes(count * CODE_BYTES)  # noqa: S311 nothing is kept secret with it
    return (
        (number, Fingerprint(Crop.FULL, data[number * CODE_BYTES : (number + 1) * CODE_BYTES]))
        for number in range(count)
    )


def _best(work: Callable[[], object]) -> float:
    """Return the milliseconds of the quickest of seven runs."""
    found = []
    for _ in range(7):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found) * 1000


def _jpeg(image: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()


def _png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=1)
    return target.getvalue()


def _wide(image: Image.Image, width: int) -> Image.Image:
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def _cut(image: Image.Image, share: float) -> Image.Image:
    across, down = round(image.width * share), round(image.height * share)
    return image.crop((across, down, image.width - across, image.height - down))


def _four_to_five(image: Image.Image) -> Image.Image:
    width = min(image.width, round(image.height * 4 / 5))
    return ImageOps.fit(image, (width, min(image.height, round(image.width * 5 / 4))))


def _framed(image: Image.Image) -> Image.Image:
    side = max(image.size) // 10
    return ImageOps.expand(image, border=(side, side // 2, side, 2 * side), fill=(32, 33, 36))


if __name__ == "__main__":
    main()
