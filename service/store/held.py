"""The orders we hold and take for existing, for whoever compares them with Shopify's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, update

from service.store import facts
from service.store.lookup import chunks
from service.store.pending import note_touched
from service.store.tables import order_sales, orders


class Held(NamedTuple):
    """What tells whether our copy of an order is up to date."""

    created_at: datetime
    updated_at: datetime
    customer_id: int | None


def count(connection: Connection, shop_id: int, start: datetime, end: datetime) -> int:
    """How many were created in [start, end)."""
    return connection.scalar(select(func.count()).where(_created(shop_id, start, end))) or 0


def created(connection: Connection, shop_id: int, start: datetime, end: datetime) -> dict[int, Held]:
    """Those created in [start, end), by id."""
    return _held(connection, _created(shop_id, start, end))


def processed(connection: Connection, shop_id: int, start: datetime, end: datetime) -> dict[int, Held]:
    """Those processed in [start, end), by id."""
    c = orders.c
    return _held(connection, _live(shop_id) & (c.processed_at >= start) & (c.processed_at < end))


def by_id(connection: Connection, shop_id: int, order_ids: Iterable[int]) -> dict[int, Held]:
    """Those of the ids that we hold."""
    found: dict[int, Held] = {}
    for ids in chunks(order_ids):
        found |= _held(connection, _live(shop_id) & orders.c.order_id.in_(ids))
    return found


def of_customers(connection: Connection, shop_id: int, customers: Iterable[int]) -> dict[int, list[int]]:
    """Customer → the orders that stand in that name, for those who have any."""
    found: dict[int, list[int]] = {}
    c = orders.c
    for ids in chunks(customers):
        theirs = select(c.customer_id, c.order_id).where(_live(shop_id) & c.customer_id.in_(ids))
        for customer_id, order_id in connection.execute(theirs):
            found.setdefault(customer_id, []).append(order_id)
    return found


def reach(connection: Connection, shop_id: int, start: datetime, end: datetime, most: int) -> datetime:
    """Where a stretch from `start` on ends that holds `most` of them, or those of one second; at the latest `end`."""
    later = _created(shop_id, start, end) & (orders.c.created_at > start)
    times = select(orders.c.created_at).where(later).order_by(orders.c.created_at)
    return connection.scalar(times.offset(most).limit(1)) or end


def journeys_not_ready(connection: Connection, shop_id: int, start: datetime, end: datetime) -> list[int]:
    """Those created in [start, end) of which Shopify had not worked out yet how the buyer came."""
    waiting = _created(shop_id, start, end) & ~orders.c.is_journey_ready
    return list(connection.scalars(select(orders.c.order_id).where(waiting).order_by(orders.c.order_id)))


def mark_deleted(connection: Connection, shop_id: int, order_ids: Iterable[int], now: datetime) -> int:
    """How many were marked as gone at Shopify; they no longer count, and whatever they touched is noted."""
    marked, days = 0, []
    for ids in chunks(order_ids):
        mine = _live(shop_id) & orders.c.order_id.in_(ids)
        of_sales = (order_sales.c.shop_id == shop_id) & order_sales.c.order_id.in_(ids)
        days.append(connection.scalar(select(func.min(orders.c.processed_date)).where(mine)))
        days.append(connection.scalar(select(func.min(order_sales.c.event_date)).where(of_sales)))
        facts.remember(connection, shop_id, ids)
        marked += connection.execute(update(orders).where(mine).values(deleted_at=now)).rowcount
        days.append(facts.refresh(connection, shop_id, ids, remembered=True, cause="deletion"))
    if marked:
        note_touched(connection, shop_id, min(day for day in days if day is not None), is_written_down=True)
    return marked


def _held(connection: Connection, condition: ColumnElement[bool]) -> dict[int, Held]:
    c = orders.c
    rows = connection.execute(select(c.order_id, c.created_at, c.updated_at, c.customer_id).where(condition))
    return {order_id: Held(*known) for order_id, *known in rows}


def _live(shop_id: int) -> ColumnElement[bool]:
    return (orders.c.shop_id == shop_id) & orders.c.deleted_at.is_(None)


def _created(shop_id: int, start: datetime, end: datetime) -> ColumnElement[bool]:
    return _live(shop_id) & (orders.c.created_at >= start) & (orders.c.created_at < end)
