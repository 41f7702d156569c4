"""Alembic's entry: always given an open connection by `service.store.migrate`."""

from __future__ import annotations

from alembic import context

from service.store.tables import metadata

connection = context.config.attributes["connection"]
if connection is None:
    from service.store.engine import open_engine

    connection = open_engine(context.config.get_main_option("sqlalchemy.url") or "").connect()

context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=False,
    user_module_prefix="tables.",
)
with context.begin_transaction():
    context.run_migrations()
