"""Whole shops read over HTTP and measured: an untidy boutique against a second answer, and a published log against
the figures its literature publishes.

Fader, Hardie & Lee (2005), CDNOW sample of 2,357 customers, first 39 weeks, repeat purchases counted per day:

    repeats      0    1    2    3   4   5   6   7+
    customers 1411  439  214  100  62  38  29   64
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from service import questions
from service.cli import app
from service.demo.model import World
from service.demo.worlds import build
from service.demo.worlds.replay import replay
from service.metrics.catalogue import catalogue
from service.pipeline import Sizes
from service.values import Measurement, Population, Segment
from tests.cdnow import transactions
from tests.conftest import BACKENDS
from tests.metrics.second_answer import SecondAnswer
from tests.postgres import fresh_database
from tests.shop import TOKEN, OpenShop, differences, done, dump, open_shop, world_dump

SECTIONS = (
    ("2024-09-30", "2026-09-30"),  # everything
    ("2026-07-01", "2026-09-30"),  # the quarter
    ("2025-03-30", "2025-03-30"),  # a day of 23 hours
    ("2025-10-20", "2025-10-31"),  # with a day of 25
    ("2025-11-28", "2025-11-28"),  # a busy day
    ("2023-01-01", "2023-12-31"),  # when some brought-over orders were placed
)
PARTS: tuple[tuple[dict[str, str], Population], ...] = (
    ({}, "all"),
    ({}, "kept"),
    ({"customer_type": "returning"}, "all"),
    ({"source": "web"}, "kept"),
    ({"product_type": "Shirts"}, "all"),
)


Stage = Callable[[], AbstractContextManager[tuple[str, Path]]]


@pytest.fixture(scope="module", params=BACKENDS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Makes databases for shops that many tests look at: a URL and a folder."""

    @contextmanager
    def fresh() -> Iterator[tuple[str, Path]]:
        folder = tmp_path_factory.mktemp("world")
        if request.param == "sqlite":
            (folder / "okrsync.db").write_bytes(request.getfixturevalue("sqlite_template"))
            yield f"sqlite:///{folder}/okrsync.db", folder
        else:
            server, template = (request.getfixturevalue(f"postgres_{name}") for name in ("server", "template"))
            with fresh_database(server, template) as url:
                yield url, folder

    return fresh


def shown(
    shop: OpenShop, metric: str, first: str, last: str, where: dict[str, str], population: Population
) -> Measurement:
    """A metric as `okrsync metrics show` finds it."""
    found = questions.show_metric(
        shop.installation, shop.settings, metric, first=date.fromisoformat(first), last=date.fromisoformat(last),
        by=None, segment=Segment.of(where), population=population,
    )  # fmt: skip
    assert found is not None
    return found[0]


# --- the boutique --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def boutique(stage: Stage) -> Iterator[OpenShop]:
    sizes = Sizes(slice_rows=400, batch_lines=1500)
    with stage() as (url, folder), open_shop(build("boutique", orders=1500), url, folder, sizes=sizes) as shop:
        done(shop.backfill())
        yield shop


def test_every_row_of_the_boutique(boutique: OpenShop) -> None:
    assert differences(dump(boutique.engine), world_dump(boutique.store.world)) == []


@pytest.mark.slow
def test_every_metric_of_the_boutique_to_the_cent(boutique: OpenShop) -> None:
    world, differ = boutique.store.world, []
    for where, population in PARTS:
        second = SecondAnswer(world, where, population)
        for metric in catalogue().values():
            if metric.connector != "orders" or not set(where) <= set(metric.segments):
                continue
            for first, last in SECTIONS:
                ours = shown(boutique, metric.id, first, last, where, population)
                theirs = second.answer(metric.id, ours.window.start, ours.window.end)
                assert ours.is_complete
                if (ours.numerator, ours.denominator) != theirs:
                    differ.append((metric.id, first, where, population, ours.numerator, theirs))
    assert differ == []


