"""exiftool, the reference for metadata: it shares no code with this product, which never runs it."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

EXIFTOOL = shutil.which("exiftool")

needs_exiftool = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed (libimage-exiftool-perl)")


def exiftool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run exiftool."""
    assert EXIFTOOL is not None
    command = [EXIFTOOL, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def read(path: Path) -> Mapping[str, Any]:
    """Return every tag that exiftool finds in a file, by group and name."""
    ran = exiftool("-j", "-G1", "-n", "-a", "-u", "-api", "largefilesupport=1", path)
    (document,) = json.loads(ran.stdout)
    assert isinstance(document, dict)
    return document


def edited(folder: Path, data: bytes, ending: str, *arguments: str) -> bytes:
    """Return a file as exiftool changes it."""
    path = folder / f"picture.{ending}"
    path.write_bytes(data)
    ran = exiftool("-overwrite_original", "-charset", "utf8", *arguments, path)
    assert "1 image files updated" in ran.stdout, ran.stdout + ran.stderr
    changed = path.read_bytes()
    assert changed != data
    return changed
