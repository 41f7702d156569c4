"""A status in a sentence or two, generated from the check-in it explains.

A number is never shown on the wrong side of the limit it is compared with: 0.8996 against 0.90 reads "just
under 0.90", so text and status cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from service.okr.amounts import MetricFacts, percent, rounded
from service.okr.evidence import Evidence, Kept
from service.okr.goals import Goal
from service.okr.model import KeyResult
from service.okr.pace import Day, Expectation
from service.okr.presets import PRESETS, word_of
from service.okr.progress import attainment
from service.okr.status import PERSISTS, Rule
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


@dataclass(frozen=True, slots=True)
class Case:
    """A key result judged on a day, and all that it was judged by."""

    check_in: CheckIn
    key_result: KeyResult
    facts: MetricFacts
    goal: Goal
    day: Day
    rule: Rule
    because: str  # what hinders a judgement; empty when nothing does
    by_numbers: Status  # what the status would be if none were held
    expected: Expectation
    limits: Kept | None
    evidence: Evidence
    lacks_forecast: bool  # the rule asks for one

    @property
    def attained(self) -> Decimal:
        return self.check_in.attainment or Decimal(0)

    @property
    def is_held(self) -> bool:
        return self.check_in.status != self.by_numbers


def explain(case: Case) -> str:
    """The status, why it holds, and the numbers behind it."""
    sentences = [f"{_headline(case)}: {case.because or _reason(case)}."]
    if case.is_held:
        sentences.append(_holding(case))
    if case.check_in.value is not None:
        sentences.append(_way(case))
    return " ".join([*sentences, *_remarks(case)])


def explain_objective(status: Status, key_results: Mapping[str, Status], measured: int) -> str:
    """The status, the key results it comes from, and how many were measured."""
    responsible = sorted(id_ for id_, each in key_results.items() if each == status)
    whose = "all key results" if len(responsible) == len(key_results) > 1 else ", ".join(responsible)
    return f"{WORDS[status]}: {whose}. {measured} of {len(key_results)} measured."


def told(rule: Rule) -> str:
    """The limits of a rule, and where its name comes from."""
    on_track, at_risk = (rounded(limit, 2) for limit in (rule.on_track, rule.at_risk))
    by = {
        "ratio": f"attainment ÷ expected: on track from {on_track}, at risk from {at_risk}, else off track",
        "gap": f"expected − attainment: on track up to {on_track}, at risk up to {at_risk}, else off track",
        "forecast": f"probability of the target: on track from {on_track}, at risk from {at_risk}, else off track",
    }
    preset = f"{PRESETS[rule.preset].title}: " if rule.preset else ""
    early = f"; too early in the first {percent(rule.too_early, 0)} of the quarter" if rule.too_early else ""
    return f"{preset}{by[rule.kind]}{early}"


GOOD: tuple[Status, ...] = ("achieved", "partly_achieved", "on_track")


def _headline(case: Case) -> str:
    """The status in words, what qualifies it, and what the tool of a preset would call it."""
    status = case.check_in.status
    qualified = ", with a guardrail broken" if case.evidence.broken and status in GOOD else ""
    word = word_of(case.rule, status)
    return f"{WORDS[status]}{', held' if case.is_held else ''}{qualified}{f' ({word})' if word else ''}"


def _reason(case: Case) -> str:
    """Why a status that rests on numbers holds."""
    match case.by_numbers:
        case "stale":
            return _staleness(case)
        case "too_early" if case.check_in.attainment is None:
            return "no week is complete yet"
        case "too_early":
            return f"judging begins when {percent(case.rule.too_early)} of the quarter is over"
        case "on_track" | "at_risk" | "off_track":
            return _keeping(case) if case.limits else _pace(case)
    return _keeping(case) if case.limits else _outcome(case)


def _staleness(case: Case) -> str:
    data_as_of, day = case.check_in.data_as_of, case.day
    if data_as_of is None:
        return "nothing says how far the data reach"
    if case.key_result.is_by_hand:
        return f"no value was set since {_instant(data_as_of)}, and one holds for {_span(day.allowance)}"
    return (
        f"the data end at {_instant(data_as_of)} and this day ended at {_instant(day.ends_at)}; "
        f"the schedule allows {_span(day.allowance)}"
    )


def _next_band(status: Status, rule: Rule) -> tuple[str, Decimal]:
    """The limit that says most about a status on the way: the one above it, or the one it has passed."""
    return ("at risk", rule.at_risk) if status == "off_track" else ("on track", rule.on_track)


def _pace(case: Case) -> str:
    rule, attained, expected = case.rule, case.attained, case.expected.fraction
    name, limit = _next_band(case.by_numbers, rule)
    if rule.kind == "forecast":
        chance = _against(case.evidence.probability or Decimal(0), limit, 2)
        return f"the target is reached with a probability of {chance}; {name} begins at {rounded(limit, 2)}"
    if attained >= 1:
        return "the target is reached"
    if rule.kind == "gap":
        return _gap(expected - attained, name, limit, rule)
    if attained < 0:
        return "worse than where it began"
    if not expected:
        return "nothing is expected yet"
    return f"{_against(attained / expected, limit, 2)} of the expected pace; {name} begins at {rounded(limit, 2)}"


def _gap(behind: Decimal, name: str, limit: Decimal, rule: Rule) -> str:
    if behind <= 0:
        return "no further behind than expected"
    shown = rounded(behind * 100, 1)
    over = "just over " if behind > limit and shown == rounded(limit * 100, 1) else ""
    until = "below" if rule.is_limit_at_risk and name == "on track" else "up to"
    return f"{over}{shown} points behind what is expected; {name} is {until} {rounded(limit * 100, 1)}"


def _keeping(case: Case) -> str:
    """How limits were kept, and how often they have to be."""
    limits, rule = case.limits, case.rule
    assert limits is not None
    now = "it holds now" if limits.is_held_now else "it does not hold now"
    if rule.keeps == "now":
        return now
    held = f"it held in {limits.held} of {limits.weeks} complete weeks"
    status, is_final = case.by_numbers, case.by_numbers in ("achieved", "partly_achieved", "missed")
    if not is_final and (case.attained >= rule.on_track or rule.kind == "gap"):
        return held if limits.is_held_now else f"{held}, but {now}"
    name, limit = _last_band(case) if is_final else _next_band(status, rule)
    share = _against(case.attained * 100, limit * 100, 1)
    return f"{held}, {share} %; {name} begins at {percent(limit)}"


def _last_band(case: Case) -> tuple[str, Decimal]:
    if case.by_numbers == "missed":
        return "partly achieved", case.rule.partly_achieved
    return "achieved", case.rule.achieves(is_committed=case.key_result.commitment == "committed")


def _outcome(case: Case) -> str:
    name, limit = _last_band(case)
    if case.by_numbers == "achieved":
        return "the target is reached" if case.attained >= 1 else f"{percent(limit)} counts as achieved"
    if case.attained < 0:
        return "worse than where it began"
    return f"{_against(case.attained * 100, limit * 100, 1)} % of the way; {name} begins at {percent(limit)}"


def _holding(case: Case) -> str:
    low, high = (case.facts.format(end) for end in (case.check_in.value_low, case.check_in.value_high))
    standing, otherwise = WORDS[case.check_in.status].lower(), WORDS[case.by_numbers].lower()
    return (
        f"By the numbers it is {otherwise}, but its interval, {low} to {high}, still reaches {standing}: "
        f"that stays until it no longer does, or for {PERSISTS} readings."
    )


def _way(case: Case) -> str:
    """The value between its start and its target, and what was expected."""
    check_in, facts, day = case.check_in, case.facts, case.day
    value, baseline, target = (facts.format(n) for n in (check_in.value, check_in.baseline, check_in.target))
    if case.limits is not None:
        return f"Now {value}, and {case.key_result.target} is asked."
    if check_in.attainment is None:
        return f"The value is {value}."
    gone = f"{_against(check_in.attainment * 100, Decimal(100), 1)} %"
    if case.key_result.form == "milestone":
        way = f"{gone} done"
    elif case.goal.grows:
        start = "" if check_in.baseline is None else f" (baseline {baseline})"
        way = f"{value} of {target}{start}: {gone}"
    else:
        way = f"{value}, from {baseline} to {target}: {gone} of the way"
    expected = percent(case.expected.fraction)
    return f"{way}, {expected} expected after {day.number} of {day.quarter.days} days{case.expected.said}."


def _remarks(case: Case) -> Iterator[str]:
    """What else a reader should know."""
    status, goal, value = case.check_in.status, case.goal, case.check_in.value
    beyond = attainment(value, replace(goal, target=goal.stretch))
    if beyond is not None and beyond >= 1:
        yield f"Its stretch, {case.facts.format(goal.stretch)}, is reached too."
    if case.lacks_forecast and case.by_numbers in ("on_track", "at_risk", "off_track"):
        yield "There is no forecast, so the pace decides."
    yield from (str(each) for each in case.evidence.guardrails if each.is_broken is not False)
    if status in ("partly_achieved", "missed") and case.key_result.commitment == "committed":
        yield "It was committed, so somebody should ask why."
    if status == "partly_achieved" and case.key_result.commitment == "aspirational":
        yield "It was aspirational, and this is about what such key results come to."
    if case.day.is_last and status in ("on_track", "at_risk", "off_track"):
        missing = "No value was set since the quarter ended" if case.key_result.is_by_hand else _UNREAD
        yield f"{missing}, so this is not its final status."


_UNREAD = "The last hours of the quarter are still to be read"


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
