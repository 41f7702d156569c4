"""Where a key result's number and status come from, told in full to somebody who has never seen the program."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from service.cli import explaining_numbers as numbers
from service.cli.explaining_numbers import Section
from service.explained import Explained
from service.forecasting import Foreseen
from service.judging import Judged
from service.okr.amounts import percent, rounded
from service.okr.explanation import told
from service.okr.windows import baseline_window
from service.questions import PlanStatus
from service.store.forecasts import StoredCalibration
from service.values import Measurement


def explanation(
    each: PlanStatus, judged: Judged, foreseen: Foreseen | None, taken: Explained | None
) -> Iterator[Section]:
    """Titled sections of plain lines; `taken` is the value taken apart, where it was measured."""
    key_result, check_in = judged.key_result, judged.check_in
    yield f"{key_result.title}  ({key_result.id}, {each.plan.quarter}, {each.shop.domain})", [check_in.explanation]
    yield "The number", [*_number(each, judged), *(numbers.nothing_there(taken) if taken else ())]
    yield "Where it began and where it should get to", list(_goal(each, judged))
    yield "Status", list(_status(each, judged))
    if _is_open(each, judged):
        yield "What is to be expected", list(_expectation(judged, foreseen))
    if taken and taken.examples:
        yield "What is in the number, and what is not", list(numbers.in_and_out(taken))
    if taken and taken.others:
        yield "What others call by its name", list(numbers.other_readings(taken, with_steps=False))
    yield "The data", list(numbers.data(each.ground, judged.metric))
    if taken:
        yield from numbers.sql(taken)


def _number(each: PlanStatus, judged: Judged) -> Iterator[str]:
    key_result, measurement = judged.key_result, judged.measurement
    yield from numbers.definition(judged.metric, key_result.where, key_result.population)
    if measurement is None:
        yield "value         none: nothing was measured"
    elif key_result.is_by_hand:
        yield f"value         {judged.facts.format(measurement.value)}"
        yield f"set           {measurement.data_as_of:%Y-%m-%d %H:%M} UTC"
    else:
        yield from numbers.answer(each.shop, judged.metric, measurement)


def _goal(each: PlanStatus, judged: Judged) -> Iterator[str]:
    key_result, goal, facts = judged.key_result, judged.goal, judged.facts
    window = baseline_window(key_result.baseline, judged.window_kind, each.plan.quarter)
    origin = (
        f"{key_result.baseline}" + (f", {numbers.days(window)}" if window else "")
        if key_result.baseline
        else "not given"
    )
    if goal.bounds is None:
        yield f"baseline      {facts.format(goal.baseline)}  ({origin})"
        yield f"target        {facts.format(goal.target)}  (written {key_result.target})"
    else:
        yield f"asked         {goal.bounds}, in every week"
    if judged.is_frozen and goal.bounds is None:
        yield "both were settled when the quarter had begun and stand as they were then"
    if goal.because:
        yield f"not known     {goal.because}"
    if goal.stretch is not None:
        yield f"stretch       {facts.format(goal.stretch)}  (written {key_result.stretch})"
    if goal.bounds is not None:
        weeks = ", ".join(_week(week, judged) for week in judged.evidence.weeks) or "none is complete yet"
        yield f"weeks         {weeks}"
        yield f"attainment    weeks in which it held ÷ complete weeks = {_fraction(judged.check_in.attainment)}"
    elif goal.grows:
        yield f"attainment    value ÷ target = {_fraction(judged.check_in.attainment)}"
    else:
        yield f"attainment    (value − baseline) ÷ (target − baseline) = {_fraction(judged.check_in.attainment)}"
    yield f"progress      attainment held between 0 and 1 = {_fraction(judged.check_in.progress)}"


def _week(week: Measurement, judged: Judged) -> str:
    """A week by its last day: 2026-08-16 2.10 %, or with what went wrong."""
    bounds, value = judged.goal.bounds, week.value
    is_broken = bounds is not None and value is not None and not bounds.holds(value)
    return f"{week.window.last_day} {judged.facts.format(value)}{' (broken)' if is_broken else ''}"


def _fraction(value: Decimal | None) -> str:
    return "–" if value is None else percent(value)


def _status(each: PlanStatus, judged: Judged) -> Iterator[str]:
    check_in, quarter, rule, key_result = judged.check_in, each.plan.quarter, each.plan.rule, judged.key_result
    day = (check_in.as_of_date - quarter.start).days + 1
    yield f"as of         {check_in.as_of_date}, day {day} of {quarter.days}"
    by = f"by this pace: {judged.pace}" if judged.pace else "in every week"
    yield f"expected      {_fraction(check_in.expected_progress)} {by}"
    yield f"rule          {told(rule)}"
    achieved = rule.achieves(is_committed=key_result.commitment == "committed")
    yield (
        f"at the end    achieved from {percent(achieved, 0)}, partly achieved from "
        f"{percent(rule.partly_achieved, 0)}, else missed"
    )
    if key_result.commitment:
        yield f"commitment    {key_result.commitment}"
    for guardrail in judged.evidence.guardrails:
        yield f"guardrail     {str(guardrail).removeprefix('Guardrail ')}"
    yield f"status        {check_in.status}"


def _is_open(each: PlanStatus, judged: Judged) -> bool:
    """May the value at the quarter's end still be another one? Only until its last day is over and read."""
    check_in = judged.check_in
    is_read_on = check_in.status in ("on_track", "at_risk", "off_track", "stale")
    return is_read_on or check_in.as_of_date < each.plan.quarter.last_day


def _expectation(judged: Judged, foreseen: Foreseen | None) -> Iterator[str]:
    facts, bounds = judged.facts, judged.goal.bounds
    if judged.key_result.is_by_hand:
        yield "no forecast: its values are set by hand"
        return
    if foreseen is None:
        yield "no forecast has been made yet: the daemon, or okrsync sync, makes one for every day that is over"
        return
    found = foreseen.forecast
    if found.forecast is None:
        yield f"{found.method}; only the pace can be told"
        return
    yield f"forecast      {facts.format(found.forecast)} at the quarter's end, seen from {found.as_of_date}"
    yield f"80 % interval {facts.format(found.forecast_low)} to {facts.format(found.forecast_high)}"
    if found.probability is not None:
        wanted = f"a value {bounds}" if bounds else f"reaching {facts.format(found.target)}"
        yield f"probability   {percent(found.probability)} of {wanted}"
    yield f"method        {found.method}; from {found.history_days} days"
    if not foreseen.calibrations:
        yield "calibration   none: no past quarter of this shop could be forecast"
    for each in foreseen.calibrations:
        yield f"calibration   {_calibration(each)}"


def _calibration(each: StoredCalibration) -> str:
    """How past quarters were forecast from so many days before their end."""
    naive = {"the pace's": each.error_of_pace, "that of the last 28 days carried on": each.error_of_recent}
    errors = [f"{rounded(part, 2)} of {whose}" for whose, part in naive.items() if part is not None]
    told = [f"{each.horizon_days} days before the end, {each.held} of {each.judged} past quarters in the interval"]
    told += [f"error {' and '.join(errors)}"] if errors else []
    told += [f"Brier score {rounded(each.brier, 2)}"] if each.brier is not None else []
    return "; ".join(told)
