"""Abandoned and recovered checkouts as their definition says, with the records in sight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, insert

from service.demo.model import Checkout, Order, World
from service.estimate.intervals import wilson
from service.metrics.measure import measure
from service.store.tables import online_sources, watermarks
from service.values import Measurement, Shop, Window
from tests.metrics.load_world import load_world
from tests.metrics.test_examples import order

JANUARY = Window(date(2026, 1, 1), date(2026, 2, 1))
FEBRUARY = date(2026, 2, 1)
METRICS = ("abandoned_checkouts", "recovered_checkouts", "abandoned_checkout_rate", "checkout_recovery_rate")


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def left(number: int, begun: str = "2026-01-10 12:00", completed: str | None = None) -> Checkout:
    done = at(completed) if completed else None
    return Checkout(number, at(begun), done or at(begun), None, 5000, done)


def shop_with(
    database: Engine,
    checkouts: Sequence[Checkout],
    orders: Sequence[Order] = (),
    *,
    now: str = "2026-02-10 00:00",
    zone: str = "UTC",
) -> Shop:
    """A shop whose checkouts are read up to `now`."""
    world = World(
        "examples", 7, "examples.myshopify.com", zone, "USD", 2, at("2025-01-01 00:00"), at(now), list(orders),
        checkouts=list(checkouts),
    )  # fmt: skip
    with database.begin() as connection:
        return load_world(connection, world)


def asked(database: Engine, shop: Shop, metric: str, window: Window = JANUARY, **words: date) -> Measurement:
    with database.connect() as connection:
        return measure(connection, shop, metric, window, **words)


def day(text: str) -> Window:
    first = date.fromisoformat(text)
    return Window(first, first + timedelta(days=1))


def test_the_honest_rates_of_a_month(database: Engine) -> None:
    """70 abandoned, 10 recovered, 100 online orders with the 10 among them: 70 / 170 and 10 / 80."""
    recovered = [left(number, completed="2026-01-12 12:00") for number in range(10)]
    abandoned = [left(number) for number in range(10, 80)]
    bought = [order(number, date(2026, 1, 12), number) for number in range(1, 101)]
    shop = shop_with(database, [*recovered, *abandoned], bought)
    found = {metric: asked(database, shop, metric) for metric in METRICS}
    assert (found["abandoned_checkouts"].value, found["recovered_checkouts"].value) == (70, 10)
    rate, recovery = found["abandoned_checkout_rate"], found["checkout_recovery_rate"]
    assert (rate.numerator, rate.denominator, recovery.numerator, recovery.denominator) == (70, 170, 10, 80)
    assert recovery.value == Decimal("0.125")
    assert (rate.value_low, rate.value_high) == wilson(Decimal(70), Decimal(170))
    assert (recovery.value_low, recovery.value_high) == wilson(Decimal(10), Decimal(80))
    assert (rate.counted, rate.left_out) == (170, {"recovered": 10})
    assert (found["recovered_checkouts"].counted, found["recovered_checkouts"].left_out) == (10, {"not_recovered": 70})


def test_only_orders_of_the_online_checkout_are_beside_them(database: Engine) -> None:
    """The counter, a draft, a test, one without a source and one deleted at Shopify are not; an app is when named."""
    web, counter, draft, app, test, unknown = (order(number, date(2026, 1, 5), None) for number in range(1, 7))
    counter.source_name, draft.source_name, app.source_name = "pos", "shopify_draft_order", "580111"
    unknown.source_name, test.test = None, True
    shop = shop_with(database, [left(50)], [web, counter, draft, app, test, unknown])
    assert asked(database, shop, "abandoned_checkout_rate").denominator == 2
    with database.begin() as connection:
        connection.execute(insert(online_sources), {"shop_id": 7, "source_name": "580111"})
    assert asked(database, shop, "abandoned_checkout_rate").denominator == 3


@pytest.mark.parametrize(
    ("now", "abandoned", "in_grace"),
    [("2026-01-11 11:59", 0, 2), ("2026-01-11 12:00", 1, 1), ("2026-01-11 12:00:01", 2, 0)],
)
def test_a_checkout_counts_when_it_is_a_day_old(database: Engine, now: str, abandoned: int, in_grace: int) -> None:
    """As far as checkouts are read, not by anybody's clock: two begun a second apart."""
    shop = shop_with(database, [left(1), left(2, "2026-01-10 12:00:01")], now=now)
    found = asked(database, shop, "abandoned_checkouts")
    assert found.value == found.counted == abandoned
    assert found.left_out.get("within_grace", 0) == in_grace


