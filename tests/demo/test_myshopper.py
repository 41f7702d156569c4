"""Myshopper is the worked example, to the paisa, and a believable shop on every day between."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from service.demo.model import World
from service.demo.worlds import build
from service.demo.worlds.days import Days, midnight
from tests.demo.lawful import assert_lawful


@pytest.fixture(scope="module")
def myshopper() -> World:
    return build("myshopper")


def local(world: World, at: int) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(world.timezone))


class Bought(NamedTuple):
    """An order as the worked example looks at it."""

    day: date
    number: int  # of that customer's orders
    worth: int  # gross less discounts at order time


def purchases(world: World) -> list[Bought]:
    """Every counted order of a known customer, in the order that numbers them."""
    counted = sorted((o for o in world.orders if not o.test), key=lambda o: (o.processed_at, o.id))
    numbers: Counter[int] = Counter()
    bought = []
    for order in counted:
        if order.customer_id is not None:
            numbers[order.customer_id] += 1
            worth = sum(s.total - s.tax for s in order.agreements[0].sales if s.line_type == "PRODUCT")
            bought.append(Bought(local(world, order.processed_at).date(), numbers[order.customer_id], worth))
    return bought


@pytest.fixture(scope="module")
def history(myshopper: World) -> list[Bought]:
    return purchases(myshopper)


def customers_and_repeaters(history: list[Bought], as_of: date) -> tuple[int, int]:
    past = Counter(bought.number for bought in history if bought.day <= as_of)
    return past[1], past[2]


def returning(history: list[Bought], first: date, last: date) -> tuple[int, int]:
    """Number of returning orders in those days and what they were worth."""
    worths = [b.worth for b in history if first <= b.day <= last and b.number >= 2]
    return len(worths), sum(worths)


@pytest.mark.parametrize(
    ("as_of", "customers", "repeaters"),
    [(date(2026, 6, 30), 50_000, 10_000), (date(2026, 9, 30), 62_500, 12_000)],
)
def test_customers_at_quarter_ends(history: list[Bought], as_of: date, customers: int, repeaters: int) -> None:
    assert customers_and_repeaters(history, as_of) == (customers, repeaters)


def test_returning_orders_of_both_quarters(history: list[Bought]) -> None:
    assert returning(history, date(2026, 4, 1), date(2026, 6, 30)) == (10_000, 500_000_00)
    assert returning(history, date(2026, 7, 1), date(2026, 9, 30)) == (12_000, 660_000_00)


@pytest.mark.parametrize("seed", [1, 2])
def test_has_exact_averages_with_any_seed_and_in_any_size(seed: int) -> None:
    small = build("myshopper", orders=3_000, seed=seed)
    bought = purchases(small)
    for first, last, average in (
        (date(2026, 4, 1), date(2026, 6, 30), 5_000),
        (date(2026, 7, 1), date(2026, 9, 30), 5_500),
    ):
        number, worth = returning(bought, first, last)
        assert number > 300 and worth == number * average


def test_half_way_is_a_believable_picture(history: list[Bought]) -> None:
    _, repeaters = customers_and_repeaters(history, date(2026, 8, 15))
    assert 10_900 <= repeaters <= 11_100
    number, worth = returning(history, date(2026, 7, 1), date(2026, 8, 15))
    assert 52_00 < worth / number < 54_90


def test_is_lifted_by_the_loyalty_programme(history: list[Bought]) -> None:
    def month(number: int) -> tuple[float, int]:
        orders, worth = returning(history, date(2026, number, 1), date(2026, number, 30))
        return worth / orders, orders

    assert month(4)[0] < month(7)[0] < month(8)[0] < month(9)[0]
    assert month(4)[1] < month(6)[1] < month(8)[1]


def test_weeks_have_a_rhythm_and_days_have_noise(history: list[Bought]) -> None:
    by_day = Counter(b.day for b in history if date(2026, 7, 1) <= b.day <= date(2026, 9, 30))
    by_weekday: Counter[int] = Counter()
    for day, orders in by_day.items():
        by_weekday[day.weekday()] += orders
    assert by_weekday[6] > 1.1 * by_weekday[1]
    assert len(set(by_day.values())) > 30
    assert all(orders > 100 for orders in by_day.values())


def test_has_life_that_its_figures_must_survive(myshopper: World) -> None:
    orders = myshopper.orders
    assert 90_000 <= len(orders) <= 96_000
    one_order = Counter(o.customer_id for o in orders if not o.test)
    assert any(o.test and one_order[o.customer_id] == 1 for o in orders)  # a test must not make a repeater
    assert any(o.test and o.customer_id and one_order[o.customer_id] == 0 for o in orders)
    assert sum(o.cancelled_at is not None for o in orders) > 500
    assert sum(o.refunded_total > 0 and o.cancelled_at is None for o in orders) > 1_500
    assert sum(o.customer_id is None for o in orders) >= 400
    emails = [o for o in orders if o.last_visit and o.last_visit.utm and o.last_visit.utm[2] == "email"]
    assert {o.last_visit.utm[0] for o in emails if o.last_visit and o.last_visit.utm} >= {"loyalty-launch"}
    lines = Counter(len(o.line_items) for o in orders)
    assert min(lines) == 1 and lines[2] > 10_000 and lines[3] > 1_000
    items = [item for o in orders for item in o.line_items]
    assert len({item.product_type for item in items}) >= 5 and len({item.vendor for item in items}) >= 5
    for line_type, least in (("PRODUCT", 90_000), ("SHIPPING", 50_000)):
        taxed = [s for o in orders for s in o.agreements[0].sales if s.line_type == line_type and s.tax]
        assert len(taxed) > least
    assert sum(o.agreements[0].sales[0].discount > 0 for o in orders) > 10_000


def test_tells_processed_from_created_and_days_from_utc(myshopper: World) -> None:
    """The quarter's last order was created in the next one; an order stands on its very first second."""
    q2_ends = int(datetime(2026, 7, 1, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp())
    assert any(o.processed_at == q2_ends - 1 and o.created_at == q2_ends for o in myshopper.orders)
    assert any(o.processed_at == q2_ends for o in myshopper.orders)
    assert any(o.created_at > q2_ends + 92 * 86_400 for o in myshopper.orders)  # life goes on in Q4


def test_stands_in_india_on_the_morning_after_the_quarter(myshopper: World) -> None:
    assert (myshopper.timezone, myshopper.currency, myshopper.exponent) == ("Asia/Kolkata", "INR", 2)
    assert (myshopper.quarter, myshopper.domain) == ("2026-Q3", "myshopper.myshopify.com")
    assert local(myshopper, myshopper.now).isoformat() == "2026-10-01T08:30:00+05:30"
    assert local(myshopper, myshopper.created_at).year == 2025


def test_it_is_lawful(myshopper: World) -> None:
    assert_lawful(myshopper)


def test_fewer_and_fewer_carts_are_left_behind(myshopper: World) -> None:
    """70 % of the sessions with something in the cart in Q2, 60 % over Q3, less from month to month."""

    def abandoned(first: date, end: date) -> float:
        start, stop = midnight(myshopper.timezone, first), midnight(myshopper.timezone, end)
        visits = [each for each in myshopper.visits() if start <= each.began_at < stop]
        completed = sum(each.completed_checkout for each in visits)
        return 1 - completed / sum(each.with_cart_additions for each in visits)

    assert abandoned(date(2026, 4, 1), date(2026, 7, 1)) == pytest.approx(0.7, abs=0.0005)
    assert 0.599 < abandoned(date(2026, 7, 1), date(2026, 10, 1)) <= 0.6
    months = [abandoned(date(2026, month, 1), date(2026, month + 1, 1)) for month in (6, 7, 8, 9)]
    assert months == sorted(months, reverse=True)


def test_every_web_order_is_a_session_that_completed_a_checkout(myshopper: World) -> None:
    """Day by day; the last day has only begun."""
    days = Days(myshopper.timezone, date(2025, 7, 14), date(2026, 10, 1))
    orders = Counter(days.of(o.processed_at) for o in myshopper.orders if o.source_name == "web" and not o.test)
    sessions: Counter[date] = Counter()
    for visits in myshopper.visits():
        if visits.began_at >= days.starts[0]:
            sessions[days.of(visits.began_at)] += visits.completed_checkout
    assert all(sessions[day] == orders[day] for day in days.dates[:-1])
    assert all(
        v.reached_and_completed <= v.completed_checkout <= v.reached_checkout <= v.sessions for v in myshopper.visits()
    )
