"""Abandoned checkouts, and which sources of orders mean the online checkout."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkouts",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("checkout_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("created_date", sa.Date(), nullable=False),
        sa.Column("updated_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("completed_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "checkout_id", name=op.f("pk_checkouts")),
    )
    with op.batch_alter_table("checkouts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_checkouts_shop_id_created_date"), ["shop_id", "created_date"], unique=False
        )

    op.create_table(
        "online_sources",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_name", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "source_name", name=op.f("pk_online_sources")),
    )


def downgrade() -> None:
    op.drop_table("online_sources")
    with op.batch_alter_table("checkouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkouts_shop_id_created_date"))

    op.drop_table("checkouts")
