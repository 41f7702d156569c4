"""What metrics were known to be

Readings of metrics keep every version from here on: their table is made anew and its rows kept, each as the version
that stands. What changes between two measurings is written down row by row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables
from service.store.views import drop_views

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # On PostgreSQL views hold their tables; all are made again after the migrations.
    drop_views(op.get_bind())
    with op.batch_alter_table("pending_work") as batch:
        batch.add_column(sa.Column("measure_all_from", sa.Date(), nullable=True))
    op.create_table(
        "order_fact_changes",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_new", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("order_date", sa.Date(), nullable=False),
        sa.Column("has_customer", sa.Boolean(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.Column("prev_date", sa.Date(), nullable=True),
        sa.Column("gross_sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("discounts_minor", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "batch", "order_id", "is_new", name=op.f("pk_order_fact_changes")),
    )
    op.create_table(
        "order_sale_changes",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_new", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("gross_sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("discounts_minor", sa.BigInteger(), nullable=False),
        sa.Column("sales_reversals_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("taxes_minor", sa.BigInteger(), nullable=False),
        sa.Column("fees_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "batch", "order_id", "sale_id", "is_new", name=op.f("pk_order_sale_changes")
        ),
    )
    op.create_table(
        "changed_days",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("basis", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "batch", "basis", "day", "cause", name=op.f("pk_changed_days")),
    )
    op.create_table(
        "metric_progress",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("measured_to", sa.Date(), nullable=False),
        sa.Column("covered_from", sa.Date(), nullable=True),
        sa.Column("fiscal_year_start", sa.Integer(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "metric", "segment", name=op.f("pk_metric_progress")),
    )
    _keep_versions_of_readings()


def downgrade() -> None:
    """What stands is kept; earlier versions go. From the first day that changed everything is measured again."""
    drop_views(op.get_bind())
    op.execute("delete from metric_readings where superseded_at is not null")
    op.drop_index("ix_metric_readings_standing", "metric_readings")
    with op.batch_alter_table("metric_readings") as batch:
        batch.drop_constraint("pk_metric_readings", type_="primary")
        batch.drop_column("superseded_at")
        batch.drop_column("squares")
        batch.create_primary_key("pk_metric_readings", ["shop_id", "metric", "segment", "window_kind", "metric_date"])
    for table in ("metric_progress", "changed_days", "order_sale_changes", "order_fact_changes"):
        op.drop_table(table)
    with op.batch_alter_table("pending_work") as batch:
        batch.drop_column("measure_all_from")


def _keep_versions_of_readings() -> None:
    op.execute("create table kept_metric_readings as select * from metric_readings")
    op.drop_table("metric_readings")
    op.create_table(
        "metric_readings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("window_kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("metric_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("superseded_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("numerator", tables.ExactDecimal(), nullable=True),
        sa.Column("denominator", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("squares", tables.ExactDecimal(), nullable=True),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "metric",
            "segment",
            "window_kind",
            "metric_date",
            "observed_at",
            name=op.f("pk_metric_readings"),
        ),
    )
    names = (
        "shop_id, metric, segment, window_kind, metric_date, observed_at, metric_version, unit, value, numerator, "
        "denominator, value_low, value_high"
    )
    op.execute(f"insert into metric_readings ({names}) select {names} from kept_metric_readings")
    op.drop_table("kept_metric_readings")
    stands = sa.text("superseded_at is null")
    op.create_index(
        "ix_metric_readings_standing",
        "metric_readings",
        ["shop_id", "metric", "segment", "window_kind", "metric_date"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
