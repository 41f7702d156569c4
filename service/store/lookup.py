"""Where the children of orders belong, for a reader that met the parent long before."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from service.store.tables import order_agreements, orders

IDS_A_QUERY = 5_000
"""Well under the bind parameters SQLite (32,766) and PostgreSQL (65,535) allow in one statement."""


def order_days(connection: Connection, shop_id: int, order_ids: Iterable[int]) -> dict[int, str]:
    """Order id → its order day, for those that have landed."""
    found: dict[int, str] = {}
    for ids in chunks(order_ids):
        rows = connection.execute(
            select(orders.c.order_id, orders.c.processed_date).where(
                orders.c.shop_id == shop_id, orders.c.order_id.in_(ids)
            )
        )
        found.update((order_id, day.isoformat()) for order_id, day in rows)
    return found


def agreements(connection: Connection, shop_id: int, agreement_ids: Iterable[int]) -> dict[int, tuple[int, str, bool]]:
    """Agreement id → order id, event day and whether it placed the order, for those that have landed."""
    found: dict[int, tuple[int, str, bool]] = {}
    t = order_agreements.c
    for ids in chunks(agreement_ids):
        rows = connection.execute(
            select(t.agreement_id, t.order_id, t.event_date, t.is_placing).where(
                t.shop_id == shop_id, t.agreement_id.in_(ids)
            )
        )
        found.update((key, (order_id, day.isoformat(), placing)) for key, order_id, day, placing in rows)
    return found


def chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    """The ids, each once, in lists that fit into one statement."""
    unique = sorted(set(ids))
    return (unique[n : n + IDS_A_QUERY] for n in range(0, len(unique), IDS_A_QUERY))
