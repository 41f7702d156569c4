"""The migrated database is exactly the one the tables and views describe."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from service.store import migrate
from service.store.tables import metadata
from service.store.views import views


def test_migrations_and_tables_agree(database: Engine) -> None:
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


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
