"""Rows and watermark landed together: there is no other way to move a watermark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import chain

from sqlalchemy import Connection, Date, delete, select

from service.periods import shop_day
from service.store import customers, facts, redactions, sessions
from service.store.changes import CHECKOUT_DAY, SESSION_DAY, note_days
from service.store.pending import note_changed_days, note_touched
from service.store.tables import backfill_slices, checkouts, metadata, orders, reconciliations, shops, watermarks
from service.store.upsert import Row, put, upsert
from service.values import Batch, Landed, Watermark


def land(connection: Connection, shop_id: int, batch: Batch, *, now: datetime, in_bulk: bool = False) -> Landed:
    """What changed. Facts follow at once, or after the last batch when landing `in_bulk`."""
    arrived = redactions.applied(connection, shop_id, batch.rows)
    customers.note_moves(connection, shop_id, arrived.get(orders.name, ()))
    of_orders = [rows for name, rows in arrived.items() if "order_id" in metadata.tables[name].c]
    ids = [] if in_bulk else sorted({row[1] for rows in of_orders for row in rows})
    if ids:
        facts.remember(connection, shop_id, ids)
    changed = {name: upsert(connection, metadata.tables[name], rows) for name, rows in arrived.items()}
    days = {name: _days(name, arrived[name]) for name, count in changed.items() if count}
    moved = facts.refresh(connection, shop_id, ids, remembered=True) if days else None
    touched_from = min(chain(*days.values(), [moved] if moved else []), default=None)
    if days:
        note = note_touched(connection, shop_id, touched_from, is_facts_stale=in_bulk, is_written_down=not in_bulk)
        if checkouts.name in days and not in_bulk:
            note_days(connection, shop_id, note, CHECKOUT_DAY, days[checkouts.name])
    if batch.watermark:
        move_watermark(connection, shop_id, batch.watermark, now)
    return Landed(sum(map(len, batch.rows.values())), sum(changed.values()), touched_from)


def _days(table: str, rows: Sequence[Row]) -> set[date]:
    """The shop days in any date column of `rows`."""
    columns = [n for n, c in enumerate(metadata.tables[table].columns) if isinstance(c.type, Date)]
    return {date.fromisoformat(day) for day in {row[n] for row in rows for n in columns}}


def land_days(
    connection: Connection,
    shop_id: int,
    days: Mapping[date, Sequence[Row]],
    watermark: Watermark | None,
    *,
    now: datetime,
) -> Landed:
    """What changed of the session funnel. Each of these days is replaced as a whole by its rows."""
    changed = sessions.replace(connection, shop_id, days)
    touched_from = min(changed, default=None)
    note_changed_days(connection, shop_id, SESSION_DAY, changed)
    if watermark:
        move_watermark(connection, shop_id, watermark, now)
    return Landed(sum(map(len, days.values())), sum(changed.values()), touched_from)


def move_watermark(connection: Connection, shop_id: int, watermark: Watermark, now: datetime) -> None:
    """The position, and beside it the shop day it lies in: views know no time zones."""
    zone = connection.scalar(select(shops.c.timezone).where(shops.c.shop_id == shop_id))
    put(
        connection,
        watermarks,
        ["shop_id", "connector"],
        {
            "shop_id": shop_id,
            "connector": watermark.connector,
            "position": watermark.position,
            "read_before": shop_day(watermark.position, zone) if zone else None,
            "moved_at": now,
        },
    )


def watermark(connection: Connection, shop_id: int, connector: str) -> datetime | None:
    return connection.scalar(
        select(watermarks.c.position).where(watermarks.c.shop_id == shop_id, watermarks.c.connector == connector)
    )


def moved_at(connection: Connection, shop_id: int, connector: str) -> datetime | None:
    """When the watermark was last written."""
    return connection.scalar(
        select(watermarks.c.moved_at).where(watermarks.c.shop_id == shop_id, watermarks.c.connector == connector)
    )


def forget_positions(connection: Connection, shop_id: int, but: str) -> None:
    """How far every connector of the shop `but` one has come is thrown away; rows stay until they are read again.

    What was compared with Shopify meant the old days or amounts, and goes.
    """
    for table in (watermarks, backfill_slices):
        connection.execute(delete(table).where(table.c.shop_id == shop_id, table.c.connector != but))
    connection.execute(delete(reconciliations).where(reconciliations.c.shop_id == shop_id))
