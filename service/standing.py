"""Answers that stand in the readings already: what was measured and has not changed is not counted again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.measure import TRAILING_DAYS, Reading
from service.periods import Quarter
from service.store import metric_readings, pending
from service.store.engine import Connection
from service.store.metric_readings import Progress
from service.values import Population, Segment, Shop, Window


def answers(
    connection: Connection,
    shop: Shop,
    metric: Metric,
    windows: Sequence[Window],
    *,
    segment: Segment,
    population: Population,
    covered_from: date | None,
) -> list[Reading]:
    """As `metrics.measure.answers`: read where they stand, counted where they do not."""
    stood: dict[Window, Reading] = {}
    if not segment.where and population == "all":
        stood = _standing(connection, shop, metric, windows, covered_from)
    missing = [window for window in windows if window not in stood]
    found = metrics.answers(
        connection, shop, metric.id, missing, segment=segment, population=population, covered_from=covered_from
    )
    counted = iter(found)
    return [stood[window] if window in stood else next(counted) for window in windows]


def _standing(
    connection: Connection, shop: Shop, metric: Metric, windows: Sequence[Window], covered_from: date | None
) -> dict[Window, Reading]:
    progress = metric_readings.progress(connection, shop.shop_id).get((metric.id, ""))
    touched = pending.touched(connection, shop.shop_id)
    if progress is None or touched.notes != progress.batch or pending.facts_are_stale(connection, shop.shop_id):
        return {}
    if (progress.metric_version, progress.covered_from) != (metric.version, covered_from):
        return {}
    kinds = {window: kind for window in windows if (kind := _kind(metric, window, progress))}
    if not kinds:
        return {}
    ends = [window.last_day for window in kinds]
    kept = metric_readings.standing(connection, shop.shop_id, metric.id, "", min(ends), max(ends))
    found = {
        window: kept[kind, window.last_day][0] for window, kind in kinds.items() if (kind, window.last_day) in kept
    }
    return {
        window: metrics.reading_of(metric, shop, window, metrics.totals_of(metric, shop, answer))
        for window, answer in found.items()
    }


def _kind(metric: Metric, window: Window, progress: Progress) -> str:
    """The kind of window that is kept; empty when it is of none, or was not measured yet."""
    if window.last_day > progress.measured_to:
        return ""
    if metric.kind == "level":
        return "as_of" if window.start is None else ""
    if window.start is None or window.start == window.end:
        return ""
    if window.start == Quarter.containing(window.last_day, progress.fiscal_year_start).start:
        return "quarter_to_date"
    return {timedelta(days=1): "day", timedelta(days=TRAILING_DAYS): "trailing_28d"}.get(window.end - window.start, "")
