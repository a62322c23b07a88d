"""Runs the `console` and `python` blocks of a document, and compares or rewrites what they show.

A line that begins with `$ ` is a command of the shell; the lines below it are its output, both streams in one. All
blocks of a document run in order, from one empty folder on; `cd` lasts. What differs from run to run (codes, secrets,
names of logs, dates) is compared by its shape, and a code that the document shows stands for the one that the run made.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GROUP = "[0-9A-HJKMNP-TV-Z]{4}"
_VARYING = re.compile(
    rf"(?P<secret>\b(?:{_GROUP}-){{6}}{_GROUP}\b)"
    rf"|(?P<code>\b{_GROUP}-{_GROUP}\b)"
    r"|(?P<log>provenance-studio/[0-9a-f]{16})"
    r"|(?P<file>keys/claim-[0-9a-f]{16})"
    r"|(?P<time>\b20\d\d-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?)"
    r"|(?P<key>\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44})"
    r"|(?P<hash>(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}=?(?![A-Za-z0-9+/_-]))"
    r"|(?P<signature>[A-Za-z0-9+/]{80,}=*)"
)

# How far long work has come is told now and then, and on a busy machine sooner.
_PROGRESS = re.compile(r"^[0-9,]+ of [0-9,]+ .* \(about .* left\)\n", re.MULTILINE)


@dataclass
class Shown:
    """One command of a document, what the document shows of it, and what it really did."""

    command: str
    expected: str
    got: str


def run_document(path: Path, folder: Path) -> tuple[list[Shown], str]:
    """Run every block of the document in `folder`; return what was shown and the document with the real output."""
    text = path.read_text(encoding="utf-8")
    shown: list[Shown] = []
    stands_for: dict[str, str] = {}
    parts: list[str] = []
    position = 0
    here = folder
    for block in _BLOCK.finditer(text):
        parts.append(text[position : block.start(2)])
        position = block.end(2)
        if block.group(1) == "python":
            result, _ = _execute([sys.executable, "-"], here, source=block.group(2))
            shown.append(Shown("python block", "", result))
            parts.append(block.group(2))
            continue
        for command, expected in _commands(block.group(2)):
            for documented, real in stands_for.items():
                command = command.replace(documented, real)
            script = f"{command}\nstatus=$?; pwd >&3; exit $status"
            got, here = _execute(["bash", "-c", script], here)
            stands_for.update(_pairs(expected, got))
            shown.append(Shown(command, expected, got))
            parts.append(f"$ {command}\n{got}")
    parts.append(text[position:])
    return shown, "".join(parts)


def shape(text: str) -> str:
    """Return `text` with everything that differs from run to run replaced by its kind, and folding undone."""
    named = _VARYING.sub(lambda found: f"<{found.lastgroup}>", _PROGRESS.sub("", text))
    return " ".join(named.split())


def _commands(block: str) -> list[tuple[str, str]]:
    found = re.findall(r"^\$ (.*?(?:\\\n.*?)*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    return [(command, output) for command, output in found]


def _pairs(expected: str, got: str) -> dict[str, str]:
    """Return which documented code stands for which real one, by their order in the output."""
    documented = [match.group() for match in _VARYING.finditer(expected) if match.lastgroup in ("code", "secret")]
    real = [match.group() for match in _VARYING.finditer(got) if match.lastgroup in ("code", "secret")]
    return dict(zip(documented, real, strict=False))


def _execute(command: list[str], folder: Path, *, source: str | None = None) -> tuple[str, Path]:
    """Run a command in `folder`; return what it printed and the folder that it ended in."""
    scripts = Path(sys.executable).parent
    environment = {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "COLUMNS": "80",
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
    }
    with tempfile.TemporaryFile("w+") as ended_in:
        finished = subprocess.run(
            ["bash", "-c", f'exec "$@" 3>&{ended_in.fileno()}', "bash", *command],
            cwd=folder,
            env=environment,
            input=source,
            stdin=None if source is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[ended_in.fileno()],
            text=True,
            timeout=120,
            check=False,
        )
        ended_in.seek(0)
        place = ended_in.read().strip()
    return finished.stdout, Path(place) if place else folder


def main() -> None:
    """Rewrite the output in every document that is named."""
    for name in sys.argv[1:]:
        path = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            _, text = run_document(path, Path(folder))
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
