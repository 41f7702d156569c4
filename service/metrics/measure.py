"""A metric's answer over any window, and over many windows in one query.

The SQL adds up integers; the one division is here. A metric whose days add up is asked once for its days, and every
window is a difference of running sums; one that counts customers is asked for exactly the windows wanted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Literal, Protocol

from sqlalchemy import Connection, select

from service.errors import Misconfigured, Problem
from service.estimate.intervals import EXACT, normal_mean, wilson
from service.metrics.catalogue import Metric, metric
from service.metrics.scope import Aging, Calendar, Daily, Entering, Mode, Query, Running, Scope
from service.metrics.segments import EVERYTHING
from service.periods import Quarter, days
from service.store.tables import watermarks
from service.values import Measurement, Population, Segment, Shop, Window

SeriesKind = Literal["running", "daily", "trailing_28d", "as_of"]
Period = Literal["day", "week", "month", "quarter"]
BackTo = Literal["quarter_to_date", "trailing_28d"]

MANY = 14
"""More windows of one length than this are worked out one from the other."""

TRAILING_DAYS = 28
"""Four whole weeks, so that no weekday weighs more than another."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric's answer for one of many windows; units as in Measurement."""

    window: Window
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None
    value_low: Decimal | None
    value_high: Decimal | None
    is_complete: bool = True
    incomplete_because: str = ""
    squares: Decimal | None = None  # of the values behind an average, in minor units or counts

    @property
    def metric_date(self) -> date:
        return self.window.last_day


class Answer(Protocol):
    """The parts of an answer that its totals can be told from."""

    @property
    def numerator(self) -> Decimal | None: ...
    @property
    def denominator(self) -> Decimal | None: ...
    @property
    def squares(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True)
class Example:
    """One of the things that were counted, or left out."""

    reason: str  # counted, or why it is left out
    rows: int  # how many things it stands for
    row_id: int | None  # Shopify's; None where it has none
    name: str
    day: date


@dataclass(frozen=True, slots=True)
class Totals:
    """What the increments of some days come to, in minor units and counts."""

    numerator: int = 0
    denominator: int = 0
    squares: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.numerator + other.numerator, self.denominator + other.denominator, self.squares + other.squares
        )

    def __sub__(self, other: Totals) -> Totals:
        return Totals(
            self.numerator - other.numerator, self.denominator - other.denominator, self.squares - other.squares
        )


def measure(
    connection: Connection,
    shop: Shop,
    asked: Metric | str,
    window: Window,
    *,
    segment: Segment = EVERYTHING,
    population: Population = "all",
    covered_from: date | None = None,
) -> Measurement:
    """The answer for one window, with what it was counted from and what was left out.

    A level looks at all history before the window's end, and its window says so. `covered_from` is the first shop day
    whose orders were all read, None when all of history was; what needs earlier orders is incomplete.
    Raises Misconfigured for a metric that does not exist and a segment it cannot answer.
    """
    found = _metric(asked)
    scope = Scope(found, shop.shop_id, segment, population)
    reading = answer(connection, shop, scope, window, covered_from)
    census = scope.census(reading.window, connection.dialect.name).run(connection)
    counted: dict[str, int] = {row.reason: int(row.row_count) for row in census}
    return Measurement(
        metric=found.id,
        metric_version=found.version,
        segment=segment,
        population=population,
        window=reading.window,
        unit=found.unit,
        currency=shop.currency if found.unit == "money" else None,
        value=reading.value,
        numerator=reading.numerator,
        denominator=reading.denominator,
        value_low=reading.value_low,
        value_high=reading.value_high,
        counted=counted.pop("counted", 0),
        left_out=counted,
        is_complete=reading.is_complete,
        incomplete_because=reading.incomplete_because,
        data_as_of=_data_as_of(connection, shop, found),
    )


def answer(
    connection: Connection, shop: Shop, scope: Scope, window: Window, covered_from: date | None = None
) -> Reading:
    """The answer for one window, of a metric that need not be in the catalogue."""
    return _readings(connection, shop, scope, [window], covered_from)[0]


