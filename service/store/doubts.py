"""Facts about Shopify's ledger that the metrics rely on and nobody promises: looked at in what has just landed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from service.errors import UnexpectedShape
from service.store.tables import order_sales, orders

KNOWN_LINES = ("PRODUCT", "SHIPPING", "TIP", "GIFT_CARD", "DUTY", "FEE", "ADDITIONAL_FEE", "ADJUSTMENT")
KNOWN_ACTIONS = ("ORDER", "UPDATE", "RETURN")


def doubts(
    connection: Connection, shop_id: int, field: Literal["created_at", "updated_at"], start: datetime, end: datetime
) -> Counter[str]:
    """What is odd about the orders of a window: how many of what.

    Raises UnexpectedShape when the ledger is in another unit than the order totals (Shopify's schema says "smallest
    unit" where everybody has seen plain decimals): then no amount could be trusted.
    """
    window = (orders.c.shop_id == shop_id) & (orders.c[field] >= start) & (orders.c[field] < end)
    placed = (
        select(orders.c.order_id, orders.c.original_total_minor, func.sum(order_sales.c.total_minor).label("placed"))
        .join(order_sales, (order_sales.c.shop_id == orders.c.shop_id) & (order_sales.c.order_id == orders.c.order_id))
        .where(window, order_sales.c.is_placing)
        .group_by(orders.c.order_id, orders.c.original_total_minor)
        .subquery()
    )
    p, total = placed.c.placed, placed.c.original_total_minor
    by_a_hundred = (p != 0) & or_(p * 100 == total, p == total * 100)
    seen, differing, off_by_100 = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((p != total, 1), else_=0)), 0),
            func.coalesce(func.sum(case((by_a_hundred, 1), else_=0)), 0),
        )
    ).one()
    if off_by_100 and off_by_100 * 2 > seen:
        raise UnexpectedShape(
            f"the sales of {off_by_100:,} of {seen:,} orders are a hundred times their totals, or a hundredth",
            hint="Shopify has changed the unit of its sales ledger: this version must not read it",
        )
    found = _unknown_kinds(connection, window)
    if differing:
        found["orders whose placing sales do not add up to their original total"] = int(differing)
    return found


def _unknown_kinds(connection: Connection, window: ColumnElement[bool]) -> Counter[str]:
    unknown = or_(order_sales.c.line_type.not_in(KNOWN_LINES), order_sales.c.action_type.not_in(KNOWN_ACTIONS))
    rows = connection.execute(
        select(order_sales.c.line_type, order_sales.c.action_type, func.count())
        .join(orders, (order_sales.c.shop_id == orders.c.shop_id) & (order_sales.c.order_id == orders.c.order_id))
        .where(window, unknown)
        .group_by(order_sales.c.line_type, order_sales.c.action_type)
    )
    return Counter(
        {f"sales of the unknown kind {line}/{action}, of which only the tax counts": n for line, action, n in rows}
    )
