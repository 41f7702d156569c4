"""Short ways to say what the tables of these tests are made of: a quarter of 92 days in a shop on UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from service.okr.amounts import MetricFacts
from service.okr.goals import Goal
from service.okr.model import KeyResult, Objective
from service.okr.pace import Day
from service.okr.targets import Bounds, Milestone, PastQuarter, parse_baseline, parse_target
from service.periods import Quarter
from service.values import Measurement, Segment, Window

Q3 = Quarter(2026, 3)  # 92 days: 2026-07-01 … 2026-09-30
FIVE_MINUTES = timedelta(minutes=5)

CATALOGUE = {
    facts.id: facts
    for facts in (
        MetricFacts("orders", "flow", "count"),
        MetricFacts("net_sales", "flow", "money", "INR"),
        MetricFacts("customers", "distinct", "count"),
        MetricFacts("repeat_customers", "level", "count"),
        MetricFacts("repeat_purchase_rate", "level", "ratio"),
        MetricFacts("average_order_value", "ratio", "money", "INR"),
        MetricFacts("conversion_rate", "ratio", "ratio"),
        MetricFacts("units_per_order", "ratio", "ratio"),
    )
}


def key_result(metric: str = "average_order_value", id_: str = "kr", **changes: Any) -> KeyResult:
    """A key result of the objective "o"; baseline and target as they would be written."""
    values: dict[str, Any] = {
        "id": id_,
        "title": id_,
        "owner": None,
        "objective_id": "o",
        "metric": metric,
        "where": Segment(),
        "population": "all",
        "baseline": PastQuarter.PREVIOUS,
        "target": "+10%",
        "weight": Decimal(1),
        "window": None,
        "place": "objectives[0].key_results[0]",
    } | changes
    if values["baseline"] is not None:
        values["baseline"] = parse_baseline(values["baseline"])
    if isinstance(values["target"], Bounds | Milestone):
        values["baseline"] = None
    else:
        values["target"] = parse_target(values["target"])
    if "stretch" in values:
        values["stretch"] = parse_target(values["stretch"])
    return KeyResult(**values)


def objective(*key_results: KeyResult) -> Objective:
    return Objective("o", "An objective", None, key_results)


def moving(baseline: str, target: str) -> Goal:
    """A goal that moves from baseline to target."""
    return Goal(Decimal(baseline), Decimal(target), grows=False)


def growing(target: str, baseline: str | None = None) -> Goal:
    """A goal that counts up from nothing."""
    return Goal(None if baseline is None else Decimal(baseline), Decimal(target), grows=True)


def day(text: str = "2026-08-15", allowance: timedelta = FIVE_MINUTES) -> Day:
    """A day of Q3; on 15 August half of it is complete."""
    return Day.of(Q3, date.fromisoformat(text), "UTC", allowance)


def measured(value: str | Decimal | None, metric: str = "average_order_value", **changes: Any) -> Measurement:
    """What a metric answered, with data that reach far beyond the quarter."""
    facts = CATALOGUE[metric]
    values: dict[str, Any] = {
        "metric": metric,
        "metric_version": 1,
        "segment": Segment(),
        "population": "all",
        "window": Window(Q3.start, Q3.end),
        "unit": facts.unit,
        "currency": facts.currency,
        "value": None if value is None else Decimal(value),
        "numerator": Decimal(0),
        "denominator": None,
        "data_as_of": datetime(2026, 12, 1, tzinfo=UTC),
    }
    return Measurement(**(values | changes))
