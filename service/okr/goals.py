"""Where a key result starts and where it should get to, in numbers, resolved once from what the file says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from service.okr.amounts import MetricFacts
from service.okr.targets import Aim, Baseline, Bounds, Level, Milestone, PastQuarter, Points, Relative, Target
from service.values import Measurement

Direction = Literal["increase", "decrease"]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a key result starts and where it should get to, or why that is not known.

    A goal that `grows` counts up from nothing (orders of the quarter); others move from baseline to target.
    """

    baseline: Decimal | None
    target: Decimal | None
    grows: bool
    because: str = ""  # why it cannot be judged; empty when it can
    is_incomplete: bool = False  # … because the history does not reach back far enough
    bounds: Bounds | None = None  # what should be kept, instead of a way to go; a single limit is the target too
    stretch: Decimal | None = None  # beyond the target

    @property
    def is_settled(self) -> bool:
        """Is all known that a judgement needs?"""
        return not self.because and (self.target is not None or self.bounds is not None)

    @property
    def direction(self) -> Direction | None:
        if self.target is None or self.bounds is not None:
            return None
        if self.grows or self.baseline is None:
            return "increase"
        return "increase" if self.target > self.baseline else "decrease"


def resolve(
    baseline: Baseline | None,
    aim: Aim,
    facts: MetricFacts,
    grows: bool,
    past: Measurement | None = None,
    stretch: Target | None = None,
) -> Goal:
    """The goal in numbers; `past` is the measured quarter when the baseline is one.

    Data can make a well-written goal unanswerable (no orders in the baseline quarter). That is no fault of
    the file, so the goal tells it and it becomes a status, not an error.
    """
    if isinstance(aim, Bounds | Milestone):
        return settled(aim, None, None, grows)
    if isinstance(baseline, PastQuarter):
        start, because = _measured(past, facts, baseline)
        is_incomplete = past is not None and not past.is_complete
    else:
        start, because, is_incomplete = (baseline.number if baseline else None), "", False
    if isinstance(aim, Level) and grows and start is None:
        return settled(aim, None, aim.number, grows, stretch)  # growth cannot be shown, but the target stands by itself
    if start is None:
        return Goal(None, None, grows, because or "it has no baseline", is_incomplete)
    goal = _between(start, aim, facts, grows)
    return settled(aim, start, goal.target, grows, stretch) if goal.is_settled else goal


def settled(
    aim: Aim, baseline: Decimal | None, target: Decimal | None, grows: bool, stretch: Target | None = None
) -> Goal:
    """The goal whose baseline and target are known already; limits and milestones need neither."""
    if isinstance(aim, Milestone):
        return Goal(Decimal(0), Decimal(1), grows=False)
    if isinstance(aim, Bounds):
        limits = [limit.number for limit in (aim.low, aim.high) if limit]
        return Goal(None, limits[0] if len(limits) == 1 else None, grows=False, bounds=aim)
    return Goal(baseline, target, grows, stretch=_stretch(baseline, target, grows, stretch))


def _stretch(baseline: Decimal | None, target: Decimal | None, grows: bool, stretch: Target | None) -> Decimal | None:
    """The stretch in numbers; none where the measured baseline leaves it on this side of the target."""
    start = Decimal(0) if grows else baseline
    if stretch is None or target is None or start is None or (baseline is None and not isinstance(stretch, Level)):
        return None
    level = _level(baseline or Decimal(0), stretch)
    near, far = target - start, level - start
    return level if near * far > 0 and abs(far) > abs(near) else None


def _measured(past: Measurement | None, facts: MetricFacts, quarter: PastQuarter) -> tuple[Decimal | None, str]:
    """The baseline's value, or why there is none."""
    if past is None:
        return None, f"the baseline, {facts.id} of the {quarter.words}, has not been measured"
    if not past.is_complete:
        return None, f"the baseline, the {quarter.words}, is incomplete: {past.incomplete_because}"
    if not facts.fits(past):
        return None, f"the baseline is in {past.currency} and {facts.id} in {facts.currency}"
    if past.value is None:
        why = f" ({past.incomplete_because})" if past.incomplete_because else ""
        return None, f"{facts.id} has no value in the {quarter.words}, which is the baseline{why}"
    return past.value, ""


def _between(baseline: Decimal, target: Target, facts: MetricFacts, grows: bool) -> Goal:
    if isinstance(target, Relative) and baseline <= 0:
        shown = facts.format(baseline)
        return Goal(
            baseline,
            None,
            grows,
            f"{target} of a baseline of {shown} says nothing: the target must be a level",
        )
    level = _level(baseline, target)
    if level == baseline and not grows:
        same = facts.format(level)
        return Goal(baseline, None, grows, f"baseline and target are both {same}, so there is no way to go")
    return Goal(baseline, level, grows)


def _level(baseline: Decimal, target: Target) -> Decimal:
    match target:
        case Level():
            return target.number
        case Relative():
            return baseline * (1 + target.fraction)
        case Points():
            return baseline + target.fraction
