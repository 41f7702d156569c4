"""Answers that stand in the readings already: what was measured and has not changed is not counted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from service.errors import Misconfigured, Problem
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.measure import TRAILING_DAYS, Reading, Totals
from service.periods import Quarter, days
from service.store import metric_readings, pending
from service.store.engine import Connection
from service.store.metric_readings import Progress
from service.values import Measurement, Population, Segment, Shop, Window


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
    if population == "all":
        stood = _standing(connection, shop, metric, segment, windows, covered_from)
    missing = [window for window in windows if window not in stood]
    found = metrics.answers(
        connection, shop, metric, missing, segment=segment, population=population, covered_from=covered_from
    )
    counted = iter(found)
    return [stood[window] if window in stood else next(counted) for window in windows]


def _standing(
    connection: Connection,
    shop: Shop,
    metric: Metric,
    segment: Segment,
    windows: Sequence[Window],
    covered_from: date | None,
) -> dict[Window, Reading]:
    progress = metric_readings.progress(connection, shop.shop_id).get((metric.id, str(segment)))
    touched = pending.touched(connection, shop.shop_id)
    if progress is None or touched.notes != progress.batch or pending.facts_are_stale(connection, shop.shop_id):
        return {}
    if (progress.metric_version, progress.covered_from) != (metric.version, covered_from):
        return {}
    kinds = {window: kind for window in windows if (kind := _kind(metric, window, progress))}
    if not kinds:
        return {}
    ends = [window.last_day for window in kinds]
    mine = metric.id, str(segment)
    kept = metric_readings.standing(connection, shop.shop_id, [mine], min(ends), max(ends))[mine]
    found = {
        window: kept[kind, window.last_day][0] for window, kind in kinds.items() if (kind, window.last_day) in kept
    }
    return {window: _reading(metric, shop, window, answer) for window, answer in found.items()}


def known_at(
    connection: Connection,
    shop: Shop,
    metric: Metric,
    segment: Segment,
    windows: Sequence[Window],
    moment: datetime,
    fiscal_year_start: int,
) -> list[Measurement]:
    """What the readings said at a moment; what was counted and left out they do not tell.

    `data_as_of` is when an answer was found. Windows of no kept kind are put together of their days, where days add up.
    Raises Misconfigured for other windows, and for segments, of which no readings are kept.
    """
    windows = [Window(None, window.end) if metric.kind == "level" else window for window in windows]
    wanted = [_parts(metric, window, fiscal_year_start) for window in windows]
    if [] in wanted:
        window = windows[wanted.index([])]
        told = f"of {metric.id} over {window.start} to {window.last_day} nothing is kept"
        hint = "ask for days (--by day), alone or with --window quarter_to_date or trailing_28d"
        raise Misconfigured([Problem("--known-at", str(moment), told, hint)])
    every = {part for parts in wanted for part in parts}
    first, last = min(day for _, day in every), max(day for _, day in every)
    kept = {
        answer.key: (answer, found_at)
        for kind in sorted({kind for kind, _ in every})
        for answer, found_at in metric_readings.known_at(
            connection, shop.shop_id, metric.id, str(segment), kind, first, last, moment
        )
    }
    if segment.where and not kept:
        told = f"of {metric.id} where {segment} no answers of these days were kept by then"
        hint = "they are kept of what key results, their guardrails and KPIs ask for, from then on"
        raise Misconfigured([Problem("--known-at", str(moment), told, hint)])
    return [
        _known(metric, shop, segment, window, [kept[part] for part in parts] if kept.keys() >= {*parts} else [])
        for window, parts in zip(windows, wanted, strict=True)
    ]


def _parts(metric: Metric, window: Window, fiscal_year_start: int) -> list[metric_readings.Key]:
    """The readings that a window's answer is the sum of; none where they do not add up."""
    if kind := kept_kind(metric, window, fiscal_year_start):
        return [(kind, window.last_day)]
    return [("day", day) for day in days(window.start, window.end)] if metric.adds_up and window.start else []


def _known(
    metric: Metric,
    shop: Shop,
    segment: Segment,
    window: Window,
    stood: Sequence[tuple[metric_readings.Reading, datetime]],
) -> Measurement:
    currency = shop.currency if metric.unit == "money" else None
    nothing = Measurement(
        metric.id, metric.version, segment, "all", window, metric.unit, currency, None, Decimal(), None,
        counted=None, is_complete=False, incomplete_because="nothing was measured of it by then",
    )  # fmt: skip
    if not stood:
        return nothing
    totals = sum((metrics.totals_of(metric, shop, answer) for answer, _ in stood), Totals())
    answer = metrics.reading_of(metric, shop, window, totals)
    return replace(
        nothing, metric_version=stood[-1][0].metric_version, value=answer.value, numerator=answer.numerator,
        denominator=answer.denominator, value_low=answer.value_low, value_high=answer.value_high, is_complete=True,
        incomplete_because="", data_as_of=max(found_at for _, found_at in stood),
    )  # fmt: skip


def _reading(metric: Metric, shop: Shop, window: Window, answer: metric_readings.Reading) -> Reading:
    return metrics.reading_of(metric, shop, window, metrics.totals_of(metric, shop, answer))


def _kind(metric: Metric, window: Window, progress: Progress) -> str:
    """The kind of the window; empty when readings are kept of none such, or it was not measured yet."""
    return "" if window.last_day > progress.measured_to else kept_kind(metric, window, progress.fiscal_year_start)


def kept_kind(metric: Metric, window: Window, fiscal_year_start: int) -> str:
    """The kind of window that readings are kept of; empty when it is of none."""
    if metric.kind == "level":
        return "as_of" if window.start is None else ""
    if window.start is None or window.start == window.end:
        return ""
    if window.start == Quarter.containing(window.last_day, fiscal_year_start).start:
        return "quarter_to_date"
    return {timedelta(days=1): "day", timedelta(days=TRAILING_DAYS): "trailing_28d"}.get(window.end - window.start, "")
