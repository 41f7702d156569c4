"""How much of the way is gone: attainment, progress, and an objective's share of both."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from service.okr.goals import Goal


def attainment(value: Decimal | None, goal: Goal) -> Decimal | None:
    """0 at the start, 1 at the target, beyond either where the value is; None without value or goal.

    What grows is measured from nothing, anything else from its baseline; rising and falling are one formula.
    """
    if value is None or goal.target is None:
        return None
    if goal.grows:
        return value / goal.target
    return None if goal.baseline is None else (value - goal.baseline) / (goal.target - goal.baseline)


def clamped(attained: Decimal | None) -> Decimal | None:
    """Progress: attainment within 0 … 1."""
    return None if attained is None else min(max(attained, Decimal(0)), Decimal(1))


def roll_up(weighted: Iterable[tuple[Decimal, Decimal | None]]) -> Decimal | None:
    """The weighted mean of (weight, progress) over those that have progress; None when none has.

    Added up as fractions, so that the order of key results cannot move the last digit.
    """
    measured = [(Fraction(weight), Fraction(value)) for weight, value in weighted if value is not None]
    total = sum(weight for weight, _ in measured)
    if not total:
        return None
    mean = sum((weight * value for weight, value in measured), Fraction(0)) / total
    return Decimal(mean.numerator) / mean.denominator
