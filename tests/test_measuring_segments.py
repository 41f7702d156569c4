"""Readings of the segments that OKR files ask for: brought up to date like all others, and only while asked for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random

import pytest

from service import standing
from service.demo.model import Visit
from service.metrics.catalogue import Metric, catalogue
from service.store import shops
from service.store.engine import reading
from service.store.tables import metric_progress, metric_readings, restatements
from service.values import Segment, Window
from tests.metrics.little_world import UTMS, little_world
from tests.restless import Restless
from tests.shop import OpenShop, corner_shop, on_sqlite, open_shop, write_settings
from tests.test_measuring import assert_as_measured_from_nothing, buy_in_the_past, forgotten, readings

VALUES = {
    "customer_type": ("returning", "first_time", "unknown"), "source": ("web", "pos"), "channel": ("instagram",),
    "utm_source": ("newsletter", ""), "utm_medium": ("email", "cpc"), "utm_campaign": ("spring",),
    "first_utm_source": ("google",), "first_utm_medium": ("email",), "first_utm_campaign": ("brand",),
    "referrer": ("google", "direct"), "discount_code": ("spring",), "product_type": ("Shoes", "Extras"),
    "vendor": ("Acme",), "is_subscription": ("true", "false"), "is_b2b": ("true",),
    "referrer_source": ("search",), "device": ("mobile",),
}  # fmt: skip
"""What little shops have, by dimension."""

QUARTER = """
quarter = "2026-Q2"

[[objectives]]
id = "loyal"
title = "People come back"
owner = "Retention"

  [[objectives.key_results]]
  id = "sales"
  title = "Net sales of 1,000"
  metric = "net_sales"
  baseline = 0
  target = 1000
"""

KPI = """
[[kpis]]
id = "kpi-{number}"
title = "A part of {metric}"
metric = "{metric}"
where = {{ {dimension} = "{value}" }}
"""


def kpis(random: Random) -> str:
    """For every metric that can tell parts of its rows apart, one of them."""
    found = [metric for metric in catalogue().values() if metric.segments]
    return "".join(KPI.format(number=number, **some_part(metric, random)) for number, metric in enumerate(found))


def some_part(metric: Metric, random: Random) -> dict[str, str]:
    dimension = random.choice(metric.segments)
    return {"metric": metric.id, "dimension": dimension, "value": random.choice(VALUES[dimension])}


def credit(shop: OpenShop, random: Random) -> None:
    """An order's visit told late, or told otherwise: another segment, with nothing else changed."""
    order = random.choice(shop.store.world.orders)
    order.last_visit = Visit(order.id * 7, order.processed_at - 60, "google", None, None, random.choice(UTMS))
    shop.store.touch(order.id)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_parts_of_a_restless_shop_measured_turn_by_turn(database_url: str, tmp_path: Path, seed: int) -> None:
    random = Random(f"segments-{seed}")
    world = little_world(seed, orders=40, customers=15)
    with open_shop(world, database_url, tmp_path, okrs=QUARTER + kpis(random)) as shop:
        for connector in ("orders", "sessions"):
            shop.sync(connector)
        shop.turn()
        life = Restless(shop, seed)
        for _ in range(4):
            for _ in range(random.randrange(1, 6)):
                shop.later(minutes=random.randrange(1, 200))
                life.something()
                credit(shop, random)
            if random.random() < 0.5:
                buy_in_the_past(shop, life)
            shop.later(hours=random.randrange(1, 40))
            shop.turn()
            assert_as_measured_from_nothing(shop)
            assert forgotten(shop)
        assert len({(metric, segment) for metric, segment, _, _ in readings(shop) if segment}) > 25


# --- as long as asked for --------------------------------------------------------------------------------------------


RETURNING = QUARTER.replace("2026-Q2", "2026-Q3") + KPI.format(
    number=0, metric="average_order_value", dimension="customer_type", value="returning"
)


def parts_standing(shop: OpenShop) -> set[tuple[object, object]]:
    return {(metric, segment) for metric, segment, _, _ in readings(shop) if segment}


@on_sqlite
def test_a_segment_is_kept_as_long_as_somebody_asks_for_it(database_url: str, tmp_path: Path) -> None:
    """What was known of it stays known; that nobody looks any more restates nothing."""
    asked = ("average_order_value", "customer_type=returning")
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path, okrs=RETURNING) as shop:
        shop.sell("2026-07-02 10:00", 1, 4000)
        shop.sell("2026-07-20 10:00", 1, 6000)
        shop.at("2026-08-10 08:00")
        shop.turn()
        before = shop.installation.clock()
        assert parts_standing(shop) == {asked}
        rows = shop.sql(
            "select value, numerator, denominator from bi_metrics_daily where metric = 'average_order_value'"
            " and segment = 'customer_type=returning' and window_kind = 'day' and metric_date = '2026-07-20'"
        )
        assert rows == [(60, 60, 1)]
        shop.store.order(1, price=1000, processed_at=shop.store.now - 40 * 86_400)
        shop.later(hours=1)
        shop.turn()
        on = Window(date(2026, 7, 2), date(2026, 7, 3))
        returning = Segment.of({"customer_type": "returning"})
        with reading(shop.engine) as connection:
            known = shops.by_domain(connection, shop.settings.domain)
            assert known is not None
            words = (connection, known, catalogue()["average_order_value"], returning, [on])
            [then] = standing.known_at(*words, before, 1)
            [now] = standing.known_at(*words, shop.installation.clock(), 1)
        assert (then.value, now.value) == (None, 40)  # the second order of the customer, as it turned out
        restated = shop.rows(restatements, "name", "segment", "window_kind", "restated_date")
        assert (*asked, "quarter_to_date", date(2026, 7, 2)) in restated

        write_settings(tmp_path, shop.store, database_url, okrs=RETURNING.partition("[[kpis]]")[0])
        shop.later(hours=1)
        shop.turn()
        assert parts_standing(shop) == set()
        assert len(shop.rows(restatements, "name")) == len(restated)
        assert {row[0] for row in shop.rows(metric_progress, "segment")} == {""}
        assert asked in {row[:2] for row in shop.rows(metric_readings, "metric", "segment")}
