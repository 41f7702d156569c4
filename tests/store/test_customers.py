"""Merged customers: one history, whoever was merged into whom, in whatever order it is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Row, select, update

from service.store import customers, facts
from service.store.landing import land
from service.store.pending import clear, touched
from service.store.tables import customer_aliases, customer_moves, order_facts, orders
from service.values import Batch
from tests.metrics.little_world import little_world
from tests.metrics.load_world import load_world
from tests.store.test_facts import SHOP, all_facts, expected_facts

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def aliases(connection: Connection) -> dict[int, int]:
    rows = connection.execute(select(customer_aliases.c.customer_id, customer_aliases.c.kept_id))
    return dict(rows.all())


def merge(connection: Connection, *pairs: tuple[int, int]) -> dict[int, int]:
    """Who counts as whom after those merges; facts agree with a second answer after each."""
    for old, kept in pairs:
        customers.note_merge(connection, SHOP, old, kept, NOW)
        assert all_facts(connection) == expected_facts(connection)
        assert facts.rebuild(connection, SHOP) is None
    return aliases(connection)


@pytest.fixture
def world(database: Engine) -> Engine:
    """Sixty orders of customers 1 to 8 and of strangers."""
    with database.begin() as connection:
        load_world(connection, little_world(0, customers=8))
    return database


def numbers(connection: Connection) -> dict[int, int]:
    """Order → its number in its customer's life."""
    t = order_facts.c
    return dict(connection.execute(select(t.order_id, t.nth).where(t.nth.is_not(None))).all())


def test_the_history_follows_and_the_orders_say_what_shopify_said(world: Engine) -> None:
    with world.begin() as connection:
        before = dict(connection.execute(select(orders.c.order_id, orders.c.customer_id)).all())
        assert merge(connection, (3, 5)) == {3: 5}
        assert dict(connection.execute(select(orders.c.order_id, orders.c.customer_id)).all()) == before
        theirs = {order_id for order_id, customer in before.items() if customer in (3, 5)}
        t = order_facts.c
        found = connection.execute(select(t.order_id, t.nth).where(t.customer_id == 5)).all()
        assert {order_id for order_id, _ in found} <= theirs
        assert sorted(nth for _, nth in found) == list(range(1, len(found) + 1))
        assert connection.scalar(select(t.order_id).where(t.customer_id == 3)) is None


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ([(1, 2), (2, 3)], {1: 3, 2: 3}),
        ([(2, 3), (1, 2)], {1: 3, 2: 3}),
        ([(1, 2), (3, 2), (2, 4)], {1: 4, 2: 4, 3: 4}),
        ([(1, 2), (1, 2)], {1: 2}),
        ([(1, 1)], {}),
        ([(1, 2), (1, 3)], {1: 3}),
        ([(1, 2), (2, 1)], {2: 1}),
        ([(1, 2), (2, 3), (3, 1)], {2: 1, 3: 1}),
        ([(1, 90), (90, 91)], {1: 91, 90: 91}),
    ],
    ids=["in order", "backwards", "a tree", "twice", "into itself", "corrected", "turned round", "in a circle",
         "into somebody without orders"],
)  # fmt: skip
def test_merges_lead_on_to_whoever_was_kept(world: Engine, told: list[tuple[int, int]], known: dict[int, int]) -> None:
    with world.begin() as connection:
        assert merge(connection, *told) == known


@pytest.mark.parametrize(
    ("told", "wrongly", "known"),
    [
        ([(1, 2)], 1, {}),
        ([(1, 2), (2, 3)], 1, {2: 3}),
        ([(1, 2), (2, 3)], 2, {1: 2}),
        ([(1, 2)], 2, {1: 2}),
    ],
    ids=["the only one", "at the end of a way", "in the middle of it", "nothing noted of them"],
)
def test_a_merge_that_was_none_is_taken_back(
    world: Engine, told: list[tuple[int, int]], wrongly: int, known: dict[int, int]
) -> None:
    with world.begin() as connection:
        merge(connection, *told)
        customers.note_merges(connection, SHOP, {wrongly: None}, NOW)
        assert aliases(connection) == known
        assert all_facts(connection) == expected_facts(connection)
        assert facts.rebuild(connection, SHOP) is None


@pytest.mark.parametrize("seed", range(3))
def test_merging_never_takes_a_repeat_order_away(world: Engine, seed: int) -> None:
    """Each merge of two who have bought turns exactly one first order into a repeat one, and no number falls."""
    random = Random(seed)
    living = list(range(1, 9))
    with world.begin() as connection:
        while len(living) > 1:
            old = living.pop(random.randrange(len(living)))
            before, buyers = numbers(connection), set(connection.scalars(select(order_facts.c.customer_id)))
            merge(connection, (old, kept := random.choice(living)))
            after = numbers(connection)
            assert after.keys() == before.keys()
            assert all(after[order_id] >= nth for order_id, nth in before.items())
            gained = sum(nth > 1 for nth in after.values()) - sum(nth > 1 for nth in before.values())
            assert gained == ({old, kept} <= buyers)


def test_measuring_starts_at_the_first_order_it_renumbers(world: Engine) -> None:
    with world.begin() as connection:
        clear(connection, SHOP, touched(connection, SHOP))
        before = all_facts(connection)
        merge(connection, (1, 2))
        after = all_facts(connection)
        first = min(after[order_id][2] for order_id in after if after[order_id] != before[order_id])
        assert touched(connection, SHOP).since == first
        noted = touched(connection, SHOP)
        merge(connection, (1, 2))
        assert touched(connection, SHOP) == noted
        assert isinstance(first, date)


def test_an_order_landing_in_an_old_name_joins_the_kept_history(world: Engine) -> None:
    with world.begin() as connection:
        merge(connection, (1, 2))
        order = connection.execute(select(orders).where(orders.c.customer_id == 5).limit(1)).one()
        connection.execute(update(orders).where(orders.c.order_id == order.order_id).values(customer_id=1))
        facts.refresh(connection, SHOP, [order.order_id])
        assert all_facts(connection) == expected_facts(connection)
        assert all_facts(connection)[order.order_id][3] == 2


def test_orders_that_land_in_another_name_are_signs_of_a_merge(world: Engine) -> None:
    """1 → 2 and 3 → nobody; the second is no merge, and neither is a first customer for an order of nobody."""
    with world.begin() as connection:
        rows = {row.customer_id: row for row in connection.execute(select(orders))}
        batch = [_landed(rows[1], 2), _landed(rows[3], None), _landed(rows[None], 4), _landed(rows[5], 5)]
        land(connection, SHOP, Batch({"orders": batch}), now=NOW)
        assert customers.moves(connection, SHOP, 10) == {1: {2}}
        assert all_facts(connection) == expected_facts(connection)
        land(connection, SHOP, Batch({"orders": [_landed(rows[1], 6)]}), now=NOW)
        assert customers.moves(connection, SHOP, 10) == {1: {2}, 2: {6}}
        customers.forget_moves(connection, SHOP, [1])
        assert connection.execute(select(customer_moves)).all() == [(SHOP, 2, 6)]


def _landed(row: Row[Any], customer_id: int | None) -> tuple[Any, ...]:
    values = {**row._mapping, "customer_id": customer_id}
    plain = (values[column.name] for column in orders.columns)
    return tuple(value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value for value in plain)


def test_shops_do_not_share_customers(world: Engine) -> None:
    with world.begin() as connection:
        mine = all_facts(connection)
        customers.note_merge(connection, SHOP + 1, 1, 2, NOW)
        assert all_facts(connection) == mine
        assert facts.rebuild(connection, SHOP) is None
