"""The last second of a quarter and the first of the next, and days of 23 and 25 hours, in shops all over the world.

Shops are read over HTTP, so that the program dates everything; what is expected are instants as people write them,
with the offset that was in force, and not the same calendar asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import Connection

from service.demo.model import Agreement, Checkout, LineItem, Order, Sale, World
from service.metrics.measure import by, measure, series
from service.store import shops
from service.values import Shop, Window
from tests.conftest import BACKENDS, migrated
from tests.shop import OpenShop, done, open_shop

STARTS = (date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1))
DAY = timedelta(days=1)

# The offsets in force when those quarters begin.
QUARTERS = {
    "Pacific/Kiritimati": ("+14:00",) * 4,
    "Pacific/Pago_Pago": ("-11:00",) * 4,
    "America/New_York": ("-04:00", "-04:00", "-04:00", "-05:00"),
    "Europe/Berlin": ("+02:00", "+02:00", "+02:00", "+01:00"),
    "Asia/Kolkata": ("+05:30",) * 4,
    "Asia/Kathmandu": ("+05:45",) * 4,
    "Australia/Lord_Howe": ("+11:00", "+10:30", "+10:30", "+11:00"),
    "Africa/Casablanca": ("+01:00",) * 4,
    "America/Sao_Paulo": ("-03:00",) * 4,
}

# Days on which the clocks change, and of others one of every day's length: its first instant, and its half hours.
LONG_DAYS = {
    "Pacific/Kiritimati": (("2026-05-05T00:00+14:00", 48),),
    "Pacific/Pago_Pago": (("2026-05-05T00:00-11:00", 48),),
    "Asia/Kolkata": (("2026-05-05T00:00+05:30", 48),),
    "Asia/Kathmandu": (("2026-05-05T00:00+05:45", 48),),
    "America/New_York": (("2026-03-08T00:00-05:00", 46), ("2026-11-01T00:00-04:00", 50)),
    "Europe/Berlin": (("2026-03-29T00:00+01:00", 46), ("2026-10-25T00:00+02:00", 50)),
    "Australia/Lord_Howe": (("2026-10-04T00:00+10:30", 47), ("2026-04-05T00:00+11:00", 49)),
    # Back for Ramadan, and forward after it.
    "Africa/Casablanca": (("2026-03-22T00:00+00:00", 46), ("2026-02-15T00:00+01:00", 50)),
    # Clocks changed at midnight: that day began at one.
    "America/Sao_Paulo": (("2018-11-04T01:00-02:00", 46), ("2018-02-17T00:00-02:00", 50)),
}

HALF_HOUR = 1_800


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def quarter_starts(zone: str) -> list[int]:
    return [at(f"{day}T00:00{offset}") for day, offset in zip(STARTS, QUARTERS[zone], strict=True)]


class Till:
    """Orders of one thing for 1.00, with ids of their own."""

    def __init__(self) -> None:
        self.ids = iter(range(1000, 10**6))

    def order(self, moment: int, *refunded: int) -> Order:
        """An order of that moment; of each unit given back at the others."""
        item = LineItem(next(self.ids), "Thing", 1, "", None, 9, 100)
        placing = Sale(next(self.ids), "ORDER", "PRODUCT", 9, 900, 0, 0, item.id)
        agreements = [Agreement(next(self.ids), "OrderAgreement", "ORDER", moment, (placing,))]
        for then in refunded:
            back = Sale(next(self.ids), "RETURN", "PRODUCT", -1, -100, 0, 0, item.id)
            agreements.append(Agreement(next(self.ids), "RefundAgreement", "REFUND", then, (back,)))
        return Order(
            (number := next(self.ids)), f"#{number}", moment, moment, max(moment, *refunded, 0), number,
            agreements, [item],
        )  # fmt: skip


def world_of(zone: str) -> World:
    """An order and a checkout on either side of each quarter's start; around a change an order each half hour."""
    till, starts = Till(), quarter_starts(zone)
    now = starts[-1] + 5 * 86_400
    moments = [moment for start in starts for moment in (start - 1, start)]
    orders = [till.order(moment) for moment in moments]
    for text, halves in LONG_DAYS[zone]:
        start, end = at(text), at(text) + halves * HALF_HOUR
        orders += [till.order(start + n * HALF_HOUR) for n in range(-2, halves + 2)]
        orders.append(till.order(start - 1, start, end - 1, end))
        orders.append(till.order(end - 1))
    world = World(
        "edges", 7, "edges.myshopify.com", zone, "EUR", 2, at("2017-06-01T00:00Z"), now, sorted(
            orders, key=lambda order: order.created_at
        ),
    )  # fmt: skip
    world.checkouts = [Checkout(n, moment, moment, None, 100) for n, moment in enumerate(moments[-2:], 1)]
    return world


