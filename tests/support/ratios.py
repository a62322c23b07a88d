"""Ratios against named peers, taken in one interleaved run: printed and noted, never asserted."""

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

RESULTS_VARIABLE = "PROVENANCE_BENCHMARK_RESULTS"


def interleaved(works: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, list[float]]:
    """Return what each work measured in each round; the works take turns, so that a noisy machine is noisy for all."""
    measured: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():  # warm all
        work()
    for _ in range(rounds):
        for name, work in works.items():
            measured[name].append(work())
    return measured


def compare(
    title: str, measured: Mapping[str, Sequence[float]], *, unit: str, goals: Mapping[str, str] | None = None
) -> None:
    """Note the median of each, and the median of the first one's ratios to each other one in the same round."""
    names = list(measured)
    ours = measured[names[0]]
    for name in names:
        ratio = None
        if name != names[0]:
            ratio = statistics.median(a / b for a, b in zip(ours, measured[name], strict=True))
        figure(title, name, statistics.median(measured[name]), unit, ratio=ratio, goal=(goals or {}).get(name))


def figure(
    title: str, what: str, value: float, unit: str, *, ratio: float | None = None, goal: str | None = None
) -> None:
    """Print one figure, and add it to the file that the environment names."""
    against = "" if ratio is None else f"; ratio {ratio:.2f}×"
    print(f"\n{title}: {what}: {shown(value)} {unit}{against}" + (f" (goal {goal})" if goal else ""), end="")
    path = os.environ.get(RESULTS_VARIABLE)
    if path:
        row = {"title": title, "what": what, "value": value, "unit": unit, "ratio": ratio, "goal": goal}
        with Path(path).open("a", encoding="utf-8") as results:
            results.write(json.dumps(row, ensure_ascii=False) + "\n")


def shown(value: float) -> str:
    """Return a figure with three significant digits and no exponent."""
    if value >= 100:
        digits = len(str(int(value)))
        return f"{round(value, 3 - digits):,.0f}"
    return f"{value:.3g}"


def seconds(work: Callable[[], object]) -> float:
    """Return how long a work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
