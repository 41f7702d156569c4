"""What a metric brought on each of the days so far, and what is asked about its end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile

from service.estimate.intervals import EXACT


@dataclass(frozen=True, slots=True)
class Sums:
    """A numerator and, for a ratio, its denominator."""

    numerator: Decimal
    denominator: Decimal | None = None

    @property
    def value(self) -> Decimal | None:
        """Their quotient; None with nothing to divide by."""
        if self.denominator is None:
            return self.numerator
        return EXACT.divide(self.numerator, self.denominator) if self.denominator else None

    def plus(self, days: Sums, times: Decimal = Decimal(1)) -> Sums:
        return Sums(
            self.numerator + times * days.numerator,
            None if self.denominator is None else self.denominator + times * (days.denominator or 0),
        )


NOTHING = Sums(Decimal(0))


@dataclass(frozen=True, slots=True)
class Series:
    """The increments of every day from `first` on, without a gap."""

    first: date
    numerators: Sequence[Decimal]
    denominators: Sequence[Decimal] | None = None  # of a ratio
    before: Sums = NOTHING  # all that came before `first`, where all history counts
    # First days of the periods in which customers are counted anew; empty where days simply add up.
    starts: tuple[date, ...] = ()

    @property
    def last(self) -> date:
        return self.first + timedelta(days=len(self.numerators) - 1)

    def until(self, last: date) -> Series:
        """What was known when `last` was over."""
        count = max((last - self.first).days + 1, 0)
        denominators = None if self.denominators is None else self.denominators[:count]
        return replace(self, numerators=self.numerators[:count], denominators=denominators)

    def sums(self, since: date | None, last: date) -> Sums:
        """What the days from `since` to `last` brought; None: they and all before them."""
        begin = 0 if since is None else max((since - self.first).days, 0)
        end = max((last - self.first).days + 1, 0)
        base = self.before if since is None else Sums(Decimal(0), None if self.denominators is None else Decimal(0))
        found = Sums(
            sum(self.numerators[begin:end], Decimal(0)),
            None if self.denominators is None else sum(self.denominators[begin:end], Decimal(0)),
        )
        return base.plus(found)

    def without_lead(self) -> Series:
        """From the first day on that brought anything: a shop not yet open tells nothing about one that is."""
        amounts = self.numerators if self.denominators is None else self.denominators
        lead = sum(1 for _ in takewhile(lambda amount: not amount, amounts))
        return self.newest(len(amounts) - lead)

    def newest(self, count: int) -> Series:
        """The last `count` days, or all there are; the others become part of what came before."""
        dropped = max(len(self.numerators) - count, 0)
        if not dropped:
            return self
        begin = self.first + timedelta(days=dropped)
        return replace(
            self,
            first=begin,
            numerators=self.numerators[dropped:],
            denominators=None if self.denominators is None else self.denominators[dropped:],
            before=self.sums(None, begin - timedelta(days=1)),
        )

    def period_start(self, day: date) -> date:
        """The first day of the period that `day` lies in."""
        return self.starts[max(bisect_right(self.starts, day) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Ending:
    """The value that is asked for: that of the days from `since` to `last`."""

    since: date | None  # None: all history counts
    last: date

    def to_come(self, after: date) -> tuple[int, int]:
        """How many days follow `after`, and how many of them do not yet count."""
        days = max((self.last - after).days, 0)
        skipped = 0 if self.since is None else min(max((self.since - after).days - 1, 0), days)
        return days, skipped


@dataclass(frozen=True, slots=True)
class Limits:
    """The values that are wanted, ends included."""

    at_least: Decimal | None = None
    at_most: Decimal | None = None

    def holds(self, value: Decimal) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)
