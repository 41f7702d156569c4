"""What an unexplained difference from Shopify's own figures means for an answer that rests on the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.connectors import orders
from service.metrics.catalogue import Metric
from service.okr.amounts import format_value
from service.values import Comparison, Window

COUNTS = {"orders_created": "orders created on", "orders_processed": "orders of"}
"""Figures that count the very rows that are read: where they differ, rows are missing or too many."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a person is told of it; empty when there is nothing to tell."""

    hindrance: str = ""  # the answer cannot be complete
    remark: str = ""  # it stands, and another program counts otherwise


def doubt_of(unexplained: Sequence[Comparison], metric: Metric, window: Window, currency: str) -> Doubt:
    """Of the days in the window; `unexplained` comes in order of days."""
    here = [each for each in unexplained if _concerns(each, metric) and _lies_in(each, window)]
    rows = [each for each in here if each.figure in COUNTS]
    return Doubt(_told(rows, currency), _told([each for each in here if each not in rows], currency))


def _concerns(found: Comparison, metric: Metric) -> bool:
    """Does the metric count what differs? Its text says so."""
    if found.figure in COUNTS:
        return orders.NAME in metric.connectors
    if found.figure in ("orders", "customers"):
        return "counted_orders" in metric.words
    return f"{found.figure}_minor" in metric.words


def _lies_in(found: Comparison, window: Window) -> bool:
    return (window.start is None or window.start <= found.day) and found.day < window.end


def _told(found: Sequence[Comparison], currency: str) -> str:
    """The first in a sentence, and how many more days there are."""
    if not found:
        return ""
    first, more = found[0], len({each.day for each in found}) - 1
    others = f", and so do {more} more days" if more else ""
    return f"{difference(first, currency)}, unexplained{others}"


def difference(found: Comparison, currency: str) -> str:
    """`orders of 2026-08-03 differ from Shopify's count by 2`."""
    if found.figure in COUNTS:
        return f"{COUNTS[found.figure]} {found.day} differ from Shopify's count by {abs(found.difference):,f}"
    unit = "count" if found.figure in ("orders", "customers") else "money"
    by = format_value(abs(found.difference), unit, currency if unit == "money" else None)
    return f"{found.figure.replace('_', ' ')} of {found.day} differ from Shopify's report by {by}"
