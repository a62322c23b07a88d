import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.stamping.arrivals import SETTLED_SECONDS, Arrivals, pictures_in

JUST_BEFORE = SETTLED_SECONDS - 0.01


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals(lambda: pictures_in(tmp_path, (".jpg",), recursive=True, leave_out=frozenset({"stamped"})))


def test_a_file_is_handed_out_once_it_has_settled_and_until_it_is_done(arrivals: Arrivals, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    assert arrivals.take(0.0) == []
    assert arrivals.take(JUST_BEFORE) == []
    assert arrivals.take(SETTLED_SECONDS) == [path]
    assert arrivals.take(SETTLED_SECONDS + 9) == [path]
    arrivals.done(path)
    assert arrivals.take(1000.0) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"longer than before"),
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: (path.rename(path.with_suffix(".old")), path.write_bytes(b"one")),
    ],
    ids=["size", "time", "another file"],
)
def test_a_file_that_changes_is_waited_for_again(
    arrivals: Arrivals, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    arrivals.take(0.0)
    change(path)
    assert arrivals.take(SETTLED_SECONDS) == []
    assert arrivals.take(2 * SETTLED_SECONDS) == [path]
    arrivals.done(path)
    path.write_bytes(b"changed after it was dealt with")
    assert arrivals.take(100.0) == []
    assert arrivals.take(100.0 + SETTLED_SECONDS) == [path]


def test_what_is_written_into_a_file_while_it_is_dealt_with_is_no_arrival(arrivals: Arrivals, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    arrivals.take(0.0)
    assert arrivals.take(9.0) == [path]
    path.write_bytes(b"the same, stamped")
    arrivals.done(path, rewritten=True)
    assert [arrivals.take(moment) for moment in (10.0, 20.0)] == [[], []]


def test_a_file_that_went_away_is_forgotten(arrivals: Arrivals, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    arrivals.take(0.0)
    path.unlink()
    assert arrivals.take(9.0) == []
    arrivals.done(path)
    path.write_bytes(b"one")
    assert arrivals.take(10.0) == []
    assert arrivals.take(10.0 + SETTLED_SECONDS) == [path]


def test_what_counts_is_in_the_order_of_the_names(arrivals: Arrivals, tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPG", "notes.txt", ".hidden.jpg", "in/c.jpg", ".git/d.jpg", "stamped/e.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"one")
    arrivals.take(0.0)
    assert arrivals.take(9.0) == [tmp_path / name for name in ("a.JPG", "b.jpg", "in/c.jpg")]
    flat = list(pictures_in(tmp_path, (".jpg",), recursive=False, leave_out=frozenset()))
    assert sorted(path.name for path in flat) == ["a.JPG", "b.jpg"]
    assert list(pictures_in(tmp_path / "none", (".jpg",), recursive=True, leave_out=frozenset())) == []


def test_what_somebody_else_writes_while_a_file_is_dealt_with_is_an_arrival(arrivals: Arrivals, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    arrivals.take(0.0)
    assert arrivals.take(9.0) == [path]
    path.write_bytes(b"saved again by the editor")
    arrivals.done(path)
    assert arrivals.take(10.0) == []
    assert arrivals.take(10.0 + SETTLED_SECONDS) == [path]


def test_a_file_that_may_be_read_now_is_handed_out_again(arrivals: Arrivals, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    path.chmod(0)
    arrivals.take(0.0)
    arrivals.take(9.0)
    arrivals.done(path)
    path.chmod(0o644)
    assert arrivals.take(10.0) == []
    assert arrivals.take(10.0 + SETTLED_SECONDS) == [path]
