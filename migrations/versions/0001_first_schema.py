"""First schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.store import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backfill_slices",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connector", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("slice_from", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("slice_to", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("visible_from", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("planned_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("expected_rows", sa.BigInteger(), nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "connector", "slice_from", name=op.f("pk_backfill_slices")),
    )
    op.create_table(
        "check_ins",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("checked_in_at", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("published_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("progress", tables.ExactDecimal(), nullable=True),
        sa.Column("expected_progress", tables.ExactDecimal(), nullable=True),
        sa.Column("baseline", tables.ExactDecimal(), nullable=True),
        sa.Column("target", tables.ExactDecimal(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("confidence", tables.ExactDecimal(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("data_as_of", tables.UtcInstant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", "checked_in_at", name=op.f("pk_check_ins")),
    )
    op.create_table(
        "key_result_readings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("as_of_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("attainment", tables.ExactDecimal(), nullable=True),
        sa.Column("progress", tables.ExactDecimal(), nullable=True),
        sa.Column("expected_progress", tables.ExactDecimal(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("data_as_of", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("fresh_until", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "quarter", "key_result_id", "as_of_date", name=op.f("pk_key_result_readings")
        ),
    )
    op.create_table(
        "key_results",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("objective_id", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("objective_owner", sa.Text(), nullable=True),
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("window_kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("weight", tables.ExactDecimal(), nullable=False),
        sa.Column("baseline_rule", sa.Text(), nullable=False),
        sa.Column("target_rule", sa.Text(), nullable=False),
        sa.Column("baseline", tables.ExactDecimal(), nullable=True),
        sa.Column("baseline_observed_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("target", tables.ExactDecimal(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", name=op.f("pk_key_results")),
    )
    op.create_table(
        "leases",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "name", name=op.f("pk_leases")),
    )
    op.create_table(
        "metric_readings",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("metric", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("window_kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("metric_date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("metric_version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("value", tables.ExactDecimal(), nullable=True),
        sa.Column("numerator", tables.ExactDecimal(), nullable=True),
        sa.Column("denominator", tables.ExactDecimal(), nullable=True),
        sa.Column("value_low", tables.ExactDecimal(), nullable=True),
        sa.Column("value_high", tables.ExactDecimal(), nullable=True),
        sa.Column("observed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "shop_id", "metric", "segment", "window_kind", "metric_date", name=op.f("pk_metric_readings")
        ),
    )
    op.create_table(
        "order_agreements",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agreement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_placing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "agreement_id", name=op.f("pk_order_agreements")),
    )
    with op.batch_alter_table("order_agreements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_order_agreements_shop_id_agreement_id"), ["shop_id", "agreement_id"], unique=False
        )

    op.create_table(
        "order_facts",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_date", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.Column("prev_date", sa.Date(), nullable=True),
        sa.Column("gross_sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("discounts_minor", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("is_subscription", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "order_id", name=op.f("pk_order_facts")),
    )
    with op.batch_alter_table("order_facts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_order_facts_shop_id_customer_id"), ["shop_id", "customer_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_order_facts_shop_id_order_date"), ["shop_id", "order_date"], unique=False)

    op.create_table(
        "order_sales",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agreement_id", sa.BigInteger(), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("is_placing", sa.Boolean(), nullable=False),
        sa.Column("action_type", sa.Text(), nullable=False),
        sa.Column("line_type", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("product_type", sa.Text(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("is_subscription", sa.Boolean(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("discounts_minor", sa.BigInteger(), nullable=False),
        sa.Column("sales_reversals_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("taxes_minor", sa.BigInteger(), nullable=False),
        sa.Column("fees_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "sale_id", name=op.f("pk_order_sales")),
    )
    with op.batch_alter_table("order_sales", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_sales_shop_id_event_date"), ["shop_id", "event_date"], unique=False)

    op.create_table(
        "orders",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_name", sa.Text(), nullable=False),
        sa.Column("created_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("processed_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("processed_date", sa.Date(), nullable=False),
        sa.Column("updated_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("cancelled_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("closed_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("deleted_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("is_edited", sa.Boolean(), nullable=False),
        sa.Column("is_b2b", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("financial_status", sa.Text(), nullable=True),
        sa.Column("return_status", sa.Text(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("discount_code", sa.Text(), nullable=True),
        sa.Column("checkout_token", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("presentment_currency", sa.Text(), nullable=False),
        sa.Column("is_taxes_included", sa.Boolean(), nullable=False),
        sa.Column("original_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("current_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_journey_ready", sa.Boolean(), nullable=False),
        sa.Column("first_referrer", sa.Text(), nullable=True),
        sa.Column("first_utm_source", sa.Text(), nullable=True),
        sa.Column("first_utm_medium", sa.Text(), nullable=True),
        sa.Column("first_utm_campaign", sa.Text(), nullable=True),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("utm_source", sa.Text(), nullable=True),
        sa.Column("utm_medium", sa.Text(), nullable=True),
        sa.Column("utm_campaign", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "order_id", name=op.f("pk_orders")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_orders_shop_id_customer_id_processed_at"),
            ["shop_id", "customer_id", "processed_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_orders_shop_id_processed_date"), ["shop_id", "processed_date"], unique=False
        )

    op.create_table(
        "pending_work",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure_from", sa.Date(), nullable=True),
        sa.Column("is_facts_stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_pending_work")),
    )
    op.create_table(
        "shops",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("currency_exponent", sa.Integer(), nullable=False),
        sa.Column("created_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("seen_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("history_is_cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shops")),
    )
    op.create_table(
        "status_changes",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("key_result_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("changed_at", tables.UtcInstant(timezone=True), autoincrement=False, nullable=False),
        sa.Column("old_status", sa.Text(), nullable=True),
        sa.Column("new_status", sa.Text(), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "quarter", "key_result_id", "changed_at", name=op.f("pk_status_changes")),
    )
    op.create_table(
        "sync_runs",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("finished_at", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), nullable=False),
        sa.Column("watermark_before", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("watermark_after", tables.UtcInstant(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "run_id", name=op.f("pk_sync_runs")),
    )
    op.create_table(
        "view_definitions",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_view_definitions")),
    )
    op.create_table(
        "watermarks",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connector", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("position", tables.UtcInstant(timezone=True), nullable=False),
        sa.Column("moved_at", tables.UtcInstant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "connector", name=op.f("pk_watermarks")),
    )


def downgrade() -> None:
    op.drop_table("watermarks")
    op.drop_table("view_definitions")
    op.drop_table("sync_runs")
    op.drop_table("status_changes")
    op.drop_table("shops")
    op.drop_table("pending_work")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_shop_id_processed_date"))
        batch_op.drop_index(batch_op.f("ix_orders_shop_id_customer_id_processed_at"))

    op.drop_table("orders")
    with op.batch_alter_table("order_sales", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_sales_shop_id_event_date"))

    op.drop_table("order_sales")
    with op.batch_alter_table("order_facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_facts_shop_id_order_date"))
        batch_op.drop_index(batch_op.f("ix_order_facts_shop_id_customer_id"))

    op.drop_table("order_facts")
    with op.batch_alter_table("order_agreements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_agreements_shop_id_agreement_id"))

    op.drop_table("order_agreements")
    op.drop_table("metric_readings")
    op.drop_table("leases")
    op.drop_table("key_results")
    op.drop_table("key_result_readings")
    op.drop_table("check_ins")
    op.drop_table("backfill_slices")
