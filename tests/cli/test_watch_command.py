"""`provenance watch`: what arrives while it runs, here in this process with little patience, and in one of its own."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import SCRIPT, Ran, Terminal, environment
from support.pictures import draw_jpeg
from support.workshops import Workshop

from provenance.errors import LedgerError
from provenance.stamping import Stamper, arrivals
from provenance.studio import Logbook, Studio
from provenance_cli import watch

pytestmark = pytest.mark.slow

WATCHING = "Watching {}; Ctrl-C ends it.\n"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(watch, "SECONDS_BETWEEN_LOOKS", 0.02)


def watching(terminal: Terminal, work: Callable[[], None], *options: str) -> Ran:
    """Do some work while the command runs, then end it as a service manager does."""
    problems: list[BaseException] = []

    def meanwhile() -> None:
        try:
            work()
        except BaseException as error:
            problems.append(error)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=meanwhile)
    thread.start()
    try:
        ran = terminal("watch", *options)
    finally:
        thread.join()
        signal.signal(signal.SIGTERM, before)
    assert problems == []
    return ran


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_what_is_there_and_what_arrives_is_stamped_once(terminal: Terminal, workshop: Workshop) -> None:
    exports = Path("exports")
    exports.mkdir()
    draw_jpeg(exports / "there.jpg", seed=70)
    late = draw_jpeg(Path("late.jpg"), seed=71).read_bytes()

    def work() -> None:
        until((exports / "stamped" / "there.jpg").exists)
        # As an editor writes: under another name, then renamed into place.
        (exports / ".late.tmp").write_bytes(late)
        (exports / ".late.tmp").rename(exports / "late.jpg")
        until((exports / "stamped" / "late.jpg").exists)
        time.sleep(0.4)

    ran = watching(terminal, work, "exports", "--as", "camera", "--consent", workshop.code)
    assert ran.code == 0
    assert ran.out == "stamped         exports/stamped/there.jpg\nstamped         exports/stamped/late.jpg\n"
    assert ran.err == WATCHING.format("exports") + "1 stamped\n" * 2
    again = watching(terminal, lambda: time.sleep(0.6), "exports", "--as", "camera", "--consent", workshop.code)
    assert again.err == WATCHING.format("exports") + "2 already-stamped\n"


def test_a_file_that_comes_in_pieces_is_stamped_whole(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports").mkdir()
    data = draw_jpeg(Path("slow.jpg"), seed=72).read_bytes()

    def work() -> None:
        with Path("exports/slow.jpg").open("wb", buffering=0) as target:
            for start in range(0, len(data), len(data) // 12):
                target.write(data[start : start + len(data) // 12])
                time.sleep(0.03)
        until(Path("exports/stamped/slow.jpg").exists)

    ran = watching(terminal, work, "exports", "--as", "camera", "--consent", workshop.code)
    assert (ran.code, ran.out) == (0, "stamped         exports/stamped/slow.jpg\n")
    assert terminal("verify", "exports/stamped/slow.jpg", "--for", "publish.web").code == 0


def test_what_is_refused_is_told_and_tried_again_when_it_changes(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports").mkdir()
    Path("exports/bad.jpg").write_text("not a picture yet")
    good = draw_jpeg(Path("good.jpg"), seed=73).read_bytes()

    def work() -> None:
        time.sleep(0.8)
        Path("exports/bad.jpg").write_bytes(good)
        until(Path("exports/stamped/bad.jpg").exists)

    ran = watching(terminal, work, "exports", "--as", "camera", "--consent", workshop.code)
    assert [line.split()[0] for line in ran.out.splitlines()] == ["failed", "stamped"]


def test_its_own_writes_are_no_arrivals(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports/in").mkdir(parents=True)
    draw_jpeg(Path("exports/in/a.jpg"), seed=74)
    options = ["exports", "-r", "--as", "camera", "--consent", workshop.code]
    ran = watching(terminal, lambda: time.sleep(1.0), *options, "--in-place")
    assert ran.out == "stamped         exports/in/a.jpg\n"
    draw_jpeg(Path("exports/b.jpg"), seed=75)
    ran = watching(terminal, lambda: time.sleep(1.0), *options, "-o", "exports/done")
    assert ran.out.count("stamped         exports/done/b.jpg\n") == 1
    assert not Path("exports/done/done").exists()


def test_a_folder_that_goes_away_is_waited_for(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports").mkdir()
    picture = draw_jpeg(Path("a.jpg"), seed=76)

    def work() -> None:
        time.sleep(0.2)
        Path("exports").rmdir()
        time.sleep(0.3)
        Path("exports").mkdir()
        shutil.copy(picture, "exports/a.jpg")
        until(Path("exports/stamped/a.jpg").exists)

    ran = watching(terminal, work, "exports", "--as", "camera", "--consent", workshop.code, "--json")
    assert [document["outcome"] for document in ran.documents()] == ["stamped"]
    assert ran.err == (
        WATCHING.format("exports") + "exports: is not there; waiting for it\nexports: is back\n1 stamped\n"
    )


def test_what_the_studio_cannot_do_now_is_told_once_and_tried_again(
    terminal: Terminal, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("exports").mkdir()
    draw_jpeg(Path("exports/a.jpg"), seed=77)
    stamp, tried = Stamper.stamp, []

    def busy(self: Stamper, *arguments: object, **options: object) -> object:
        tried.append(1)
        if len(tried) < 4:
            raise LedgerError("database: another program is using it", hint="wait")
        return stamp(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Stamper, "stamp", busy)
    ran = watching(
        terminal,
        lambda: until(Path("exports/stamped/a.jpg").exists),
        *("exports", "--as", "camera", "--consent", workshop.code),
    )
    assert ran.out == "stamped         exports/stamped/a.jpg\n"
    trouble = "provenance: error: database: another program is using it\nhint: wait\n"
    assert ran.err == WATCHING.format("exports") + trouble + "1 stamped\n"


def test_what_cannot_be_watched_is_refused(terminal: Terminal, workshop: Workshop) -> None:
    ran = terminal("watch", "nowhere", "--as", "camera", "--consent", workshop.code)
    assert (ran.code, "Directory 'nowhere' does not exist" in ran.err) == (2, True)
    ran = terminal("watch", ".", "--as", "camera")
    assert (ran.code, "say who is shown" in ran.err) == (2, True)


def test_it_ends_after_the_pictures_at_hand_and_goes_on_where_it_was(terminal: Terminal, workshop: Workshop) -> None:
    Path("exports").mkdir()
    for number in range(150):
        draw_jpeg(Path(f"exports/{number:03}.jpg"), size=(60, 40), seed=200 + number)
    options = ["exports", "--as", "camera", "--consent", workshop.code]
    stamped = Path("exports/stamped")
    first = watching(terminal, lambda: until(lambda: any(stamped.glob("*.jpg"))), *options)
    assert first.code == 0
    done = len(list(stamped.glob("*.jpg")))
    assert 1 <= done < 150
    watching(terminal, lambda: until(lambda: len(list(stamped.glob("*.jpg"))) == 150), *options)
    studio = Studio(workshop.path)
    assert Logbook(studio).audit().entries == 4 + 150
    studio.close()


@pytest.mark.slow
def test_killed_at_any_moment_it_stamps_every_picture_exactly_once(template: Path, tmp_path: Path) -> None:
    studio = shutil.copytree(template, tmp_path / "workshop")
    (receipt,) = (studio / "receipts").iterdir()
    exports = studio / "exports"
    exports.mkdir()
    for number in range(40):
        draw_jpeg(exports / f"{number:02}.jpg", size=(80, 60), seed=100 + number)
    command = [str(SCRIPT), "watch", "exports", "--as", "camera", "--consent", receipt.stem, "--studio", "."]
    for seconds in (0.5, 2.3, 2.5, 2.7, 3.0):
        with subprocess.Popen(command, cwd=studio, env=environment(), stdout=subprocess.DEVNULL) as killed:
            time.sleep(seconds)
            killed.send_signal(signal.SIGKILL)
    with subprocess.Popen(command, cwd=studio, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        until(lambda: len(list((exports / "stamped").glob("*.jpg"))) == 40)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    opened = Studio(studio)
    # Genesis, the consent and its event, the workshop's own stamp, and these.
    assert Logbook(opened).audit().entries == 4 + 40
    opened.close()
