"""The promises that every metric keeps, tried on little untidy shops; and that a metric which breaks one is caught."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from service.metrics.catalogue import Metric, catalogue, load
from service.metrics.checks import RULES, Checked, Trial, check
from service.store.engine import reading, within
from service.values import Shop
from tests.metrics import little_world as little
from tests.metrics.load_world import load_world

END = little.FIRST_DAY + timedelta(days=little.DAYS - 20)
HEADER = """-- id: own
-- version: 1
-- title: Own
-- question: What is this?
-- kind: KIND
-- unit: count
-- numerator: something (count)
-- population: counted orders
-- date_basis: order_day
-- segments: customer_type, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://example.com
-- decision: none was taken

"""


@pytest.fixture(params=[1, 4])
def shop(request: pytest.FixtureRequest, database: Engine) -> Shop:
    with database.begin() as connection:
        return load_world(connection, little.little_world(request.param, orders=150, customers=20))


one_world = pytest.mark.parametrize("shop", [1], indirect=True)


@pytest.fixture
def connection(database: Engine, shop: Shop) -> Iterator[Connection]:
    with reading(database) as connection:
        yield connection


def test_every_metric_of_the_catalogue_keeps_its_promises(connection: Connection, shop: Shop) -> None:
    found = [each for metric in catalogue().values() for each in check(Trial(connection, shop, metric, END))]
    assert [each for each in found if each.is_kept is False] == []
    untried = {each.metric for each in found if each.is_kept is None}  # a hundred days hold no long horizon
    assert untried <= {metric.id for metric in catalogue().values() if (metric.horizon_days or 0) > 60}
    assert {each.what for each in found if each.is_kept} == {"runs", *RULES}


def own(folder: Path, text: str, kind: str = "flow", *changes: tuple[str, str]) -> Metric:
    header = HEADER.replace("KIND", kind)
    for old, new in changes:
        assert old in header
        header = header.replace(old, new)
    path = folder / "own.sql"
    path.write_text(header + text, encoding="utf-8")
    return load([path])["own"]


def broken(connection: Connection, shop: Shop, metric: Metric) -> dict[str, str]:
    return {each.what: each.told for each in check(Trial(connection, shop, metric, END)) if each.is_kept is False}


DIVIDED = ("-- numerator: something (count)", "-- numerator: something (count)\n-- denominator: orders (count)")
AVERAGE = (DIVIDED, ("kind: flow", "kind: ratio"), ("interval: none", "interval: normal"))


@one_world
@pytest.mark.parametrize(
    ("text", "kind", "what", "told"),
    [
        (
            "select metric_date, sum(cast(units as double precision)) as numerator from counted_orders"
            " group by metric_date", "flow", "whole numbers", "it should be a whole number",
        ),
        (
            "select metric_date, max(customer_id) as numerator from counted_orders where customer_id is null"
            " group by metric_date", "flow", "whole numbers", "numerator is None",
        ),
        (
            "select metric_date, count(*) as numerator from (select prev_date as metric_date from counted_orders) as o"
            " group by metric_date", "flow", "in the window", "the day of an answer is metric_date itself",
        ),
        (
            "select metric_date, count(*) as numerator from counted_orders as o where units > (select min(units) from"
            " counted_orders) group by metric_date", "flow", "days add up", "the whole is",
        ),
        (
            "select metric_date, count(distinct customer_id) as numerator from counted_orders group by metric_date",
            "distinct", "customers once", "customers: some are counted more than once",
        ),
        (
            "select metric_date, count(*) as numerator from counted_orders where prev_date is null or prev_date <"
            " window_start group by metric_date", "flow", "days add up", "the text looks at window_start",
        ),
        (
            "select metric_date, max(units) as numerator from counted_orders group by metric_date",
            "flow", "splits", "by customer_type the parts come to",
        ),
        (
            "select metric_date, count(*) as numerator from counted_orders where metric_date = window_start"
            " group by metric_date", "distinct", "windows together", "alone and",
        ),
    ],
)  # fmt: skip
def test_a_broken_promise_is_caught(
    connection: Connection, shop: Shop, tmp_path: Path, text: str, kind: str, what: str, told: str
) -> None:
    found = broken(connection, shop, own(tmp_path, text, kind))
    assert what in found, found
    assert told in found[what]


@one_world
def test_squares_of_something_else_are_caught(connection: Connection, shop: Shop, tmp_path: Path) -> None:
    text = (
        "select metric_date, sum(units) as numerator, count(*) as denominator, sum(SQUARES) as squares"
        " from counted_orders group by metric_date"
    )
    right = own(tmp_path, text.replace("SQUARES", "units * units"), "flow", *AVERAGE)
    assert broken(connection, shop, right) == {}
    wrong = own(tmp_path, text.replace("SQUARES", "units"), "flow", *AVERAGE)
    assert list(broken(connection, shop, wrong)) == ["spread"]


@one_world
def test_a_text_that_takes_too_long_is_caught(connection: Connection, shop: Shop, tmp_path: Path) -> None:
    """A hundred orders beside themselves, seven times over: 10^14 rows."""
    names = "abcdefg"
    joins = " cross join ".join(f"counted_orders as {name}" for name in names)
    metric = own(tmp_path, f"select a.metric_date, count(*) as numerator from {joins} group by a.metric_date")
    trial = Trial(connection, shop, metric, END, partial(within, connection, 1))
    assert list(check(trial)) == [Checked("own", "runs", False, "it takes longer than a metric may")]


def test_without_data_it_says_so(database: Engine, tmp_path: Path) -> None:
    world = little.little_world(1, orders=0)
    with database.begin() as connection:
        shop = load_world(connection, world)
    with reading(database) as connection:
        found = list(check(Trial(connection, shop, catalogue()["orders"], END)))
    assert [(each.what, each.is_kept) for each in found] == [("runs", True), ("numbers", None)]
    assert "no data in" in found[1].told
