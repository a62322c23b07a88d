"""Where the data lie that are shared between checkouts, and are no part of this one."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"


def shared(*parts: str) -> Path:
    """Return a file or folder of the shared data; a test that asks for an absent one is skipped."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared data {'/'.join(parts)} are not beside this checkout")
    return path
