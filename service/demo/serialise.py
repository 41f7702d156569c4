"""Every field of the schema as a function of a record: `table(index)["Order"]["createdAt"](order)`.

Executors find a field's function by type and name. Here: orders, their buyers and journeys, money and connections.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from service.demo.checkouts import checkout_table
from service.demo.index import Index
from service.demo.ledger import ledger, line_items, refunds
from service.demo.model import Order, Sale, Visit
from service.demo.money import amount, converted, iso
from service.demo.records import Bag, Getter, Of, Table, gid, net_of_tax, within


def table(index: Index) -> Table:
    """The functions of every type but the roots and bulk operations, for one shop."""
    return {
        **_money(index),
        "Order": {**_order_words(index), **_order_money(), **_order_parts()},
        "OrderApp": {"id": lambda app: gid("App", app[0]), "name": lambda app: app[1]},
        "OrderAttribution": {"handle": lambda channel: channel[0], "displayName": lambda channel: channel[1]},
        **_buyers(index),
        **_journey(index),
        **line_items(),
        **ledger(),
        **refunds(),
        **checkout_table(),
        **_connections(),
        "Count": {"count": lambda count: count[0], "precision": lambda count: count[1]},
    }


def _money(index: Index) -> Table:
    shop, exponent = index.world.currency, index.world.exponent

    def presentment(bag: Bag) -> tuple[str, str]:
        currency = bag.order.presentment_currency
        if currency is None:
            return amount(bag.minor, exponent), shop
        return converted(bag.minor, exponent, bag.order.presentment_rate, currency), currency

    return {
        "MoneyBag": {
            "shopMoney": lambda bag: (amount(bag.minor, exponent), shop),
            "presentmentMoney": presentment,
        },
        "MoneyV2": {"amount": lambda money: money[0], "currencyCode": lambda money: money[1]},
    }


def _optional(read: Callable[[Order], int | None]) -> Getter:
    return lambda order: None if (instant := read(order)) is None else iso(instant)


def _order_words(index: Index) -> dict[str, Getter]:
    shop = index.world.currency
    return {
        "id": lambda order: f"gid://shopify/Order/{order.id}",
        "legacyResourceId": lambda order: str(order.id),
        "name": lambda order: order.name,
        "createdAt": lambda order: iso(order.created_at),
        "processedAt": lambda order: iso(order.processed_at),
        "updatedAt": lambda order: iso(order.updated_at),
        "cancelledAt": _optional(lambda order: order.cancelled_at),
        "closedAt": _optional(lambda order: order.closed_at),
        "cancelReason": lambda order: order.cancel_reason,
        "closed": lambda order: order.closed_at is not None,
        "confirmed": lambda _order: True,
        "currencyCode": lambda _order: shop,
        "presentmentCurrencyCode": lambda order: order.presentment_currency or shop,
        "discountCode": lambda order: order.discount_codes[0] if order.discount_codes else None,
        "discountCodes": lambda order: list(order.discount_codes),
        "displayFinancialStatus": lambda order: order.financial_status,
        "returnStatus": lambda order: order.return_status,
        "sourceName": lambda order: order.source_name,
        "cartToken": lambda order: order.cart_token,
        "checkoutToken": lambda order: order.checkout_token,
        "edited": lambda order: order.edited,
        "test": lambda order: order.test,
        "taxesIncluded": lambda order: order.taxes_included,
    }


def _total(_order: Order, sale: Sale) -> int:
    return sale.total


def _sum(
    order: Order,
    value: Callable[[Order, Sale], int] = _total,
    lines: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
) -> Bag:
    """The order's sales added up, all of them or those of some line types and agreement reasons."""
    found = (
        value(order, sale)
        for agreement in order.agreements
        if not reasons or agreement.reason in reasons
        for sale in agreement.sales
        if not lines or sale.line_type in lines
    )
    return Bag(sum(found), order)


