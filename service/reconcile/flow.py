"""A comparison from beginning to end: what is due, its causes, a second reading where that may mend it, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from service import pipeline, questions
from service.connectors.merges import settle_merges
from service.connectors.rereading import reread
from service.connectors.work import Work
from service.door import Entered, connected
from service.errors import Busy, OkrsyncError
from service.installation import Installation, shop_of
from service.periods import ONE_DAY, first_whole_day, last_complete_day, shop_day
from service.pipeline import Outcome
from service.reconcile.causes import MISSED
from service.reconcile.compare import NAME, Compared, compare, record
from service.reconcile.days import Span, asked, due
from service.reconcile.evidence import MENDABLE
from service.settings import ShopSettings
from service.store import figures, reconciliations
from service.store.coverage import coverage
from service.store.engine import reading
from service.values import UNEXPLAINED, Comparison, Coverage

MOST_ORDERS_READ_AGAIN, MOST_DAYS_READ_AGAIN = 1_000, 5
"""Of one comparison: 25 orders a question, a day a bulk operation. What is left over comes up with the next one."""

BUSY_TRIES, BUSY_SECONDS = 6, 10
"""A turn of the orders lasts seconds, and one may be under way."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Days that were asked for and not compared."""

    span: Span
    why: str
    is_gap: bool = False  # there may be orders of theirs that we have not read

    def __str__(self) -> str:
        return f"{self.span} not compared: {self.why}"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How a shop compares with Shopify on the days that were looked at."""

    shop: str
    days: int = 0
    comparisons: Sequence[Comparison] = ()
    read_again: Sequence[date] = ()  # differing days whose orders were read again
    no_reports: str = ""  # why only counts were compared
    not_yet: str = ""  # why nothing was
    left_out: Sequence[LeftOut] = ()  # days that were asked for
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
    questions.require_order(first, last)
    read = _what_is_read(installation, settings)
    if read.gap:
        return Reconciled(settings.domain, not_yet=read.gap)
    with connected(installation, settings, pipeline.ORDERS) as entered:
        reach = _reach(installation, entered, read)
        spans = _spans(installation, entered, reach, first, last)
        left_out = [*_left_out(entered, read, reach, first, last)]
        if not any(span.days for span in spans):
            told = "none of these days is over and read whole"
            return Reconciled(settings.domain, not_yet=told, left_out=left_out)
        seen = _look(installation, entered, lambda work: compare(work, spans))
    done = _read_again(installation, settings, _worth_reading(installation, entered, seen))
    if done.days:
        with connected(installation, settings, pipeline.ORDERS) as entered:
            seen = _look(installation, entered, lambda work: _second(work, spans, seen, done))
    days = sum(len(span.days) for span in spans)
    again = sorted(done.days)
    return Reconciled(
        settings.domain, days, seen.comparisons, again, seen.no_reports, left_out=left_out, error=done.error
    )


def _what_is_read(installation: Installation, settings: ShopSettings) -> Coverage:
    shop, name = shop_of(installation, settings), pipeline.ORDERS.name
    if shop is None:
        return Coverage(name, None, None, 0, None, None, f"no {name} have been read yet: run okrsync backfill")
    with reading(installation.engine) as connection:
        return coverage(connection, shop.shop_id, name)


def _reach(installation: Installation, entered: Entered, read: Coverage) -> Span:
    """All that can be compared: complete days, and none before the history begins."""
    shop = entered.shop
    assert read.covered_from is not None
    begin = first_whole_day(read.covered_from, shop.timezone)
    if _is_from_the_first(entered, read):
        with reading(installation.engine) as connection:
            opened = shop_day(shop.created_at, shop.timezone)
            begin = min(opened, figures.first_day(connection, shop.shop_id) or opened)
    return Span(begin, last_complete_day(entered.now, shop.timezone))


def _is_from_the_first(entered: Entered, read: Coverage) -> bool:
    """Is the history read from the shop's first day on?"""
    return read.covered_from is not None and read.covered_from <= entered.shop.created_at


def _spans(
    installation: Installation, entered: Entered, reach: Span, first: date | None, last: date | None
) -> list[Span]:
    """Of what can be compared, the days asked for, or those that are due."""
    begin, end = reach
    if first or last:
        return asked(max(begin, first or begin), min(end, last or end))
    if entered.visible_from:
        begin = max(begin, first_whole_day(entered.visible_from, entered.shop.timezone))
    with reading(installation.engine) as connection:
        checked = reconciliations.last_checked(connection, entered.shop.shop_id)
        unsettled = reconciliations.unsettled(connection, entered.shop.shop_id)
    return [part for span in due(begin, end, checked, unsettled) for part in asked(*span)]


