"""A process that publishes is killed at any moment, and the next one makes of it what a fresh export would be."""

import os
import pickle
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.logs import Log
from support.published import extend, make_store, place, publish_to, tree

import provenance
from provenance.errors import LedgerError
from provenance.ledger.mirroring import mirror
from provenance.ledger.published import PublishedLog

pytestmark = pytest.mark.slow

LOG = Log()
OLD, SIZE = 1_000, 20_000

WORKER = """
import pickle, sys
from pathlib import Path
from provenance.ledger.folder import FolderPlace
from provenance.ledger.mirroring import mirror
from provenance.ledger.publishing import publish
from provenance.note import NoteKey

what, source, folder, vkey = sys.argv[1:]
keys = [NoteKey.from_text(vkey)]
store = pickle.loads(Path(source).read_bytes()) if what == "publish" else None
print("READY", flush=True)
if what == "publish":
    publish(store, FolderPlace(Path(folder)), log_keys=keys)
else:
    mirror(FolderPlace(Path(source)), Path(folder), keys=keys)
print("DONE", flush=True)
"""


def work(what: str, source: Path, folder: Path, *, killed_after: float | None) -> float:
    """Let another process publish or mirror until it is done or killed, and return how long it worked."""
    home = str(Path(provenance.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([home, *filter(None, sys.path)])}
    command = [sys.executable, "-c", WORKER, what, str(source), str(folder), LOG.key.to_text()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        start = time.perf_counter()
        if killed_after is None:
            assert process.stdout.readline() == "DONE\n"
        else:
            time.sleep(killed_after)
            process.kill()
        return time.perf_counter() - start


class Scene:
    """A log that was published at one size and grew, what it is to become, and how long that takes."""

    def __init__(self, folder: Path) -> None:
        self.store = make_store(LOG, OLD)
        publish_to(self.store, folder / "old", LOG)
        extend(self.store, LOG, SIZE)
        self.pickled = folder / "store"
        self.pickled.write_bytes(pickle.dumps(self.store))
        self.old = tree(folder / "old")
        publish_to(self.store, folder / "fresh", LOG)
        self.fresh = folder / "fresh"
        self.expected = tree(self.fresh)
        # Of the first size, the tile that is still open above the full ones stays.
        self.kept = {name: data for name, data in self.old.items() if name == "tile/1/000.p/3"}
        self.seconds = work("publish", self.pickled, folder / "undisturbed", killed_after=None)
        assert tree(folder / "undisturbed") == self.expected


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


def lay_out(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def check_readable(folder: Path) -> None:
    """Check that what is served is the old log or the new one, whole."""
    log = PublishedLog(place(folder), keys=[LOG.key])
    assert log.size in (OLD, SIZE)
    assert sum(1 for _ in log.entries(0, log.size)) == log.size
    log.prove(OLD - 1).verify(log.entry(OLD - 1), keys=[LOG.key])


def check_whole_files(folder: Path, scene: Scene) -> None:
    """Check that every file under its own name has all of its bytes."""
    for name, data in tree(folder).items():
        if "provenance-partial" not in name and name != "checkpoint":
            assert data == scene.expected.get(name, scene.old.get(name))


def crash_and_check(scene: Scene, folder: Path, *, what: str, first: bool, share: float) -> None:
    source = scene.pickled if what == "publish" else scene.fresh
    if not first:
        lay_out(folder, scene.old)
    work(what, source, folder, killed_after=share * scene.seconds)
    check_whole_files(folder, scene)
    if first:
        if not (folder / "checkpoint").exists():
            with pytest.raises(LedgerError, match="checkpoint: expected one at"):
                PublishedLog(place(folder), keys=[LOG.key])
    else:
        check_readable(folder)
    # A partial tile may stay beside its full tile, if the process was killed before it took it away.
    outgrown = {name for name in tree(folder) if name in scene.old and ".p/" in name} if not first else set()
    for _ in range(2):
        if what == "publish":
            publish_to(scene.store, folder, LOG)
        else:
            mirror(place(scene.fresh), folder, keys=[LOG.key])
    found = tree(folder)
    assert found.items() >= scene.expected.items()
    assert {name for name in found if name not in scene.expected} <= outgrown | set(scene.kept)
    if not first and outgrown:
        assert scene.kept.keys() <= found.keys()


@pytest.mark.parametrize("what", ["publish", "mirror"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("moment", range(4))
def test_a_process_that_is_killed_leaves_what_the_next_one_finishes(
    scene: Scene, tmp_path: Path, what: str, first: bool, moment: int
) -> None:
    share = (moment + random.Random(moment).random()) / 4 * 1.1
    crash_and_check(scene, tmp_path / "log", what=what, first=first, share=share)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["publish", "mirror"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("moment", range(50))
def test_a_process_that_is_killed_at_any_moment_leaves_what_the_next_one_finishes(
    scene: Scene, tmp_path: Path, what: str, first: bool, moment: int
) -> None:
    share = (moment + random.Random(moment).random()) / 50 * 1.2
    crash_and_check(scene, tmp_path / "log", what=what, first=first, share=share)


# Publishes a small log in a child that dies at the nth step that it takes on the disk, for every n; after each death
# what is served must be whole, and publishing again must end in the same files.
DYING = """
import os, pickle, shutil, sys
from pathlib import Path
from provenance.ledger.folder import FolderPlace
from provenance.ledger.published import PublishedLog
from provenance.ledger.publishing import publish
from provenance.note import NoteKey

old, new, work, vkey = sys.argv[1:]
keys = [NoteKey.from_text(vkey)]
old, new = (pickle.loads(Path(path).read_bytes()) for path in (old, new))
work = Path(work)

def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

def dying(call, steps):
    def step(*arguments, **named):
        if steps[0] == 0:
            os._exit(7)
        steps[0] -= 1
        return call(*arguments, **named)
    return step

def die_at(step, store, folder):
    child = os.fork()
    if child == 0:
        steps = [step]
        for name in ("fsync", "link", "unlink", "mkdir", "rmdir", "replace", "rename", "write", "fchmod"):
            setattr(os, name, dying(getattr(os, name), steps))
        publish(store, FolderPlace(folder), log_keys=keys)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

publish(old, FolderPlace(work / "before"), log_keys=keys)
shutil.copytree(work / "before", work / "expected")
publish(new, FolderPlace(work / "expected"), log_keys=keys)
expected, before = tree(work / "expected"), tree(work / "before")
step = 0
while True:
    folder = work / "log"
    shutil.copytree(work / "before", folder)
    code = die_at(step, new, folder)
    assert code in (0, 7), code
    log = PublishedLog(FolderPlace(folder), keys=keys)
    assert log.size in (old.head().size, new.head().size)
    assert [*log.entries(0, log.size)] == [row.body for row in new.entries(0, log.size)]
    publish(new, FolderPlace(folder), log_keys=keys)
    found = tree(folder)
    assert found.items() >= expected.items()
    assert found.keys() - expected.keys() <= before.keys(), found.keys() - expected.keys()
    shutil.rmtree(folder)
    if code == 0:
        break
    step += 1
print("STEPS", step)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_dies_at_any_step_leaves_what_the_next_one_finishes(tmp_path: Path) -> None:
    old, new = make_store(LOG, 200), make_store(LOG, 300)
    for name, store in (("old", old), ("new", new)):
        (tmp_path / name).write_bytes(pickle.dumps(store))
    home = str(Path(provenance.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", DYING, tmp_path / "old", tmp_path / "new", tmp_path, LOG.key.to_text()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([home, *filter(None, sys.path)])},
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout.removeprefix("STEPS ")) > 30
