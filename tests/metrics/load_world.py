"""A World's orders put straight into the tables, without the connector: the definitions read a second time.

What `service.connectors` does with Shopify's strings is done here from the simulated records, so that metrics can be
tested on any world without HTTP, and the two readings can be compared with each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from service.demo.model import Agreement, Checkout, Order, Sale, Visit, World
from service.store import facts
from service.store.tables import (
    ad_spend,
    checkouts,
    online_sources,
    order_agreements,
    order_sales,
    orders,
    session_days,
    watermarks,
)
from service.values import Shop
from tests.metrics.little_world import spend_of


def load_world(connection: Connection, world: World, *, deleted_ids: Collection[int] = ()) -> Shop:
    """The shop, once all that its metrics count is in the tables; orders in `deleted_ids` marked gone."""
    insert_orders(connection, world, world.orders, deleted_ids)
    insert_sessions(connection, world)
    insert_checkouts(connection, world)
    insert_spend(connection, world)
    facts.rebuild(connection, world.shop_id)
    return shop_of(world)


def shop_of(world: World) -> Shop:
    created_at = _instant(world.created_at)
    return Shop(world.shop_id, world.domain, world.timezone, world.currency, world.exponent, created_at)


def insert_orders(
    connection: Connection, world: World, new: Collection[Order], deleted_ids: Collection[int] = ()
) -> None:
    """Source rows of some orders, facts untouched."""
    rows = [source_rows(world, order, is_deleted=order.id in deleted_ids) for order in new]
    for table in (orders, order_agreements, order_sales):
        if found := [row for of_order in rows for row in of_order[table.name]]:
            connection.execute(table.insert(), found)


def source_rows(world: World, order: Order, *, is_deleted: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Table → the rows of an order."""
    return {
        orders.name: [order_row(world, order, is_deleted=is_deleted)],
        order_agreements.name: [_agreement_row(world, order, each) for each in order.agreements],
        order_sales.name: [_sale_row(world, order, each, sale) for each in order.agreements for sale in each.sales],
    }


_COUNTS = ("sessions", "with_cart_additions", "reached_checkout", "completed_checkout", "reached_and_completed")
_SPLITS = ("referrer_source", "utm_source", "utm_medium", "utm_campaign", "device")


def insert_sessions(connection: Connection, world: World) -> None:
    """The days of the session funnel, once for people and once with bots."""
    days: dict[tuple[date, bool, tuple[str, ...]], Counter[str]] = {}
    for visits in world.visits():
        split = tuple(getattr(visits, name) or "" for name in _SPLITS)
        for bots_excluded in (True, False):
            if visits.is_human or not bots_excluded:
                row = days.setdefault((_day(world, visits.began_at), bots_excluded, split), Counter())
                row.update({name: getattr(visits, name) for name in _COUNTS})
    rows = [
        {"shop_id": world.shop_id, "sessions_date": day, "bots_excluded": bots_excluded}
        | dict(zip(_SPLITS, split, strict=True))
        | {name: counts[name] for name in _COUNTS}
        for (day, bots_excluded, split), counts in days.items()
    ]
    if rows:
        connection.execute(session_days.insert(), rows)


def insert_checkouts(connection: Connection, world: World) -> None:
    """The checkouts, read up to the world's present, and what tells the orders beside them."""
    if world.checkouts:
        connection.execute(checkouts.insert(), [checkout_row(world, checkout) for checkout in world.checkouts])
        now = _instant(world.now)
        read = {"shop_id": world.shop_id, "connector": "checkouts", "position": now, "moved_at": now}
        connection.execute(watermarks.insert(), read)
        connection.execute(online_sources.insert(), {"shop_id": world.shop_id, "source_name": "web"})


def insert_spend(connection: Connection, world: World) -> None:
    """What the world's campaigns cost."""
    rows = [
        {"shop_id": world.shop_id, "spend_date": each.day, **asdict(each.campaign), "initiative_id": each.initiative_id}
        | {"amount_minor": each.amount_minor, "currency": world.currency, "imported_at": _instant(world.now)}
        for each in spend_of(world)
    ]
    if rows:
        connection.execute(ad_spend.insert(), rows)


def checkout_row(world: World, checkout: Checkout) -> dict[str, Any]:
    return {
        "shop_id": world.shop_id,
        "checkout_id": checkout.id,
        "created_at": _instant(checkout.created_at),
        "created_date": _day(world, checkout.created_at),
        "updated_at": _instant(checkout.updated_at),
        "completed_at": None if checkout.completed_at is None else _instant(checkout.completed_at),
        "currency": world.currency,
        "total_minor": checkout.total,
    }


