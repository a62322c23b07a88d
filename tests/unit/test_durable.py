import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.refusals import refused

from provenance import durable
from provenance.durable import PRIVATE, PUBLIC
from provenance.errors import InputError

Write = Callable[[Path, bytes], None]

WRITERS = [durable.create, durable.replace]

# Writes a file in a process that dies where data are forced to the disk for the nth time.
DYING_WRITER = """
import os, sys
from pathlib import Path
from provenance import durable

name, path, survived = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
flush = os.fsync

def dying_flush(descriptor):
    global survived
    if survived == 0:
        os._exit(7)
    survived -= 1
    flush(descriptor)

os.fsync = dying_flush
getattr(durable, name)(path, b"new" * 100_000)
"""


@pytest.fixture(params=["unnamed", "hidden"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with files that have no name at first, and as on systems that know no such thing."""
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no files without a name")


either_way = pytest.mark.usefixtures("_either_way")
without_a_name = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system has no files without a name")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@either_way
@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("data", [b"", b"data", bytes(3_000_000)])
def test_a_new_file_is_written(tmp_path: Path, write: Write, data: bytes) -> None:
    write(tmp_path / "page", data)
    assert (tmp_path / "page").read_bytes() == data
    assert names_in(tmp_path) == ["page"]


@either_way
@pytest.mark.parametrize("write", WRITERS)
def test_a_file_in_the_current_directory_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("page"), b"data")
    assert (tmp_path / "page").read_bytes() == b"data"
    assert names_in(tmp_path) == ["page"]


@either_way
@pytest.mark.parametrize("write", [durable.create, durable.replace])
def test_a_file_is_public_or_private_as_asked(tmp_path: Path, write: Callable[..., None]) -> None:
    before = os.umask(0o022)
    try:
        write(tmp_path / "page", b"data")
        write(tmp_path / "key", b"data", mode=PRIVATE)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "page") == PUBLIC == 0o644
    assert mode_of(tmp_path / "key") == PRIVATE == 0o600


@either_way
def test_a_replaced_file_gets_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    durable.create(tmp_path / "key", b"old", mode=PUBLIC)
    durable.replace(tmp_path / "key", b"new", mode=PRIVATE)
    assert mode_of(tmp_path / "key") == PRIVATE


@either_way
def test_a_file_is_not_created_over_another_one(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        durable.create(tmp_path / "page", b"new")
    assert (tmp_path / "page").read_bytes() == b"old"
    assert names_in(tmp_path) == ["page"]


@either_way
@pytest.mark.parametrize("target", ["page", "nowhere"])
def test_a_file_is_not_created_over_a_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(FileExistsError):
        durable.create(tmp_path / "link", b"new")
    assert names_in(tmp_path) == ["link"]


@either_way
def test_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"a much longer old text")
    durable.replace(tmp_path / "page", b"new")
    assert (tmp_path / "page").read_bytes() == b"new"
    assert names_in(tmp_path) == ["page"]


@either_way
def test_a_reader_of_the_old_file_keeps_it_when_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"old")
    with (tmp_path / "page").open("rb") as reader:
        durable.replace(tmp_path / "page", b"new")
        assert reader.read() == b"old"


@either_way
def test_a_link_is_replaced_and_what_it_led_to_is_left(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "page")
    durable.replace(tmp_path / "link", b"new")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"new"
    assert (tmp_path / "page").read_bytes() == b"old"


@either_way
def test_a_directory_is_not_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        durable.replace(tmp_path / "folder", b"new")
    assert names_in(tmp_path) == ["folder"]
    assert names_in(tmp_path / "folder") == []


@either_way
@pytest.mark.parametrize("write", WRITERS)
def test_no_directory_is_made(tmp_path: Path, write: Write) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "folder" / "page", b"data")
    assert names_in(tmp_path) == []


@either_way
@pytest.mark.parametrize("write", WRITERS)
def test_nothing_is_written_below_a_file(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(NotADirectoryError):
        write(tmp_path / "file" / "page", b"data")
    assert names_in(tmp_path) == ["file"]


@either_way
@pytest.mark.parametrize("write", WRITERS)
def test_where_the_disk_refuses_nothing_is_left_and_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    (tmp_path / "page").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="no space left on device"):
        write(tmp_path / "page", b"new")
    assert (tmp_path / "page").read_bytes() == b"old"
    assert names_in(tmp_path) == ["page"]


@either_way
@pytest.mark.parametrize("write", WRITERS)
def test_no_descriptor_stays_open(tmp_path: Path, write: Write) -> None:
    def free_descriptors() -> list[int]:
        descriptors = [os.open(tmp_path, os.O_RDONLY) for _ in range(5)]
        for descriptor in descriptors:
            os.close(descriptor)
        return descriptors

    before = free_descriptors()
    write(tmp_path / "page", b"data")
    with pytest.raises(FileExistsError):
        durable.create(tmp_path / "page", b"data")
    assert free_descriptors() == before


def die_writing(name: str, path: Path, *, survived: int) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", DYING_WRITER, name, str(path), str(survived)]
    assert subprocess.run(command, env=environment, check=False).returncode == 7


@without_a_name
def test_a_process_that_dies_while_it_creates_leaves_nothing(tmp_path: Path) -> None:
    die_writing("create", tmp_path / "page", survived=0)
    assert names_in(tmp_path) == []


@without_a_name
def test_a_process_that_dies_while_it_replaces_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"old")
    die_writing("replace", tmp_path / "page", survived=0)
    assert (tmp_path / "page").read_bytes() == b"old"
    assert names_in(tmp_path) == ["page"]


@without_a_name
@pytest.mark.parametrize("name", ["create", "replace"])
def test_a_process_that_dies_after_the_file_has_its_name_leaves_all_of_it(tmp_path: Path, name: str) -> None:
    die_writing(name, tmp_path / "page", survived=1)
    assert (tmp_path / "page").read_bytes() == b"new" * 100_000
    assert names_in(tmp_path) == ["page"]


@pytest.mark.parametrize("size", [0, 4, 5])
def test_a_file_of_at_most_the_allowed_size_is_read(tmp_path: Path, size: int) -> None:
    (tmp_path / "page").write_bytes(bytes(size))
    assert durable.read(tmp_path / "page", max_bytes=5) == bytes(size)


def test_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"data")
    (tmp_path / "link").symlink_to("page")
    assert durable.read(tmp_path / "link", max_bytes=5) == b"data"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(bytes(6))
    with refused(InputError, "page: expected at most 5 bytes, got more", code="file-too-large"):
        durable.read(tmp_path / "page", max_bytes=5)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with refused(InputError, "page: no such file", code="file-missing"):
        durable.read(tmp_path / "page", max_bytes=5)
    with refused(InputError, "page: no such file", code="file-missing"):
        durable.read(tmp_path / "folder" / "page", max_bytes=5)


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with refused(InputError, "link: no such file", code="file-missing"):
        durable.read(tmp_path / "link", max_bytes=5)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with refused(InputError, "folder: expected a file, got a directory", code="file-directory"):
        durable.read(tmp_path / "folder", max_bytes=5)


def test_a_path_without_a_name_is_named_whole() -> None:
    with pytest.raises(InputError, match=r"\A/: expected a file, got a directory\Z"):
        durable.read(Path("/"), max_bytes=5)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with refused(InputError, "pipe: expected a regular file", code="file-special"):
        durable.read(tmp_path / "pipe", max_bytes=5)


def test_a_device_is_refused() -> None:
    with refused(InputError, "null: expected a regular file", code="file-special"):
        durable.read(Path(os.devnull), max_bytes=5)


def test_what_the_system_does_not_read_is_refused(tmp_path: Path) -> None:
    name = "x" * 300
    with refused(InputError, f"{name}: cannot be read: file name too long", code="file-unreadable"):
        durable.read(tmp_path / name, max_bytes=5)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"data")
    (tmp_path / "page").chmod(0)
    with refused(InputError, "page: cannot be read: permission denied", code="file-unreadable"):
        durable.read(tmp_path / "page", max_bytes=5)


@pytest.mark.parametrize(("name", "shown"), [("a\nb", r"a\u{a}b"), ("a\x1b[31mb", r"a\u{1b}[31mb")])
def test_a_name_with_control_characters_leaves_the_message_on_one_line(tmp_path: Path, name: str, shown: str) -> None:
    with refused(InputError, f"{shown}: no such file", code="file-missing"):
        durable.read(tmp_path / name, max_bytes=5)


def test_a_file_and_a_folder_are_flushed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    durable.flush(tmp_path / "file")
    durable.flush(tmp_path)
    with pytest.raises(FileNotFoundError):
        durable.flush(tmp_path / "none")
