import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.pictures import draw_jpeg
from support.studios import make_studio, open_keys, record_consent, verify

import provenance
from provenance.credentials.manifest import Declaration
from provenance.credentials.reading import read_credential
from provenance.entries import ConsentEntry, ConsentEventEntry, StampEntry, parse_entry
from provenance.picture import read_picture
from provenance.stamping import Stamper, StampRequest
from provenance.studio import ConsentDesk, Studio, StudioStampDesk
from provenance.studio.logbook import Logbook
from provenance.verification.report import Verdict

pytestmark = pytest.mark.slow

PICTURES = 6
PARTIAL = ".provenance-partial"

# Records a consent, stamps two pictures into another folder and one in place; then again, with others.
WORKER = """
import sys
from pathlib import Path

from provenance.consent.grants import decide
from provenance.consent.scopes import Scope
from provenance.credentials import _engine
from provenance.credentials.manifest import Declaration
from provenance.stamping import Stamper, StampRequest
from provenance.studio import ConsentDesk, Studio, StudioStampDesk, Subject

folder, code = Path(sys.argv[1]), sys.argv[2]
studio = Studio(folder / "studio")
unlocked = studio.unlock(None)
consents = ConsentDesk(studio, unlocked)
stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer(), jobs=2)
today = studio.clock.now().date()
grants = decide(permit=[Scope.CAPTURE], deny=[], since=today, until=None, territory=[], use=None)
consents.find(code)
sources = sorted((folder / "sources").iterdir())
in_place = sorted((folder / "in_place").iterdir())

print("READY", flush=True)
for start in range(0, len(sources), 2):
    consents.record(Subject("Somebody"), grants)
    requests = [
        StampRequest(source, folder / "out" / source.name, Declaration.CAMERA, (code,))
        for source in sources[start : start + 2]
    ]
    requests.append(StampRequest(in_place[start // 2], in_place[start // 2], Declaration.CAMERA, (code,)))
    for result in stamper.stamp(requests):
        assert result.outcome == "stamped", result
print("DONE", flush=True)
"""


