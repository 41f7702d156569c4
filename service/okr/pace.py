"""How far a key result should be by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from service.periods import ONE_DAY, Quarter, day_start

Points = tuple[tuple[date, Decimal], ...]
"""An owner's own pace: what share of the way should be gone at the end of each of these days."""


@dataclass(frozen=True, slots=True)
class Day:
    """A complete shop day of a quarter and how late its data may be."""

    quarter: Quarter
    as_of: date
    ends_at: datetime
    allowance: timedelta  # the longest gap of the connector's schedule

    @classmethod
    def of(cls, quarter: Quarter, as_of: date, tz: str | ZoneInfo, allowance: timedelta) -> Day:
        """The day as the shop's clocks ran; after the quarter its last day stands for it."""
        if as_of < quarter.start:
            raise ValueError(f"{as_of} is before {quarter} begins, on {quarter.start}")
        last = min(as_of, quarter.last_day)
        return cls(quarter, last, day_start(last + ONE_DAY, tz), allowance)

    def another(self, as_of: date, tz: str | ZoneInfo) -> Day:
        """Another day of the same quarter."""
        return Day.of(self.quarter, as_of, tz, self.allowance)

    @property
    def is_last(self) -> bool:
        return self.as_of == self.quarter.last_day

    @property
    def number(self) -> int:
        """1 on the first day: so many days of the quarter are complete."""
        return (self.as_of - self.quarter.start).days + 1

    @property
    def elapsed(self) -> Decimal:
        """The part of the quarter that is over: 46 complete days of 92 are 0.5."""
        return Decimal(self.number) / self.quarter.days


def linear(elapsed: Decimal) -> Decimal:
    """Expected progress when every day should bring as much as any other."""
    return elapsed


@dataclass(frozen=True, slots=True)
class Expectation:
    """What share of the way should be gone by a day, and by which pace."""

    fraction: Decimal
    pace: str = "linear"
    said: str = ""  # the same as the end of a sentence; nothing where every day counts alike


@dataclass(frozen=True, slots=True)
class Curve:
    """What share of a past quarter's total had come by the end of each of its days."""

    quarter: Quarter
    shares: tuple[Decimal, ...]


MIN_DAYS = 30
"""Days of a past quarter that must have brought something: fewer say more about chance than about the season."""


def curve(quarter: Quarter, running: Sequence[Decimal]) -> Curve | None:
    """The shape of a past quarter from its running totals, a day each; None when too little came in it."""
    total = running[-1] if running else Decimal(0)
    days_with_some = sum(later != earlier for earlier, later in pairwise([Decimal(0), *running]))
    if total <= 0 or days_with_some < MIN_DAYS:
        return None
    return Curve(quarter, tuple(min(max(each / total, Decimal(0)), Decimal(1)) for each in running))


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a key result is expected to come about; linear without points and curves."""

    points: Points = ()
    curves: tuple[Curve, ...] = ()
    because: str = ""  # why it is linear where the seasons should have told

    @property
    def name(self) -> str:
        """linear · phased · seasonal, as 2025-Q3, 2024-Q3 · linear: 2025-Q3 is not complete"""
        if self.points:
            return "phased"
        if self.curves:
            return f"seasonal, as {self._quarters(', ')}"
        return f"linear: {self.because}" if self.because else "linear"

    @property
    def said(self) -> str:
        if self.points:
            return " by its own pace"
        if self.curves:
            return f" by the pace of {self._quarters(' and ')}"
        return f" by an even pace, because {self.because}" if self.because else ""

    def _quarters(self, separator: str) -> str:
        return separator.join(each.quarter.label for each in self.curves)

    def on(self, day: Day, *, begins_at_zero: bool = False) -> Expectation:
        """What is expected by the end of that day; all of it by the end of the quarter."""
        return Expectation(self._fraction(day, begins_at_zero=begins_at_zero), self.name, self.said)

    def _fraction(self, day: Day, *, begins_at_zero: bool) -> Decimal:
        if self.points:
            return _between_points(self.points, day)
        if self.curves:
            return _as_in_the_past(self.curves, day)
        if begins_at_zero:
            return Decimal(day.number - 1) / (day.quarter.days - 1)
        return linear(day.elapsed)


def _as_in_the_past(curves: Sequence[Curve], day: Day) -> Decimal:
    """The mean share of the same day; quarters of leap years are a day longer, and all end at 1."""
    if day.is_last:
        return Decimal(1)
    return sum((each.shares[min(day.number, len(each.shares)) - 1] for each in curves), Decimal(0)) / len(curves)


def _between_points(points: Points, day: Day) -> Decimal:
    """Straight lines from nothing before the quarter through the points to all of it on its last day."""
    ends = {day.quarter.start - ONE_DAY: Decimal(0), day.quarter.last_day: Decimal(1)} | dict(points)
    for (first, low), (last, high) in pairwise(sorted(ends.items())):
        if first <= day.as_of <= last:
            return low + (high - low) * (day.as_of - first).days / (last - first).days
    raise AssertionError("a day of the quarter lies between its ends")
