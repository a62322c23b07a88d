"""`provenance verify --changed-since`: which pictures are not what they were, and a check that goes on where it was."""

import json
import os
import re
import shutil
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import SCRIPT, Ran, Terminal, environment, start
from support.pictures import draw_jpeg, with_changed_pixels
from support.workshops import Workshop

from provenance import schemas
from provenance.verification import Question
from provenance_cli._checking import Check
from provenance_cli._recheck import _verdicts
from provenance_cli._verdict_record import open_record

WITHDRAWN = (
    "FAILED         published/a.jpg: The consent was withdrawn on <day>."
    " (was PASSED; consent now in-force → withdrawn; the same file)\n"
)


@pytest.fixture
def published(workshop: Workshop) -> Path:
    folder = workshop.path / "published"
    folder.mkdir()
    shutil.copyfile(workshop.stamped, folder / "a.jpg")
    draw_jpeg(folder / "b.jpg", seed=5)
    (folder / "c.jpg").write_bytes(with_changed_pixels(workshop.stamped.read_bytes()))
    return folder


def recheck(terminal: Terminal, *options: str) -> Ran:
    return terminal("verify", "published", "-r", "--changed-since", "record.jsonl", *options)


def lines(path: str = "record.jsonl") -> list[dict[str, object]]:
    header, *verdicts = [json.loads(line) for line in Path(path).read_text("ascii").splitlines()]
    schemas.validate(header, "verdict-record")
    for verdict in verdicts:
        schemas.validate(verdict, "verdict")
    return verdicts


def test_the_first_check_tells_what_is_not_fine_and_the_next_one_nothing(terminal: Terminal, published: Path) -> None:
    first = recheck(terminal)
    assert first.code == 1
    assert [line.split(":")[0] for line in first.out.splitlines()] == [
        "INDETERMINATE  published/b.jpg",
        "FAILED         published/c.jpg",
    ]
    assert all(line.endswith(" (not in the record before)") for line in first.out.splitlines())
    assert first.err == "1 failed · 1 indeterminate · 1 passed\nno record before this one: 2 told\n"
    assert [verdict["file"] for verdict in lines()] == ["published/a.jpg", "published/b.jpg", "published/c.jpg"]
    second = recheck(terminal)
    second.says(0, "", "1 failed · 1 indeterminate · 1 passed\nchanged since <second>: 0\n")
    assert sorted(path.name for path in Path().glob("record*")) == ["record.jsonl"]


def test_a_consent_that_is_withdrawn_is_told_once(terminal: Terminal, workshop: Workshop, published: Path) -> None:
    recheck(terminal)
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    recheck(terminal).says(1, WITHDRAWN, "2 failed · 1 indeterminate\nchanged since <second>: 1\n")
    recheck(terminal).says(0, "", "2 failed · 1 indeterminate\nchanged since <second>: 0\n")


def test_a_document_says_what_changed_and_what_was_before(
    terminal: Terminal, workshop: Workshop, published: Path
) -> None:
    new = recheck(terminal, "--json", "--policy", "corporate-web").documents()
    assert [(one["file"], one["answer"], one["changed"], one["before"]) for one in new] == [
        ("published/b.jpg", "check-first", [], None),
        ("published/c.jpg", "do-not-publish", [], None),
    ]
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    told = recheck(terminal, "--json", "--policy", "corporate-web").document()
    assert told["changed"] == ["verdict", "answer", "consent_now"]
    assert (told["before"]["answer"], told["answer"]) == ("ok", "do-not-publish")
    assert told["before"]["codes"] == {**told["codes"], "consent_now": "in-force"}


def test_a_file_that_was_replaced_is_told_although_it_is_fine(
    terminal: Terminal, workshop: Workshop, published: Path
) -> None:
    recheck(terminal)
    draw_jpeg(Path("other.jpg"), seed=9)
    assert terminal("stamp", "other.jpg", "--as", "camera", "--consent", workshop.code).code == 0
    shutil.copyfile("stamped/other.jpg", published / "a.jpg")
    (published / "c.jpg").unlink()
    ran = recheck(terminal)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert ran.out.startswith("PASSED         published/a.jpg: ")
    assert ran.out.endswith(" (was PASSED; another file)\n")
    assert ran.err.endswith(": 1\nin the record before, and not given now: 1\n")


