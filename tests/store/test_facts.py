"""Order facts: a refresh after any change leaves what a full rebuild would, and says from which day on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, event, insert, select, update

from service.store import facts
from service.store.engine import open_engine
from service.store.tables import customer_aliases, order_facts, order_sales, orders
from tests.metrics.little_world import little_world
from tests.metrics.load_world import insert_orders, load_world, order_row

SHOP = 7
Fact = tuple[Any, ...]


def all_facts(connection: Connection) -> dict[int, Fact]:
    rows = connection.execute(select(order_facts).where(order_facts.c.shop_id == SHOP))
    return {row.order_id: tuple(row) for row in rows}


def expected_facts(connection: Connection) -> dict[int, Fact]:
    """The facts worked out in Python from the source rows."""
    counted = [
        row
        for row in connection.execute(select(orders).where(orders.c.shop_id == SHOP))
        if not row.is_test and row.deleted_at is None
    ]
    lines: dict[int, list[Any]] = {}
    for sale in connection.execute(select(order_sales).where(order_sales.c.shop_id == SHOP)):
        if sale.is_placing and sale.line_type == "PRODUCT":
            lines.setdefault(sale.order_id, []).append(sale)
    merged = {row.customer_id: row.merged_into for row in connection.execute(select(customer_aliases))}
    lives: dict[int, list[date]] = {}
    found: dict[int, Fact] = {}
    for row in sorted(counted, key=lambda r: (r.processed_at, r.order_id)):
        customer = row.customer_id
        while customer in merged:
            customer = merged[customer]
        life = lives.setdefault(customer, []) if customer is not None else None
        sold = lines.get(row.order_id, [])
        found[row.order_id] = (
            SHOP,
            row.order_id,
            row.processed_date,
            customer,
            len(life) + 1 if life is not None else None,
            life[-1] if life else None,
            sum(s.gross_sales_minor for s in sold),
            sum(s.discounts_minor for s in sold),
            sum(s.quantity or 0 for s in sold),
            any(s.is_subscription for s in sold),
        )
        if life is not None:
            life.append(row.processed_date)
    return found


class Changes:
    """Things that happen to orders at Shopify, told as edits of the source rows; each says which orders it touched."""

    def __init__(self, connection: Connection, random: Random) -> None:
        self.connection, self.random = connection, random

    def some_order(self) -> int:
        ids = list(self.connection.scalars(select(orders.c.order_id).order_by(orders.c.order_id)))
        return self.random.choice(ids)

    def alter(self, **values: Any) -> list[int]:
        order_id = self.some_order()
        self.connection.execute(update(orders).where(orders.c.order_id == order_id).values(**values))
        return [order_id]

    def changes_customer(self) -> list[int]:
        return self.alter(customer_id=self.random.choice([None, *range(1, 7)]))

    def is_deleted(self) -> list[int]:
        return self.alter(deleted_at=self.random.choice([None, datetime(2026, 7, 1, tzinfo=UTC)]))

    def becomes_a_test(self) -> list[int]:
        return self.alter(is_test=self.random.random() < 0.7)

    def is_moved(self) -> list[int]:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self.random.randrange(4000))
        return self.alter(processed_at=at, processed_date=at.date())

    def loses_a_line(self) -> list[int]:
        order_id = self.some_order()
        lines = select(order_sales.c.sale_id).where(order_sales.c.order_id == order_id)
        for sale_id in list(self.connection.scalars(lines))[:1]:
            self.connection.execute(delete(order_sales).where(order_sales.c.sale_id == sale_id))
        return [order_id]

    def is_wiped(self) -> list[int]:
        """The row itself goes, as a privacy request may want; its facts still know the customer."""
        order_id = self.some_order()
        self.connection.execute(delete(orders).where(orders.c.order_id == order_id))
        return [order_id]

    def customers_merge(self) -> list[int]:
        kept, gone = self.random.sample(range(1, 7), 2)
        ids = list(self.connection.scalars(select(orders.c.order_id).where(orders.c.customer_id == gone)))
        self.connection.execute(update(orders).where(orders.c.customer_id == gone).values(customer_id=kept))
        return ids

    def old_orders_arrive(self) -> list[int]:
        world = little_world(self.random.randrange(10**6), orders=3, customers=6)
        shift = 10_000 * self.random.randrange(1, 10**6)
        arrived = [order_row(world, order) for order in world.orders]
        for row in arrived:
            row["order_id"] += shift
        self.connection.execute(insert(orders), arrived)
        return [row["order_id"] for row in arrived]

    def several(self) -> list[int]:
        """A batch of a few changes at once."""
        kinds: list[Callable[[], list[int]]] = [
            self.changes_customer, self.is_deleted, self.becomes_a_test, self.is_moved,
            self.loses_a_line, self.is_wiped, self.customers_merge, self.old_orders_arrive,
        ]  # fmt: skip
        return [order_id for _ in range(self.random.randint(1, 4)) for order_id in self.random.choice(kinds)()]


def earliest_difference(before: dict[int, Fact], after: dict[int, Fact]) -> date | None:
    """The earliest order day among facts that came, went or changed."""
    changed = {order_id for order_id in before | after if before.get(order_id) != after.get(order_id)}
    return min((f[2] for facts_ in (before, after) for i, f in facts_.items() if i in changed), default=None)


def live_through(connection: Connection, seed: int, batches: int) -> None:
    random = Random(seed)
    insert_orders(connection, world := little_world(seed, orders=25, customers=6), world.orders)
    assert facts.rebuild(connection, SHOP) == earliest_difference({}, expected_facts(connection))
    changes = Changes(connection, random)
    for _ in range(batches):
        before = all_facts(connection)
        touched = changes.several()
        earliest = facts.refresh(connection, SHOP, touched)
        assert all_facts(connection) == expected_facts(connection)
        assert earliest == earliest_difference(before, expected_facts(connection))
    assert facts.rebuild(connection, SHOP) is None


@pytest.mark.parametrize("seed", range(4))
def test_refresh_equals_a_rebuild_after_any_change(database: Engine, seed: int) -> None:
    with database.begin() as connection:
        live_through(connection, seed, batches=6)


@pytest.fixture(scope="module")
def sqlite_engine(sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One empty SQLite file for many examples, each of which is rolled back."""
    path = tmp_path_factory.mktemp("facts") / "okrsync.db"
    path.write_bytes(sqlite_template)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_refresh_equals_a_rebuild_in_any_life(sqlite_engine: Engine, seed: int) -> None:
    with sqlite_engine.connect() as connection:
        live_through(connection, seed, batches=4)
        connection.rollback()


