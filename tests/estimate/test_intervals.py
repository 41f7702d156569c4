"""Intervals against published values, a brute-force definition and their own symmetries."""

from __future__ import annotations

from decimal import Decimal
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.estimate.intervals import Z_95, normal_mean, wilson

# Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3 (Wilson, 95 %).
PUBLISHED = [
    (81, 263, "0.2553", "0.3662"),
    (15, 148, "0.0624", "0.1605"),
    (0, 20, "0.0000", "0.1611"),
    (1, 29, "0.0061", "0.1718"),
]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), PUBLISHED)
def test_wilson_gives_the_published_ends(successes: int, trials: int, low: str, high: str) -> None:
    ends = wilson(Decimal(successes), Decimal(trials))
    assert ends is not None
    assert [str(round(end, 4)) for end in ends] == [low, high]


@given(st.integers(1, 10**7).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_a_share_lies_inside_its_interval_and_mirrors(case: tuple[int, int]) -> None:
    successes, trials = map(Decimal, case)
    low, high = wilson(successes, trials) or (None, None)
    mirrored_low, mirrored_high = wilson(trials - successes, trials) or (None, None)
    assert low is not None and high is not None and mirrored_low is not None and mirrored_high is not None
    assert 0 <= low <= successes / trials + Decimal("1e-12") and successes / trials - Decimal("1e-12") <= high <= 1
    assert abs(low - (1 - mirrored_high)) <= Decimal("2e-12")
    assert abs(high - (1 - mirrored_low)) <= Decimal("2e-12")


def test_there_is_no_interval_without_anything_to_count() -> None:
    assert wilson(Decimal(0), Decimal(0)) is None
    assert normal_mean(Decimal(5), Decimal(25), Decimal(1)) is None


def test_what_is_not_a_share_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(Decimal(3), Decimal(2))


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=50))
def test_the_interval_of_a_mean_is_that_of_its_values(values: list[int]) -> None:
    ends = normal_mean(Decimal(sum(values)), Decimal(sum(v * v for v in values)), Decimal(len(values)))
    half = NormalDist().inv_cdf(0.975) * stdev(values) / len(values) ** 0.5
    assert ends is not None
    assert float(ends[0]) == pytest.approx(mean(values) - half, rel=1e-9, abs=1e-6)
    assert float(ends[1]) == pytest.approx(mean(values) + half, rel=1e-9, abs=1e-6)


def test_equal_values_leave_no_doubt_even_when_their_squares_were_rounded() -> None:
    value = Decimal(5000)
    assert normal_mean(value * 10, value * value * 10 - Decimal("0.001"), Decimal(10)) == (value, value)


def test_the_constant_is_the_97_5_percent_point() -> None:
    assert float(Z_95) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-15)
