"""Limits, milestones and values set by hand; stretch, commitment and guardrails: each form judged and explained.

Weeks of Q3 2026 end on the Sundays 07-12, 07-19 … 09-27: twelve in all, six by 15 August (the last on 08-09, five).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.okr.assess import assess
from service.okr.by_hand import as_measurement, facts_by_hand, in_force, with_patience
from service.okr.evidence import Evidence, Watched, kept
from service.okr.goals import Goal, resolve
from service.okr.model import Guardrail, KeyResult
from service.okr.presets import PRESETS
from service.okr.status import RATIO, WORST_FIRST, Rule
from service.okr.targets import Bounds, Level, Milestone
from service.okr.windows import natural_window, reading_window, week_ends
from service.values import CheckIn, HandSet, Segment, Status, Window
from tests.okr.building import CATALOGUE, Q3, day, key_result, measured

RATE = CATALOGUE["conversion_rate"]
AT_LEAST = Bounds(low=Level(Decimal("0.02"), is_percent=True))
AT_MOST = Bounds(high=Level(Decimal("0.04"), is_percent=True))
BETWEEN = Bounds(AT_LEAST.low, AT_MOST.high)


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "value", "inclusive", "strict"),
    [
        (AT_LEAST, "0.02", True, False),
        (AT_LEAST, "0.019999", False, False),
        (AT_LEAST, "7", True, True),
        (AT_MOST, "0.04", True, False),
        (AT_MOST, "0.040001", False, False),
        (BETWEEN, "0.02", True, False),
        (BETWEEN, "0.03", True, True),
        (BETWEEN, "0.04", True, False),
        (BETWEEN, "0.05", False, False),
    ],
)
def test_limits_are_inclusive_unless_asked_otherwise(bounds: Bounds, value: str, inclusive: bool, strict: bool) -> None:
    assert bounds.holds(Decimal(value)) is inclusive
    assert bounds.holds(Decimal(value), is_strict=True) is strict


def test_weeks_lie_whole_in_their_quarter() -> None:
    assert [f"{end:%m-%d}" for end in week_ends(Q3, Q3.last_day)] == [
        "07-12", "07-19", "07-26", "08-02", "08-09", "08-16", "08-23", "08-30", "09-06", "09-13", "09-20", "09-27",
    ]  # fmt: skip
    assert week_ends(Q3, date(2026, 7, 11)) == []
    assert week_ends(Q3, date(2026, 7, 12)) == [date(2026, 7, 12)]
    assert len(week_ends(Q3, date(2027, 1, 1))) == 12


@given(st.dates(Q3.start, Q3.last_day))
def test_a_week_is_seven_days_of_the_quarter_that_are_over(as_of: date) -> None:
    for end in week_ends(Q3, as_of):
        assert end.weekday() == 6
        assert Q3.start <= end - timedelta(days=6) <= end <= as_of


def test_limits_look_at_the_last_seven_days_and_levels_at_all_history() -> None:
    assert natural_window(RATE, AT_LEAST) == "trailing_7d"
    assert natural_window(CATALOGUE["repeat_purchase_rate"], AT_LEAST) == "as_of"
    week = reading_window("trailing_7d", Q3, date(2026, 7, 12))
    assert week == Window(date(2026, 7, 6), date(2026, 7, 13))


def keeping(
    weeks: str,
    now: str = "0.03",
    bounds: Bounds = AT_LEAST,
    as_of: str = "2026-08-15",
    rule: Rule = RATIO,
    **known: Any,
) -> CheckIn:
    """A conversion rate that in each week was o, within its limits, x, outside, or -, without a session."""
    values = {"o": "0.03", "x": "0.01", "-": None}
    asked = key_result("conversion_rate", target=bounds)
    goal = resolve(None, bounds, RATE, False)
    evidence = Evidence(weeks=tuple(measured(values[week], "conversion_rate", **known) for week in weeks))
    return assess(asked, RATE, goal, measured(now, "conversion_rate"), day(as_of), rule, evidence)


@pytest.mark.parametrize(
    ("weeks", "now", "as_of", "status", "attained", "reason"),
    [
        ("ooooo", "0.03", "2026-08-15", "on_track", "1", "it held in 5 of 5 complete weeks"),
        ("ooooo", "0.01", "2026-08-15", "at_risk", "1", "it held in 5 of 5 complete weeks, but it does not hold now"),
        ("oooox", "0.03", "2026-08-15", "at_risk", "0.8",
         "it held in 4 of 5 complete weeks, 80.0 %; on track begins at 90.0 %"),
        ("xxxoo", "0.03", "2026-08-15", "off_track", "0.4",
         "it held in 2 of 5 complete weeks, 40.0 %; at risk begins at 70.0 %"),
        ("xxxoo", "0.01", "2026-08-15", "off_track", "0.4",
         "it held in 2 of 5 complete weeks, 40.0 %; at risk begins at 70.0 %"),
        ("oo--o", "0.03", "2026-08-15", "on_track", "1", "it held in 3 of 3 complete weeks"),
        ("", "0.01", "2026-07-11", "too_early", None, "no week is complete yet"),
        ("o", "0.01", "2026-07-12", "at_risk", "1", "it held in 1 of 1 complete weeks, but it does not hold now"),
        ("o" * 12, "0.01", "2026-09-30", "achieved", "1",
         "it held in 12 of 12 complete weeks, 100.0 %; achieved begins at 100.0 %"),
        ("o" * 9 + "xxx", "0.03", "2026-09-30", "partly_achieved", "0.75",
         "it held in 9 of 12 complete weeks, 75.0 %; achieved begins at 100.0 %"),
        ("o" * 8 + "xxxx", "0.03", "2026-09-30", "missed", None,
         "it held in 8 of 12 complete weeks, 66.7 %; partly achieved begins at 70.0 %"),
    ],
)  # fmt: skip
def test_limits_are_judged_by_the_weeks_they_held_in_and_by_now(
    weeks: str, now: str, as_of: str, status: str, attained: str | None, reason: str
) -> None:
    found = keeping(weeks, now, as_of=as_of)
    assert found.status == status
    assert f": {reason}. Now " in found.explanation
    assert found.explanation.endswith(f"Now {RATE.format(Decimal(now))}, and at least 2% is asked.")
    assert found.expected_progress == 1
    if attained is not None:
        assert found.attainment == Decimal(attained)
    assert (found.baseline, found.target) == (None, Decimal("0.02"))


def test_a_week_that_was_not_read_whole_spoils_the_answer() -> None:
    found = keeping("oo", is_complete=False, incomplete_because="orders before 2026-07-20 were not read")
    assert (found.status, found.attainment) == ("incomplete", None)
    assert found.explanation.startswith("Incomplete: orders before 2026-07-20 were not read.")


def test_two_limits_have_no_single_target() -> None:
    found = keeping("oxo", bounds=BETWEEN)
    assert (found.target, resolve(None, BETWEEN, RATE, False).direction) == (None, None)
    assert found.explanation.endswith("and between 2% and 4% is asked.")


@given(st.text("ox", min_size=1, max_size=12), st.sampled_from(["0.01", "0.03"]), st.sampled_from(sorted(PRESETS)))
def test_a_week_that_held_never_worsens_a_status(weeks: str, now: str, preset: str) -> None:
    rule = PRESETS[preset].rule
    before, after = (keeping(text, now, rule=rule) for text in (weeks, weeks.replace("x", "o", 1)))
    assert WORST_FIRST.index(after.status) >= WORST_FIRST.index(before.status)


@given(st.permutations("oooxx-"))
def test_the_order_of_weeks_never_matters(weeks: list[str]) -> None:
    assert keeping("".join(weeks)).attainment == Decimal("0.6")


# --- milestones and values set by hand -----------------------------------------------------------------------------

LAUNCH = key_result("milestone", "launch", target=Milestone())
NPS = key_result("manual", "nps", baseline=30, target=40)


def set_by_hand(asked: KeyResult, value: str, at: str, as_of: str) -> CheckIn:
    """The value somebody set at noon of a day, as that or a later day sees it."""
    moment = datetime.fromisoformat(f"{at}T12:00:00+00:00")
    found = in_force([HandSet(Decimal(value), moment.date(), moment)], day(as_of))
    facts, patient = facts_by_hand(asked), with_patience(day(as_of))
    reading = as_measurement(found, asked, facts, patient) if found else None
    goal = resolve(asked.baseline, asked.target, facts, facts.kind == "flow")
    return assess(asked, facts, goal, reading, patient)


@pytest.mark.parametrize(
    ("asked", "value", "at", "as_of", "status", "explanation"),
    [
        (LAUNCH, "0.5", "2026-08-14", "2026-08-15", "on_track",
         "On track: 1.00 of the expected pace; on track begins at 0.90. "
         "50.0 % done, 50.0 % expected after 46 of 92 days."),
        (LAUNCH, "1", "2026-07-20", "2026-08-15", "on_track",
         "On track: the target is reached. 100.0 % done, 50.0 % expected after 46 of 92 days."),
        (LAUNCH, "1", "2026-07-20", "2026-09-30", "achieved",
         "Achieved: the target is reached. 100.0 % done, 100.0 % expected after 92 of 92 days."),
        (LAUNCH, "0.5", "2026-07-20", "2026-08-15", "stale",
         "Stale: no value was set since 2026-07-20 12:00 UTC, and one holds for 14 days. "
         "50.0 % done, 50.0 % expected after 46 of 92 days."),
        (LAUNCH, "0.5", "2026-08-16", "2026-08-15", "no_data",
         "No data: nobody has set a value yet (okrsync okr set launch VALUE)."),
        (NPS, "35", "2026-08-14", "2026-08-15", "on_track",
         "On track: 1.00 of the expected pace; on track begins at 0.90. "
         "35, from 30 to 40: 50.0 % of the way, 50.0 % expected after 46 of 92 days."),
        (NPS, "38", "2026-09-28", "2026-09-30", "at_risk",
         "At risk: 0.80 of the expected pace; on track begins at 0.90. "
         "38, from 30 to 40: 80.0 % of the way, 100.0 % expected after 92 of 92 days. "
         "No value was set since the quarter ended, so this is not its final status."),
        (NPS, "38", "2026-10-02", "2026-09-30", "partly_achieved",
         "Partly achieved: 80.0 % of the way; achieved begins at 100.0 %. "
         "38, from 30 to 40: 80.0 % of the way, 100.0 % expected after 92 of 92 days."),
    ],
)  # fmt: skip
def test_values_set_by_hand(asked: KeyResult, value: str, at: str, as_of: str, status: str, explanation: str) -> None:
    found = set_by_hand(asked, value, at, as_of)
    assert (found.status, found.explanation) == (status, explanation)


def test_of_several_values_the_newest_for_a_day_holds() -> None:
    def value(number: int, on: str, at: str) -> HandSet:
        return HandSet(Decimal(number), date.fromisoformat(on), datetime.fromisoformat(f"{at}T00:00:00+00:00"))

    values = [value(1, "2026-08-01", "2026-08-02"), value(3, "2026-08-10", "2026-08-10"),
              value(2, "2026-08-01", "2026-08-12"), value(9, "2026-10-05", "2026-10-05")]  # fmt: skip
    in_force_on = {
        text: in_force(values, day(text)) for text in ("2026-07-31", "2026-08-01", "2026-08-31", "2026-09-30")
    }
    assert [found and int(found.value) for found in in_force_on.values()] == [None, 2, 3, 9]


@pytest.mark.parametrize(
    ("written", "kind", "unit", "currency"),
    [
        ({"target": 40, "baseline": None}, "flow", "count", None),
        ({"target": 40, "baseline": 30}, "level", "count", None),
        ({"target": "40%", "baseline": "30%"}, "level", "ratio", None),
        ({"target": "+4pp", "baseline": "0.3"}, "level", "ratio", None),
        ({"target": "55 USD", "baseline": None}, "flow", "money", "USD"),
        ({"target": Bounds(Level(Decimal(5)))}, "level", "count", None),
    ],
)
def test_the_unit_of_a_value_set_by_hand_is_read_off_the_file(
    written: dict[str, Any], kind: str, unit: str, currency: str | None
) -> None:
    facts = facts_by_hand(key_result("manual", **written))
    assert (facts.kind, facts.unit, facts.currency) == (kind, unit, currency)


# --- stretch, commitment, guardrails -------------------------------------------------------------------------------

AOV = CATALOGUE["average_order_value"]


@pytest.mark.parametrize(
    ("baseline", "target", "stretch", "reached"),
    [("50", "55", "60", "60"), ("50", "45", "40", "39"), ("50", "+10%", "+20%", "60")],
)
def test_a_stretch_that_is_reached_is_told(baseline: str, target: str, stretch: str, reached: str) -> None:
    asked = key_result(baseline=baseline, target=target, stretch=stretch)
    goal = resolve(asked.baseline, asked.target, AOV, False, stretch=asked.stretch)
    short = assess(asked, AOV, goal, measured(str(goal.target)), day("2026-09-30"))
    beyond = assess(asked, AOV, goal, measured(reached), day("2026-09-30"))
    assert (short.status, beyond.status) == ("achieved", "achieved")
    assert "stretch" not in short.explanation
    assert beyond.explanation.endswith(f"Its stretch, {AOV.format(goal.stretch)}, is reached too.")


@pytest.mark.parametrize("stretch", ["60 INR", "57 INR", "65 INR"])
def test_a_stretch_the_measured_baseline_has_passed_is_none(stretch: str) -> None:
    """From ₹60 down to ₹55, a stretch of ₹57 is on this side of it and ₹65 on the other side of where it began."""
    asked = key_result(target="55 INR", stretch=stretch)
    goal = resolve(asked.baseline, asked.target, AOV, False, measured("60"), asked.stretch)
    assert (goal.target, goal.stretch) == (55, None)
    assert assess(asked, AOV, goal, measured("50"), day("2026-09-30")).status == "achieved"


@pytest.mark.parametrize(
    ("commitment", "value", "status", "end"),
    [
        ("committed", "55", "achieved", "days."),
        ("committed", "54", "partly_achieved", "It was committed, so somebody should ask why."),
        ("committed", "50", "missed", "It was committed, so somebody should ask why."),
        ("aspirational", "54", "partly_achieved",
         "It was aspirational, and this is about what such key results come to."),
        ("aspirational", "51", "missed", "days."),
    ],
)  # fmt: skip
def test_a_commitment_is_remembered_at_the_end(commitment: Any, value: str, status: str, end: str) -> None:
    asked, goal = key_result(commitment=commitment), Goal(Decimal(50), Decimal(55), grows=False)
    found = assess(asked, AOV, goal, measured(value), day("2026-09-30"))
    assert found.status == status
    assert found.explanation.endswith(end)


def guarded(rate: str | None, value: str = "55", as_of: str = "2026-09-30", **known: Any) -> CheckIn:
    """An average order value of ₹50 → ₹55, guarded by a conversion rate of at least 2 %."""
    guardrail = Guardrail("conversion_rate", Segment(), "all", None, AT_LEAST, "g")
    reading = measured(rate, "conversion_rate", **known) if rate or known else None
    evidence = Evidence(guardrails=(Watched(guardrail, RATE, reading),))
    goal = Goal(Decimal(50), Decimal(55), grows=False)
    return assess(key_result(), AOV, goal, measured(value), day(as_of), evidence=evidence)


@pytest.mark.parametrize(
    ("rate", "value", "as_of", "begin", "end"),
    [
        ("0.02", "55", "2026-09-30", "Achieved: the target is reached.", "days."),
        ("0.018", "55", "2026-09-30", "Achieved, with a guardrail broken: the target is reached.",
         "Guardrail broken: conversion_rate is 1.80 %, and at least 2% is asked."),
        ("0.018", "53", "2026-08-15", "On track, with a guardrail broken: 1.20",
         "Guardrail broken: conversion_rate is 1.80 %, and at least 2% is asked."),
        ("0.018", "51", "2026-08-15", "Off track: 0.40",
         "Guardrail broken: conversion_rate is 1.80 %, and at least 2% is asked."),
        (None, "55", "2026-09-30", "Achieved: ", "Guardrail not judged: conversion_rate: it has no value."),
    ],
)  # fmt: skip
def test_a_broken_guardrail_qualifies_what_looks_good(
    rate: str | None, value: str, as_of: str, begin: str, end: str
) -> None:
    found = guarded(rate, value, as_of)
    assert found.explanation.startswith(begin)
    assert found.explanation.endswith(end)


def test_a_guardrail_that_was_not_read_whole_is_not_judged() -> None:
    found = guarded("0.01", is_complete=False, incomplete_because="orders before 2026-09-05 were not read")
    assert found.explanation.startswith("Achieved: ")
    assert found.explanation.endswith("Guardrail not judged: conversion_rate: orders before 2026-09-05 were not read.")


@given(st.decimals(0, 1, places=3), st.decimals(0, 1, places=3))
def test_kept_counts_only_what_has_a_value(one: Decimal, other: Decimal) -> None:
    found = kept(BETWEEN, [one, None, other], one, RATIO)
    assert found.weeks == 2
    assert found.held == sum(Decimal("0.02") <= value <= Decimal("0.04") for value in (one, other))


def test_statuses_of_limits_under_a_rule_for_now() -> None:
    for preset, status in (("quantive", "off_track"), ("upraise", "off_track"), ("engagedly", "at_risk")):
        rule: Rule = PRESETS[preset].rule
        outside, inside = keeping("ooo", "0.01", rule=rule), keeping("xxx", "0.03", rule=rule)
        expected: tuple[Status, Status] = (status, "on_track")  # type: ignore[assignment]
        assert (outside.status, inside.status) == expected
        assert "it does not hold now" in outside.explanation
        on_its_limit = keeping("ooo", "0.02", rule=replace(rule, is_strict=True))
        assert on_its_limit.status == status


def test_data_of_a_done_milestone_reach_the_end_of_every_day() -> None:
    found = in_force([HandSet(Decimal(1), date(2026, 7, 2), datetime(2026, 7, 2, tzinfo=UTC))], day())
    assert found is not None
    assert as_measurement(found, LAUNCH, facts_by_hand(LAUNCH), day()).data_as_of == day().ends_at
