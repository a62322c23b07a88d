"""The targets take their own examples; to fuzz them is for `run.py`."""

import pytest
from fuzz.targets import TARGETS, seeds

SEEDS = list(seeds())


# To decode all of them takes long.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "looks" else name for name in TARGETS]
)
def test_every_example_is_read_or_refused(name: str) -> None:
    for seed in SEEDS:
        TARGETS[name](seed)


def test_a_target_does_not_swallow_what_is_no_error_of_ours() -> None:
    from fuzz import targets

    def broken(data: bytes) -> None:
        raise IndexError

    with pytest.raises(IndexError):
        targets._ours(broken, b"")
