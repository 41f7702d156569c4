"""The SQL that answers a metric: what is in scope, composed as CTEs in front of the metric's own text.

A metric reads a CTE of its family, such as `counted_orders` (a row an order), and groups by `metric_date`. Which rows
these are (population, segment) its family says; what `metric_date` and `window_start` mean is decided here, so one text
answers every question:

    running    window_start is the window's first day: each day's increment, whose running sum is the answer so far
    daily      window_start is the day itself: each day is its own window
    calendar   a row comes once for each window it lies in, metric_date being that window's last day
    entering, aging   what happens to windows of one length that move on by a day: see `measure.py`

CTEs that the text does not mention are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from textwrap import indent
from typing import Any

from sqlalchemy import Connection, CursorResult

from service.metrics.catalogue import Metric
from service.metrics.families.family import Asked, Rows, select, where, with_ctes
from service.metrics.segments import EVERYTHING, Condition
from service.periods import days
from service.values import Population, Segment, Window


@dataclass(frozen=True, slots=True)
class Running:
    """Every day from the first to before the last, all in one window."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day a window of its own."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """Windows of any length, told apart by their last days."""

    windows: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Entering:
    """Every day the last of a window of so many days: what its own rows add to that window."""

    start: date
    end: date
    length: int


@dataclass(frozen=True, slots=True)
class Aging:
    """Rows whose customer's order before lies less than so many days back, by the day of that order.

    `is_inside`: as they count while a window holds that order too; else as they count when none does any more.
    """

    start: date
    end: date
    length: int
    is_inside: bool


Mode = Running | Daily | Calendar | Entering | Aging


@dataclass(frozen=True, slots=True)
class Changes:
    """Instead of all rows those that changed in the batches after one up to another, as they were or as they are."""

    after: int
    upto: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with named parameters, ready to run and to be read."""

    sql: str
    binds: Mapping[str, Any]

    def run(self, connection: Connection) -> CursorResult[Any]:
        """The answer as the driver gives it: dates are texts on SQLite.

        The text is whole, and to read it costs SQLAlchemy more than a small answer costs the database.
        """
        if connection.dialect.name == "sqlite":
            return connection.exec_driver_sql(
                self.sql, {name: _for_sqlite(value) for name, value in self.binds.items()}
            )
        named = _BIND.sub(r"%(\1)s", self.sql.replace("%", "%%"))
        return connection.exec_driver_sql(named, dict(self.binds))

    def as_typed(self, dialect: str) -> str:
        """The SQL with its values written in, to be typed as it stands into that database's own console."""
        return _BIND.sub(lambda found: _literal(self.binds[found[1]], dialect), self.sql)


_BIND = re.compile(r"(?<![:\w]):(\w+)")


