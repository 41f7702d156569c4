"""`bi_cohorts` beside a plain answer: customers by the month they began in, month by month, on both databases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, update

from service.demo.model import Order, World
from service.metrics.measure import measure
from service.store import landing, shops
from service.store.tables import backfill_slices, denied_parts, pending_work
from service.values import Segment, Shop, Watermark, Window
from tests.metrics.little_world import at, little_world
from tests.metrics.load_world import load_world
from tests.metrics.second_answer import SecondAnswer
from tests.metrics.test_examples import order

COLUMNS = (
    "cohort_month", "age_months", "customers", "active_customers", "orders", "net_sales", "cumulative_net_sales",
    "is_complete",
)  # fmt: skip

Month = tuple[int, int]


def read(database: Engine, world: World, read_to: datetime) -> Shop:
    """The world in the tables, as if a backfill had read all of it up to that moment."""
    with database.begin() as connection:
        shop = load_world(connection, world)
        shops.record_shop(connection, shop, now=read_to, history_is_cut=False)
        landing.move_watermark(connection, shop.shop_id, Watermark("orders", read_to), read_to)
        whole = {"slice_from": shop.created_at, "slice_to": read_to, "visible_from": shop.created_at}
        done = {"planned_at": read_to, "expected_rows": 1, "rows": 1, "verified_at": read_to}
        connection.execute(insert(backfill_slices), {"shop_id": shop.shop_id, "connector": "orders", **whole, **done})
    return shop


def shown(database: Engine) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        rows = connection.exec_driver_sql(
            f"select {', '.join(COLUMNS)} from bi_cohorts order by cohort_month, age_months"
        ).all()
    return [(str(row[0]), *row[1:5], *map(_exact, row[5:7]), bool(row[7])) for row in rows]


def _exact(amount: Any) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.001"))


def told(world: World, read_to: datetime) -> Iterator[tuple[Any, ...]]:
    """The same from the simulated records: sets of customers, a calendar, sums."""
    second = SecondAnswer(world, {})
    lives = {customer: bought for customer, bought in second.lives.items() if customer is not None}
    month_of = {id_: (day.year, day.month) for id_, day in second.day.items()}
    cohorts: dict[Month, list[list[Order]]] = defaultdict(list)
    for bought in lives.values():
        cohorts[min(month_of[each.id] for each in bought)].append(bought)
    there = read_to.astimezone(ZoneInfo(world.timezone))
    newest = max(*month_of.values(), (there.year, there.month))
    for begun in sorted(cohorts):
        so_far, month, age = Decimal(0), begun, 0
        while month <= newest:
            active = [[each for each in bought if month_of[each.id] == month] for bought in cohorts[begun]]
            orders = [each for bought in active for each in bought]
            net = second.money(sum(
                sale.total - sale.tax
                for each in orders for agreement in each.agreements for sale in agreement.sales
                if sale.line_type in ("PRODUCT", "ADJUSTMENT")
            ))  # fmt: skip
            so_far += net
            after = (month[0] + month[1] // 12, month[1] % 12 + 1)
            is_complete = datetime(*after, 1, tzinfo=there.tzinfo) <= there
            counts = len(cohorts[begun]), sum(map(bool, active)), len(orders)
            yield f"{begun[0]}-{begun[1]:02}-01", age, *counts, net, so_far, is_complete
            month, age = after, age + 1


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_cohorts_of_little_worlds(database: Engine, seed: int) -> None:
    world = little_world(seed, orders=120, customers=30)
    read_to = datetime.fromtimestamp(world.now, UTC) + timedelta(days=40 * (seed % 2))
    read(database, world, read_to)
    found = shown(database)
    assert found == [*told(world, read_to)]
    assert len(found) >= 10
    assert {row[-1] for row in found} == {True, False}


def test_a_cohort_that_nobody_of_is_active_keeps_its_rows(database: Engine) -> None:
    """Begun in November; one order more over the turn of the year, nothing in December, and data to 10 March."""
    orders = [
        order(1, date(2025, 11, 30), 1), order(2, date(2025, 11, 1), 2), order(3, date(2025, 11, 2), 2, 5_000),
        order(4, date(2026, 1, 1), 1, 2_500), order(5, date(2026, 1, 31), None), order(6, date(2026, 2, 1), 6),
    ]  # fmt: skip
    start = at(date(2025, 1, 1))
    world = World("cohorts", 7, "cohorts.myshopify.com", "UTC", "EUR", 2, start, start, orders)
    read(database, world, datetime(2026, 3, 10, tzinfo=UTC))
    sums = [Decimal(each) for each in (250, 250, 275, 275, 275)]
    steps = [Decimal(each) for each in (250, 0, 25, 0, 0)]
    counts = [(2, 2, 3), (2, 0, 0), (2, 1, 1), (2, 0, 0), (2, 0, 0)]
    november = [
        ("2025-11-01", age, *counts[age], steps[age], sums[age], is_complete)
        for age, is_complete in enumerate((True, True, True, True, False))
    ]
    february = [("2026-02-01", 0, 1, 1, 1, 100, 100, True), ("2026-02-01", 1, 1, 0, 0, 0, 100, False)]
    assert shown(database) == [*november, *february]


def test_all_cohorts_together_are_the_net_sales_of_known_customers(database: Engine) -> None:
    world = little_world(1)
    shop = read(database, world, datetime.fromtimestamp(world.now, UTC))
    window = Window(None, date(2030, 1, 1))
    with database.connect() as connection:
        sales, unknown = (
            measure(connection, shop, "net_sales", window, segment=Segment.of(where)).numerator
            for where in ({}, {"customer_type": "unknown"})
        )
    assert unknown
    assert sum(row[5] for row in shown(database)) == sales - unknown


@pytest.mark.parametrize(
    ("zone", "ended"),
    [
        ("Pacific/Pago_Pago", "2026-02-01 11:00"),
        ("UTC", "2026-02-01 00:00"),
        ("Asia/Kolkata", "2026-01-31 18:30"),
        ("Pacific/Kiritimati", "2026-01-31 10:00"),
    ],
)
def test_a_month_is_complete_once_it_is_over_where_the_shop_is_and_read_whole(
    database: Engine, zone: str, ended: str
) -> None:
    start = at(date(2026, 1, 1))
    world = World("edge", 7, "edge.myshopify.com", zone, "USD", 2, start, start)
    world.orders = [order(1, date(2026, 1, 20), 1)]
    end = datetime.fromisoformat(f"{ended}+00:00")
    shop = read(database, world, end - timedelta(seconds=1))

    def completes() -> list[bool]:
        return [row[-1] for row in shown(database)]

    assert completes() == [False]
    with database.begin() as connection:
        landing.move_watermark(connection, shop.shop_id, Watermark("orders", end), end)
    assert completes() == [True, False]
    for missing in (
        update(backfill_slices).values(verified_at=None),
        update(backfill_slices).values(visible_from=end),
        insert(denied_parts).values(shop_id=shop.shop_id, part="orders.customer", denied_at=end),
        insert(pending_work).values(shop_id=shop.shop_id, is_facts_stale=True),
    ):
        with database.connect() as connection:
            connection.execute(missing)
            assert not any(connection.exec_driver_sql("select is_complete from bi_cohorts").scalars())
            connection.rollback()
    assert completes() == [True, False]
