"""A status in a sentence or two, generated from the check-in it explains.

A number is never shown on the wrong side of the limit it is compared with: 0.8996 against 0.90 reads "just
under 0.90", so text and status cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from service.okr.amounts import MetricFacts, percent, rounded
from service.okr.pace import Day
from service.okr.status import RatioRule
from service.okr.targets import Goal
from service.values import CheckIn, Status

WORDS: Mapping[Status, str] = {
    "no_data": "No data",
    "incomplete": "Incomplete",
    "stale": "Stale",
    "too_early": "Too early to judge",
    "on_track": "On track",
    "at_risk": "At risk",
    "off_track": "Off track",
    "achieved": "Achieved",
    "partly_achieved": "Partly achieved",
    "missed": "Missed",
}


def explain(check_in: CheckIn, facts: MetricFacts, goal: Goal, day: Day, rule: RatioRule, because: str = "") -> str:
    """The status, why it holds, and the numbers behind it; `because` is what hinders a judgement."""
    reason = because or _reason(check_in, day, rule)
    sentences = [f"{WORDS[check_in.status]}: {reason}."]
    if check_in.value is not None:
        sentences.append(_way(check_in, facts, goal, day))
    if day.is_last and check_in.status in ("on_track", "at_risk", "off_track"):
        sentences.append("The last hours of the quarter are still to be read, so this is not its final status.")
    return " ".join(sentences)


def explain_objective(status: Status, key_results: Mapping[str, Status], measured: int) -> str:
    """The status, the key results it comes from, and how many were measured."""
    responsible = sorted(id_ for id_, each in key_results.items() if each == status)
    whose = "all key results" if len(responsible) == len(key_results) > 1 else ", ".join(responsible)
    return f"{WORDS[status]}: {whose}. {measured} of {len(key_results)} measured."


def _reason(check_in: CheckIn, day: Day, rule: RatioRule) -> str:
    """Why a status that rests on an attainment holds."""
    match check_in.status:
        case "stale":
            return _staleness(check_in.data_as_of, day)
        case "too_early":
            return f"judging begins when {percent(rule.too_early)} of the quarter is over"
        case "on_track" | "at_risk" | "off_track":
            return _pace(check_in, rule)
    return _outcome(check_in, rule)


def _staleness(data_as_of: datetime | None, day: Day) -> str:
    if data_as_of is None:
        return "nothing says how far the data reach"
    return (
        f"the data end at {_instant(data_as_of)} and this day ended at {_instant(day.ends_at)}; "
        f"the schedule allows {_span(day.allowance)}"
    )


def _pace(check_in: CheckIn, rule: RatioRule) -> str:
    attained, expected = check_in.attainment or Decimal(0), check_in.expected_progress or Decimal(1)
    if attained >= 1:
        return "the target is reached"
    if attained < 0:
        return "worse than where it began"
    name, limit = ("at risk", rule.at_risk) if check_in.status == "off_track" else ("on track", rule.on_track)
    pace = _against(attained / expected, limit, 2)
    return f"{pace} of the expected pace; {name} begins at {rounded(limit, 2)}"


def _outcome(check_in: CheckIn, rule: RatioRule) -> str:
    attained = check_in.attainment or Decimal(0)
    if check_in.status == "achieved":
        return "the target is reached" if attained >= 1 else f"{percent(rule.achieved)} counts as achieved"
    if attained < 0:
        return "worse than where it began"
    name, limit = (
        ("partly achieved", rule.partly_achieved) if check_in.status == "missed" else ("achieved", rule.achieved)
    )
    return f"{_against(attained * 100, limit * 100, 1)} % of the way; {name} begins at {percent(limit)}"


def _way(check_in: CheckIn, facts: MetricFacts, goal: Goal, day: Day) -> str:
    """The value between its start and its target, and what was expected."""
    value, baseline, target = (facts.format(n) for n in (check_in.value, check_in.baseline, check_in.target))
    if check_in.attainment is None:
        return f"The value is {value}."
    gone = f"{_against(check_in.attainment * 100, Decimal(100), 1)} %"
    if goal.grows:
        start = "" if check_in.baseline is None else f" (baseline {baseline})"
        way = f"{value} of {target}{start}: {gone}"
    else:
        way = f"{value}, from {baseline} to {target}: {gone} of the way"
    expected = percent(check_in.expected_progress or Decimal(0))
    return f"{way}, {expected} expected after {day.number} of {day.quarter.days} days."


def _against(number: Decimal, limit: Decimal, places: int) -> str:
    """A number beside its limit: what is below it never reads as having reached it."""
    shown = rounded(number, places)
    return f"just under {shown}" if number < limit and shown == rounded(limit, places) else shown


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _span(span: timedelta) -> str:
    """5 minutes · 2 hours · 3 days."""
    seconds = round(span.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
