"""How many examples a property is tried with: a part of them at each change, and all where there is time."""

import os

THOROUGH = "PROVENANCE_THOROUGH"


def tries(number: int) -> int:
    """Return `number` where the environment asks to be thorough, as `make check` does; else a fifth, 25 at least."""
    return number if os.environ.get(THOROUGH) else min(number, max(25, number // 5))
