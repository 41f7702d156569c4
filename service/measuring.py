"""The catalogue measured: every metric on every day, what is new whole, and of the past only what changed.

A reading that stands is brought up to date by what changed since: the rows where a metric is a sum over rows, the days
where its days add up. The days from some day on are measured whole where neither is known, and for new days.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate, groupby

from service.books import Books
from service.judging import Footing, Ground
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.measure import TRAILING_DAYS, Totals
from service.metrics.scope import Changes
from service.periods import ONE_DAY, Quarter, days, last_complete_day, shop_day
from service.store import changes, late, pending
from service.store import metric_readings as readings_kept
from service.store.engine import Connection
from service.store.metric_readings import Key, Progress, Reading, Restated
from service.values import Shop, Window

Wanted = tuple[str, Window]
"""A window kind and a window of it."""

Causes = Mapping[date, set[str]]
"""The days that changed, and why as far as whoever changed them knew."""

UNKNOWN = "data"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pass measured."""

    since: date | None = None  # the first day with a reading that is new or another one; None: all stood
    readings: int = 0
    restatements: int = 0

    def __add__(self, other: Measured) -> Measured:
        since = min((day for day in (self.since, other.since) if day), default=None)
        return Measured(since, self.readings + other.readings, self.restatements + other.restatements)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one metric is measured from and up to, in one view of the database."""

    metric: Metric
    begin: date  # days from here on are measured whole: nothing else stands of them
    end: date
    was: Progress | None  # of readings that stand and can be brought up to date
    upto: int  # newest batch of changes in view
    changed: Causes = field(default_factory=dict)  # the days of the metric's rows that changed
    because: str = ""  # why readings that stood are measured whole again

    @property
    def is_long(self) -> bool:
        """Are days measured whole that were measured before, or all of them?"""
        return self.was is None or self.begin <= self.was.measured_to


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose catalogue is measured, and for when."""

    books: Books
    ground: Ground
    now: datetime
    fiscal_year_start: int

    @property
    def shop(self) -> Shop:
        return self.ground.shop


def measure_catalogue(books: Books, ground: Ground, now: datetime, fiscal_year_start: int) -> Measured:
    """Every metric brought up to date with what was read so far.

    What is short comes from one view of the database and goes into one transaction, what is long metric by metric.
    """
    desk = _Desk(books, ground, now, fiscal_year_start)
    metrics_ = list(ground.catalogue.values())
    short, done = _measure(desk, metrics_, is_long=False)
    for metric in metrics_:
        if metric.id not in done:
            short += _measure(desk, [metric], is_long=True)[0]
    return short


def _measure(desk: _Desk, some: Sequence[Metric], *, is_long: bool) -> tuple[Measured, set[str]]:
    """What was measured, and the metrics that need no more: with `is_long` all of them."""
    turns: list[tuple[_Turn, Sequence[Reading]]] = []
    unmeasurable: list[Metric] = []
    with desk.books.reading() as connection:
        view = _View.of(connection, desk)
        for metric in some:
            end = _measurable_until(desk.ground.under(metric), metric, desk.shop, desk.now)
            if end is None:
                unmeasurable.append(metric)
                continue
            turn = _turn(view, desk, metric, end)
            if is_long or not turn.is_long:
                turns.append((turn, _find(connection, desk, turn)))
    total = _write(desk, view, turns, unmeasurable)
    return total, {turn.metric.id for turn, _ in turns} | {metric.id for metric in unmeasurable}


