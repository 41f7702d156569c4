"""Figures are compared with Shopify's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("figure", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("ours", tables.ExactDecimal(), nullable=False),
        sa.Column("shopify", tables.ExactDecimal(), nullable=False),
        sa.Column("difference", tables.ExactDecimal(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("checked_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("read_again_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "day", "figure", name=op.f("pk_reconciliations")),
    )
    with op.batch_alter_table("watermarks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("overdue_at", tables.UtcInstant(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("watermarks", schema=None) as batch_op:
        batch_op.drop_column("overdue_at")

    op.drop_table("reconciliations")
