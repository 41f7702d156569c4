"""An order's former customer may have given orders to several others: each of their names is kept."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE, KEY = "customer_moves", "pk_customer_moves"


def upgrade() -> None:
    _key("shop_id", "customer_id", "moved_to")


def downgrade() -> None:
    op.execute(f"delete from {TABLE}")  # one name is kept of each customer, and comparing finds it again
    _key("shop_id", "customer_id")


def _key(*columns: str) -> None:
    with op.batch_alter_table(TABLE) as batch:
        batch.drop_constraint(KEY, type_="primary")
        batch.create_primary_key(KEY, list(columns))
