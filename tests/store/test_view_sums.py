"""Amounts in the views add up, to the minor unit, in untidy shops that share a database.

Nine little shops with 2, 0 and 3 decimals, and a boutique: deleted and test orders, guests, edits, refunds dated before
their orders, adjustments of whole orders, products without a type and products that are gone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from service.demo.model import Agreement, Order, World
from service.demo.worlds import build
from service.store import shops
from service.store.engine import open_engine
from service.store.views import views
from tests.conftest import BACKENDS, migrated
from tests.metrics.little_world import little_world
from tests.metrics.load_world import load_world

GONE = 5
"""Every fifth order is deleted at Shopify."""

AMOUNTS = ("gross_sales", "discounts", "sales_reversals", "net_sales")


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    found = [*map(little_world, range(9)), build("boutique", orders=1500)]
    for number, world in enumerate(found, 1):
        world.shop_id, world.domain = number, f"{world.name}.myshopify.com"
    return found


@pytest.fixture(scope="module", params=BACKENDS)
def connection(
    request: pytest.FixtureRequest, worlds: list[World], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """All those shops in one database."""
    with migrated(request.param, tmp_path_factory.mktemp("sums"), request) as url:
        engine = open_engine(url)
        with engine.begin() as connection:
            for world in worlds:
                shop = load_world(connection, world, deleted_ids=[order.id for order in world.orders[::GONE]])
                shops.record_shop(connection, shop, now=datetime(2026, 7, 1, tzinfo=UTC), history_is_cut=False)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


Row = Mapping[str, Any]


def rows(connection: Connection, query: str) -> list[Row]:
    """The answer with its numbers exact; SQLite's are the shortest that say the same."""
    found = connection.exec_driver_sql(query).mappings()
    return [{name: Decimal(str(v)) if isinstance(v, float) else v for name, v in row.items()} for row in found]


def with_columns(*names: str) -> list[str]:
    """The views that have all of them."""
    return [view.name for view in views("sqlite") if {*names} <= {name for name, _ in view.columns}]


def test_net_sales_are_gross_less_discounts_and_reversals_wherever_all_are_shown(connection: Connection) -> None:
    seen = with_columns("gross_sales", "discounts", "net_sales")
    assert {"bi_sales_daily", "bi_product_sales_daily", "bi_orders"} <= {*seen}
    for view in seen:
        found = rows(connection, f"select * from {view}")
        assert len(found) > 500
        for row in found:
            # At order time nothing has been reversed yet.
            assert row["net_sales"] == row["gross_sales"] - row["discounts"] - row.get("sales_reversals", 0), row


def test_total_sales_are_net_sales_with_shipping_taxes_and_fees(connection: Connection) -> None:
    for row in rows(connection, "select * from bi_sales_daily"):
        assert row["total_sales"] == row["net_sales"] + row["shipping"] + row["taxes"] + row["fees"], row


def test_the_orders_of_a_day_are_those_listed_on_it(connection: Connection, worlds: list[World]) -> None:
    listed = "select shop, processed_date, count(*) from bi_orders group by shop, processed_date order by 1, 2"
    counted = "select shop, sales_date, orders from bi_sales_daily where orders > 0 order by 1, 2"
    found = connection.exec_driver_sql(counted).all()
    assert found == connection.exec_driver_sql(listed).all()
    assert sum(row.orders for row in found) == sum(len(counted_orders(world)) for world in worlds)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_products_add_up_to_the_sales_of_the_day(connection: Connection, amount: str) -> None:
    def by_day(view: str) -> dict[tuple[str, Any], Decimal]:
        found: dict[tuple[str, Any], Decimal] = defaultdict(Decimal)
        for row in rows(connection, f"select shop, sales_date, {amount} as amount from {view}"):
            found[row["shop"], row["sales_date"]] += row["amount"]
        return {day: total for day, total in found.items() if total}

    assert by_day("bi_product_sales_daily") == by_day("bi_sales_daily") != {}


def test_products_are_counted_by_the_day_they_were_sold_or_came_back(
    connection: Connection, worlds: list[World]
) -> None:
    told = {
        (row["shop"], f"{row['sales_date']}", row["product_type"], row["vendor"]): (row["quantity"], row["net_sales"])
        for row in rows(connection, "select * from bi_product_sales_daily")
    }
    expected = {(world.domain, *key): value for world in worlds for key, value in products(world).items()}
    assert told == expected
    assert min(quantity for quantity, _ in expected.values()) < 0


def counted_orders(world: World) -> list[Order]:
    gone = {order.id for order in world.orders[::GONE]}
    return [order for order in world.orders if not order.test and order.id not in gone]


def products(world: World) -> dict[tuple[str, str | None, str | None], tuple[int, Decimal]]:
    """Units and net sales by day, product type and vendor, counted from the simulated records alone."""
    units: Counter[tuple[str, str | None, str | None]] = Counter()
    net: Counter[tuple[str, str | None, str | None]] = Counter()
    for order in counted_orders(world):
        items = {item.id: item for item in order.line_items}
        for agreement in order.agreements:
            for sale in agreement.sales:
                if sale.line_type in ("PRODUCT", "ADJUSTMENT"):
                    item = items.get(sale.line_item_id or 0)
                    product_type = item.product_type or None if item and item.product_id is not None else None
                    key = str(_day(world, order, agreement)), product_type, item.vendor if item else None
                    units[key] += sale.quantity or 0
                    net[key] += sale.total - sale.tax
    return {key: (units[key], Decimal(net[key]).scaleb(-world.exponent)) for key in net}


def _day(world: World, order: Order, agreement: Agreement) -> date:
    moment = order.processed_at if agreement.reason == "ORDER" else agreement.happened_at
    return datetime.fromtimestamp(moment, ZoneInfo(world.timezone)).date()