def examples(connection: Connection, scope: Scope, window: Window, most: int) -> list[Example]:
    """What was counted and what was left out, the first `most` for each reason, by day."""
    query = scope.examples(_natural(scope.metric, window), most, connection.dialect.name)
    return [
        Example(row.reason, int(row.row_count), row.row_id, row.row_name, _date(row.row_date))
        for row in query.run(connection)
    ]


def answers(
    connection: Connection,
    shop: Shop,
    asked: Metric | str,
    windows: Sequence[Window],
    *,
    segment: Segment = EVERYTHING,
    population: Population = "all",
    covered_from: date | None = None,
) -> list[Reading]:
    """A reading for each of any windows; in one query where the metric's days add up or the windows are alike."""
    return _readings(connection, shop, Scope(_metric(asked), shop.shop_id, segment, population), windows, covered_from)


def series(
    connection: Connection,
    shop: Shop,
    asked: Metric | str,
    start: date,
    end: date,
    kind: SeriesKind,
    *,
    segment: Segment = EVERYTHING,
    population: Population = "all",
    covered_from: date | None = None,
) -> list[Reading]:
    """A reading for every day of [start, end), in one query.

    `running`: from `start` to that day, both in. `daily`: that day. `trailing_28d`: the 28 days up to it. `as_of`:
    all history up to it. A level has no other kind than the last.
    """
    scope = Scope(_metric(asked), shop.shop_id, segment, population)
    if scope.metric.kind == "level" and kind != "as_of":
        hint = 'it is read as of a day: window = "as_of"'
        told = f"is a level and has no {kind} series"
        raise Misconfigured([Problem(f"metric {scope.metric.id}", "window", told, hint)])
    one_day = timedelta(days=1)
    window_of: Mapping[SeriesKind, Callable[[date], Window]] = {
        "running": lambda day: Window(start, day + one_day),
        "daily": lambda day: Window(day, day + one_day),
        "trailing_28d": lambda day: Window(day - timedelta(days=TRAILING_DAYS - 1), day + one_day),
        "as_of": lambda day: Window(None, day + one_day),
    }
    windows = [window_of[kind](day) for day in days(start, end)]
    return _readings(connection, shop, scope, windows, covered_from)


def windows(start: date, end: date, period: Period | None, fiscal_year_start: int = 1) -> list[Window]:
    """Every day, week (from Monday), month or fiscal quarter of [start, end); the whole of it without a period.

    The first and last are cut to the days asked for.
    """
    if period is None:
        return [Window(start, end)]
    edges = [day for day in days(start, end) if day == start or _begins(period, day, fiscal_year_start)]
    return [Window(first, after) for first, after in pairwise([*edges, end])]


def reaching_back(window: Window, kind: BackTo, fiscal_year_start: int = 1) -> Window:
    """The days up to the last one of a window: of its fiscal quarter, or the last 28."""
    if kind == "trailing_28d":
        return Window(window.end - timedelta(days=TRAILING_DAYS), window.end)
    return Window(Quarter.containing(window.last_day, fiscal_year_start).start, window.end)


def by(
    connection: Connection,
    shop: Shop,
    asked: Metric | str,
    start: date,
    end: date,
    period: Period,
    *,
    segment: Segment = EVERYTHING,
    population: Population = "all",
    covered_from: date | None = None,
    fiscal_year_start: int = 1,
) -> list[Reading]:
    """A reading for each of the `windows` of [start, end), in one query."""
    scope = Scope(_metric(asked), shop.shop_id, segment, population)
    return _readings(connection, shop, scope, windows(start, end, period, fiscal_year_start), covered_from)


def totals_of(found: Metric, shop: Shop, answer: Answer) -> Totals:
    """The totals behind an answer."""
    numerator = _in_whole(answer.numerator, found.is_money("numerator"), shop)
    denominator = _in_whole(answer.denominator, found.is_money("denominator"), shop)
    return Totals(numerator, denominator, int(answer.squares or 0))


def reading_of(found: Metric, shop: Shop, window: Window, of: Totals) -> Reading:
    """The complete answer that those totals give."""
    return _reading(found, shop, window, of, "")


def query_for(
    shop: Shop,
    asked: Metric | str,
    window: Window,
    dialect: str,
    *,
    segment: Segment = EVERYTHING,
    population: Population = "all",
) -> Query:
    """The SQL behind `measure` for that window on such a database, and the values of its parameters."""
    scope = Scope(_metric(asked), shop.shop_id, segment, population)
    return scope.query(_mode(scope.metric, [_natural(scope.metric, window)]), dialect)