@pytest.mark.parametrize("metric", ["orders", "net_sales", "repeat_customers", "average_order_value", "reversal_rate"])
def test_a_metric_as_the_command_shows_it(boutique: OpenShop, metric: str) -> None:
    command = ["metrics", "show", metric, "--config", str(boutique.installation.settings.file), "--format", "json"]
    asked = CliRunner().invoke(
        app, [*command, "--from", "2026-04-01", "--to", "2026-09-30", "--by", "quarter"],
        env={TOKEN: boutique.store.token},
    )  # fmt: skip
    assert asked.exit_code == 0, asked.output
    second = SecondAnswer(boutique.store.world, {})
    rows = json.loads(asked.stdout, parse_float=Decimal)
    assert [row["to"] for row in rows] == ["2026-06-30", "2026-09-30"]
    for row, (start, end) in zip(rows, (("2026-04-01", "2026-07-01"), ("2026-07-01", "2026-10-01")), strict=True):
        numerator, denominator = second.answer(metric, date.fromisoformat(start), date.fromisoformat(end))
        assert (row["numerator"], row["denominator"], row["complete"]) == (numerator, denominator, True)
        value = numerator if denominator is None else numerator / denominator
        assert abs(row["value"] - value) < Decimal("1e-9")


def test_the_views_add_up_to_the_metrics(boutique: OpenShop) -> None:
    columns = ("gross_sales", "discounts", "sales_reversals", "net_sales", "shipping", "taxes", "fees", "total_sales")
    [sums] = boutique.sql(f"select {', '.join(f'sum({name})' for name in columns)}, sum(orders) from bi_sales_daily")
    for name, total in zip((*columns, "orders"), sums, strict=True):
        metric = shown(boutique, name, "2020-01-01", "2027-01-01", {}, "all")
        assert round(Decimal(str(total)), 2) == metric.value, name
    assert boutique.sql(
        "select count(*) from bi_sales_daily where abs(gross_sales - discounts - sales_reversals - net_sales) > 0.001"
    ) == [(0,)]


