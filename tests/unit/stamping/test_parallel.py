"""Pictures that are worked on at the same time: everything is as if they had been taken one by one."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from support.pictures import draw_any, draw_jpeg, draw_png
from support.studios import FixedClock, make_studio, open_keys, record_ai_consent, record_consent, verify

from provenance.credentials.manifest import Declaration
from provenance.stamping import Making, Stamper, StampRequest, StampResult
from provenance.stamping.parallel import workers
from provenance.studio import Logbook, Studio, StudioStampDesk
from provenance.verification.report import Verdict

CAMERA, GENERATED = Declaration.CAMERA, Declaration.AI_GENERATED


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    def slow(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number * number

    with workers(jobs) as work:
        assert list(work(slow, range(30))) == [number * number for number in range(30)]
        assert list(work(str, [])) == []


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_no_more_is_taken_than_can_be_worked_on(jobs: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with workers(jobs) as work:
        results = work(lambda number: number, items())
        assert next(results) == 0
        assert len(taken) <= jobs + 1
        assert [next(results) for _ in range(10)] == list(range(1, 11))
        assert len(taken) <= jobs + 11


def test_several_are_worked_on_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=20)
    with workers(3) as work:
        # Each waits for the two others.
        assert len(set(work(lambda _: meeting.wait(), range(3)))) == 3


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_one_raises_comes_in_its_place(jobs: int) -> None:
    def odd(number: int) -> int:
        if number == 4:
            raise ValueError("four")
        return number

    with workers(jobs) as work:
        results = work(odd, range(9))
        assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="four"):
            next(results)


def test_who_leaves_early_waits_for_what_has_begun_and_begins_no_more() -> None:
    done: list[int] = []

    def slow(number: int) -> None:
        time.sleep(0.01)
        done.append(number)

    with workers(2) as work:
        for _ in work(slow, range(100)):
            break
    assert 1 <= len(done) <= 4
    before = len(done)
    time.sleep(0.05)
    assert len(done) == before


# --- stamping


@pytest.fixture
def studios(tmp_path: Path) -> Iterator[Callable[[str], Studio]]:
    made: list[Studio] = []

    def make(name: str) -> Studio:
        made.append(make_studio(tmp_path / name, clock=FixedClock()))
        return made[-1]

    yield make
    for studio in made:
        studio.close()


def shoot(folder: Path, out: Path, codes: tuple[str, str]) -> list[StampRequest | StampResult]:
    """Return requests of every outcome, mixed."""
    folder.mkdir()
    photo, ai = codes
    sources = [draw_any(folder, ending, name=f"{n}") for n, ending in enumerate(["jpg", "png", "webp"] * 4)]
    requests: list[StampRequest | StampResult] = [
        StampRequest(source, out / source.name, CAMERA, (photo,)) for source in sources
    ]
    bad = folder / "bad.jpg"
    bad.write_text("not a picture")
    doubtful = draw_png(folder / "doubtful.png", text={"Software": "Topaz Photo 1.2"}, seed=20)
    made = draw_jpeg(folder / "made.jpg", seed=21, exif=False)
    requests[3:3] = [
        StampRequest(bad, out / "bad.jpg", CAMERA, (photo,)),
        StampRequest(sources[0], out / sources[0].name, CAMERA, (photo,)),
        StampResult(folder / "unnamed.jpg", "refused", code="consent-unnamed", message="nobody"),
        StampRequest(doubtful, out / "doubtful.png", CAMERA, (photo,)),
        StampRequest(doubtful, out / "doubtful.png", CAMERA, (photo,), confirmation="I was there"),
        StampRequest(made, out / "made.jpg", GENERATED, (ai,), making=Making(inputs=(sources[1], sources[4]))),
        StampRequest(folder / "none.jpg", out / "none.jpg", CAMERA, (photo,)),
        StampRequest(made, made, GENERATED, ()),
    ]
    return requests


def told(results: list[StampResult]) -> list[tuple[str, str, str | None, str | None]]:
    return [(result.source.name, result.outcome, result.code, result.message) for result in results]


def test_with_many_jobs_the_outcome_is_that_of_one(studios: Callable[[str], Studio], tmp_path: Path) -> None:
    found = {}
    for jobs in (1, 4):
        studio, out = studios(f"studio-{jobs}"), tmp_path / f"out-{jobs}"
        codes = (record_consent(studio).code, record_ai_consent(studio).code)
        unlocked = open_keys(studio)
        stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer(), jobs=jobs)
        requests = shoot(tmp_path / f"shoot-{jobs}", out, codes)
        dry = told(list(stamper.stamp(requests, dry_run=True)))
        first = told(list(stamper.stamp(requests)))
        again = told(list(stamper.stamp(requests)))
        entries = Logbook(studio).audit().entries
        names = sorted(path.name for path in out.iterdir())
        found[jobs] = [*dry, *first, *again, entries, names]
        assert [outcome for _, outcome, _, _ in again].count("already-stamped") == 15
        for name in names:
            assert verify(studio, out / name).verdict is Verdict.PASSED, name
    assert found[1] == found[4]


def test_a_batch_that_is_left_early_is_finished_by_the_next(studios: Callable[[str], Studio], tmp_path: Path) -> None:
    studio, out = studios("studio"), tmp_path / "out"
    recorded = record_consent(studio)
    folder = tmp_path / "shoot"
    folder.mkdir()
    requests = [
        StampRequest(draw_jpeg(folder / f"{n}.jpg", size=(60, 40), seed=n), out / f"{n}.jpg", CAMERA, (recorded.code,))
        for n in range(12)
    ]
    unlocked = open_keys(studio)
    stamper = Stamper(StudioStampDesk(unlocked), signer=unlocked.claim_signer(), jobs=3)
    results = stamper.stamp(requests)
    assert next(results).outcome == "stamped"
    assert isinstance(results, Generator)
    results.close()
    outcomes = [result.outcome for result in stamper.stamp(requests)]
    assert set(outcomes) == {"stamped", "already-stamped"}
    assert studio.database.count_stamps(recorded.record.record_id) == 12