def test_quick_returns_wait_as_long_as_those_who_stay_away(database: Engine) -> None:
    """At 18:00 two of four of today have come back: no rate yet. A day later it is one half."""
    quick = [left(number, completed="2026-01-10 13:00") for number in (1, 2)]
    slow = [left(number) for number in (3, 4)]
    bought = [order(9, date(2026, 1, 10), 9)]
    shop = shop_with(database, [*quick, *slow], bought, now="2026-01-10 18:00")
    for metric in ("abandoned_checkout_rate", "checkout_recovery_rate"):
        assert asked(database, shop, metric).value is None, metric
    assert asked(database, shop, "abandoned_checkout_rate").left_out == {"within_grace": 5}
    with database.begin() as connection:
        later = datetime(2026, 1, 11, 18, tzinfo=UTC)
        connection.execute(watermarks.update().values(position=later))
    assert asked(database, shop, "checkout_recovery_rate").value == Decimal("0.5")
    rate = asked(database, shop, "abandoned_checkout_rate")
    assert (rate.numerator, rate.denominator) == (2, 3)


def test_a_checkout_stands_on_the_day_it_was_begun(database: Engine) -> None:
    """Before midnight begun, after midnight completed: recovered on the first day, an order of the second."""
    late = left(1, "2026-01-31 23:59:59", completed="2026-02-01 00:10")
    shop = shop_with(database, [late], [order(1, FEBRUARY, 1)])
    assert asked(database, shop, "recovered_checkouts", day("2026-01-31")).value == 1
    assert asked(database, shop, "recovered_checkouts", day("2026-02-01")).value == 0
    assert asked(database, shop, "abandoned_checkout_rate", day("2026-01-31")).value is None
    assert asked(database, shop, "abandoned_checkout_rate", day("2026-02-01")).denominator == 1


@pytest.mark.parametrize(
    ("zone", "edges"),
    [
        # Berlin puts its clocks forward at 01:00 UTC on 29 March: that day has 23 hours.
        ("Europe/Berlin", {"2026-03-29": ("2026-03-28 23:00", "2026-03-29 21:59:59")}),
        ("America/New_York", {"2026-11-01": ("2026-11-01 04:00", "2026-11-02 04:59:59")}),
        ("Asia/Kolkata", {"2026-03-29": ("2026-03-28 18:30", "2026-03-29 18:29:59")}),
        ("Pacific/Kiritimati", {"2026-03-29": ("2026-03-28 10:00", "2026-03-29 09:59:59")}),
    ],
)
def test_days_are_the_shops(database: Engine, zone: str, edges: dict[str, tuple[str, str]]) -> None:
    """Its first and its last second are counted, those before and after are not."""
    [(name, (first, last))] = edges.items()
    moments = (at(first) - 1, at(first), at(last), at(last) + 1)
    checkouts = [Checkout(number, moment, moment, None, 100) for number, moment in enumerate(moments)]
    shop = shop_with(database, checkouts, now="2026-12-31 00:00", zone=zone)
    assert asked(database, shop, "abandoned_checkouts", day(name)).value == 2


def test_the_grace_has_twenty_four_hours_on_every_day(database: Engine) -> None:
    """The day the clocks change has 23 in Berlin: the last of it is settled an hour into the day after the next."""
    shop = shop_with(
        database,
        [left(1, "2026-03-28 22:30"), left(2, "2026-03-29 21:59")],
        now="2026-03-30 21:58",
        zone="Europe/Berlin",
    )
    assert asked(database, shop, "abandoned_checkouts", day("2026-03-28")).value == 1
    assert asked(database, shop, "abandoned_checkouts", day("2026-03-29")).left_out == {"within_grace": 1}


def test_days_before_our_history_have_no_number(database: Engine) -> None:
    """Of those days Shopify may have kept the recovered ones only."""
    shop = shop_with(database, [left(1, completed="2026-01-12 12:00"), left(2, "2026-01-20 12:00")])
    found = asked(database, shop, "checkout_recovery_rate", covered_from=date(2026, 1, 15))
    assert not found.is_complete
    assert found.incomplete_because == (
        "checkouts before 2026-01-15 cannot be reconstructed: Shopify no longer showed them when they were first read"
    )
    covered = asked(database, shop, "abandoned_checkouts", day("2026-01-20"), covered_from=date(2026, 1, 15))
    assert covered.is_complete
    assert covered.value == 1


def test_the_data_are_as_old_as_the_older_of_both(database: Engine) -> None:
    shop = shop_with(database, [left(1)], now="2026-02-10 00:00")
    assert asked(database, shop, "abandoned_checkout_rate").data_as_of is None
    older = datetime(2026, 2, 9, tzinfo=UTC)
    with database.begin() as connection:
        read = {"shop_id": 7, "connector": "orders", "position": older, "moved_at": older}
        connection.execute(insert(watermarks), read)
    assert asked(database, shop, "abandoned_checkout_rate").data_as_of == older
    assert asked(database, shop, "abandoned_checkouts").data_as_of == datetime(2026, 2, 10, tzinfo=UTC)


def test_nothing_is_known_before_checkouts_are_read(database: Engine) -> None:
    shop = shop_with(database, [], [order(1, date(2026, 1, 5), 1)])
    assert asked(database, shop, "abandoned_checkout_rate").value is None
