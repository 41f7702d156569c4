"""The SQL that answers a metric: what is in scope, composed as CTEs in front of the metric's own text.

A metric reads `counted_orders` (a row an order) or `counted_sales` (a row a ledger entry) and groups by
`metric_date`. Which orders these are (population, segment) and what `metric_date` and `window_start` mean is decided
here, so one text answers every question:

    running    window_start is the window's first day: each day's increment, whose running sum is the answer so far
    daily      window_start is the day itself: each day is its own window
    calendar   an order comes once for each window it lies in, metric_date being that window's last day

`nth` stays the number of an order in its customer's life; `prev_date`, `prev_nth` and `scope_nth` tell of the order
before it *in scope*, so a segment's customers are counted once as well. CTEs that the text does not mention are left
out, and so is the ranking when no such column is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from textwrap import indent
from typing import Any

from sqlalchemy import BigInteger, Date, TextClause, bindparam, text
from sqlalchemy.types import TypeEngine

from service.metrics.catalogue import Metric
from service.metrics.segments import EVERYTHING, Condition, conditions
from service.values import Population, Segment, Window

IS_KEPT = "orders.cancelled_at is null and coalesce(orders.financial_status, '') not in ('VOIDED', 'EXPIRED')"

_AMOUNTS = ("gross_sales_minor", "discounts_minor", "units")
_LEDGER = (
    "gross_sales_minor", "discounts_minor", "sales_reversals_minor", "shipping_minor", "taxes_minor", "fees_minor",
)  # fmt: skip
_RANKS = {"prev_date", "prev_nth", "scope_nth"}


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


Mode = Running | Daily | Calendar


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with named parameters, ready to run and to be read."""

    sql: str
    binds: Mapping[str, Any]
    types: Mapping[str, TypeEngine[Any]] = field(default_factory=dict)

    def statement(self) -> TextClause:
        return text(self.sql).bindparams(
            *(bindparam(name, value, type_=self.types.get(name)) for name, value in self.binds.items())
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """A metric's orders and sales: of a shop, a population, a segment."""

    metric: Metric
    shop_id: int
    segment: Segment = EVERYTHING
    population: Population = "all"

    @property
    def reads(self) -> frozenset[str]:
        """Names of columns the answer depends on, by the metric's own text and its conditions."""
        words = (re.findall(r"[a-z_0-9]+", condition.sql) for condition in self._conditions())
        return self.metric.words.union(*words)

    def query(self, mode: Mode) -> Query:
        """The metric's increments: metric_date, numerator, and what else its text answers."""
        ctes = self.ctes(mode)
        composed = ",\n".join(f"{name} as (\n{indent(body, '    ')}\n)" for name, body in ctes.items())
        return Query(f"with {composed}\n{self.metric.text}", *self.binds(mode))

    def ctes(self, mode: Mode) -> dict[str, str]:
        """Name → select, in the order they build on each other."""
        wanted = self._conditions()
        found: dict[str, str] = {}
        if isinstance(mode, Calendar):
            found["calendar (metric_date, window_start)"] = _calendar_rows(len(mode.windows))
        if self._facts(wanted) == "kept_orders":
            found["kept_orders"] = _KEPT_ORDERS
        if "counted_orders" in self.metric.words:
            found["orders_in_scope"] = self._orders_in_scope(wanted)
            found["counted_orders"] = _on_days(mode, "orders_in_scope", "order_date")
        if "counted_sales" in self.metric.words:
            found["sales_in_scope"] = self._sales_in_scope(wanted)
            found["counted_sales"] = _on_days(mode, "sales_in_scope", "event_date")
        return found

    def binds(self, mode: Mode) -> tuple[dict[str, Any], dict[str, TypeEngine[Any]]]:
        values: dict[str, Any] = {"shop_id": self.shop_id}
        types: dict[str, TypeEngine[Any]] = {"shop_id": BigInteger()}
        for condition in self._conditions():
            if condition.bind:
                name, values[name], types[name] = condition.bind[0], condition.bind[1], condition.bind[2]
        for name, day in _mode_days(mode).items():
            values[name], types[name] = day, Date()
        return values, types

    def _conditions(self) -> list[Condition]:
        found = conditions(self.segment, self.metric.segments, self.metric.id)
        is_filtered_here = self.population == "kept" and self._facts(found) == "order_facts"
        return [*found, Condition(IS_KEPT)] if is_filtered_here else found

    def _facts(self, wanted: Sequence[Condition]) -> str:
        """The table of orders with their numbers: kept orders are numbered among themselves if anybody looks."""
        reads_numbers = {"nth", *_RANKS} & self.metric.words or any("nth" in c.sql for c in wanted)
        return "kept_orders" if self.population == "kept" and reads_numbers else "order_facts"

    def _orders_in_scope(self, wanted: Sequence[Condition]) -> str:
        of_lines = [condition for condition in wanted if condition.is_of_lines]
        of_orders = [condition for condition in wanted if not condition.is_of_lines]
        columns = ["facts.order_id", "facts.order_date", "facts.customer_id", "facts.nth"]
        is_ranked = bool(_RANKS & self.metric.words)
        if is_ranked:
            columns += _ranks_in_scope() if wanted else _ranks_on_facts()
        columns += [f"{'order_lines' if of_lines else 'facts'}.{name}" for name in _AMOUNTS]
        tables = [f"from {self._facts(wanted)} as facts", *_join_orders(of_orders)]
        if of_lines:
            tables.append(f"join (\n{indent(_order_lines(of_lines), '    ')}\n) as order_lines")
            tables.append("    on order_lines.order_id = facts.order_id")
        where = ["facts.shop_id = :shop_id", *(c.sql for c in of_orders)]
        history = [_HISTORY] if is_ranked and wanted else []
        return "\n".join([_select(columns), *tables, _where(where), *history])

    def _sales_in_scope(self, wanted: Sequence[Condition]) -> str:
        columns = ["order_sales.event_date", "order_sales.order_id", *(f"order_sales.{name}" for name in _LEDGER)]
        of_orders = [condition for condition in wanted if not condition.is_of_lines]
        # Entries first, each looking up its order: the order of a cross join is SQLite's to keep.
        tables = ["from order_sales", f"cross join {self._facts(wanted)} as facts", *_join_orders(of_orders)]
        where = [
            "order_sales.shop_id = :shop_id",
            "facts.shop_id = order_sales.shop_id",
            "facts.order_id = order_sales.order_id",
            *(c.sql for c in wanted),
        ]
        if len(of_orders) < len(wanted):
            where.append("order_sales.line_type = 'PRODUCT'")
        return "\n".join([_select(columns), *tables, _where(where)])


_HISTORY = "window history as (partition by facts.customer_id order by facts.nth)"


# Orders neither cancelled, voided nor expired, in the columns of the facts, numbered among themselves.
_KEPT_ORDERS = f"""\
select
    order_facts.shop_id,
    order_facts.order_id,
    order_facts.order_date,
    order_facts.customer_id,
    case when order_facts.customer_id is not null then row_number() over history end as nth,
    case when order_facts.customer_id is not null then lag(order_facts.order_date) over history end as prev_date,
    order_facts.gross_sales_minor,
    order_facts.discounts_minor,
    order_facts.units,
    order_facts.is_subscription
from order_facts
join orders
    on orders.shop_id = order_facts.shop_id
    and orders.order_id = order_facts.order_id
where order_facts.shop_id = :shop_id
  and {IS_KEPT}
window history as (partition by order_facts.customer_id order by order_facts.nth)"""


def _ranks_on_facts() -> list[str]:
    """Of the order before, when the whole population is in scope: the facts know."""
    return ["facts.prev_date", "nullif(facts.nth - 1, 0) as prev_nth", "facts.nth as scope_nth"]


def _ranks_in_scope() -> list[str]:
    """Of the order before in scope."""
    known = "case when facts.customer_id is not null then"
    return [
        f"{known} lag(facts.order_date) over history end as prev_date",
        f"{known} lag(facts.nth) over history end as prev_nth",
        f"{known} row_number() over history end as scope_nth",
    ]


def _order_lines(wanted: Sequence[Condition]) -> str:
    """Orders that were placed with such a product line, and what those lines came to."""
    columns = [
        "order_sales.order_id",
        "sum(order_sales.gross_sales_minor) as gross_sales_minor",
        "sum(order_sales.discounts_minor) as discounts_minor",
        "coalesce(sum(order_sales.quantity), 0) as units",
    ]
    where = ["order_sales.shop_id = :shop_id", "order_sales.is_placing", "order_sales.line_type = 'PRODUCT'"]
    where += [condition.sql for condition in wanted]
    return "\n".join([_select(columns), "from order_sales", _where(where), "group by order_sales.order_id"])


def _join_orders(wanted: Sequence[Condition]) -> list[str]:
    if not any(condition.reads_orders for condition in wanted):
        return []
    return [
        "join orders",
        "    on orders.shop_id = facts.shop_id",
        "    and orders.order_id = facts.order_id",
    ]


def _on_days(mode: Mode, rows: str, day: str) -> str:
    """The rows of a CTE that lie in the window or windows, with the day each answers for."""
    if isinstance(mode, Calendar):
        return "\n".join([
            _select(["calendar.metric_date", "calendar.window_start", f"{rows}.*"]),
            # The calendar is the small side and goes first: SQLite keeps the order of a cross join.
            f"from calendar\ncross join {rows}",
            _where([f"{rows}.{day} >= calendar.window_start", f"{rows}.{day} <= calendar.metric_date"]),
        ])  # fmt: skip
    start = ":window_start" if isinstance(mode, Running) else day
    columns = [f"{rows}.{day} as metric_date", f"{start} as window_start", f"{rows}.*"]
    where = [f"{rows}.{day} >= :window_start", f"{rows}.{day} < :window_end"]
    return "\n".join([_select(columns), f"from {rows}", _where(where)])


def _calendar_rows(windows: int) -> str:
    return "values " + ", ".join(f"(:last_day_{n}, :first_day_{n})" for n in range(windows))


def _mode_days(mode: Mode) -> dict[str, date]:
    if not isinstance(mode, Calendar):
        return {"window_start": mode.start, "window_end": mode.end}
    lasts = {f"last_day_{n}": window.last_day for n, window in enumerate(mode.windows)}
    return lasts | {f"first_day_{n}": window.start or date.min for n, window in enumerate(mode.windows)}


def _select(columns: Sequence[str]) -> str:
    return "select\n" + ",\n".join(f"    {column}" for column in columns)


def _where(clauses: Sequence[str]) -> str:
    return "where " + "\n  and ".join(clauses)