def _metric(asked: Metric | str) -> Metric:
    """The metric itself; a bare id is one of okrsync's own."""
    return metric(asked) if isinstance(asked, str) else asked


def _begins(period: Period, day: date, fiscal_year_start: int) -> bool:
    if period == "week":
        return day.weekday() == 0
    if period == "month":
        return day.day == 1
    return period == "day" or day == Quarter.containing(day, fiscal_year_start).start


def _natural(found: Metric, window: Window) -> Window:
    return Window(None, window.end) if found.kind == "level" else window


def _readings(
    connection: Connection, shop: Shop, scope: Scope, windows: Sequence[Window], covered_from: date | None
) -> list[Reading]:
    found = scope.metric
    windows = [_natural(found, window) for window in windows]
    needs_all = found.needs_all_history(name for name, _ in scope.segment.where)
    return [
        _reading(found, shop, window, total, _gap(found, window, covered_from, needs_all=needs_all))
        for window, total in zip(windows, totals(connection, scope, windows), strict=True)
    ]


def _gap(found: Metric, window: Window, covered_from: date | None, *, needs_all: bool) -> str:
    """Why what was read so far does not answer the question; empty when it does."""
    if covered_from is None:
        return ""
    told = f"{found.family.things} before {covered_from} {found.family.unread}"
    if needs_all or window.start is None:
        return f"{told}, and this number needs all of them"
    if window.start < covered_from:
        return told
    if found.date_basis == "event_day":
        return f"{told}, so their later returns and edits are missing"
    return ""


def totals(connection: Connection, scope: Scope, windows: Sequence[Window]) -> list[Totals]:
    """What each window comes to; or only what the rows of the scope's changes come to."""
    if not windows:
        return []
    if length := _sliding(scope.metric, windows):
        return _sliding_totals(connection, scope, windows, length)
    mode = _mode(scope.metric, windows)
    if isinstance(mode, Calendar):
        return _calendar_totals(connection, scope, windows)
    increments = _increments(connection, scope, mode)
    if isinstance(mode, Daily):
        return [increments.get(window.last_day, Totals()) for window in windows]
    before = _sums_before(increments)
    return [before(window.end) - before(window.start or date.min) for window in windows]


def _calendar_totals(connection: Connection, scope: Scope, windows: Sequence[Window]) -> list[Totals]:
    """One query, or one for each of the most windows that end on the same day: the answer names only that."""
    left = set(windows)
    found: dict[Window, Totals] = {}
    while left:
        some = {window.last_day: window for window in left}
        increments = _increments(connection, scope, Calendar(list(some.values())))
        found |= {window: increments.get(day, Totals()) for day, window in some.items()}
        left -= set(some.values())
    return [found[window] for window in windows]


def _increments(connection: Connection, scope: Scope, mode: Mode) -> dict[date, Totals]:
    found: dict[date, Totals] = {}
    for row in scope.query(mode, connection.dialect.name).run(connection).mappings():
        if row["metric_date"] is None:  # a row of no day is in no window
            continue
        numbers = (int(row.get(name) or 0) for name in ("numerator", "denominator", "squares"))
        found[_date(row["metric_date"])] = Totals(*numbers)
    return found


def _sums_before(increments: Mapping[date, Totals]) -> Callable[[date], Totals]:
    """What the increments of all days before a day come to."""
    dates = sorted(increments)
    sums = list(accumulate((increments[day] for day in dates), initial=Totals()))
    return lambda day: sums[bisect_left(dates, day)]


def _sliding(found: Metric, windows: Sequence[Window]) -> int:
    """The length of windows so many and so alike that they are best worked out one from the other; else 0."""
    lengths = {(window.end - window.start).days if window.start else 0 for window in windows}
    span = (max(window.end for window in windows) - min(window.end for window in windows)).days + 1
    is_worth_it = len(windows) > MANY and len(windows) * 2 > span and not found.adds_up and found.slides
    return max(lengths) if is_worth_it and len(lengths) == 1 and max(lengths) > 1 else 0


