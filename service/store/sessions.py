"""The days of the session funnel as they stand, and how they are replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, delete, func, select

from service.store.tables import session_days
from service.store.upsert import Row

_COUNTS = ("sessions", "with_cart_additions", "reached_checkout", "completed_checkout", "reached_and_completed")


def replace(connection: Connection, shop_id: int, days: Mapping[date, Sequence[Row]]) -> Mapping[date, int]:
    """The days that differed, each replaced as a whole, and how many of its rows are new or gone."""
    standing: dict[date, set[Row]] = {day: set() for day in days}
    for row in connection.execute(select(session_days).where(_of_days(shop_id, list(days)))):
        standing[row.sessions_date].add(tuple(row))
    changed = {day: len(standing[day] ^ set(rows)) for day, rows in days.items() if standing[day] != set(rows)}
    if changed:
        names = [column.name for column in session_days.columns]
        connection.execute(delete(session_days).where(_of_days(shop_id, list(changed))))
        new = [dict(zip(names, row, strict=True)) for day in changed for row in days[day]]
        connection.execute(session_days.insert(), new)
    return changed


def totals(connection: Connection, shop_id: int, start: date, end: date) -> Mapping[tuple[date, bool], tuple[int, ...]]:
    """What the days of [start, end) come to, by day and whether bots are excluded."""
    c = session_days.c
    rows = connection.execute(
        select(c.sessions_date, c.bots_excluded, *(func.sum(c[name]) for name in _COUNTS))
        .where(c.shop_id == shop_id, c.sessions_date >= start, c.sessions_date < end)
        .group_by(c.sessions_date, c.bots_excluded)
    )
    return {(day, bots_excluded): tuple(map(int, counts)) for day, bots_excluded, *counts in rows}


def _of_days(shop_id: int, days: Sequence[date]) -> ColumnElement[bool]:
    return (session_days.c.shop_id == shop_id) & session_days.c.sessions_date.in_(days)
