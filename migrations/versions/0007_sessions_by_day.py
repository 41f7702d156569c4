"""Sessions by day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_days",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sessions_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("bots_excluded", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("referrer_source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("utm_source", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("utm_medium", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("utm_campaign", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("device", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("with_cart_additions", sa.BigInteger(), nullable=False),
        sa.Column("reached_checkout", sa.BigInteger(), nullable=False),
        sa.Column("completed_checkout", sa.BigInteger(), nullable=False),
        sa.Column("reached_and_completed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id",
            "sessions_date",
            "bots_excluded",
            "referrer_source",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "device",
            name=op.f("pk_session_days"),
        ),
    )


def downgrade() -> None:
    op.drop_table("session_days")
