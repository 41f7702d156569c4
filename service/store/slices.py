"""The slices of a backfill: planned once, each read whole, verified, and only then counted as covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select, update

from service.store.tables import backfill_slices


@dataclass(frozen=True, slots=True)
class Slice:
    """Orders created in [start, end)."""

    start: datetime
    end: datetime
    expected_rows: int
    operation_id: str | None = None


def save_plan(
    connection: Connection,
    shop_id: int,
    plan: str,
    slices: Sequence[Slice],
    *,
    now: datetime,
    visible_from: datetime | None = None,
) -> None:
    """Store a plan; orders created before `visible_from` are hidden from us now (None: none are)."""
    connection.execute(
        backfill_slices.insert(),
        [
            {
                "shop_id": shop_id,
                "connector": plan,
                "slice_from": piece.start,
                "slice_to": piece.end,
                "visible_from": max(piece.start, visible_from or piece.start),
                "planned_at": now,
                "expected_rows": piece.expected_rows,
            }
            for piece in slices
        ],
    )


def planned_at(connection: Connection, shop_id: int, plan: str) -> datetime | None:
    """When the standing plan was made; None without one."""
    return _earliest(connection, shop_id, plan, backfill_slices.c.planned_at)


def open_slices(connection: Connection, shop_id: int, plan: str) -> list[Slice]:
    """The slices not verified yet, oldest first."""
    rows = connection.execute(
        select(backfill_slices)
        .where(_plan(shop_id, plan), backfill_slices.c.verified_at.is_(None))
        .order_by(backfill_slices.c.slice_from)
    )
    return [Slice(row.slice_from, row.slice_to, row.expected_rows, row.operation_id) for row in rows]


def totals(connection: Connection, shop_id: int, plan: str) -> tuple[int, int]:
    """Expected rows of the whole plan, and rows of its verified slices."""
    expected, verified = connection.execute(
        select(func.sum(backfill_slices.c.expected_rows), func.sum(backfill_slices.c.rows)).where(_plan(shop_id, plan))
    ).one()
    return int(expected or 0), int(verified or 0)


def was_cut(connection: Connection, shop_id: int, plan: str) -> bool:
    """Were orders hidden from us when the plan was made?"""
    hidden = (backfill_slices.c.visible_from > backfill_slices.c.slice_from) & _plan(shop_id, plan)
    return bool(connection.scalar(select(func.count()).where(hidden)))


def start_of(connection: Connection, shop_id: int, plan: str) -> datetime | None:
    """The earliest creation instant the plan covers."""
    return _earliest(connection, shop_id, plan, backfill_slices.c.slice_from)


def _earliest(connection: Connection, shop_id: int, plan: str, column: Column[datetime]) -> datetime | None:
    found: datetime | None = connection.scalar(select(func.min(column)).where(_plan(shop_id, plan)))
    return found


def set_operation(connection: Connection, shop_id: int, plan: str, piece: Slice, operation_id: str | None) -> None:
    connection.execute(
        update(backfill_slices)
        .where(_plan(shop_id, plan), backfill_slices.c.slice_from == piece.start)
        .values(operation_id=operation_id)
    )


def verified(connection: Connection, shop_id: int, plan: str, piece: Slice, rows: int, *, now: datetime) -> None:
    connection.execute(
        update(backfill_slices)
        .where(_plan(shop_id, plan), backfill_slices.c.slice_from == piece.start)
        .values(rows=rows, verified_at=now, operation_id=None)
    )


def replace(connection: Connection, shop_id: int, plan: str, piece: Slice, smaller: Sequence[Slice]) -> None:
    """`smaller` slices, which cover the same time, in the place of one."""
    mine = _plan(shop_id, plan) & (backfill_slices.c.slice_from == piece.start)
    old = connection.execute(select(backfill_slices).where(mine)).one()
    connection.execute(delete(backfill_slices).where(mine))
    save_plan(connection, shop_id, plan, smaller, now=old.planned_at, visible_from=old.visible_from)


def plans(connection: Connection, shop_id: int, prefix: str) -> list[str]:
    """The names of the standing plans that begin with `prefix`."""
    names = select(backfill_slices.c.connector).where(
        backfill_slices.c.shop_id == shop_id, backfill_slices.c.connector.startswith(prefix, autoescape=True)
    )
    return list(connection.scalars(names.distinct().order_by(backfill_slices.c.connector)))


def forget(connection: Connection, shop_id: int, plan: str) -> None:
    connection.execute(delete(backfill_slices).where(_plan(shop_id, plan)))


def _plan(shop_id: int, plan: str) -> ColumnElement[bool]:
    return (backfill_slices.c.shop_id == shop_id) & (backfill_slices.c.connector == plan)
