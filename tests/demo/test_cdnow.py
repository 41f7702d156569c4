"""The CDNOW log replayed as a shop gives the figures the literature publishes for it.

Fader, Hardie & Lee (2005), sample of 2,357 customers, first 39 weeks, repeat purchases counted per day:

    repeats      0    1    2    3   4   5   6   7+
    customers 1411  439  214  100  62  38  29   64
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from service.demo.model import World
from service.demo.worlds.replay import replay
from tests.cdnow import transactions

CALIBRATION_ENDS = date(1997, 9, 30)


@pytest.fixture(scope="module")
def sample() -> World:
    return replay("cdnow", transactions("sample"))


@pytest.fixture(scope="module")
def master() -> World:
    return replay("cdnow", transactions("master"))


def days_of_purchase(world: World, until: date) -> dict[int | None, set[date]]:
    zone, days = ZoneInfo(world.timezone), defaultdict(set)
    for order in world.orders:
        day = datetime.fromtimestamp(order.processed_at, zone).date()
        if day <= until:
            days[order.customer_id].add(day)
    return days


def test_repeat_purchases_of_the_sample_in_its_first_39_weeks(sample: World) -> None:
    repeats = Counter(min(len(days) - 1, 7) for days in days_of_purchase(sample, CALIBRATION_ENDS).values())
    assert repeats == {0: 1411, 1: 439, 2: 214, 3: 100, 4: 62, 5: 38, 6: 29, 7: 64}


def test_repeat_orders_of_the_sample_in_and_after_calibration(sample: World) -> None:
    def repeat_days(until: date) -> int:
        return sum(len(days) - 1 for days in days_of_purchase(sample, until).values())

    assert repeat_days(CALIBRATION_ENDS) == 2457
    assert repeat_days(date(1998, 6, 30)) - 2457 == 1882


def test_the_whole_log_is_there(master: World) -> None:
    assert len(master.orders) == 69_659
    assert len({order.customer_id for order in master.orders}) == 23_570


def test_every_purchase_keeps_its_day_quantity_and_cents(sample: World) -> None:
    told = Counter(transactions("sample"))
    replayed = Counter(
        (
            datetime.fromtimestamp(order.processed_at, UTC).date(),
            order.customer_id,
            sum(item.quantity for item in order.line_items),
            order.placed_total,
        )
        for order in sample.orders
    )
    assert replayed == told


def test_free_purchases_are_kept(master: World) -> None:
    free = [order for order in master.orders if order.placed_total == 0]
    assert len(free) == sum(amount == 0 for *_, amount in transactions("master")) > 0


def test_lines_multiply_to_the_amount_and_ids_rise(master: World) -> None:
    for order in master.orders:
        assert sum(item.unit_price * item.quantity for item in order.line_items) == order.placed_total
    ids = [(order.id, order.created_at) for order in master.orders]
    assert ids == sorted(ids)
    assert [at for _, at in ids] == sorted(at for _, at in ids)
    assert master.orders[-1].created_at < master.now
