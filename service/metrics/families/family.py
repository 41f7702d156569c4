"""What a family of metrics has to say, and the pieces of SQL it says it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from service.metrics.segments import Condition, Dimension
from service.values import Population


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question narrows a family to."""

    words: frozenset[str]  # that the metric's text uses
    leaves_out: tuple[str, ...]  # reasons, from the metric's header
    date_basis: str
    conditions: Sequence[Condition]  # of the segment
    population: Population
    dialect: str  # the database's
    horizon_days: int | None = None  # from the metric's header

    def days_on(self, day: str, days: int) -> str:
        """SQL for the shop day so many days after another: what the two databases write differently."""
        return f"date({day}, '{days:+} days')" if self.dialect == "sqlite" else f"({day} + {days})"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows in scope behind a CTE that metrics read: their CTE's name and select, and the day each is dated by."""

    name: str
    select: str
    day: str
    after: Mapping[str, str] = field(default_factory=dict)  # CTEs the select reads: name → select


@dataclass(frozen=True)
class Family:
    """Metrics that count the same kind of thing.

    `looked_at` are CTEs of a query of their own, whatever the window's mode, the last being `looked_at`: from
    :window_start to before :window_end everything there is, counted or not, with `reason` (`counted` where it is in the
    answer), `row_count`, how many things a row stands for, `row_date`, and `row_id` and `row_name` where it has any.
    Its `scope` are the CTEs of the question itself.
    """

    things: str  # in a sentence: orders
    sources: Mapping[str, Callable[[Asked], Rows]]  # by the CTE that a text reads
    dimensions: Mapping[str, Dimension]
    populations: tuple[Population, ...]
    looked_at: Callable[[Asked, Mapping[str, str]], Mapping[str, str]]
    unread: str = "were not read"  # what became of the things of before our history begins
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # dimensions with all values they can have
    settles_after: timedelta = timedelta(0)  # the end of a day, before its answer is worth writing down
    rests_on: Mapping[str, frozenset[str]] = field(default_factory=dict)  # columns a source reads, whatever is asked
    changed_by: tuple[str, ...] = ()  # bases of the changed days that are days of these rows
    segments_changed_by: tuple[str, ...] = ()  # … and of what tells segments apart
    # By source, the rows that changed after :batch up to :batch_upto, as they were or are (:is_new), of everything.
    changes: Mapping[str, Rows] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)  # in a `from`, where dimensions name none by its own name


def select(columns: Sequence[str]) -> str:
    return "select\n" + ",\n".join(f"    {column}" for column in columns)


def where(clauses: Sequence[str]) -> str:
    return "where " + "\n  and ".join(clauses)


def with_ctes(ctes: Mapping[str, str], body: str) -> str:
    """A select behind the CTEs it reads; one that is better found once is named `… as materialized`."""
    heads = {name: name if name.endswith(" as materialized") else f"{name} as" for name in ctes}
    composed = ",\n".join(f"{heads[name]} (\n{text}\n)" for name, text in ctes.items())
    return f"with {composed}\n{body}" if composed else body
