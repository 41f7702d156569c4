"""Check-ins: the worked example, each status with its sentence, and the objective above them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.okr.assess import assess, assess_objective
from service.okr.explanation import WORDS
from service.okr.goals import Goal, resolve
from service.okr.model import KeyResult
from service.okr.status import RATIO
from service.okr.targets import PastQuarter
from service.values import CheckIn, Status
from tests.okr.building import CATALOGUE, day, growing, key_result, measured, moving, objective

AOV_GOAL = moving("50", "55")


def judged(value: str | None, as_of: str = "2026-08-15", goal: Goal = AOV_GOAL, **reading: Any) -> CheckIn:
    """The AOV key result of the worked example, ₹50 → ₹55, with that value on that day."""
    answer = measured(value, **reading)
    return assess(key_result(), CATALOGUE["average_order_value"], goal, answer, day(as_of))


@pytest.mark.parametrize(
    ("metric", "past", "target", "now"),
    [("repeat_customers", "10000", "+20%", "12000"), ("average_order_value", "50", "+10%", "55")],
)
def test_the_worked_example_is_achieved(metric: str, past: str, target: str, now: str) -> None:
    asked, facts = key_result(metric, target=target), CATALOGUE[metric]
    goal = resolve(asked.baseline, asked.target, facts, False, measured(past, metric))
    check_in = assess(asked, facts, goal, measured(now, metric), day("2026-09-30"))
    assert (check_in.baseline, check_in.target, check_in.value) == (Decimal(past), Decimal(now), Decimal(now))
    assert (check_in.status, check_in.attainment, check_in.progress) == ("achieved", Decimal(1), Decimal(1))
    assert (check_in.quarter, check_in.objective_id, check_in.key_result_id) == ("2026-Q3", "o", "kr")


WAY = "INR {}, from INR 50.00 to INR 55.00: {} % of the way, {} % expected after {} of 92 days."


@pytest.mark.parametrize(
    ("value", "as_of", "status", "explanation"),
    [
        (
            "52.40",
            "2026-08-15",
            "on_track",
            "On track: 0.96 of the expected pace; on track begins at 0.90. " + WAY.format("52.40", "48.0", "50.0", 46),
        ),
        (
            "52.20",
            "2026-08-15",
            "at_risk",
            "At risk: 0.88 of the expected pace; on track begins at 0.90. " + WAY.format("52.20", "44.0", "50.0", 46),
        ),
        (
            "52.2499",
            "2026-08-15",
            "at_risk",
            "At risk: just under 0.90 of the expected pace; on track begins at 0.90. "
            + WAY.format("52.25", "45.0", "50.0", 46),
        ),
        (
            "51",
            "2026-08-15",
            "off_track",
            "Off track: 0.40 of the expected pace; at risk begins at 0.70. " + WAY.format("51.00", "20.0", "50.0", 46),
        ),
        (
            "49",
            "2026-08-15",
            "off_track",
            "Off track: worse than where it began. " + WAY.format("49.00", "-20.0", "50.0", 46),
        ),
        (
            "56",
            "2026-08-15",
            "on_track",
            "On track: the target is reached. " + WAY.format("56.00", "120.0", "50.0", 46),
        ),
        (
            "50.10",
            "2026-07-09",
            "too_early",
            "Too early to judge: judging begins when 10.0 % of the quarter is over. "
            + WAY.format("50.10", "2.0", "9.8", 9),
        ),
        (
            "55",
            "2026-09-30",
            "achieved",
            "Achieved: the target is reached. " + WAY.format("55.00", "100.0", "100.0", 92),
        ),
        (
            "54.9999",
            "2026-09-30",
            "partly_achieved",
            "Partly achieved: just under 100.0 % of the way; achieved begins at 100.0 %. "
            + WAY.format("55.00", "just under 100.0", "100.0", 92),
        ),
        (
            "53",
            "2026-09-30",
            "missed",
            "Missed: 60.0 % of the way; partly achieved begins at 70.0 %. " + WAY.format("53.00", "60.0", "100.0", 92),
        ),
        (
            "45",
            "2026-09-30",
            "missed",
            "Missed: worse than where it began. " + WAY.format("45.00", "-100.0", "100.0", 92),
        ),
    ],
)
def test_each_status_says_why(value: str, as_of: str, status: str, explanation: str) -> None:
    check_in = judged(value, as_of)
    assert (check_in.status, check_in.explanation) == (status, explanation)


@pytest.mark.parametrize(
    ("goal", "value", "way"),
    [
        (
            growing("1200", "1000"),
            "540",
            "540 of 1,200 (baseline 1,000): 45.0 %, 50.0 % expected after 46 of 92 days.",
        ),
        (growing("1200"), "540", "540 of 1,200: 45.0 %, 50.0 % expected after 46 of 92 days."),
    ],
)
def test_a_flow_counts_up_to_its_target(goal: Goal, value: str, way: str) -> None:
    asked, facts = key_result("orders"), CATALOGUE["orders"]
    check_in = assess(asked, facts, goal, measured(value, "orders"), day())
    assert check_in.status == "on_track"
    assert check_in.explanation == f"On track: 0.90 of the expected pace; on track begins at 0.90. {way}"


def test_a_falling_rate_is_judged_like_a_rising_one() -> None:
    asked, facts = key_result("conversion_rate"), CATALOGUE["conversion_rate"]
    check_in = assess(asked, facts, moving("0.70", "0.60"), measured("0.655", "conversion_rate"), day())
    assert check_in.status == "on_track"
    assert "65.5 %, from 70.0 % to 60.0 %: 45.0 % of the way" in check_in.explanation


def test_without_a_reading_there_is_no_data() -> None:
    check_in = assess(key_result(), CATALOGUE["average_order_value"], AOV_GOAL, None, day())
    assert (check_in.status, check_in.value, check_in.progress) == ("no_data", None, None)
    assert check_in.explanation == "No data: average_order_value has not been measured for this day."
    assert check_in.expected_progress == Decimal("0.5")


def test_nothing_to_divide_by_is_no_data() -> None:
    check_in = judged(None)
    assert (check_in.status, check_in.progress) == ("no_data", None)
    assert check_in.explanation == "No data: average_order_value has no value yet: there was nothing to divide by."


def test_a_value_in_another_currency_is_no_data() -> None:
    check_in = judged("54", currency="USD")
    assert (check_in.status, check_in.value, check_in.attainment) == ("no_data", None, None)
    assert check_in.explanation == "No data: the value is in USD and average_order_value in INR."


def test_an_incomplete_history_gives_no_value() -> None:
    because = "orders before 2026-08-02 are hidden from this app"
    check_in = judged("56", is_complete=False, incomplete_because=because, value_low=Decimal(55))
    assert (check_in.status, check_in.value, check_in.value_low, check_in.progress) == ("incomplete",) + (None,) * 3
    assert check_in.explanation == f"Incomplete: {because}."


@pytest.mark.parametrize(
    ("past", "status", "because"),
    [
        (
            None,
            "no_data",
            "No data: the baseline, average_order_value of the previous quarter, has not been measured.",
        ),
        (
            measured(None),
            "no_data",
            "No data: average_order_value has no value in the previous quarter, which is the baseline.",
        ),
        (
            measured("50", is_complete=False, incomplete_because="orders begin on 2026-05-02"),
            "incomplete",
            "Incomplete: the baseline, the previous quarter, is incomplete: orders begin on 2026-05-02.",
        ),
    ],
)
@pytest.mark.parametrize("as_of", ["2026-08-15", "2026-09-30"])
def test_without_a_baseline_the_value_is_shown_and_not_judged(
    past: Any, status: Status, because: str, as_of: str
) -> None:
    facts = CATALOGUE["average_order_value"]
    goal = resolve(PastQuarter.PREVIOUS, key_result().target, facts, False, past)
    check_in = judged("54", as_of, goal)
    assert (check_in.status, check_in.value, check_in.attainment) == (status, Decimal(54), None)
    assert check_in.explanation == f"{because} The value is INR 54.00."


def test_stale_data_keep_their_value_and_lose_their_colour() -> None:
    check_in = judged("54", data_as_of=datetime(2026, 8, 13, 14, 5, tzinfo=UTC))
    assert (check_in.status, check_in.value) == ("stale", Decimal(54))
    assert check_in.explanation.startswith(
        "Stale: the data end at 2026-08-13 14:05 UTC and this day ended at 2026-08-16 00:00 UTC; "
        "the schedule allows 5 minutes. INR 54.00"
    )
    assert judged("54", data_as_of=None).explanation.startswith("Stale: nothing says how far the data reach.")


@pytest.mark.parametrize(
    ("data_as_of", "status"),
    [
        (datetime(2026, 10, 1, 0, 0, tzinfo=UTC), "partly_achieved"),
        (datetime(2026, 9, 30, 23, 57, tzinfo=UTC), "on_track"),
        (datetime(2026, 9, 30, 23, 54, tzinfo=UTC), "stale"),
        (None, "stale"),
    ],
)
def test_a_quarter_is_final_only_when_the_data_reach_its_end(data_as_of: datetime | None, status: str) -> None:
    check_in = judged("54.9", "2026-09-30", data_as_of=data_as_of)
    assert check_in.status == status
    assert ("so this is not its final status" in check_in.explanation) == (status == "on_track")


def test_a_later_day_shows_the_quarter_as_it_ended() -> None:
    check_in = judged("55", "2026-11-11")
    assert (check_in.as_of_date.isoformat(), check_in.status) == ("2026-09-30", "achieved")


DAYS_OF_Q3 = st.dates(day("2026-07-01").as_of, day("2026-09-30").as_of).map(str)


@given(st.decimals(40, 60, places=6), DAYS_OF_Q3)
def test_no_explanation_contradicts_its_status(value: Decimal, as_of: str) -> None:
    """The pace or share that is shown, read back, never lies on the other side of the limit beside it."""
    check_in = judged(str(value), as_of)
    assert check_in.explanation.startswith(f"{WORDS[check_in.status]}: ")
    compared = re.search(
        r": (just under )?(-?[\d,.]+)(?: %)? of the (?:expected|way).*?begins at (\d+\.\d+)",
        check_in.explanation,
    )
    if compared:
        shown, limit = Decimal(compared[2].replace(",", "")), Decimal(compared[3])
        reaches = shown >= limit and not compared[1]
        assert reaches == (check_in.status == "on_track")
    if "the target is reached" in check_in.explanation:
        assert value >= 55
    assert ("worse than where it began" in check_in.explanation) == (
        value < 50 and check_in.status in ("off_track", "missed")
    )


@given(st.decimals(40, 60, places=4), st.decimals(0, 10, places=4), DAYS_OF_Q3)
def test_a_better_value_is_never_judged_worse(value: Decimal, better: Decimal, as_of: str) -> None:
    order: list[Status] = [
        "missed",
        "off_track",
        "at_risk",
        "partly_achieved",
        "too_early",
        "on_track",
        "achieved",
    ]
    before, after = judged(str(value), as_of), judged(str(value + better), as_of)
    assert order.index(after.status) >= order.index(before.status)
    assert after.progress is not None
    assert before.progress is not None
    assert after.progress >= before.progress


# --- objectives -----------------------------------------------------------------------------------


def reading_of(asked: KeyResult, value: str | None, **reading: Any) -> CheckIn:
    answer = measured(value, asked.metric, **reading)
    return assess(asked, CATALOGUE[asked.metric], AOV_GOAL, answer, day())


def test_an_objective_is_its_weighted_mean_and_its_worst_status() -> None:
    good, poor = key_result(id_="good", weight=Decimal(3)), key_result(id_="poor")
    reading = assess_objective(objective(good, poor), [reading_of(good, "53"), reading_of(poor, "51")], day())
    assert (reading.progress, reading.expected_progress) == (Decimal("0.5"), Decimal("0.5"))
    assert (reading.status, reading.key_results_measured, reading.key_results_total) == ("off_track", 2, 2)
    assert reading.explanation == "Off track: poor. 2 of 2 measured."
    assert (reading.quarter, reading.objective_id, str(reading.as_of_date)) == ("2026-Q3", "o", "2026-08-15")


def test_a_missing_value_is_never_a_zero() -> None:
    good, empty, absent = key_result(id_="good"), key_result(id_="empty"), key_result(id_="absent")
    check_ins = [reading_of(good, "53"), reading_of(empty, None)]
    reading = assess_objective(objective(good, empty, absent), check_ins, day())
    assert (reading.progress, reading.status) == (Decimal("0.6"), "no_data")
    assert reading.explanation == "No data: absent, empty. 1 of 3 measured."


def test_an_objective_without_any_value_has_no_progress() -> None:
    one, other = key_result(id_="one"), key_result(id_="other")
    reading = assess_objective(objective(one, other), [], day())
    assert (reading.progress, reading.expected_progress, reading.status) == (None, None, "no_data")
    assert reading.explanation == "No data: all key results. 0 of 2 measured."


def test_progress_is_clamped_before_it_is_averaged() -> None:
    over, under = key_result(id_="over"), key_result(id_="under")
    reading = assess_objective(objective(over, under), [reading_of(over, "70"), reading_of(under, "40")], day())
    assert reading.progress == Decimal("0.5")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (("53", "53"), "on_track"),
        (("53", None), "no_data"),  # silence is never green
        (("51", None), "off_track"),  # and hides no shortfall that is known
        (("52.2", None), "at_risk"),
    ],
)
def test_silence_stands_between_shortfall_and_green(values: tuple[str | None, ...], status: str) -> None:
    asked = [key_result(id_=f"kr{n}") for n in range(len(values))]
    readings = [reading_of(each, value) for each, value in zip(asked, values, strict=True)]
    assert assess_objective(objective(*asked), readings, day()).status == status


@given(st.permutations(["50.3", "51", "52.2", "53", None]))
def test_the_order_of_check_ins_never_matters(values: list[str | None]) -> None:
    asked = {value: key_result(id_=f"kr{value}") for value in ("50.3", "51", "52.2", "53", None)}
    readings = [reading_of(asked[value], value) for value in values]
    one = assess_objective(objective(*asked.values()), readings, day())
    other = assess_objective(objective(*(asked[value] for value in values)), readings[::-1], day())
    assert one == other


def test_the_default_rule_is_the_published_one() -> None:
    bands = (RATIO.on_track, RATIO.at_risk, RATIO.achieved, RATIO.partly_achieved, RATIO.too_early)
    assert bands == tuple(map(Decimal, ("0.9", "0.7", "1", "0.7", "0.1")))