def test_a_new_file_that_is_fine_is_no_news(terminal: Terminal, workshop: Workshop, published: Path) -> None:
    recheck(terminal)
    shutil.copyfile(workshop.stamped, published / "d.jpg")
    assert (recheck(terminal).code, len(lines())) == (0, 4)


# --- a check that was ended


def ended(after: int) -> None:
    """Leave behind what a check leaves that was killed after so many files, in the midst of writing."""
    whole = Path("record.jsonl").read_bytes().splitlines(keepends=True)
    Path("record.jsonl.unfinished").write_bytes(b"".join(whole[: after + 1]) + whole[after + 1][:40])


def test_a_check_that_was_ended_goes_on_and_tells_all_that_it_would_have(
    terminal: Terminal, workshop: Workshop, published: Path
) -> None:
    recheck(terminal)
    Path("before.jsonl").write_bytes(Path("record.jsonl").read_bytes())
    assert terminal("consent", "withdraw", "--secret", workshop.secret).code == 0
    whole = recheck(terminal)
    ended(2)
    shutil.copyfile("before.jsonl", "record.jsonl")
    ran = recheck(terminal)
    assert (ran.code, ran.out) == (1, whole.out)
    ran.says(1, WITHDRAWN, f"going on where a run was ended: 2 done\n{whole.err}")
    assert len(lines()) == 3
    assert not Path("record.jsonl.unfinished").exists()


def test_a_file_that_changed_since_then_is_looked_at_again(terminal: Terminal, published: Path) -> None:
    recheck(terminal)
    ended(2)
    Path("record.jsonl").unlink()
    shutil.copyfile(published / "c.jpg", published / "a.jpg")
    ran = recheck(terminal)
    assert (ran.code, ran.out.splitlines()[0][:30]) == (1, "FAILED         published/a.jpg")


