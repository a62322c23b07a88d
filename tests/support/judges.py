"""Judges by other makers, each in a process of its own; without them, their tests are skipped.

`tests/conformance/judges.txt` pins them; they live in `.judges`, apart from what the product needs.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.commands import environment
from support.ledgers import identified, numbered

from provenance.ledger import Ledger

ROOT = Path(__file__).parents[2]
JUDGES = ROOT / ".judges" / "bin"
SOURCES = ROOT / "tests" / "conformance"

# Where Go keeps the sources of the packages of its checksum database, below its own root.
_VENDORED = Path("src", "cmd", "vendor", "golang.org", "x", "mod")

_AT_ONCE = 4096


class RefusedByJudgeError(Exception):
    """A judge said no, and why."""


@dataclass(frozen=True)
class Judge:
    """A program that says what it found, as one JSON object, or what is wrong."""

    command: Sequence[str | Path]

    def __call__(self, *arguments: str | Path | int) -> Any:
        """Return what the judge found.

        Raises:
            RefusedByJudgeError: something is wrong, with its words.
        """
        ran = subprocess.run(
            [*self.command, *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False
        )
        if ran.returncode:
            raise RefusedByJudgeError(ran.stderr.strip())
        return json.loads(ran.stdout)


def build_go_judge(folder: Path, cache: Path) -> Judge:
    """Build the judge in Go without a network: what it imports is part of the sources of Go itself."""
    go = JUDGES / "go" if (JUDGES / "go").exists() else shutil.which("go")
    if go is None:
        pytest.skip("go is neither in .judges nor on the path")
    env = {
        **environment(),
        **{"GOCACHE": str(cache), "GOPATH": str(folder / "path"), "GOENV": "off", "GOFLAGS": "-mod=mod"},
        **{"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off", "GOWORK": "off", "CGO_ENABLED": "0"},
    }

    def run(*arguments: str) -> str:
        ran = subprocess.run([go, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    vendored = Path(run("env", "GOROOT")) / _VENDORED
    if not vendored.is_dir():
        pytest.skip("this go comes without its own sources")
    for package in ("note", "tlog"):
        shutil.copytree(vendored / "sumdb" / package, folder / "mod" / "sumdb" / package)
    (folder / "mod" / "go.mod").write_text("module golang.org/x/mod\ngo 1.22\n")
    (folder / "go.mod").write_text(
        "module judge\ngo 1.22\nrequire golang.org/x/mod v0.0.0\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copyfile(SOURCES / "go" / "judge.go", folder / "judge.go")
    run("build", "-o", "judge", ".")
    return Judge([folder / "judge"])


def find_aics_judge() -> Judge:
    """Return the judge that reads with `aics-tlog`."""
    return Judge([aics_program("python"), SOURCES / "aics" / "judge.py"])


def find_c2pa_ts_judge() -> Judge:
    """Return the judge that reads pictures with `@trustnxt/c2pa-ts`."""
    package = ROOT / ".judges" / "node_modules" / "@trustnxt" / "c2pa-ts"
    node = shutil.which("node")
    if node is None or not package.is_dir():
        pytest.skip("node is not on the path, or c2pa-ts not in .judges")
    return Judge([node, SOURCES / "c2pa-ts" / "judge.mjs", package])


def find_webauthn_judge() -> Judge:
    """Return the judge that verifies what passkeys signed with Duo Labs' `webauthn`."""
    if not next(JUDGES.parent.glob("lib/*/site-packages/webauthn"), None):
        pytest.skip("webauthn is not in .judges")
    return Judge([JUDGES / "python", SOURCES / "webauthn" / "judge.py"])


def aics_program(name: str) -> Path:
    """Return a program of `.judges` that needs `aics-tlog`, which needs Python 3.12."""
    if not (JUDGES / "aics-tlog").exists():
        pytest.skip("aics-tlog, which needs Python 3.12, is not in .judges")
    return JUDGES / name


@contextmanager
def serving_process(*command: str | Path, ready: str) -> Iterator[str]:
    """Let a program serve until the end of the block, and yield what it says behind `ready` once it does."""
    process = subprocess.Popen(
        [*map(str, command)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=_unbuffered()
    )
    try:
        assert process.stderr is not None
        heard = ""
        for line in process.stderr:
            heard += line
            if ready in line:
                yield line.partition(ready)[2].split()[0]
                break
        else:
            pytest.fail(f"it does not serve: {heard}")
    finally:
        process.terminate()
        process.communicate(timeout=20)


def grow_to(ledger: Ledger, size: int, *, start: int) -> None:
    """Append numbered entries from `start` on, until there are `size`."""
    for first in range(start, size, _AT_ONCE):
        ledger.append(identified(*map(numbered, range(first, min(first + _AT_ONCE, size)))))


def _unbuffered() -> dict[str, str]:
    return {**os.environ, **environment(), "PYTHONUNBUFFERED": "1"}
