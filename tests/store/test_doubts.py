"""What is odd about the ledger is noticed before anything counts as covered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from service.errors import UnexpectedShape
from service.store.doubts import doubts
from tests.demo.shops import little_world
from tests.metrics.load_world import load_world

WINDOW = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture
def shop(database: Engine) -> Iterator[tuple[Connection, int]]:
    with database.begin() as connection:
        yield connection, load_world(connection, little_world()).shop_id


def test_a_sound_ledger_raises_no_doubt(shop: tuple[Connection, int]) -> None:
    assert not doubts(*shop, "created_at", *WINDOW)
    assert not doubts(*shop, "updated_at", *WINDOW)


def test_sales_that_do_not_add_up_to_their_order_are_told(shop: tuple[Connection, int]) -> None:
    connection, shop_id = shop
    [order_id] = connection.execute(text("select min(order_id) from order_sales where is_placing")).one()
    connection.execute(
        text("update orders set original_total_minor = original_total_minor + 1 where order_id = :id"), {"id": order_id}
    )
    found = doubts(connection, shop_id, "created_at", *WINDOW)
    assert found == {"orders whose placing sales do not add up to their original total": 1}


def test_a_ledger_in_another_unit_stops_everything(shop: tuple[Connection, int]) -> None:
    connection, shop_id = shop
    connection.execute(text("update order_sales set total_minor = total_minor * 100"))
    with pytest.raises(UnexpectedShape, match="a hundred times their totals, or a hundredth"):
        doubts(connection, shop_id, "created_at", *WINDOW)


def test_kinds_nobody_knows_are_counted_not_dropped(shop: tuple[Connection, int]) -> None:
    connection, shop_id = shop
    connection.execute(text("update order_sales set line_type = 'SURCHARGE' where line_type = 'SHIPPING'"))
    [count] = connection.execute(text("select count(*) from order_sales where line_type = 'SURCHARGE'")).one()
    found = doubts(connection, shop_id, "created_at", *WINDOW)
    assert found == {"sales of the unknown kind SURCHARGE/ORDER, of which only the tax counts": count}


def test_orders_outside_the_window_are_not_looked_at(shop: tuple[Connection, int]) -> None:
    connection, shop_id = shop
    connection.execute(text("update orders set original_total_minor = original_total_minor + 1"))
    assert not doubts(connection, shop_id, "created_at", WINDOW[1], WINDOW[1])