def _sliding_totals(connection: Connection, scope: Scope, windows: Sequence[Window], length: int) -> list[Totals]:
    """The totals of windows of one length, each row looked at four times and not once for each window it lies in.

    A window counts a row of its last day; while it moves on, the row counts otherwise once the window no longer holds
    the customer's order before; and it counts no more, as it counts in a window that begins with it, once the window
    has passed. So a window's totals are the sums of what happened until its last day.
    """
    first = min(window.end for window in windows) - timedelta(days=length)
    end = max(window.end for window in windows)
    entering = _sums_before(_increments(connection, scope, Entering(first, end, length)))
    leaving = _sums_before(_increments(connection, scope, Daily(first, end)))
    inside, outside = (_increments(connection, scope, Aging(first, end, length, is_in)) for is_in in (True, False))
    changed_by = {day: outside.get(day, Totals()) - inside.get(day, Totals()) for day in {*inside, *outside}}
    aging = _sums_before(changed_by)

    def total(window: Window) -> Totals:
        passed = window.end - timedelta(days=length)
        return entering(window.end) + aging(passed) - leaving(passed)

    return [total(window) for window in windows]


def _date(value: date | str) -> date:
    """SQLite keeps days as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _mode(found: Metric, windows: Sequence[Window]) -> Mode:
    """The cheapest way to ask for all of these windows at once."""
    starts = [window.start or date.min for window in windows]
    first, end = min(starts), max(window.end for window in windows)
    if len(set(starts)) == 1 or (found.adds_up and not _are_far_apart(windows)):
        return Running(first, end)
    if all(window.end == start + timedelta(days=1) for window, start in zip(windows, starts, strict=True)):
        return Daily(first, end)
    return Calendar(windows)


def _are_far_apart(windows: Sequence[Window]) -> bool:
    """Are these few days among many, each asked for by itself?"""
    asked = sum((window.end - (window.start or date.min)).days for window in windows)
    span = max(window.end for window in windows) - min(window.start or date.min for window in windows)
    return len({window.end for window in windows}) == len(windows) and 4 * asked < span.days


def _reading(found: Metric, shop: Shop, window: Window, totals: Totals, incomplete_because: str) -> Reading:
    numerator = _in_units(totals.numerator, found.is_money("numerator"), shop)
    denominator = None
    value: Decimal | None = numerator
    if found.denominator is not None:
        denominator = _in_units(totals.denominator, found.is_money("denominator"), shop)
        value = EXACT.divide(numerator, denominator) if denominator else None
    low, high = _interval(found, shop, totals) or (None, None)
    squares = Decimal(totals.squares) if found.interval == "normal" else None
    return Reading(
        window, value, numerator, denominator, low, high, not incomplete_because, incomplete_because, squares
    )


def _in_units(number: int, is_money: bool, shop: Shop) -> Decimal:
    return Decimal(number).scaleb(-shop.currency_exponent if is_money else 0, EXACT)


def _in_whole(number: Decimal | None, is_money: bool, shop: Shop) -> int:
    return int((number or Decimal()).scaleb(shop.currency_exponent if is_money else 0, EXACT))


def _interval(found: Metric, shop: Shop, totals: Totals) -> tuple[Decimal, Decimal] | None:
    if found.interval == "none":
        return None
    numerator, denominator = Decimal(totals.numerator), Decimal(totals.denominator)
    if found.interval == "wilson":
        # A stage of the session funnel may hold more than the one before it, and then it is no share of it.
        return wilson(numerator, denominator) if 0 <= numerator <= denominator else None
    ends = normal_mean(numerator, Decimal(totals.squares), denominator)
    exponent = shop.currency_exponent if found.is_money("numerator") else 0
    # Four digits beyond the currency: the sum of squares went through floating point.
    digits = Decimal(1).scaleb(-exponent - 4)
    return ends and tuple(end.scaleb(-exponent, EXACT).quantize(digits) for end in ends)  # type: ignore[return-value]


def _data_as_of(connection: Connection, shop: Shop, found: Metric) -> datetime | None:
    """Up to when all that the answer is counted from was read."""
    mine = (watermarks.c.shop_id == shop.shop_id) & watermarks.c.connector.in_(found.connectors)
    positions = connection.scalars(select(watermarks.c.position).where(mine)).all()
    return min(positions) if len(positions) == len(found.connectors) else None
