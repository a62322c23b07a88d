"""A process that stamps with fingerprints is killed: they and the manifest are there with their stamp, once, or not."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import environment
from support.databases import kept_fingerprints
from support.pictures import draw_scene
from support.studios import make_studio, record_consent, stamp_file, verify

from provenance.recovery.fingerprints import fingerprints_to_keep
from provenance.storage.interface import FingerprintRow
from provenance.studio import Studio
from provenance.studio.fingerprints import keep_fingerprints
from provenance.studio.logbook import Logbook
from provenance.verification.report import Verdict

pytestmark = pytest.mark.slow

_WORKER = """
import sys, time
from pathlib import Path
from provenance.credentials.manifest import Declaration
from provenance.stamping import Stamper, StampRequest, batch
from provenance.storage.database import Database
from provenance.studio import Studio, StudioStampDesk

def pause(*args, **kwargs):
    print("REACHED", flush=True)
    time.sleep(600)

folder, code, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if moment == "before":
    add = Database.add_fingerprints
    Database.add_fingerprints = lambda self, rows: (add(self, rows), pause())
elif moment == "after":
    batch.sign_picture = pause
else:
    keep = StudioStampDesk.keep_manifest
    StudioStampDesk.keep_manifest = lambda self, *args: (keep(self, *args), pause())
unlocked = Studio(folder / "studio").unlock(None)
stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer())
list(stamper.stamp([StampRequest(folder / "a.jpg", folder / "b.jpg", Declaration.CAMERA, (code,))]))
"""


@pytest.mark.parametrize(("moment", "entries"), [("before", 3), ("after", 4), ("signed", 4)])
def test_killed_before_or_after_the_commit_nothing_is_lost_or_doubled(
    tmp_path: Path, moment: str, entries: int
) -> None:
    source, out = tmp_path / "a.jpg", tmp_path / "b.jpg"
    draw_scene().save(source)
    expected = sorted((found.crop.value, found.code) for found in fingerprints_to_keep(source.read_bytes()))
    with closing(make_studio(tmp_path / "studio")) as studio:
        keep_fingerprints(studio)
        code = record_consent(studio).code
    command = [sys.executable, "-c", _WORKER, str(tmp_path), code, moment]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({"PYTHONPATH": ":".join(sys.path)}))
    assert process.stdout is not None
    assert process.stdout.readline() == b"REACHED\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not out.exists()
    with closing(Studio(tmp_path / "studio")) as studio:
        assert studio.database.head().size == entries
        assert parts(kept_fingerprints(studio.database)) == ([] if moment == "before" else expected)
        before = studio.database.manifest_of(3)
        assert (before is not None) == (moment == "signed")
        for outcome in ("stamped", "already-stamped"):
            assert stamp_file(studio, source, out, code=code).outcome == outcome
            assert parts(kept_fingerprints(studio.database)) == expected
            kept = studio.database.manifest_of(3)
            assert kept is not None
            assert before in (None, kept)
        assert verify(studio, out).verdict is Verdict.PASSED
        assert Logbook(studio).audit().entries == 4


def parts(rows: list[FingerprintRow]) -> list[tuple[str, bytes]]:
    return [(row.part, row.code) for row in rows]
