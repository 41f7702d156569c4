"""How forecasts would have done on the shop's own past quarters: made with what was known then, held to what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from service.estimate.forecast import Forecast, forecast
from service.estimate.series import Ending, Limits, Series, Sums

HORIZONS = (69, 46, 23)
"""Days before the end at which past quarters are forecast: a quarter, a half and three quarters of the way."""

MOST_QUARTERS = 8
"""Two years of past quarters, the newest: how a shop was forecast when it was another shop tells little."""

RECENT_DAYS = 28

TARGETS = (Decimal("0.9"), Decimal(1), Decimal("1.1"))
"""Targets lie where the days to come bring so much of what recent days did: where it is hard to tell."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the forecasts made so many days before the end did."""

    horizon_days: int
    judged: int
    held: int  # outcomes within the 80 % interval
    error_of_pace: Decimal | None  # mean absolute error ÷ that of carrying on the quarter's days so far
    error_of_recent: Decimal | None  # … ÷ that of carrying on the last 28 days
    brier: Decimal  # mean squared error of the probability; a coin gets 0.25


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast of one past quarter and what came of it."""

    outcome: Decimal
    found: Forecast
    pace: Decimal
    recent: Decimal
    targets: Sequence[Decimal]

    @property
    def is_held(self) -> bool:
        low, high = self.found.interval()
        return low <= self.outcome <= high

    def miss_of_probability(self) -> Decimal:
        """The mean squared distance between the probability of each target and whether it was reached."""
        above = [Limits(at_least=target) for target in self.targets]
        misses = [(self.found.probability(each) - int(each.holds(self.outcome))) ** 2 for each in above]
        return sum(misses, Decimal(0)) / len(misses)


def calibrate(series: Series, past: Sequence[tuple[date, Ending]], step: Decimal | None) -> list[Calibration]:
    """One calibration for each horizon at which any past quarter could be forecast, the longest first.

    Shape: `past` are past quarters, oldest first: the first day of each and the ending that was asked for.
    """
    newest = past[-MOST_QUARTERS:]
    trials = [(horizon, [*_trials(series, newest, horizon, step)]) for horizon in HORIZONS]
    return [_judged(horizon, found) for horizon, found in trials if found]


def _trials(series: Series, past: Sequence[tuple[date, Ending]], horizon: int, step: Decimal | None) -> Iterator[Trial]:
    for begin, ending in past:
        today = ending.last - timedelta(days=horizon)
        if not series.first <= begin <= today or ending.last > series.last:
            continue
        known = series.until(today)
        found = forecast(known, ending, step)
        outcome = series.sums(ending.since, ending.last).value
        pace = carried_on(known, ending, (today - begin).days + 1)
        recent = carried_on(known, ending, RECENT_DAYS)
        targets = [carried_on(known, ending, RECENT_DAYS, part) for part in TARGETS]
        if isinstance(found, Forecast) and outcome is not None and pace is not None and recent is not None:
            yield Trial(outcome, found, pace, recent, [target for target in targets if target is not None])


def carried_on(series: Series, ending: Ending, days: int, part: Decimal = Decimal(1)) -> Decimal | None:
    """The naive forecast: every day to come brings what the last `days` did on average, or a part of it."""
    ahead, skipped = ending.to_come(series.last)
    of_late = series.sums(series.last - timedelta(days=days - 1), series.last)
    # A part of the numerator only: less of both would be the same ratio.
    day = Sums(part * of_late.numerator, of_late.denominator)
    return series.sums(ending.since, series.last).plus(day, Decimal(ahead - skipped) / days).value


def _judged(horizon: int, trials: Sequence[Trial]) -> Calibration:
    error = sum(abs(each.found.value - each.outcome) for each in trials)
    return Calibration(
        horizon,
        len(trials),
        sum(each.is_held for each in trials),
        _part(error, sum(abs(each.pace - each.outcome) for each in trials)),
        _part(error, sum(abs(each.recent - each.outcome) for each in trials)),
        _rounded(sum((each.miss_of_probability() for each in trials), Decimal(0)) / len(trials)),
    )


def _part(error: Decimal | int, naive: Decimal | int) -> Decimal | None:
    return _rounded(Decimal(error) / Decimal(naive)) if naive else None


def _rounded(figure: Decimal) -> Decimal:
    return figure.quantize(Decimal("0.0001"))
