"""Does a plan fit the metrics it names? Every complaint at once, before anything is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.errors import Problem
from service.okr.amounts import MetricFacts
from service.okr.fields import suggestion
from service.okr.plan import KeyResult, Plan
from service.okr.targets import Level, Points, Relative, resolve
from service.okr.windows import grows, natural_window

Complaint = tuple[str, str, str]  # key within the key result, message, hint


def check(plan: Plan, catalogue: Mapping[str, MetricFacts]) -> tuple[Problem, ...]:
    """What is wrong between a plan and the metrics, by id; nothing when it can be judged."""
    return tuple(
        Problem(plan.file, f"{key_result.place}.{key}", message, hint)
        for key_result in plan.key_results
        for key, message, hint in _complaints(key_result, catalogue)
    )


def _complaints(key_result: KeyResult, catalogue: Mapping[str, MetricFacts]) -> Iterator[Complaint]:
    facts = catalogue.get(key_result.metric)
    if facts is None:
        yield "metric", f"there is no metric {key_result.metric!r}", suggestion(key_result.metric, catalogue)
        return
    misfits = [*_window(key_result, facts), *_baseline(key_result, facts), *_target(key_result, facts)]
    yield from misfits or _goal(key_result, facts)


def _window(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    if facts.kind == "level" and key_result.window not in (None, "as_of"):
        yield "window", f"{facts.id} looks at all history, so no window fits it", "leave window out"


def _baseline(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    if isinstance(key_result.baseline, Level):
        yield from _level("baseline", key_result.baseline, facts)
    elif key_result.baseline is None:
        if not isinstance(key_result.target, Level):
            yield "baseline", f"is missing, and {key_result.target} is a change from it", _BASELINES
        elif not _grows(key_result, facts):
            yield "baseline", f"is missing, and {facts.id} moves from it to the target", _BASELINES


_BASELINES = 'for example baseline = "previous_quarter"'


def _target(key_result: KeyResult, facts: MetricFacts) -> Iterator[Complaint]:
    target, is_growing = key_result.target, _grows(key_result, facts)
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
    """What baseline and target are to each other, where both are written down."""
    baseline, target = key_result.baseline, key_result.target
    if not isinstance(baseline, Level):
        return
    if isinstance(target, Level) and target.number == baseline.number:
        yield (
            "target",
            f"baseline and target are both {facts.format(target.number)}",
            "write where it should get to",
        )
    elif because := resolve(baseline, target, facts, _grows(key_result, facts)).because:
        yield "target", because, "write a level, such as 12000"


def _grows(key_result: KeyResult, facts: MetricFacts) -> bool:
    return grows(facts, key_result.window or natural_window(facts))


def _is_a(facts: MetricFacts) -> str:
    what = {"count": "a count", "money": "money", "ratio": "a plain number"}[facts.unit]
    return f"{facts.id} is {'a rate' if facts.is_rate else what}"


def _points_or_part(target: Relative) -> str:
    points = str(target).replace("%", "pp")
    return f'write "{points}" for points, "{target} relative" for a part of it, or a level such as "66%"'