def _for_sqlite(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _literal(value: Any, dialect: str) -> str:
    """A value as that database reads it: SQLite has no dates, and keeps them as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text_ = str(value).replace("'", "''")
    return f"date '{text_}'" if isinstance(value, date) and dialect != "sqlite" else f"'{text_}'"


_CENSUS = """\
select reason, sum(row_count) as row_count
from looked_at
group by reason
having sum(row_count) <> 0"""

_EXAMPLES = """\
select reason, row_count, row_id, row_name, row_date
from (
    select
        looked_at_once.*,
        row_number() over (partition by reason order by row_date, row_id) as place
    from (
        select reason, sum(row_count) as row_count, row_id, row_name, row_date
        from looked_at
        group by reason, row_id, row_name, row_date
        having sum(row_count) <> 0
    ) as looked_at_once
) as placed
where place <= :most
order by reason, place"""


@dataclass(frozen=True, slots=True)
class Scope:
    """A metric's rows: of a shop, a population, a segment.

    Raises Misconfigured, once asked, for a segment or a population that the metric cannot answer.
    """

    metric: Metric
    shop_id: int
    segment: Segment = EVERYTHING
    population: Population = "all"
    changes: Changes | None = None  # of everything, for metrics that change by rows

    @property
    def reads(self) -> frozenset[str]:
        """Names of columns the answer depends on, by the metric's own text, its sources and its conditions."""
        words = (re.findall(r"[a-z_0-9]+", condition.sql) for condition in self.conditions)
        sources = (columns for name, columns in self.metric.family.rests_on.items() if name in self.metric.words)
        return self.metric.words.union(*words, *sources)

    def query(self, mode: Mode, dialect: str) -> Query:
        """The metric's increments: metric_date, numerator, and what else its text answers."""
        return Query(with_ctes(self.ctes(mode, self.asked(dialect)), self.metric.text), self.binds(mode))

    def census(self, window: Window, dialect: str) -> Query:
        """How many rows of the window are in the answer and how many are left out: a row a reason."""
        return self._of_what_is_looked_at(window, _CENSUS, dialect)

    def examples(self, window: Window, most: int, dialect: str) -> Query:
        """The first `most` rows of the window for each reason, those in the answer being `counted`."""
        found = self._of_what_is_looked_at(window, _EXAMPLES, dialect)
        return replace(found, binds={**found.binds, "most": most})

    def _of_what_is_looked_at(self, window: Window, body: str, dialect: str) -> Query:
        mode, asked = Running(window.start or date.min, window.end), self.asked(dialect)
        scope = self.ctes(mode, asked)
        looked_at = self.metric.family.looked_at(asked, scope)
        ctes = {name: text if name in scope else indent(text, "    ") for name, text in looked_at.items()}
        return Query(with_ctes(ctes, body), self.binds(mode))

    def ctes(self, mode: Mode, asked: Asked) -> dict[str, str]:
        """Name → select, in the order they build on each other."""
        found: dict[str, str] = {}
        if not isinstance(mode, Running | Daily):
            found["calendar (metric_date, window_start)"] = _calendar_rows(len(_calendar_windows(mode)))
        for name, rows_in_scope in self.metric.family.sources.items():
            if name in self.metric.words:
                rows = self.metric.family.changes[name] if self.changes else rows_in_scope(asked)
                found |= {**rows.after, rows.name: rows.select, name: _on_days(mode, rows)}
        return {name: indent(body, "    ") for name, body in found.items()}

    def binds(self, mode: Mode) -> dict[str, Any]:
        values: dict[str, Any] = {"shop_id": self.shop_id}
        values |= dict(condition.bind for condition in self.conditions if condition.bind)
        values |= _bounds(mode) if self.metric.horizon_days is not None else {}
        values |= _mode_days(mode)
        if self.changes:
            values |= {"batch": self.changes.after, "batch_upto": self.changes.upto, "is_new": self.changes.is_new}
        return values

    @property
    def conditions(self) -> list[Condition]:
        return self.metric.conditions(self.segment, self.population)

    def asked(self, dialect: str) -> Asked:
        found = self.metric
        return Asked(
            found.words, found.leaves_out, found.date_basis, self.conditions, self.population, dialect,
            found.horizon_days,
        )  # fmt: skip


def _on_days(mode: Mode, rows: Rows) -> str:
    """The rows that lie in the window or windows, with the day each answers for."""
    name, day = rows.name, rows.day
    if isinstance(mode, Calendar):
        return "\n".join([
            select(["calendar.metric_date", "calendar.window_start", f"{name}.*"]),
            # The calendar is the small side and goes first: SQLite keeps the order of a cross join.
            f"from calendar\ncross join {name}",
            where([f"{name}.{day} >= calendar.window_start", f"{name}.{day} <= calendar.metric_date"]),
        ])  # fmt: skip
    if isinstance(mode, Entering | Aging):
        return _on_days_before(mode, rows)
    start = ":window_start" if isinstance(mode, Running) else day
    columns = [f"{name}.{day} as metric_date", f"{start} as window_start", f"{name}.*"]
    clauses = [f"{name}.{day} >= :window_start", f"{name}.{day} < :window_end"]
    return "\n".join([select(columns), f"from {name}", where(clauses)])


def _on_days_before(mode: Entering | Aging, rows: Rows) -> str:
    """The rows of each day of the calendar, beside the window that ends on it."""
    name = rows.name
    columns = ["calendar.metric_date", "calendar.window_start", f"{name}.*"]
    clauses = [f"{name}.{rows.day} = calendar.metric_date"]
    if isinstance(mode, Aging):
        columns = [f"{name}.prev_date as metric_date", ":inside as window_start", f"{name}.*"]
        clauses += [f"{name}.prev_date >= calendar.window_start", f"{name}.prev_date < {name}.{rows.day}"]
    return "\n".join([select(columns), f"from calendar\ncross join {name}", where(clauses)])


def _calendar_windows(mode: Calendar | Entering | Aging) -> Sequence[Window]:
    if isinstance(mode, Calendar):
        return mode.windows
    back, one_day = timedelta(days=mode.length - 1), timedelta(days=1)
    return [Window(day - back, day + one_day) for day in days(mode.start, mode.end)]


def _calendar_rows(windows: int) -> str:
    return "values " + ", ".join(f"(:last_day_{n}, :first_day_{n})" for n in range(windows))


def _bounds(mode: Mode) -> dict[str, date]:
    """The days that all windows of the mode lie in, for families that look for their rows elsewhere first."""
    windows = _calendar_windows(mode) if isinstance(mode, Calendar) else [Window(mode.start, mode.end)]
    return {
        "window_start": min(window.start or date.min for window in windows),
        "window_end": max(window.end for window in windows),
    }


def _mode_days(mode: Mode) -> dict[str, date]:
    if isinstance(mode, Running | Daily):
        return {"window_start": mode.start, "window_end": mode.end}
    windows = _calendar_windows(mode)
    lasts = {f"last_day_{n}": window.last_day for n, window in enumerate(windows)}
    firsts = {f"first_day_{n}": window.start or date.min for n, window in enumerate(windows)}
    inside = {"inside": date.min if mode.is_inside else date.max} if isinstance(mode, Aging) else {}
    return lasts | firsts | inside
