"""Ratios against named peers, taken in one interleaved run; printed, never asserted."""

import functools
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import c2pa
import pytest
from PIL import Image
from support.studios import make_studio, record_consent

from provenance.credentials.manifest import Declaration
from provenance.credentials.origin import DIGITAL_CAPTURE
from provenance.stamping import Stamper, StampRequest
from provenance.studio import StudioStampDesk, StudioStatus
from provenance.verification import Question, Verdict, verify_file

pytestmark = pytest.mark.benchmark

ROUNDS = 15
BATCH = 40
DEFINITION = {
    "claim_generator_info": [{"name": "bare"}],
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_CAPTURE}]},
        }
    ],
}
OFFLINE = {"verify": {"remote_manifest_fetch": False}, "builder": {"thumbnail": {"enabled": False}}}


def test_stamp_and_verify_a_24_megapixel_jpeg_against_the_bare_sdk(tmp_path: Path) -> None:
    source = tmp_path / "24mp.jpg"
    Image.effect_noise((1500, 1000), 60).resize((6000, 4000)).convert("RGB").save(source, quality=90)
    studio = make_studio(tmp_path / "studio")
    keys = studio.unlock(None)
    code = record_consent(studio).code
    signer = keys.claim_signer()
    stamper = Stamper(StudioStampDesk(keys), signer=signer)
    ours, bare = tmp_path / "ours.jpg", tmp_path / "bare.jpg"

    def stamp() -> None:
        request = StampRequest(source, ours, Declaration.CAMERA, (code,), overwrite=True)
        (result,) = stamper.stamp([request])
        assert result.outcome == "stamped", result

    def bare_sign() -> None:
        with (
            c2pa.Context.from_dict(OFFLINE) as context,
            c2pa.Builder(DEFINITION, context=context) as builder,
            c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain_pem) as sdk_signer,
        ):
            builder.sign_file(str(source), str(bare), sdk_signer)

    def verify() -> None:
        report = verify_file(
            ours,
            question=Question(studio.clock.now()),
            anchors=[studio.anchors()],
            known_logs=[studio.log_key],
            source=StudioStatus(studio),
        )
        assert report.verdict is Verdict.PASSED

    def bare_read() -> None:
        with c2pa.Context.from_dict(OFFLINE) as context, c2pa.Reader(str(bare), context=context) as reader:
            assert reader.json()

    def stamp_with_thumbnail() -> None:
        request = StampRequest(source, ours, Declaration.CAMERA, (code,), overwrite=True, thumbnail=True)
        (result,) = stamper.stamp([request])
        assert result.outcome == "stamped", result

    def sdk_thumbnail() -> None:
        with (
            c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": False}}) as context,
            c2pa.Builder(DEFINITION, context=context) as builder,
            c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain_pem) as sdk_signer,
        ):
            builder.sign_file(str(source), str(bare), sdk_signer)

    size = source.stat().st_size / 1e6
    name = f"stamp a 24-megapixel JPEG of {size:.1f} MB with a thumbnail"
    _compare(name, stamp_with_thumbnail, "c2pa-python sign_file with its own", sdk_thumbnail, rounds=5)
    stamp()
    bare_sign()
    _compare(f"stamp a 24-megapixel JPEG of {size:.1f} MB", stamp, "bare c2pa-python sign_file", bare_sign)
    _compare(f"verify a 24-megapixel JPEG of {size:.1f} MB", verify, "bare c2pa-python Reader", bare_read)
    studio.close()


