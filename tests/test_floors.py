"""The floors and walls of the design, as `pyproject.toml` draws them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")

pytestmark = pytest.mark.skipif(
    "PROVENANCE_TESTS_EXPECT_WHEEL" in os.environ, reason="the floors are drawn in the checkout, not in the wheel"
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINTER), "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "cli")])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_imports_only_from_the_floors_below_it() -> None:
    ran = lint(ROOT)
    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


def test_a_floor_that_is_broken_would_be_seen(tmp_path: Path) -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    exception = 'ignore_imports = ["provenance.credentials._engine -> c2pa"]'
    assert exception in settings
    (tmp_path / "pyproject.toml").write_text(settings.replace(exception, ""), encoding="utf-8")
    ran = lint(tmp_path)
    assert ran.returncode == 1
    assert "only the engine imports c2pa" in ran.stdout
    assert "1 broken" in ran.stdout
