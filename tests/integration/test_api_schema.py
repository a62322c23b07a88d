"""Schemathesis asks the API all that its own description allows and forbids, and finds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import environment
from support.studios import make_studio, record_consent
from support.web import public_page


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    studio = make_studio(tmp_path / "studio")
    record_consent(studio)
    with public_page(studio) as server:
        url = server.url("localhost")
        ran = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{url}api/v1/openapi.json",
                f"--url={url}",
                "--phases=examples,coverage,fuzzing",
                "--max-examples=30",
                "--no-color",
            ],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    studio.close()
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert "5 selected / 5 total" in ran.stdout
