"""No command opens a connection, or even asks for an address; watched by the kernel's own account of it."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from support.commands import SCRIPT, environment, start
from support.pictures import draw_jpeg, with_segment
from support.studios import make_studio, record_consent, stamped

# Whatever reaches out, or waits to be reached, by an address of the internet.
_CALLS = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg|bind|listen|accept4?)\(.*AF_INET6?\b")
_SOCKETS = re.compile(r"\bsocket\(AF_INET6?\b")

REMOTE_XMP = (
    b"http://ns.adobe.com/xap/1.0/\x00"
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"'
    b' dcterms:provenance="http://127.0.0.1:9/picture.c2pa"/></rdf:RDF></x:xmpmeta>'
)


@cache
def why_not() -> str | None:
    """Return why system calls cannot be watched here, or None."""
    strace = shutil.which("strace")
    if strace is None:
        return "no strace on this machine"
    tried = subprocess.run([strace, "-f", "-e", "trace=network", "true"], capture_output=True, text=True, check=False)
    return f"strace may not watch here: {tried.stderr.strip()[-200:]}" if tried.returncode else None


def watched(folder: Path, *command: str | Path) -> tuple[int, str]:
    """Run a command; return its exit code, and the account of every network call of it and its children."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    account = folder / "account"
    ran = subprocess.run(
        ["strace", "-f", "-e", "trace=network", "-o", str(account), *map(str, command)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return ran.returncode, account.read_text()


def check_silent(account: str) -> None:
    assert [line for line in account.splitlines() if _CALLS.search(line) or _SOCKETS.search(line)] == []


def test_the_watch_sees_a_connection(tmp_path: Path) -> None:
    script = (
        "import socket\n"
        "for family, place in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):\n"
        "    with socket.socket(family, socket.SOCK_DGRAM) as talk: talk.connect_ex((place, 9))\n"
    )
    _, account = watched(tmp_path, sys.executable, "-c", script)
    with pytest.raises(AssertionError):
        check_silent(account)
    assert len(_CALLS.findall(account)) >= 1


@pytest.mark.slow
def test_the_demonstration_reaches_nobody(tmp_path: Path) -> None:
    code, account = watched(tmp_path, SCRIPT, "demo")
    assert code == 0
    check_silent(account)


def test_checking_a_stamped_file_reaches_nobody(tmp_path: Path) -> None:
    studio = make_studio(tmp_path / "studio")
    code = record_consent(studio).code
    path = stamped(studio, draw_jpeg(tmp_path / "portrait.jpg"), tmp_path / "stamped.jpg", code=code)
    studio.close()
    exit_code, account = watched(tmp_path, SCRIPT, "verify", path, "--studio", "studio")
    assert exit_code == 0
    check_silent(account)
    assert start("ledger", "publish", "log", "--studio", "studio", cwd=tmp_path).code == 0
    checkpoint = ["--checkpoint", "log/checkpoint"]
    exit_code, account = watched(tmp_path, SCRIPT, "verify", path, "--studio", "studio", *checkpoint)
    assert exit_code == 0
    check_silent(account)


def test_a_file_that_names_a_place_on_the_network_reaches_nobody(tmp_path: Path) -> None:
    plain = draw_jpeg(tmp_path / "plain.jpg").read_bytes()
    (tmp_path / "remote.jpg").write_bytes(with_segment(plain, 0xE1, REMOTE_XMP))
    code, account = watched(tmp_path, SCRIPT, "verify", "remote.jpg")
    assert code == 3
    check_silent(account)