def test_every_day_of_the_boutique_equals_shopify_s_own_figures(boutique: OpenShop) -> None:
    """Counts, and the sales report to the cent, from the first order that was brought over on."""
    asked = len(boutique.store.requests)
    found = boutique.reconcile(last="2026-09-29")
    assert found.differing == []
    assert found.figures == 11
    # A question for each of two counts and the report, for each span of a year at most; and the door.
    spans = -(-found.days // 366)
    assert len(boutique.store.requests) - asked == 1 + 3 * spans
    [sums] = boutique.sql(
        "select sum(case when figure = 'net_sales' then shopify end), sum(case when figure = 'orders' then shopify end)"
        " from bi_reconciliation"
    )
    [ours] = boutique.sql("select sum(net_sales), sum(orders) from bi_sales_daily where sales_date <= '2026-09-29'")
    assert [float(each) for each in sums] == pytest.approx([float(each) for each in ours])


# --- a published log -----------------------------------------------------------------------------------------------

REPEATS = """
select case when days > 7 then 7 else days - 1 end as repeats, count(*) as customers
from (
    select customer_id, count(distinct order_date) as days
    from order_facts
    where order_date <= '1997-09-30'
    group by customer_id
) as lives
group by 1
order by 1
"""


@pytest.fixture(scope="module")
def cdnow(stage: Stage) -> Iterator[OpenShop]:
    with stage() as (url, folder), open_shop(replay("cdnow", transactions("sample")), url, folder) as shop:
        done(shop.backfill())
        yield shop


def days_of_purchase(world: World, until: date) -> dict[int | None, list[date]]:
    """The days each customer ordered on, once for every order."""
    zone, days = ZoneInfo(world.timezone), defaultdict(list)
    for order in world.orders:
        day = datetime.fromtimestamp(order.processed_at, zone).date()
        if day <= until:
            days[order.customer_id].append(day)
    return days


def test_every_row_of_the_log(cdnow: OpenShop) -> None:
    assert differences(dump(cdnow.engine), world_dump(cdnow.store.world)) == []


def test_repeat_purchases_are_those_the_literature_publishes(cdnow: OpenShop) -> None:
    assert dict(cdnow.sql(REPEATS)) == {0: 1411, 1: 439, 2: 214, 3: 100, 4: 62, 5: 38, 6: 29, 7: 64}


def test_customers_and_repeat_customers_of_the_first_39_weeks(cdnow: OpenShop) -> None:
    """By orders, as the catalogue defines them: two purchases on one day are two orders."""
    lives = days_of_purchase(cdnow.store.world, date(1997, 9, 30))
    repeat = shown(cdnow, "repeat_customers", "1997-01-01", "1997-09-30", {}, "all")
    rate = shown(cdnow, "repeat_purchase_rate", "1997-01-01", "1997-09-30", {}, "all")
    assert shown(cdnow, "customers", "1997-01-01", "1997-09-30", {}, "all").value == len(lives) == 2357
    assert repeat.value == sum(len(days) >= 2 for days in lives.values())
    assert (rate.numerator, rate.denominator) == (repeat.value, 2357)
    assert repeat.is_complete


def begun_by(which: str, since: date, until: date) -> dict[int, list[tuple[int, int]]]:
    """What each customer of the log bought whose first day lies in those: days since, cents."""
    lives: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for day, customer, _, cents in transactions(which):
        lives[customer].append((day, cents))
    first = {customer: min(day for day, _ in bought) for customer, bought in lives.items()}
    return {
        customer: [((day - first[customer]).days, cents) for day, cents in bought]
        for customer, bought in lives.items()
        if since <= first[customer] <= until
    }


@pytest.mark.parametrize("days", [30, 60, 90, 180])
def test_who_of_the_log_bought_again_in_time(cdnow: OpenShop, days: int) -> None:
    """Everybody began by March 1997; the horizons of those who began in February ended in these days."""
    begun = begun_by("sample", date(1997, 2, 1), date(1997, 2, 28))
    first, last = (date(1997, 2, day) + timedelta(days=days) for day in (1, 28))
    found = shown(cdnow, f"repurchase_rate_{days}d", first.isoformat(), last.isoformat(), {}, "all")
    again = [customer for customer, bought in begun.items() if sum(since <= days for since, _ in bought) > 1]
    assert (found.numerator, found.denominator, found.is_complete) == (len(again), len(begun), True)
    everybody = shown(cdnow, f"repurchase_rate_{days}d", "1997-01-01", "1998-06-30", {}, "all")
    assert everybody.denominator == 2357


@pytest.mark.parametrize("days", [90, 180, 365])
def test_what_customers_of_the_log_brought_in_time(cdnow: OpenShop, days: int) -> None:
    begun = begun_by("sample", date(1997, 2, 1), date(1997, 2, 28))
    first, last = (date(1997, 2, day) + timedelta(days=days) for day in (1, 28))
    found = shown(cdnow, f"lifetime_value_{days}d", first.isoformat(), last.isoformat(), {}, "all")
    cents = sum(amount for bought in begun.values() for since, amount in bought if since <= days)
    assert (found.numerator, found.denominator, found.is_complete) == (Decimal(cents) / 100, len(begun), True)


def test_sales_of_the_log_to_the_cent(cdnow: OpenShop) -> None:
    cents = sum(amount for *_, amount in transactions("sample"))
    assert shown(cdnow, "net_sales", "1997-01-01", "1998-06-30", {}, "all").value == Decimal(cents) / 100


@pytest.mark.slow
def test_the_whole_log_of_69_659_purchases(sqlite_template: bytes, tmp_path: Path) -> None:
    (tmp_path / "okrsync.db").write_bytes(sqlite_template)
    world = replay("cdnow", transactions("master"))
    with open_shop(world, f"sqlite:///{tmp_path}/okrsync.db", tmp_path) as shop:
        outcome = done(shop.backfill())
        assert outcome.rows >= 3 * 69_659
        assert shop.coverage.rows == shop.coverage.expected_rows == 69_659
        lives = days_of_purchase(world, date(1997, 9, 30))
        expected = Counter(min(len(set(days)) - 1, 7) for days in lives.values())
        assert dict(shop.sql(REPEATS)) == expected
        repeat = shown(shop, "repeat_customers", "1997-01-01", "1997-09-30", {}, "all")
        assert (len(lives), repeat.value) == (23_570, sum(len(days) >= 2 for days in lives.values()))
