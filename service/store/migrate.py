"""The database brought to this program's schema: Alembic for tables, then the BI views from their texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from service.errors import NeedsAPerson, Problem, SettingsError
from service.store import grants
from service.store.engine import reading, require_open
from service.store.views import are_current, create_views

STILL_NEEDED = "2BP01"
"""Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_PACKAGE = Path(__file__).resolve().parent.parent


def _config(connection: Connection | None = None) -> Config:
    # A wheel carries the folder inside the package; a checkout has it beside.
    inside = _PACKAGE / "migrations"
    config = Config()
    config.set_main_option("script_location", str(inside if inside.is_dir() else _PACKAGE.parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, settings_file: str = "") -> tuple[str | None, str]:
    """The revisions before and after: all or nothing, and harmless when already there."""
    require_open(engine, settings_file=settings_file)
    with engine.begin() as connection:
        before = _revision(connection)
        _require_known(before, settings_file)
        rights = grants.standing(connection)
        with _dependants_named():
            command.upgrade(_config(connection), "head")
            create_views(connection)
        grants.give_again(connection, rights)
        after = _revision(connection)
    assert after is not None
    return before, after


@contextmanager
def _dependants_named() -> Iterator[None]:
    """What somebody built on our views or tables is not torn down with them."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != STILL_NEEDED:
            raise
        told = " ".join(str(error.orig).partition("HINT:")[0].split())
        hint = "nothing has been changed: drop what rests on it, upgrade, and make it again"
        raise NeedsAPerson(told, about="database", hint=hint) from None


def _require_known(revision: str | None, settings_file: str) -> None:
    known = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        told = f"is at revision {revision}, which this program does not know: a newer okrsync made it"
        raise SettingsError([Problem(settings_file, "database.url", told, "install that version or a later one")])


def current(engine: Engine, settings_file: str = "") -> str | None:
    """The database's revision, None when it was never migrated. Raises SettingsError when it does not open."""
    require_open(engine, settings_file=settings_file)
    with reading(engine) as connection:
        return _revision(connection)


def head() -> str:
    """The revision this program wants."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def has_current_views(engine: Engine) -> bool:
    """Do the views of a migrated database answer as this program's do? They change without a revision."""
    with reading(engine) as connection:
        return are_current(connection)


def require_current(engine: Engine, settings_file: str) -> None:
    """Raise SettingsError unless the database is migrated to exactly this program's schema, views and all."""
    found, wanted = current(engine, settings_file), head()
    if found is None:
        state = "is not migrated"
    elif found != wanted:
        state = f"is at revision {found}, this program needs {wanted}"
    elif not has_current_views(engine):
        state = f"is at revision {found} with views of another version"
    else:
        return
    raise SettingsError([Problem(settings_file, "database.url", state, "run: okrsync db upgrade")])
