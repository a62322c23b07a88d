"""Writes docs/reference/benchmarks.md from what `make bench` measured; no figure in it is typed by hand."""

import json
import math
import platform
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"
BILLION = 10**9

_HEAD = """\
# Benchmarks

Measured by `make bench`, which makes an environment of its own (one peer, pymerkle, is under the GPL and must not be a
dependency), runs everything here in one go, lets each work take turns with its peers, and writes this page. A ratio is
the median over the rounds of the first line's figure divided by the peer's in the same round. Absolute figures say
more of the disk and of what else the machine did than of the program; the ratios are what to compare.

Each append of this ledger carries a signed checkpoint, which none of the peers has. "Bare sqlite3" and "unordered
inserts" are no logs at all: they are the limit that any log on the same database could reach.
"""


def main() -> None:
    """Read the results that are named, and write the page."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    text = "\n".join([_HEAD, f"Measured with {_machine()}.", "", *_tables(rows), *_on_paper(rows)])
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(PAGE)


def _machine() -> str:
    return f"Python {platform.python_version()} on {platform.system()}, {platform.machine()}"


def _tables(rows: list[dict[str, object]]) -> Iterator[str]:
    for title, found in groupby(rows, key=lambda row: row["title"]):
        yield f"## {title}"
        yield ""
        yield "| | | ratio | goal |"
        yield "| --- | ---: | ---: | ---: |"
        for row in found:
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}×"
            figure = f"{_shown(float(str(row['value'])))} {row['unit']}"
            yield f"| {row['what']} | {figure} | {ratio} | {row['goal'] or ''} |"
        yield ""


def _on_paper(rows: list[dict[str, object]]) -> Iterator[str]:
    """Reason what a log of 10⁹ entries costs, from the constants above."""

    def value(title: str, what: str) -> float:
        return next(float(str(r["value"])) for r in rows if str(r["title"]).startswith(title) and r["what"] == what)

    own, beyond = (
        value("Size on disk", "a mean entry's own bytes"),
        value("Size on disk", "an entry beyond its own bytes"),
    )
    rate = value("Durable appends, 256", "this ledger, with a signed checkpoint in each commit")
    audited = value("Audit", "audit of everything, the best")
    proof = value("Proofs", "p50 at 1,000,000 entries")
    receipt = value("Receipt", "with one cosignature")
    tiles = sum(math.ceil(BILLION / 256**level) for level in range(1, 5))
    bundles = math.ceil(BILLION / 256)
    more = math.ceil(math.log2(BILLION)) - math.ceil(math.log2(10**6))
    served = BILLION * (own + 2) + tiles * 256 * 32
    yield "## A log of 10⁹ entries, on paper"
    yield ""
    yield "Nobody ran this. It is arithmetic with the constants above; everything that is not linear is named."
    yield ""
    yield "| | | reckoned as |"
    yield "| --- | ---: | --- |"
    for what, figure, how in [
        ("database", f"{BILLION * (own + beyond) / 1e9:,.0f} GB", "entries · (own bytes + overhead)"),
        ("files to serve", f"{tiles + bundles:,}", "a bundle and a tile for 256 entries, and the tiles above"),
        ("bytes to serve", f"{served / 1e9:,.0f} GB", "entries with their lengths, and all tiles"),
        (
            "writing it, in batches of 256",
            f"{BILLION / rate / 3600:,.1f} h",
            "entries / rate; an append costs O(1) tiles",
        ),
        (
            "one proof",
            f"{proof * (30 / 20):.2f} ms",
            "p50 at 10⁶ · 30/20 levels, if the upper tiles are cached; each level of tiles below them is one more read",
        ),
        ("a receipt", f"{receipt + more * 45:,.0f} B", f"{more} more hashes of 45 characters"),
        ("an audit", f"{BILLION / audited / 60:,.0f} min", "entries / rate, in one process and a few tiles of memory"),
        ("a reader who follows it", "1 checkpoint and the new tiles", "a proof of growth has at most 31 hashes"),
    ]:
        yield f"| {what} | {figure} | {how} |"
    yield ""
    yield "A million readers cost the studio nothing of this: they read files from a static host."
    yield ""


def _shown(value: float) -> str:
    if value >= 100:
        return f"{round(value, 3 - len(str(int(value)))):,.0f}"
    return f"{value:.3g}"


if __name__ == "__main__":
    main()
