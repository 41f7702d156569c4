"""The days of a shop as UTC instants, and ways to spread a number of orders over them.

A shop day begins at local midnight and lasts 23 to 25 hours where clocks change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from random import Random
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 24 * HOUR

# Orders by local hour, in thousandths: quiet before dawn, a lunch hump, most in the evening.
_BY_HOUR = (14, 8, 5, 3, 3, 6, 14, 25, 36, 45, 51, 54, 56, 54, 50, 49, 50, 54, 61, 74, 88, 90, 70, 40)
_HOURS = [hour for hour, weight in enumerate(_BY_HOUR) for _ in range(weight)]


def midnight(timezone: str, day: date) -> int:
    """The instant at which `day` begins, also where that midnight is skipped or happens twice."""
    return int(datetime.combine(day, time(), ZoneInfo(timezone)).timestamp())


def instant(timezone: str, day: date, clock: time) -> int:
    """The instant at which clocks show that time (the first one, where they show it twice)."""
    return int(datetime.combine(day, clock, ZoneInfo(timezone)).timestamp())


class Days:
    """A span of shop days, both ends inclusive, with the instant at which each begins."""

    def __init__(self, timezone: str, first: date, last: date) -> None:
        self.timezone = timezone
        self.first = first
        self.dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.starts = [midnight(timezone, day) for day in [*self.dates, last + timedelta(days=1)]]

    def start(self, day: date) -> int:
        """The first instant of a day of the span, or of the day after it."""
        return self.starts[(day - self.first).days]

    def of(self, at: int) -> date:
        """The day an instant belongs to. It must lie in the span."""
        return self.dates[bisect_right(self.starts, at) - 1]

    def clock_changes(self) -> list[int]:
        """The instants of the span at which clocks are put forward or back."""
        zone = ZoneInfo(self.timezone)
        uneven = [start for start, end in pairwise(self.starts) if end - start != DAY]
        # Clocks change on half hours of UTC wherever they still change.
        half = HOUR // 2
        marks = (at for start in uneven for at in range(start + half, start + 25 * HOUR, half))
        return [at for at in marks if _offset(zone, at) != _offset(zone, at - half)]


def _offset(zone: ZoneInfo, at: int) -> timedelta | None:
    return datetime.fromtimestamp(at, zone).utcoffset()


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` as integers in proportion to `weights`; they add up exactly, and so does every running sum."""
    whole = sum(weights)
    reached = [total * seen // whole for seen in accumulate(weights)]
    return [after - before for before, after in pairwise([0, *reached])]


def moments(rng: Random, start: int, end: int, count: int) -> list[int]:
    """`count` instants in [start, end), rising, with the rhythm of a day."""
    span, draw, hours = end - start, rng.random, len(_HOURS)
    # A day shorter than the drawn hour begins again at its start.
    return sorted(start + (_HOURS[int(draw() * hours)] * HOUR + int(draw() * HOUR)) % span for _ in range(count))
