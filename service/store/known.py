"""Any view as it was at a moment: its own text, over tables cut back to what was written by then.

The views stay the one place that says what a row is; only the ground below them changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Executable, Table, bindparam, select, text
from sqlalchemy.types import TypeEngine

from service.store.tables import (
    ExactDecimal,
    UtcInstant,
    check_ins,
    closings,
    forecasts,
    key_result_readings,
    key_results,
    plan_states,
    restatements,
    target_changes,
)
from service.store.views import views

_VERSIONS = (key_results, key_result_readings, forecasts, plan_states)
_ADDED = {
    check_ins: "published_at", closings: "closed_at", restatements: "observed_at", target_changes: "changed_at",
}  # fmt: skip
"""Tables that only grow, by the column that says when."""

_DAY_OF = {
    key_result_readings: "as_of_date", forecasts: "as_of_date", check_ins: "as_of_date", closings: "as_of_date",
}  # fmt: skip
"""What an earlier day leaves out."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whose quarter, as it was known when, and up to which shop day (None: all that was known then)."""

    shop_id: int
    quarter: str
    known_at: datetime
    as_of: date | None = None


def rows_as_known(
    connection: Connection, view: str, known: Known, *, now: datetime | None = None
) -> Sequence[Mapping[str, Any]]:
    """The rows of a view about one quarter, as they were known.

    `now` is the present that staleness is judged from; without it, the moment itself. Numbers come out as exact as the
    view leaves them.
    """
    statement = _statement(connection.dialect.name, view, has_day=known.as_of is not None)
    parameters: dict[str, Any] = {"shop_id": known.shop_id, "quarter": known.quarter, "known_at": known.known_at}
    parameters["now"] = now or known.known_at
    if known.as_of is not None:
        parameters["as_of"] = known.as_of
    return [dict(row._mapping) for row in connection.execute(statement, parameters)]


def quarters_known(connection: Connection, shop_id: int, known_at: datetime) -> list[str]:
    """The quarters that had key results then."""
    c = key_results.c
    stood = (c.observed_at <= known_at) & (c.superseded_at.is_(None) | (c.superseded_at > known_at))
    return [*connection.scalars(select(c.quarter).where(c.shop_id == shop_id, stood).distinct().order_by(c.quarter))]


def _statement(dialect: str, view: str, *, has_day: bool) -> Executable:
    every = views(dialect)
    wanted = next(each for each in every if each.name == view)
    helpers = [each for each in every if not each.name.startswith("bi_") and each.name != "clock"]
    grounds = ["clock as (select :now as now)", *(_ground(table, dialect, has_day) for table in (*_VERSIONS, *_ADDED))]
    grounds += [f"{each.name} as ({each.select})" for each in helpers]
    body = f"select * from {view}" if wanted in helpers else wanted.select
    kinds: dict[str, TypeEngine[Any]] = {"known_at": UtcInstant(), "now": UtcInstant()}
    if has_day:
        kinds["as_of"] = Date()
    clause = text(f"with {', '.join(grounds)} {body}").bindparams(
        *(bindparam(name, type_=kind) for name, kind in kinds.items())
    )
    types = _types()
    return clause.columns(**{name: types[name] for name, _ in wanted.columns if name in types})


def _ground(table: Table, dialect: str, has_day: bool) -> str:
    """The table as it was, under its own name."""
    source = f"main.{table.name}" if dialect == "sqlite" else table.name  # SQLite takes the bare name for itself
    names = [column.name for column in table.columns if column.name != "superseded_at"]
    where = ["shop_id = :shop_id", "quarter = :quarter", f"{_ADDED.get(table, 'observed_at')} <= :known_at"]
    if table in _VERSIONS:
        names.append("null as superseded_at")
        where.append("(superseded_at is null or superseded_at > :known_at)")
    if has_day and table in _DAY_OF:
        where.append(f"{_DAY_OF[table]} <= :as_of")
    return f"{table.name} as (select {', '.join(names)} from {source} where {' and '.join(where)})"


def _types() -> dict[str, TypeEngine[Any]]:
    """By column name: in these tables one name means one type."""
    found: dict[str, TypeEngine[Any]] = {"confidence_at": UtcInstant()}
    for table in (*_VERSIONS, *_ADDED):
        kinds = {column.name: column.type for column in table.columns}
        found |= {name: kind for name, kind in kinds.items() if isinstance(kind, _CONVERTED)}
    return found


_CONVERTED = (UtcInstant, ExactDecimal, Date, Boolean)