on_postgresql = pytest.param(("Australia/Lord_Howe", BACKENDS[1]), marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=[*((zone, BACKENDS[0]) for zone in QUARTERS), on_postgresql], ids="-".join)
def open_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    zone, backend = request.param
    folder = tmp_path_factory.mktemp("edges")
    with migrated(backend, folder, request) as url, open_shop(world_of(zone), url, folder) as shop:
        done(shop.backfill())
        done(shop.backfill("checkouts"))
        yield shop


@pytest.fixture
def asked(open_world: OpenShop) -> Iterator[tuple[Connection, Shop]]:
    with open_world.engine.connect() as connection:
        shop = shops.by_domain(connection, open_world.settings.domain)
        assert shop is not None
        yield connection, shop


def counts(asked: tuple[Connection, Shop], start: date, end: date, metric: str = "orders") -> list[Decimal]:
    return [each.numerator for each in series(*asked, metric, start, end, "daily")]


def test_an_order_counts_in_the_quarter_of_its_second(asked: tuple[Connection, Shop]) -> None:
    """Its day, its month, its quarter, and every day of the quarter so far."""
    for start in STARTS:
        ends = Window(start - DAY, start), Window(start, start + DAY)
        assert counts(asked, start - DAY, start + DAY) == [1, 1]
        assert [measure(*asked, "orders", each).value for each in ends] == [1, 1]
        for period in ("month", "quarter"):
            found = by(*asked, "orders", start - DAY, start + DAY, period)
            assert [(each.window, each.numerator) for each in found] == [(each, 1) for each in ends]
        so_far = series(*asked, "orders", start, start + 2 * DAY, "running")
        assert [each.numerator for each in so_far] == [1, 1]
        for length, expected in ((28, 1), (29, 2)):  # a window that begins with the quarter, and one a day longer
            until = start + 28 * DAY
            whole = measure(*asked, "orders", Window(until - length * DAY, until)).numerator
            assert whole - measure(*asked, "orders", Window(start + DAY, until)).numerator == expected


def test_a_quarter_holds_what_was_sold_in_it(asked: tuple[Connection, Shop], open_world: OpenShop) -> None:
    world = open_world.store.world
    expected = [
        sum(start <= order.created_at < end for order in world.orders)
        for start, end in pairwise(quarter_starts(world.timezone))
    ]
    found = by(*asked, "orders", STARTS[0], STARTS[-1], "quarter")
    assert [each.numerator for each in found] == expected
    assert min(expected) >= 2


def test_a_checkout_stands_on_its_own_side_too(asked: tuple[Connection, Shop]) -> None:
    end = STARTS[-1]
    assert counts(asked, end - 2 * DAY, end + 2 * DAY, "abandoned_checkouts") == [0, 1, 1, 0]


def test_views_date_orders_alike(open_world: OpenShop) -> None:
    found = {f"{day}": n for day, n in open_world.sql("select processed_date, count(*) from bi_orders group by 1")}
    assert {f"{start - back * DAY}" for start in STARTS for back in (0, 1)} <= {*found}
    daily = open_world.sql("select sales_date, orders from bi_sales_daily where orders > 0")
    assert {f"{day}": n for day, n in daily} == found


def test_a_day_has_as_many_hours_as_it_has(asked: tuple[Connection, Shop], open_world: OpenShop) -> None:
    """An order each half hour, and one in its last second; of its neighbours none.

    The day before has an hour of orders and one in its last second, the day after an hour.
    """
    for text, halves in LONG_DAYS[open_world.store.world.timezone]:
        day = date.fromisoformat(text[:10])
        assert counts(asked, day - DAY, day + 2 * DAY) == [3, halves + 1, 2]
        assert measure(*asked, "customers", Window(day, day + DAY)).value == halves + 1


def test_a_refund_across_midnight_of_the_change(asked: tuple[Connection, Shop], open_world: OpenShop) -> None:
    """Sold in the last second before; given back in the day's first second, in its last, and in the first after."""
    for text, _ in LONG_DAYS[open_world.store.world.timezone]:
        day = date.fromisoformat(text[:10])
        assert counts(asked, day - DAY, day + 2 * DAY, "sales_reversals") == [0, 2, 1]
        gross, net = (counts(asked, day - DAY, day + 2 * DAY, name) for name in ("gross_sales", "net_sales"))
        assert [sold - left for sold, left in zip(gross, net, strict=True)] == [0, 2, 1]
