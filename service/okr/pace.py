"""How far a key result should be by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from service.periods import ONE_DAY, Quarter, day_start


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