def test_a_file_that_changes_while_it_goes_on_takes_no_other_files_place(terminal: Terminal, published: Path) -> None:
    recheck(terminal)
    ended(2)
    now = datetime.now(UTC).replace(microsecond=0)
    asked = json.loads(Path("record.jsonl").read_text().splitlines()[0])["asked"]
    paths = [Path("published", name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    with open_record(Path("record.jsonl"), asked=asked, now=now) as record:
        assert record.continued == 2
        verdicts = _verdicts(Check(Question(now)), paths, record, 1)
        first = next(verdicts)
        shutil.copyfile(paths[2], paths[1])
        assert [first.file, *(verdict.file for verdict in verdicts)] == [str(path) for path in paths]


def test_a_check_by_a_checkpoint_goes_on_as_well(terminal: Terminal, published: Path) -> None:
    assert terminal("ledger", "publish", "log").code == 0
    options = ["--checkpoint", "log/checkpoint", "-j", "2"]
    whole = recheck(terminal, *options)
    assert whole.err.startswith("1 failed · 1 indeterminate · 1 passed\n")
    ended(2)
    Path("record.jsonl").unlink()
    ran = recheck(terminal, *options)
    assert (ran.code, ran.out, ran.err) == (1, whole.out, f"going on where a run was ended: 2 done\n{whole.err}")


@pytest.mark.parametrize("what", ["question", "medium", "age", "version", "torn"])
def test_what_was_asked_otherwise_or_long_ago_begins_anew(terminal: Terminal, published: Path, what: str) -> None:
    recheck(terminal)
    ended(2)
    unfinished = Path("record.jsonl.unfinished")
    data = unfinished.read_bytes()
    if what == "age":
        data = re.sub(rb'"begun_at":"20\d\d', b'"begun_at":"2001', data)
    elif what == "version":
        data = data.replace(b"verdict-record:1", b"verdict-record:2")
    elif what == "torn":
        data = data[:30]
    unfinished.write_bytes(data)
    ran = recheck(terminal, *{"question": ["--for", "publish.web"], "medium": ["--medium", "web"]}.get(what, []))
    assert "going on" not in ran.err
    assert len(lines()) == 3


def test_how_long_ago_it_was_is_not_what_is_asked_about(terminal: Terminal, published: Path) -> None:
    recheck(terminal, "--at", "2999-01-01")
    assert "2999" not in Path("record.jsonl").read_text().splitlines()[0]
    assert all(verdict["checked_at"] == "2999-01-01T00:00:00Z" for verdict in lines())
    ended(2)
    assert "going on where a run was ended: 2 done\n" in recheck(terminal, "--at", "2999-01-01").err
    ended(2)
    assert "going on" not in recheck(terminal, "--at", "2998-01-01").err


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_check_that_is_killed_goes_on(published: Path, jobs: str) -> None:
    for number in range(300):
        shutil.copyfile(published / ("c.jpg" if number % 50 == 7 else "a.jpg"), published / f"d{number:03}.jpg")
    arguments = ["verify", "published", "--changed-since", "record.jsonl", "-j", jobs]
    unfinished = published.parent / "record.jsonl.unfinished"
    process = subprocess.Popen(
        [SCRIPT, *arguments],
        cwd=published.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and (not unfinished.exists() or unfinished.read_bytes().count(b"\n") < 20):
        pass
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not (published.parent / "record.jsonl").exists()
    ran = start(*arguments, cwd=published.parent)
    begun = re.match(r"going on where a run was ended: (\d+) done\n", ran.err)
    assert begun is not None
    assert 19 <= int(begun[1]) < 303
    # Everything is told by the run that ends, whether or not the killed one told it, too.
    assert ran.code == 1
    assert ran.out.startswith(out.decode().rpartition("\n")[0])
    assert ran.out.count("FAILED") == 7
    assert ran.err.endswith("7 failed · 1 indeterminate · 295 passed\nno record before this one: 8 told\n")


@pytest.mark.slow
def test_thousands_of_files_are_checked_again_in_the_night(published: Path, workshop: Workshop) -> None:
    for number in range(4000):
        os.link(published / "a.jpg", published / f"{number:05}.jpg")
    arguments = ["verify", "published", "--changed-since", "record.jsonl"]
    assert start(*arguments, cwd=workshop.path).code == 1
    again = start(*arguments, cwd=workshop.path)
    assert (again.code, again.out) == (0, "")
    assert "1 failed · 1 indeterminate · 4001 passed\nchanged since " in again.err
    assert start("consent", "withdraw", "--secret", workshop.secret, cwd=workshop.path).code == 0
    ran = start(*arguments, cwd=workshop.path)
    assert (ran.code, ran.out.count("consent now in-force → withdrawn")) == (1, 4001)


# --- refusals


def test_only_one_run_writes_a_record(terminal: Terminal, published: Path) -> None:
    import fcntl

    with Path("record.jsonl.unfinished").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        recheck(terminal).refuses(3, "record.jsonl: another run is writing it", "wait for it, or name another file")


HINT = "it is no record of this command, or damaged: name another file to begin anew"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "record.jsonl: line 1: expected a record of verdicts"),
        (b"\xff\xd8\xff", "record.jsonl: line 1: expected a record of verdicts"),
        (b"[]\n", "record.jsonl: line 1: expected a record of verdicts"),
        (b"{}\n", "record.jsonl: line 1: expected a record of verdicts"),
        (b"HEAD\nnothing\n", "record.jsonl: line 2: expected a verdict, got something else"),
        (b"HEAD\n{}", "record.jsonl: line 2: expected a verdict, got something else"),
    ],
)
def test_a_file_that_is_no_record_is_told_and_left(
    terminal: Terminal, published: Path, data: bytes, message: str
) -> None:
    head = b'{"schema":"urn:headshot-provenance:schema:verdict-record:1","begun_at":"2026-11-27T02:00:00Z","asked":""}'
    data = data.replace(b"HEAD", head)
    Path("record.jsonl").write_bytes(data)
    recheck(terminal).refuses(3, message, HINT)
    assert Path("record.jsonl").read_bytes() == data
    assert not Path("record.jsonl.unfinished").exists()


def test_a_record_in_no_folder_is_told(terminal: Terminal, published: Path) -> None:
    ran = terminal("verify", "published", "--changed-since", "no/record.jsonl")
    ran.refuses(3, "record.jsonl: no such folder as no", "make it")


@pytest.mark.parametrize(
    "options", [["--report", "report.html"], ["--annotations", "github"], ["-v"]], ids=lambda options: options[0]
)
def test_a_whole_report_is_not_told_of_what_changed(terminal: Terminal, published: Path, options: list[str]) -> None:
    recheck(terminal, *options).refuses(
        2, f"expected --changed-since or {options[0]}, got both", "see provenance verify --help"
    )
