"""Searching the files of a database, and reading older copies of it."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.state_one import create_state_one

from provenance.storage import remains
from provenance.storage.interface import Needle, Searched
from provenance.storage.remains import SLICE_BYTES, read_copy, search, slices


def written(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# --- slices


@pytest.mark.parametrize("size", [1, 23, 24])
def test_what_is_short_is_its_own_part(size: int) -> None:
    assert slices(bytes(size)) == [bytes(size)]


@pytest.mark.parametrize("size", [25, 600, 5000, 1_000_000])
def test_parts_come_from_beginning_and_end_and_between(size: int) -> None:
    data = bytearray(size)
    for place in range(0, size - 4, 4):
        data[place : place + 4] = place.to_bytes(4, "big")
    parts = slices(bytes(data))
    assert parts[0] == data[:SLICE_BYTES]
    assert parts[-1] == data[-SLICE_BYTES:]
    assert {len(part) for part in parts} == {SLICE_BYTES}
    assert 2 <= len(parts) <= 65
    places = [data.find(part) for part in parts]
    assert places == sorted(places)
    # No page of an ordinary database of this size is without one, as long as there are few pages.
    assert max(b - a for a, b in itertools.pairwise(places)) <= max(512, -(-size // 60))


# --- search


def test_a_search_reads_every_file_and_says_what_it_met(tmp_path: Path) -> None:
    one, two = written(tmp_path, b"..needle.." * 3, "one"), written(tmp_path, b"--thread--", "two")
    needles = [Needle(b"thread"), Needle(b"absent"), Needle(b"needle")]
    assert search([one, two], needles) == Searched(40, (needles[0], needles[2]))
    assert search([two], needles) == Searched(10, (needles[0],))
    assert search([one, two], []) == Searched(40, ())


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert search([written(tmp_path, b"")], [Needle(b"x"), Needle(b"y", alone=True)]) == Searched(0, ())


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize("alone", [False, True])
def test_what_lies_across_two_pieces_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, alone: bool
) -> None:
    monkeypatch.setattr(remains, "_PIECE_BYTES", piece)
    for before in range(8):
        path = written(tmp_path, b"." * before + b"Anna" + b"." * 9)
        assert search([path], [Needle(b"Anna", alone=alone)]).found
        assert search([path], [Needle(b"Anna.", alone=alone)]).found
        assert not search([path], [Needle(b"Anne", alone=alone)]).found


@pytest.mark.parametrize("piece", [1, 3, 4, 5, 6, 100])
@pytest.mark.parametrize(
    ("data", "met"),
    [
        (b"Anna", True),
        (b" Anna ", True),
        (b'"Anna"', True),
        (b"xAnna ", True),
        (b" Annax", True),
        (b"Annax", True),
        (b"xAnna", True),
        (b"xAnnax", False),
        (b"/Anna+", False),
        (b"-Anna_", False),
        (b"0Anna9 Anna", True),
        (b"0Anna9AnnaZ", False),
    ],
)
def test_a_short_word_does_not_count_within_base64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, data: bytes, met: bool
) -> None:
    monkeypatch.setattr(remains, "_PIECE_BYTES", piece)
    path = written(tmp_path, data)
    assert bool(search([path], [Needle(b"Anna", alone=True)]).found) == met
    assert search([path], [Needle(b"Anna")]).found


# --- copies


def test_a_copy_of_an_older_state_says_what_it_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "studio.db.state-1"
    create_state_one(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("INSERT INTO sealed VALUES ('record-1', 'email', x'04')")
    before = sorted(tmp_path.iterdir())
    assert read_copy(path, "record-1") == {"email": b"\x04"}
    assert read_copy(path, "record-2") == {}
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("data", [b"", b"text", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_copy_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    assert read_copy(written(tmp_path, data, "studio.db.odd #?%"), "record-1") is None
    assert read_copy(tmp_path, "record-1") is None
    assert read_copy(tmp_path / "absent", "record-1") is None
