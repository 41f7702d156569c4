"""Is a target larger than what chance alone does to the number? Answered from the measured baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from service.okr.amounts import MetricFacts, rounded
from service.okr.by_hand import facts_for
from service.okr.goals import resolve
from service.okr.model import KeyResult
from service.okr.title_rules import Remark
from service.okr.windows import grows
from service.values import Measurement


def hidden_by_chance(
    key_result: KeyResult, catalogue: Mapping[str, MetricFacts], past: Measurement | None
) -> Iterator[Remark]:
    """Would chance alone, from one quarter to the next, move the value as far as the target asks?"""
    facts, aim = facts_for(key_result, catalogue), key_result.target
    if past is None or facts is None or past.value_low is None or past.value_high is None:
        return
    goal = resolve(key_result.baseline, aim, facts, grows(facts, key_result.window_for(facts)), past)
    if goal.target is None or goal.baseline is None:
        return
    way = abs(goal.target - goal.baseline)
    # Two quarters are each as uncertain as this one, and their difference √2 times as much.
    noise = (past.value_high - past.value_low) / 2 * Decimal(2).sqrt()
    if way < noise:
        begin, end = facts.format(goal.baseline), facts.format(goal.target)
        told = f"{begin} to {end} is {_distance(way, facts)}, and chance alone makes {_distance(noise, facts)}"
        yield "OKR034", f"{key_result.place}.target", told, ""


def _distance(number: Decimal, facts: MetricFacts) -> str:
    return f"{rounded(number * 100, 2)} points" if facts.is_rate else facts.format(number)
