"""Spend on campaigns, by day: imported from files, or planned by initiatives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ad_spend",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("spend_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("utm_source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("utm_medium", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("utm_campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("initiative_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("imported_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "spend_date",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "initiative_id",
            name=op.f("pk_ad_spend"),
        ),
    )


def downgrade() -> None:
    op.drop_table("ad_spend")
