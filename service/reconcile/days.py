"""Which days are compared, and how few questions find those on which two counts differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from service.periods import ONE_DAY, days

RECENT_DAYS = 35
"""Compared every time: a return comes within weeks, and a month's report is still being read."""

ROUND = 28
"""Times within which all older days come up once."""

MOST_UNSETTLED = 7
"""Older days that a night looks at besides, because they were left without an end."""

MOST_DAYS = 366
"""Days of a span: a year of them is one answer of the sales report."""


NEVER = datetime.min.replace(tzinfo=UTC)


class Span(NamedTuple):
    """Shop days, both ends inclusive."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}" if self.first != self.last else str(self.first)

    @property
    def days(self) -> Sequence[date]:
        return days(self.first, self.last + ONE_DAY)


def asked(first: date, last: date) -> list[Span]:
    """The days of [first, last] in spans that one question can be about."""
    begins = range(0, (last - first).days + 1, MOST_DAYS)
    starts = [first + timedelta(days=n) for n in begins]
    return [Span(start, min(start + timedelta(days=MOST_DAYS - 1), last)) for start in starts]


def due(first: date, last: date, checked: Mapping[date, datetime], unsettled: Sequence[date] = ()) -> list[Span]:
    """What a night compares of the whole history: the recent days, the older ones that were looked at longest ago,
    and whatever was left without an end. `checked` says when a day was last compared."""
    if first > last:
        return []
    recent = Span(max(first, last - timedelta(days=RECENT_DAYS - 1)), last)
    older = days(first, recent.first)
    spans = [recent]
    if older:
        begin = min(older, key=lambda day: (checked.get(day, NEVER), day))
        length = -(-len(older) // ROUND)
        spans.append(Span(begin, min(begin + timedelta(days=length - 1), older[-1])))
    known = {day for span in spans for day in span.days}
    left = [Span(day, day) for day in sorted(unsettled) if first <= day <= last and day not in known]
    return spans + left[:MOST_UNSETTLED]


def differing(ours: Mapping[date, int], count: Callable[[Span], int], span: Span) -> dict[date, int]:
    """The days on which Shopify's count is another, with that count; found by halving.

    Two differences that make up for each other within the span are not seen: the spans of another night are cut
    elsewhere.
    """
    return _differing(ours, count, span, count(span))


def _differing(ours: Mapping[date, int], count: Callable[[Span], int], span: Span, theirs: int) -> dict[date, int]:
    if theirs == sum(ours.get(day, 0) for day in span.days):
        return {}
    if span.first == span.last:
        return {span.first: theirs}
    middle = span.first + (span.last - span.first) // 2
    left, right = Span(span.first, middle), Span(middle + ONE_DAY, span.last)
    of_left = count(left)
    return _differing(ours, count, left, of_left) | _differing(ours, count, right, theirs - of_left)
