"""Rows, the claim about them and the note of what they touched land together or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from service.demo.model import Order
from service.store import pending
from service.store.landing import land, watermark
from service.store.tables import order_facts, orders, pending_work
from service.values import Batch, Landed, Watermark
from tests.metrics.load_world import order_row
from tests.shop import at, corner_shop, instant
from tests.store.test_upsert import text

SHOP, NAME = 77, "orders"
NOW = instant("2026-07-10 08:00")


def order_on(day: str, number: int, customer: int | None = 1, **changes: Any) -> tuple[Any, ...]:
    """An order of that day as the connector hands it over."""
    moment = at(f"{day} 10:00")
    made = Order(number, f"#{number}", moment, moment, moment, customer, [], [])
    values = {name: text(value) for name, value in order_row(corner_shop(), made).items()} | changes
    return tuple(values[name] for name, _ in orders.columns.items())


def batch(*rows: tuple[Any, ...], moved: str | None = None) -> Batch:
    return Batch({"orders": rows}, Watermark(NAME, instant(moved)) if moved else None)


def claim(connection: Connection) -> object:
    return watermark(connection, SHOP, NAME)


def count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(orders)) or 0


def test_rows_and_claim_land_together(database: Engine) -> None:
    with database.begin() as connection:
        landed = land(connection, SHOP, batch(order_on("2026-07-03", 1), moved="2026-07-10 07:00"), now=NOW)
        assert landed == Landed(1, 1, date(2026, 7, 3))
    with database.connect() as connection:
        assert (count(connection), claim(connection)) == (1, instant("2026-07-10 07:00"))


def test_or_not_at_all(database: Engine) -> None:
    def fail_late() -> None:
        with database.begin() as connection:
            land(connection, SHOP, batch(order_on("2026-07-03", 1), moved="2026-07-10 07:00"), now=NOW)
            raise RuntimeError("the machine is on fire")

    with pytest.raises(RuntimeError):
        fail_late()
    with database.connect() as connection:
        assert (count(connection), claim(connection)) == (0, None)
        assert pending.touched(connection, SHOP).since is None


def test_a_batch_without_a_claim_leaves_it_where_it_is(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(moved="2026-07-01 00:00"), now=NOW)
        land(connection, SHOP, batch(order_on("2026-07-03", 1)), now=NOW)
        assert claim(connection) == instant("2026-07-01 00:00")


def test_an_empty_batch_moves_the_claim_and_touches_nothing(database: Engine) -> None:
    with database.begin() as connection:
        landed = land(connection, SHOP, batch(moved="2026-07-10 07:00"), now=NOW)
        assert landed == Landed(0, 0, None)
        assert claim(connection) == instant("2026-07-10 07:00")
        assert pending.touched(connection, SHOP).since is None


def test_the_earliest_day_touched_is_noted_until_it_is_measured(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-05", 1)), now=NOW)
        land(connection, SHOP, batch(order_on("2026-07-02", 2, customer=2)), now=NOW)
        land(connection, SHOP, batch(order_on("2026-07-08", 3, customer=3)), now=NOW)
        assert pending.touched(connection, SHOP).since == date(2026, 7, 2)
        pending.clear(connection, SHOP, pending.touched(connection, SHOP))
        assert pending.touched(connection, SHOP).since is None


def test_rows_that_change_nothing_touch_nothing(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-05", 1)), now=NOW)
        pending.clear(connection, SHOP, pending.touched(connection, SHOP))
        assert land(connection, SHOP, batch(order_on("2026-07-05", 1)), now=NOW) == Landed(1, 0, None)
        assert pending.touched(connection, SHOP).since is None


def test_an_order_that_moves_touches_the_day_it_leaves(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-03", 1)), now=NOW)
        pending.clear(connection, SHOP, pending.touched(connection, SHOP))
        moved = {"processed_at": "2026-07-08T10:00:00Z", "processed_date": "2026-07-08"}
        land(connection, SHOP, batch(order_on("2026-07-03", 1, **moved)), now=NOW)
        assert pending.touched(connection, SHOP).since == date(2026, 7, 3)


def test_an_early_order_touches_the_later_ones_it_renumbers(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-05", 1), order_on("2026-07-08", 2)), now=NOW)
        assert _numbers(connection) == {1: 1, 2: 2}
        land(connection, SHOP, batch(order_on("2026-07-02", 3)), now=NOW)
        assert _numbers(connection) == {3: 1, 1: 2, 2: 3}


def test_facts_wait_for_the_end_of_a_bulk_read(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-05", 1)), now=NOW, in_bulk=True)
        assert _numbers(connection) == {}
        assert connection.scalar(select(pending_work.c.is_facts_stale)) is True
    proofs: list[object] = []
    assert pending.catch_up(database, SHOP, proofs.append) is True
    assert len(proofs) == 1  # the lease is proved in the transaction that writes
    assert pending.catch_up(database, SHOP, proofs.append) is False
    with database.begin() as connection:
        assert _numbers(connection) == {1: 1}
        assert pending.touched(connection, SHOP).since == date(2026, 7, 5)


def test_shops_do_not_touch_each_other(database: Engine) -> None:
    with database.begin() as connection:
        land(connection, SHOP, batch(order_on("2026-07-05", 1)), now=NOW)
        other = Batch({"orders": [order_on("2026-07-01", 1, shop_id=78)]}, Watermark(NAME, NOW))
        land(connection, 78, other, now=NOW)
        assert pending.touched(connection, SHOP).since == date(2026, 7, 5)
        assert claim(connection) is None
        assert count(connection) == 2


def _numbers(connection: Connection) -> dict[int, int]:
    return {row.order_id: row.nth for row in connection.execute(select(order_facts.c.order_id, order_facts.c.nth))}


def test_a_note_added_while_days_are_measured_again_stays(database: Engine) -> None:
    with database.begin() as connection:
        pending.note_touched(connection, SHOP, date(2026, 7, 5))
        seen = pending.touched(connection, SHOP)
        pending.note_touched(connection, SHOP, date(2026, 7, 6))
        pending.clear(connection, SHOP, seen)
        assert pending.touched(connection, SHOP).since == date(2026, 7, 5)
        pending.clear(connection, SHOP, pending.touched(connection, SHOP))
        assert pending.touched(connection, SHOP).since is None
