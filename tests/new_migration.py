"""`./run migration "message"`: the next numbered revision, written from what tables have that migrations lack.

An empty SQLite file is migrated to the newest revision and compared with `service/store/tables.py`. Alembic sees
tables, columns, keys and indexes; a column that only changes its type, and data to be carried over, are for a person
to add.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from service.store.engine import open_engine
from service.store.migrate import _config
from service.store.tables import metadata

ROOT = Path(__file__).resolve().parent.parent


def new_revision(message: str, migrations: Path = ROOT / "migrations") -> Path | None:
    """The file of the new revision; None when tables and migrations agree."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        with engine.begin() as connection:
            path = _write(connection, message, migrations)
        engine.dispose()
    if path:
        _tidy(path)
    return path


def _write(connection: Connection, message: str, migrations: Path) -> Path | None:
    config = _config(connection)
    config.set_main_option("script_location", str(migrations))
    command.upgrade(config, "head")
    if not compare_metadata(MigrationContext.configure(connection), metadata):
        return None
    newest = ScriptDirectory.from_config(config).get_current_head() or "0"
    script = command.revision(config, message, autogenerate=True, rev_id=f"{int(newest) + 1:04}")
    assert isinstance(script, Script)
    return Path(script.path)


def _tidy(path: Path) -> None:
    ruff = (sys.executable, "-m", "ruff")
    settings = ("--config", str(ROOT / "pyproject.toml"), "--quiet", str(path))
    subprocess.run([*ruff, "check", "--fix-only", *settings], check=True)
    subprocess.run([*ruff, "format", *settings], check=True)


def main(words: list[str]) -> int:
    message = " ".join(words).strip()
    if not message:
        print('say what changes: ./run migration "Orders know their warehouse"', file=sys.stderr)
        return 2
    path = new_revision(message)
    if path is None:
        print("tables and migrations agree: nothing to write")
        return 0
    print(f"wrote {path.relative_to(ROOT)}: read it, then try it with ./run test tests/store")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
