"""Schemathesis asks the API all that its own description allows and forbids, and finds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import environment
from support.pictures import draw_jpeg
from support.studios import make_studio, record_consent, stamped
from support.web import public_page

from provenance.studio.fingerprints import keep_fingerprints


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    studio = make_studio(tmp_path / "studio")
    keep_fingerprints(studio)
    source = draw_jpeg(tmp_path / "plain.jpg")
    stamped(studio, source, tmp_path / "stamped.jpg", code=record_consent(studio).code)
    with public_page(studio, lookalikes=True) as server:
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
    assert "10 selected / 10 total" in ran.stdout