def test_a_batch_of_24_megapixel_jpegs_against_the_sdk_in_a_loop(tmp_path: Path) -> None:
    first = tmp_path / "0.jpg"
    Image.effect_noise((1500, 1000), 60).resize((6000, 4000)).convert("RGB").save(first, quality=90)
    pictures = [tmp_path / f"{number}.jpg" for number in range(BATCH)]
    for number, path in enumerate(pictures[1:], 1):
        path.write_bytes(_with_another_pixel(first.read_bytes(), number))
    studio = make_studio(tmp_path / "studio")
    keys, code = studio.unlock(None), record_consent(studio).code
    signer = keys.claim_signer()
    out, bare = tmp_path / "out", tmp_path / "bare"

    def stamp(jobs: int) -> None:
        shutil.rmtree(out, ignore_errors=True)
        requests = [StampRequest(path, out / path.name, Declaration.CAMERA, (code,)) for path in pictures]
        stamper = Stamper(StudioStampDesk(keys), signer=signer, jobs=jobs)
        assert {result.outcome for result in stamper.stamp(requests)} == {"stamped"}

    def bare_sign() -> None:
        shutil.rmtree(bare, ignore_errors=True)
        bare.mkdir()
        for path in pictures:
            with (
                c2pa.Context.from_dict(OFFLINE) as context,
                c2pa.Builder(DEFINITION, context=context) as builder,
                c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, signer.chain_pem) as sdk_signer,
            ):
                builder.sign_file(str(path), str(bare / path.name), sdk_signer)

    for jobs in (1, 2):
        name = f"stamp {BATCH} JPEGs of 24 megapixels, {jobs} at a time"
        _compare(name, functools.partial(stamp, jobs), "bare c2pa-python in a loop", bare_sign, rounds=3)
    studio.close()


_MANY = """
import sys, time
from pathlib import Path
from support.pictures import draw_jpeg
from support.studios import make_studio, record_consent
from provenance.credentials.manifest import Declaration
from provenance.stamping import Stamper, StampRequest
from provenance.studio import StudioStampDesk
folder, number = Path(sys.argv[1]), int(sys.argv[2])
studio = make_studio(folder / "studio")
keys, code = studio.unlock(None), record_consent(studio).code
sources = [draw_jpeg(folder / f"{n}.jpg", size=(1000, 700), seed=n) for n in range(number)]
requests = [StampRequest(path, folder / "out" / path.name, Declaration.CAMERA, (code,)) for path in sources]
start = time.perf_counter()
stamper = Stamper(StudioStampDesk(keys), signer=keys.claim_signer(), jobs=2)
outcomes = [result.outcome for result in stamper.stamp(requests)]
assert set(outcomes) == {"stamped"}
seconds = time.perf_counter() - start
# Not what the system accounts to a process, which begins with the memory of the one that forked it.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
print(seconds / number * 1000, int(peak.split()[1]) / 1024)
"""


def test_two_thousand_pictures_against_twenty(tmp_path: Path) -> None:
    found = {}
    for number in (20, 2000):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), *sys.path]))
        ran = subprocess.run(
            [sys.executable, "-c", _MANY, str(folder), str(number)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        found[number] = [float(word) for word in ran.stdout.split()]
    (few, small), (many, large) = found[20], found[2000]
    print(
        f"\n2,000 pictures of 0.7 megapixels: {many:.1f} ms each, peak {large:.0f} MB; "
        f"20: {few:.1f} ms, {small:.0f} MB; ratios {many / few:.2f} and {large / small:.2f}"
    )


def test_help_against_importing_click() -> None:
    command = shutil.which("provenance", path=str(Path(sys.executable).parent))
    assert command is not None

    def ours() -> None:
        subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "import click"], check=True)

    _compare("provenance --help", ours, 'python -c "import click"', bare)


def _with_another_pixel(data: bytes, number: int) -> bytes:
    """Return a JPEG file with one other byte in its coded data."""
    at = len(data) // 2 + 7 * number
    while data[at] in (0x00, 0xFE, 0xFF) or data[at - 1] == 0xFF:
        at += 1
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _compare(
    name: str, ours: Callable[[], None], peer_name: str, peer: Callable[[], None], *, rounds: int = ROUNDS
) -> None:
    """Time both in turn, and print the medians and the median of the ratios of neighbours."""
    for work in (ours, peer):  # warm both
        work()
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(rounds)]
    mine, theirs = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"\n{name}: {mine:.1f} ms; {peer_name}: {theirs:.1f} ms; ratio {ratio:.2f} (median of {rounds} pairs)")


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
