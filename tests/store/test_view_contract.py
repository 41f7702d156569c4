"""What BI tools were promised about sales, orders and metrics: these columns, of these kinds, on both databases.

Written down a second time on purpose. A column may be added; one that goes or changes its kind breaks dashboards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.shop import OpenShop

PROMISED = {
    "bi_metrics_daily": {
        "text": "shop metric segment window_kind unit currency",
        "number": "metric_version value numerator denominator value_low value_high",
        "day": "metric_date",
        "instant": "observed_at",
    },
    "bi_restatements": {
        "text": "shop about metric key_result_id quarter segment window_kind cause",
        "number": "old new",
        "day": "day",
        "instant": "observed_at",
    },
    "bi_orders": {
        "text": "shop order_name customer_type source financial_status currency utm_source utm_medium utm_campaign",
        "number": "order_id customer_id customer_order_number gross_sales discounts net_sales total_sales refunded",
        "day": "processed_date",
        "instant": "created_at",
        "yes or no": "is_cancelled",
    },
    "bi_sales_daily": {
        "text": "shop currency",
        "number": "gross_sales discounts sales_reversals net_sales shipping taxes total_sales orders",
        "day": "sales_date",
    },
    "bi_product_sales_daily": {
        "text": "shop product_type vendor currency",
        "number": "quantity gross_sales discounts sales_reversals net_sales",
        "day": "sales_date",
    },
    "bi_cohorts": {
        "text": "shop currency",
        "number": "age_months customers active_customers orders net_sales cumulative_net_sales",
        "day": "cohort_month",
        "yes or no": "is_complete",
    },
    "bi_checkouts": {
        "text": "shop currency",
        "number": "checkout_id total",
        "day": "created_date",
        "instant": "created_at completed_at",
        "yes or no": "is_recovered",
    },
    "bi_sessions_daily": {
        "text": "shop referrer_source utm_source utm_medium utm_campaign",
        "number": "sessions with_cart_additions reached_checkout completed_checkout",
        "day": "sessions_date",
        "yes or no": "bots_excluded",
    },
    "bi_coverage": {
        "text": "shop connector gap denied",
        "number": "rows expected_rows",
        "instant": "covered_from covered_to verified_at",
    },
    "bi_sync_runs": {
        "text": "shop connector kind outcome error",
        "number": "rows",
        "instant": "started_at finished_at watermark_before watermark_after",
    },
    "bi_reconciliation": {
        "text": "shop figure cause",
        "number": "ours shopify difference",
        "day": "day",
    },
}

NEVER_FILLED = {("bi_coverage", "denied")}
"""Nothing is denied in this shop; tests/test_denied.py tells of one where something is."""

ON_POSTGRESQL = {
    "text": {"text"},
    "number": {"numeric", "bigint", "integer"},
    "day": {"date"},
    "instant": {"timestamp with time zone"},
    "yes or no": {"boolean"},
}

ON_SQLITE: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float),
    "day": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None,
    "instant": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None,
    "yes or no": lambda value: value in (0, 1),
}


def promised(view: str) -> list[tuple[str, str]]:
    """Every column with its kind."""
    return [(column, kind) for kind, columns in PROMISED[view].items() for column in columns.split()]


@pytest.mark.parametrize("view", PROMISED)
def test_postgresql_has_the_columns_and_their_types(twins: list[OpenShop], view: str) -> None:
    [_, shop] = twins
    types = dict(shop.sql(f"select column_name, data_type from information_schema.columns where table_name = '{view}'"))
    for column, kind in promised(view):
        assert types[column] in ON_POSTGRESQL[kind], column


@pytest.mark.parametrize("view", PROMISED)
def test_sqlite_has_the_columns_and_values_of_their_kinds(twins: list[OpenShop], view: str) -> None:
    [shop, _] = twins
    for column, kind in promised(view):
        values = [value for (value,) in shop.sql(f"select {column} from {view} where {column} is not null")]
        assert values or (view, column) in NEVER_FILLED, column
        assert all(ON_SQLITE[kind](value) for value in values), column
