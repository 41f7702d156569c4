"""A key result judged on a day gives a `CheckIn`, an objective by its key results an `ObjectiveReading`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from service.okr.amounts import MetricFacts
from service.okr.evidence import Evidence, Kept, kept
from service.okr.explanation import Case, explain, explain_objective
from service.okr.goals import Goal
from service.okr.model import KeyResult, Objective
from service.okr.pace import Day, Expectation, Pacing
from service.okr.progress import attainment, clamped, roll_up
from service.okr.status import RATIO, WORST_FIRST, Rule, Situation, held, is_stale, judge
from service.values import CheckIn, Measurement, Status

NOTHING_ELSE = Evidence()


@dataclass(frozen=True, slots=True)
class ObjectiveReading:
    """An objective on a day."""

    quarter: str
    objective_id: str
    as_of_date: date
    progress: Decimal | None
    expected_progress: Decimal | None
    status: Status
    key_results_measured: int
    key_results_total: int
    explanation: str


def assess(
    key_result: KeyResult,
    facts: MetricFacts,
    goal: Goal,
    reading: Measurement | None,
    day: Day,
    rule: Rule = RATIO,
    evidence: Evidence = NOTHING_ELSE,
) -> CheckIn:
    """The key result judged by what was measured for that day; `reading` is None when nothing was."""
    hindrance, because = _hindrance(key_result, facts, goal, reading, evidence)
    trusted = reading if reading and reading.is_complete and facts.fits(reading) else None
    value = trusted.value if trusted else None
    lacks_forecast = rule.kind == "forecast" and (goal.bounds is not None or evidence.probability is None)
    rule = rule.without_forecast() if lacks_forecast else rule
    limits = _limits(goal, value, rule, evidence)
    attained = limits.attainment(rule) if limits else attainment(value, goal)
    expected = _expected(goal, day, rule, evidence)
    data_as_of = reading.data_as_of if reading else None
    situation = Situation(
        attainment=attained,
        expected=expected.fraction,
        elapsed=day.elapsed,
        is_stale=is_stale(data_as_of, day.ends_at, day.allowance),
        is_final=day.is_last and data_as_of is not None and data_as_of >= day.ends_at,
        hindrance=hindrance,
        is_unripe=limits is not None and attained is None,
        is_outside=limits is not None and not limits.is_held_now,
        is_committed=key_result.commitment == "committed",
        probability=evidence.probability,
    )
    by_numbers = judge(situation, rule)
    standing = held(by_numbers, _ends(trusted, goal), expected.fraction, evidence.before, rule)
    check_in = CheckIn(
        quarter=day.quarter.label,
        objective_id=key_result.objective_id,
        key_result_id=key_result.id,
        as_of_date=day.as_of,
        value=value,
        value_low=trusted.value_low if trusted else None,
        value_high=trusted.value_high if trusted else None,
        baseline=goal.baseline,
        target=goal.target,
        attainment=attained,
        progress=clamped(attained),
        expected_progress=expected.fraction,
        status=standing or by_numbers,
        explanation="",
        data_as_of=data_as_of,
    )
    case = Case(
        check_in, key_result, facts, goal, day, rule, because, by_numbers, expected, limits, evidence, lacks_forecast
    )
    told = explain(case)
    return replace(check_in, explanation=f"{told} Doubtful: {reading.remark}." if reading and reading.remark else told)


def _limits(goal: Goal, value: Decimal | None, rule: Rule, evidence: Evidence) -> Kept | None:
    """How the limits were kept, where there are some and a value to hold against them."""
    if goal.bounds is None or value is None or not all(week.is_complete for week in evidence.weeks):
        return None
    return kept(goal.bounds, [week.value for week in evidence.weeks], value, rule)


def _expected(goal: Goal, day: Day, rule: Rule, evidence: Evidence) -> Expectation:
    """Limits are to hold from the first week on; anything else comes about by its pace."""
    if goal.bounds is not None:
        return Expectation(Decimal(1))
    return evidence.expectation or Pacing().on(day, begins_at_zero=rule.begins_at_zero)


def _ends(reading: Measurement | None, goal: Goal) -> tuple[Decimal, Decimal] | None:
    """The attainments at the ends of the value's interval, the lower one first."""
    low = attainment(reading.value_low if reading else None, goal)
    high = attainment(reading.value_high if reading else None, goal)
    return None if low is None or high is None else (min(low, high), max(low, high))


def assess_objective(objective: Objective, check_ins: Iterable[CheckIn], day: Day) -> ObjectiveReading:
    """The objective by its key results on that day; one without a check-in counts as not measured."""
    by_id = {check_in.key_result_id: check_in for check_in in check_ins}
    readings = [(key_result, by_id.get(key_result.id)) for key_result in objective.key_results]
    statuses: dict[str, Status] = {kr.id: reading.status if reading else "no_data" for kr, reading in readings}
    status = min(statuses.values(), key=WORST_FIRST.index)
    measured = [(kr.weight, reading) for kr, reading in readings if reading and reading.progress is not None]
    return ObjectiveReading(
        quarter=day.quarter.label,
        objective_id=objective.id,
        as_of_date=day.as_of,
        progress=roll_up((weight, reading.progress) for weight, reading in measured),
        expected_progress=roll_up((weight, reading.expected_progress) for weight, reading in measured),
        status=status,
        key_results_measured=len(measured),
        key_results_total=len(readings),
        explanation=explain_objective(status, statuses, len(measured)),
    )


Hindrance = Literal["no_data", "incomplete"]


def _hindrance(
    key_result: KeyResult, facts: MetricFacts, goal: Goal, reading: Measurement | None, evidence: Evidence
) -> tuple[Hindrance | None, str]:
    """What stands in the way of any judgement, and why; no data first, then what is incomplete."""
    if reading is None and key_result.is_by_hand:
        return "no_data", f"nobody has set a value yet (okrsync okr set {key_result.id} VALUE)"
    if reading is None:
        return "no_data", f"{facts.id} has not been measured for this day"
    if not facts.fits(reading):
        return "no_data", f"the value is in {reading.currency} and {facts.id} in {facts.currency}"
    if reading.value is None:
        return (
            "no_data",
            reading.incomplete_because or f"{facts.id} has no value yet: there was nothing to divide by",
        )
    if goal.because and not goal.is_incomplete:
        return "no_data", goal.because
    if gap := next((each for each in (reading, *evidence.weeks) if not each.is_complete), None):
        return "incomplete", gap.incomplete_because or "the history does not reach back far enough"
    return ("incomplete", goal.because) if goal.because else (None, "")
