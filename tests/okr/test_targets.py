"""Targets and baselines as written, and as numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from service.okr.goals import Goal, resolve
from service.okr.targets import (
    Level,
    PastQuarter,
    Points,
    Relative,
    parse_baseline,
    parse_target,
)
from service.okr.windows import baseline_window, grows, natural_window, reading_window
from service.values import Window
from tests.okr.building import CATALOGUE, Q3, growing, measured, moving

AOV = CATALOGUE["average_order_value"]
ORDERS = CATALOGUE["orders"]
RATE = CATALOGUE["conversion_rate"]


@pytest.mark.parametrize(
    ("written", "target", "rule"),
    [
        ("+20%", Relative(Decimal("0.2")), "+20%"),
        ("-10 %", Relative(Decimal("-0.1")), "-10%"),
        ("−12.5%", Relative(Decimal("-0.125")), "-12.5%"),
        ("+10% relative", Relative(Decimal("0.1"), is_explicit=True), "+10% relative"),
        ("+4pp", Points(Decimal("0.04")), "+4pp"),
        ("- 0.5 pp", Points(Decimal("-0.005")), "-0.5pp"),
        (Decimal("0.60"), Level(Decimal("0.60")), "0.6"),
        (12000, Level(Decimal(12000)), "12000"),
        ("12000", Level(Decimal(12000)), "12000"),
        ("60%", Level(Decimal("0.6"), is_percent=True), "60%"),
        ("55 INR", Level(Decimal(55), "INR"), "55 INR"),
        ("INR 55.50", Level(Decimal("55.5"), "INR"), "55.5 INR"),
        ("₹55", Level(Decimal(55), "INR"), "55 INR"),
        ("55€", Level(Decimal(55), "EUR"), "55 EUR"),
    ],
)
def test_targets_read_as_written(written: object, target: object, rule: str) -> None:
    assert parse_target(written) == target
    assert str(target) == rule
    assert parse_target(rule) == target


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("+20", "it needs % or pp after the number"),
        (-10, "it needs % or pp after the number"),
        ("4pp", "points are a change and need a sign"),
        ("+0%", "changes nothing"),
        ("-0pp", "changes nothing"),
        ("+4pp relative", "is both points and relative"),
        ("$55", "names no single currency: write its code, such as 55 USD"),
        ("¥55", "names no single currency"),
        ("12,000", "is written with separators: write 12000"),
        ("12 000", "is written with separators"),
        ("INR 55 INR", "is not a value"),
        ("55 Rs", "is not a value"),
        ("fifty", "fifty is not a value"),
        ("", "is not a value"),
        (True, "true is neither a number nor a text"),
        ([1, 2], "is neither a number nor a text"),
        (Decimal("nan"), "NaN is not a value"),
        (Decimal("inf"), "Infinity is not a value"),
    ],
)
def test_what_is_not_a_target_is_told(written: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_target(written)


@pytest.mark.parametrize(
    ("written", "baseline"),
    [
        ("previous_quarter", PastQuarter.PREVIOUS),
        ("same_quarter_last_year", PastQuarter.SAME_LAST_YEAR),
        (10000, Level(Decimal(10000))),
        (0, Level(Decimal(0))),
        ("20%", Level(Decimal("0.2"), is_percent=True)),
        ("50 INR", Level(Decimal(50), "INR")),
        ("INR 50", Level(Decimal(50), "INR")),
    ],
)
def test_baselines_read_as_written(written: object, baseline: object) -> None:
    assert parse_baseline(written) == baseline
    assert parse_baseline(str(baseline)) == baseline


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            "last_quarter",
            '"last_quarter" is not a quarter to start from: previous_quarter or same_quarter_last',
        ),
        ("+20%", "is a change, and a baseline is where changes are counted from"),
        (False, "false is neither a number nor a text"),
        ("12,000", "is written with separators"),
    ],
)
def test_what_is_not_a_baseline_is_told(written: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_baseline(written)


@pytest.mark.parametrize(
    ("metric", "past", "target", "goal", "direction"),
    [
        ("repeat_customers", "10000", "+20%", moving("10000", "12000"), "increase"),
        ("average_order_value", "50", "+10%", moving("50", "55"), "increase"),
        ("average_order_value", "50", "-10%", moving("50", "45"), "decrease"),
        ("average_order_value", "50", "55 INR", moving("50", "55"), "increase"),
        ("conversion_rate", "0.02", "+4pp", moving("0.02", "0.06"), "increase"),
        ("conversion_rate", "0.02", "-0.5pp", moving("0.02", "0.015"), "decrease"),
        ("conversion_rate", "0.60", "+10% relative", moving("0.60", "0.66"), "increase"),
        ("orders", "1000", "+20%", growing("1200", "1000"), "increase"),
        # After a high season a flow may aim lower than the quarter before and still counts up to it.
        ("orders", "1000", 900, growing("900", "1000"), "increase"),
        ("orders", "1000", 1000, growing("1000", "1000"), "increase"),
    ],
)
def test_goals_are_resolved_exactly(metric: str, past: str, target: object, goal: Goal, direction: str) -> None:
    facts = CATALOGUE[metric]
    is_growing = grows(facts, natural_window(facts))
    resolved = resolve(PastQuarter.PREVIOUS, parse_target(target), facts, is_growing, measured(past, metric))
    assert resolved == goal
    assert resolved.direction == direction


def test_a_baseline_written_as_a_value_needs_no_measurement() -> None:
    assert resolve(parse_baseline("50 INR"), parse_target("+10%"), AOV, False) == moving("50", "55")
    assert resolve(None, parse_target(1200), ORDERS, True) == growing("1200")


PREVIOUS = PastQuarter.PREVIOUS


@pytest.mark.parametrize(
    ("past", "because", "is_incomplete"),
    [
        (None, "the baseline, average_order_value of the previous quarter, has not been measured", False),
        (
            measured(None),
            "average_order_value has no value in the previous quarter, which is the baseline",
            False,
        ),
        (
            measured("50", is_complete=False, incomplete_because="orders begin on 2026-05-02"),
            "the baseline, the previous quarter, is incomplete: orders begin on 2026-05-02",
            True,
        ),
        (measured("50", currency="USD"), "the baseline is in USD and average_order_value in INR", False),
        (measured("0"), "+10% of a baseline of INR 0.00 says nothing: the target must be a level", False),
        (measured("-5"), "+10% of a baseline of INR -5.00 says nothing: the target must be a level", False),
    ],
)
def test_a_goal_that_data_cannot_answer_says_why(past: object, because: str, is_incomplete: bool) -> None:
    goal = resolve(PREVIOUS, parse_target("+10%"), AOV, False, past)  # type: ignore[arg-type]
    assert (goal.target, goal.because, goal.is_incomplete, goal.direction) == (
        None,
        because,
        is_incomplete,
        None,
    )


def test_a_measured_baseline_may_turn_out_to_be_the_target() -> None:
    goal = resolve(PREVIOUS, parse_target("55 INR"), AOV, False, measured("55.00"))
    assert goal.because == "baseline and target are both INR 55.00, so there is no way to go"
    assert (goal.baseline, goal.target) == (Decimal(55), None)


def test_a_flow_with_a_level_is_judged_without_its_baseline() -> None:
    goal = resolve(PREVIOUS, parse_target(1200), ORDERS, True, measured(None, "orders"))
    assert goal == growing("1200")


@pytest.mark.parametrize(
    ("window", "as_of", "expected"),
    [
        ("quarter", "2026-07-01", Window(date(2026, 7, 1), date(2026, 7, 2))),
        ("quarter", "2026-09-30", Window(date(2026, 7, 1), date(2026, 10, 1))),
        ("quarter", "2026-11-05", Window(date(2026, 7, 1), date(2026, 10, 1))),
        ("trailing_28d", "2026-07-10", Window(date(2026, 6, 13), date(2026, 7, 11))),
        ("trailing_28d", "2026-11-05", Window(date(2026, 9, 3), date(2026, 10, 1))),
        ("as_of", "2026-07-10", Window(None, date(2026, 7, 11))),
    ],
)
def test_readings_look_at_their_window(window: str, as_of: str, expected: Window) -> None:
    assert reading_window(window, Q3, date.fromisoformat(as_of)) == expected  # type: ignore[arg-type]


def test_baselines_look_at_the_whole_past_quarter() -> None:
    last_year = PastQuarter.SAME_LAST_YEAR
    assert baseline_window(PREVIOUS, "quarter", Q3) == Window(date(2026, 4, 1), date(2026, 7, 1))
    assert baseline_window(last_year, "quarter", Q3) == Window(date(2025, 7, 1), date(2025, 10, 1))
    assert baseline_window(PREVIOUS, "trailing_28d", Q3) == Window(date(2026, 6, 3), date(2026, 7, 1))
    assert baseline_window(PREVIOUS, "as_of", Q3) == Window(None, date(2026, 7, 1))
    assert baseline_window(Level(Decimal(5)), "quarter", Q3) is baseline_window(None, "as_of", Q3) is None


@pytest.mark.parametrize(
    ("metric", "natural", "is_growing"),
    [
        ("orders", "quarter", True),
        ("customers", "quarter", True),
        ("repeat_customers", "as_of", False),
        ("repeat_purchase_rate", "as_of", False),
        ("average_order_value", "quarter", False),
    ],
)
def test_each_kind_has_its_natural_window(metric: str, natural: str, is_growing: bool) -> None:
    facts = CATALOGUE[metric]
    assert natural_window(facts) == natural
    assert grows(facts, natural_window(facts)) is is_growing
    assert not grows(facts, "trailing_28d")
