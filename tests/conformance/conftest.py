from pathlib import Path

import pytest
from support.judges import Judge, build_go_judge, find_aics_judge, find_c2pa_ts_judge


@pytest.fixture(scope="session")
def go_judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """What reads a log with the packages of Go; all processes of a run share what was compiled."""
    return build_go_judge(tmp_path_factory.mktemp("judge"), tmp_path_factory.getbasetemp().parent / "go-cache")


@pytest.fixture(scope="session")
def aics_judge() -> Judge:
    """What reads a log with `aics-tlog`."""
    return find_aics_judge()


@pytest.fixture(scope="session")
def c2pa_ts_judge() -> Judge:
    """What reads pictures with `@trustnxt/c2pa-ts`."""
    return find_c2pa_ts_judge()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder to publish to."""
    return tmp_path / "log"
