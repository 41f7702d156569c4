"""Attainment, status and precedence: tables of cases, then what must hold for any numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.okr.goals import Goal
from service.okr.pace import linear
from service.okr.progress import attainment, clamped, roll_up
from service.okr.status import RATIO, WORST_FIRST, Rule, Situation, is_stale, judge
from tests.okr.building import Q3, day, growing, moving

CENTS = st.decimals(-1_000_000, 1_000_000, places=2)
POSITIVE = st.decimals(Decimal("0.01"), 1_000_000, places=2)
FRACTIONS = st.decimals(0, 1, places=4)


@pytest.mark.parametrize(
    ("goal", "value", "attained", "progress"),
    [
        (moving("10000", "12000"), "12000", "1", "1"),
        (moving("10000", "12000"), "11000", "0.5", "0.5"),
        (moving("10000", "12000"), "9000", "-0.5", "0"),
        (moving("10000", "12000"), "13000", "1.5", "1"),
        (moving("0.70", "0.60"), "0.65", "0.5", "0.5"),
        (moving("0.70", "0.60"), "0.72", "-0.2", "0"),
        (moving("0.70", "0.60"), "0.55", "1.5", "1"),
        (moving("-100", "100"), "0", "0.5", "0.5"),
        (growing("1200", "1000"), "600", "0.5", "0.5"),
        (growing("1200"), "0", "0", "0"),
        (growing("1200"), "-60", "-0.05", "0"),
        (moving("50", "55"), None, None, None),
        (Goal(Decimal(50), None, grows=False), "52", None, None),
        (Goal(None, Decimal(55), grows=False), "52", None, None),
    ],
)
def test_attainment(goal: Goal, value: str | None, attained: str | None, progress: str | None) -> None:
    result = attainment(None if value is None else Decimal(value), goal)
    assert result == (None if attained is None else Decimal(attained))
    assert clamped(result) == (None if progress is None else Decimal(progress))


@given(CENTS, CENTS)
def test_attainment_is_0_at_the_baseline_and_1_at_the_target(baseline: Decimal, target: Decimal) -> None:
    assume(baseline != target)
    goal = Goal(baseline, target, grows=False)
    assert attainment(baseline, goal) == 0
    assert attainment(target, goal) == 1


@given(POSITIVE)
def test_growing_is_0_at_nothing_and_1_at_the_target(target: Decimal) -> None:
    assert attainment(Decimal(0), Goal(None, target, grows=True)) == 0
    assert attainment(target, Goal(None, target, grows=True)) == 1


@given(CENTS, CENTS, CENTS)
def test_rising_and_falling_mirror_each_other(baseline: Decimal, target: Decimal, value: Decimal) -> None:
    assume(baseline != target)
    rising, falling = Goal(baseline, target, grows=False), Goal(-baseline, -target, grows=False)
    assert attainment(value, rising) == attainment(-value, falling)
    assert {rising.direction, falling.direction} == {"increase", "decrease"}


@pytest.mark.parametrize(
    ("weighted", "mean"),
    [
        ([("1", "1"), ("1", "0.5")], "0.75"),
        ([("3", "1"), ("1", "0")], "0.75"),
        ([("0.6", "1"), ("0.6", "0")], "0.5"),
        ([("1", "0.4"), ("1", None)], "0.4"),
        ([("0", "0.4"), ("2", "0.7")], "0.7"),
        ([("0", "0.4")], None),
        ([("1", None)], None),
        ([], None),
    ],
)
def test_objectives_are_weighted_means_of_what_is_measured(
    weighted: list[tuple[str, str | None]], mean: str | None
) -> None:
    pairs = [(Decimal(weight), None if value is None else Decimal(value)) for weight, value in weighted]
    assert roll_up(pairs) == (None if mean is None else Decimal(mean))


WEIGHTED = st.lists(st.tuples(POSITIVE, st.one_of(st.none(), st.decimals(0, 1, places=20))), max_size=8)


@given(WEIGHTED, st.randoms())
def test_the_order_of_key_results_never_matters(pairs: list[tuple[Decimal, Decimal | None]], random: object) -> None:
    shuffled = sorted(pairs, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert roll_up(pairs) == roll_up(shuffled)


@given(WEIGHTED)
def test_an_objective_lies_between_its_key_results(pairs: list[tuple[Decimal, Decimal | None]]) -> None:
    values = [value for _, value in pairs if value is not None]
    mean = roll_up(pairs)
    assert (mean is None) == (not values)
    if mean is not None:
        assert min(values) <= mean <= max(values)


# --- pace -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "number", "elapsed"),
    [
        ("2026-07-01", 1, Decimal(1) / 92),
        ("2026-08-15", 46, Decimal("0.5")),
        ("2026-09-30", 92, Decimal(1)),
        ("2026-12-24", 92, Decimal(1)),
    ],
)
def test_elapsed_counts_complete_days(as_of: str, number: int, elapsed: Decimal) -> None:
    assert (day(as_of).number, day(as_of).elapsed, linear(day(as_of).elapsed)) == (number, elapsed, elapsed)


def test_a_day_after_the_quarter_is_its_last_day() -> None:
    late = day("2026-12-24")
    assert (late.as_of, late.ends_at, late.is_last) == (Q3.last_day, datetime(2026, 10, 1, tzinfo=UTC), True)
    assert not day("2026-09-29").is_last


def test_a_day_before_the_quarter_is_none_of_its_days() -> None:
    with pytest.raises(ValueError, match="2026-06-30 is before 2026-Q3 begins, on 2026-07-01"):
        day("2026-06-30")


# --- status ---------------------------------------------------------------------------------------

HALF_WAY = Situation(
    attainment=Decimal("0.5"), expected=Decimal("0.5"), elapsed=Decimal("0.5"), is_stale=False, is_final=False
)


@pytest.mark.parametrize(
    ("attained", "status"),
    [
        ("0.5", "on_track"),
        ("0.45", "on_track"),
        ("0.4499999999", "at_risk"),
        ("0.35", "at_risk"),
        ("0.3499999999", "off_track"),
        ("0", "off_track"),
        ("-0.01", "off_track"),
        ("1", "on_track"),
        ("7", "on_track"),
    ],
)
def test_the_ratio_rule_half_way(attained: str, status: str) -> None:
    assert judge(replace(HALF_WAY, attainment=Decimal(attained))) == status


@pytest.mark.parametrize(
    ("attained", "status"),
    [
        ("1", "achieved"),
        ("1.2", "achieved"),
        ("0.9999999999", "partly_achieved"),
        ("0.7", "partly_achieved"),
        ("0.6999999999", "missed"),
        ("-1", "missed"),
    ],
)
def test_the_end_of_a_quarter(attained: str, status: str) -> None:
    assert judge(replace(HALF_WAY, attainment=Decimal(attained), is_final=True)) == status


def test_bands_are_values() -> None:
    strict = Rule(on_track=Decimal("0.95"), at_risk=Decimal("0.75"), partly_achieved=Decimal("0.5"))
    assert judge(replace(HALF_WAY, attainment=Decimal("0.46")), strict) == "at_risk"
    assert judge(replace(HALF_WAY, attainment=Decimal("0.37")), strict) == "off_track"
    assert judge(replace(HALF_WAY, is_final=True), strict) == "partly_achieved"
    ahead_only = Rule(on_track=Decimal("1.05"))
    assert ahead_only.on_the_way(Decimal("0.999"), Decimal(1)) == "at_risk"
    assert ahead_only.on_the_way(Decimal(1), Decimal(1)) == "on_track"


@pytest.mark.parametrize(
    ("elapsed", "status"),
    [(Decimal(9) / 92, "too_early"), (Decimal("0.0999"), "too_early"), (Decimal("0.1"), "on_track")],
)
def test_nothing_is_judged_in_the_first_tenth(elapsed: Decimal, status: str) -> None:
    assert judge(replace(HALF_WAY, elapsed=elapsed, expected=elapsed)) == status


@pytest.mark.parametrize(
    ("situation", "status"),
    [
        # every reason holds; then one after the other falls away
        ({"hindrance": "no_data", "is_stale": True, "elapsed": Decimal(0)}, "no_data"),
        ({"attainment": None, "is_stale": True, "elapsed": Decimal(0)}, "no_data"),
        ({"hindrance": "incomplete", "is_stale": True, "elapsed": Decimal(0)}, "incomplete"),
        ({"hindrance": "incomplete", "is_final": True}, "incomplete"),
        ({"hindrance": "no_data", "is_final": True}, "no_data"),
        ({"is_final": True, "elapsed": Decimal(0)}, "missed"),
        ({"is_stale": True, "elapsed": Decimal(0)}, "stale"),
        ({"elapsed": Decimal(0), "expected": Decimal(0)}, "too_early"),
        ({}, "on_track"),
    ],
)
def test_reasons_count_in_order(situation: dict[str, object], status: str) -> None:
    assert judge(replace(HALF_WAY, **situation)) == status  # type: ignore[arg-type]


@given(st.decimals(-3, 3, places=6), st.decimals(0, 3, places=6), FRACTIONS, st.booleans(), st.booleans())
def test_a_better_value_never_worsens_a_status(
    attained: Decimal, better: Decimal, elapsed: Decimal, is_final: bool, is_stale: bool
) -> None:
    now = replace(HALF_WAY, elapsed=elapsed, expected=elapsed, is_final=is_final, is_stale=is_stale)
    before = judge(replace(now, attainment=attained))
    after = judge(replace(now, attainment=attained + better))
    assert WORST_FIRST.index(after) >= WORST_FIRST.index(before)


@given(st.decimals(-3, 3, places=6), FRACTIONS, FRACTIONS)
def test_a_lower_expectation_never_worsens_a_status(attained: Decimal, one: Decimal, other: Decimal) -> None:
    lower, higher = sorted((one, other))
    statuses = [RATIO.on_the_way(attained, expected) for expected in (higher, lower)]
    assert WORST_FIRST.index(statuses[1]) >= WORST_FIRST.index(statuses[0])


END = datetime(2026, 8, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("data_as_of", "expected"),
    [
        (None, True),
        (END - 6 * MINUTE, True),
        (END - 5 * MINUTE, False),
        (END, False),
        (END + timedelta(days=30), False),
    ],
)
def test_data_are_stale_when_older_than_the_schedule_allows(data_as_of: datetime | None, expected: bool) -> None:
    assert is_stale(data_as_of, END, 5 * MINUTE) is expected
