"""The shops of this database, as Shopify last described them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from service.store.tables import shops
from service.store.upsert import put
from service.values import Shop


def record_shop(connection: Connection, shop: Shop, *, now: datetime, history_is_cut: bool) -> None:
    put(
        connection,
        shops,
        ["shop_id"],
        {
            "shop_id": shop.shop_id,
            "domain": shop.domain,
            "timezone": shop.timezone,
            "currency": shop.currency,
            "currency_exponent": shop.currency_exponent,
            "created_at": shop.created_at,
            "plan": shop.plan,
            "scopes": " ".join(sorted(shop.scopes)),
            "seen_at": now,
            "history_is_cut": history_is_cut,
        },
    )


def history_is_cut(connection: Connection, shop_id: int) -> bool:
    """Were orders older than 60 days hidden from us when the shop was last seen?"""
    return bool(connection.scalar(select(shops.c.history_is_cut).where(shops.c.shop_id == shop_id)))


def by_domain(connection: Connection, domain: str) -> Shop | None:
    """The shop of that permanent name, None when it was never seen."""
    row = connection.execute(select(shops).where(shops.c.domain == domain)).one_or_none()
    if row is None:
        return None
    return Shop(
        row.shop_id,
        row.domain,
        row.timezone,
        row.currency,
        row.currency_exponent,
        row.created_at,
        frozenset(row.scopes.split()),
        row.plan,
    )
