"""The shops of this database, as Shopify last described them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from service.periods import shop_day
from service.store.pending import note_touched
from service.store.tables import denied_parts, online_sources, shops
from service.store.upsert import put, put_if_absent
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
    note_denied(connection, shop, now)


def note_denied(connection: Connection, shop: Shop, now: datetime) -> None:
    """Remember what Shopify refuses us of the shop; what was refused before stays so until it is `shown_again`."""
    for part in shop.denied:
        put_if_absent(connection, denied_parts, {"shop_id": shop.shop_id, "part": part, "denied_at": now})


def shown_again(connection: Connection, shop: Shop) -> None:
    """Forget refusals the shop no longer has: its history is about to be read anew, and all of it measured again."""
    shown = denied(connection, shop.shop_id) - shop.denied
    if shown:
        mine = (denied_parts.c.shop_id == shop.shop_id) & denied_parts.c.part.in_(shown)
        connection.execute(delete(denied_parts).where(mine))
        note_touched(connection, shop.shop_id, shop_day(shop.created_at, shop.timezone))


def denied(connection: Connection, shop_id: int) -> frozenset[str]:
    """The parts that are missing from what was read of the shop."""
    mine = denied_parts.c.shop_id == shop_id
    return frozenset(connection.scalars(select(denied_parts.c.part).where(mine)))


def record_online_sources(connection: Connection, shop: Shop, sources: Collection[str]) -> None:
    """Which order sources are the online checkout; other ones than before make every day's answers others."""
    mine = online_sources.c.shop_id == shop.shop_id
    known = set(connection.scalars(select(online_sources.c.source_name).where(mine)))
    if known == set(sources):
        return
    connection.execute(delete(online_sources).where(mine, online_sources.c.source_name.not_in(sources)))
    for name in sources:
        put_if_absent(connection, online_sources, {"shop_id": shop.shop_id, "source_name": name})
    if known:
        note_touched(connection, shop.shop_id, shop_day(shop.created_at, shop.timezone))


def history_is_cut(connection: Connection, shop_id: int) -> bool:
    """Were orders older than 60 days hidden from us when the shop was last seen?"""
    return bool(connection.scalar(select(shops.c.history_is_cut).where(shops.c.shop_id == shop_id)))


def meaning(connection: Connection, shop_id: int, *, is_to_change: bool = False) -> tuple[str, str] | None:
    """Time zone and currency that what is stored of the shop means; None when it was never seen.

    Until the caller's transaction ends nobody changes it, nor asks while it is to change.
    """
    found = select(shops.c.timezone, shops.c.currency).where(shops.c.shop_id == shop_id)
    row = connection.execute(found.with_for_update(read=not is_to_change)).one_or_none()
    return (row.timezone, row.currency) if row else None


def by_domain(connection: Connection, domain: str) -> Shop | None:
    """The shop of that permanent name, None when it was never seen."""
    row = connection.execute(select(shops).where(shops.c.domain == domain)).one_or_none()
    return _shop(connection, row) if row else None


def every(connection: Connection) -> list[Shop]:
    """All shops of this database, by domain."""
    return [_shop(connection, row) for row in connection.execute(select(shops).order_by(shops.c.domain)).all()]


def _shop(connection: Connection, row: Row[Any]) -> Shop:
    return Shop(
        row.shop_id,
        row.domain,
        row.timezone,
        row.currency,
        row.currency_exponent,
        row.created_at,
        frozenset(row.scopes.split()),
        row.plan,
        denied(connection, row.shop_id),
    )
