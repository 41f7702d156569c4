"""Orders asked for by id: what no list, no count and no `updatedAt` tells for certain, the order itself does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.connectors import orders
from service.connectors.convert import gid
from service.connectors.documents import operation
from service.connectors.nested import PAGE_ORDERS, whole_rows
from service.connectors.work import Work
from service.shopify.pages import by_id
from service.store import held, landing, runs
from service.values import Batch

HIDDEN_MARGIN = timedelta(days=1)
"""Kept from the edge beyond which orders are hidden from us: hidden and deleted look the same."""


@dataclass(frozen=True, slots=True)
class Reread:
    """How many of the orders were there and have landed, and how many were marked as deleted."""

    found: int = 0
    deleted: int = 0


def reread(work: Work, order_ids: Iterable[int]) -> Reread:
    """The orders as they are now: landed, or marked as deleted when Shopify no longer knows them."""
    document = operation(orders.DOCUMENTS, "OrdersById", work.client.api_version, work.shop.denied)
    gids = [f"gid://shopify/Order/{order_id}" for order_id in sorted(set(order_ids))]
    found = deleted = 0
    for answered in by_id(work.client, document, gids, PAGE_ORDERS):
        there = [node for node in answered.values() if node is not None]
        gone = [gid(global_id) for global_id, node in answered.items() if node is None]
        deleted += _land(work, there, gone)
        found += len(there)
    return Reread(found, deleted)


def _land(work: Work, there: list[Mapping[str, Any]], gone: list[int]) -> int:
    """How many orders are newly known to be deleted; those that are there have landed, in the same transaction."""
    work.check_stop()
    rows = whole_rows(work, there)
    shop_id = work.shop.shop_id
    with work.engine.begin() as connection:
        work.renew(connection)
        landed = landing.land(connection, shop_id, Batch(rows.by_table()), now=work.clock())
        known = held.by_id(connection, shop_id, gone)
        deleted_ids = [order_id for order_id, order in known.items() if is_visible(work, order.created_at)]
        deleted = held.mark_deleted(connection, shop_id, deleted_ids, work.clock())
        runs.progress(connection, shop_id, work.run_id, landed.rows, landed.changed + deleted)
    return deleted


def is_visible(work: Work, created_at: datetime) -> bool:
    """Would an order of that time be shown to us? Without the scope for history old ones are hidden in silence."""
    return work.visible_from is None or created_at >= work.visible_from + HIDDEN_MARGIN