def _write(
    desk: _Desk, view: _View, turns: Sequence[tuple[_Turn, Sequence[Reading]]], unmeasurable: Sequence[Metric]
) -> Measured:
    """Readings, restatements with their causes, and how far each metric has come; nothing where all stands."""
    shop_id, total = desk.shop.shop_id, Measured()
    moved = [(turn, readings) for turn, readings in turns if _reached(desk, turn) != view.progress.get(turn.metric.id)]
    lost = [metric for metric in unmeasurable if metric.id in view.progress]
    if not moved and not lost:
        return total
    with desk.books.writing() as connection:
        for metric in lost:
            readings_kept.forget_progress(connection, shop_id, metric.id, "")
        for turn, readings in moved:
            restated = readings_kept.record(
                connection, shop_id, turn.metric.id, "", readings, whole_from=turn.begin, now=desk.now
            )
            with_causes = _with_causes(connection, desk, turn, restated)
            restatements = readings_kept.record_restatements(connection, shop_id, with_causes, now=desk.now)
            readings_kept.record_progress(connection, shop_id, turn.metric.id, "", _reached(desk, turn))
            since = min((reading.metric_date for reading in readings), default=None)
            total += Measured(since, len(readings), restatements)
    return total


def _reached(desk: _Desk, turn: _Turn) -> Progress:
    covered_from = desk.ground.under(turn.metric).covered_from
    return Progress(turn.metric.version, turn.end - ONE_DAY, covered_from, desk.fiscal_year_start, turn.upto)


@dataclass(frozen=True, slots=True)
class _View:
    """What a view of the database says of how far readings have come and what changed since."""

    touched: pending.Touched
    progress: Mapping[str, Progress]  # by metric
    noted: Mapping[int, changes.Days]  # by the batch after which they changed

    @classmethod
    def of(cls, connection: Connection, desk: _Desk) -> _View:
        shop_id = desk.shop.shop_id
        touched = pending.touched(connection, shop_id)
        of_all = readings_kept.progress(connection, shop_id).items()
        progress = {metric: each for (metric, segment), each in of_all if not segment}
        batches = {each.batch for each in progress.values()}
        noted = {batch: changes.days_since(connection, shop_id, batch, touched.notes) for batch in batches}
        return cls(touched, progress, noted)

    def changed(self, metric: Metric, after: int) -> Causes:
        """The days of the metric's rows that changed after that batch, or on which their horizons end, and why."""
        found: dict[date, set[str]] = {}
        noted, horizon = self.noted[after], timedelta(days=metric.horizon_days or 0)
        read = [day for basis in (changes.ORDER_DAY, changes.ORDER_READ) for day in noted.get(basis, {})]
        since = min(read, default=date.min) if metric.horizon_days else date.min
        for basis in metric.changed_by:
            for day, causes in noted.get(basis, {}).items():
                # What was ordered after a horizon had ended is no part of it.
                if day + horizon >= since:
                    found.setdefault(day + horizon, set()).update(causes)
        return found


def _measurable_until(footing: Footing, metric: Metric, shop: Shop, now: datetime) -> date | None:
    """The first day without an answer yet: not read to its end, or not settled; None: nothing can be measured."""
    reach = footing.coverage.covered_to
    if reach is None or footing.because:
        return None
    settled = reach - metric.family.settles_after
    return min(last_complete_day(now, shop.timezone), last_complete_day(settled, shop.timezone)) + ONE_DAY


def _turn(view: _View, desk: _Desk, metric: Metric, end: date) -> _Turn:
    was, upto = view.progress.get(metric.id), view.touched.notes
    because = _measured_anew_because(metric, desk.ground.under(metric), was, desk.fiscal_year_start)
    if was is None or because:
        return _Turn(metric, date.min, end, None, upto, because=because)
    changed = view.changed(metric, was.batch)
    begin = min(was.measured_to + ONE_DAY, end)
    if view.touched.all_since:
        begin = min(begin, view.touched.all_since)
    if not (metric.changes_by_rows or metric.adds_up):
        begin = min([begin, *changed])
    return _Turn(metric, begin, end, was, upto, changed)


def _measured_anew_because(metric: Metric, footing: Footing, was: Progress | None, fiscal_year_start: int) -> str:
    """The cause, as restatements name it, when nothing that stands can be built upon; empty: it can."""
    if was is None:
        return ""
    if was.metric_version != metric.version:
        return "definition"
    if was.fiscal_year_start != fiscal_year_start:
        return "calendar"
    return "history" if was.covered_from != footing.covered_from else ""


