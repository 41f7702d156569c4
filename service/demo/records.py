"""What the functions of the fields pass along: records below an order travel with it.

Shopify's objects know their order's line items and currency; the plain records of `model.py` do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from service.demo.model import Checkout, Event, Order, Sale
from service.demo.pages import Page, page

Getter = Callable[..., Any]
Table = dict[str, dict[str, Getter]]


class Bag(NamedTuple):
    """Money of an order or a checkout, in minor units of the shop's currency."""

    minor: int
    order: Order | Checkout


class Of(NamedTuple):
    """A record and the order it belongs to."""

    order: Order
    it: Any


SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "SHIPPING": "ShippingLineSale",
    "TIP": "TipSale",
    "GIFT_CARD": "GiftCardSale",
    "DUTY": "DutySale",
    "FEE": "FeeSale",
    "ADDITIONAL_FEE": "AdditionalFeeSale",
    "ADJUSTMENT": "AdjustmentSale",
    "UNKNOWN": "UnknownSale",
}
_OTHER_NODES: dict[type, str] = {int: "Customer", Event: "BasicEvent"}  # a customer is known by number alone
TYPE_OF: dict[str, Callable[[Any], str]] = {
    "Sale": lambda sale: SALE_TYPES[sale.it.line_type],
    "SalesAgreement": lambda agreement: agreement.it.kind,
    "PurchasingEntity": lambda order: "PurchasingCompany" if order.is_b2b else "Customer",
    "Node": lambda record: "Order" if isinstance(record, Order) else _OTHER_NODES.get(type(record), "BulkOperation"),
    "Event": lambda _event: "BasicEvent",
}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def net_of_tax(order: Order, sale: Sale) -> int:
    """What Shopify calls the price of a line: with tax only where the shop's prices contain it."""
    return sale.total if order.taxes_included else sale.total - sale.tax


def within(order: Order, records: Sequence[Any], **window: Any) -> Page:
    """A page of what hangs on an order; ids rise with time."""
    return page([Of(order, record) for record in records], lambda item: (0, item.it.id), **window)
