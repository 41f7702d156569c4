"""Notes of touched days are counted, so that who clears one knows that none was added meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pending_work", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notes", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("pending_work", schema=None) as batch_op:
        batch_op.drop_column("notes")
