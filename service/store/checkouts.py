"""Checkouts as they are kept: also those that Shopify has forgotten."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, update

from service.periods import shop_day
from service.store.pending import note_touched
from service.store.tables import checkouts
from service.values import Shop

NAME = checkouts.name
"""Of their connector, too."""

GRACE = timedelta(hours=24)
"""How long a checkout may take before it counts as abandoned; the view `checkout_grace` says the same."""


def created_between(connection: Connection, shop_id: int, start: datetime, end: datetime) -> int:
    """How many are kept of those created in [start, end)."""
    c = checkouts.c
    wanted = (c.shop_id == shop_id) & (c.created_at >= start) & (c.created_at < end)
    return connection.scalar(select(func.count()).where(wanted)) or 0


def redate(connection: Connection, shop: Shop) -> None:
    """Every checkout on the day of its creation in the shop's time zone as it is now."""
    c = checkouts.c
    kept = connection.execute(select(c.checkout_id, c.created_at, c.created_date).where(c.shop_id == shop.shop_id))
    days = [(number, old, shop_day(at, shop.timezone)) for number, at, old in kept]
    moved: list[tuple[int, date, date]] = [(number, old, new) for number, old, new in days if old != new]
    if not moved:
        return
    one = update(checkouts).where(c.shop_id == shop.shop_id, c.checkout_id == bindparam("number"))
    new_days = [{"number": number, "day": new} for number, _, new in moved]
    connection.execute(one.values(created_date=bindparam("day")), new_days)
    note_touched(connection, shop.shop_id, min(min(old, new) for _, old, new in moved))
