"""Runs the command line, in this process or in one of its own, and compares what it says with a transcript."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provenance import schemas
from provenance_cli.main import run

SCRIPT = Path(sys.executable).with_name("provenance")

_URN = re.compile(r"urn:headshot-provenance:schema:([a-z-]+):1")
_GROUP = "[0-9A-HJKMNP-TV-Z]{4}"
# What differs from run to run, by the word that stands for it in a transcript.
_VARYING = {
    "<code>": f"{_GROUP}-{_GROUP}",
    "<secret>": f"(?:{_GROUP}-){{6}}{_GROUP}",
    "<log>": "provenance-studio/[0-9a-f]{16}",
    "<key>": r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}",
    "<minute>": r"20\d\d-\d\d-\d\dT\d\d:\d\dZ",
    "<second>": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "<day>": r"20\d\d-\d\d-\d\d",
    "<hash>": "[A-Za-z0-9+/]{43}=",
    "<signature>": "[A-Za-z0-9+/]{91}=",
    "<certificate>": "-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----",
}
_VARYING_WORD = re.compile("|".join(map(re.escape, _VARYING)))


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, and what it wrote to both streams."""

    code: int
    out: str
    err: str

    def says(self, code: int, out: str = "", err: str = "") -> None:
        """Check that it ended with this code and wrote exactly this, but for what differs from run to run."""
        assert (self.code, bool(self.out)) == (code, bool(out)), self
        for found, expected in ((self.out, out), (self.err, err)):
            assert re.fullmatch(_pattern(expected), found), f"expected\n{expected}\ngot\n{found}"

    def refuses(self, code: int, message: str, hint: str | None = None) -> None:
        """Check that it ended with an error of the one form, and wrote nothing else."""
        expected = f"provenance: error: {message}\n" + ("" if hint is None else f"hint: {hint}\n")
        self.says(code, "", expected)
        check_plain(message)

    def documents(self) -> list[Any]:
        """Return the documents on stdout, one a line, each checked against the schema that it names."""
        lines = self.out.splitlines()
        assert self.out == "".join(f"{line}\n" for line in lines)
        found = [json.loads(line) for line in lines]
        for document in found:
            name = _URN.fullmatch(document["schema"])
            assert name is not None
            schemas.validate(document, name[1])
        return found

    def document(self) -> Any:
        """Return the one document on stdout."""
        (found,) = self.documents()
        return found


class Terminal:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run a command, and check that whatever it did, it showed nothing of its inside."""
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return checked(Ran(code, *self._capsys.readouterr()))


def start(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    stdout: int | None = None,
    limit: int | None = None,
) -> Ran:
    """Run the console script in a process of its own.

    Args:
        arguments: of the command.
        cwd: the folder to run it in.
        env: what is added to the environment.
        stdin: what can be read there; nothing if None.
        stdout: where it goes, if it is not kept.
        limit: the size beyond which no file can grow, in KiB, as on a disk that is nearly full.
    """
    command = [str(SCRIPT), *map(str, arguments)]
    if limit is not None:
        command = ["bash", "-c", f'ulimit -f {limit} && exec "$@"', "bash", *command]
    finished = subprocess.run(
        command,
        cwd=cwd,
        env=environment(env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return checked(Ran(finished.returncode, finished.stdout or "", finished.stderr))


def environment(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment that holds nothing about any studio of whoever runs the tests."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PROVENANCE_")}
    return {**mine, "COLUMNS": "80", "PYTHONUTF8": "1", "PROVENANCE_TRUST": "/dev/null/none", **(added or {})}


def checked(ran: Ran) -> Ran:
    """Check what holds of every command: a known exit code, no traceback, and nothing that acts on a terminal."""
    assert ran.code in (0, 1, 2, 3, 130), ran
    assert "Traceback" not in ran.err, ran.err
    for stream in (ran.out, ran.err):
        for line in stream.splitlines(keepends=True):
            assert line.removesuffix("\n").isprintable(), ascii(line)
    return ran


def check_plain(message: str) -> None:
    """Check the form that every message has: one line, lower case at its start, no full stop at its end."""
    assert message.isprintable()
    assert not message[0].isupper()
    assert not message.endswith(".")


def folded(out: str, columns: int) -> Sequence[str]:
    """Return the lines that are longer than `columns`, but for those that hold a single word beside their label."""
    return [line for line in out.splitlines() if len(line) > columns and " " in line[17:].strip()]


def _pattern(transcript: str) -> str:
    position, parts = 0, []
    for word in _VARYING_WORD.finditer(transcript):
        parts += [re.escape(transcript[position : word.start()]), f"(?:{_VARYING[word.group()]})"]
        position = word.end()
    return "".join(parts) + re.escape(transcript[position:])
