"""`provenance verify` for many files: folders, names from a pipe, several processes, and none that stops the rest."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import SCRIPT, Terminal, environment, start
from support.deadly import DeadlyCheck
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop

from provenance.errors import StudioError
from provenance.verification import Question
from provenance_cli import _checking
from provenance_cli._checking import Check, Checked, check_all
from provenance_cli._options import cores

CHANGED = "This file is not as it was when Studio Lumen issued its credential. Do not rely on it."
PASSED = "Intact, from an issuer whom you trust, in the ledger, and with consent to capture."
NONE = "No credential in this file says where it comes from. That is common and proves nothing."


@pytest.fixture
def published(workshop: Workshop) -> Path:
    """A folder with pictures of each verdict, some in a folder within."""
    folder = workshop.path / "published"
    (folder / "2026").mkdir(parents=True)
    shutil.copyfile(workshop.stamped, folder / "a.jpg")
    (folder / "b.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    draw_jpeg(folder / "2026" / "c.jpg", seed=5)
    (folder / "2026" / "d.jpg").write_text("not a picture")
    (folder / "notes.txt").write_text("not a picture either")
    return folder


LINES = f"""\
PASSED         published/a.jpg: {PASSED}
FAILED         published/b.jpg: {CHANGED}
INDETERMINATE  published/2026/c.jpg: {NONE}
INDETERMINATE  published/2026/d.jpg: Expected a picture, got something else.
"""
COUNTS = "1 failed · 2 indeterminate · 1 passed\n"


@pytest.mark.parametrize("jobs", [[], ["-j", "1"], ["-j", "2"]], ids=str)
def test_a_folder_is_checked_in_the_order_of_its_files(terminal: Terminal, published: Path, jobs: list[str]) -> None:
    terminal("verify", "published", "-r", "--brief", *jobs).says(1, LINES, COUNTS)
    assert [document["file"] for document in terminal("verify", "published", "-r", "--json", *jobs).documents()] == [
        line.split()[1].removesuffix(":") for line in LINES.splitlines()
    ]


def test_without_r_the_folders_within_are_left_out_and_ext_chooses(terminal: Terminal, published: Path) -> None:
    ran = terminal("verify", "published", "--brief")
    assert (ran.code, ran.err, ran.out.count("\n")) == (1, "1 failed · 1 passed\n", 2)
    ran = terminal("verify", "published", "--ext", "txt", "--brief")
    ran.says(3, "INDETERMINATE  published/notes.txt: Expected a picture, got something else.\n")


def test_a_policy_is_told_on_the_line_and_counted(terminal: Terminal, published: Path) -> None:
    ran = terminal("verify", "published", "--brief", "--policy", "corporate-web", "-j", "2")
    assert ran.err == "1 Don't publish · 1 OK\n"
    assert ran.out.splitlines() == [
        "OK             published/a.jpg: Everything that the policy corporate-web asks for holds. (corporate-web: all)",
        f"DON'T PUBLISH  published/b.jpg: {CHANGED} (corporate-web: verdict)",
    ]


def test_names_come_from_a_pipe(published: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> None:
    for option, end in (([], "\n"), (["-0"], "\0")):
        names = f"published/a.jpg{end}published/none.jpg{end}"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names.encode())))
        lines = f"PASSED         published/a.jpg: {PASSED}\nINDETERMINATE  published/none.jpg: No such file.\n"
        terminal("verify", "-", *option, "--brief").says(3, lines, "1 indeterminate · 1 passed\n")


def test_a_folder_without_pictures_is_told(terminal: Terminal, nowhere: Path) -> None:
    Path("empty").mkdir()
    hint = "add -r to look into the folders within it"
    terminal("verify", "empty").refuses(3, "empty: no pictures in this folder", hint)


def test_hostile_names_stay_on_their_line(terminal: Terminal, nowhere: Path) -> None:
    Path("a\nPASSED b\x1b[2J.jpg").write_text("no")
    ran = terminal("verify", ".", "--brief")
    assert (ran.code, ran.err) == (3, "")
    (line,) = ran.out.splitlines()
    assert line.startswith("INDETERMINATE  a\\u{a}PASSED b\\u{1b}[2J.jpg: ")


# --- several processes


@pytest.fixture
def check(workshop: Workshop) -> Check:
    return Check(Question(datetime.now(UTC)), studio=workshop.path)


def answers(found: Iterator[Checked]) -> list[tuple[str, str, str]]:
    return [(Path(one.report.file).name, one.report.verdict, one.report.reason) for one in found]


def test_two_processes_find_what_one_finds(check: Check, published: Path) -> None:
    paths = [*sorted(published.rglob("*.jpg"))] * 5
    one = [found.report for found in check_all(check, paths, jobs=1)]
    assert [found.report for found in check_all(check, paths, jobs=2)] == one


def test_a_studio_that_cannot_be_opened_is_told_and_not_of_each_file(
    check: Check, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(workshop.path)
    for jobs in (1, 2):
        with pytest.raises(StudioError):
            next(check_all(check, [Path("a.jpg")], jobs=jobs))


@pytest.mark.slow
def test_a_file_that_takes_its_process_down_stops_no_other(check: Check, published: Path) -> None:
    deadly = DeadlyCheck(check.question, studio=check.studio)
    names = ["a.jpg", "deadly.jpg", "b.jpg", "a.jpg", "b.jpg", "deadly.jpg", "a.jpg"]
    found = answers(check_all(deadly, [published / name for name in names], jobs=2))
    assert [name for name, _, _ in found] == names
    told = {name: (verdict, reason) for name, verdict, reason in found}
    assert told == {
        "a.jpg": ("INDETERMINATE", told["a.jpg"][1]),
        "b.jpg": ("FAILED", CHANGED),
        "deadly.jpg": ("INDETERMINATE", "The check of this file ended without an answer."),
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_in_this_program_stops_no_other_file(check: Check, published: Path, jobs: int) -> None:
    deadly = DeadlyCheck(check.question)
    names = ["a.jpg", "faulty.jpg", "b.jpg"]
    found = list(check_all(deadly, [published / name for name in names], jobs=jobs))
    assert [one.report.credential.code for one in found] == ["valid", "unreadable", "invalid"]
    assert found[1].report.reason == "The check of this file ended without an answer: RecursionError."
    assert [finding.code for finding in found[1].report.findings] == ["check-crashed"]


def test_who_leaves_early_begins_no_more(check: Check, published: Path) -> None:
    taken: list[int] = []

    def paths() -> Iterator[Path]:
        for number in range(200):
            taken.append(number)
            yield published / "a.jpg"

    found = check_all(check, paths(), jobs=2)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(taken) <= 6


def children(parent: int) -> set[int]:
    """Return the processes that come from one, and theirs."""
    found = {parent}
    for _ in range(4):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) in found:
                found.add(int(folder.name))
    return found - {parent}


def running(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.add(pid)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process_behind(published: Path, ending: signal.Signals) -> None:
    names = [str(published / "a.jpg")] * 20_000
    process = subprocess.Popen(
        [SCRIPT, "verify", "-", "-j", "2", "--brief", "--studio", str(published.parent)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(names))
    process.stdin.close()
    assert process.stdout.readline().startswith("PASSED")
    others = children(process.pid)
    assert len(others) >= 2
    if ending is signal.SIGINT:
        # As a terminal does: to every process at once.
        os.killpg(process.pid, ending)
    else:
        process.send_signal(ending)
    # Whatever was printed by then may fill the pipe.
    process.stdin = None
    _, err = process.communicate(timeout=60)
    if ending is signal.SIGINT:
        assert process.returncode == 130
        assert "provenance: error: interrupted\n" in err
        assert "Traceback" not in err
    until = time.monotonic() + 20
    while running(others) and time.monotonic() < until:
        time.sleep(0.05)
    assert running(others) == set()


@pytest.mark.slow
def test_thousands_of_files_are_told_in_order_with_their_counts(published: Path) -> None:
    for number in range(2000):
        shutil.copyfile(published / ("a.jpg" if number % 100 else "b.jpg"), published / "2026" / f"{number:04}.jpg")
    ran = start("verify", "published", "-r", "--brief", cwd=published.parent)
    assert ran.code == 1
    names = [line[15:].partition(":")[0] for line in ran.out.splitlines()]
    assert names[2:-2] == [f"published/2026/{number:04}.jpg" for number in range(2000)]
    assert ran.err.endswith("21 failed · 2 indeterminate · 1981 passed\n")


def test_few_files_need_no_other_process() -> None:
    assert _checking.jobs_for(2, None) == 1
    assert _checking.jobs_for(_checking.MANY, None) == cores()
    assert _checking.jobs_for(2, 7) == 7
