"""Fixtures everybody shares: a real database of either kind, empty and migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from service.store.engine import open_engine
from service.store.migrate import upgrade
from tests.postgres import fresh_database, running_server

BACKENDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A running PostgreSQL; started only when the first test asks for it."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a migrated database that tests copy instead of migrating anew."""
    with fresh_database(postgres_server) as url:
        engine = open_engine(url)
        upgrade(engine)
        engine.dispose()
        yield make_url(url).database or ""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a migrated SQLite file."""
    path = tmp_path_factory.mktemp("template") / "okrsync.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("rollback")
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    return path.read_bytes()


@contextmanager
def migrated(backend: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty migrated database of that kind; a SQLite file is made in `folder`."""
    if backend == "sqlite":
        path = folder / "okrsync.db"
        path.write_bytes(request.getfixturevalue("sqlite_template"))
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_server")
    with fresh_database(server, request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty migrated database: SQLite, then PostgreSQL."""
    with migrated(request.param, tmp_path, request) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An engine on an empty migrated database: SQLite, then PostgreSQL."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()
