"""`provenance verify` as a command: many files on one core and on two, and the start of it; noted, never asserted."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from support.commands import SCRIPT, environment
from support.pictures import draw_jpeg
from support.ratios import compare, interleaved, seconds
from support.studios import make_studio, record_consent

from provenance.credentials.manifest import Declaration
from provenance.stamping import Stamper, StampRequest
from provenance.studio import StudioStampDesk

pytestmark = pytest.mark.benchmark

BATCH = 500


def stamped(folder: Path, source: Path) -> Path:
    """Return the folder of a studio that has stamped a picture, as `published/0.jpg`."""
    studio = make_studio(folder / "studio")
    keys, code = studio.unlock(None), record_consent(studio).code
    request = StampRequest(source, folder / "studio" / "published" / "0.jpg", Declaration.CAMERA, (code,))
    (result,) = Stamper(StudioStampDesk(keys), signer=keys.claim_signer()).stamp([request])
    studio.close()
    assert result.outcome == "stamped"
    return folder / "studio"


def test_five_hundred_pictures_on_one_core_and_on_all(tmp_path: Path) -> None:
    source = tmp_path / "24mp.jpg"
    Image.effect_noise((1500, 1000), 60).resize((6000, 4000)).convert("RGB").save(source, quality=90)
    studio = stamped(tmp_path, source)
    for number in range(1, BATCH):
        # Names of one file: a disk is not what is measured.
        os.link(studio / "published" / "0.jpg", studio / "published" / f"{number}.jpg")

    def rate(cores: set[int]) -> float:
        command = [str(SCRIPT), "verify", "published", "--brief"]
        start = time.perf_counter()
        ran = subprocess.run(
            command,
            cwd=studio,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            check=False,
        )
        assert ran.returncode == 0
        return BATCH / (time.perf_counter() - start)

    all_of_them = os.sched_getaffinity(0)
    measured = interleaved(
        {
            f"on {len(all_of_them)} cores": lambda: rate(all_of_them),
            "kept to one core": lambda: rate({min(all_of_them)}),
        },
        rounds=3,
    )
    size = source.stat().st_size / 1e6
    title = f"`provenance verify`, {BATCH} JPEGs of 24 megapixels ({size:.1f} MB), its start included"
    compare(title, measured, unit="files/s", goals={"kept to one core": "≥ 1.6×"})


def test_the_start_on_a_small_file(tmp_path: Path) -> None:
    studio = stamped(tmp_path, draw_jpeg(tmp_path / "small.jpg", size=(600, 400)))
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copyfile(studio / "published" / "0.jpg", outside / "0.jpg")

    def start(folder: Path, name: str, code: int) -> None:
        ran = subprocess.run([SCRIPT, "verify", name], cwd=folder, env=environment(), capture_output=True, check=False)
        assert ran.returncode == code

    def python() -> None:
        subprocess.run([sys.executable, "-c", "import c2pa"], check=True)

    measured = interleaved(
        {
            "outside a studio": lambda: seconds(lambda: start(outside, "0.jpg", 3)),
            "within a studio": lambda: seconds(lambda: start(studio, "published/0.jpg", 0)),
            'python -c "import c2pa"': lambda: seconds(python),
        },
        rounds=15,
    )
    compare(
        "start-up of `provenance verify` on a small file", measured, unit="s", goals={"outside a studio": "≤ 0.35 s"}
    )
