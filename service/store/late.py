"""Which kind of event changed a past answer, as far as the source rows tell."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from service.store.tables import order_agreements, orders

_CAUSES = {"REFUND": "late_refund", "RETURN": "late_return", "ORDER_EDIT": "edit"}
"""By the reason of an agreement."""

_OVERLAP = timedelta(minutes=10)
"""An order may have been read a little after it changed: increments begin five minutes before their watermark."""


def cause_of(connection: Connection, shop_id: int, day: date, since: datetime | None) -> str:
    """What happened on that shop day to orders that changed since a moment; `data` when nothing known did."""
    if since is None:
        return "data"
    changed = orders.c.updated_at >= since - _OVERLAP
    here = (orders.c.shop_id == shop_id) & orders.c.is_test.is_(False)
    agreements = connection.execute(
        select(order_agreements.c.reason, order_agreements.c.is_placing)
        .join(
            orders,
            (orders.c.shop_id == order_agreements.c.shop_id) & (orders.c.order_id == order_agreements.c.order_id),
        )
        .where(here, changed, order_agreements.c.event_date == day)
        .distinct()
    )
    found = {"late_order" if is_placing else _CAUSES.get(reason, "data") for reason, is_placing in agreements}
    gone = select(orders.c.order_id).where(
        here, orders.c.processed_date == day, orders.c.deleted_at >= since - _OVERLAP
    )
    if connection.execute(gone.limit(1)).one_or_none():
        found.add("deletion")
    return found.pop() if len(found) == 1 else "several" if found else "data"
