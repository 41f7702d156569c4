"""What comparing with Shopify found: one row for each figure of each day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, Row, func, select

from service.store.pending import note_touched
from service.store.tables import instant_text, reconciliations
from service.store.upsert import upsert
from service.values import UNEXPLAINED, Comparison

OPEN = (UNEXPLAINED, "not_yet_synced")
MENDED = ("deleted", "merged", "missed")

_c = reconciliations.c


def record(
    connection: Connection,
    shop_id: int,
    found: Sequence[Comparison],
    *,
    now: datetime,
    read_again: Collection[date] = (),
) -> None:
    """The rows of what was compared; where an unexplained difference comes, changes or goes, the day counts as touched.

    Figures that agree keep the cause that was mended; a difference keeps when its day was read again on its account.
    """
    if not found:
        return
    days = [each.day for each in found]
    known = {(row.day, row.figure): row for row in _rows(connection, shop_id, min(days), max(days))}
    rows, touched = [], []
    for each in found:
        before = known.get((each.day, each.figure))
        cause = each.cause
        if not each.difference and not cause and before and before.cause in MENDED:
            cause = before.cause
        again = _read_again_at(each, before, now if each.day in read_again else None)
        rows.append(
            (
                shop_id, each.day.isoformat(), each.figure, format(each.ours, "f"), format(each.shopify, "f"),
                format(each.difference, "f"), cause, instant_text(now), again and instant_text(again),
            )
        )  # fmt: skip
        if _doubt(each.cause, each) != (_doubt(before.cause, before) if before else None):
            touched.append(each.day)
    upsert(connection, reconciliations, rows)
    if touched:
        note_touched(connection, shop_id, min(touched), is_written_down=True)  # no answer changed


def _doubt(cause: str, row: Comparison | Row[tuple[object, ...]]) -> object:
    """What key results say about it."""
    return row.difference if cause == UNEXPLAINED else None


def _read_again_at(found: Comparison, before: Row[tuple[object, ...]] | None, now: datetime | None) -> datetime | None:
    if now or before is None or before.difference != found.difference:
        return now
    stored: datetime | None = before.read_again_at
    return stored


def _rows(connection: Connection, shop_id: int, first: date, last: date) -> Sequence[Row[tuple[object, ...]]]:
    return connection.execute(
        select(reconciliations).where(_c.shop_id == shop_id, _c.day.between(first, last)).order_by(_c.day, _c.figure)
    ).all()


def compared(connection: Connection, shop_id: int, first: date, last: date) -> list[Comparison]:
    """What is on record of those days."""
    return [_comparison(row) for row in _rows(connection, shop_id, first, last)]


def last_checked(connection: Connection, shop_id: int) -> dict[date, datetime]:
    """When each day was last compared."""
    rows = connection.execute(select(_c.day, func.max(_c.checked_at)).where(_c.shop_id == shop_id).group_by(_c.day))
    return {row[0]: row[1] for row in rows}


def unsettled(connection: Connection, shop_id: int) -> list[date]:
    """Days with a difference that may still find its end: nothing was read again on its account yet."""
    is_open = _c.cause.in_(OPEN) & _c.read_again_at.is_(None)
    return list(connection.scalars(select(_c.day).where(_c.shop_id == shop_id, is_open).distinct().order_by(_c.day)))


def unexplained(connection: Connection, shop_id: int) -> list[Comparison]:
    """The differences that nothing accounts for."""
    rows = connection.execute(
        select(reconciliations).where(_c.shop_id == shop_id, _c.cause == UNEXPLAINED).order_by(_c.day, _c.figure)
    )
    return [_comparison(row) for row in rows]


def not_read_again(connection: Connection, shop_id: int) -> set[date]:
    """Days with a difference on whose account nothing was read again yet."""
    found = select(_c.day).where(_c.shop_id == shop_id, _c.cause != "", _c.read_again_at.is_(None)).distinct()
    return set(connection.scalars(found))


def _comparison(row: Row[tuple[object, ...]]) -> Comparison:
    return Comparison(row.day, row.figure, row.ours, row.shopify, row.cause)