def _find(connection: Connection, desk: _Desk, turn: _Turn) -> list[Reading]:
    """The readings that are new, or may be others."""
    found: list[Reading] = []
    if turn.was is not None:
        found += _brought_up_to_date(connection, desk, turn, turn.was)
    if turn.begin < turn.end:
        found += _measured_whole(connection, desk, turn)
    return found


# --- whole ---------------------------------------------------------------------------------------------------------


def _measured_whole(connection: Connection, desk: _Desk, turn: _Turn) -> Iterator[Reading]:
    """Every window of every kind that ends on one of the days from `turn.begin` on."""
    first = shop_day(desk.shop.created_at, desk.shop.timezone)
    metric, all_days = turn.metric, days(max(first, turn.begin), turn.end)
    wanted = [each for kind in _kinds(metric) for each in _windows(kind, all_days, desk.fiscal_year_start)]
    covered_from = desk.ground.under(metric).covered_from
    for group in _groups(metric, wanted):
        windows = [window for _, window in group]
        found = metrics.answers(connection, desk.shop, metric, windows, covered_from=covered_from)
        for (kind, _), answer in zip(group, found, strict=True):
            if answer.is_complete:
                yield _kept(metric, kind, answer)


def _kinds(metric: Metric) -> Sequence[str]:
    return ("as_of",) if metric.kind == "level" else ("day", "trailing_28d", "quarter_to_date")


def _windows(kind: str, all_days: Sequence[date], fiscal_year_start: int) -> Iterator[Wanted]:
    """The window of that kind that ends on each of the days."""
    for day in all_days:
        after = day + ONE_DAY
        if kind == "as_of":
            yield kind, Window(None, after)
        elif kind == "quarter_to_date":
            yield kind, Window(Quarter.containing(day, fiscal_year_start).start, after)
        else:
            yield kind, Window(after - timedelta(days=TRAILING_DAYS if kind == "trailing_28d" else 1), after)


def _groups(metric: Metric, wanted: Sequence[Wanted]) -> list[Sequence[Wanted]]:
    """Windows that one query answers: customers are counted anew in every window, whatever adds up by its days."""
    return [wanted] if metric.adds_up else [list(group) for _, group in groupby(wanted, key=_alike)]


def _alike(wanted: Wanted) -> tuple[str, date | None]:
    kind, window = wanted
    return kind, window.start if kind == "quarter_to_date" else None


def _kept(metric: Metric, kind: str, answer: metrics.Reading) -> Reading:
    return Reading(
        metric.id, "", kind, answer.metric_date, metric.version, metric.unit, answer.value, answer.numerator,
        answer.denominator, answer.value_low, answer.value_high, answer.squares,
    )  # fmt: skip


# --- what changed --------------------------------------------------------------------------------------------------


def _brought_up_to_date(connection: Connection, desk: _Desk, turn: _Turn, was: Progress) -> Iterator[Reading]:
    """The readings of days before `turn.begin` that the changes make others."""
    last = min(turn.begin - ONE_DAY, was.measured_to)
    past = sorted(day for day in turn.changed if day <= last)
    if not past:
        return
    metric, shop = turn.metric, desk.shop
    stood = readings_kept.standing(connection, shop.shop_id, metric.id, "", past[0], last)
    wanted = [each for each in _concerned(metric, past, last, desk.fiscal_year_start) if _key(each) in stood]
    before = {key: metrics.totals_of(metric, shop, reading) for key, (reading, _) in stood.items()}
    if metric.changes_by_rows:
        moved = _moved_by_rows(connection, shop, metric, wanted, was.batch, turn.upto)
    else:
        moved = _moved_by_days(connection, shop, metric, wanted, past, before)
    for each, by in zip(wanted, moved, strict=True):
        if by != Totals():
            kind, window = each
            yield _kept(metric, kind, metrics.reading_of(metric, shop, window, before[_key(each)] + by))


def _key(wanted: Wanted) -> Key:
    kind, window = wanted
    return kind, window.last_day


