"""What a metric answers on the ground of a shop: complete, or with the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from service import standing
from service.errors import MetricFails
from service.gathering import Ask
from service.ground import Footing, Ground
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.custom import guarded
from service.periods import day_start, shop_day
from service.store.engine import Connection
from service.unexplained import doubt_of
from service.values import Measurement, Population, Segment, Shop, Window


def measured(
    connection: Connection, ground: Ground, metric_id: str, window: Window, segment: Segment, population: Population
) -> Measurement:
    """A metric over a window; while a backfill is under way no number is complete, whatever it looks like.

    Where nothing was ever read there is no value, not even zero.
    """
    metric = ground.catalogue[metric_id]
    footing = ground.under(metric, segment)
    try:
        with guarded(connection, metric):
            found = metrics.measure(
                connection, ground.shop, metric, window, segment=segment, population=population,
                covered_from=footing.covered_from,
            )  # fmt: skip
    except MetricFails as error:
        return _as_measurement(_none(window, error), metric, segment, population, footing, ground.shop)
    found = replace(found, data_as_of=footing.coverage.covered_to)
    if footing.coverage.covered_from is None:
        found = replace(found, value=None, value_low=None, value_high=None)
    because = footing.because
    found = replace(found, is_complete=False, incomplete_because=because) if because else found
    return _doubted(_since_opening(found, ground), ground)


def asking(connection: Connection, ground: Ground) -> Ask:
    """As `measured`, of many windows at once, and without what was counted and left out."""

    def ask(
        metric_id: str, windows: Sequence[Window], segment: Segment, population: Population
    ) -> list[Measurement | None]:
        metric = ground.catalogue[metric_id]
        footing = ground.under(metric, segment)
        if footing.coverage.covered_from is None:
            return [None for _ in windows]
        try:
            with guarded(connection, metric):
                found = standing.answers(
                    connection, ground.shop, metric, windows, segment=segment, population=population,
                    covered_from=footing.covered_from,
                )  # fmt: skip
        except MetricFails as error:
            found = [_none(window, error) for window in windows]
        answers = (_as_measurement(each, metric, segment, population, footing, ground.shop) for each in found)
        return [_doubted(_since_opening(each, ground), ground) for each in answers]

    return ask


def _none(window: Window, error: MetricFails) -> metrics.Reading:
    return metrics.Reading(
        window, None, Decimal(), None, None, None, is_complete=False, incomplete_because=error.because
    )


def _as_measurement(
    found: metrics.Reading, metric: Metric, segment: Segment, population: Population, footing: Footing, shop: Shop
) -> Measurement:
    return Measurement(
        metric.id,
        metric.version,
        segment,
        population,
        found.window,
        metric.unit,
        shop.currency if metric.unit == "money" else None,
        found.value,
        found.numerator,
        found.denominator,
        found.value_low,
        found.value_high,
        is_complete=found.is_complete and not footing.because,
        incomplete_because=found.incomplete_because or footing.because,
        data_as_of=footing.coverage.covered_to,
    )


def _since_opening(found: Measurement, ground: Ground) -> Measurement:
    """The same, without a value where all its days lie before the shop's first one and hold nothing.

    Orders brought over from elsewhere keep their days, so there may be something to count.
    """
    opened = shop_day(ground.shop.created_at, ground.shop.timezone)
    if found.window.end > opened or found.numerator or found.denominator or found.counted:
        return found
    because = found.incomplete_because or f"the shop opened on {opened}"
    return replace(found, value=None, value_low=None, value_high=None, incomplete_because=because)


def _doubted(found: Measurement, ground: Ground) -> Measurement:
    """The same with what comparing with Shopify left unexplained of its days."""
    doubt = doubt_of(ground.unexplained, ground.catalogue[found.metric], found.window, ground.shop.currency)
    found = replace(found, remark=doubt.remark)
    if not doubt.hindrance:
        return found
    return replace(found, is_complete=False, incomplete_because=found.incomplete_because or doubt.hindrance)


def up_to_the_data(found: Measurement, ground: Ground) -> Measurement:
    """The same, incomplete when the window reaches beyond what was read, without a value when all of it does."""
    footing, zone = ground.under(ground.catalogue[found.metric], found.segment), ground.shop.timezone
    reach, start, end = footing.coverage.covered_to, found.window.start, found.window.end
    if reach is None or reach < day_start(end, zone):
        because = f"the data end at {reach:%Y-%m-%d %H:%M} UTC" if reach else "nothing was read yet"
        found = replace(found, is_complete=False, incomplete_because=found.incomplete_because or because)
    is_after = reach is not None and start is not None and day_start(start, zone) >= reach
    is_before = footing.covered_from is not None and end <= footing.covered_from
    return replace(found, value=None, value_low=None, value_high=None) if is_after or is_before else found
