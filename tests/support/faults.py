"""Programs run under strace: what they ask of the disk is written down, and one request of it is made to fail."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import provenance

SECONDS = 120

# Everything by which SQLite and the product change a file or make it durable; others are refused by `powercut`.
CHANGING = (
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fsync",
    "fdatasync",
    "unlink",
    "rename",
    "renameat",
    "renameat2",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to some requests of one kind.

    Attributes:
        call: the system call.
        when: which ones of each thread, counted from 1: `3` the third one, `3+` from the third one on, `3..4` these.
        action: `signal=KILL`, or `error=EIO` and the like: the request is refused and nothing of it done.
    """

    call: str
    when: str
    action: str

    def __str__(self) -> str:
        return f"{self.call}-{self.when}-{self.action.partition('=')[2]}"


@cache
def why_not() -> str | None:
    """Return why programs cannot be run under strace here, or None if they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-e", "trace=none", "true"], capture_output=True, text=True
    )
    return None if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip().splitlines()[-1:]}"


def run_traced(
    script: Path,
    arguments: Sequence[str],
    *,
    paths: Iterable[Path],
    record: Path,
    fault: Fault | None = None,
    calls: Sequence[str] = CHANGING,
) -> bool:
    """Run a Python script under strace until it ends or is killed.

    Args:
        script: the script.
        arguments: of the script.
        paths: only what is asked of these files and directories is looked at.
        record: where to write down each request.
        fault: what is to fail.
        calls: the system calls that are looked at.

    Returns:
        Whether the fault came to pass.

    Raises:
        AssertionError: it ended with an error of its own, or not at all within two minutes.
    """
    # With that filter strace 6.1 would look at less, and be quicker, but forgets the signal.
    killing = fault is not None and fault.action == "signal=KILL"
    command = ["strace", "-f", *([] if killing else ["--seccomp-bpf"]), "-qq", "-o", str(record)]
    command += ["-y", "-xx", "-s", "10000000", "-e", "signal=none", "-e", f"trace={','.join(calls)}"]
    for path in paths:
        command += ["-P", str(path)]
    if fault is not None:
        command += ["-e", f"inject={fault.call}:{fault.action}:when={fault.when}"]
    home = str(Path(provenance.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([home, *filter(None, sys.path)])}
    command += [sys.executable, "-S", str(script), *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    if killing and ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return True
    assert ended.returncode == 0, ended.stderr
    return "(INJECTED)" in record.read_text("ascii")


@dataclass(frozen=True, slots=True)
class Request:
    """One system call that was asked for, and how it went.

    Attributes:
        task: the thread that asked.
        call: its name.
        path: of the file that it is about.
        arguments: as strace writes them, without what `path` says.
        data: what is written, if something is.
        result: the number that it returned; -1 if it failed.
    """

    task: str
    call: str
    path: Path
    arguments: str
    data: bytes
    result: int


_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_ENDED = re.compile(r"^(.*)\) += (-?\d+)(?:<[^>]*>)?(?: .*)?$")
_ABOUT = re.compile(r'(?:AT_FDCWD(?:<[^>]*>)?, )?(?:\d+<([^>]*)>|"([^"]*)")')
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNFINISHED = " <unfinished ...>"


def read_record(record: Path) -> list[Request]:
    """Return what was asked for, in the order in which it was done; what never ended is left out.

    Raises:
        ValueError: strace wrote something that is not understood.
    """
    begun: dict[str, tuple[str, str]] = {}
    requests = []
    for line in record.read_text("ascii").splitlines():
        if resumed := _RESUMED.match(line):
            task, name, rest = resumed.groups()
            call, start = begun.pop(task)
            if call != name:
                raise ValueError(f"expected {call} to resume, got {name}")
            text = start + rest
        elif started := _CALL.match(line):
            task, call, text = started.groups()
            if text.endswith(_UNFINISHED):
                begun[task] = call, text.removesuffix(_UNFINISHED)
                continue
        elif "+++" in line or "---" in line:
            continue
        else:
            raise ValueError(f"not understood: {line[:200]}")
        if (ended := _ENDED.match(text)) is not None:
            requests.append(_request(task, call, ended[1], int(ended[2])))
        elif not text.endswith("= ?"):
            raise ValueError(f"not understood: {line[:200]}")
    return requests


def _request(task: str, call: str, text: str, result: int) -> Request:
    about = _ABOUT.match(text)
    if about is None:
        raise ValueError(f"not understood: {call}({text[:200]}")
    rest = text[about.end() :].removeprefix(", ")
    data = b""
    if call in ("write", "pwrite64"):
        written = _TEXT.match(rest)
        if written is None:
            raise ValueError(f"not understood: {call}({text[:200]}")
        data, rest = _bytes(written[1]), rest[written.end() :].removeprefix(", ")
    return Request(task, call, Path(os.fsdecode(_bytes(about[1] or about[2]))), rest, data, result)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
