"""The migrated database is exactly the one the tables and views describe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from service.store import migrate
from service.store.engine import open_engine
from service.store.tables import check_ins, key_result_readings, key_results, metadata, metric_readings, plan_states
from service.store.views import drop_views, views
from tests.conftest import BACKENDS
from tests.postgres import fresh_database
from tests.shop import instant, standing


def test_migrations_and_tables_agree(database: Engine) -> None:
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        keys = inspect(connection).get_multi_pk_constraint()
    for table in metadata.sorted_tables:
        assert keys[None, table.name]["constrained_columns"] == table.primary_key.columns.keys(), table.name


def test_every_view_stands_with_its_documented_columns(database: Engine) -> None:
    with database.connect() as connection:
        inspector = inspect(connection)
        for view in views(database.dialect.name):
            assert [c["name"] for c in inspector.get_columns(view.name)] == [name for name, _ in view.columns]


def test_upgrading_again_changes_nothing(database: Engine) -> None:
    before, after = migrate.upgrade(database)
    assert before == after == migrate.head() == migrate.current(database)


def test_every_key_begins_with_the_shop() -> None:
    outlives_every_shop = {"privacy_audit", "view_definitions"}
    for table in metadata.sorted_tables:
        if table.name not in outlives_every_shop:
            assert next(iter(table.primary_key.columns)).name == "shop_id", table.name


# --- databases of an earlier version -------------------------------------------------------------------------------


@pytest.fixture(params=BACKENDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database that was never migrated."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/okrsync.db"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        engine = open_engine(url)
        stack.callback(engine.dispose)
        yield engine


ROWS = (
    "insert into shops values (7, 'a.myshopify.com', 'UTC', 'EUR', 2, '{then}', '', '', '{then}', {no})",
    "insert into key_results values (7, '2026-Q3', 'kr', 'o', 'O', null, 'KR', null, 0, 'orders', 1, '', 'all',"
    " 'quarter', 'count', null, 'increase', '1', '0', '10', '0', '{then}', '10.50', 'orders')",
    "insert into key_results values (7, '2026-Q3', 'new', 'o', 'O', null, 'KR', null, 1, 'orders', 1, '', 'all',"
    " 'quarter', 'count', null, null, '1', '', '+10%', null, null, null, 'orders')",
    "insert into key_result_readings values (7, '2026-Q3', 'kr', '2026-07-01', '3.25', null, null, '0.3', '0.3', '0.1',"
    " 'on_track', 'Fine.', '{then}', null, '{then}')",
    "insert into check_ins values (7, '2026-Q3', 'kr', '{then}', '{then}', '2026-07-01', '3.25', null, null, '0.3',"
    " '0.3', '0.1', '0', '10.50', 'on_track', 'Fine.', null, null, '{then}')",
    "insert into metric_readings values (7, 'orders', '', 'day', '2026-07-01', 1, 'count', '3', '3', null, null, null,"
    " '{then}')",
    "insert into view_definitions values ('bi_of_old', 'as it was')",
    "create view bi_of_old as select * from key_results",
)


@pytest.fixture
def old(empty: Engine) -> Engine:
    """A database of the first version in which a key result was judged."""
    is_sqlite = empty.dialect.name == "sqlite"
    with empty.begin() as connection:
        command.upgrade(migrate._config(connection), "0001")
        for row in ROWS:
            written = row.format(then="2026-07-02T08:00:00Z", no="0" if is_sqlite else "false")
            connection.execute(text(written.replace(":", "\\:")))
    return empty


def test_what_was_judged_before_versions_were_kept_stands(old: Engine) -> None:
    migrate.upgrade(old)
    then = instant("2026-07-02 08:00")
    with old.connect() as connection:
        found = standing(connection, key_results, "key_result_id", "target", "observed_at", "baseline_observed_at")
        assert found == [("kr", Decimal("10.50"), then, then), ("new", None, then, None)]
        readings = standing(connection, key_result_readings, "as_of_date", "value", "observed_at")
        assert readings == [(date(2026, 7, 1), Decimal("3.25"), then)]
        assert standing(connection, plan_states, "quarter", "state", "observed_at") == [("2026-Q3", "active", then)]
        assert [row.is_by_hand for row in connection.execute(check_ins.select())] == [False]
        assert "bi_of_old" not in inspect(connection).get_view_names()
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("select state, value from bi_key_results where position = 0").one() == (
            "active", 3.25,
        )  # fmt: skip


def test_every_migration_can_be_taken_back_and_what_stands_is_kept(old: Engine) -> None:
    with old.begin() as connection:
        drop_views(connection)
        before = _rows(connection)
        config = migrate._config(connection)
        revisions = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
        for revision in reversed(revisions[:-1]):
            command.upgrade(config, revision)
            command.downgrade(config, "-1")
            command.upgrade(config, revision)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        for table in (key_results, key_result_readings, metric_readings):
            for row in connection.execute(table.select()).mappings().all():
                earlier = {**row, "observed_at": instant("2026-07-01 08:00"), "superseded_at": row["observed_at"]}
                connection.execute(table.insert().values(earlier))
        command.downgrade(config, "0001")
        assert _rows(connection) == before
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def _rows(connection: Connection) -> dict[str, list[dict[str, object]]]:
    """By table, each row by the names of its columns: a table made anew may have them in another order."""
    names = set(inspect(connection).get_table_names()) - {"alembic_version"}
    rows = {name: connection.exec_driver_sql(f"select * from {name}").mappings() for name in names}
    return {name: sorted(map(dict, found), key=str) for name, found in rows.items()}
