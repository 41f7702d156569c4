"""Readings at the edges: days from before the shop, another time zone, what is no longer known, a bulk in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, Engine

from service.books import Books
from service.measuring import measure_catalogue
from service.store import changes, metric_readings
from service.store.metric_readings import Progress
from tests.shop import OpenShop, at, corner_shop, done, instant, on_sqlite, open_shop
from tests.test_measuring import assert_as_measured_from_nothing, ground_now, of, restated
from tests.test_spending import HEADING, LOYALTY, OKRS, click, imported

ALL_QUARTER = LOYALTY.replace("07-04", "07-01").replace("07-06", "09-30").replace("100 EUR", "920 EUR")


@on_sqlite
def test_an_order_from_before_the_shop_changes_windows_after_it(database_url: str, tmp_path: Path) -> None:
    """Imported from another platform: no day of its own is measured, and windows that look back hold it."""
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path) as shop:
        shop.at("2026-06-26 10:00")
        old = shop.store.order(1, price=4000, processed_at=at("2026-03-12 10:00"))
        shop.store.order(2, price=4000, processed_at=at("2026-03-30 10:00"))
        shop.at("2026-08-10 08:00")
        shop.turn()
        assert of(shop, "lifetime_value_90d", "trailing_28d")["06-25"] == 40
        shop.later(hours=1)
        shop.store.refund(old.id)
        shop.later(days=1)
        shop.turn()
        assert of(shop, "lifetime_value_90d", "trailing_28d")["06-25"] == 0
        assert_as_measured_from_nothing(shop)


@on_sqlite
def test_days_beyond_what_is_known_stand_no_more(database_url: str, tmp_path: Path) -> None:
    """A plan runs to the quarter's end; a file says what was spent until the tenth, another what in August."""
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS + ALL_QUARTER) as shop:
        shop.sell("2026-07-05 10:00", 1, 20_000, **click(shop.store, "klaviyo", "email", "loyalty"))
        shop.at("2026-08-15 08:00")
        shop.turn()
        assert of(shop, "spend", "day")["07-20"] == 10
        days_spent(shop, "2026-07-01", "2026-07-10")
        assert max(of(shop, "spend", "day")) == "07-10"
        assert restated(shop, "spend")["07-20"] == (10, None, "spend")
        days_spent(shop, "2026-08-01", "2026-08-14")
        assert of(shop, "spend", "quarter_to_date")["08-14"] == 200
        assert_as_measured_from_nothing(shop)


def days_spent(shop: OpenShop, *days: str) -> None:
    imported(shop, HEADING + "".join(f"{day},klaviyo,email,,50,EUR\n" for day in days))
    shop.later(hours=1)
    shop.turn()


@on_sqlite
def test_what_a_shorter_history_cannot_answer_stands_no_more(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path) as shop:
        shop.sell("2026-07-20 10:00", 2, 4000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        ground = ground_now(shop)
        cut = replace(ground.coverages["orders"], covered_from=instant("2026-07-10 00:00"))
        shop.later(hours=1)
        less = replace(ground, coverages={**ground.coverages, "orders": cut})
        measure_catalogue(Books(shop.engine, lambda _: None), less, shop.installation.clock(), 1)
        assert min(of(shop, "orders", "day")) == "07-11"
        assert of(shop, "orders", "quarter_to_date") == {}
        assert of(shop, "repeat_customers", "as_of") == {}
        assert restated(shop, "orders")["07-01"] == (0, None, "history")


@on_sqlite
def test_a_first_day_that_moved_with_the_zone(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop("2026-06-25 21:10"), database_url, tmp_path) as shop:
        shop.sell("2026-06-25 21:30", 1, 4000)
        shop.sell("2026-07-20 10:00", 2, 4000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        shop.store.world.timezone = "Europe/Athens"
        shop.later(hours=1)
        done(shop.backfill(restart=True))
        shop.later(hours=1)
        shop.turn()
        assert {day for day, orders in of(shop, "orders", "day").items() if orders} == {"06-26", "07-20"}
        assert_as_measured_from_nothing(shop)


@on_sqlite
def test_changes_written_down_before_and_after_a_bulk(database_url: str, tmp_path: Path) -> None:
    """Counted once, whichever way they came in."""
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path) as shop:
        one = shop.sell("2026-07-02 10:00", 1, 4000)
        two = shop.sell("2026-07-20 10:00", 1, 4000)
        shop.sell("2026-07-25 10:00", 2, 4000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        shop.later(hours=1)
        shop.store.order(2, price=1000, processed_at=at("2026-07-04 10:00"))
        shop.later(hours=1)
        done(shop.sync())
        shop.store.merge(2, 1)
        shop.later(hours=1)
        shop.store.refund(two.id)
        done(shop.backfill(restart=True))
        shop.store.order(1, price=1000, processed_at=at("2026-07-03 10:00"))
        shop.store.delete(one.id)
        shop.later(hours=1)
        done(shop.sync())
        shop.turn()
        assert_as_measured_from_nothing(shop)


def test_a_metric_that_was_away_while_changes_were_forgotten_begins_anew(database: Engine) -> None:
    def reached(batch: int) -> Progress:
        return Progress(1, date(2026, 8, 1), None, 1, batch)

    def known(connection: Connection) -> set[str]:
        return {metric for metric, _ in metric_readings.progress(connection, 7)}

    with database.begin() as connection:
        came = {("orders", ""): reached(4), ("net_sales", ""): reached(6)}
        metric_readings.record_progress(connection, 7, came)
        changes.forget(connection, 7, 4)
        assert known(connection) == {"orders", "net_sales"}
        changes.forget(connection, 7, 6)
        assert known(connection) == {"net_sales"}
