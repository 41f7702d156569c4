"""Our own figures of shop days, read from where the metrics are: what is compared with Shopify's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, case, func, or_, select

from service.periods import ONE_DAY, day_start, shop_day
from service.store.lookup import chunks
from service.store.tables import order_agreements, order_facts, order_sales, orders
from service.values import Shop

COLUMNS = ("gross_sales", "discounts", "sales_reversals", "shipping", "taxes", "fees")
"""Of the ledger, each a column `…_minor`; what else is told of a day's money follows from them."""

MONEY = ("gross_sales", "discounts", "sales_reversals", "net_sales", "shipping", "taxes", "total_sales")

Field = Literal["created_at", "processed_at"]
_SUMS = [func.coalesce(func.sum(order_sales.c[f"{name}_minor"]), 0).label(name) for name in COLUMNS]


def first_day(connection: Connection, shop_id: int) -> date | None:
    """The day of the oldest order, which an import may have dated long before the shop opened."""
    found: date | None = connection.scalar(
        select(func.min(orders.c.processed_date)).where(orders.c.shop_id == shop_id, orders.c.deleted_at.is_(None))
    )
    return found


def orders_of_days(connection: Connection, shop: Shop, field: Field, first: date, last: date) -> Counter[date]:
    """Orders by the shop day of an instant, test orders too: all that Shopify lists."""
    instant = orders.c[field]
    start, end = day_start(first, shop.timezone), day_start(last + ONE_DAY, shop.timezone)
    rows = connection.scalars(
        select(instant).where(
            orders.c.shop_id == shop.shop_id, orders.c.deleted_at.is_(None), instant >= start, instant < end
        )
    )
    return Counter(shop_day(each, shop.timezone) for each in rows)


def sales_of_days(connection: Connection, shop_id: int, first: date, last: date) -> dict[date, dict[str, int]]:
    """Orders, customers and money (in minor units) of the days on which something happened."""
    placed = order_facts.c
    found: dict[date, Counter[str]] = {}
    for day, count, customers in connection.execute(
        select(placed.order_date, func.count(), func.count(placed.customer_id.distinct()))
        .where(placed.shop_id == shop_id, placed.order_date.between(first, last))
        .group_by(placed.order_date)
    ):
        found[day] = Counter(orders=count, customers=customers)
    entries = order_sales.c
    for day, *sums in connection.execute(
        select(entries.event_date, *_SUMS)
        .join(order_facts, (placed.shop_id == entries.shop_id) & (placed.order_id == entries.order_id))
        .where(entries.shop_id == shop_id, entries.event_date.between(first, last))
        .group_by(entries.event_date)
    ):
        found.setdefault(day, Counter()).update(_ledger(sums))
    return {day: {name: figures[name] for name in ("orders", "customers", *MONEY)} for day, figures in found.items()}


def _ledger(sums: Collection[int]) -> dict[str, int]:
    return with_totals(dict(zip(COLUMNS, map(int, sums), strict=True)))


def with_totals(columns: Mapping[str, int]) -> dict[str, int]:
    """The columns of the ledger with what follows from them: net and total sales."""
    net = columns["gross_sales"] - columns["discounts"] - columns["sales_reversals"]
    return {**columns, "net_sales": net, "total_sales": net + columns["shipping"] + columns["taxes"] + columns["fees"]}


class Entry(NamedTuple):
    """What one agreement of an order added (or took back: `is_reversal`), with all that it might be dated by."""

    order_id: int
    customer_id: int | None
    is_test: bool
    processed_at: datetime
    order_date: date
    happened_at: datetime
    event_date: date
    is_placing: bool
    is_reversal: bool
    sums: Mapping[str, int]  # minor units, by column of the ledger, with net and total sales


def entries(connection: Connection, shop_id: int, first: date, last: date) -> Iterator[Entry]:
    """The ledger of the orders that were placed, or to which anything happened, on those days; test orders too."""
    o, a, s = orders.c, order_agreements.c, order_sales.c
    is_reversal = case((or_(s.sales_reversals_minor != 0, s.total_minor < 0), 1), else_=0).label("is_reversal")
    keys = (
        o.order_id, func.coalesce(order_facts.c.customer_id, o.customer_id).label("customer_id"), o.is_test,
        o.processed_at, o.processed_date, a.happened_at, a.event_date, a.is_placing, is_reversal,
    )  # fmt: skip
    statement = (
        select(*keys, *_SUMS)
        .join(order_agreements, (a.shop_id == o.shop_id) & (a.order_id == o.order_id))
        .join(order_facts, (order_facts.c.shop_id == o.shop_id) & (order_facts.c.order_id == o.order_id), isouter=True)
        .join(order_sales, (s.shop_id == a.shop_id) & (s.order_id == a.order_id) & (s.agreement_id == a.agreement_id),
              isouter=True)
        .where(
            o.shop_id == shop_id, o.deleted_at.is_(None),
            or_(o.processed_date.between(first, last), a.event_date.between(first, last)),
        )
        .group_by(*keys, a.agreement_id)
    )  # fmt: skip
    for row in connection.execute(statement):
        yield Entry._make((*row[:8], bool(row[8]), _ledger(row[9:])))


def tests_among(connection: Connection, shop_id: int, order_ids: Collection[int]) -> int:
    """How many of the orders are test orders."""
    tests = orders.c.is_test & (orders.c.shop_id == shop_id)
    counts = (select(func.count()).where(tests, orders.c.order_id.in_(ids)) for ids in chunks(order_ids))
    return sum(connection.scalar(each) or 0 for each in counts)
