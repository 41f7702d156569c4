"""Orders by day, beside `ordersCount`: every store answers it, and it counts the very rows that are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from service.connectors.windows import search
from service.reconcile import causes
from service.reconcile.days import Span, differing
from service.reconcile.evidence import Witness
from service.shopify.probe import orders_count
from service.store import figures
from service.store.engine import reading
from service.values import Comparison

COUNTS: Mapping[str, figures.Field] = {"orders_created": "created_at", "orders_processed": "processed_at"}
"""Figure → the instant of an order that gives it its day."""


def counts(witness: Witness, span: Span, figure: str) -> list[Comparison]:
    """One of the counts on every day of a span. Where the days agree together, each counts as agreeing."""
    work, instant = witness.work, COUNTS[figure]
    with reading(work.engine) as connection:
        ours = figures.orders_of_days(connection, work.shop, instant, span.first, span.last)

    def count(part: Span) -> int:
        return orders_count(witness.ask(), search(instant, *witness.bounds(part)))

    theirs = differing(ours, count, span)
    found = [Comparison(day, figure, Decimal(ours[day]), Decimal(theirs.get(day, ours[day]))) for day in span.days]
    return [_explained(witness, each) if each.difference else each for each in found]


def _explained(witness: Witness, found: Comparison) -> Comparison:
    seen = witness.of_count(COUNTS[found.figure], found.day)
    with reading(witness.work.engine) as connection:
        tests = figures.tests_among(connection, witness.work.shop.shop_id, seen.ours)
    cause = causes.of_count(seen.ours, seen.theirs, tests, int(found.shopify), seen.troubles)
    return replace(found, cause=witness.noted(cause, found.day, seen))
