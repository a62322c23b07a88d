"""Whatever request to the disk fails, or is the last one: what was acknowledged is there, and appending goes on."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.crashes import APPENDER, Promises, check_kept, make_base
from support.faults import CHANGING, Fault, read_record, run_traced, why_not
from support.powercut import outages

pytestmark = [pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

# Each begins with 254 entries, two short of a full tile.
SIZE = 254
PLANS = {
    "alone": "eager 1 1 1 2 reopen 1",
    "together": "3 256 1",
    "waiting": "~5 1 ~3",
    "beside": "1 beside 1 2 1",
}
ACTIONS = ("signal=KILL", "error=EIO", "error=ENOSPC")
# What is only read can fail, too, but never for want of room.
READING = ("pread64",)
CHUNKS = 30
CUTS = 25

Case = tuple[str, Fault]


@dataclass(frozen=True)
class Bench:
    """A folder with a ledger, in which a plan is run anew for each case."""

    folder: Path
    base: bytes

    @property
    def database(self) -> Path:
        return self.folder / "ledger" / "studio.db"

    @property
    def said(self) -> Path:
        return self.folder / "said"

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def run(self, plan: str, fault: Fault | None, *, calls: tuple[str, ...], memory: bool = True) -> bool:
        """Run a plan from the start, and return whether the fault came to pass."""
        self.lay({"studio.db": self.base})
        self.said.unlink(missing_ok=True)
        names = ["studio.db", "studio.db-wal", *(["studio.db-shm"] if memory else [])]
        paths = [self.said, self.database.parent, *(self.database.with_name(name) for name in names)]
        if fault is not None and memory:
            del paths[0]
        arguments = [str(self.database), str(self.said), *PLANS[plan].split()]
        return run_traced(APPENDER, arguments, paths=paths, record=self.record, fault=fault, calls=calls)

    def lay(self, files: dict[str, bytes]) -> None:
        """Let there be these files, and no others."""
        shutil.rmtree(self.database.parent, ignore_errors=True)
        self.database.parent.mkdir()
        for name, content in files.items():
            self.database.with_name(name).write_bytes(content)

    def promises(self) -> Promises:
        return Promises().hear(self.said.read_text() if self.said.exists() else "")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("faults")
    return Bench(folder, make_base(folder / "base.db", SIZE))


@pytest.fixture(scope="module")
def cases(bench: Bench) -> list[Case]:
    """Every request that the plans make, with everything that can befall it."""
    found: list[Case] = []
    for plan in PLANS:
        assert not bench.run(plan, None, calls=CHANGING + READING)
        made = Counter((one.call, one.task) for one in read_record(bench.record) if one.path != bench.said)
        for call in sorted({call for call, _ in made}):
            count = max(made[one] for one in made if one[0] == call)
            for action in ACTIONS[:2] if call in READING else ACTIONS:
                found += [(plan, Fault(call, str(number), action)) for number in range(1, count + 1)]
            # A disk that is full or broken stays so.
            if call not in READING:
                found += [
                    (plan, Fault(call, f"{number}+", action)) for action in ACTIONS[1:] for number in range(1, count, 4)
                ]
    return found


def check(bench: Bench, plan: str, fault: Fault) -> bool:
    """Run a plan into a fault, and return whether there was one."""
    happened = bench.run(plan, fault, calls=(fault.call,))
    promises = bench.promises()
    if fault.action != "signal=KILL":
        assert promises.ended
    if not happened:
        assert not promises.errors
    check_kept(bench.database, promises)
    return happened


def check_all(bench: Bench, cases: list[Case]) -> None:
    happened = 0
    for plan, fault in cases:
        try:
            happened += check(bench, plan, fault)
        except Exception as error:
            error.add_note(f"plan {plan}, {fault}")
            raise
    # Who waits with whom is up to the computer, and so is the number of requests.
    assert happened >= 0.9 * sum(plan != "waiting" for plan, _ in cases)


def test_a_request_that_fails_or_is_the_last_one_loses_nothing(bench: Bench, cases: list[Case]) -> None:
    changing = [case for case in cases if case[1].call not in READING]
    check_all(bench, random.Random(0).sample(changing, 24))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_request_can_fail_or_be_the_last_one(bench: Bench, cases: list[Case], chunk: int) -> None:
    check_all(bench, cases[chunk::CHUNKS])


# --- then the power fails


def check_answers(bench: Bench, plan: str, fault: Fault) -> None:
    """Run a plan into a fault, then let the power fail at many moments: all that was said must be true."""
    assert bench.run(plan, fault, calls=CHANGING, memory=False)
    requests = read_record(bench.record)
    failed = next(number for number, one in enumerate(requests) if one.result < 0)
    moments = sorted(random.Random(str(fault)).randint(failed, len(requests)) for _ in range(CUTS))
    for outage in outages(
        requests,
        folder=bench.database.parent,
        files={"studio.db": bench.base},
        said=bench.said,
        moments=moments,
        seed=1,
    ):
        bench.lay(outage.files)
        try:
            check_kept(bench.database, Promises().hear(outage.said), go_on=False)
        except Exception as error:
            error.add_note(f"plan {plan}, {fault}, cut {outage.moment} of {len(requests)}, {outage.choice}")
            raise


def failing_flushes(bench: Bench) -> Iterator[Case]:
    for plan in ("alone", "together", "beside"):
        bench.run(plan, None, calls=("fdatasync",))
        count = bench.record.read_text().count("fdatasync(")
        for number in range(1, count + 1):
            for when in (f"{number}", f"{number}..{number + 1}", f"{number}..{number + 2}", f"{number}+"):
                yield plan, Fault("fdatasync", when, "error=EIO")


def test_what_is_said_after_a_failed_flush_is_true_though_the_power_fails(bench: Bench) -> None:
    for plan, fault in random.Random(0).sample(list(failing_flushes(bench)), 4):
        check_answers(bench, plan, fault)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(10))
def test_what_is_said_after_any_failed_flush_is_true_though_the_power_fails(bench: Bench, chunk: int) -> None:
    for plan, fault in list(failing_flushes(bench))[chunk::10]:
        check_answers(bench, plan, fault)
