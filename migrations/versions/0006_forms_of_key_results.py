"""Key results say what form they have, how committed their owners are, and by which pace they are expected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("key_results", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("stretch", tables.ExactDecimal(), nullable=True))
        batch_op.add_column(sa.Column("commitment", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("pace", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("confidence", tables.ExactDecimal(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("key_results", schema=None) as batch_op:
        for name in ("confidence", "pace", "commitment", "stretch", "form"):
            batch_op.drop_column(name)