@dataclass(frozen=True)
class Scene:
    """A studio, the code of a consent, and pictures that wait to be stamped."""

    folder: Path
    code: str

    @property
    def studio(self) -> Path:
        return self.folder / "studio"

    def requests(self) -> list[StampRequest]:
        """Return everything that is to be stamped."""
        copied = [
            StampRequest(path, self.folder / "out" / path.name, Declaration.CAMERA, (self.code,))
            for path in sorted((self.folder / "sources").iterdir())
        ]
        replaced = [
            StampRequest(path, path, Declaration.CAMERA, (self.code,))
            for path in sorted((self.folder / "in_place").iterdir())
            if not path.name.endswith(PARTIAL)
        ]
        return copied + replaced


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("template")
    for name in ("sources", "in_place", "out"):
        (folder / name).mkdir()
    for number in range(PICTURES):
        draw_jpeg(folder / "sources" / f"{number}.jpg", size=(32, 32), seed=number)
    for number in range(PICTURES // 2):
        draw_jpeg(folder / "in_place" / f"{number}.jpg", size=(32, 32), seed=100 + number)
    with closing(make_studio(folder / "studio")) as studio:
        code = record_consent(studio).code
    return Scene(folder, code)


@pytest.fixture
def scene(template: Scene, tmp_path: Path) -> Scene:
    shutil.copytree(template.folder, tmp_path / "scene")
    return Scene(tmp_path / "scene", template.code)


def work(scene: Scene, *, killed_after: float | None) -> float:
    """Let another process work until it is done or killed, and return how long it worked."""
    home = str(Path(provenance.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([home, *filter(None, sys.path)])}
    command = [sys.executable, "-c", WORKER, str(scene.folder), scene.code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        start = time.perf_counter()
        if killed_after is None:
            assert process.stdout.readline() == "DONE\n"
            return time.perf_counter() - start
        time.sleep(killed_after)
        process.kill()
        return time.perf_counter() - start


@pytest.fixture(scope="module")
def working_time(template: Scene, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the work takes on this computer, where nobody disturbs it."""
    folder = tmp_path_factory.mktemp("undisturbed") / "scene"
    shutil.copytree(template.folder, folder)
    undisturbed = Scene(folder, template.code)
    seconds = work(undisturbed, killed_after=None)
    check(undisturbed, template)
    return seconds


def has_files_without_a_name(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_RDWR | os.O_TMPFILE))
    except (AttributeError, OSError):
        return False
    return True


def entries(studio: Studio) -> Iterator[object]:
    return (parse_entry(row.body) for row in studio.database.entries(0, 10_000))


def check_pictures(scene: Scene, template: Scene, studio: Studio) -> None:
    """Check that every file is the whole of what it was or of what it was to become."""
    names = {path.name for path in (scene.folder / "sources").iterdir()}
    found = {path.name for path in (scene.folder / "out").iterdir()}
    if has_files_without_a_name(scene.folder):
        assert found <= names
    for name in found & names:
        assert verify(studio, scene.folder / "out" / name).verdict is Verdict.PASSED
    for path in (scene.folder / "in_place").iterdir():
        data = path.read_bytes()
        if path.name.endswith(PARTIAL):
            # To give a file the name of another one takes two steps; between them it is whole and hidden.
            assert path.name.startswith(".")
        elif data == (template.folder / "in_place" / path.name).read_bytes():
            continue
        picture = read_picture(data)
        credential = read_credential(data, "image/jpeg", anchors=[studio.anchors()], store=picture.store)
        assert credential.active_manifest.validation.failure == ()
        assert verify(studio, path).verdict is Verdict.PASSED


def check_studio(studio: Studio) -> None:
    """Check that everything that the ledger holds is there, and the other way round."""
    Logbook(studio).audit()
    kinds = [type(entry) for entry in entries(studio)]
    desk = ConsentDesk(studio, open_keys(studio))
    consents = desk.all()
    assert kinds.count(ConsentEntry) == kinds.count(ConsentEventEntry) == len(consents)
    for recorded in consents:
        desk.receipt(recorded).verify()
        assert desk.disclosures(recorded)["legal_name"]
    assert kinds.count(StampEntry) == sum(studio.database.count_stamps(one.record.record_id) for one in consents)


def check(scene: Scene, template: Scene) -> None:
    with closing(Studio(scene.studio)) as studio:
        check_studio(studio)
        check_pictures(scene, template, studio)
        unlocked = open_keys(studio)
        requests = scene.requests()
        assert len(requests) == PICTURES + PICTURES // 2
        for _ in range(2):
            stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer(), jobs=2)
            outcomes = [result.outcome for result in stamper.stamp(requests)]
            assert {*outcomes} <= {"stamped", "already-stamped"}
        assert {*outcomes} == {"already-stamped"}
        check_studio(studio)
        check_pictures(scene, template, studio)
        assert sum(isinstance(entry, StampEntry) for entry in entries(studio)) == len(requests)


def crash_and_check(scene: Scene, template: Scene, *, working_time: float, moment: int, moments: int) -> None:
    # One moment in each stretch of the work, and the last ones a little behind its end.
    share = (moment + random.Random(moment).random()) / moments
    work(scene, killed_after=share * working_time * 1.1)
    check(scene, template)


@pytest.mark.parametrize("moment", range(6))
def test_a_process_that_is_killed_leaves_a_studio_that_goes_on(
    scene: Scene, template: Scene, working_time: float, moment: int
) -> None:
    crash_and_check(scene, template, working_time=working_time, moment=moment, moments=6)


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(100))
def test_a_process_that_is_killed_at_any_moment_leaves_a_studio_that_goes_on(
    scene: Scene, template: Scene, working_time: float, moment: int
) -> None:
    crash_and_check(scene, template, working_time=working_time, moment=moment, moments=100)
