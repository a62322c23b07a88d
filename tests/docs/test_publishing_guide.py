"""The scripts in the guide on publishing do what it says of them, in a real repository and with real pictures."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import Ran, start
from support.pictures import draw_jpeg, with_changed_pixels

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "publishing.md"
TEXT = GUIDE.read_text("utf-8")
SCRIPTS = {
    name: f"#!/bin/sh\n# {name}\n{body}"
    for name, body in re.findall(r"^```sh\n#!/bin/sh\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
}
pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("git") is None, reason="needs git")]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Ran:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {"PATH": path, "HOME": str(cwd), "LANG": "C.UTF-8", "COLUMNS": "80", "GIT_CONFIG_NOSYSTEM": "1"}
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**plain, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio that has stamped one AI picture of nobody."""
    folder = tmp_path_factory.mktemp("guide") / "studio"
    draw_jpeg(folder.parent / "drawn.jpg", exif=False, seed=6)
    commands: list[list[str | Path]] = [
        ["init", folder, "--name", "Studio Nova", "--no-passphrase"],
        ["stamp", "drawn.jpg", "--as", "ai-generated", "--synthetic-person", "-o", "out", "--studio", folder],
        ["trust", "export", "-o", "nova.pem", "--studio", folder],
    ]
    for arguments in commands:
        assert start(*arguments, cwd=folder.parent).code == 0
    return folder


@pytest.fixture
def pages(studio: Path, tmp_path: Path) -> Path:
    """A repository with what the guide asks for, and the scripts in their places."""
    folder = tmp_path / "pages"
    folder.mkdir()
    shutil.copyfile(studio.parent / "nova.pem", folder / "nova.pem")
    (folder / "publish.toml").write_text(start("policy", "show", "ai-labelled", cwd=folder).out)
    assert run("git", "init", "-q", "-b", "main", cwd=folder).code == 0
    for name, value in (("user.name", "Editor"), ("user.email", "editor@example.org")):
        run("git", "config", name, value, cwd=folder)
    for name, script in SCRIPTS.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
    run("git", "add", "nova.pem", "publish.toml", "ci", cwd=folder)
    assert run("git", "commit", "-q", "-m", "Pages", cwd=folder).code == 0
    return folder


@pytest.fixture
def good(studio: Path) -> bytes:
    return (studio.parent / "out" / "drawn.jpg").read_bytes()


def commit(folder: Path, name: str, data: bytes, *, left: bytes | None = None) -> Ran:
    """Commit a picture; `left` is what lies in the folder by then."""
    path = folder / name
    path.write_bytes(data)
    run("git", "add", "--", path, cwd=folder)
    if left is not None:
        path.write_bytes(left)
    return run("git", "commit", "-q", "-m", "A picture", cwd=folder)


def test_the_guide_has_the_three_scripts() -> None:
    assert list(SCRIPTS) == [".git/hooks/pre-commit", "ci/pictures.sh", "nightly.sh"]


def test_the_hook_lets_pass_what_may_be_published_and_nothing_else(pages: Path, good: bytes) -> None:
    assert commit(pages, "a.jpg", good).code == 0
    refused = commit(pages, "forged.JPG", with_changed_pixels(good))
    assert refused.code == 1
    # Git shows what a hook says on standard error.
    assert "DON'T PUBLISH  forged.JPG: This file is not as it was when " in refused.err
    assert run("git", "log", "--oneline", cwd=pages).out.count("\n") == 2


def test_the_hook_looks_at_what_is_to_be_committed(pages: Path, good: bytes) -> None:
    assert commit(pages, "a\nb.jpg", with_changed_pixels(good), left=good).code == 1
    run("git", "reset", "-q", "--hard", cwd=pages)
    assert commit(pages, "-c.jpg", good, left=with_changed_pixels(good)).code == 0


@pytest.mark.parametrize("github", [False, True])
def test_the_job_fails_at_what_must_not_be_published(pages: Path, good: bytes, github: bool) -> None:
    (pages / ".git/hooks/pre-commit").unlink()
    run("git", "checkout", "-q", "-b", "spring", cwd=pages)
    env = {"GITHUB_ACTIONS": "true"} if github else {}

    def job() -> Ran:
        return run("sh", "ci/pictures.sh", "main", cwd=pages, env=env)

    job().says(0)
    assert commit(pages, "good one.jpg", good).code == 0
    assert job().code == 0
    assert "good one.jpg" in job().out
    draw_jpeg(pages / "plain.png", seed=3)
    plain = (pages / "plain.png").read_bytes()
    assert commit(pages, "plain.png", plain).code == 0
    looked = job()
    assert looked.code == (1 if 'missing = "refuse"' in (pages / "publish.toml").read_text() else 0)
    assert commit(pages, "forged.jpg", with_changed_pixels(good)).code == 0
    failed = job()
    assert failed.code == 1
    assert ("::error file=forged.jpg," if github else "DON'T PUBLISH  forged.jpg: ") in failed.out


def test_the_job_leaves_what_is_to_be_looked_at_to_the_reviewer(pages: Path) -> None:
    (pages / ".git/hooks/pre-commit").unlink()
    (pages / "publish.toml").write_text(start("policy", "show", "newsroom", cwd=pages).out)
    run("git", "checkout", "-q", "-b", "spring", cwd=pages)
    plain = draw_jpeg(pages / "plain.jpg", seed=3).read_bytes()
    assert commit(pages, "plain.jpg", plain).code == 0
    ran = run("sh", "ci/pictures.sh", "main", cwd=pages)
    assert (ran.code, ran.out.startswith("CHECK FIRST    plain.jpg: ")) == (0, True)


def test_the_line_for_cron_runs_the_script_and_tells_each_change_once(pages: Path, studio: Path, good: bytes) -> None:
    (line,) = re.findall(r"^```crontab\n(.*?)\n```$", TEXT, re.MULTILINE)
    when = re.fullmatch(r"(?:\S+ ){5}(STATUS=\S+) (\S+)", line)
    assert when is not None
    status = studio.parent / "public" / "0.jwt"
    if not status.exists():
        assert start("consent", "publish-status", "--studio", studio, "-o", status.parent, cwd=studio.parent).code == 0
    command = line[line.index("STATUS=") :].replace("/srv/magazine", str(pages))
    command = command.replace("https://nova.example/status/0.jwt", str(status))
    (pages / "published").mkdir()
    (pages / "published" / "a.jpg").write_bytes(good)
    first, second = (run("sh", "-c", command, cwd=Path("/")) for _ in range(2))
    assert (first.code, first.out) == (0, "")
    assert (second.code, second.out) == (0, "")
    (pages / "published" / "a.jpg").write_bytes(with_changed_pixels(good))
    third, fourth = (run("sh", "-c", command, cwd=Path("/")) for _ in range(2))
    assert (third.code, third.out.count("(was OK; credential trusted → invalid;")) == (1, 1)
    assert (fourth.code, fourth.out) == (0, "")
