"""Values that people set: how they are read, and which one holds on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from service.okr.amounts import Kind, MetricFacts
from service.okr.model import MILESTONE, KeyResult
from service.okr.pace import Day
from service.okr.targets import Bounds, Points, Relative
from service.periods import ONE_DAY
from service.values import HandSet, Measurement, Window

HOLDS_FOR = timedelta(days=14)
"""A value set by hand is stale after two weeks: the longest time between two check-ins."""


def facts_for(key_result: KeyResult, catalogue: Mapping[str, MetricFacts]) -> MetricFacts | None:
    """What is known of its metric; None where there is no such metric."""
    return facts_by_hand(key_result) if key_result.is_by_hand else catalogue.get(key_result.metric)


def facts_by_hand(key_result: KeyResult) -> MetricFacts:
    """What the file tells of values set by hand: a percentage is a rate, an amount is money, the rest are counts.

    Without a baseline they grow from nothing; with one, or with limits, they are read as they stand.
    """
    if key_result.metric == MILESTONE:
        return MetricFacts(MILESTONE, "level", "ratio")
    aim, found = key_result.target, [level for _, level in key_result.levels]
    kind: Kind = "flow" if key_result.baseline is None and not isinstance(aim, Bounds) else "level"
    if currency := next((level.currency for level in found if level.currency), None):
        return MetricFacts(key_result.metric, kind, "money", currency)
    is_rate = any(level.is_percent for level in found) or isinstance(aim, Points)
    is_rate = is_rate or (isinstance(aim, Relative) and aim.is_explicit)
    return MetricFacts(key_result.metric, kind, "ratio" if is_rate else "count")


def in_force(values: Iterable[HandSet], day: Day) -> HandSet | None:
    """The value that holds on that day: the newest for it or for a day before.

    What is set after the quarter is about its end.
    """
    known = [each for each in values if each.on_date <= day.as_of or day.is_last]
    return max(known, key=lambda each: (each.on_date, each.set_at), default=None)


def as_measurement(found: HandSet, key_result: KeyResult, facts: MetricFacts, day: Day) -> Measurement:
    """The value as if it had been measured; a milestone that is done stays done."""
    is_done = key_result.metric == MILESTONE and found.value >= 1
    return Measurement(
        metric=key_result.metric,
        metric_version=1,
        segment=key_result.where,
        population=key_result.population,
        window=Window(day.quarter.start, day.as_of + ONE_DAY),
        unit=facts.unit,
        currency=facts.currency,
        value=found.value,
        numerator=found.value,
        denominator=None,
        data_as_of=day.ends_at if is_done else found.set_at,
    )


def with_patience(day: Day) -> Day:
    """The day with the lateness that people are allowed."""
    return replace(day, allowance=HOLDS_FOR)
