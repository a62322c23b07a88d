"""The power fails at any moment, and the disk keeps what it must and loses what it may: every promise is kept."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from support.crashes import APPENDER, BrokenError, LostError, Promises, check_kept, make_base
from support.faults import Request, read_record, run_traced, why_not
from support.powercut import Choice, outages

pytestmark = [pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

# From 250 entries over two tile edges; alone, together and waiting; with the log in the database and beside it.
PLAN = "eager 1 1 3 2 256 reopen 1 ~6 1 2 1 1 reopen 1 1 ~3 2 1"
SIZE = 250
CHUNKS = 10
CUTS = 150


@dataclass(frozen=True)
class Run:
    """One run of a plan, with everything that it asked of the disk."""

    folder: Path
    base: bytes
    said: Path
    requests: Sequence[Request]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_base(tmp_path_factory.mktemp("base") / "studio.db", SIZE)


def run(folder: Path, base: bytes, plan: str) -> Run:
    ledger, said = folder / "ledger", folder / "said"
    ledger.mkdir()
    database = ledger / "studio.db"
    database.write_bytes(base)
    paths = [said, ledger, database, database.with_name("studio.db-wal")]
    run_traced(APPENDER, [str(database), str(said), *plan.split()], paths=paths, record=folder / "record")
    promises = Promises().hear(said.read_text())
    assert promises.ended
    assert promises.errors == []
    check_kept(database, promises)
    return Run(ledger, base, said, read_record(folder / "record"))


@pytest.fixture(scope="module")
def full(base: bytes, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("full"), base, PLAN)


def cut(run: Run, folder: Path, *, cuts: int, seed: int) -> Counter[str]:
    """Let the power fail at some moments, and return how often what was found after it."""
    random = Random(seed)
    moments = sorted(random.randint(1, len(run.requests)) for _ in range(cuts))
    found: Counter[str] = Counter()
    for number, outage in enumerate(
        outages(
            run.requests, folder=run.folder, files={"studio.db": run.base}, said=run.said, moments=moments, seed=seed
        )
    ):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in outage.files.items():
            (folder / name).write_bytes(content)
        try:
            check_kept(folder / "studio.db", Promises().hear(outage.said), go_on=number % 8 == 0)
        except (BrokenError, LostError) as error:
            found[type(error).__name__] += 1
        else:
            found["kept"] += 1
    return found


def test_no_power_cut_breaks_a_promise(full: Run, tmp_path: Path) -> None:
    assert cut(full, tmp_path / "cut", cuts=80, seed=1_000_000) == {"kept": 80}


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_none_of_many_power_cuts_breaks_a_promise(full: Run, tmp_path: Path, chunk: int) -> None:
    assert cut(full, tmp_path / "cut", cuts=CUTS, seed=chunk) == {"kept": CUTS}


# --- what shows that these cuts would be seen to do harm


def test_cuts_lose_what_was_acknowledged_where_commits_are_not_flushed(base: bytes, tmp_path: Path) -> None:
    found = cut(run(tmp_path, base, f"normal {PLAN}"), tmp_path / "cut", cuts=60, seed=0)
    assert found["LostError"] > 15
    assert found["BrokenError"] == 0


def test_cuts_break_a_ledger_where_nothing_is_flushed(base: bytes, tmp_path: Path) -> None:
    found = cut(run(tmp_path, base, f"off {PLAN}"), tmp_path / "cut", cuts=60, seed=0)
    assert found["BrokenError"] > 5


def test_cuts_come_in_every_kind(full: Run) -> None:
    kinds: Counter[Choice] = Counter()
    contents: set[int] = set()
    for outage in outages(
        full.requests,
        folder=full.folder,
        files={"studio.db": full.base},
        said=full.said,
        moments=range(1, len(full.requests), 3),
        seed=0,
    ):
        kinds[outage.choice] += 1
        contents.add(hash(tuple(sorted(outage.files.items()))))
    assert {*kinds} == {*Choice}
    assert len(contents) > kinds.total() / 2
    assert {one.call for one in full.requests} >= {"openat", "pwrite64", "fdatasync", "ftruncate", "unlink"}
