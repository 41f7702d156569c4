"""Forecasts and their calibration"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecast_calibrations",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("population", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("window_kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("horizon_days", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("judged_to", sa.Date(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("error_of_pace", tables.ExactDecimal(), nullable=True),
        sa.Column("error_of_recent", tables.ExactDecimal(), nullable=True),
        sa.Column("brier", tables.ExactDecimal(), nullable=True),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "metric",
            "segment",
            "population",
            "window_kind",
            "horizon_days",
            name=op.f("pk_forecast_calibrations"),
        ),
    )
    op.create_table(
        "forecasts",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("as_of_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("superseded_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("forecast", tables.ExactDecimal(), nullable=True),
        sa.Column("forecast_low", tables.ExactDecimal(), nullable=True),
        sa.Column("forecast_high", tables.ExactDecimal(), nullable=True),
        sa.Column("target", tables.ExactDecimal(), nullable=True),
        sa.Column("probability", tables.ExactDecimal(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("history_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "quarter", "key_result_id", "as_of_date", "observed_at", name=op.f("pk_forecasts")
        ),
    )
    with op.batch_alter_table("forecasts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_forecasts_standing",
            ["shop_id", "quarter", "key_result_id", "as_of_date"],
            unique=True,
            sqlite_where=sa.text("superseded_at is null"),
            postgresql_where=sa.text("superseded_at is null"),
        )


def downgrade() -> None:
    with op.batch_alter_table("forecasts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_forecasts_standing",
            sqlite_where=sa.text("superseded_at is null"),
            postgresql_where=sa.text("superseded_at is null"),
        )

    op.drop_table("forecasts")
    op.drop_table("forecast_calibrations")
