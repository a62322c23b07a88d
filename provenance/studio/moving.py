"""Moving a studio's database to a server, and bringing it up to date after an upgrade of the program."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from provenance import durable
from provenance.errors import RefusedError, StudioError
from provenance.storage.address import check_installed, check_url, place
from provenance.storage.database import Database
from provenance.studio.locating import SETTINGS_FILE
from provenance.studio.settings import MAX_SETTINGS_BYTES, Settings
from provenance.studio.studio import DATABASE_FILE

MOVED_FILE = f"{DATABASE_FILE}.moved"


@dataclass(frozen=True, slots=True)
class Moved:
    """A studio that was moved.

    Attributes:
        place: what the database is called in a message.
        entries: how many the ledger holds.
        left: the file that was left behind; nothing writes into it again.
    """

    place: str
    entries: int
    left: Path


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A studio whose database was brought up to date.

    Attributes:
        before: the version of its state as it was found.
        after: the one of this program; the same where there was nothing to do.
        copy: the database as it was; None where there was nothing to do.
    """

    before: int
    after: int
    copy: Path | None


def move_studio(path: Path, url: str, *, told: Callable[[int, int], None]) -> Moved:
    """Move the database of the studio in `path` to an empty one of a PostgreSQL server.

    The ledger keeps its origin, its key, its size and its root, so that every receipt and proof stays valid. Killed at
    any moment, it can be run again: until the settings name the server, the file is the studio's database.

    Args:
        path: the studio's folder.
        url: of the server's database, without a password.
        told: is told how many rows were copied, and of how many.

    Raises:
        RefusedError: the studio's database is on another server already.
        StudioError: there is no studio, or either database cannot be used.
        InputError: the settings or the address are malformed.
    """
    check_url(url)
    settings = read_settings(path)
    file, moved = path / DATABASE_FILE, path / MOVED_FILE
    if settings.database is not None and (settings.database != url or not file.exists()):
        raise RefusedError(
            f"studio: its database is on a server already, the {place(settings.database)}", code="studio-moved"
        )
    check_installed()
    # Here and not at the top: it takes a third of a second to load.
    from provenance.storage import copying

    if settings.database is None:
        if moved.exists():
            raise StudioError(f"{moved.name}: expected no such file, got one", hint="move it away")
        copying.move(file, url, told=told)
        durable.replace(path / SETTINGS_FILE, replace(settings, database=url).to_bytes())
    copying.flush_log(file)
    file.rename(moved)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    durable.flush(path)
    with closing(Database(url)) as database:
        return Moved(place(url), database.head().size, moved)


def upgrade_studio(path: Path) -> Upgraded:
    """Bring the database of the studio in `path` up to the version of this program.

    Raises:
        StudioError: there is no studio, its database cannot be used, or a newer version wrote it.
        InputError: the settings are malformed.
    """
    settings = read_settings(path)
    # Here and not at the top: it takes a third of a second to load.
    from provenance.storage import creation

    location = settings.database or path / DATABASE_FILE
    before, after = creation.upgrade(location)
    copy = path / f"{DATABASE_FILE}.state-{before}" if before != after else None
    return Upgraded(before, after, copy)


def read_settings(path: Path) -> Settings:
    """Return the settings of the studio in `path`, without opening its database.

    Raises:
        StudioError: there is none, or a newer version wrote it.
        InputError: they are malformed.
    """
    if not (path / SETTINGS_FILE).is_file():
        raise StudioError(f"{path}: no studio here", code="studio-missing", hint="create one with provenance init")
    return Settings.parse(durable.read(path / SETTINGS_FILE, max_bytes=MAX_SETTINGS_BYTES))
