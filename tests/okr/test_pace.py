"""Pace: linear, seasonal and by points, and how each is told."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.okr.assess import assess
from service.okr.evidence import Evidence
from service.okr.pace import MIN_DAYS, Curve, Day, Pacing, curve
from service.periods import Quarter
from tests.okr.building import CATALOGUE, Q3, day, growing, key_result, measured

LAST_YEAR = Q3.same_last_year()
DAYS = st.dates(Q3.start, Q3.last_day).map(str)

# Most of it comes in the last month: 1 a day, then 2, then 6.
LATE = [Decimal(sum(1 if n < 31 else 2 if n < 62 else 6 for n in range(days))) for days in range(1, 93)]
POINTS = ((date(2026, 8, 31), Decimal("0.2")), (date(2026, 9, 15), Decimal("0.8")))


def late() -> Curve:
    found = curve(LAST_YEAR, LATE)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-07-31", Decimal(31) / 273),
        ("2026-08-31", Decimal(93) / 273),
        ("2026-09-15", Decimal(183) / 273),
        ("2026-09-30", Decimal(1)),
    ],
)
def test_the_seasonal_pace_is_what_had_come_by_the_same_day(as_of: str, expected: Decimal) -> None:
    assert Pacing(curves=(late(),)).on(day(as_of)).fraction == expected


def test_several_years_are_averaged() -> None:
    even = curve(LAST_YEAR.same_last_year(), [Decimal(n) for n in range(1, 93)])
    assert even is not None
    both = Pacing(curves=(late(), even)).on(day("2026-07-31"))
    assert both.fraction == (Decimal(31) / 273 + Decimal(31) / 92) / 2
    assert both.pace == "seasonal, as 2025-Q3, 2024-Q3"
    assert both.said == " by the pace of 2025-Q3 and 2024-Q3"


@pytest.mark.parametrize(
    ("running", "is_enough"),
    [
        ([], False),
        ([Decimal(0)] * 92, False),
        ([Decimal(min(n, MIN_DAYS - 1)) for n in range(1, 93)], False),
        ([Decimal(min(n, MIN_DAYS)) for n in range(1, 93)], True),
        ([Decimal(-n) for n in range(1, 93)], False),
    ],
)
def test_a_quarter_in_which_little_came_tells_no_season(running: list[Decimal], is_enough: bool) -> None:
    assert (curve(LAST_YEAR, running) is not None) == is_enough


def test_days_after_a_refund_may_take_something_back() -> None:
    running = [Decimal(n) for n in range(1, 92)] + [Decimal(85)]
    found = curve(LAST_YEAR, running)
    assert found is not None
    assert found.shares[90] == 1  # 91 of 85 would be more than all


def test_a_leap_year_has_a_day_more() -> None:
    leap, before = Quarter(2024, 1), Quarter(2023, 1)
    assert (leap.days, before.days) == (91, 90)
    found = curve(before, [Decimal(n) for n in range(1, 91)])
    assert found is not None
    pacing = Pacing(curves=(found,))

    def on(text: str) -> Decimal:
        return pacing.on(Day.of(leap, date.fromisoformat(text), "UTC", timedelta(0))).fraction

    assert (on("2024-03-30"), on("2024-03-31")) == (1, 1)
    assert on("2024-02-29") == Decimal(60) / 90


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-07-31", Decimal("0.1")),  # 31 of 62 days to the first point
        ("2026-08-31", Decimal("0.2")),
        ("2026-09-05", Decimal("0.4")),  # 5 of 15 days to the second
        ("2026-09-15", Decimal("0.8")),
        ("2026-09-30", Decimal(1)),
    ],
)
def test_points_are_joined_by_straight_lines(as_of: str, expected: Decimal) -> None:
    found = Pacing(points=POINTS).on(day(as_of))
    assert (found.fraction, found.pace, found.said) == (expected, "phased", " by its own pace")


def test_points_may_end_before_the_quarter_and_below_all() -> None:
    early = Pacing(points=((date(2026, 9, 1), Decimal(1)),))
    assert early.on(day("2026-09-10")).fraction == 1
    modest = Pacing(points=((date(2026, 9, 30), Decimal("0.7")),))
    assert modest.on(day("2026-09-30")).fraction == Decimal("0.7")


PACINGS = st.sampled_from([Pacing(), Pacing(points=POINTS), Pacing(curves=(late(),)), Pacing(because="x")])


@given(PACINGS, st.booleans())
def test_expectations_rise_from_nothing_to_all(pacing: Pacing, begins_at_zero: bool) -> None:
    dates = [Q3.start + timedelta(days=n) for n in range(Q3.days)]
    expected = [pacing.on(day(str(each)), begins_at_zero=begins_at_zero).fraction for each in dates]
    assert all(earlier <= later for earlier, later in pairwise(expected))
    assert 0 <= expected[0] <= expected[-1] == 1


def test_some_expect_nothing_of_the_first_day() -> None:
    assert Pacing().on(day("2026-07-01"), begins_at_zero=True).fraction == 0
    assert Pacing().on(day("2026-09-30"), begins_at_zero=True).fraction == 1


@pytest.mark.parametrize(
    ("pacing", "name", "end"),
    [
        (Pacing(), "linear", "50.0 % expected after 46 of 92 days."),
        (Pacing(because="2025-Q3 was not read whole"), "linear: 2025-Q3 was not read whole",
         "50.0 % expected after 46 of 92 days by an even pace, because 2025-Q3 was not read whole."),
        (Pacing(curves=(late(),)), "seasonal, as 2025-Q3",
         "22.3 % expected after 46 of 92 days by the pace of 2025-Q3."),
        (Pacing(points=POINTS), "phased", "14.8 % expected after 46 of 92 days by its own pace."),
    ],
)  # fmt: skip
def test_the_pace_is_told(pacing: Pacing, name: str, end: str) -> None:
    asked, facts = key_result("orders"), CATALOGUE["orders"]
    evidence = Evidence(expectation=pacing.on(day()))
    found = assess(asked, facts, growing("1200"), measured("300", "orders"), day(), evidence=evidence)
    assert pacing.name == name
    assert found.explanation.endswith(end)


def test_a_season_decides_a_status() -> None:
    """A quarter of the orders half way is far behind an even pace, and ahead of a shop that lives by its last month."""
    asked, facts = key_result("orders"), CATALOGUE["orders"]
    even, seasonal = (
        assess(asked, facts, growing("1200"), measured("300", "orders"), day(), evidence=Evidence(pacing.on(day())))
        for pacing in (Pacing(), Pacing(curves=(late(),)))
    )
    assert (even.status, seasonal.status) == ("off_track", "on_track")
