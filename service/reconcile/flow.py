"""A comparison from beginning to end: what is due, its causes, a second reading where that may mend it, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from service import pipeline
from service.connectors.work import Work
from service.door import Entered, connected
from service.errors import Busy, OkrsyncError
from service.installation import Installation, shop_of
from service.periods import first_whole_day, last_complete_day, shop_day
from service.reconcile.causes import MISSED
from service.reconcile.compare import NAME, Compared, compare, record
from service.reconcile.days import Span, asked, due
from service.reconcile.evidence import MENDABLE
from service.settings import ShopSettings
from service.store import figures, reconciliations
from service.store.coverage import coverage
from service.store.engine import reading
from service.values import UNEXPLAINED, Comparison, Coverage

MOST_DAYS_READ_AGAIN = 5
"""Of one comparison: each costs a bulk operation. What is left over comes up with the next one."""

BUSY_TRIES, BUSY_SECONDS = 6, 10
"""A turn of the orders lasts seconds, and one may be under way."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How a shop compares with Shopify on the days that were looked at."""

    shop: str
    days: int = 0
    comparisons: Sequence[Comparison] = ()
    read_again: Sequence[date] = ()  # days of order creation
    no_reports: str = ""  # why only counts were compared
    not_yet: str = ""  # why nothing was
    error: OkrsyncError | None = None  # what kept days from being read again

    @property
    def figures(self) -> int:
        return len({each.figure for each in self.comparisons})

    @property
    def differing(self) -> list[Comparison]:
        """What differs, and what did until just now."""
        return [each for each in self.comparisons if each.difference or each.cause]

    @property
    def verdict(self) -> str:
        """`35 days, 11 figures: all equal`."""
        apart = sum(1 for each in self.comparisons if each.difference)
        told = f"{apart} differ, {len(self.unexplained)} of them unexplained" if apart else "all equal"
        mended = len(self.differing) - apart
        return f"{self.days} days, {self.figures} figures: {told}" + (f"; {mended} were mended" if mended else "")

    @property
    def unexplained(self) -> list[Comparison]:
        return [each for each in self.comparisons if each.cause == UNEXPLAINED]


def reconcile(
    installation: Installation, settings: ShopSettings, *, first: date | None = None, last: date | None = None
) -> Reconciled:
    """The days from `first` to `last` compared, or what is due; days that differ without a cause are read again."""
    pipeline.require_order(first, last)
    read = _what_is_read(installation, settings)
    if read.gap:
        return Reconciled(settings.domain, not_yet=read.gap)
    with connected(installation, settings, pipeline.ORDERS) as entered:
        spans = _spans(installation, entered, read, first, last)
        seen = _look(installation, entered, lambda work: compare(work, spans))
    wanted = _worth_reading(installation, entered, seen)
    read_again, error = _read_again(installation, settings, sorted({day for days in wanted.values() for day in days}))
    if read_again:
        with connected(installation, settings, pipeline.ORDERS) as entered:
            seen = _look(installation, entered, lambda work: _second(work, spans, seen, wanted, read_again))
    days = sum(len(span.days) for span in spans)
    return Reconciled(settings.domain, days, seen.comparisons, [*read_again], seen.no_reports, error=error)


def _what_is_read(installation: Installation, settings: ShopSettings) -> Coverage:
    shop, name = shop_of(installation, settings), pipeline.ORDERS.name
    if shop is None:
        return Coverage(name, None, None, 0, None, None, f"no {name} have been read yet: run okrsync backfill")
    with reading(installation.engine) as connection:
        return coverage(connection, shop.shop_id, name)


def _spans(
    installation: Installation, entered: Entered, read: Coverage, first: date | None, last: date | None
) -> list[Span]:
    """The days asked for, or those that are due; complete ones, and none before the history begins."""
    shop = entered.shop
    assert read.covered_from is not None
    end = last_complete_day(entered.now, shop.timezone)
    begin = first_whole_day(read.covered_from, shop.timezone)
    with reading(installation.engine) as connection:
        if read.covered_from <= shop.created_at:
            opened = shop_day(shop.created_at, shop.timezone)
            begin = min(opened, figures.first_day(connection, shop.shop_id) or opened)
        if first or last:
            return asked(max(begin, first or begin), min(end, last or end))
        if entered.visible_from:
            begin = max(begin, first_whole_day(entered.visible_from, shop.timezone))
        checked = reconciliations.last_checked(connection, shop.shop_id)
        unsettled = reconciliations.unsettled(connection, shop.shop_id)
    return [part for span in due(begin, end, checked, unsettled) for part in asked(*span)]


def _look(installation: Installation, entered: Entered, at: Callable[[Work], Compared]) -> Compared:
    """What `at` finds, as a run of its own."""
    found: list[Compared] = []
    outcome = pipeline.run(installation, entered, NAME, "reconcile", lambda work: found.append(at(work)))
    if outcome.error:
        raise outcome.error
    return found[0]


def _worth_reading(installation: Installation, entered: Entered, seen: Compared) -> dict[date, set[date]]:
    """Differing day → days of order creation to read again; no day a second time for the same difference."""
    with reading(installation.engine) as connection:
        waiting = reconciliations.not_read_again(connection, entered.shop.shop_id)
    wanted: dict[date, set[date]] = {}
    for day in sorted(waiting & seen.to_read.keys()):
        if len({each for days in wanted.values() for each in days} | seen.to_read[day]) <= MOST_DAYS_READ_AGAIN:
            wanted[day] = seen.to_read[day]
    return wanted


def _read_again(
    installation: Installation, settings: ShopSettings, days: Sequence[date]
) -> tuple[dict[date, int], OkrsyncError | None]:
    """How many rows reading each day of order creation changed, up to the first that could not be read."""
    changed: dict[date, int] = {}
    for day in days:
        for tries_left in reversed(range(BUSY_TRIES)):
            outcome = pipeline.backfill(installation, settings, first=day, last=day)
            if not isinstance(outcome.error, Busy) or not tries_left:
                break
            installation.sleep(BUSY_SECONDS)
        if outcome.error:
            return changed, outcome.error
        changed[day] = outcome.rows_changed
    return changed, None


def _second(
    work: Work, spans: Sequence[Span], before: Compared, wanted: dict[date, set[date]], changed: dict[date, int]
) -> Compared:
    """The days compared again; what agrees now because orders were read anew says why it had not."""
    seen = compare(work, spans)
    done = {day for day, days in wanted.items() if days <= changed.keys()}
    mended = {
        (each.day, each.figure): MISSED if each.cause == UNEXPLAINED else each.cause
        for each in before.comparisons
        if each.cause in MENDABLE and any(changed.get(day) for day in wanted.get(each.day, ()))
    }
    final = [
        each if each.difference else replace(each, cause=mended.get((each.day, each.figure), each.cause))
        for each in seen.comparisons
    ]
    record(work, [each for each in final if each.day in done], read_again=done)
    return replace(seen, comparisons=final)
