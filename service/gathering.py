"""What a key result is judged by on many days at once: its values, its weeks, its guardrails and its pace.

Everything that is measured is asked for through an `Ask`, one call for all windows of a metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from service.okr.amounts import MetricFacts
from service.okr.by_hand import as_measurement, in_force
from service.okr.evidence import Evidence, Watched
from service.okr.model import KeyResult
from service.okr.pace import Curve, Day, Pacing, curve
from service.okr.status import Rule
from service.okr.targets import Bounds
from service.okr.windows import grows, reading_window, week_ends
from service.periods import Quarter, days
from service.values import HandSet, Measurement, Population, Segment, Window

Ask = Callable[[str, Sequence[Window], Segment, Population], Sequence[Measurement | None]]
"""A metric over each of these windows; None while nothing of it was read."""

HandSets = Mapping[str, Sequence[HandSet]]
"""All values set by hand, by key result."""

YEARS_OF_SEASONS = 3
"""Past years whose same quarter tells the pace: more would speak of another shop."""


def values_on(
    ask: Ask, key_result: KeyResult, facts: MetricFacts, hand_set: HandSets, among: Sequence[Day]
) -> dict[date, Measurement | None]:
    """The key result's value on each of those days."""
    if key_result.is_by_hand:
        return {day.as_of: _set_by_hand(key_result, facts, hand_set, day) for day in among}
    kind = key_result.window_for(facts)
    windows = [reading_window(kind, day.quarter, day.as_of) for day in among]
    answers = ask(key_result.metric, windows, key_result.where, key_result.population)
    return {day.as_of: answer for day, answer in zip(among, answers, strict=True)}


def _set_by_hand(key_result: KeyResult, facts: MetricFacts, hand_set: HandSets, day: Day) -> Measurement | None:
    found = in_force(hand_set.get(key_result.id, ()), day)
    return as_measurement(found, key_result, facts, day) if found else None


def evidence_on(
    ask: Ask,
    key_result: KeyResult,
    facts: MetricFacts,
    known: Mapping[str, MetricFacts],
    hand_set: HandSets,
    rule: Rule,
    among: Sequence[Day],
) -> Iterator[Evidence]:
    """What else is known of the key result on each of those days; `known` are the metrics of its guardrails."""
    pacing = _pacing(ask, key_result, facts, among[0].quarter)
    weeks = _weeks(ask, key_result, facts, hand_set, among)
    guardrails = [*_guardrails(ask, key_result, known, among)]
    for n, day in enumerate(among):
        complete = (weeks[sunday] for sunday in week_ends(day.quarter, day.as_of) if sunday in weeks)
        yield Evidence(
            expectation=pacing.on(day, begins_at_zero=rule.begins_at_zero),
            weeks=tuple(week for week in complete if week is not None),
            guardrails=tuple(watched[n] for watched in guardrails),
        )


def _weeks(
    ask: Ask, key_result: KeyResult, facts: MetricFacts, hand_set: HandSets, among: Sequence[Day]
) -> dict[date, Measurement | None]:
    """Of limits: the value at the end of every complete week."""
    if not isinstance(key_result.target, Bounds):
        return {}
    last = max(among, key=lambda day: day.as_of)
    ends = [replace(last, as_of=sunday) for sunday in week_ends(last.quarter, last.as_of)]
    return values_on(ask, key_result, facts, hand_set, ends)


def _guardrails(
    ask: Ask, key_result: KeyResult, known: Mapping[str, MetricFacts], among: Sequence[Day]
) -> Iterator[list[Watched]]:
    """Each guardrail on each of those days."""
    for guardrail in key_result.guardrails:
        facts = known[guardrail.metric]
        kind = guardrail.window_for(facts)
        windows = [reading_window(kind, day.quarter, day.as_of) for day in among]
        answers = ask(guardrail.metric, windows, guardrail.where, guardrail.population)
        yield [Watched(guardrail, facts, answer) for answer in answers]


# --- pace ----------------------------------------------------------------------------------------------------------


def _pacing(ask: Ask, key_result: KeyResult, facts: MetricFacts, quarter: Quarter) -> Pacing:
    """As its owners say; else what grows over the quarter comes as it came in past years, as far as that is known."""
    if isinstance(key_result.pace, tuple):
        return Pacing(points=key_result.pace)
    has_seasons = grows(facts, key_result.window_for(facts)) and not key_result.is_by_hand
    if key_result.pace == "linear" or not has_seasons:
        return Pacing()
    curves: list[Curve] = []
    past = quarter
    for _ in range(YEARS_OF_SEASONS):
        past = past.same_last_year()
        found = _curve(ask, key_result, past)
        if isinstance(found, str):
            return Pacing(curves=tuple(curves), because="" if curves else found)
        curves.append(found)
    return Pacing(curves=tuple(curves))


def _curve(ask: Ask, key_result: KeyResult, quarter: Quarter) -> Curve | str:
    """How a past quarter came about, or why that is not known."""
    windows = [reading_window("quarter", quarter, day) for day in days(quarter.start, quarter.end)]
    answers = ask(key_result.metric, windows, key_result.where, key_result.population)
    values = [answer.value for answer in answers if answer is not None and answer.is_complete]
    running = [value for value in values if value is not None]
    if len(running) < len(windows):
        return f"{quarter} was not read whole"
    return curve(quarter, running) or f"too little came in {quarter}"
