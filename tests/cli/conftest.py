import json
import os
import shutil
from pathlib import Path

import pytest
from support.commands import Terminal
from support.pictures import draw_jpeg
from support.studios import PASSPHRASE
from support.workshops import Workshop

from provenance_cli.main import run


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget whatever whoever runs the tests has set for their own studio, and have a terminal of the usual width."""
    for name in [name for name in os.environ if name.startswith("PROVENANCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PROVENANCE_TRUST", "/dev/null/none")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # How far long work has come depends on the machine, and is what some tests ask for themselves.
    monkeypatch.setattr("provenance_cli._output.SECONDS_BETWEEN_LINES", 1e6)
    return Terminal(capsys)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "workshop"
    assert run(["init", str(path), "--name", "Studio Lumen", "--country", "DE", "--no-passphrase"]) == 0
    consent = ["--subject", "Zoë Ångström", "--permit", "capture", "--permit", "publish.web", "--deny", "mine"]
    assert run(["consent", "new", *consent, "--typed", "--studio", str(path)]) == 0
    (receipt,) = (path / "receipts").iterdir()
    draw_jpeg(path / "portrait.jpg")
    stamp = ["stamp", str(path / "portrait.jpg"), "--as", "camera", "--consent", receipt.stem]
    assert run([*stamp, "--studio", str(path)]) == 0
    return path


@pytest.fixture(scope="session")
def sealed_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed-template")
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    path = folder / "sealed"
    arguments = ["--name", "Studio Lumen", "--passphrase-file", str(folder / "passphrase")]
    assert run(["init", str(path), *arguments]) == 0
    return path


@pytest.fixture
def workshop(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop of the test's own, to be in."""
    path = shutil.copytree(template, tmp_path / "workshop")
    (receipt,) = (path / "receipts").iterdir()
    secret = json.loads(receipt.read_text("utf-8"))["withdrawal"]["secret"]
    monkeypatch.chdir(path)
    return Workshop(path, receipt.stem, secret)


@pytest.fixture
def sealed(sealed_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A studio whose keys are sealed, to be in; its passphrase lies in a file `passphrase` beside it."""
    path = shutil.copytree(sealed_template, tmp_path / "sealed")
    shutil.copyfile(sealed_template.parent / "passphrase", tmp_path / "passphrase")
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, to be in."""
    path = tmp_path / "nowhere"
    path.mkdir()
    monkeypatch.chdir(path)
    return path