def _order_money() -> dict[str, Getter]:
    """What is called current follows edits, returns and refunds; the other totals stop before returns and refunds."""
    sold = partial(_sum, reasons=("ORDER", "ORDER_EDIT"))
    goods = ("PRODUCT", "GIFT_CARD")
    return {
        "originalTotalPriceSet": lambda order: Bag(order.placed_total, order),
        "currentTotalPriceSet": lambda order: Bag(order.current_total, order),
        "totalRefundedSet": lambda order: Bag(order.refunded_total, order),
        "totalPriceSet": sold,
        "subtotalPriceSet": partial(sold, value=net_of_tax, lines=goods),
        "currentSubtotalPriceSet": partial(_sum, value=net_of_tax, lines=goods),
        "totalDiscountsSet": partial(sold, value=lambda _order, sale: sale.discount),
        "currentTotalDiscountsSet": partial(_sum, value=lambda _order, sale: sale.discount),
        "totalTaxSet": partial(sold, value=lambda _order, sale: sale.tax),
        "currentTotalTaxSet": partial(_sum, value=lambda _order, sale: sale.tax),
        "totalShippingPriceSet": partial(sold, value=net_of_tax, lines=("SHIPPING",)),
        "totalTipReceivedSet": partial(sold, lines=("TIP",)),
    }


def _order_parts() -> dict[str, Getter]:
    return {
        "app": lambda order: order.app,
        "attribution": lambda order: order.channel,
        "customer": lambda order: order.customer_id,
        "purchasingEntity": lambda order: order if order.is_b2b or order.customer_id is not None else None,
        "customerJourneySummary": lambda order: order if order.has_journey else None,
        "agreements": lambda order, **window: within(order, order.agreements, **window),
        "lineItems": lambda order, **window: within(order, order.line_items, **window),
        "refunds": lambda order, first=None: [
            Of(order, agreement) for agreement in order.agreements if agreement.kind == "RefundAgreement"
        ][:first],
    }


def _buyers(index: Index) -> Table:
    def of(buyer: int | Order) -> int:  # PurchasingEntity hands over the order, Order.customer the id
        return buyer if isinstance(buyer, int) else buyer.customer_id or 0

    return {
        "Customer": {
            "id": lambda buyer: gid("Customer", of(buyer)),
            "legacyResourceId": lambda buyer: str(of(buyer)),
            "numberOfOrders": lambda buyer: str(index.number_of_orders(of(buyer))),
        },
        "PurchasingCompany": {"company": lambda order: order.customer_id or order.id},
        "Company": {"id": lambda number: gid("Company", number), "name": lambda number: f"Company {number}"},
    }


def _journey(index: Index) -> Table:
    def ready(read: Callable[[Order], Any]) -> Getter:
        return lambda order: read(order) if order.journey_ready else None

    def days(order: Order) -> int | None:
        visit = order.first_visit
        return None if visit is None else max(0, order.created_at - visit.occurred_at) // 86400

    def part(place: int) -> Getter:
        return lambda utm: utm[place]

    def optional_utm(visit: Visit) -> Any:
        return visit.utm

    return {
        "CustomerJourneySummary": {
            "ready": lambda order: order.journey_ready,
            "customerOrderIndex": ready(index.customer_order_index),
            "daysToConversion": ready(days),
            "firstVisit": ready(lambda order: order.first_visit),
            "lastVisit": ready(lambda order: order.last_visit),
        },
        "CustomerVisit": {
            "id": lambda visit: gid("CustomerVisit", visit.id),
            "occurredAt": lambda visit: iso(visit.occurred_at),
            "source": lambda visit: visit.source,
            "sourceType": lambda visit: visit.source_type,
            "referrerUrl": lambda visit: visit.referrer_url,
            "utmParameters": optional_utm,
        },
        "UTMParameters": {
            name: part(place) for place, name in enumerate(("campaign", "content", "medium", "source", "term"))
        },
    }


def _connections() -> Table:
    nodes = (
        "Order",
        "SalesAgreement",
        "Sale",
        "LineItem",
        "RefundLineItem",
        "BulkOperation",
        "Event",
        "AbandonedCheckout",
    )
    connection: dict[str, Getter] = {
        "nodes": lambda shown: shown.items,
        "edges": lambda shown: [(shown, item) for item in shown.items],
        "pageInfo": lambda shown: shown,
    }
    edge: dict[str, Getter] = {"cursor": lambda edge: edge[0].cursor(edge[1]), "node": lambda edge: edge[1]}
    info: dict[str, Getter] = {
        "hasNextPage": lambda shown: shown.has_next,
        "hasPreviousPage": lambda shown: shown.has_previous,
        "startCursor": lambda shown: shown.cursor(shown.items[0]) if shown.items else None,
        "endCursor": lambda shown: shown.cursor(shown.items[-1]) if shown.items else None,
    }
    return {
        **{f"{name}Connection": connection for name in nodes},
        **{f"{name}Edge": edge for name in nodes},
        "PageInfo": info,
    }
