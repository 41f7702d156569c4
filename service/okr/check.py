"""Does a plan fit the metrics it names? Every complaint at once, before anything is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from service.errors import Problem
from service.okr.amounts import MetricFacts, decimals
from service.okr.by_hand import facts_for
from service.okr.fields import suggestion
from service.okr.goals import resolve
from service.okr.model import Guardrail, KeyResult, Kpi, Plan
from service.okr.targets import Bounds, Level, Milestone, PastQuarter, Points, Relative, Target, form_of
from service.okr.windows import WindowKind, grows
from service.periods import Quarter

Complaint = tuple[str, str, str]  # key within the key result, message, hint

TOO_MUCH = Decimal(10) ** 15
"""From there on minor units no longer fit the eight bytes of a column."""


def check(plan: Plan, catalogue: Mapping[str, MetricFacts]) -> tuple[Problem, ...]:
    """What is wrong between a plan and the metrics, by id; nothing when it can be judged."""
    found = [
        (f"{key_result.place}.{key}", message, hint)
        for key_result in plan.key_results
        for key, message, hint in complaints(key_result, catalogue, plan.quarter)
    ]
    for kpi in plan.kpis:
        found += [(f"{kpi.place}.{key}", message, hint) for key, message, hint in looked_at(kpi, catalogue)]
    currency = next((facts.currency for facts in catalogue.values() if facts.currency), None)
    for initiative in plan.initiatives:
        found += [(f"{initiative.place}.spend", *told) for told in _spend(initiative.spend, currency)]
    return tuple(Problem(plan.file, place, message, hint) for place, message, hint in found)


def complaints(key_result: KeyResult, catalogue: Mapping[str, MetricFacts], quarter: Quarter) -> Iterator[Complaint]:
    """What is wrong with one key result, by its keys."""
    facts = facts_for(key_result, catalogue)
    if facts is None:
        yield _unknown(key_result.metric, catalogue)
        return
    misfits = [*_window(key_result, facts), *_baseline(key_result, facts), *_aim(key_result, facts)]
    yield from misfits or _goal(key_result, facts)
    yield from _pace(key_result, facts, quarter)
    for n, guardrail in enumerate(key_result.guardrails):
        for key, message, hint in _guardrail(guardrail, catalogue):
            yield f"guardrails[{n}].{key}", message, hint


def _spend(spend: Level | None, currency: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong with an initiative's spend, and the mend; `currency` is the shop's, where it is known."""
    if spend is None:
        return
    if spend.is_percent or spend.number >= TOO_MUCH:
        yield f"{spend} is no amount of money", f'write "12000 {currency or "INR"}"'
    elif currency and spend.currency not in (None, currency):
        yield f"{spend} is not in {currency}, the shop's currency", f"write the amount in {currency}"
    elif currency and spend.number != round(spend.number, decimals(currency)):
        yield f"{spend} is finer than {currency} allows", f"{currency} has {decimals(currency) or 'no'} decimals"


def _unknown(metric: str, catalogue: Mapping[str, MetricFacts]) -> Complaint:
    return "metric", f"there is no metric {metric!r}", suggestion(metric, catalogue)


def looked_at(looked: Kpi | Guardrail, catalogue: Mapping[str, MetricFacts]) -> Iterator[Complaint]:
    """What is wrong with something that is only watched."""
    facts = catalogue.get(looked.metric)
    if facts is None:
        yield _unknown(looked.metric, catalogue)
    elif facts.kind == "level" and looked.window not in (None, "as_of"):
        yield _no_window(facts)


def _guardrail(guardrail: Guardrail, catalogue: Mapping[str, MetricFacts]) -> Iterator[Complaint]:
    yield from looked_at(guardrail, catalogue)
    if facts := catalogue.get(guardrail.metric):
        yield from _bounds(guardrail.bounds, facts, guardrail.window_for(facts))


def _no_window(facts: MetricFacts) -> Complaint:
    return "window", f"{facts.id} looks at all history, so no window fits it", "leave window out"