def order_row(world: World, order: Order, *, is_deleted: bool = False) -> dict[str, Any]:
    return {
        "shop_id": world.shop_id,
        "order_id": order.id,
        "order_name": order.name,
        "created_at": _instant(order.created_at),
        "processed_at": _instant(order.processed_at),
        "processed_date": _day(world, order.processed_at),
        "updated_at": _instant(order.updated_at),
        "cancelled_at": _instant(order.cancelled_at) if order.cancelled_at is not None else None,
        "closed_at": None,
        "deleted_at": _instant(world.now) if is_deleted else None,
        "is_test": order.test,
        "is_edited": order.edited,
        "is_b2b": order.is_b2b,
        "customer_id": order.customer_id,
        "financial_status": order.financial_status,
        "return_status": order.return_status,
        "cancel_reason": order.cancel_reason,
        "source_name": order.source_name,
        "app_id": order.app[0] if order.app else None,
        "channel": order.channel[0] if order.channel else None,
        "discount_code": order.discount_codes[0].lower() if order.discount_codes else None,
        "checkout_token": order.checkout_token,
        "currency": world.currency,
        "presentment_currency": order.presentment_currency or world.currency,
        "is_taxes_included": order.taxes_included,
        "original_total_minor": order.placed_total,
        "current_total_minor": order.current_total,
        "refunded_minor": order.refunded_total,
        "is_journey_ready": order.journey_ready,
        **_visit("first_", order.first_visit),
        **_visit("", order.last_visit),
    }


def _visit(prefix: str, visit: Visit | None) -> dict[str, str | None]:
    campaign, _content, medium, source, _term = (visit.utm if visit else None) or (None,) * 5
    return {
        f"{prefix}referrer": visit.source if visit else None,
        f"{prefix}utm_source": source,
        f"{prefix}utm_medium": medium,
        f"{prefix}utm_campaign": campaign,
    }


def _agreement_row(world: World, order: Order, agreement: Agreement) -> dict[str, Any]:
    return {
        "shop_id": world.shop_id,
        "order_id": order.id,
        "agreement_id": agreement.id,
        "happened_at": _instant(agreement.happened_at),
        "event_date": _event_date(world, order, agreement),
        "reason": agreement.reason,
        "is_placing": agreement.reason == "ORDER",
    }


def _sale_row(world: World, order: Order, agreement: Agreement, sale: Sale) -> dict[str, Any]:
    item = next((item for item in order.line_items if item.id == sale.line_item_id), None)
    has_product = item is not None and item.product_id is not None
    return {
        "shop_id": world.shop_id,
        "order_id": order.id,
        "sale_id": sale.id,
        "agreement_id": agreement.id,
        "event_date": _event_date(world, order, agreement),
        "is_placing": agreement.reason == "ORDER",
        "action_type": sale.action_type,
        "line_type": sale.line_type,
        "quantity": sale.quantity,
        "product_type": (item.product_type or None) if item and has_product else None,
        "vendor": item.vendor if item else None,
        "is_subscription": item is not None and item.selling_plan is not None,
        "total_minor": sale.total,
        "tax_minor": sale.tax,
        "discount_minor": sale.discount,
        **_report_columns(sale),
    }


def _report_columns(sale: Sale) -> dict[str, int]:
    """Where the sales report shows a ledger line."""
    net = sale.total - sale.tax
    shown = dict.fromkeys(
        ("gross_sales_minor", "discounts_minor", "sales_reversals_minor", "shipping_minor", "fees_minor"), 0
    )
    if sale.line_type == "PRODUCT" and net + sale.discount >= 0:
        shown |= {"gross_sales_minor": net + sale.discount, "discounts_minor": sale.discount}
    elif sale.line_type in ("PRODUCT", "ADJUSTMENT"):
        shown["sales_reversals_minor"] = -net
    elif sale.line_type == "SHIPPING":
        shown["shipping_minor"] = net
    elif sale.line_type in ("DUTY", "FEE", "ADDITIONAL_FEE"):
        shown["fees_minor"] = net
    return {**shown, "taxes_minor": sale.tax}


def _event_date(world: World, order: Order, agreement: Agreement) -> date:
    return _day(world, order.processed_at if agreement.reason == "ORDER" else agreement.happened_at)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _day(world: World, seconds: int) -> date:
    return datetime.fromtimestamp(seconds, ZoneInfo(world.timezone)).date()
