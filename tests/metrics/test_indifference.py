"""What must make no difference to any metric: the hour of the day, when orders arrive, when customers were merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import given
from sqlalchemy import Connection, Engine, select

from service.demo.model import Order, World
from service.store import customers, facts
from service.store.landing import land
from service.store.tables import customer_aliases, metadata, order_facts
from service.values import Batch, Segment, Window
from tests.metrics.asking import ALL_DAYS, Question, questions, randoms, shops, shown, spans, told, told_of
from tests.metrics.load_world import insert_checkouts, insert_sessions, insert_spend, load_world, shop_of, source_rows
from tests.metrics.second_answer import shop_day_of
from tests.store.test_upsert import text

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a shop, when a test fails

DAY = 24 * 60 * 60
NOW = datetime(2026, 12, 1, tzinfo=UTC)

# --- the hour of the day ---------------------------------------------------------------------------------------------


@shown
@given(world=shops, span=spans, random=randoms)
def test_another_hour_of_the_same_shop_day_changes_nothing(
    engine: Engine, world: World, span: Window, random: Random
) -> None:
    """Of orders, later agreements, checkouts and sessions; as long as those of a day keep their order.

    Which of a customer's orders of one day is the first decides what part it is counted in, and no total.
    """
    world.now += 3 * DAY  # all checkouts are older than the grace, before and after
    wanted, windows = questions(random), [span, ALL_DAYS]
    before = told_of(engine, world, wanted, windows)
    assert told_of(engine, moved(world, random, keeps_order=True), wanted, windows) == before
    whole = [question for question in wanted if not question[2].where]
    shuffled = told_of(engine, moved(world, random, keeps_order=False), whole, windows)
    assert shuffled == {question: before[question] for question in whole}


def moved(world: World, random: Random, *, keeps_order: bool) -> World:
    """The shop with everything at another second of its shop day."""
    made = deepcopy(world)
    agreements = [(order, n) for order in made.orders for n in range(len(order.agreements))]
    moments = {order.processed_at for order in made.orders}
    moments |= {order.agreements[n].happened_at for order, n in agreements}
    moments |= {each.created_at for each in made.checkouts} | {each.began_at for each in made.visits()}
    now_at = elsewhere(world, moments, random, keeps_order=keeps_order)
    for order, n in agreements:
        order.agreements[n] = order.agreements[n]._replace(happened_at=now_at[order.agreements[n].happened_at])
    for thing in made.orders:
        thing.processed_at = now_at[thing.processed_at]
    for checkout in made.checkouts:
        checkout.created_at = now_at[checkout.created_at]
    visits = [each._replace(began_at=now_at[each.began_at]) for each in made.visits()]
    made.visits = lambda: visits
    return made


def elsewhere(world: World, moments: Iterable[int], random: Random, *, keeps_order: bool) -> Mapping[int, int]:
    """Each moment → another one of its day, no two the same."""
    of_day: dict[date, list[int]] = defaultdict(list)
    for moment in sorted(moments):
        of_day[shop_day_of(world, moment)].append(moment)
    found: dict[int, int] = {}
    for day, here in of_day.items():
        around = {moment + random.randrange(-DAY, DAY) for moment in here for _ in range(4)}
        choices = sorted({*here, *(moment for moment in around if shop_day_of(world, moment) == day)})
        chosen = random.sample(choices, len(here))
        found |= zip(here, sorted(chosen) if keeps_order else chosen, strict=True)
    return found


# --- who was merged --------------------------------------------------------------------------------------------------


@shown
@given(world=shops, span=spans, random=randoms)
def test_merged_customers_are_one_customer_all_along(
    engine: Engine, world: World, span: Window, random: Random
) -> None:
    """Whatever is asked; never more customers, never fewer returning orders, and the same sales.

    Of repeat customers there is one fewer when both were, and one more when each had ordered once.
    """
    gone, kept = random.sample(sorted({order.customer_id for order in world.orders if order.customer_id} | {98, 99}), 2)
    wanted, windows = [*questions(random), *MERGED], [span, ALL_DAYS, Window(None, span.end)]
    with engine.connect() as connection:
        shop = load_world(connection, world)
        before = told(connection, shop, wanted, windows)
        customers.note_merge(connection, shop.shop_id, gone, kept, NOW)
        after = told(connection, shop, wanted, windows)
        assert numbers_are_without_gaps(connection)
        connection.rollback()
    assert after == told_of(engine, with_one_for_two(world, gone, kept), wanted, windows)
    for n, window in enumerate(windows):
        bought = [orders_before(world, customer, window.end) for customer in (gone, kept)]
        change = {question[0]: after[question][n][0] - before[question][n][0] for question in MERGED}
        assert change["repeat_customers"] == (sum(bought) >= 2) - sum(count >= 2 for count in bought)
        assert change["customers"] in (-1, 0)
        assert change["returning_order_rate"] >= 0
        assert change["new_customers"] <= 0
        assert change["orders"] == change["net_sales"] == 0


MERGED: list[Question] = [
    (name, "all", Segment())
    for name in ("repeat_customers", "customers", "returning_order_rate", "new_customers", "orders", "net_sales")
]


def with_one_for_two(world: World, gone: int, kept: int) -> World:
    made = deepcopy(world)
    for order in made.orders:
        order.customer_id = kept if order.customer_id == gone else order.customer_id
    return made


def orders_before(world: World, customer: int, end: date) -> int:
    return sum(
        order.customer_id == customer and not order.test and shop_day_of(world, order.processed_at) < end
        for order in world.orders
    )


def numbers_are_without_gaps(connection: Connection) -> bool:
    """Does every customer, whoever was merged, have orders 1 to n, in time?"""
    lives: dict[int, list[tuple[date, int]]] = defaultdict(list)
    t = order_facts.c
    for customer, day, nth in connection.execute(select(t.customer_id, t.order_date, t.nth)):
        if customer is not None:
            lives[customer].append((day, nth))
    assert not {*lives} & {*connection.scalars(select(customer_aliases.c.customer_id))}
    return all([nth for _, nth in sorted(life)] == [*range(1, len(life) + 1)] for life in lives.values())


# --- in which order they arrive --------------------------------------------------------------------------------------


@shown
@given(world=shops, span=spans, random=randoms)
def test_orders_landing_in_any_order_give_the_same_answers(
    engine: Engine, world: World, span: Window, random: Random
) -> None:
    """In batches of any size, one by one or in bulk, some twice, and some as they were before they changed."""
    wanted, windows = questions(random), [span, ALL_DAYS]
    expected = told_of(engine, world, wanted, windows)
    with engine.connect() as connection:
        insert_sessions(connection, world)
        insert_checkouts(connection, world)
        insert_spend(connection, world)
        batches = deliveries(world, random)
        in_bulk = [random.random() < 0.3 for _ in batches]
        for batch, is_bulk in zip(batches, in_bulk, strict=True):
            land(connection, world.shop_id, batch, now=NOW, in_bulk=is_bulk)
        stale = facts.rebuild(connection, world.shop_id)
        assert stale is None or any(in_bulk)
        assert numbers_are_without_gaps(connection)
        assert told(connection, shop_of(world), wanted, windows) == expected
        connection.rollback()


def deliveries(world: World, random: Random) -> list[Batch]:
    """Every order at least once as it is, in batches."""
    again = random.sample(world.orders, len(world.orders) // 3)
    arriving = [*world.orders, *again, *(as_it_was(order, random) for order in world.orders if random.random() < 0.5)]
    random.shuffle(arriving)
    batches = []
    while arriving:
        size = random.choice((1, 1, 3, 12))
        batches.append(batch_of(world, arriving[:size]))
        arriving = arriving[size:]
    return batches


def as_it_was(order: Order, random: Random) -> Order:
    """A version of the order from before its last change: perhaps another's, a test, without its later agreements.

    When it was processed is said once, when it is made: Shopify has no way of changing it.
    """
    return replace(
        order,
        updated_at=order.updated_at - 60,
        customer_id=random.choice((order.customer_id, None, 1, 2)),
        test=random.random() < 0.2,
        agreements=order.agreements[: random.randint(1, len(order.agreements))],
    )


def batch_of(world: World, arrived: Iterable[Order]) -> Batch:
    rows = defaultdict(list)
    for order in arrived:
        for name, found in source_rows(world, order).items():
            columns = [column.name for column in metadata.tables[name].columns]
            rows[name] += [tuple(text(row[column]) for column in columns) for row in found]
    return Batch(dict(rows))
