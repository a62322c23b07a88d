"""Moving a studio to a server: everything arrives, and at no moment do two databases take entries."""

import os
import pkgutil
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.commands import environment
from support.consents import NOW
from support.databases import Place
from support.ledgers import empty_database, identified, numbered, tamper
from support.logs import Log
from support.postgres import Server
from support.proxies import Cut, Proxy, wired
from support.refusals import refused
from support.state_one import create_state_one

from provenance.errors import ProvenanceError, RefusedError, StudioError
from provenance.ledger import Ledger
from provenance.proof import parse_proof
from provenance.storage import copying, postgresql
from provenance.storage.database import Database
from provenance.storage.interface import ConsentRow, CosignatureRow, FingerprintRow, ManifestRow, StampRow
from provenance.studio.moving import MOVED_FILE, move_studio, read_settings, upgrade_studio
from provenance.studio.settings import Settings

LOG = Log()
SIZE = 600
EMPTY_HINT = "give each studio a database of its own"
MOVING = "the studio is moving to a server; run provenance studio migrate again"


CHANGES: list[Callable[[Database], object]] = [
    lambda database: database.add_sealed("a", "phone", b""),
    lambda database: database.add_checkpoint(9999, b""),
    lambda database: database.set_anchor_token(1, b""),
    lambda database: database.remove_derived(),
    lambda database: database.add_log_key("key", 5),
    lambda database: database.remove_all_fingerprints(),
]


def say_nothing(done: int, total: int) -> None:
    """Take note of nothing."""


def name_in(url: str) -> str:
    return urlsplit(url).path.strip("/")


def settings() -> Settings:
    return Settings("Studio Lümen", "DE", None, LOG.key.name, LOG.key.to_text())


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio as far as it is moved: its settings, and a database with something in every table."""
    path = tmp_path_factory.mktemp("original") / "studio"
    path.mkdir()
    (path / "provenance.toml").write_bytes(settings().to_bytes())
    (path / "studio.db").write_bytes(empty_database())
    with closing(Database(path / "studio.db")) as database:
        ledger = Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer])
        ledger.create(NOW)
        ledger.append(identified(*(numbered(number) for number in range(1, SIZE))))
        # The order of these ids differs between databases whose collation is another.
        for number, name in enumerate(("b", "A", "ä", "a", "B")):
            row = ConsentRow(name, f"8F3K-QX2{number}", bytes([number]) * 32, b"envelope", number)
            database.add_consent(row, wrapped_key=b"wrapped")
            database.add_event(name, 1, b"given", number)
            database.add_sealed(name, "email", b"sealed")
            database.add_stamp(StampRow(bytes([number]), b"\0\\\t\n", "camera", {name: b"handle"}, b"", number))
            database.revoke_stamp(bytes([number]), number)
            database.add_fingerprints(
                [FingerprintRow(number, part, bytes([number]) * 32) for part in ("full", "b", "B")]
            )
            database.add_manifest(ManifestRow(number, f"urn:c2pa:{number}", bytes(range(256))))
        database.add_cosignature(CosignatureRow(SIZE, "— witness.example AAAAAAAA\n"))
        database.add_anchor(ledger.checkpoint(), "https://tsa.example")
    return path


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "studio")


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with postgres.database() as name:
        yield postgres.url(name)


def check_moved(folder: Path, url: str, original: Path) -> None:
    """Check that the studio is on the server, all of it, and that it goes on there."""
    assert sorted(path.name for path in folder.iterdir()) == ["provenance.toml", MOVED_FILE]
    found = read_settings(folder)
    assert found == replace(settings(), database=url)
    assert Place(url).dump() == Place(original / "studio.db").dump()
    with closing(Database(url)) as database, closing(Database(original / "studio.db")) as before:
        ledger = Ledger(database, log_origin=found.log_origin, signers=[LOG.signer])
        assert database.head() == before.head()
        assert ledger.checkpoint() == Ledger(before, log_origin=LOG.key.name).checkpoint()
        proof = Ledger(before, log_origin=LOG.key.name).prove(5).to_text()
        assert ledger.prove(5).to_text() == proof
        (appended,) = ledger.append(identified(numbered(SIZE)))
        assert appended.index == SIZE
        parse_proof(ledger.prove(5, size=SIZE).to_text()).verify(numbered(5).to_bytes(), keys=[LOG.key])
        # What counts for itself goes on behind what was copied.
        database.add_event("a", 2, b"withdrawn", 3)
        database.add_stamp(StampRow(b"new", b"", "camera", {}, b"", 3))
        database.add_cosignature(CosignatureRow(SIZE, "— witness.example BBBBBBBB\n"))
        assert database.add_anchor(b"note", "tsa") == 2


def test_a_studio_is_moved(folder: Path, url: str, original: Path) -> None:
    told: list[tuple[int, int]] = []
    moved = move_studio(folder, url, told=lambda done, total: told.append((done, total)))
    name = name_in(url)
    assert (moved.place, moved.entries, moved.left) == (f"postgresql database {name}", SIZE, folder / MOVED_FILE)
    assert told[-1][0] == told[-1][1] > SIZE
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    check_moved(folder, url, original)


def test_nobody_writes_into_the_file_that_was_left(folder: Path, url: str, original: Path) -> None:
    with closing(Database(folder / "studio.db")) as early:
        move_studio(folder, url, told=say_nothing)
        late = Database(folder / MOVED_FILE)
        for database in (early, late):
            ledger = Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer])
            with pytest.raises(sqlite3.IntegrityError, match=MOVING):
                ledger.append(identified(numbered(1)))
            for change in CHANGES:
                with pytest.raises(sqlite3.IntegrityError, match=MOVING):
                    change(database)
            assert database.head().size == SIZE
        late.close()
    # What this test itself has opened since.
    for opened in folder.glob(f"{MOVED_FILE}-*"):
        opened.unlink()
    check_moved(folder, url, original)


def test_a_writer_that_waits_meanwhile_does_not_write_into_the_file(folder: Path, url: str, original: Path) -> None:
    writer = """