def test_a_refresh_of_unchanged_orders_writes_nothing(database: Engine) -> None:
    with database.begin() as connection:
        world = little_world(1)
        load_world(connection, world)
        assert facts.refresh(connection, SHOP, [order.id for order in world.orders]) is None
        assert facts.refresh(connection, SHOP, []) is None
        assert facts.refresh(connection, SHOP, [1]) is None  # an order nobody knows


def test_only_the_facts_that_differ_are_written(database: Engine) -> None:
    """The second of four orders turns out to be a test: the two after it move up, the first stays as it is."""
    world = little_world(2, orders=4, customers=1)
    for n, order in enumerate(world.orders):
        order.customer_id, order.test, order.processed_at = 1, False, world.created_at + n * 86_400
    with database.begin() as connection:
        load_world(connection, world)
        second = world.orders[1].id
        connection.execute(update(orders).where(orders.c.order_id == second).values(is_test=True))
        written: list[int] = []

        def note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
            if statement.strip().startswith("insert into order_facts"):
                written.append(cursor.rowcount)

        event.listen(connection, "after_cursor_execute", note)
        facts.refresh(connection, SHOP, [order.id for order in world.orders])
        after = all_facts(connection)
    assert written == [2]
    assert second not in after
    assert [after[order.id][4] for order in world.orders if order.id in after] == [1, 2, 3]


def test_shops_do_not_see_each_other(database: Engine) -> None:
    """Two shops with the same order and customer ids."""
    with database.begin() as connection:
        one, other = little_world(3), little_world(4)
        other.shop_id = 8
        load_world(connection, one)
        mine = all_facts(connection)
        load_world(connection, other)
        connection.execute(update(orders).where(orders.c.shop_id == 8).values(customer_id=1))
        facts.refresh(connection, 8, [order.id for order in other.orders])
        assert all_facts(connection) == mine
        assert facts.rebuild(connection, SHOP) is None
