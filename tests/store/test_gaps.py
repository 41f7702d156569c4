"""What `bi_coverage` says is missing: every kind of gap, one story each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from service.errors import AccessDenied
from service.store.tables import backfill_slices, pending_work, reconciliations, watermarks
from tests.shop import OpenShop, corner_shop, done, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """A shop whose clock is far ahead of the database's, so that nothing is overdue there."""
    with open_shop(corner_shop("2036-06-15 00:00"), database_url, tmp_path) as shop:
        shop.sell("2036-06-20 10:00", 1, 5000)
        shop.at("2036-07-01 08:00")
        yield shop


def read(shop: OpenShop) -> None:
    done(shop.sync())
    shop.reckon()
    assert gap(shop) is None


def gap(shop: OpenShop) -> str | None:
    [(told,)] = shop.sql("select gap from bi_coverage where connector = 'orders'")
    return str(told) if told is not None else None


def alter(shop: OpenShop, table: object, **values: object) -> None:
    with shop.engine.begin() as connection:
        connection.execute(update(table).values(**values))  # type: ignore[arg-type]


def test_what_was_read_whole_has_no_gap(shop: OpenShop) -> None:
    read(shop)
    [row] = shop.sql("select rows, expected_rows, compared_days from bi_coverage where connector = 'orders'")
    assert row == (1, 1, None)
    shop.reconcile()
    [row] = shop.sql("select compared_days, unexplained_days, gap from bi_coverage where connector = 'orders'")
    assert row == (16, 0, None)


def test_a_connector_that_rests(shop: OpenShop) -> None:
    read(shop)
    shop.later(minutes=5)
    shop.store.scope_removed("read_orders")
    with pytest.raises(AccessDenied):
        shop.sync()
    assert "it rests: " in (gap(shop) or "")
    assert "read_orders" in (gap(shop) or "")


def test_a_backfill_that_failed_has_read_nothing(shop: OpenShop) -> None:
    for _ in range(20):
        shop.store.bulk_fail_next()
    assert shop.sync().error
    told = gap(shop) or ""
    assert told.startswith("1 of 1 slices of the history are not verified yet")


def test_an_open_slice(shop: OpenShop) -> None:
    read(shop)
    alter(shop, backfill_slices, verified_at=None)
    assert "slices of the history are not verified yet" in (gap(shop) or "")


def test_an_overdue_connector(shop: OpenShop) -> None:
    """Three missed turns of five minutes after its position, it is late."""
    read(shop)
    [(position, overdue_at)] = [
        (position, overdue_at)
        for connector, position, overdue_at in shop.rows(watermarks, "connector", "position", "overdue_at")
        if connector == "orders"
    ]
    assert overdue_at - position == timedelta(minutes=15)
    alter(shop, watermarks, overdue_at=overdue_at.replace(year=2026))
    assert gap(shop) == "overdue: nothing newer was read, and its schedule allows no such gap"


def test_orders_that_are_not_counted_yet(shop: OpenShop) -> None:
    read(shop)
    alter(shop, pending_work, is_facts_stale=True)
    assert gap(shop) == "orders that were read are not counted yet"


def test_hidden_orders_and_unexplained_days_are_told_together(shop: OpenShop) -> None:
    read(shop)
    shop.store.scope_removed("read_all_orders")
    shop.at("2036-10-01 08:00")
    done(shop.sync())
    shop.reckon()
    now, one = shop.installation.clock(), Decimal(1)
    row = {"shop_id": shop.store.world.shop_id, "day": now.date(), "figure": "orders_created", "checked_at": now}
    row |= {"ours": one, "shopify": one + 1, "difference": -one, "cause": "unexplained"}
    with shop.engine.begin() as connection:
        connection.execute(insert(reconciliations).values(**row))
    assert gap(shop) == (
        "older orders are hidden from this app: scope read_all_orders is missing; "
        "days that differ from Shopify's own figures, unexplained: 1"
    )
