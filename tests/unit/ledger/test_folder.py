"""A folder as a place for a log: whole files or none, never one over another, one writer at a time."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.refusals import refused

from provenance.errors import CorruptLedgerError, InputError
from provenance.ledger.folder import FolderPlace

FILES = [(f"tile/{level}/{number:03}", bytes([level, number])) for level in range(3) for number in range(200)]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_are_added_with_their_folders(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "a" / "log")
    assert place.add(FILES) == len(FILES)
    assert names(tmp_path / "a" / "log") == sorted(name for name, _ in FILES)
    assert place.read([name for name, _ in FILES], max_bytes=2) == [data for _, data in FILES]
    assert stat.S_IMODE((tmp_path / "a" / "log" / FILES[0][0]).stat().st_mode) == 0o644


def test_files_that_are_there_are_left(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    place.add(FILES[:100])
    before = (tmp_path / FILES[0][0]).stat().st_ino
    assert place.add(FILES) == len(FILES) - 100
    assert (tmp_path / FILES[0][0]).stat().st_ino == before
    assert place.add(FILES) == 0


def test_a_file_with_other_bytes_is_left_and_named(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    place.add([("tile/0/000", b"old")])
    message = "tile/0/000: published with other bytes than the ledger has"
    with refused(CorruptLedgerError, message, code="tile-differs"):
        place.add([("tile/0/000", b"new")])
    assert place.read(["tile/0/000"], max_bytes=10) == [b"old"]


def test_many_large_files_are_not_held_at_once(tmp_path: Path) -> None:
    alive = 0

    def files() -> Iterator[tuple[str, bytes]]:
        nonlocal alive
        for number in range(12):
            alive = max(alive, number - len(names(tmp_path)) + len(list(tmp_path.glob(".*/*"))))
            yield f"tile/entries/{number:03}", bytes(8 * 1024 * 1024)

    assert FolderPlace(tmp_path).add(files()) == 12
    assert alive <= 5


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert FolderPlace(tmp_path / "no").read(["checkpoint"], max_bytes=1) == [None]
    assert FolderPlace(tmp_path).read(["file", "other", "file/below"], max_bytes=1) == [b"x", None, None]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    FolderPlace(tmp_path).add([("tile/0/000", b"12345")])
    with refused(InputError, "tile/0/000: expected at most 4 bytes, got more", code="file-too-large"):
        FolderPlace(tmp_path).read(["tile/0/000"], max_bytes=4)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with refused(InputError, "checkpoint: expected a file, got a directory", code="file-directory"):
        FolderPlace(tmp_path).read(["checkpoint"], max_bytes=4)


def test_one_file_is_replaced(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    place.replace("checkpoint", b"one")
    place.replace("checkpoint", b"two")
    assert place.read(["checkpoint"], max_bytes=3) == [b"two"]
    assert names(tmp_path) == ["checkpoint"]


def test_a_folder_of_partial_tiles_is_removed(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    place.add([("tile/0/000.p/1", b"1"), ("tile/0/000.p/2", b"2"), ("tile/0/000", b"3")])
    place.remove_all("tile/0/000.p")
    place.remove_all("tile/0/000.p")
    assert names(tmp_path) == ["tile/0/000"]
    assert not (tmp_path / "tile/0/000.p").exists()


def test_what_a_crash_left_is_cleared(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    staging = tmp_path / ".tiles.provenance-partial"
    staging.mkdir()
    (staging / "0").write_bytes(b"left")
    (tmp_path / ".0011.provenance-partial").write_bytes(b"left")
    (tmp_path / ".htaccess").write_bytes(b"theirs")
    with place.exclusive():
        place.add(FILES[:1])
    assert names(tmp_path) == [".htaccess", FILES[0][0]]


def test_only_one_process_writes(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    message = f"{tmp_path.name}: another process writes there"
    with (
        FolderPlace(tmp_path).exclusive(),
        refused(InputError, message, code="place-busy"),
        FolderPlace(tmp_path).exclusive(),
    ):
        pass
    with FolderPlace(tmp_path).exclusive():
        pass


def test_a_disk_that_refuses_leaves_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, calls = os.fsync, 0

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 40:
            raise OSError(5, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output error"):
        FolderPlace(tmp_path).add(FILES)
    monkeypatch.undo()
    assert not [name for name in names(tmp_path) if name.startswith("tile")]
    place = FolderPlace(tmp_path)
    with place.exclusive():
        assert place.add(FILES) == len(FILES)
    assert names(tmp_path) == sorted(name for name, _ in FILES)


def test_everything_is_flushed_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: set[int] = set()
    unflushed: list[str] = []
    flush, link = os.fsync, os.link

    def recording(descriptor: int) -> None:
        flush(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    def checking(source: Path, destination: Path) -> None:
        if source.stat().st_ino not in flushed:
            unflushed.append(str(destination))
        link(source, destination)

    monkeypatch.setattr(os, "fsync", recording)
    monkeypatch.setattr(os, "link", checking)
    FolderPlace(tmp_path / "log").add(FILES)
    assert unflushed == []
    folders = [tmp_path, tmp_path / "log", *(path for path in (tmp_path / "log").rglob("*") if path.is_dir())]
    assert {path.stat().st_ino for path in folders} <= flushed


def test_folders_of_files_that_were_there_are_flushed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FolderPlace(tmp_path).add(FILES)
    flushed: set[int] = set()
    flush = os.fsync

    def recording(descriptor: int) -> None:
        flush(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", recording)
    FolderPlace(tmp_path).add(FILES)
    folders = [tmp_path, tmp_path / "tile", *(tmp_path / "tile" / str(level) for level in range(3))]
    assert {path.stat().st_ino for path in folders} <= flushed
