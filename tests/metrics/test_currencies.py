"""The same amounts in currencies with no, two and three decimals: every metric and view says them to the minor unit.

Three shops sold the same things for the same numbers of yen, cents and fils. They are read over HTTP, so the strings of
the API are on the way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from service.metrics.catalogue import catalogue
from service.metrics.measure import by, measure
from service.store import shops
from service.store.views import views
from service.values import Measurement, Window
from tests.conftest import BACKENDS, migrated
from tests.metrics.little_world import little_world
from tests.metrics.load_world import insert_spend
from tests.shop import OpenShop, differences, done, dump, open_shop, world_dump

EXPONENTS = {"JPY": 0, "EUR": 2, "KWD": 3}
MONEY = [metric.id for metric in catalogue().values() if metric.is_money("numerator")]
RATES_OF_MONEY = [metric.id for metric in catalogue().values() if metric.is_money("denominator")]
JUDGED = "KWD"
WHOLE = Window(date(2026, 1, 1), date(2027, 6, 1))
SO_FAR = Window(date(2026, 1, 1), date(2026, 5, 31))  # the days that are over when the shop opens

OKRS = """
quarter = "2026-Q2"
[[objectives]]
id = "o"
title = "More"
  [[objectives.key_results]]
  id = "sales"
  title = "Sales"
  metric = "net_sales"
  baseline = 0
  target = "{target} {currency}"
"""

Shops = dict[str, OpenShop]


@pytest.fixture(scope="module", params=[BACKENDS[0], pytest.param(BACKENDS[1], marks=pytest.mark.slow)])
def three(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with ExitStack() as stack:
        yield {currency: stack.enter_context(_opened(currency, request, tmp_path_factory)) for currency in EXPONENTS}


@contextmanager
def _opened(currency: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[OpenShop]:
    world = little_world(0, orders=25)
    world.currency, world.exponent = currency, EXPONENTS[currency]
    okrs = OKRS.format(currency=currency, target=f"{in_units(123_456, currency):f}")
    folder = folders.mktemp(currency)
    with migrated(request.param, folder, request) as url, open_shop(world, url, folder, okrs=okrs) as shop:
        done(shop.backfill())
        done(shop.backfill("checkouts"))
        with shop.engine.begin() as connection:
            insert_spend(connection, world)
        yield shop


def in_units(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def in_minor(amount: Any, currency: str) -> int | None:
    """The amount as a whole number of minor units, which it must be. SQLite's floats are the shortest that say it."""
    if amount is None:
        return None
    found = Decimal(str(amount)).scaleb(EXPONENTS[currency])
    assert found == int(found), (amount, currency)
    return int(found)


def alike(found: dict[str, Any]) -> Any:
    """What the shops of all currencies say, in minor units."""
    assert len(found) == len(EXPONENTS)
    yen, *others = found.values()
    assert all(other == yen for other in others)
    assert yen
    return yen


def measured(shop: OpenShop, metric: str, window: Window = WHOLE) -> Measurement:
    with shop.engine.connect() as connection:
        known = shops.by_domain(connection, shop.settings.domain)
        assert known is not None
        return measure(connection, known, metric, window)


def test_amounts_land_to_the_minor_unit(three: Shops) -> None:
    for shop in three.values():
        assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


@pytest.mark.parametrize("metric", MONEY)
def test_a_metric_of_money_has_the_decimals_of_its_currency(three: Shops, metric: str) -> None:
    found = {currency: measured(shop, metric) for currency, shop in three.items()}
    if metric not in RATES_OF_MONEY:
        assert {each.currency for each in found.values()} == {*EXPONENTS}
        values = {c: each.value and each.value.scaleb(EXPONENTS[c]) for c, each in found.items()}
        ends = {c: [end and end.scaleb(EXPONENTS[c]) for end in (each.value_low, each.value_high)]
                for c, each in found.items()}  # fmt: skip
        alike(values)
        alike(ends)
    alike({currency: in_minor(each.numerator, currency) for currency, each in found.items()})


@pytest.mark.parametrize("metric", RATES_OF_MONEY)
def test_a_rate_of_amounts_has_no_currency(three: Shops, metric: str) -> None:
    found = {currency: measured(shop, metric) for currency, shop in three.items()}
    alike({currency: each.value for currency, each in found.items()})
    alike({currency: in_minor(each.denominator, currency) for currency, each in found.items()})
    assert {each.currency for each in found.values()} == {None}


def amounts_of(view: str) -> list[str]:
    """The columns of a view that are minor units divided."""
    [found] = [each for each in views("sqlite") if each.name == view]
    return re.findall(r"minor_per_unit, shop_money\.decimals\)(?: end)? as (\w+)", found.select)


def said(shop: OpenShop, view: str, money: Sequence[str], condition: str = "true") -> list[tuple[Any, ...]]:
    """The rows of a view, amounts in minor units; what is told of the shop and of the moment aside."""
    currency = shop.store.world.currency
    [found] = [each for each in views("sqlite") if each.name == view]
    names = [name for name, _ in found.columns if name not in ("shop", "currency")]
    rows = shop.sql(f"select {', '.join(names)} from {view} where {condition}")
    exact = [tuple(in_minor(v, currency) if n in money else v for n, v in zip(names, row, strict=True)) for row in rows]
    return sorted(exact, key=str)


WITH_AMOUNTS = [each.name for each in views("sqlite") if amounts_of(each.name)]


@pytest.mark.parametrize("view", WITH_AMOUNTS)
def test_every_amount_of_every_view(three: Shops, view: str) -> None:
    alike({currency: said(shop, view, amounts_of(view)) for currency, shop in three.items()})


def test_the_views_of_amounts_are_these() -> None:
    assert {"bi_sales_daily", "bi_product_sales_daily", "bi_orders", "bi_checkouts", "bi_cohorts"} <= {*WITH_AMOUNTS}
    assert len(amounts_of("bi_sales_daily")) == 8


@pytest.mark.slow
def test_readings_and_judgements_are_in_units_of_the_currency(three: Shops) -> None:
    shop = three[JUDGED]
    shop.turn()
    query = "select metric, numerator from bi_metrics_daily where window_kind = 'day' and numerator is not null"
    totals: Counter[str] = Counter()
    for metric, numerator in shop.sql(query):
        if metric in MONEY and catalogue()[metric].adds_up:
            totals[metric] += in_minor(numerator, JUDGED) or 0
    assert {"net_sales", "taxes", "average_order_value"} <= {*totals}
    assert totals == {metric: in_minor(measured(shop, metric, SO_FAR).numerator, JUDGED) for metric in totals}
    [(currency, target, value, attainment)] = shop.sql("select currency, target, value, attainment from bi_key_results")
    assert (currency, in_minor(target, JUDGED)) == (JUDGED, 123_456)
    assert float(attainment) == pytest.approx((in_minor(value, JUDGED) or 0) / 123_456)
    assert value


def test_months_are_exact_too(three: Shops) -> None:
    found = {}
    for currency, shop in three.items():
        with shop.engine.connect() as connection:
            known = shops.by_domain(connection, shop.settings.domain)
            assert known is not None
            months = by(connection, known, "net_sales", date(2026, 2, 1), date(2026, 8, 1), "month")
        found[currency] = [in_minor(each.value, currency) for each in months]
    assert sum(alike(found)) == in_minor(measured(three["KWD"], "net_sales").value, "KWD")
