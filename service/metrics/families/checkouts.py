"""Abandoned checkouts: `counted_checkouts`, a row a checkout, and `counted_online_orders`, a row an order beside them.

Both are counted once 24 hours have passed since, as far as the data reach: before that nobody can tell a checkout that
was abandoned from one that is being completed, and an order of today belongs beside the checkouts of today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.metrics.families.family import Asked, Family, Rows, select, where
from service.store.changes import CHECKOUT_DAY, ORDER_DAY, ORDER_READ
from service.store.checkouts import GRACE

# The order of a cross join is SQLite's to keep: what lies in the window first, each row looking up the rest.
_CHECKOUTS = "from checkouts cross join checkout_grace"
_OF_A_SHOP = ["checkouts.shop_id = :shop_id", "checkout_grace.shop_id = checkouts.shop_id"]

_ONLINE_ORDERS = "from order_facts cross join orders cross join online_sources cross join checkout_grace"
_ONLINE = [
    "order_facts.shop_id = :shop_id",
    "orders.shop_id = order_facts.shop_id",
    "orders.order_id = order_facts.order_id",
    "online_sources.shop_id = orders.shop_id",
    "online_sources.source_name = orders.source_name",
    "checkout_grace.shop_id = orders.shop_id",
]


def _checkouts_in_scope(_asked: Asked) -> Rows:
    columns = ["checkouts.created_date", "checkouts.completed_at is not null as is_recovered"]
    clauses = [*_OF_A_SHOP, "checkouts.created_at <= checkout_grace.over_at"]
    return Rows("checkouts_in_scope", "\n".join([select(columns), _CHECKOUTS, where(clauses)]), "created_date")


def _online_orders_in_scope(_asked: Asked) -> Rows:
    clauses = [*_ONLINE, "orders.processed_at <= checkout_grace.over_at"]
    text = "\n".join([select(["order_facts.order_date"]), _ONLINE_ORDERS, where(clauses)])
    return Rows("online_orders_in_scope", text, "order_date")


def _looked_at(asked: Asked, _scope: Mapping[str, str]) -> dict[str, str]:
    """Checkouts, and orders beside them, by reason: `within_grace`, and what the metric does not ask about."""
    reasons = ["when checkouts.created_at > checkout_grace.over_at then 'within_grace'"]
    if "recovered" in asked.leaves_out:
        reasons.append("when checkouts.completed_at is not null then 'recovered'")
    if "not_recovered" in asked.leaves_out:
        reasons.append("when checkouts.completed_at is null then 'not_recovered'")
    checkouts = ["checkouts.checkout_id as row_id", "'a checkout' as row_name", "checkouts.created_date as row_date"]
    looked_at = _by_reason(reasons, checkouts, _CHECKOUTS, _OF_A_SHOP, "checkouts.created_date")
    if "counted_online_orders" in asked.words:
        reasons = ["when orders.processed_at > checkout_grace.over_at then 'within_grace'"]
        online = ["orders.order_id as row_id", "orders.order_name as row_name", "order_facts.order_date as row_date"]
        looked_at += f"\nunion all\n{_by_reason(reasons, online, _ONLINE_ORDERS, _ONLINE, 'order_facts.order_date')}"
    return {"looked_at": looked_at}


def _by_reason(reasons: Sequence[str], row: Sequence[str], tables: str, clauses: Sequence[str], day: str) -> str:
    in_window = [f"{day} >= :window_start", f"{day} < :window_end"]
    reason = f"case {' '.join(reasons)} else 'counted' end as reason"
    return "\n".join([select([reason, "1 as row_count", *row]), tables, where([*clauses, *in_window])])


CHECKOUTS = Family(
    "checkouts",
    {"counted_checkouts": _checkouts_in_scope, "counted_online_orders": _online_orders_in_scope},
    {},
    ("all",),
    _looked_at,
    unread="cannot be reconstructed: Shopify no longer showed them when they were first read",
    settles_after=GRACE,
    changed_by=(CHECKOUT_DAY, ORDER_DAY, ORDER_READ),
)
