"""Every form of key result from orders to status, on both databases.

A shop that sells one order of €50 a day, and three a day in September; it did so last year too. On 31 August 62 orders
are two thirds of the days and two fifths of what the season brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from service import lifecycle
from service.board import boards
from service.judging import Judged
from service.okr.lint import lint
from service.pipeline import plans_of
from service.plans import known
from service.questions import baselines_of
from service.store import quarters
from service.store.tables import key_result_readings, key_results
from tests.shop import OpenShop, corner_shop, instant, on_sqlite, open_shop

FORMS = """
quarter = "2026-Q3"

[[objectives]]
id = "forms"
title = "Every form of key result"
owner = "Ada"

  [[objectives.key_results]]
  id = "orders"
  title = "150 orders"
  metric = "orders"
  target = 150
  stretch = 170
  commitment = "committed"
  confidence = 0.5
  guardrails = [
    { metric = "net_sales", at_least = "1000 EUR" },
    { metric = "average_order_value", at_most = "40 EUR", where = { customer_type = "returning" } },
  ]

  [[objectives.key_results]]
  id = "even"
  title = "150 orders, one day as the other"
  metric = "orders"
  target = 150
  pace = "linear"

  [[objectives.key_results]]
  id = "own-pace"
  title = "150 orders, most of them in September"
  metric = "orders"
  target = 150
  pace = [[2026-08-31, 0.45]]

  [[objectives.key_results]]
  id = "weekly"
  title = "Seven orders in every week"
  metric = "orders"
  at_least = 7

  [[objectives.key_results]]
  id = "basket"
  title = "Baskets as they are"
  metric = "average_order_value"
  keep_between = ["45 EUR", "55 EUR"]

  [[objectives.key_results]]
  id = "budget"
  title = "No more than 61 orders"
  metric = "orders"
  at_most = 61
  window = "quarter"

  [[objectives.key_results]]
  id = "launch"
  title = "The new shop is open"
  milestone = true

  [[objectives.key_results]]
  id = "nps"
  title = "Customers recommend us"
  metric = "manual"
  baseline = 30
  target = 40

