"""The console script as a process of its own: its streams, its terminal, its disk."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.commands import SCRIPT, Ran, checked, environment, start
from support.pictures import draw_jpeg
from support.studios import PASSPHRASE

from provenance import __version__

pytestmark = pytest.mark.slow

NO_SPACE = "provenance: error: system: no space left on device\n"


@pytest.fixture
def studio(template: Path, tmp_path: Path) -> Path:
    """A workshop of the test's own; nothing in this process has it open."""
    return shutil.copytree(template, tmp_path / "workshop")


def code_of(studio: Path) -> str:
    (receipt,) = (studio / "receipts").iterdir()
    return receipt.stem


# --- the same as in one process


def test_the_script_and_the_module_are_the_same_command(nowhere: Path) -> None:
    start("--version", cwd=nowhere).says(0, f"provenance {__version__}\n")
    module = subprocess.run(
        [sys.executable, "-m", "provenance_cli", "--version"],
        cwd=nowhere,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (module.returncode, module.stdout, module.stderr) == (0, f"provenance {__version__}\n", "")


def test_exit_codes_reach_the_shell(studio: Path) -> None:
    assert start("verify", "stamped/portrait.jpg", cwd=studio).code == 0
    assert start("verify", "stamped/portrait.jpg", "--for", "mine", cwd=studio).code == 1
    assert start("verify", cwd=studio).code == 2
    assert start("verify", "portrait.jpg", cwd=studio).code == 3


def test_documents_reach_a_program_that_reads_ascii_only(studio: Path) -> None:
    ran = start("verify", "stamped/portrait.jpg", "--json", cwd=studio, env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert ran.document()["verdict"] == "PASSED"


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_names_in_any_script_reach_a_terminal_of_any_locale(studio: Path, locale: str) -> None:
    ran = start("consent", "list", cwd=studio, env={"LC_ALL": locale, "PYTHONUTF8": "", "PYTHONIOENCODING": ""})
    assert (ran.code, ran.err) == (0, "")
    assert "ngstr" in ran.out


# --- readers that go away, disks that are full


@contextmanager
def closed_pipe() -> Iterator[int]:
    """Yield the end to write to of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


SAYING_MUCH = [
    ["--help"],
    ["ledger", "show"],
    ["ledger", "show", "--json"],
    ["verify", "stamped/portrait.jpg"],
    ["consent", "list"],
]


@pytest.mark.parametrize("arguments", SAYING_MUCH, ids=" ".join)
def test_a_reader_that_went_away_is_no_fault(studio: Path, arguments: list[str]) -> None:
    with closed_pipe() as pipe:
        ran = start(*arguments, cwd=studio, stdout=pipe)
    assert ran.err == ""


def test_a_reader_that_takes_nothing_leaves_no_traceback(studio: Path) -> None:
    finished = subprocess.run(
        ["bash", "-c", '"$1" ledger show | head -0', "bash", str(SCRIPT)],
        cwd=studio,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.stdout, finished.stderr) == ("", "")


def test_a_reader_that_went_away_does_not_make_the_answer_no(studio: Path) -> None:
    with closed_pipe() as pipe:
        assert start("verify", "stamped/portrait.jpg", cwd=studio, stdout=pipe).code == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", SAYING_MUCH[1:], ids=" ".join)
def test_a_full_device_is_told(studio: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = start(*arguments, cwd=studio, stdout=full.fileno())
    assert (ran.code, ran.err) == (3, NO_SPACE)


def test_a_picture_that_does_not_fit_on_the_disk_leaves_nothing_and_can_be_stamped_later(studio: Path) -> None:
    # The database needs less than the limit, the picture more.
    draw_jpeg(studio / "large.jpg", seed=8, trailer=bytes(512 * 1024))
    stamp = ["stamp", "large.jpg", "--as", "camera", "--consent", code_of(studio)]
    ran = start(*stamp, cwd=studio, limit=256)
    ran.says(3, "failed          large.jpg: cannot be written: file too large\n", "1 failed\n")
    assert [path.name for path in (studio / "stamped").iterdir()] == ["portrait.jpg"]
    entries = start("ledger", "show", cwd=studio).out
    start(*stamp, cwd=studio).says(0, "stamped         stamped/large.jpg\n", "1 stamped\n")
    assert start("ledger", "show", cwd=studio).out == entries
    assert start("verify", "stamped/large.jpg", cwd=studio).code == 0


def test_a_studio_that_does_not_fit_on_the_disk_is_none(nowhere: Path) -> None:
    init = ["init", "studio", "--name", "A", "--no-passphrase"]
    ran = start(*init, cwd=nowhere, limit=32)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("provenance: error: ")
    assert not (nowhere / "studio" / "provenance.toml").exists()
    # What is left of it is told, and taken for nothing that it is not.
    again = start(*init, cwd=nowhere)
    assert again.code == 1
    assert "but no provenance.toml" in again.err


def test_a_full_disk_is_no_fault_of_the_program(nowhere: Path) -> None:
    ran = start("init", "studio", "--name", "A", "--no-passphrase", cwd=nowhere, limit=32)
    assert "fault in this program" not in ran.err


def test_a_database_on_a_full_disk_is_still_called_one(studio: Path) -> None:
    ran = start("ledger", "show", cwd=studio, limit=0)
    assert ran.code == 3
    assert "expected a studio's database" not in ran.err


# --- a terminal to ask in


class Conversation:
    """A command that has a terminal, on which it can ask."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self._ours, theirs = pty.openpty()
        # Without a controlling terminal of its own it asks on standard input, which is this one.
        self._process = subprocess.Popen(
            [str(SCRIPT), *arguments],
            cwd=cwd,
            env=environment({"TERM": "dumb"}),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._heard = ""

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and answer it."""
        self.wait_for(question)
        os.write(self._ours, f"{text}\n".encode())

    def wait_for(self, question: str) -> None:
        """Wait until it has asked."""
        while question not in self._heard:
            self._heard += os.read(self._ours, 4096).decode()
        self._heard = self._heard.split(question, 1)[1]
        # It asks first, and listens then.
        time.sleep(0.2)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Let go of the terminal."""
        self._process.kill()
        self._process.communicate()
        os.close(self._ours)

    def end(self) -> Ran:
        """Return what became of it; everything since the last question is what it told."""
        out, _ = self._process.communicate(timeout=60)
        while chunk := self._read():
            self._heard += chunk
        return checked(Ran(self._process.returncode, out.decode(), self._heard.replace("\r\n", "\n")))

    def _read(self) -> str:
        try:
            return os.read(self._ours, 4096).decode()
        except OSError:  # the other side is gone
            return ""


@contextmanager
def conversation(*arguments: str, cwd: Path) -> Iterator[Conversation]:
    with closing(Conversation(*arguments, cwd=cwd)) as talk:
        yield talk


def test_the_passphrase_is_asked_for_twice_and_never_shown(nowhere: Path) -> None:
    with conversation("init", "studio", "--name", "A", cwd=nowhere) as talk:
        talk.answer("Passphrase for the keys: ", PASSPHRASE)
        talk.answer("Repeat for confirmation: ", PASSPHRASE)
        ran = talk.end()
    assert (ran.code, ran.out) == (0, "Created the studio “A” in studio\n")
    assert ran.err.lstrip().startswith("The keys are sealed.")
    assert PASSPHRASE not in ran.err
    new = ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed", "--studio", "studio"]
    with conversation(*new, cwd=nowhere) as talk:
        talk.answer("Passphrase: ", PASSPHRASE)
        ran = talk.end()
    assert ran.code == 0
    assert ran.out.startswith("Consent ")
    with conversation(*new, cwd=nowhere) as talk:
        talk.answer("Passphrase: ", "wrong")
        ran = talk.end()
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.endswith(
        "provenance: error: root key: the passphrase is wrong\nhint: try again with the right one\n"
    )


def test_two_passphrases_that_differ_are_asked_for_again(nowhere: Path) -> None:
    with conversation("init", "studio", "--name", "A", cwd=nowhere) as talk:
        talk.answer("Passphrase for the keys: ", "one")
        talk.answer("Repeat for confirmation: ", "another")
        talk.answer("Passphrase for the keys: ", "one")
        talk.answer("Repeat for confirmation: ", "one")
        assert talk.end().code == 0


def test_a_command_that_is_interrupted_says_so(nowhere: Path) -> None:
    with conversation("init", "studio", "--name", "A", cwd=nowhere) as talk:
        talk.wait_for("Passphrase for the keys: ")
        talk.interrupt()
        ran = talk.end()
    assert (ran.code, ran.out) == (130, "")
    hint = "hint: run the same command again; what was finished stays finished\n"
    assert ran.err.endswith(f"provenance: error: interrupted\n{hint}")
    assert list(nowhere.iterdir()) == []


# --- a fault


def test_a_fault_is_one_line_and_its_place_is_shown_on_request(studio: Path) -> None:
    # A database whose entry is no JSON can come about by tampering only; the listing does not expect it.
    script = (
        "import provenance_cli.main as main, provenance.storage.database as database\n"
        "def fail(self): raise ZeroDivisionError('inner words')\n"
        "database.Database.head = fail\n"
        "main.main()\n"
    )
    (studio / "run.py").write_text(script)
    command = [sys.executable, "run.py", "ledger", "show"]
    for added, shows in (({}, False), ({"PROVENANCE_DEBUG": "1"}, True)):
        ran = subprocess.run(command, cwd=studio, env=environment(added), capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (3, "")
        assert ran.stderr.endswith(
            "provenance: error: a fault in this program: ZeroDivisionError\n"
            "hint: set PROVENANCE_DEBUG=1 to see where, and please report it\n"
        )
        assert ("Traceback" in ran.stderr) is shows
        assert ("inner words" in ran.stderr) is shows
