"""Our figures reckoned otherwise: as they would be if Shopify dated or counted by another rule. Pure.

A rule is for all days or for none. One that explains a day by chance makes a difference on others too, and fails there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal

from service.store.figures import MONEY, Entry

Rule = Callable[[Entry], date | None]
"""The day an entry belongs to; None when it does not count at all."""


def _untested(day: Callable[[Entry], date]) -> Rule:
    return lambda entry: None if entry.is_test else day(entry)


RULES: Mapping[str, Rule] = {
    "test": lambda entry: entry.event_date,
    "zone": _untested(
        lambda entry: (entry.processed_at if entry.is_placing else entry.happened_at).astimezone(UTC).date()
    ),
    "reversal_dating": _untested(lambda entry: entry.order_date if entry.is_reversal else entry.event_date),
}
"""Cause → the rule that would explain it: test orders count, days are UTC's, reversals fall on the day of the order."""

ByDay = Mapping[date, Decimal]

AS_PUBLISHED = _untested(lambda entry: entry.event_date)


@dataclass(slots=True)
class _Day:
    orders: set[int] = field(default_factory=set)
    customers: set[int] = field(default_factory=set)
    money: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, int]:
        counts = {"orders": len(self.orders), "customers": len(self.customers)}
        return counts | {name: self.money[name] for name in MONEY}


def reckon(entries: Iterable[Entry], rule: Rule, without: Collection[int] = ()) -> dict[date, dict[str, int]]:
    """The figures of every day by that rule, money in minor units, some orders left out."""
    found: dict[date, _Day] = {}
    for entry in entries:
        day = rule(entry)
        if day is None or entry.order_id in without:
            continue
        here = found.setdefault(day, _Day())
        here.money.update(entry.sums)
        if entry.is_placing:
            here.orders.add(entry.order_id)
            if entry.customer_id is not None:
                here.customers.add(entry.customer_id)
    return {day: each.figures() for day, each in found.items()}


def holding(ours: ByDay, otherwise: ByDay, theirs: ByDay) -> frozenset[date]:
    """The days on which a rule agrees with Shopify, if it does on most of those where it makes a difference."""
    telling = [day for day in theirs if otherwise[day] != ours[day]]
    agreeing = frozenset(day for day in telling if otherwise[day] == theirs[day])
    return agreeing if 2 * len(agreeing) > len(telling) else frozenset()
