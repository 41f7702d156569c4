"""Parts of what we read that Shopify denies are remembered with the shop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "denied_parts",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("denied_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "part", name=op.f("pk_denied_parts")),
    )


def downgrade() -> None:
    op.drop_table("denied_parts")
