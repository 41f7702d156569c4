"""When a quarter waits for its close"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("plan_states") as batch:
        batch.add_column(sa.Column("waits_at", tables.UtcInstant(timezone=True), nullable=True))
    # Written as soon as anybody looked; the next pass knows the very moment.
    op.execute("update plan_states set waits_at = observed_at where state = 'waiting'")


def downgrade() -> None:
    with op.batch_alter_table("plan_states") as batch:
        batch.drop_column("waits_at")