[[kpis]]
id = "customers"
title = "Customers this quarter"
metric = "customers"
"""

SET = (
    ("launch", "0.7", "2026-08-30", ""),
    ("nps", "33", "2026-08-01", ""),
    ("nps", "38", "2026-08-28", "half the answers"),
)


def values_of(shop: OpenShop, key_result: str) -> list[Decimal]:
    with shop.engine.connect() as connection:
        found = quarters.values_set(connection, shop.store.world.shop_id, "2026-Q3")
    return [each.value for each in found[key_result]]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop("2025-06-15 00:00"), database_url, tmp_path, okrs=FORMS) as shop:
        _sell(shop, date(2025, 7, 1), date(2025, 9, 30))
        _sell(shop, date(2026, 7, 1), date(2026, 8, 31))
        shop.at("2026-09-01 08:00")
        shop.backfill()
        with shop.engine.begin() as connection:
            for id_, value, day, note in SET:
                quarters.set_value(
                    connection, shop.store.world.shop_id, "2026-Q3", id_, Decimal(value),
                    on=date.fromisoformat(day), note=note, now=instant(f"{day} 12:00"),
                )  # fmt: skip
        yield shop


def _sell(shop: OpenShop, first: date, last: date) -> None:
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        for hour in range(3 if day.month == 9 else 1):
            shop.sell(f"{day} {10 + hour}:00", n + 1, 5000)


def judged(shop: OpenShop, as_of: str = "2026-08-31") -> dict[str, Judged]:
    """Every key result with the values that were set by hand."""
    return {each.key_result.id: each for each in shop.status(as_of).key_results}


def test_every_form_is_judged(shop: OpenShop) -> None:
    found = judged(shop)
    assert {id_: each.check_in.status for id_, each in found.items()} == {
        "orders": "on_track",  # 62 of 150 where 40.8 % had come by then last year
        "even": "off_track",  # … and where 67.4 % of the days are over
        "own-pace": "on_track",  # … and where its owners expect 45 %
        "weekly": "on_track",
        "basket": "on_track",
        "budget": "at_risk",  # broken on Monday, so in none of the weeks, but now
        "launch": "on_track",
        "nps": "on_track",
    }
    said = {id_: each.check_in.explanation for id_, each in found.items()}
    assert said["orders"] == (
        "On track, with a guardrail broken: 1.01 of the expected pace; on track begins at 0.90. 62 of 150: 41.3 %, "
        "40.8 % expected after 62 of 92 days by the pace of 2025-Q3. Guardrail broken: average_order_value "
        "(customer_type=returning) is EUR 50.00, and at most 40 EUR is asked."
    )
    assert said["even"].endswith("67.4 % expected after 62 of 92 days.")
    assert said["own-pace"].endswith("45.0 % expected after 62 of 92 days by its own pace.")
    assert said["weekly"] == "On track: it held in 8 of 8 complete weeks. Now 7, and at least 7 is asked."
    assert said["basket"] == (
        "On track: it held in 8 of 8 complete weeks. Now EUR 50.00, and between 45 EUR and 55 EUR is asked."
    )
    assert said["budget"] == (
        "At risk: it held in 8 of 8 complete weeks, but it does not hold now. Now 62, and at most 61 is asked."
    )
    assert said["launch"].startswith("On track: 1.04 of the expected pace")
    assert said["nps"].endswith("38, from 30 to 40: 80.0 % of the way, 67.4 % expected after 62 of 92 days.")


@on_sqlite
def test_values_set_by_hand_hold_from_their_day_on(shop: OpenShop) -> None:
    nps = {day: judged(shop, day)["nps"].check_in for day in ("2026-07-31", "2026-08-10", "2026-08-20", "2026-08-29")}
    assert [each.status for each in nps.values()] == ["no_data", "off_track", "stale", "on_track"]
    assert [each.value for each in nps.values()] == [None, 33, 33, 38]


@on_sqlite
def test_a_value_set_for_an_earlier_day_is_judged_from_that_day_on(shop: OpenShop) -> None:
    """And the 33 of the first is still known to have been said."""
    shop.turn()
    before = shop.installation.clock()
    shop.later(hours=1)
    lifecycle.set_value(shop.installation, shop.settings, "nps", "36", on=date(2026, 8, 10), note="counted again")
    shop.later(hours=1)
    shop.turn()
    rows = shop.standing(key_result_readings, "key_result_id", "as_of_date", "value")
    nps = {day: value for id_, day, value in rows if id_ == "nps"}
    assert [nps[date(2026, 8, day)] for day in (9, 10, 27, 28)] == [33, 36, 36, 38]
    as_known = boards(shop.installation, known_at=before, as_of=date(2026, 8, 12))[0].key_results
    assert [row["value"] for row in as_known if row["key_result_id"] == "nps"] == [33]
    shop.later(hours=1)
    lifecycle.set_value(shop.installation, shop.settings, "launch", "done", on=None, note="")
    assert values_of(shop, "launch")[-1] == 1


def test_what_is_recorded_is_what_is_shown(shop: OpenShop) -> None:
    """Day by day in one pass, and any day by itself."""
    first = shop.reckon()
    assert first.readings_changed == 8 * 62
    columns = ("key_result_id", "as_of_date", "status", "attainment", "explanation")
    recorded = {row[:2]: row[2:] for row in shop.standing(key_result_readings, *columns)}
    for as_of in ("2026-07-01", "2026-07-12", "2026-08-15", "2026-08-30", "2026-08-31"):
        for id_, each in judged(shop, as_of).items():
            shown = (each.check_in.status, each.check_in.attainment, each.check_in.explanation)
            assert recorded[id_, date.fromisoformat(as_of)] == shown
    again = shop.reckon()
    assert (again.readings_changed, again.status_changes) == (0, 0)
    forms = shop.standing(key_results, "key_result_id", "form", "pace", "stretch", "commitment", "confidence")
    assert {row[0]: row[1:] for row in forms} == {
        "orders": ("reach", "seasonal, as 2025-Q3", 170, "committed", Decimal("0.5")),
        "even": ("reach", "linear", None, None, None),
        "own-pace": ("reach", "phased", None, None, None),
        "weekly": ("at_least", None, None, None, None),
        "basket": ("keep_between", None, None, None, None),
        "budget": ("at_most", None, None, None, None),
        "launch": ("milestone", "linear", None, None, None),
        "nps": ("reach", "linear", None, None, None),
    }


@on_sqlite
def test_status_shows_kpis_and_waits_for_values(shop: OpenShop) -> None:
    shop.turn()
    found = shop.status()
    [kpi] = found.kpis
    assert (kpi.kpi.id, kpi.measurement and kpi.measurement.value) == ("customers", 62)
    launch = shop.judged("launch", "2026-08-10").check_in
    assert launch.explanation == "No data: nobody has set a value yet (okrsync okr set launch VALUE)."
    assert found.objectives[0].explanation == "Off track: even. 8 of 8 measured."


NARROW = """
quarter = "2026-Q3"

[[objectives]]
id = "basket"
title = "Baskets"

  [[objectives.key_results]]
  id = "aov"
  title = "Average order value up 1 %"
  metric = "average_order_value"
  baseline = "previous_quarter"
  target = "+1%"
"""


@on_sqlite
def test_a_target_that_chance_would_reach_is_found_where_there_are_data(database_url: str, tmp_path: Path) -> None:
    """Twenty orders of €30 or €70 average €50, give or take several."""
    with open_shop(corner_shop("2026-04-01 00:00"), database_url, tmp_path, okrs=NARROW) as shop:
        for n in range(20):
            shop.sell(f"2026-05-{n + 1:02} 10:00", n + 1, 3000 if n % 2 else 7000)
        shop.at("2026-07-02 08:00")
        shop.backfill()
        [plan] = plans_of(shop.installation)
        begun = baselines_of(shop.installation, plan)
        assert begun["aov"].value == 50
        metrics = known(shop.installation.catalogue, "EUR")
        [found] = [finding for finding in lint(plan, metrics, known=begun) if finding.rule == "OKR034"]
        assert found.message == "EUR 50.00 to EUR 50.50 is EUR 0.50, and chance alone makes EUR 12.72"
