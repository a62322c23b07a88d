"""`provenance verify` as a command: many files on one core and on two, and the start of it; noted, never asserted."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import SCRIPT, environment
from support.pictures import draw_jpeg
from support.ratios import compare, interleaved, seconds
from support.studios import make_studio, record_consent

from provenance.credentials.manifest import Declaration
from provenance.stamping import Stamper, StampRequest
from provenance.studio import StudioStampDesk
from provenance_cli._options import cores

pytestmark = pytest.mark.benchmark

BATCH = 500
SIZE = (3000, 2000)


def stamped(folder: Path, number: int, size: tuple[int, int]) -> Path:
    """Return the folder of a studio that has stamped this many pictures, in `published`."""
    studio = make_studio(folder / "studio")
    keys, code = studio.unlock(None), record_consent(studio).code
    sources = [draw_jpeg(folder / f"{n}.jpg", size=size, seed=n) for n in range(number)]
    out = folder / "studio" / "published"
    requests = [StampRequest(path, out / path.name, Declaration.CAMERA, (code,)) for path in sources]
    outcomes = {result.outcome for result in Stamper(StudioStampDesk(keys), signer=keys.claim_signer()).stamp(requests)}
    studio.close()
    assert outcomes == {"stamped"}
    return folder / "studio"


def verify(studio: Path, *arguments: str) -> None:
    ran = subprocess.run(
        [SCRIPT, "verify", *arguments], cwd=studio, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_five_hundred_pictures_on_one_core_and_on_two(tmp_path: Path) -> None:
    studio = stamped(tmp_path, BATCH, SIZE)

    def batch(jobs: int) -> float:
        return BATCH / seconds(lambda: verify(studio, "published", "--brief", "-j", str(jobs)))

    measured = interleaved({"two at a time": lambda: batch(2), "one at a time": lambda: batch(1)}, rounds=5)
    title = f"`provenance verify`, {BATCH} JPEGs of 6 megapixels, its start included, on {cores()} cores"
    compare(title, measured, unit="files/s", goals={"one at a time": "≥ 1.6×"})


def test_the_start_on_a_small_file(tmp_path: Path) -> None:
    studio = stamped(tmp_path, 1, (600, 400))
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