def _concerned(metric: Metric, changed: Sequence[date], last: date, fiscal_year_start: int) -> list[Wanted]:
    """Every window up to `last` that holds one of the days, sorted within its kind."""
    found: list[Wanted] = []
    for kind in _kinds(metric):
        ends: set[date] = set()
        for day in changed:
            until = min(last, _last_window_with(day, kind, fiscal_year_start) or last)
            ends.update(days(day, until + ONE_DAY))
        found += _windows(kind, sorted(ends), fiscal_year_start)
    return found


def _last_window_with(day: date, kind: str, fiscal_year_start: int) -> date | None:
    """The last day whose window of that kind still holds the day; None: all later ones do."""
    if kind == "as_of":
        return None
    if kind == "quarter_to_date":
        return Quarter.containing(day, fiscal_year_start).last_day
    return day + timedelta(days=TRAILING_DAYS - 1) if kind == "trailing_28d" else day


def _moved_by_rows(
    connection: Connection, shop: Shop, metric: Metric, wanted: Sequence[Wanted], after: int, upto: int
) -> list[Totals]:
    """By how much each window's totals moved: the changed rows as they are, less those as they were."""
    moved: list[Totals] = []
    for group in _groups(metric, wanted):
        windows = [window for _, window in group]
        now, then = (
            metrics.totals(connection, shop, metric, windows, Changes(after, upto, is_new)) for is_new in (True, False)
        )
        moved += [new - old for new, old in zip(now, then, strict=True)]
    return moved


def _moved_by_days(
    connection: Connection,
    shop: Shop,
    metric: Metric,
    wanted: Sequence[Wanted],
    changed: Sequence[date],
    before: Mapping[Key, Totals],
) -> list[Totals]:
    """The same where days add up: the days that changed counted again, less what was counted of them.

    A window with a changed day of which no reading stands, as of before the shop's first, is counted whole.
    """
    known = [day for day in changed if ("day", day) in before]
    unknown = sorted(set(changed) - set(known))
    now = metrics.totals(connection, shop, metric, [Window(day, day + ONE_DAY) for day in known])
    by_day = [total - before["day", day] for day, total in zip(known, now, strict=True)]
    sums = list(accumulate(by_day, initial=Totals()))
    moved = {
        each: sums[bisect_left(known, each[1].end)] - sums[bisect_left(known, each[1].start or date.min)]
        for each in wanted
    }
    blurred = [each for each in wanted if _holds_any(each[1], unknown)]
    whole = metrics.totals(connection, shop, metric, [window for _, window in blurred])
    moved |= {each: total - before[_key(each)] for each, total in zip(blurred, whole, strict=True)}
    return [moved[each] for each in wanted]


def _holds_any(window: Window, in_order: Sequence[date]) -> bool:
    return bisect_left(in_order, window.start or date.min) < bisect_left(in_order, window.end)


# --- why -----------------------------------------------------------------------------------------------------------


def _with_causes(
    connection: Connection, desk: _Desk, turn: _Turn, restated: Sequence[Restated]
) -> Iterator[tuple[Restated, str]]:
    """Each restated reading with its cause: that of the changed days in its window, where one is known."""
    if turn.because or not restated:
        yield from ((each, turn.because or UNKNOWN) for each in restated)
        return
    since = min(each.old_observed_at for each in restated)
    told = {
        day: causes or {late.cause_of(connection, desk.shop.shop_id, day, since)}
        for day, causes in turn.changed.items()
    }
    everything = {cause for causes in told.values() for cause in causes} - {UNKNOWN}
    in_order = sorted(told)
    for each in restated:
        [(_, window)] = _windows(each.new.window_kind, [each.new.metric_date], desk.fiscal_year_start)
        within = in_order[bisect_left(in_order, window.start or date.min) : bisect_left(in_order, window.end)]
        causes = {cause for day in within for cause in told[day]} - {UNKNOWN} or everything or {UNKNOWN}
        yield each, min(causes) if len(causes) == 1 else "several"
