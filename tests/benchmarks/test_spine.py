"""Ratios against named peers, taken in one interleaved run; printed, never asserted."""

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
    definition = {
        "claim_generator_info": [{"name": "bare"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_CAPTURE}]},
            }
        ],
    }

    def stamp() -> None:
        request = StampRequest(source, ours, Declaration.CAMERA, (code,), overwrite=True)
        (result,) = stamper.stamp([request])
        assert result.outcome == "stamped", result

    def bare_sign() -> None:
        with (
            c2pa.Context.from_dict(OFFLINE) as context,
            c2pa.Builder(definition, context=context) as builder,
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

    size = source.stat().st_size / 1e6
    _compare(f"stamp a 24-megapixel JPEG of {size:.1f} MB", stamp, "bare c2pa-python sign_file", bare_sign)
    _compare(f"verify a 24-megapixel JPEG of {size:.1f} MB", verify, "bare c2pa-python Reader", bare_read)
    studio.close()


def test_help_against_importing_click() -> None:
    command = shutil.which("provenance", path=str(Path(sys.executable).parent))
    assert command is not None

    def ours() -> None:
        subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "import click"], check=True)

    _compare("provenance --help", ours, 'python -c "import click"', bare)


def _compare(name: str, ours: Callable[[], None], peer_name: str, peer: Callable[[], None]) -> None:
    """Time both in turn, and print the medians and the median of the ratios of neighbours."""
    for work in (ours, peer):  # warm both
        work()
    pairs = [(_seconds(ours), _seconds(peer)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"\n{name}: {mine:.1f} ms; {peer_name}: {theirs:.1f} ms; ratio {ratio:.2f} (median of {ROUNDS} pairs)")


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