def _window(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    if facts.kind == "level" and key_result.window not in (None, "as_of"):
        yield _no_window(facts)


def _baseline(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    if isinstance(key_result.baseline, Level):
        yield from _level("baseline", key_result.baseline, facts)
    elif key_result.baseline is None and not isinstance(key_result.target, Bounds | Milestone):
        if not isinstance(key_result.target, Level):
            yield "baseline", f"is missing, and {key_result.target} is a change from it", _example(key_result)
        elif not _grows(key_result, facts):
            yield "baseline", f"is missing, and {facts.id} moves from it to the target", _example(key_result)


def _example(key_result: KeyResult) -> str:
    return "for example baseline = " + ("40" if key_result.is_by_hand else '"previous_quarter"')


def _aim(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    if isinstance(key_result.target, Bounds):
        yield from _bounds(key_result.target, facts, key_result.window_for(facts))
    elif not isinstance(key_result.target, Milestone):
        yield from _target(key_result, key_result.target, facts)


def _bounds(bounds: Bounds, facts: MetricFacts, window: WindowKind) -> Iterator[Complaint]:
    """What is wrong with limits; those of a sum that counts up can only cap it."""
    key = form_of(bounds)
    for level in (bounds.low, bounds.high):
        if level is not None:
            yield from _level(key, level, facts)
    if bounds.low and grows(facts, window):
        told = f"{facts.id} counts up from 0 over the quarter, so {bounds} fails until it is reached"
        yield key, told, f'write target = "{bounds.low}", or window = "trailing_7d"'


def _target(key_result: KeyResult, target: Target, facts: MetricFacts) -> Iterator[Complaint]:
    is_growing = _grows(key_result, facts)
    if isinstance(target, Level):
        yield from _level("target", target, facts)
        if is_growing and target.number == 0:
            yield "target", f"{facts.id} counts up from 0, so 0 is reached at once", "write a level above 0"
    elif isinstance(target, Points):
        if not facts.is_rate:
            percentage = str(target).replace("pp", "%")
            yield "target", f"{target} is for rates, and {_is_a(facts)}", f'write "{percentage}"'
    elif facts.is_rate and not target.is_explicit:
        yield "target", f"{target} of a rate may mean points or a part of it", _points_or_part(target)
    elif is_growing and target.fraction < 0:
        yield (
            "target",
            f"{facts.id} counts up from 0, so a target of {target} would call a high value good",
            "take a rate or an average that should fall; or, for a low season, write the target as a level",
        )


def _level(key: str, level: Level, facts: MetricFacts) -> Iterator[Complaint]:
    if level.currency and facts.unit != "money":
        yield key, f"{level} is money, and {_is_a(facts)}", f"write {level.number}"
    elif level.currency and facts.currency and level.currency != facts.currency:
        yield (
            key,
            f"{level} is not in {facts.currency}, the shop's currency",
            f"write the amount in {facts.currency}",
        )
    elif level.is_percent and not facts.is_rate:
        hint = f'for a change write "+{level}" with its sign' if key == "target" else "write a number"
        yield key, f"{level} is a share, and {_is_a(facts)}", hint
    elif facts.is_rate and level.number > 1:
        shown = facts.format(level.number)
        yield key, f"{level} would be {shown}", f'write "{level.number / 100:%}"'


def _goal(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    """What baseline, target and stretch are to each other, where they are written down."""
    baseline, target = key_result.baseline, key_result.target
    if isinstance(target, Bounds | Milestone):
        return
    if isinstance(baseline, Level) and isinstance(target, Level) and target.number == baseline.number:
        shown = facts.format(target.number)
        yield "target", f"baseline and target are both {shown}", "write where it should get to, or keep_between"
        return
    if isinstance(baseline, Level):
        goal = resolve(baseline, target, facts, _grows(key_result, facts))
        if goal.because:
            yield "target", goal.because, "write a level, such as 12000"
            return
    yield from _stretch(key_result, target, facts)


def _stretch(key_result: KeyResult, target: Target, facts: MetricFacts) -> Iterator[Complaint]:
    """A stretch is written as its target is, and lies beyond it, as far as the file alone tells."""
    stretch, baseline = key_result.stretch, key_result.baseline
    if stretch is None:
        return
    if type(stretch) is not type(target):
        yield "stretch", f"{stretch} and the target, {target}, are not written alike", "write both as the target is"
        return
    yield from (("stretch", message, hint) for _, message, hint in _target(key_result, stretch, facts))
    if isinstance(baseline, PastQuarter) and isinstance(target, Level) and not _grows(key_result, facts):
        return  # which way it goes will be known once the baseline is measured
    start = baseline.number if isinstance(baseline, Level) and not _grows(key_result, facts) else Decimal(0)
    near, far = _way(target, start), _way(stretch, start)
    if near * far <= 0 or abs(far) <= abs(near):
        yield "stretch", f"{stretch} does not lie beyond the target, {target}", "write something further"


def _way(target: Target, start: Decimal) -> Decimal:
    return target.number - start if isinstance(target, Level) else target.fraction


def _pace(key_result: KeyResult, facts: MetricFacts, quarter: Quarter) -> Iterator[Complaint]:
    pace = key_result.pace
    if pace == "seasonal" and (key_result.is_by_hand or not _grows(key_result, facts)):
        yield "pace", f"{facts.id} does not count up over the quarter, so it has no seasons", 'write "linear" or points'
    if isinstance(pace, tuple):
        for day, _ in pace:
            if not quarter.start <= day <= quarter.last_day:
                yield "pace", f"{day} is not in {quarter}", f"write days from {quarter.start} to {quarter.last_day}"


def _grows(key_result: KeyResult, facts: MetricFacts) -> bool:
    return grows(facts, key_result.window_for(facts))


def _is_a(facts: MetricFacts) -> str:
    what = {"count": "a count", "money": "money", "ratio": "a plain number"}[facts.unit]
    return f"{facts.id} is {'a rate' if facts.is_rate else what}"


def _points_or_part(target: Relative) -> str:
    points = str(target).replace("%", "pp")
    return f'write "{points}" for points, "{target} relative" for a part of it, or a level such as "66%"'
