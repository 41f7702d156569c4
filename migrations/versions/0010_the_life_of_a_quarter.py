"""The life of a quarter

Key results and their readings keep every version from here on: their tables are made anew and their rows kept, each
as the version that stands. A quarter whose goals were settled is active.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables
from service.store.views import drop_views

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # On PostgreSQL views hold their tables; all are made again after the migrations.
    drop_views(op.get_bind())
    op.create_table(
        "closings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("closed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("progress", tables.ExactDecimal(), nullable=True),
        sa.Column("expected_progress", tables.ExactDecimal(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("final_score", tables.ExactDecimal(), nullable=True),
        sa.Column("score_reason", sa.Text(), nullable=True),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("learning", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("data_as_of", tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", name=op.f("pk_closings")),
    )
    op.create_table(
        "key_result_values",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("on_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("set_at", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "quarter", "key_result_id", "on_date", "set_at", name=op.f("pk_key_result_values")
        ),
    )
    op.create_table(
        "plan_states",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("superseded_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "observed_at", name=op.f("pk_plan_states")),
    )
    _index_what_stands("plan_states", "shop_id", "quarter")

    op.create_table(
        "restatements",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("about", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("window_kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("restated_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("old_value", tables.ExactDecimal(), nullable=True),
        sa.Column("new_value", tables.ExactDecimal(), nullable=True),
        sa.Column("old_attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("new_attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("old_status", sa.Text(), nullable=True),
        sa.Column("new_status", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "about",
            "name",
            "quarter",
            "segment",
            "window_kind",
            "restated_date",
            "observed_at",
            name=op.f("pk_restatements"),
        ),
    )
    op.create_index("ix_restatements_shop_id_observed_at", "restatements", ["shop_id", "observed_at"])

    op.create_table(
        "target_changes",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("changed_at", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("old_baseline", tables.ExactDecimal(), nullable=True),
        sa.Column("new_baseline", tables.ExactDecimal(), nullable=True),
        sa.Column("old_target", tables.ExactDecimal(), nullable=True),
        sa.Column("new_target", tables.ExactDecimal(), nullable=True),
        sa.Column("old_definition", sa.Text(), nullable=False),
        sa.Column("new_definition", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", "changed_at", name=op.f("pk_target_changes")),
    )
    with op.batch_alter_table("check_ins") as batch:
        batch.add_column(sa.Column("is_by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    _keep_versions_of_readings()
    _keep_versions_of_key_results()
    _settled_goals_are_active()


def downgrade() -> None:
    """What stands is kept; earlier versions go, and with them all that nobody wrote down before."""
    drop_views(op.get_bind())
    _keep_what_stands("key_result_readings", ["as_of_date"], ["superseded_at"])
    _keep_what_stands("key_results", [], ["observed_at", "superseded_at", "target_reason", "held_back"])
    with op.batch_alter_table("check_ins") as batch:
        batch.drop_column("is_by_hand")
    for table in ("target_changes", "restatements", "plan_states", "key_result_values", "closings"):
        op.drop_table(table)


def _keep_what_stands(table: str, further_key: list[str], without: list[str]) -> None:
    op.execute(f"delete from {table} where superseded_at is not null")
    op.drop_index(f"ix_{table}_standing", table)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(f"pk_{table}", type_="primary")
        for column in without:
            batch.drop_column(column)
        batch.create_primary_key(f"pk_{table}", ["shop_id", "quarter", "key_result_id", *further_key])


def _keep_versions_of_readings() -> None:
    _set_aside("key_result_readings")
    op.create_table(
        "key_result_readings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("as_of_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("superseded_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("progress", tables.ExactDecimal(), nullable=True),
        sa.Column("expected_progress", tables.ExactDecimal(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("data_as_of", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("fresh_until", tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "shop_id", "quarter", "key_result_id", "as_of_date", "observed_at", name=op.f("pk_key_result_readings")
        ),
    )
    _index_what_stands("key_result_readings", "shop_id", "quarter", "key_result_id", "as_of_date")
    _take_back("key_result_readings")


def _keep_versions_of_key_results() -> None:
    _set_aside("key_results")
    op.create_table(
        "key_results",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("superseded_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("objective_id", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("objective_owner", sa.Text(), nullable=True),
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("window_kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("weight", tables.ExactDecimal(), nullable=False),
        sa.Column("baseline_rule", sa.Text(), nullable=False),
        sa.Column("target_rule", sa.Text(), nullable=False),
        sa.Column("baseline", tables.ExactDecimal(), nullable=True),
        sa.Column("baseline_observed_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("target", tables.ExactDecimal(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("stretch", tables.ExactDecimal(), nullable=True),
        sa.Column("commitment", sa.Text(), nullable=True),
        sa.Column("pace", sa.Text(), nullable=True),
        sa.Column("confidence", tables.ExactDecimal(), nullable=True),
        sa.Column("target_reason", sa.Text(), nullable=True),
        sa.Column("held_back", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", "observed_at", name=op.f("pk_key_results")),
    )
    _index_what_stands("key_results", "shop_id", "quarter", "key_result_id")
    # Until now nobody wrote down when a key result was first seen: with its goal or its first reading, at the latest.
    first_seen = """coalesce(
        baseline_observed_at,
        (
            select min(readings.observed_at) from key_result_readings as readings
            where readings.shop_id = kept_key_results.shop_id and readings.quarter = kept_key_results.quarter
                and readings.key_result_id = kept_key_results.key_result_id
        ),
        (select shops.seen_at from shops where shops.shop_id = kept_key_results.shop_id)
    )"""
    _take_back("key_results", observed_at=first_seen)
    op.execute("update key_results set form = 'reach' where form is null")


def _settled_goals_are_active() -> None:
    op.execute(
        """insert into plan_states (shop_id, quarter, observed_at, state, because)
        select shop_id, quarter, min(baseline_observed_at), 'active', '' from key_results
        where baseline_observed_at is not null group by shop_id, quarter"""
    )


def _set_aside(table: str) -> None:
    """A table's rows in a plain copy, so that the table can be made anew under the same names."""
    op.execute(f"create table kept_{table} as select * from {table}")
    op.drop_table(table)


def _take_back(table: str, **computed: str) -> None:
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(f"kept_{table}")]
    into, out = ", ".join([*names, *computed]), ", ".join([*names, *computed.values()])
    op.execute(f"insert into {table} ({into}) select {out} from kept_{table}")
    op.drop_table(f"kept_{table}")


def _index_what_stands(table: str, *columns: str) -> None:
    stands = sa.text("superseded_at is null")
    op.create_index(
        f"ix_{table}_standing", table, list(columns), unique=True, sqlite_where=stands, postgresql_where=stands
    )
