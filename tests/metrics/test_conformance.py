"""Every metric keeps the promises of the catalogue, on both databases, over small untidy shops.

Each answer is compared with an independent one in plain Python (`second_answer.py`), for the whole shop and for every
segment the metric declares; flows add up; a series is what its windows are when asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, Engine

from service.demo.model import World
from service.metrics.catalogue import Metric, catalogue
from service.metrics.measure import SeriesKind, by, measure, series
from service.store.engine import open_engine
from service.values import Population, Segment, Shop, Window
from tests.metrics import little_world as little
from tests.metrics.load_world import load_world
from tests.metrics.second_answer import METRIC_IDS, second
from tests.postgres import fresh_database

METRICS = list(catalogue().values())
START, END = little.FIRST_DAY, little.FIRST_DAY + timedelta(days=little.DAYS)
MIDDLE = START + timedelta(days=40)
WINDOWS = [
    Window(MIDDLE, MIDDLE + timedelta(days=31)),
    Window(MIDDLE, MIDDLE + timedelta(days=1)),
    Window(START - timedelta(days=3), END + timedelta(days=400)),
    Window(None, MIDDLE),
    Window(MIDDLE, MIDDLE),
]
POPULATIONS: tuple[Population, ...] = ("all", "kept")

VALUES = {
    "customer_type": ["first_time", "returning", "unknown"],
    "source": ["web", "pos", ""],
    "channel": ["instagram", ""],
    "utm_source": ["google", "newsletter", ""],
    "utm_medium": ["cpc", "email"],
    "utm_campaign": ["spring", "brand"],
    "first_utm_source": ["google", ""],
    "first_utm_medium": ["cpc", "email"],
    "first_utm_campaign": ["spring", ""],
    "referrer": ["google", "direct", ""],
    "discount_code": ["spring", "vip", ""],
    "product_type": ["Shirts", "Shoes", ""],
    "vendor": ["Acme", "Bolt", ""],
    "is_subscription": ["true", "false"],
    "is_b2b": ["true", "false"],
    "referrer_source": ["search", "direct", ""],
    "device": ["mobile", ""],
}


def segments(metric: Metric, random: Random, turn: int) -> Iterator[dict[str, str]]:
    """Everything, every third dimension and a combination; three turns see all dimensions."""
    yield {}
    for name in metric.segments[turn % 3 :: 3]:
        yield {name: random.choice(VALUES[name])}
    if len(metric.segments) > 1:
        yield {name: random.choice(VALUES[name]) for name in random.sample(metric.segments, 2)}


@pytest.fixture(params=[0, 1, 2])
def world(request: pytest.FixtureRequest) -> World:
    return little.little_world(request.param)


one_world = pytest.mark.parametrize("world", [1], indirect=True)


@pytest.fixture
def shop(database: Engine, world: World) -> Shop:
    with database.begin() as connection:
        return load_world(connection, world)


@pytest.fixture
def connection(database: Engine, shop: Shop) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def test_every_metric_equals_its_second_answer(connection: Connection, shop: Shop, world: World) -> None:
    random, seed = Random(world.name), int(world.name.removeprefix("little-"))
    differ, checked = [], set()
    for turn, population in enumerate(POPULATIONS, seed):
        for metric in METRICS:
            if population not in metric.family.populations:
                continue
            for where in segments(metric, random, turn):
                reader = second(world, metric.id, where, population)
                for window in WINDOWS if not where else [random.choice(WINDOWS)]:
                    measured = measure(
                        connection, shop, metric.id, window, segment=Segment.of(where), population=population
                    )
                    ours = measured.numerator, measured.denominator
                    expected = reader.answer(metric.id, window.start, window.end)
                    checked.add((metric.id, *where))
                    if ours != expected:
                        differ.append((metric.id, where, population, str(window), ours, expected))
    assert differ == []
    assert len(checked) > 9 * len([metric for metric in METRICS if metric.segments])


def test_the_second_answer_knows_every_metric() -> None:
    assert set(catalogue()) == METRIC_IDS


def test_a_series_is_its_windows_asked_one_by_one(connection: Connection, shop: Shop, world: World) -> None:
    random = Random(world.name)
    start, end = MIDDLE, MIDDLE + timedelta(days=15)
    for metric in METRICS:
        kinds: list[SeriesKind] = ["as_of"] if metric.kind == "level" else ["running", "daily", "trailing_28d", "as_of"]
        split = list(segments(metric, random, random.randrange(3)))
        for where in ({}, *random.sample(split, min(2, len(split)))):
            population = random.choice(metric.family.populations)
            reader = second(world, metric.id, where, population)
            for kind in kinds:
                readings = series(
                    connection, shop, metric.id, start, end, kind,
                    segment=Segment.of(where), population=population,
                )  # fmt: skip
                assert [reading.metric_date for reading in readings] == [start + timedelta(n) for n in range(15)]
                for reading in readings:
                    expected = reader.answer(metric.id, reading.window.start, reading.window.end)
                    assert (reading.numerator, reading.denominator) == expected, (metric.id, where, kind)


@one_world
def test_a_reading_of_a_series_is_the_whole_measurement(connection: Connection, shop: Shop) -> None:
    """Value and interval too, on a day in the middle of a quarter, or as long after one as customers are looked at."""
    for metric in METRICS:
        start = MIDDLE - timedelta(days=20) + timedelta(days=metric.horizon_days or 20)
        end = start + timedelta(days=10)
        kind: SeriesKind = "as_of" if metric.kind == "level" else "running"
        reading = series(connection, shop, metric.id, start, end, kind)[-1]
        measured = measure(connection, shop, metric.id, Window(start, end))
        assert (reading.value, reading.value_low, reading.value_high, reading.window) == (
            measured.value, measured.value_low, measured.value_high, measured.window,
        )  # fmt: skip
        is_share = measured.denominator is None or 0 <= measured.numerator <= measured.denominator
        if metric.interval == "normal" or (metric.interval == "wilson" and is_share):
            assert measured.value_low is not None
            assert measured.value is not None
            assert measured.value_high is not None
            assert measured.value_low <= measured.value <= measured.value_high


@one_world
@pytest.mark.parametrize("period", ["day", "week", "month", "quarter"])
def test_by_period_gives_exact_windows(connection: Connection, shop: Shop, world: World, period: str) -> None:
    for metric in METRICS:
        reader = second(world, metric.id, {})
        readings = by(connection, shop, metric.id, START, END, period)  # type: ignore[arg-type]
        for reading in readings:
            expected = reader.answer(metric.id, reading.window.start, reading.window.end)
            assert (reading.numerator, reading.denominator) == expected, (metric.id, reading.window)
        if metric.kind != "level":
            assert [r.window.start for r in readings] == [START, *(r.window.end for r in readings[:-1])]
        assert readings[-1].window.end == END


@one_world
def test_the_days_of_a_flow_add_up(connection: Connection, shop: Shop) -> None:
    for metric in METRICS:
        if metric.kind == "flow":
            days = series(connection, shop, metric.id, START, END, "daily")
            whole = measure(connection, shop, metric.id, Window(START, END))
            assert sum(day.numerator for day in days) == whole.value, metric.id


@one_world
def test_orders_are_first_time_returning_and_unknown_together(connection: Connection, shop: Shop) -> None:
    for population in POPULATIONS:
        parts = [
            measure(
                connection, shop, "orders", Window(START, MIDDLE),
                segment=Segment.of({"customer_type": kind}), population=population,
            ).numerator
            for kind in VALUES["customer_type"]
        ]  # fmt: skip
        whole = measure(connection, shop, "orders", Window(START, MIDDLE), population=population)
        assert sum(parts) == whole.numerator > 0


@one_world
def test_net_sales_is_gross_less_discounts_and_reversals(connection: Connection, shop: Shop) -> None:
    columns = [
        series(connection, shop, name, START, END, "daily")
        for name in ("net_sales", "gross_sales", "discounts", "sales_reversals")
    ]
    for net, gross, discounts, reversals in zip(*columns, strict=True):
        assert net.numerator == gross.numerator - discounts.numerator - reversals.numerator
    assert any(net.numerator for net in columns[0])


@one_world
def test_every_order_of_the_window_is_counted_or_left_out_for_a_reason(
    connection: Connection, shop: Shop, world: World
) -> None:
    """Reasons found in plain Python, for a metric of orders, one of customers and one by event day."""
    window = Window(START, END + timedelta(days=90))
    kept_shirts = measure(
        connection, shop, "customers", window, segment=Segment.of({"source": "web"}), population="kept"
    )
    expected: dict[str, int] = {}
    for order in world.orders:
        is_kept = order.cancelled_at is None and order.financial_status not in ("VOIDED", "EXPIRED")
        reason = (
            "test" if order.test else "not_kept" if not is_kept else "no_customer" if order.customer_id is None
            else "outside_segment" if order.source_name != "web" else "counted"
        )  # fmt: skip
        expected[reason] = expected.get(reason, 0) + 1
    assert {**kept_shirts.left_out, "counted": kept_shirts.counted} == expected
    assert set(expected) == {"test", "not_kept", "no_customer", "outside_segment", "counted"}
    by_event = measure(connection, shop, "net_sales", window)
    tests = sum(order.test for order in world.orders)
    assert (by_event.counted, by_event.left_out) == (len(world.orders) - tests, {"test": tests})


@one_world
def test_both_databases_give_the_same_answers(
    world: World, postgres_server: str, postgres_template: str, sqlite_template: bytes, tmp_path: Path
) -> None:
    """Values and intervals, to the last digit."""
    file = tmp_path / "twin.db"
    file.write_bytes(sqlite_template)
    with fresh_database(postgres_server, postgres_template) as url:
        answers = []
        for engine in (open_engine(f"sqlite:///{file}"), open_engine(url)):
            with engine.begin() as connection:
                shop = load_world(connection, world)
                answers.append([measure(connection, shop, m.id, WINDOWS[0]) for m in METRICS])
            engine.dispose()
    assert answers[0] == answers[1]
    assert any(answer.value_low is not None for answer in answers[0])


def test_the_last_day_of_a_window_is_in_and_its_end_is_not(database: Engine) -> None:
    world = little.little_world(4, orders=1)
    order = world.orders[0]
    order.test, order.processed_at = False, little.at(date(2026, 4, 1), 0)
    world.timezone = "Pacific/Kiritimati"  # fourteen hours ahead: still 1 April there, from the day before in UTC
    with database.begin() as connection:
        shop = load_world(connection, world)
        day = date(2026, 4, 1)
        for window, expected in (
            (Window(day, day + timedelta(1)), 1),
            (Window(day - timedelta(5), day), 0),
            (Window(day + timedelta(1), day + timedelta(5)), 0),
        ):
            assert measure(connection, shop, "orders", window).value == Decimal(expected)