def _left_out(
    entered: Entered, read: Coverage, reach: Span, first: date | None, last: date | None
) -> Iterator[LeftOut]:
    """The days asked for beyond what can be compared, with the reasons."""
    first, last = first or reach.first, last or reach.last
    if first < reach.first:
        before = Span(first, min(last, reach.first - ONE_DAY))
        if _is_from_the_first(entered, read):
            yield LeftOut(before, f"the shop's first day is {reach.first}")
        elif entered.visible_from and reach.first <= first_whole_day(entered.visible_from, entered.shop.timezone):
            yield LeftOut(before, "Shopify hides orders older than 60 days from this app", is_gap=True)
        else:
            told = f"orders are read from {reach.first} on: run okrsync backfill --from {first}"
            yield LeftOut(before, told, is_gap=True)
    if last > reach.last:
        yield LeftOut(Span(max(first, reach.last + ONE_DAY), last), "not over yet in the shop's time zone")


def _look(installation: Installation, entered: Entered, at: Callable[[Work], Compared]) -> Compared:
    """What `at` finds, as a run of its own."""
    found: list[Compared] = []
    outcome = pipeline.run(installation, entered, NAME, "reconcile", lambda work: found.append(at(work)))
    if outcome.error:
        raise outcome.error
    return found[0]


def _worth_reading(installation: Installation, entered: Entered, seen: Compared) -> dict[date, set[int]]:
    """Differing day → the orders to read again; no day a second time for the same difference."""
    with reading(installation.engine) as connection:
        waiting = reconciliations.not_read_again(connection, entered.shop.shop_id)
    wanted: dict[date, set[int]] = {}
    for day in sorted(waiting & seen.to_read.keys()):
        orders = sum(map(len, wanted.values())) + len(seen.to_read[day])
        whole_days = sum(not ids for ids in wanted.values())
        if not wanted or (orders <= MOST_ORDERS_READ_AGAIN and whole_days < MOST_DAYS_READ_AGAIN):
            wanted[day] = seen.to_read[day]
    return wanted


@dataclass(frozen=True, slots=True)
class _ReadAgain:
    """The differing days whose orders were read again, and those of them where that changed something."""

    days: frozenset[date] = frozenset()
    changed: frozenset[date] = frozenset()
    error: OkrsyncError | None = None


def _read_again(installation: Installation, settings: ShopSettings, wanted: Mapping[date, set[int]]) -> _ReadAgain:
    """The suspicious orders by their ids; where there are none, whatever was created on the day."""
    by_id = frozenset(day for day, ids in wanted.items() if ids)
    numbers = {number for ids in wanted.values() for number in ids}
    steps = [(by_id, partial(_by_id, installation, settings, numbers))] if by_id else []
    steps += [
        (frozenset({day}), partial(pipeline.backfill, installation, settings, first=day, last=day))
        for day in wanted.keys() - by_id
    ]
    done = _ReadAgain()
    for days, step in steps:
        outcome = _patiently(installation, step)
        if outcome.error:
            return replace(done, error=outcome.error)
        done = _ReadAgain(done.days | days, done.changed | (days if outcome.rows_changed else set()))
    return done


def _by_id(installation: Installation, settings: ShopSettings, order_ids: set[int]) -> Outcome:
    def work_on(work: Work) -> None:
        reread(work, order_ids)
        settle_merges(work)

    with connected(installation, settings, pipeline.ORDERS) as entered:
        return pipeline.run(installation, entered, pipeline.ORDERS.name, "reread", work_on)


def _patiently(installation: Installation, step: Callable[[], Outcome]) -> Outcome:
    """What becomes of it once nobody else is reading the orders, or is still at it after a while."""
    for _ in range(BUSY_TRIES - 1):
        outcome = step()
        if not isinstance(outcome.error, Busy):
            return outcome
        installation.sleep(BUSY_SECONDS)
    return step()


def _second(work: Work, spans: Sequence[Span], before: Compared, done: _ReadAgain) -> Compared:
    """The days compared again; what agrees now because orders were read anew says why it had not."""
    seen = compare(work, spans)
    mended = {
        (each.day, each.figure): MISSED if each.cause == UNEXPLAINED else each.cause
        for each in before.comparisons
        if each.cause in MENDABLE and each.day in done.changed
    }
    final = [
        each if each.difference else replace(each, cause=mended.get((each.day, each.figure), each.cause))
        for each in seen.comparisons
    ]
    record(work, [each for each in final if each.day in done.days], read_again=done.days)
    return replace(seen, comparisons=final)
