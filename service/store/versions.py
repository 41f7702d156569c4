"""Rows that are never overwritten: what changes gets a new version, and the old one keeps the time it held.

A version holds from `observed_at` until `superseded_at`; the one without an end stands. What was known at a moment are
the versions that held then, so every past answer can be given again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that says something else than before; `old` is None when it is new."""

    old: Values | None
    new: Values


def record(
    connection: Connection, table: Table, scope: ColumnElement[bool], rows: Iterable[Values], *, now: datetime
) -> list[Change]:
    """Write those rows that differ from what stands within `scope`, and give what changed.

    Columns that a row leaves out stay as they were; one marked as not `told_apart` makes no difference by itself.
    """
    standing = {_key(table, row): row for row in versions_standing(connection, table, scope)}
    changes = []
    for row in rows:
        old = standing.get(_key(table, row))
        new = {**(old or {}), **row, "observed_at": now, "superseded_at": None}
        if old is None or _differ(table, old, new):
            changes.append(Change(old, new))
    supersede(connection, table, [change.old for change in changes if change.old], now)
    if changes:
        connection.execute(insert(table), _alike([change.new for change in changes]))
    return changes


def retire(connection: Connection, table: Table, scope: ColumnElement[bool], *, now: datetime) -> None:
    """What stands within `scope` stands no more, and nothing follows it."""
    supersede(connection, table, versions_standing(connection, table, scope), now)


def versions_standing(connection: Connection, table: Table, scope: ColumnElement[bool]) -> list[Values]:
    """The rows of `scope` as they stand now."""
    found = connection.execute(select(table).where(scope, table.c.superseded_at.is_(None)))
    return [dict(row._mapping) for row in found]


def _key(table: Table, row: Values) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key if column.name != "observed_at")


def _differ(table: Table, old: Values, new: Values) -> bool:
    return any(
        old[column.name] != new.get(column.name) for column in table.columns if column.info.get("told_apart", True)
    )


def supersede(connection: Connection, table: Table, rows: Sequence[Values], now: datetime) -> None:
    """End the versions that stand; one that began in this very second, or later by a clock since set back, is gone."""
    ended = [row for row in rows if row["observed_at"] < now]
    gone = [row for row in rows if row["observed_at"] >= now]
    for statement, them in ((update(table).values(superseded_at=now), ended), (delete(table), gone)):
        if them:
            here = (column == bindparam(f"the_{column.name}") for column in table.primary_key)
            keys = [{f"the_{column.name}": row[column.name] for column in table.primary_key} for row in them]
            connection.execute(statement.where(*here), keys)


def _alike(rows: Sequence[Values]) -> list[Values]:
    """All with the same columns, as one statement for many rows wants them."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]
