"""An engine that behaves the same on SQLite and PostgreSQL.

SQLite gets WAL (BI readers never block the sync), a busy timeout, and real transactions: the driver's own implicit
BEGIN is switched off and every transaction starts with BEGIN IMMEDIATE, so a writer waits its turn instead of failing
halfway and DDL rolls back.
Source: https://docs.sqlalchemy.org/en/21/dialects/sqlite.html
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from service.errors import Busy, NeedsAPerson, Problem, SettingsError, Unreachable

__all__ = ["READ_ONLY", "Connection", "Engine", "open_engine", "reading", "require_open", "within"]

BUSY_TIMEOUT_MS = 30_000
PAGE_CACHE_KIB = 64_000
CONNECT_SECONDS = 10
"""How long a PostgreSQL server may take to answer at all; the driver itself would wait for minutes."""

DISK_FULL = "53100"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

POOL_SECONDS = 300
"""How long a thread waits for a free connection: many shops are read side by side."""

MORE_CONNECTIONS = 45
"""Beside the pool's five: half of what a PostgreSQL server allows by itself."""

PROGRESS_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock: some hundred looks a second."""

READ_ONLY = "okrsync_read_only"
"""Execution option of a connection that only reads: it does not queue for SQLite's single writer."""


def open_engine(url: str, *, settings_file: str = "") -> Engine:
    """An engine for `url`; a SQLite file's folder is made, and the file is readable by its owner only.

    Raises SettingsError for a URL that SQLAlchemy or this program cannot use.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise _bad_url(settings_file, "is not a database URL") from None
    if backend == "sqlite":
        try:
            return _name_troubles(_sqlite(url, parsed.database))
        except OSError as error:
            raise _not_opened(settings_file, f"{error.filename}: {error.strerror}") from None
    if backend == "postgresql":
        try:
            patience = {} if "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_SECONDS}
            url_ = parsed.set(drivername="postgresql+psycopg")
            engine = create_engine(
                url_, pool_pre_ping=True, connect_args=patience,
                max_overflow=MORE_CONNECTIONS, pool_timeout=POOL_SECONDS,
            )  # fmt: skip
            return _name_troubles(engine)
        except (ModuleNotFoundError, NoSuchModuleError):
            raise _bad_url(settings_file, "needs the PostgreSQL driver", "pip install 'okrsync[postgres]'") from None
    raise _bad_url(settings_file, f"names {backend}, which okrsync does not speak")


def _name_troubles(engine: Engine) -> Engine:
    """A locked or full database, or one that went away in the middle, is told in words, not by a traceback."""
    was_open = False

    @event.listens_for(engine, "connect")
    def _opened(_driver_connection: Any, _record: Any) -> None:
        nonlocal was_open
        was_open = True

    @event.listens_for(engine, "handle_error")
    def _rename(context: ExceptionContext) -> Exception | None:
        error = context.original_exception
        if "database is locked" in str(error):
            return Busy("another process holds the database", about="database", hint="run it again")
        if _is_full(error):
            hint = "make room on its disk, then run it again"
            return NeedsAPerson("there is no room left", about="database", hint=hint)
        if was_open and not context.is_pre_ping and (context.is_disconnect or context.connection is None):
            # A server that is started again refuses connections for a while.
            told = f"the connection was lost ({type(error).__name__})"
            return Unreachable(told, about="database", hint="run it again")
        return None

    return engine


def _is_full(error: BaseException) -> bool:
    return "disk is full" in str(error) or getattr(error, "sqlstate", None) == DISK_FULL


def _bad_url(
    file: str, message: str, hint: str = "write sqlite:///var/okrsync.db or postgresql+psycopg://…"
) -> SettingsError:
    return SettingsError([Problem(file, "database.url", message, hint)])


def require_open(engine: Engine, *, settings_file: str = "") -> None:
    """Raise SettingsError with the driver's reason when the database does not open."""
    try:
        engine.connect().close()
    except DBAPIError as error:
        [reason, *_] = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise _not_opened(settings_file, reason) from None


def _not_opened(file: str, reason: str) -> SettingsError:
    hint = "is the server running, and may this user use the database, or write the file?"
    return _bad_url(file, f"the database does not open: {reason}", hint)


def _sqlite(url: str, database: str | None) -> Engine:
    pool = {}
    if database and database != ":memory:":
        pool["pool_timeout"] = POOL_SECONDS
        path = Path(database)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
            os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **pool)

    @event.listens_for(engine, "connect")
    def _configure(driver_connection: Any, _record: Any) -> None:
        driver_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = driver_connection.cursor()
        cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = normal")
        cursor.execute(f"pragma cache_size = -{PAGE_CACHE_KIB}")
        cursor.execute("pragma foreign_keys = on")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("begin" if read_only else "begin immediate")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment of the database and can write nothing."""
    with engine.connect().execution_options(**{READ_ONLY: True}) as connection, connection.begin() as transaction:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
            yield connection
        else:
            connection.exec_driver_sql("pragma query_only = on")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("pragma query_only = off")
        transaction.rollback()


@contextmanager
def within(connection: Connection, seconds: int) -> Iterator[None]:
    """Statements of a reading connection that take longer fail, with a DBAPIError of the database's own words."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"set local statement_timeout = {seconds * 1000}")
        yield
        connection.exec_driver_sql("set local statement_timeout to default")  # where one failed, the rollback does it
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    ends = monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > ends, PROGRESS_STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
