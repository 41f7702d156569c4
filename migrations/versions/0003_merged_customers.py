"""Customers merged at Shopify, and an index to count orders over a stretch of creation time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_aliases",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "customer_id", name=op.f("pk_customer_aliases")),
    )
    op.create_index(op.f("ix_customer_aliases_shop_id_kept_id"), "customer_aliases", ["shop_id", "kept_id"])
    op.create_table(
        "customer_moves",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("moved_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "customer_id", name=op.f("pk_customer_moves")),
    )
    op.create_index(op.f("ix_orders_shop_id_created_at_deleted_at"), "orders", ["shop_id", "created_at", "deleted_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_orders_shop_id_created_at_deleted_at"), "orders")
    op.drop_table("customer_moves")
    op.drop_index(op.f("ix_customer_aliases_shop_id_kept_id"), "customer_aliases")
    op.drop_table("customer_aliases")
