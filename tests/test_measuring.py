"""Readings brought up to date by what changed are those that measuring everything would give, and the old are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from service import standing
from service.books import Books
from service.ground import Ground, ground_of
from service.measuring import measure_catalogue, segments_asked
from service.metrics import measure as metrics
from service.metrics.catalogue import catalogue
from service.metrics.families.cohorts import COHORTS
from service.metrics.families.orders import ORDERS
from service.pipeline import CONNECTORS, plans_of
from service.store import metric_readings as kept
from service.store import shops
from service.store.engine import reading
from service.store.tables import (
    changed_days,
    metric_progress,
    metric_readings,
    order_fact_changes,
    order_sale_changes,
    restatements,
)
from service.values import Segment, Window
from tests.metrics.little_world import little_world
from tests.restless import Restless
from tests.shop import OpenShop, at, done, on_sqlite, open_shop, shop_of_summer

Readings = dict[tuple[object, ...], tuple[object, ...]]

ANSWER = ("metric_version", "value", "numerator", "denominator", "value_low", "value_high", "squares")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with shop_of_summer(database_url, tmp_path) as shop:
        yield shop


def readings(shop: OpenShop) -> Readings:
    """What stands, by metric, window kind and day."""
    rows = shop.standing(metric_readings, "metric", "segment", "window_kind", "metric_date", *ANSWER)
    return {row[:4]: row[4:] for row in rows}


def of(shop: OpenShop, metric: str, kind: str) -> dict[str, object]:
    return {f"{k[3]:%m-%d}": row[1] for k, row in readings(shop).items() if k[:3] == (metric, "", kind)}


def restated(shop: OpenShop, metric: str, kind: str = "day") -> dict[str, tuple[object, ...]]:
    rows = shop.rows(
        restatements, "about", "name", "window_kind", "restated_date", "old_value", "new_value", "cause", "observed_at"
    )
    now = shop.installation.clock()
    return {f"{row[3]:%m-%d}": row[4:7] for row in rows if row[:3] == ("metric", metric, kind) and row[7] == now}


def ground_now(shop: OpenShop) -> Ground:
    with reading(shop.engine) as connection:
        known = shops.by_domain(connection, shop.settings.domain)
        assert known is not None
        return ground_of(connection, known, shop.settings.schedule, shop.installation.catalogue)


def measured_from_nothing(shop: OpenShop) -> Readings:
    """What measuring everything gives, with the rows as they are; what stood stands again afterwards."""
    ground = ground_now(shop)
    with shop.engine.begin() as connection:
        rows = connection.execute(metric_readings.select()).mappings().all()
        progress = connection.execute(metric_progress.select()).mappings().all()
        connection.execute(delete(metric_readings))
        connection.execute(delete(metric_progress))
    asked = segments_asked(plans_of(shop.installation))
    measure_catalogue(Books(shop.engine, lambda _: None), ground, shop.installation.clock(), 1, asked)
    found = readings(shop)
    with shop.engine.begin() as connection:
        for table, stood in ((metric_readings, rows), (metric_progress, progress)):
            connection.execute(delete(table))
            connection.execute(table.insert(), [dict(row) for row in stood])
    return found


def assert_as_measured_from_nothing(shop: OpenShop) -> None:
    ours, whole = readings(shop), measured_from_nothing(shop)
    differ = {
        key: (ours.get(key), whole.get(key)) for key in ours.keys() | whole.keys() if ours.get(key) != whole.get(key)
    }
    assert not differ, (len(differ), *list(differ.items())[:5])


# --- the same as measuring everything --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_a_restless_shop_measured_turn_by_turn(database_url: str, tmp_path: Path, seed: int) -> None:
    """Orders bought late, refunded, edited, deleted, handed over and merged: every window of every kind."""
    with open_shop(little_world(seed, orders=40, customers=15), database_url, tmp_path) as shop:
        shop.turn()
        life = Restless(shop, seed)
        for _ in range(6):
            for _ in range(life.random.randrange(1, 8)):
                shop.later(minutes=life.random.randrange(1, 200))
                life.something()
            if life.random.random() < 0.5:
                buy_in_the_past(shop, life)
            shop.later(hours=life.random.randrange(1, 40))
            shop.turn()
            assert_as_measured_from_nothing(shop)
            assert forgotten(shop)
        assert len(life.happened) >= 4


def buy_in_the_past(shop: OpenShop, life: Restless) -> None:
    first = min(order.processed_at for order in shop.store.world.orders)
    now = int(shop.installation.clock().timestamp())
    shop.store.order(life.somebody(), price=700, processed_at=life.random.randrange(first, now))


def forgotten(shop: OpenShop) -> bool:
    """Nothing is kept of changes that are in the readings."""
    return not any(shop.rows(table, "batch") for table in (order_fact_changes, order_sale_changes, changed_days))


def test_every_metric_of_orders_changes_by_rows() -> None:
    """Slower ways are right as well; this is what makes a late order of a large shop cheap."""
    of_orders = [metric for metric in catalogue().values() if metric.family is ORDERS]
    assert len(of_orders) > 20
    assert [metric.id for metric in of_orders if not metric.changes_by_rows()] == []
    of_cohorts = [metric for metric in catalogue().values() if metric.family is COHORTS]
    assert [metric.id for metric in of_cohorts if not metric.adds_up] == []


# --- what was known --------------------------------------------------------------------------------------------------


def test_a_late_order_restates_its_day_and_the_windows_that_hold_it(shop: OpenShop) -> None:
    before = shop.installation.clock()
    shop.later(hours=1)
    shop.store.order(2, price=1000, processed_at=at("2026-07-04 10:00"))
    shop.later(hours=1)
    shop.turn()
    assert of(shop, "orders", "day")["07-04"] == 1
    assert restated(shop, "orders") == {"07-04": (0, 1, "late_order")}
    assert list(restated(shop, "orders", "quarter_to_date")) == list(of(shop, "orders", "quarter_to_date"))[9:]
    assert list(restated(shop, "orders", "trailing_28d")) == list(of(shop, "orders", "trailing_28d"))[9:37]
    # The order of 20 July is the customer's second now, though nothing happened to it.
    assert restated(shop, "returning_customers") == {"07-20": (0, 1, "late_order")}
    assert restated(shop, "repeat_customers", "as_of")["08-04"] == (0, 1, "late_order")
    assert restated(shop, "sessions") == {}
    assert known(shop, "orders", "2026-07-04", before) == 0
    assert known(shop, "orders", "2026-07-04", shop.installation.clock()) == 1


@on_sqlite
def test_a_reversal_reaches_the_customer_s_value_however_late(shop: OpenShop) -> None:
    """Customer 1 bought for 40 and 50 in the first 90 days, up to 30 September; the 40 go back a year later."""
    shop.at("2027-10-20 08:00")
    shop.turn()
    shop.store.refund(shop.store.world.orders[0].id)
    shop.later(days=1)
    shop.turn()
    assert restated(shop, "lifetime_value_90d") == {"09-30": (90, 50, "data")}
    assert restated(shop, "repurchase_rate_90d") == {}
    assert_as_measured_from_nothing(shop)


def known(shop: OpenShop, metric: str, day: str, moment: datetime) -> object:
    on = date.fromisoformat(day)
    with reading(shop.engine) as connection:
        [(found, _)] = kept.known_at(connection, shop.store.world.shop_id, metric, "", "day", on, on, moment)
    return found.value


@on_sqlite
def test_what_changed_says_why(shop: OpenShop) -> None:
    """A refund is dated by its own day and restates nothing before it; another customer and a deletion are named."""
    one, _, _ = shop.store.world.orders
    shop.later(hours=1)
    shop.store.refund(one.id)
    shop.later(days=1)
    shop.turn()
    assert restated(shop, "net_sales") == {}
    shop.store.merge(2, 1)
    shop.later(days=1)
    shop.turn()
    assert restated(shop, "new_customers") == {"07-20": (1, 0, "customer")}
    assert restated(shop, "net_sales") == {}
    shop.store.delete(one.id)
    shop.later(days=2)
    for connector in CONNECTORS:
        shop.sync(connector.name)
    shop.turn()
    assert restated(shop, "net_sales")["07-02"][2] == "deletion"
    assert restated(shop, "new_customers")["07-20"] == (0, 1, "deletion")


@on_sqlite
def test_what_stands_is_what_counting_gives(shop: OpenShop) -> None:
    """Also before the readings know of a change: then it is counted."""
    windows = [
        Window(date(2026, 7, 1), date(2026, 8, 6)), Window(date(2026, 8, 5), date(2026, 8, 6)),
        Window(date(2026, 7, 9), date(2026, 8, 6)), Window(date(2026, 7, 3), date(2026, 8, 6)),
        Window(date(2026, 7, 1), date(2026, 9, 1)), Window(None, date(2026, 8, 6)),
    ]  # fmt: skip
    shop.later(hours=1)
    for turn in range(3):
        for metric in catalogue().values():
            asked = [window for window in windows if metric.kind != "level" or window.start is None]
            with reading(shop.engine) as connection:
                known = shops.by_domain(connection, shop.settings.domain)
                assert known is not None
                ours = standing.answers(
                    connection, known, metric, asked, segment=Segment(), population="all", covered_from=None
                )
                counted = metrics.answers(connection, known, metric.id, asked)
            assert ours == counted, (metric.id, turn)
        if turn == 0:
            shop.store.order(2, price=1000, processed_at=at("2026-07-04 10:00"))
            shop.later(hours=1)
            done(shop.sync())
        else:
            shop.turn()


@on_sqlite
def test_only_what_changed_is_measured_and_written(shop: OpenShop) -> None:
    shop.later(hours=1)
    shop.store.touch(shop.store.world.orders[0].id)
    shop.later(hours=1)
    rows = len(shop.rows(metric_readings, "metric"))
    assert shop.turn().measured_from is None
    shop.store.order(2, price=1000, processed_at=at("2026-07-04 10:00"))
    shop.later(hours=1)
    shop.turn()
    now = shop.installation.clock()
    new = [row[:2] for row in shop.rows(metric_readings, "window_kind", "metric_date", "observed_at") if row[2] == now]
    thirty_days_on = date(2026, 8, 3)  # the customer began on 4 July after all
    assert {day for kind, day in new if kind == "day"} == {date(2026, 7, 4), date(2026, 7, 20), thirty_days_on}
    assert min(day for _, day in new) == date(2026, 7, 4)
    assert len(shop.rows(metric_readings, "metric")) == rows + len(new)


@on_sqlite
def test_another_fiscal_year_is_another_quarter_to_date(shop: OpenShop) -> None:
    ground = ground_now(shop)
    shop.later(hours=1)
    measure_catalogue(Books(shop.engine, lambda _: None), ground, shop.installation.clock(), 2)
    assert restated(shop, "orders", "quarter_to_date")["08-01"] == (2, 0, "calendar")
    assert restated(shop, "orders") == {}
    done(shop.sync())