import sys
from pathlib import Path
from provenance.storage.database import Database
database = Database(Path(sys.argv[1]))
print("READY", flush=True)
try:
    with database.transaction():
        database.add_checkpoint(9999, b"")
except Exception as error:
    print(error)
"""
    waiting: list[subprocess.Popen[str]] = []

    def start_writer(done: int, total: int) -> None:
        if not waiting:
            command = [sys.executable, "-c", writer, str(folder / "studio.db")]
            waiting.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment()))
            assert waiting[0].stdout is not None
            assert waiting[0].stdout.readline() == "READY\n"

    move_studio(folder, url, told=start_writer)
    assert waiting[0].communicate(timeout=60)[0] == f"{MOVING}\n"
    check_moved(folder, url, original)


def test_a_moved_studio_is_not_moved_again(folder: Path, url: str, original: Path, postgres: Server) -> None:
    move_studio(folder, url, told=say_nothing)
    name = name_in(url)
    message = f"studio: its database is on a server already, the postgresql database {name}"
    for target in (url, postgres.url("elsewhere")):
        with refused(RefusedError, message, code="studio-moved"):
            move_studio(folder, target, told=say_nothing)
    check_moved(folder, url, original)


# --- what cannot be moved, or not there


def check_not_moved(folder: Path, original: Path) -> None:
    assert read_settings(folder) == settings()
    assert Place(folder / "studio.db").dump() == Place(original / "studio.db").dump()
    with closing(Database(folder / "studio.db")) as database:
        Ledger(database, log_origin=LOG.key.name, signers=[LOG.signer]).append(identified(numbered(SIZE)))


def test_a_studio_is_not_moved_over_another(folder: Path, postgres_url: str, original: Path) -> None:
    name = name_in(postgres_url)
    message = f"postgresql database {name}: expected an empty database, got one with a studio"
    with refused(StudioError, message, code="database-used", hint=EMPTY_HINT):
        move_studio(folder, postgres_url, told=say_nothing)
    check_not_moved(folder, original)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("postgresql://a:b@127.0.0.1/x", "database-password"),
        ("sqlite:///x", "database-url"),
        ("postgresql://127.0.0.1:9/x", "database-unusable"),
    ],
)
def test_a_studio_is_not_moved_to_an_address_that_cannot_be_one(
    folder: Path, target: str, code: str, original: Path
) -> None:
    with pytest.raises(ProvenanceError) as caught:
        move_studio(folder, target, told=say_nothing)
    assert caught.value.code == code
    check_not_moved(folder, original)


def test_where_there_is_no_studio_nothing_is_moved(tmp_path: Path, url: str) -> None:
    for action in (lambda: move_studio(tmp_path, url, told=say_nothing), lambda: upgrade_studio(tmp_path)):
        with pytest.raises(StudioError, match="no studio here") as caught:
            action()
        assert (caught.value.code, caught.value.hint) == ("studio-missing", "create one with provenance init")


def test_a_studio_of_an_older_state_is_not_moved(folder: Path, url: str) -> None:
    tamper(folder / "studio.db", "PRAGMA user_version=1")
    message = "studio.db: expected state version 4, got 1"
    with refused(StudioError, message, code="state-version", hint="run provenance studio upgrade"):
        move_studio(folder, url, told=say_nothing)


def test_a_file_that_was_left_behind_is_not_replaced(folder: Path, url: str, original: Path) -> None:
    (folder / MOVED_FILE).write_bytes(b"something")
    with refused(StudioError, "studio.db.moved: expected no such file, got one", hint="move it away"):
        move_studio(folder, url, told=say_nothing)
    (folder / MOVED_FILE).unlink()
    check_not_moved(folder, original)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE head SET root = zeroblob(32)", "UPDATE head SET size = 599", "UPDATE entry SET leaf_hash = zeroblob(32)"],
)
def test_a_ledger_that_does_not_follow_from_its_entries_is_not_moved(
    folder: Path, url: str, postgres: Server, statement: str
) -> None:
    tamper(folder / "studio.db", statement)
    before = Place(folder / "studio.db").dump()
    with pytest.raises(StudioError, match="head: expected size 600 and the root of its entries, got size ") as caught:
        move_studio(folder, url, told=say_nothing)
    assert (caught.value.code, caught.value.hint) == ("ledger-corrupt", "run provenance ledger audit")
    assert Place(folder / "studio.db").dump() == before
    assert Place(url).dump() == {}


def test_a_copy_that_differs_is_not_kept(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = postgresql.copy_rows

    def copy_less(connection: Any, table: str, columns: Sequence[str], rows: list[Any]) -> None:
        copy(connection, table, columns, rows[:-1] if table == "sealed" else rows)

    monkeypatch.setattr("provenance.storage.postgresql.copy_rows", copy_less)
    with pytest.raises(StudioError, match="the copy of the table sealed differs") as caught:
        move_studio(folder, url, told=say_nothing)
    assert caught.value.code == "copy-differs"
    assert Place(url).dump() == {}
    assert read_settings(folder) == settings()


def test_what_the_server_cannot_take_is_told_and_nothing_is_kept(folder: Path, url: str, original: Path) -> None:
    with closing(sqlite3.connect(folder / "studio.db")) as connection, connection:
        connection.execute("UPDATE sealed SET data = 'text \\' WHERE record_id = 'a'")
    with pytest.raises(StudioError, match=r"postgresql database .*: invalid input syntax for type bytea"):
        move_studio(folder, url, told=say_nothing)
    assert Place(url).dump() == {}
    assert read_settings(folder) == settings()


# --- what is interrupted


class Stop(BaseException):
    """Stands for the end of the process between two steps."""


STEPS = [
    "provenance.storage.copying._copy",
    "provenance.storage.copying._compare",
    "provenance.storage.copying._close_to_writers",
    "provenance.studio.moving.durable.replace",
    "provenance.storage.copying.flush_log",
    "provenance.durable.flush",
]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_move_that_is_interrupted_at_a_step_can_be_run_again(
    folder: Path, url: str, original: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    action = pkgutil.resolve_name(step)

    def interrupted(*values: object, **named: object) -> None:
        if not before:
            action(*values, **named)
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(step, interrupted)
        with pytest.raises(Stop):
            move_studio(folder, url, told=say_nothing)
    if step.endswith("durable.flush"):
        # Everything was done but for the flush of the folder.
        check_moved(folder, url, original)
        return
    move_studio(folder, url, told=say_nothing)
    check_moved(folder, url, original)


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    with wired(postgres.port) as found:
        yield found


@pytest.fixture
def wire(proxy: Proxy, url: str) -> str:
    """The address of the database by way of the proxy."""
    return f"postgresql://tester@127.0.0.1:{proxy.port}/{name_in(url)}?sslmode=disable&gssencmode=disable"


def cut_at_commit(patch: pytest.MonkeyPatch, proxy: Proxy, how: Cut, *, back: bool = True) -> None:
    """Let the proxy cut the commit of the copy, which follows the closing of the file."""
    close = copying._close_to_writers

    def close_and_cut(source: sqlite3.Connection) -> None:
        close(source)
        proxy.cut(how)
        proxy.reachable = back

    patch.setattr("provenance.storage.copying._close_to_writers", close_and_cut)


def check_writable(file: Path) -> None:
    with closing(Database(file)) as database:
        database.add_sealed("a", "phone", b"sealed")


def test_where_the_commit_was_kept_but_not_answered_the_studio_has_moved(
    folder: Path, url: str, wire: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at_commit(monkeypatch, proxy, "after")
    assert move_studio(folder, wire, told=say_nothing).entries == SIZE
    assert proxy.cuts == 1
    assert read_settings(folder).database == wire
    assert Place(url).dump() == Place(folder / MOVED_FILE).dump()


def test_where_the_commit_never_arrived_the_file_is_written_into_as_before(
    folder: Path, url: str, wire: str, proxy: Proxy, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cut_at_commit(patch, proxy, "before")
        with pytest.raises(StudioError, match="postgresql database"):
            move_studio(folder, wire, told=say_nothing)
    assert (proxy.cuts, Place(url).dump()) == (1, {})
    check_not_moved(folder, original)
    assert move_studio(folder, url, told=say_nothing).entries == SIZE + 1


@pytest.mark.parametrize("how", ["before", "after"])
def test_where_the_server_is_gone_the_file_stays_closed_until_it_is_back(
    folder: Path, url: str, wire: str, proxy: Proxy, original: Path, monkeypatch: pytest.MonkeyPatch, how: Cut
) -> None:
    with monkeypatch.context() as patch:
        cut_at_commit(patch, proxy, how, back=False)
        with pytest.raises(StudioError, match="postgresql database"):
            move_studio(folder, wire, told=say_nothing)
    assert read_settings(folder) == settings()
    with pytest.raises(sqlite3.IntegrityError, match=MOVING):
        check_writable(folder / "studio.db")
    move_studio(folder, url, told=say_nothing)
    check_moved(folder, url, original)


def test_a_file_that_stayed_closed_is_opened_where_another_target_is_refused(
    folder: Path, url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch, original: Path
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("provenance.studio.moving.durable.replace", stop)
        with pytest.raises(Stop):
            move_studio(folder, url, told=say_nothing)
    with pytest.raises(StudioError, match="expected an empty database, got one with a studio"):
        move_studio(folder, postgres_url, told=say_nothing)
    check_not_moved(folder, original)


def test_a_file_that_another_program_reads_without_end_is_not_renamed(
    folder: Path, url: str, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.storage.sqlite.BUSY_SECONDS", 0.1)
    hint = "the studio's folder must be writable, and not be in use by another program"
    with closing(Database(folder / "studio.db")) as reader:
        with reader.snapshot():
            reader.head()
            message = "studio.db: cannot be used: another program is using it"
            with refused(StudioError, message, code="database-unusable", hint=hint):
                move_studio(folder, url, told=say_nothing)
        assert read_settings(folder).database == url
        move_studio(folder, url, told=say_nothing)
    check_moved(folder, url, original)


MOVE = """
import sys
from pathlib import Path
from provenance.storage import copying, postgresql
from provenance.studio.moving import move_studio
print("READY", flush=True)
move_studio(Path(sys.argv[1]), sys.argv[2], told=lambda done, total: None)
print("DONE", flush=True)
"""


def child_environment() -> dict[str, str]:
    return {**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def run_move(folder: Path, url: str, *, killed_after: float | None) -> float:
    command = [sys.executable, "-c", MOVE, str(folder), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        start = time.perf_counter()
        if killed_after is None:
            assert process.stdout.readline() == "DONE\n"
        else:
            time.sleep(killed_after)
            process.send_signal(signal.SIGKILL)
        return time.perf_counter() - start


def kill_and_check(original: Path, tmp_path: Path, postgres: Server, *, moments: int, seed: int) -> None:
    with postgres.database() as name:
        undisturbed = shutil.copytree(original, tmp_path / "undisturbed")
        seconds = run_move(undisturbed, postgres.url(name), killed_after=None)
    for moment in range(moments):
        folder = shutil.copytree(original, tmp_path / f"killed-{moment}")
        share = (moment + random.Random(seed + moment).random()) / moments
        with postgres.database() as name:
            run_move(folder, postgres.url(name), killed_after=share * seconds * 1.1)
            # Either the settings name the server and all is there, or the file is the database and all is there.
            if read_settings(folder).database is None:
                assert Place(folder / "studio.db").dump() == Place(original / "studio.db").dump()
            else:
                assert Place(postgres.url(name)).dump() == Place(original / "studio.db").dump()
            if (folder / "studio.db").exists():
                move_studio(folder, postgres.url(name), told=say_nothing)
            check_moved(folder, postgres.url(name), original)


@pytest.mark.slow
def test_a_move_that_is_killed_can_be_run_again(original: Path, tmp_path: Path, postgres: Server) -> None:
    kill_and_check(original, tmp_path, postgres, moments=5, seed=1)


@pytest.mark.slow
def test_a_move_that_is_killed_at_any_moment_can_be_run_again(original: Path, tmp_path: Path, postgres: Server) -> None:
    kill_and_check(original, tmp_path, postgres, moments=60, seed=2)


# --- up to date


def test_a_studio_of_an_older_state_is_brought_up_to_date(folder: Path) -> None:
    (folder / "studio.db").unlink()
    create_state_one(folder / "studio.db")
    upgraded = upgrade_studio(folder)
    assert (upgraded.before, upgraded.after, upgraded.copy) == (1, 4, folder / "studio.db.state-1")
    assert upgraded.copy is not None
    assert upgraded.copy.is_file()
    upgraded = upgrade_studio(folder)
    assert (upgraded.before, upgraded.after, upgraded.copy) == (4, 4, None)


def test_a_studio_on_a_server_is_up_to_date(folder: Path, url: str) -> None:
    move_studio(folder, url, told=say_nothing)
    upgraded = upgrade_studio(folder)
    assert (upgraded.before, upgraded.after, upgraded.copy) == (4, 4, None)
