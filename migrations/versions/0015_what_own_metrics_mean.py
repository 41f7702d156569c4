"""What own metrics mean"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metric_definitions",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("metric_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("first_used_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "metric", "metric_version", name=op.f("pk_metric_definitions")),
    )


def downgrade() -> None:
    op.drop_table("metric_definitions")
