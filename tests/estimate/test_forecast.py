"""A forecast is honest: exact where nothing is left, silent where little is known, and right as often as it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from statistics import mean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.estimate.calibration import RECENT_DAYS, TARGETS, calibrate, carried_on
from service.estimate.design import design
from service.estimate.forecast import FEWEST_DAYS, Forecast, TooLittle, forecast
from service.estimate.series import Ending, Limits, Series, Sums
from service.periods import ONE_DAY, Quarter
from tests.estimate.simulated import (
    CENT,
    COUNTS,
    RATIOS,
    World,
    average_order,
    exact,
    growing_orders,
    sales,
    sparse_orders,
    sparse_share,
)

ONE = Decimal(1)


def found(world: World) -> Forecast:
    forecasted = forecast(world.known, world.ending, world.step)
    assert isinstance(forecasted, Forecast)
    return forecasted


# --- what must always hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [growing_orders, sales, average_order])
def test_nothing_is_foretold_once_nothing_remains(make: Callable[[int], World]) -> None:
    world = make(1)
    for last in (world.ending.last, world.whole.last):
        ended = forecast(world.whole.until(last), world.ending, world.step)
        assert isinstance(ended, Forecast)
        assert ended.value == world.truth
        assert ended.interval() == (world.truth, world.truth)
        assert ended.probability(Limits(at_least=world.truth)) == 1
        assert ended.probability(Limits(at_least=world.truth + CENT)) == 0


def test_the_same_days_have_the_same_future() -> None:
    assert found(sales(2)) == found(sales(2))


@settings(max_examples=60, deadline=None)
@given(targets=st.lists(st.integers(0, 40_000), min_size=2, max_size=6))
def test_a_higher_target_is_never_more_probable(targets: list[int]) -> None:
    chances = [FORECAST.probability(Limits(at_least=Decimal(target))) for target in sorted(targets)]
    assert chances == sorted(chances, reverse=True)
    assert all(0 < chance < 1 for chance in chances)
    falling = [FORECAST.probability(Limits(at_most=Decimal(target))) for target in sorted(targets)]
    assert falling == sorted(falling)


FORECAST = found(growing_orders(3))


def test_to_stay_between_is_less_probable_than_either_end() -> None:
    low, high = FORECAST.interval()
    both = FORECAST.probability(Limits(low, high))
    assert abs(both - Decimal("0.8")) < Decimal("0.02")
    assert both < min(FORECAST.probability(Limits(at_least=low)), FORECAST.probability(Limits(at_most=high)))


def test_a_wider_interval_holds_the_narrower() -> None:
    (low, high), (lowest, highest) = FORECAST.interval(), FORECAST.interval(Decimal("0.95"))
    assert lowest < low < FORECAST.value < high < highest


def test_counts_stay_whole_and_money_in_its_minor_unit() -> None:
    assert all(outcome == int(outcome) for outcome in found(sparse_orders(4)).outcomes)
    assert all(outcome == outcome.quantize(CENT) for outcome in found(sales(4)).outcomes)


def test_what_never_fell_does_not_fall_and_a_share_stays_one() -> None:
    orders, share = sparse_orders(5), sparse_share(5)
    so_far = orders.known.sums(orders.ending.since, orders.today).numerator
    assert min(found(orders).outcomes) >= so_far
    assert Decimal(0) <= min(found(share).outcomes) <= max(found(share).outcomes) <= 1


def test_sales_that_refunds_can_lower_may_fall() -> None:
    days = 200
    returns = Series(date(2026, 1, 1), exact(np.tile([9.0, -10.0, 4.0, -6.0, 1.0], days // 5)))
    ahead = forecast(returns, Ending(date(2026, 7, 1), date(2026, 9, 30)), CENT)
    assert isinstance(ahead, Forecast)
    assert ahead.value < returns.sums(date(2026, 7, 1), returns.last).numerator


# --- a case to follow by hand --------------------------------------------------------------------------------------


def test_a_steady_shop_goes_on_steadily() -> None:
    """Seven to thirteen orders a day, ten on average: 40 days are known and 52 to come."""
    quarter = Quarter.parse("2026-Q3")
    days = [Decimal(7 + (n * 5) % 7) for n in range(301)]
    series = Series(quarter.start - timedelta(days=261), days)
    ahead = forecast(series, Ending(quarter.start, quarter.last_day), ONE)
    assert isinstance(ahead, Forecast)
    known = series.sums(quarter.start, series.last).numerator
    assert abs(ahead.value - known - 520) <= 15
    assert (
        ahead.method == "wandering level, square roots, with weekdays, drift, Black Friday, Christmas trade, Christmas"
    )
    assert ahead.history_days == 301


def test_a_level_goes_on_from_all_that_came_before() -> None:
    """10 000 repeat customers before the days that are read, and ten more each day."""
    first = date(2026, 1, 1)
    series = Series(first, [Decimal(8 + n % 5) for n in range(230)], before=Sums(Decimal(10_000)))
    ahead = forecast(series, Ending(None, date(2026, 9, 30)), ONE)
    assert isinstance(ahead, Forecast)
    assert abs(ahead.value - (10_000 + 10 * 273)) <= 15


def test_a_window_of_28_days_takes_nothing_from_before_it() -> None:
    """Forecast from afar, only the days of the window count; from within it, those that are known are exact."""
    first, last = date(2026, 1, 1), date(2026, 9, 30)
    ending = Ending(last - timedelta(days=27), last)
    series = Series(first, [Decimal(8 + n % 5) for n in range(273)])
    for today in (date(2026, 8, 1), date(2026, 9, 20)):
        ahead = forecast(series.until(today), ending, ONE)
        assert isinstance(ahead, Forecast)
        assert abs(ahead.value - 280) <= 15


def test_customers_counted_anew_each_quarter_come_slower_as_it_ages() -> None:
    """First orders of the quarter begin at 40 a day and end at 10; a plain sum of late days would miss the rest."""
    quarter = Quarter.parse("2026-Q3")
    starts = [quarter.previous().previous().previous(), quarter.previous().previous(), quarter.previous(), quarter]
    ages = [n for each in starts for n in range(each.days)]
    amounts = [Decimal(round(40 - 30 * age / 92) + (-1) ** age) for age in ages]
    whole = Series(starts[0].start, amounts, starts=tuple(each.start for each in starts))
    today = quarter.start + timedelta(days=20)
    ending = Ending(quarter.start, quarter.last_day)
    truth = whole.sums(quarter.start, quarter.last_day).numerator
    ahead = forecast(whole.until(today), ending, ONE)
    assert isinstance(ahead, Forecast)
    assert abs(ahead.value - truth) < truth / 20
    recent = carried_on(whole.until(today), ending, RECENT_DAYS)
    assert recent is not None
    assert abs(recent - truth) > truth / 6


def test_black_friday_is_expected_once_it_was_seen() -> None:
    quarter = Quarter.parse("2026-Q4")
    first, today = date(2025, 7, 1), date(2026, 11, 15)
    friday = {date(2025, 11, 28) + n * ONE_DAY for n in range(4)} | {date(2026, 11, 27) + n * ONE_DAY for n in range(4)}
    dates = [first + n * ONE_DAY for n in range((quarter.last_day - first).days + 1)]
    whole = Series(first, [Decimal(18 + n % 5) * (4 if day in friday else 1) for n, day in enumerate(dates)])
    ending = Ending(quarter.start, quarter.last_day)
    truth = whole.sums(quarter.start, quarter.last_day).numerator
    seen = forecast(whole.until(today), ending, ONE)
    assert isinstance(seen, Forecast)
    assert abs(seen.value - truth) < truth / 50
    assert "Black Friday" in seen.method
    unseen = forecast(whole.until(today).newest(300), ending, ONE)
    assert isinstance(unseen, Forecast)
    assert "; Black Friday lies ahead and was never observed" in unseen.method
    assert unseen.value < truth * Decimal("0.95")


# --- too little ----------------------------------------------------------------------------------------------------


QUARTER = Ending(date(2026, 7, 1), date(2026, 9, 30))


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (Series(date(2026, 6, 20), [ONE] * 30), f"there are 30 days of history, and a forecast needs {FEWEST_DAYS}"),
        (
            Series(date(2025, 1, 1), [*[Decimal(0)] * 540, *[ONE] * 30]),
            f"there are 30 days of history, and a forecast needs {FEWEST_DAYS}",
        ),
        (
            Series(date(2026, 1, 1), [Decimal(not n % 30) for n in range(200)]),
            "only 7 days brought anything, and a forecast needs 10",
        ),
        (Series(date(2026, 1, 1), [Decimal(0)] * 200), "there are 0 days of history, and a forecast needs 56"),
        (
            Series(date(2026, 5, 1), [ONE] * 80, starts=(date(2026, 4, 1), date(2026, 7, 1))),
            "customers are counted anew each quarter, and no past quarter was read whole",
        ),
    ],
)  # fmt: skip
def test_too_little_history_is_refused_with_the_reason(series: Series, reason: str) -> None:
    refused = forecast(series, QUARTER, ONE)
    assert isinstance(refused, TooLittle)
    assert refused.reason == reason


def test_a_ratio_without_denominator_has_no_end() -> None:
    nothing = Series(date(2026, 7, 1), [Decimal(0)] * 92, [Decimal(0)] * 92)
    assert forecast(nothing, QUARTER, None) == TooLittle("there is nothing to divide by", 92)


def test_days_without_anything_are_days() -> None:
    """Two days in seven are empty, and one order in three brings a returning customer."""
    orders = [Decimal((0, 6, 6, 6, 6, 6, 0)[n % 7]) for n in range(240)]
    series = Series(date(2026, 1, 1), [each / 3 for each in orders], orders)
    ahead = forecast(series, QUARTER, None)
    assert isinstance(ahead, Forecast)
    assert abs(ahead.value - ONE / 3) < Decimal("0.01")


def test_a_shop_in_which_every_day_is_alike_is_no_trouble() -> None:
    ahead = forecast(Series(date(2026, 1, 1), [Decimal(5)] * 200), QUARTER, ONE)
    assert isinstance(ahead, Forecast)
    assert abs(ahead.value - 460) <= 5


# --- the design ----------------------------------------------------------------------------------------------------


def test_the_design_knows_the_calendar_of_the_trade() -> None:
    regular = design(Series(date(2024, 11, 1), [ONE] * 70), 0)
    assert regular.parts == ("weekdays", "drift", "Black Friday", "Christmas trade", "Christmas")
    days = [date(2024, 11, 1) + n * ONE_DAY for n in range(70)]
    friday, christmas = regular.rows[:, -3], regular.rows[:, -1]
    assert [day.day for day, is_on in zip(days, friday, strict=True) if is_on] == [29, 30, 1, 2]
    assert [day.day for day, is_on in zip(days, christmas, strict=True) if is_on] == [24, 25, 26]


# --- judged on past quarters ---------------------------------------------------------------------------------------


def past_quarters(series: Series) -> list[tuple[date, Ending]]:
    quarter, past = Quarter.containing(series.last + ONE_DAY), []
    while (quarter := quarter.previous()).start >= series.first:
        past.append((quarter.start, Ending(quarter.start, quarter.last_day)))
    return past[::-1]


def test_past_quarters_are_forecast_with_what_was_known_then() -> None:
    """The last quarter is replaced by another: what was foretold of the one before it stays."""
    world = growing_orders(8)
    series = world.known
    past = past_quarters(series)[:2]
    judged = calibrate(series.until(past[-1][1].last), past, ONE)
    assert judged == calibrate(series, past, ONE)
    assert [each.horizon_days for each in judged] == sorted((each.horizon_days for each in judged), reverse=True)
    assert all(0 <= each.held <= each.judged <= 2 and 0 <= each.brier <= 1 for each in judged)


def test_a_shop_without_past_quarters_is_not_judged() -> None:
    series = Series(date(2026, 7, 1), [ONE] * 90)
    assert calibrate(series, past_quarters(series), ONE) == []


def test_the_naive_forecast_carries_days_on() -> None:
    """30 days of 2, then 30 of 4: 60 days to come bring 4 or, on the pace of all of them, 3 a day."""
    series = Series(date(2026, 7, 1), [Decimal(2)] * 30 + [Decimal(4)] * 30)
    ending = Ending(date(2026, 7, 1), date(2026, 10, 28))
    assert carried_on(series, ending, 30) == 180 + 240
    assert carried_on(series, ending, 60) == 180 + 180
    assert carried_on(series, ending, 30, Decimal("0.5")) == 180 + 120


# --- the study -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_intervals_and_probabilities_keep_their_word() -> None:
    """Every kind of shop 15 times: as often right as said, closer than the pace, and never far off for one kind.

    The limits are those of docs/forecast.md.
    """
    study = {make.__name__: [judge(make(seed)) for seed in range(15)] for make in COUNTS + RATIOS}
    everything = [each for found in study.values() for each in found]
    assert 0.92 <= mean(each["held_95"] for each in everything) <= 0.995
    assert 0.74 <= mean(each["held_80"] for each in everything) <= 0.92
    for name, found in study.items():
        assert mean(each["held_95"] for each in found) >= 0.82, name
    error, pace = mean(each["error"] for each in everything), mean(each["pace"] for each in everything)
    assert error <= 0.9 * pace
    assert abs(mean(each["surprise"] for each in everything)) <= 0.06
    # On targets as hard as can be: they lie on and close around what recent days foresee.
    assert mean(each["brier"] for each in everything) <= 0.14


def judge(world: World) -> dict[str, float]:
    ahead, truth = found(world), world.truth
    pace = carried_on(world.known, world.ending, world.elapsed)
    assert pace is not None
    targets = [carried_on(world.known, world.ending, RECENT_DAYS, part) for part in TARGETS]
    chances = [(ahead.probability(each), each.holds(truth)) for each in (Limits(at_least=target) for target in targets)]
    return {
        "held_80": ahead.interval()[0] <= truth <= ahead.interval()[1],
        "held_95": ahead.interval(Decimal("0.95"))[0] <= truth <= ahead.interval(Decimal("0.95"))[1],
        "error": float(abs(ahead.value - truth) / abs(truth)),
        "pace": float(abs(pace - truth) / abs(truth)),
        "surprise": mean(float(chance) - is_reached for chance, is_reached in chances),
        "brier": mean((float(chance) - is_reached) ** 2 for chance, is_reached in chances),
    }


# --- and it costs nothing until it is asked for --------------------------------------------------------------------


def test_the_command_line_starts_without_the_statistics() -> None:
    """Importing them takes seconds."""
    code = "import sys, service.cli; print(sorted({'numpy', 'pandas', 'statsmodels'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
