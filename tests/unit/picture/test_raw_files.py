"""The RAW file beside a picture."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.refusals import refused

from provenance.errors import InputError
from provenance.picture import raw_files
from provenance.picture.raw_files import EXTENSIONS, RawFile, RawFinder


def find_raw(picture: Path, *, folders: Sequence[Path] = ()) -> tuple[RawFile, ...]:
    return RawFinder().find(picture, folders=folders)


def paths(found: Sequence[RawFile]) -> list[Path]:
    return [raw.path for raw in found]


def make(folder: Path, name: str, data: bytes = b"raw") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ending", ["CR2", "cr3", "NEF", "arw", "RAF", "dng", "ORF", "rw2", "Pef"])
def test_the_file_of_the_same_name_is_found_and_digested(tmp_path: Path, ending: str) -> None:
    picture = make(tmp_path, "IMG_0001.jpg")
    data = os.urandom(3 * 1024 * 1024 + 7)
    path = make(tmp_path, f"img_0001.{ending}", data)
    make(tmp_path, "IMG_0002.NEF")
    found = RawFile(path, hashlib.sha256(data).digest(), len(data))
    assert find_raw(picture) == (found,)
    assert found.to_json() == {"name": path.name, "sha256": found.digest.hex(), "size": len(data)}


@pytest.mark.parametrize(
    "name", ["IMG_0001.xmp", "IMG_0001.NEF.xmp", "IMG_0001-2.NEF", "IMG_00011.NEF", "IMG_0001NEF", ".NEF"]
)
def test_other_names_are_passed_over(tmp_path: Path, name: str) -> None:
    picture = make(tmp_path, "IMG_0001.jpg")
    make(tmp_path, name)
    assert find_raw(picture) == ()


def test_other_folders_are_looked_through_in_their_order(tmp_path: Path) -> None:
    picture = make(tmp_path / "exports", "a.jpg")
    third = make(tmp_path / "three", "A.NEF", b"3")
    make(tmp_path / "two" / "below", "a.NEF")
    folders = [tmp_path / "two", tmp_path / "three"]
    assert paths(find_raw(picture, folders=folders)) == [third]
    second = make(tmp_path / "two", "a.cr2", b"2")
    assert paths(find_raw(picture, folders=folders)) == [second]
    own = make(tmp_path / "exports", "a.dng", b"1")
    assert paths(find_raw(picture, folders=folders)) == [own]


def test_a_picture_is_not_its_own_raw_file(tmp_path: Path) -> None:
    picture = make(tmp_path, "a.dng")
    assert find_raw(picture) == ()
    other = make(tmp_path, "a.nef")
    assert paths(find_raw(picture)) == [other]


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    picture = make(tmp_path, "a.jpg")
    (tmp_path / "a.nef").mkdir()
    os.mkfifo(tmp_path / "a.cr2")
    (tmp_path / "a.arw").symlink_to(tmp_path / "missing")
    assert find_raw(picture) == ()


def test_a_file_and_its_conversion_are_both_found(tmp_path: Path) -> None:
    picture = make(tmp_path, "a.jpg")
    both = [make(tmp_path, "A.dng"), make(tmp_path, "a.nef")]
    assert paths(find_raw(picture)) == both


def test_a_folder_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned: list[Path] = []
    scan = raw_files._by_stem

    def counted(folder: Path) -> dict[str, list[Path]]:
        scanned.append(folder)
        return scan(folder)

    monkeypatch.setattr(raw_files, "_by_stem", counted)
    finder, first = RawFinder(), make(tmp_path, "a.nef")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        finder.find(tmp_path / name)
    assert scanned == [tmp_path]
    second = make(tmp_path, "b.nef")
    os.utime(tmp_path, ns=(0, 0))
    assert paths(finder.find(tmp_path / "b.jpg")) == [second]
    assert scanned == [tmp_path, tmp_path]
    first.unlink()
    os.utime(tmp_path, ns=(0, 1))
    assert finder.find(tmp_path / "a.jpg") == ()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    message = "nowhere: the folder cannot be looked through: no such file or directory"
    with refused(InputError, message, code="folder-unreadable"):
        find_raw(make(tmp_path, "a.jpg"), folders=[tmp_path / "nowhere"])


def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder cannot be looked through: valueerror") as caught:
        find_raw(make(tmp_path, "a.jpg"), folders=[Path("a\x00b")])
    assert caught.value.code == "folder-unreadable"


def test_a_folder_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_files, "MAX_FILES", 3)
    picture = make(tmp_path, "a.jpg")
    for name in "bcd":
        make(tmp_path, name)
    with pytest.raises(InputError, match="expected at most 3 files"):
        find_raw(picture)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    picture = make(tmp_path, "a.jpg")
    make(tmp_path, "a.nef").chmod(0)
    with refused(InputError, "a.nef: cannot be read: permission denied", code="file-unreadable"):
        find_raw(picture)


def test_the_extensions_are_in_lower_case_and_hold_no_dot() -> None:
    assert all(ending.isalnum() and ending == ending.casefold() for ending in EXTENSIONS)
