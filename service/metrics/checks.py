"""What holds for every metric whatever it counts, tried on the data at hand: nothing is known of it but its definition.

An installation tries its own metrics by these, and the tests try okrsync's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import isclose
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from service.metrics.catalogue import Metric, catalogue
from service.metrics.custom import sentence
from service.metrics.measure import Reading, answers
from service.metrics.scope import Running, Scope
from service.metrics.segments import EVERYTHING
from service.periods import ONE_DAY, days
from service.values import Segment, Shop, Window

WEEK = timedelta(days=7)
WEEKS = 6
"""How much is tried at most: enough for customers to come back, and for a quarter to begin within."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One promise of a metric; `is_kept` is None where the data could not tell."""

    metric: str
    what: str
    is_kept: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A metric over the last weeks of a shop before a day; `patience` is what a question may take."""

    connection: Connection
    shop: Shop
    metric: Metric
    end: date
    patience: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)

    def ask(self, windows: Sequence[Window], segment: Segment = EVERYTHING) -> list[Reading]:
        with self.patience():
            return answers(self.connection, self.shop, self.metric, windows, segment=segment)

    def alone(self, window: Window, segment: Segment = EVERYTHING, of: str = "") -> Reading:
        """Of that window and no other; of another metric where one is named."""
        with self.patience():
            metric = catalogue()[of] if of else self.metric
            return answers(self.connection, self.shop, metric, [window], segment=segment)[0]

    def rows(self) -> list[Mapping[str, Any]]:
        """What the text itself answers."""
        with self.patience():
            dialect = self.connection.dialect.name
            query = Scope(self.metric, self.shop.shop_id).query(Running(self.earliest, self.end), dialect)
            return [dict(row) for row in query.run(self.connection).mappings()]

    @property
    def window(self) -> Window:
        return Window(self.end - WEEKS * WEEK, self.end)

    @property
    def weeks(self) -> list[Window]:
        return [Window(self.end - n * WEEK, self.end - (n - 1) * WEEK) for n in range(WEEKS, 0, -1)]

    @property
    def days(self) -> list[date]:
        return days(self.weeks[0].end - WEEK, self.end)

    @property
    def earliest(self) -> date:
        """The first day that may be answered for; a level looks at all days before."""
        return date.min if self.metric.kind == "level" else self.days[0]


def check(trial: Trial) -> Iterator[Checked]:
    """A line for each promise, up to the first that makes the others idle."""
    metric = trial.metric
    try:
        rows = trial.rows()
    except DBAPIError as error:
        yield Checked(metric.id, "runs", False, sentence(error))
        return
    yield Checked(metric.id, "runs", True, f"{len(rows)} days with an answer")
    if not rows:
        yield Checked(metric.id, "numbers", None, f"no data in {trial.window}: nothing to try them on yet")
        return
    for what, rule in RULES.items():
        try:
            found = rule(trial, rows)
        except DBAPIError as error:
            yield Checked(metric.id, what, False, sentence(error))
            return
        if found is not None:
            yield Checked(metric.id, what, not found, found)
        if found and what in _FIRST:
            return


Rows = Sequence[Mapping[str, Any]]


def _whole_numbers(trial: Trial, rows: Rows) -> str:
    """Counts and amounts in the smallest unit; the sum of squares alone may be none."""
    names = [name for name in trial.metric.columns if name not in ("metric_date", "squares")]
    for row in rows:
        for name in names:
            value = row[name]
            if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
                return f"{name} is {value!r} on {row['metric_date']}: it should be a whole number"
    return ""


def _in_the_window(trial: Trial, rows: Rows) -> str:
    dates = [str(row["metric_date"]) for row in rows]
    outside = [day for day in dates if not str(trial.earliest) <= day < str(trial.end)]
    return f"{outside[0]} is not in {trial.window}: the day of an answer is metric_date itself" if outside else ""


def _windows_together(trial: Trial, rows: Rows) -> str:
    """Every way of asking for many windows in one query gives what each gives alone."""
    begin, answered = trial.days[0], {str(row["metric_date"]) for row in rows}
    kinds = {
        "weeks": trial.weeks,
        "days": [Window(day, day + ONE_DAY) for day in trial.days if str(day) in answered],
        "a running window": [Window(begin, day + ONE_DAY) for day in trial.days],
        "trailing weeks": [Window(day - 2 * WEEK, day) for day in trial.days],
    }
    for kind, windows in kinds.items():
        asked = [*zip(windows, trial.ask(windows), strict=True)]
        for window, together in asked[:: 1 + len(asked) // 8]:  # each alone is a query
            alone = trial.alone(window)
            if _parts(alone) != _parts(together):
                return f"{kind}: {window} gives {_shown(alone)} alone and {_shown(together)} among others"
    return ""


def _adds_up(trial: Trial, _rows: Rows) -> str | None:
    """The weeks of what adds up come to the whole, each asked alone."""
    if not trial.metric.adds_up:
        looks = "the days of a flow add up, and these are counted once a window: the text looks at window_start"
        return looks if trial.metric.kind == "flow" else None
    sums, whole = _sum(map(trial.alone, trial.weeks)), _parts(trial.alone(trial.window))
    return "" if sums == whole else f"the weeks come to {sums[0]} and the whole is {whole[0]}"


def _counts_once(trial: Trial, _rows: Rows) -> str | None:
    """Customers of a window are at least those of any week, at most those of all weeks, and at most all customers."""
    if trial.metric.kind != "distinct":
        return None
    whole, counts = trial.alone(trial.window).numerator, [trial.alone(week).numerator for week in trial.weeks]
    if not max(counts) <= whole <= sum(counts):
        return f"{whole} in the whole, {max(counts)} in one week, {sum(counts)} in all weeks"
    customers = trial.alone(trial.window, of="customers").numerator
    return "" if whole <= customers else f"{whole} of {customers} customers: some are counted more than once"


def _splits(trial: Trial, _rows: Rows) -> str | None:
    """The parts of a split come to the whole, where all its values are known and a row is in one part only.

    What looks at the rows before in the same segment may count a customer in two parts.
    """
    metric = trial.metric
    names = [name for name in metric.segments if name in metric.family.closed]
    if not names or not metric.adds_up or metric.looks_back:
        return None
    whole = _parts(trial.alone(trial.window))
    for name in names:
        segments = [Segment.of({name: value}) for value in metric.family.closed[name]]
        sums = _sum(trial.alone(trial.window, segment) for segment in segments)
        if sums != whole:
            return f"by {name} the parts come to {sums[0]} and the whole is {whole[0]}"
    return ""


def _spread(trial: Trial, rows: Rows) -> str | None:
    """n · Σx² is never less than (Σx)²: else the squares are of something else than the numerator."""
    if trial.metric.interval != "normal":
        return None
    names = ("denominator", "numerator", "squares")
    count, numbers, squares = (sum(float(row[name] or 0) for row in rows) for name in names)
    least, most = numbers * numbers, count * squares
    is_possible = most >= least or isclose(most, least, rel_tol=1e-9)
    return "" if is_possible else "squares are less than any numbers with that sum can have"


RULES: Mapping[str, Callable[[Trial, Rows], str | None]] = {
    "whole numbers": _whole_numbers,
    "in the window": _in_the_window,
    "windows together": _windows_together,
    "days add up": _adds_up,
    "customers once": _counts_once,
    "splits": _splits,
    "spread": _spread,
}
"""Each says what is wrong: nothing when it is kept, None when it is not promised."""

_FIRST = {"whole numbers", "in the window"}


def _sum(readings: Iterable[Reading]) -> tuple[Decimal, Decimal]:
    above, below = zip(*map(_parts, readings), strict=True)
    return sum(above, Decimal(0)), sum(below, Decimal(0))


def _parts(reading: Reading) -> tuple[Decimal, Decimal]:
    return reading.numerator, reading.denominator or Decimal(0)


def _shown(reading: Reading) -> str:
    return f"{reading.numerator}" + (f" / {reading.denominator}" if reading.denominator is not None else "")
