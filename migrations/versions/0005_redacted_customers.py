"""Redacted customers keep their histories under surrogates, and what was done for privacy leaves a note."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_audit",
        sa.Column("audit_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("shop", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("acted_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("row_counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_privacy_audit")),
    )
    op.create_table(
        "redacted_customers",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("surrogate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redacted_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "surrogate_id", name=op.f("pk_redacted_customers")),
    )
    op.create_table(
        "redaction_keys",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_redaction_keys")),
    )


def downgrade() -> None:
    op.drop_table("redaction_keys")
    op.drop_table("redacted_customers")
    op.drop_table("privacy_audit")
