"""What holds of every shop, every window and every part of it: shops and questions are drawn, not chosen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from service.demo.model import World
from service.metrics.catalogue import catalogue
from service.metrics.measure import series
from service.values import Population, Segment, Shop, Window
from tests.metrics.asking import (
    ALL_DAYS,
    METRICS,
    POPULATIONS,
    Parts,
    asked,
    questions,
    randoms,
    shops,
    shown,
    some_days,
    spans,
    told_of,
    total,
)
from tests.metrics.little_world import CHANNELS, SOURCES, little_world
from tests.metrics.load_world import load_world
from tests.metrics.second_answer import second
from tests.metrics.test_conformance import VALUES

FLOWS = [metric for metric in METRICS if metric.kind == "flow"]
DISTINCT = [metric for metric in METRICS if metric.kind == "distinct"]
OF_ALL = [name for name in catalogue()["shipping"].segments if name in catalogue()["unidentified_order_share"].segments]
"""What the ledger and the customers can both be split by."""

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a shop, when a test fails

Little = tuple[Connection, Shop]


@pytest.fixture(scope="module")
def little(engine: Engine) -> Iterator[Little]:
    """One untidy shop for questions that differ."""
    with engine.connect() as connection:
        yield connection, load_world(connection, little_world(1))
        connection.rollback()


@shown
@given(world=shops, span=spans, random=randoms)
def test_any_little_shop_equals_its_second_answer(engine: Engine, world: World, span: Window, random: Random) -> None:
    windows = [span, ALL_DAYS, Window(None, span.end)]
    wrong = {}
    for question, found in told_of(engine, world, questions(random), windows).items():
        metric, population, segment = question
        reader = second(world, metric, dict(segment.where), population)
        is_level = catalogue()[metric].kind == "level"
        expected = [reader.answer(metric, None if is_level else each.start, each.end) for each in windows]
        if found != expected:
            wrong[question] = found, expected
    assert wrong == {}


@shown
@given(span=spans, cuts=st.lists(some_days, max_size=3), random=randoms)
def test_days_and_other_parts_add_up_to_any_window(
    little: Little, span: Window, cuts: list[date], random: Random
) -> None:
    """Numerators and denominators: of each day, and of whatever the window is cut into, each asked by itself."""
    assert span.start
    edges = sorted({span.start, span.end, *(cut for cut in cuts if span.start < cut < span.end)})
    for question in questions(random, (metric for metric in METRICS if metric.adds_up)):
        metric, population, segment = question
        [whole] = asked(*little, question, [span])
        parts = [asked(*little, question, [Window(*ends)])[0] for ends in pairwise(edges)]
        days = series(*little, metric, span.start, span.end, "daily", segment=segment, population=population)
        assert total(parts) == whole, question
        assert total((day.numerator, day.denominator) for day in days) == whole, question


@shown
@given(span=spans, cut=some_days, random=randoms)
def test_a_distinct_count_lies_between_its_largest_part_and_their_sum(
    little: Little, span: Window, cut: date, random: Random
) -> None:
    assert span.start
    halves = [Window(span.start, cut), Window(cut, span.end)] if span.start < cut < span.end else [span]
    for question in questions(random, DISTINCT):
        metric, population, segment = question
        [(whole, _)] = asked(*little, question, [span])
        readings = series(*little, metric, span.start, span.end, "daily", segment=segment, population=population)
        days = [each.numerator for each in readings]
        parts = [asked(*little, question, [half])[0][0] for half in halves]
        assert max(days) <= whole <= sum(days), question
        assert max(parts) <= whole <= sum(parts), question


@shown
@given(span=spans, population=st.sampled_from(POPULATIONS), random=randoms)
def test_what_is_made_up_of_others(little: Little, span: Window, population: Population, random: Random) -> None:
    """Net and total sales, averages and rates, in any window, population and part."""
    name = random.choice(OF_ALL)
    for segment in (Segment(), Segment.of({name: random.choice(VALUES[name])})):

        def parts_of(metric: str, segment: Segment = segment) -> Parts:
            return asked(*little, (metric, population, segment), [span])[0]

        def of(metric: str) -> Decimal:
            return parts_of(metric)[0]

        net = of("gross_sales") - of("discounts") - of("sales_reversals")
        assert of("net_sales") == net
        assert of("total_sales") == net + of("shipping") + of("taxes") + of("fees")
        assert parts_of("average_net_order_value") == (net, of("orders"))
        assert parts_of("average_order_value")[1] == parts_of("units_per_order")[1] == of("orders")
        assert parts_of("discount_rate") == (of("discounts"), of("gross_sales"))
        assert parts_of("reversal_rate") == (of("sales_reversals"), of("gross_sales"))
        assert parts_of("unidentified_order_share")[0] + of("orders_per_customer") == of("orders")
        assert parts_of("orders_per_customer") == (parts_of("returning_order_rate")[1], of("customers"))
        assert parts_of("returning_customer_rate") == (of("returning_customers"), of("customers"))


@shown
@given(span=spans, population=st.sampled_from(POPULATIONS), random=randoms)
def test_orders_are_first_time_returning_and_unknown_together(
    little: Little, span: Window, population: Population, random: Random
) -> None:
    """In any window, population and part; and each is what the metrics of customers count."""
    name = random.choice(OF_ALL)
    for where in ({}, {name: random.choice(VALUES[name])}):

        def parts_of(metric: str, where: dict[str, str] = where) -> Parts:
            return asked(*little, (metric, population, Segment.of(where)), [span])[0]

        kinds = {kind: parts_of("orders", {**where, "customer_type": kind})[0] for kind in VALUES["customer_type"]}
        assert sum(kinds.values()) == parts_of("orders")[0]
        assert kinds["first_time"] == parts_of("new_customers")[0]
        assert kinds["returning"] == parts_of("returning_order_rate")[0]
        assert kinds["unknown"] == parts_of("unidentified_order_share")[0]


def test_every_dimension_splits_what_flows_into_parts_that_are_the_whole(little: Little) -> None:
    """An order can hold lines of many products, and adjustments are of none; everything else is in one part only."""
    parts_of = {name: {*values, *VALUES.get(name.removeprefix("first_"), ()), ""} for name, values in VALUES.items()}
    parts_of["referrer"] |= {"newsletter"}
    parts_of["utm_source"] |= {"bing"}
    parts_of["source"] |= {name or "" for name in SOURCES}
    parts_of["channel"] |= {each[0] for each in CHANNELS if each}
    parts_of["device"] |= {"desktop"}
    parts_of["customer_type"] = {*VALUES["customer_type"]}
    parts_of |= {name: {"true", "false"} for name in ("is_subscription", "is_b2b")}
    of_lines = {"product_type", "vendor"}
    checked = 0
    for metric in FLOWS:
        [whole] = asked(*little, (metric.id, "all", Segment()), [ALL_DAYS])
        for name in metric.segments:
            if name not in of_lines or metric.id in ("gross_sales", "discounts"):
                parts = [asked(*little, (metric.id, "all", Segment.of({name: value})), [ALL_DAYS])
                         for value in sorted(parts_of[name])]  # fmt: skip
                assert total(part for [part] in parts) == whole, (metric.id, name)
                checked += 1
    assert checked > 100
