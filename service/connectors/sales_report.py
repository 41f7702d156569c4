"""Shopify's own sales of shop days, as its reports count them.

Source: https://shopify.dev/docs/api/shopifyql/latest/schemas/sales_revenue/sales
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from service.connectors.documents import shopifyql
from service.errors import UnexpectedShape
from service.periods import ONE_DAY, days
from service.shopify.client import Client
from service.shopify.shopifyql import Value, fetch
from service.values import Shop

QUERIES = "sales_report.shopifyql"
RENAMED = "2026-04"
"""From this API version on reversals are called so; before, `returns`, which 2026-07 no longer knows."""

COLUMNS = {
    "orders": "orders", "customers": "customers", "gross_sales": "gross_sales", "discounts": "discounts",
    "sales_reversals": "sales_reversals", "net_sales": "net_sales", "shipping": "shipping_charges", "taxes": "taxes",
    "total_sales": "total_sales",
}  # fmt: skip
"""Our figure → Shopify's column."""


def sales_by_day(client: Client, shop: Shop, first: date, last: date) -> dict[date, dict[str, Decimal]]:
    """Every figure of every day from `first` to `last`; money in the shop's currency, discounts and reversals positive.

    Raises: NoReports when the app may not ask; otherwise as `fetch`.
    """
    reversals = "sales_reversals" if client.api_version >= RENAMED else "returns"
    columns = {**COLUMNS, "sales_reversals": reversals}
    query = shopifyql(
        QUERIES, "sales_by_day", reversals=reversals, timezone=shop.timezone, first=first, last=last + ONE_DAY
    )
    rows = fetch(client, "sales by day", query, ("day", *columns.values())).rows
    try:
        found = {row["day"]: _figures(row, columns) for row in rows}
        return {day: found[day] for day in days(first, last + ONE_DAY)}
    except KeyError as missing:
        told = f"sales by day: no row for {missing.args[0]}"
        raise UnexpectedShape(told, about=client.domain) from None


def _figures(row: Mapping[str, Value], columns: Mapping[str, str]) -> dict[str, Decimal]:
    found = {figure: _number(row[column]) for figure, column in columns.items()}
    # What is taken off comes as a negative number, so that a row adds up to its net sales.
    if found["gross_sales"] + found["discounts"] + found["sales_reversals"] == found["net_sales"]:
        return {**found, "discounts": -found["discounts"], "sales_reversals": -found["sales_reversals"]}
    return found


def _number(value: Value) -> Decimal:
    """A cell without a value is a day on which nothing happened."""
    if value is None:
        return Decimal(0)
    if not isinstance(value, int | Decimal):
        raise UnexpectedShape(f"sales by day: {value!r} is no number")
    return Decimal(value)
