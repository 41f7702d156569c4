"""What key results will come to by their quarter's end, and how such forecasts did on the shop's past quarters.

A forecast is what was expected on its day: it is made when the day is over, again while late changes reach back to
it, and then stands. What may fail to be known is said in its `method`. The statistics are imported when they are
needed, because that alone takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain, pairwise

from service.errors import MetricFails
from service.estimate.series import NOTHING, Ending, Limits, Series, Sums
from service.ground import Ground
from service.judging import Judged
from service.metrics import measure as metrics
from service.metrics.custom import guarded
from service.okr.goals import Goal
from service.okr.windows import reading_window
from service.periods import ONE_DAY, Quarter, last_complete_day, shop_day
from service.store import forecasts as store
from service.store.engine import Connection
from service.store.forecasts import Question, StoredCalibration, StoredForecast
from service.values import Shop

READ_DAYS = 1830
"""Five years: what the newest past quarters were forecast from, and what that is made of."""

NOT_IN_WINDOWS = "customers are counted anew in every window of 28 days, and only their quarters are forecast"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A key result's forecast, and how well those of its past quarters did where that could be judged."""

    forecast: StoredForecast
    question: Question
    calibrations: Sequence[StoredCalibration] = ()


def foresee(
    connection: Connection, ground: Ground, quarter: Quarter, judged: Judged, touched: date | None
) -> Foreseen | None:
    """The forecast as of the last day that is read and settled; None when the one on record stands.

    Calibrations come along only where those on record do not stand. What people set by hand is not forecast.
    """
    if judged.key_result.is_by_hand:
        return None
    reach = ground.under(judged.metric, judged.key_result.where).coverage.covered_to
    if reach is None:
        return None
    settled = last_complete_day(reach - judged.metric.family.settles_after, ground.shop.timezone)
    as_of = min(judged.check_in.as_of_date, settled)
    if as_of < quarter.start or _stands(connection, ground, quarter, judged, as_of, touched):
        return None
    series = _series(connection, ground, quarter, judged, as_of)
    question = question_of(judged)
    if isinstance(series, str):
        return Foreseen(_none(judged, as_of, series), question)
    forecast = _forecast(series, quarter, judged, ground)
    return Foreseen(forecast, question, _calibrations(connection, ground, quarter, judged, series, touched))


def question_of(judged: Judged) -> Question:
    key_result = judged.key_result
    return Question(judged.metric.id, str(key_result.where), key_result.population, judged.window_kind)


def _stands(
    connection: Connection, ground: Ground, quarter: Quarter, judged: Judged, as_of: date, touched: date | None
) -> bool:
    stored = store.forecast_of(connection, ground.shop.shop_id, quarter.label, judged.key_result.id, as_of)
    if stored is None or stored.as_of_date != as_of or (touched is not None and touched <= as_of):
        return False
    is_settled = judged.is_frozen or judged.goal.target is None
    return is_settled and stored.target == judged.goal.target


def _none(judged: Judged, as_of: date, reason: str, history_days: int = 0) -> StoredForecast:
    id_, target = judged.key_result.id, judged.goal.target
    return StoredForecast(id_, as_of, None, None, None, target, None, f"no forecast: {reason}", history_days)


def _forecast(series: Series, quarter: Quarter, judged: Judged, ground: Ground) -> StoredForecast:
    from service.estimate.forecast import TooLittle, forecast  # here, because it takes time to load

    found = forecast(series, _ending(judged, quarter), _step(judged, ground))
    if isinstance(found, TooLittle):
        return _none(judged, series.last, found.reason, found.history_days)
    wanted = _wanted(judged.goal)
    low, high = found.interval()
    return StoredForecast(
        judged.key_result.id, series.last, found.value, low, high, judged.goal.target,
        found.probability(wanted) if wanted else None, found.method, found.history_days,
    )  # fmt: skip


def _wanted(goal: Goal) -> Limits | None:
    """The values at the end that reach the goal; of limits, those within, whatever happened in the weeks before."""
    if goal.because:
        return None
    if goal.bounds:
        low, high = goal.bounds.low, goal.bounds.high
        return Limits(low.number if low else None, high.number if high else None)
    by_direction = {"increase": Limits(at_least=goal.target), "decrease": Limits(at_most=goal.target)}
    return by_direction[goal.direction] if goal.direction else None


def _ending(judged: Judged, quarter: Quarter) -> Ending:
    window = reading_window(judged.window_kind, quarter, quarter.last_day)
    return Ending(window.start, window.last_day)


def _step(judged: Judged, ground: Ground) -> Decimal | None:
    """What the value comes in: whole counts, minor units of money, or, for a ratio, nothing in particular."""
    if judged.metric.denominator is not None:
        return None
    return Decimal(1).scaleb(-ground.shop.currency_exponent if judged.metric.unit == "money" else 0)


# --- the days so far -----------------------------------------------------------------------------------------------


