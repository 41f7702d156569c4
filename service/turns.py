"""One metric's readings brought up to date: the windows of new days whole, and of the past only what changed.

Every window of every kind that ends on a day is measured for it. Where readings stand they move by what changed since:
by the rows where a metric is a sum over rows, by the days where its days add up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate, groupby

from service.errors import MetricFails
from service.metrics import measure as metrics
from service.metrics.catalogue import Metric
from service.metrics.custom import guarded
from service.metrics.measure import TRAILING_DAYS, Totals
from service.metrics.scope import Changes, Scope
from service.metrics.segments import EVERYTHING
from service.periods import ONE_DAY, Quarter, days, shop_day
from service.store import late, metric_readings
from service.store.engine import Connection
from service.store.metric_readings import Key, Name, Progress, Reading, Restated, Standing
from service.values import Segment, Shop, Window

Wanted = tuple[str, Window]
"""A window kind and a window of it."""

Causes = Mapping[date, set[str]]
"""The days that changed, and why as far as whoever changed them knew."""

UNKNOWN = "data"


@dataclass(frozen=True, slots=True)
class Followed:
    """What is measured every day: a metric of everything, or of a segment."""

    metric: Metric
    segment: Segment = EVERYTHING

    @property
    def key(self) -> Name:
        """As readings and progress name it."""
        return self.metric.id, str(self.segment)

    def scope(self, shop: Shop, changes: Changes | None = None) -> Scope:
        return Scope(self.metric, shop.shop_id, self.segment, changes=changes)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one metric is measured from and up to, in one view of the database."""

    of: Followed
    shop: Shop
    fiscal_year_start: int
    covered_from: date | None  # the first shop day that is read whole; None when the whole history is
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

    @property
    def reached(self) -> Progress:
        """How far the metric has come once this is written."""
        return Progress(
            self.of.metric.version, self.end - ONE_DAY, self.covered_from, self.fiscal_year_start, self.upto
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a turn found."""

    turn: Turn
    stood: Standing  # from the first day on whose readings may be others
    readings: Sequence[Reading] = ()  # that are new, or may be others
    failed: MetricFails | None = None  # a metric of the installation's own that does not answer


def find(connection: Connection, turns: Sequence[Turn]) -> Iterator[Found]:
    """What each of the turns finds; what stood is read at once for all that begin on the same day."""
    for first, some in groupby(sorted(turns, key=_first), key=_first):
        alike = list(some)
        names = [turn.of.key for turn in alike if first < date.max]
        stood = metric_readings.standing(connection, turns[0].shop.shop_id, names, first, date.max)
        for turn in alike:
            yield _found(connection, turn, stood.get(turn.of.key, {}))


def _found(connection: Connection, turn: Turn, stood: Standing) -> Found:
    try:
        with guarded(connection, turn.of.metric):
            return Found(turn, stood, _readings(connection, turn, stood))
    except MetricFails as error:
        return Found(turn, stood, failed=error)


def _readings(connection: Connection, turn: Turn, stood: Standing) -> list[Reading]:
    found = [*_brought_up_to_date(connection, turn, turn.was, stood)] if turn.was else []
    return [*found, *_measured_whole(connection, turn)] if turn.begin < turn.end else found


def _first(turn: Turn) -> date:
    """The first day whose readings may become others; the last of all days: none."""
    past = [day for day in turn.changed if turn.was and day <= turn.was.measured_to]
    is_as_it_was = turn.begin == turn.end and not turn.is_long
    return min([*past, date.max if is_as_it_was else turn.begin])


# --- whole ---------------------------------------------------------------------------------------------------------


def _measured_whole(connection: Connection, turn: Turn) -> Iterator[Reading]:
    """Every window of every kind that ends on one of the days from `turn.begin` on."""
    first = shop_day(turn.shop.created_at, turn.shop.timezone)
    all_days = days(max(first, turn.begin), turn.end)
    metric = turn.of.metric
    wanted = [each for kind in _kinds(metric) for each in _windows(kind, all_days, turn.fiscal_year_start)]
    for group in _groups(metric, wanted):
        windows = [window for _, window in group]
        found = metrics.answers(
            connection, turn.shop, metric, windows, segment=turn.of.segment, covered_from=turn.covered_from
        )
        for (kind, _), answer in zip(group, found, strict=True):
            if answer.is_complete:
                yield _kept(turn.of, kind, answer)


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


def _kept(of: Followed, kind: str, answer: metrics.Reading) -> Reading:
    metric, segment = of.key
    return Reading(
        metric, segment, kind, answer.metric_date, of.metric.version, of.metric.unit, answer.value, answer.numerator,
        answer.denominator, answer.value_low, answer.value_high, answer.squares,
    )  # fmt: skip


# --- what changed --------------------------------------------------------------------------------------------------


def _brought_up_to_date(connection: Connection, turn: Turn, was: Progress, stood: Standing) -> Iterator[Reading]:
    """The readings of days before `turn.begin` that the changes make others."""
    last = min(turn.begin - ONE_DAY, was.measured_to)
    past = sorted(day for day in turn.changed if day <= last)
    if not past:
        return
    metric, shop = turn.of.metric, turn.shop
    wanted = [each for each in _concerned(metric, past, last, turn.fiscal_year_start) if _key(each) in stood]
    before = {_key(each): metrics.totals_of(metric, shop, stood[_key(each)][0]) for each in wanted}
    if metric.changes_by_rows(turn.of.segment):
        moved = _moved_by_rows(connection, turn, wanted, was.batch)
    else:
        moved = _moved_by_days(connection, turn, wanted, past, before)
    for each, by in zip(wanted, moved, strict=True):
        if by != Totals():
            kind, window = each
            yield _kept(turn.of, kind, metrics.reading_of(metric, shop, window, before[_key(each)] + by))


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


def _moved_by_rows(connection: Connection, turn: Turn, wanted: Sequence[Wanted], after: int) -> list[Totals]:
    """By how much each window's totals moved: the changed rows as they are, less those as they were."""
    as_they = [turn.of.scope(turn.shop, Changes(after, turn.upto, is_new)) for is_new in (True, False)]
    moved: list[Totals] = []
    for group in _groups(turn.of.metric, wanted):
        windows = [window for _, window in group]
        now, then = (metrics.totals(connection, scope, windows) for scope in as_they)
        moved += [new - old for new, old in zip(now, then, strict=True)]
    return moved


def _moved_by_days(
    connection: Connection,
    turn: Turn,
    wanted: Sequence[Wanted],
    changed: Sequence[date],
    before: Mapping[Key, Totals],
) -> list[Totals]:
    """The same where days add up: the days that changed counted again, less what was counted of them.

    A window with a changed day of which no reading stands, as of before the shop's first, is counted whole.
    """
    scope = turn.of.scope(turn.shop)
    known = [day for day in changed if ("day", day) in before]
    unknown = sorted(set(changed) - set(known))
    now = metrics.totals(connection, scope, [Window(day, day + ONE_DAY) for day in known])
    by_day = [total - before["day", day] for day, total in zip(known, now, strict=True)]
    sums = list(accumulate(by_day, initial=Totals()))
    moved = {
        each: sums[bisect_left(known, each[1].end)] - sums[bisect_left(known, each[1].start or date.min)]
        for each in wanted
    }
    blurred = [each for each in wanted if _holds_any(each[1], unknown)]
    whole = metrics.totals(connection, scope, [window for _, window in blurred])
    moved |= {each: total - before[_key(each)] for each, total in zip(blurred, whole, strict=True)}
    return [moved[each] for each in wanted]


def _holds_any(window: Window, in_order: Sequence[date]) -> bool:
    return bisect_left(in_order, window.start or date.min) < bisect_left(in_order, window.end)


# --- why -----------------------------------------------------------------------------------------------------------


def with_causes(connection: Connection, turn: Turn, restated: Sequence[Restated]) -> Iterator[tuple[Restated, str]]:
    """Each restated reading with its cause: that of the changed days in its window, where one is known."""
    if turn.because or not restated:
        yield from ((each, turn.because or UNKNOWN) for each in restated)
        return
    since = min(each.old_observed_at for each in restated)
    told = {
        day: causes or {late.cause_of(connection, turn.shop.shop_id, day, since)}
        for day, causes in turn.changed.items()
    }
    everything = {cause for causes in told.values() for cause in causes} - {UNKNOWN}
    in_order = sorted(told)
    for each in restated:
        [(_, window)] = _windows(each.new.window_kind, [each.new.metric_date], turn.fiscal_year_start)
        within = in_order[bisect_left(in_order, window.start or date.min) : bisect_left(in_order, window.end)]
        causes = {cause for day in within for cause in told[day]} - {UNKNOWN} or everything or {UNKNOWN}
        yield each, min(causes) if len(causes) == 1 else "several"
