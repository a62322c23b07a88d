"""Which files a command takes: names, folders, patterns, and names from a pipe."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from support.refusals import refused

from provenance.errors import InputError
from provenance_cli._pictures import find_pictures


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jpg", "a.JPG", "c.png", "notes.txt", ".hidden.jpg", "in/d.jpg", "in/deep/e.webp", "stamped/b.jpg"):
        path = tmp_path / "shoot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "shoot" / "empty").mkdir()
    (tmp_path / "shoot" / "in" / "loop").symlink_to(tmp_path / "shoot")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def find(*names: str, recursive: bool = False, endings: str | None = None, null: bool = False) -> list[str]:
    paths = [Path(name) for name in names]
    return [
        str(found.path)
        for found in find_pictures(paths, recursive=recursive, endings=endings, null=null, leave_out=["stamped"])
    ]


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_folder_that_cannot_be_looked_into_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(place: Any = ".") -> Any:
        if Path(place).name == "deep":
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    message = "shoot/in/deep: cannot be looked into: permission denied"
    with refused(InputError, message, code="folder-unreadable"):
        find("shoot", recursive=True)
    assert find("shoot") == ["shoot/a.JPG", "shoot/b.jpg", "shoot/c.png"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(here: Path) -> None:
    assert find("shoot/notes.txt", "gone.jpg", "shoot/b.jpg") == ["shoot/notes.txt", "gone.jpg", "shoot/b.jpg"]


def test_of_a_folder_the_pictures_are_taken_in_the_order_of_their_names(here: Path) -> None:
    assert find("shoot") == ["shoot/a.JPG", "shoot/b.jpg", "shoot/c.png"]


def test_folders_within_are_looked_into_when_asked_and_not_those_that_were_written(here: Path) -> None:
    assert find("shoot", recursive=True) == [
        *("shoot/a.JPG", "shoot/b.jpg", "shoot/c.png", "shoot/in/d.jpg", "shoot/in/deep/e.webp")
    ]


def test_the_endings_can_be_named(here: Path) -> None:
    assert find("shoot", endings="png, .txt") == ["shoot/c.png", "shoot/notes.txt"]


def test_a_pattern_that_no_shell_resolved_is_resolved(here: Path) -> None:
    assert find("shoot/*.jpg") == ["shoot/b.jpg"]
    assert find(str(here / "shoot/*/d.jp?")) == [str(here / "shoot/in/d.jpg")]
    assert find("shoot/*.gif") == ["shoot/*.gif"]
    odd = here / "a[1].jpg"
    odd.touch()
    assert find("a[1].jpg") == ["a[1].jpg"]


def test_what_is_named_twice_is_taken_once(here: Path) -> None:
    assert find("shoot", "shoot/b.jpg", "shoot") == ["shoot/a.JPG", "shoot/b.jpg", "shoot/c.png"]


def test_names_come_from_a_pipe(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"shoot/b.jpg\r\n\nshoot/in\n")
    assert find("-", "shoot/c.png") == ["shoot/b.jpg", "shoot/in/d.jpg", "shoot/c.png"]


def test_names_from_a_pipe_may_hold_anything_but_a_zero(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = b"two\nlines \xff.jpg"
    pipe(monkeypatch, odd + b"\0shoot/b.jpg\0")
    assert find("-", null=True) == [os.fsdecode(odd), "shoot/b.jpg"]


def test_a_file_lies_within_the_folder_that_was_named(here: Path) -> None:
    found = find_pictures([Path("shoot"), Path("shoot/in/d.jpg")], recursive=True, endings=None, null=False)
    within = {str(item.path): str(item.within) for item in found}
    assert within["shoot/in/deep/e.webp"] == "in/deep/e.webp"
    assert str(found[-1].within) in ("d.jpg", "stamped/b.jpg")


@pytest.mark.parametrize(("recursive", "hint"), [(False, "add -r to look into the folders within it"), (True, None)])
def test_a_folder_without_pictures_is_told(here: Path, hint: str | None, *, recursive: bool) -> None:
    with refused(InputError, "shoot/empty: no pictures in this folder", code="folder-empty", hint=hint):
        find("shoot/b.jpg", "shoot/empty", recursive=recursive)


def test_a_pipe_that_says_nothing_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"\n")
    with refused(InputError, "files: expected at least one, got none", code="files-none"):
        find("-")


def test_zero_bytes_are_about_a_pipe(here: Path) -> None:
    with pytest.raises(click.UsageError, match="-0 is about names from a pipe: add -"):
        find("shoot", null=True)