def _series(connection: Connection, ground: Ground, quarter: Quarter, judged: Judged, last: date) -> Series | str:
    """The increments of every day read, up to `last`; or why they cannot be had."""
    try:
        with guarded(connection, judged.metric):
            return _series_read(connection, ground, quarter, judged, last)
    except MetricFails as error:
        return error.because


def _series_read(connection: Connection, ground: Ground, quarter: Quarter, judged: Judged, last: date) -> Series | str:
    key_result, metric = judged.key_result, judged.metric
    footing = ground.under(metric, key_result.where)
    if footing.because:
        return footing.because
    is_anew = judged.window_kind != "as_of" and not metric.adds_up
    if is_anew and judged.window_kind != "quarter":
        return NOT_IN_WINDOWS
    ask = partial(
        metrics.series, connection, ground.shop, metric, segment=key_result.where, population=key_result.population,
        covered_from=footing.covered_from,
    )  # fmt: skip
    opened = footing.covered_from or shop_day(ground.shop.created_at, ground.shop.timezone)
    first, end = max(opened, last - timedelta(days=READ_DAYS)), last + ONE_DAY
    starts = _starts(quarter, first) if is_anew else ()
    if judged.window_kind == "as_of":
        answers = ask(first - ONE_DAY, end, "as_of")
        before, found = _sums(answers[0]), [*_steps(answers)]
    elif is_anew:
        runs = [ask(max(start, first), after, "running") for start, after in pairwise([*starts, end])]
        answers = [*chain.from_iterable(runs)]
        before, found = NOTHING, [step for run in runs for step in (_sums(run[0]), *_steps(run))]
    else:
        answers = ask(first, end, "daily")
        before, found = NOTHING, [_sums(each) for each in answers]
    if gap := next((each.incomplete_because for each in answers if not each.is_complete), ""):
        return gap
    below = [each.denominator or Decimal(0) for each in found] if metric.denominator else None
    return Series(first, [each.numerator for each in found], below, before, starts)


def _starts(quarter: Quarter, first: date) -> tuple[date, ...]:
    """The first days of the quarters from the one that holds `first` to this."""
    starts = [quarter.start]
    while starts[-1] > first:
        quarter = quarter.previous()
        starts.append(quarter.start)
    return tuple(starts[::-1])


def _sums(reading: metrics.Reading) -> Sums:
    return Sums(reading.numerator, reading.denominator)


def _steps(running: Sequence[metrics.Reading]) -> Iterator[Sums]:
    """What each day added to the one before it."""
    return (_sums(today).plus(_sums(before), Decimal(-1)) for before, today in pairwise(running))


# --- past quarters -------------------------------------------------------------------------------------------------


def _calibrations(
    connection: Connection, ground: Ground, quarter: Quarter, judged: Judged, series: Series, touched: date | None
) -> list[StoredCalibration]:
    """How past quarters were forecast; none when what is on record stands."""
    from service.estimate.calibration import calibrate

    past = [*_past(quarter, series)]
    if not past or _is_known(connection, ground.shop.shop_id, judged, past[-1].last_day, touched):
        return []
    endings = [(each.start, _ending(judged, each)) for each in past]
    found = calibrate(series, endings, _step(judged, ground))
    return [
        StoredCalibration(
            each.horizon_days, judged.metric.version, past[-1].last_day, each.judged, each.held, each.error_of_pace,
            each.error_of_recent, each.brier,
        )
        for each in found
    ]  # fmt: skip


def _past(quarter: Quarter, series: Series) -> list[Quarter]:
    """The quarters of which the series has every day, oldest first."""
    found = [quarter]
    while found[-1].previous().start >= series.first:
        found.append(found[-1].previous())
    return [each for each in reversed(found) if each.start >= series.first and each.last_day <= series.last]


def _is_known(connection: Connection, shop_id: int, judged: Judged, newest: date, touched: date | None) -> bool:
    stored = store.calibrations_of(connection, shop_id, question_of(judged))
    if not stored or stored[0].metric_version != judged.metric.version:
        return False
    judged_to = stored[0].judged_to
    return judged_to > newest or (judged_to == newest and (touched is None or touched > newest))


# --- on record -----------------------------------------------------------------------------------------------------


def record(connection: Connection, shop_id: int, quarter: Quarter, found: Foreseen, *, now: datetime) -> bool:
    """Whether the forecast is new or says something else than before."""
    if found.calibrations:
        store.record_calibrations(connection, shop_id, found.question, found.calibrations, now=now)
    return store.record_forecast(connection, shop_id, quarter.label, found.forecast, now=now)


def on_record(connection: Connection, shop: Shop, quarter: Quarter, judged: Judged) -> Foreseen | None:
    """The newest forecast by the judged day, with all that is known of how such forecasts did."""
    key_result_id, as_of = judged.key_result.id, judged.check_in.as_of_date
    forecast = store.forecast_of(connection, shop.shop_id, quarter.label, key_result_id, as_of)
    question = question_of(judged)
    if forecast is None:
        return None
    return Foreseen(forecast, question, store.calibrations_of(connection, shop.shop_id, question))
