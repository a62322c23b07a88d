from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.databases import Place
from support.ledgers import empty_database
from support.postgres import DEBIAN, clear, running

from provenance.storage.database import Database, create_database


@pytest.fixture(scope="session")
def _old_studio() -> Iterator[str]:
    if not (DEBIAN / "postgres").exists():
        pytest.skip(f"there is no PostgreSQL 15 in {DEBIAN}")
    with running(DEBIAN) as server, server.database() as name:
        create_database(server.url(name))
        yield server.url(name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new database in a file."""
    file = tmp_path / "studio.db"
    file.write_bytes(empty_database())
    return file


@pytest.fixture(params=["sqlite", "postgresql", pytest.param("postgresql-15", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A new database of each kind."""
    if request.param == "sqlite":
        yield Place(request.getfixturevalue("path"))
    elif request.param == "postgresql":
        yield Place(request.getfixturevalue("postgres_url"))
    else:
        url = request.getfixturevalue("_old_studio")
        clear(url)
        yield Place(url)


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    with closing(Database(place.location)) as opened:
        yield opened
