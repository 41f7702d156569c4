"""The shop day a watermark lies in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("watermarks") as batch:
        batch.add_column(sa.Column("read_before", sa.Date(), nullable=True))
    # A day that has begun in every time zone; the next landing knows the shop's own.
    begun = {
        "sqlite": "date(position, '-12 hours')",
        "postgresql": "cast((position at time zone 'utc') - interval '12 hours' as date)",
    }
    op.execute(f"update watermarks set read_before = {begun[op.get_bind().dialect.name]}")


def downgrade() -> None:
    with op.batch_alter_table("watermarks") as batch:
        batch.drop_column("read_before")
