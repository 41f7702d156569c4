"""The fields of what an order consists of: line items, the sales ledger, and refunds derived from it."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from service.demo.model import Agreement, LineItem
from service.demo.money import iso
from service.demo.pages import Page
from service.demo.records import SALE_TYPES, Bag, Getter, Of, Table, gid, net_of_tax, within


def line_items() -> Table:
    def current_quantity(line: Of) -> int:
        item: LineItem = line.it
        sales = [s for a in line.order.agreements for s in a.sales if s.line_item_id == item.id]
        return sum(sale.quantity or 0 for sale in sales) if sales else item.quantity

    return {
        "LineItem": {
            "id": lambda line: f"gid://shopify/LineItem/{line.it.id}",
            "name": lambda line: line.it.title,
            "title": lambda line: line.it.title,
            "vendor": lambda line: line.it.vendor,
            "sku": lambda line: None if line.it.product_id is None else f"SKU-{line.it.product_id}",
            "quantity": lambda line: line.it.quantity,
            "currentQuantity": current_quantity,
            "isGiftCard": lambda line: line.it.is_gift_card,
            "originalUnitPriceSet": lambda line: Bag(line.it.unit_price, line.order),
            "originalTotalSet": lambda line: Bag(line.it.unit_price * line.it.quantity, line.order),
            "product": lambda line: None if line.it.product_id is None else line.it,
            "sellingPlan": lambda line: line.it.selling_plan,
        },
        "LineItemSellingPlan": {
            "name": lambda plan: plan,
            "sellingPlanId": lambda plan: gid("SellingPlan", crc32(plan.encode())),
        },
        "Product": {
            "id": lambda item: f"gid://shopify/Product/{item.product_id}",
            "legacyResourceId": lambda item: str(item.product_id),
            "productType": lambda item: item.product_type,
            "title": lambda item: item.title,
            "vendor": lambda item: item.vendor or "",
        },
    }


def _line_item(sale: Of) -> Of:
    for item in sale.order.line_items:
        if item.id == sale.it.line_item_id:
            return Of(sale.order, item)
    raise LookupError(f"sale {sale.it.id} of order {sale.order.id} has no line item")


def ledger() -> Table:
    agreement: dict[str, Getter] = {
        "id": lambda part: f"gid://shopify/SalesAgreement/{part.it.id}",
        "happenedAt": lambda part: iso(part.it.happened_at),
        "reason": lambda part: part.it.reason,
        "app": lambda part: part.order.app if part.it.reason == "ORDER" else None,
        "sales": lambda part, **window: within(part.order, part.it.sales, **window),
    }
    sale: dict[str, Getter] = {
        "id": lambda part: f"gid://shopify/Sale/{part.it.id}",
        "actionType": lambda part: part.it.action_type,
        "lineType": lambda part: part.it.line_type,
        "quantity": lambda part: part.it.quantity,
        "totalAmount": lambda part: Bag(part.it.total, part.order),
        "totalTaxAmount": lambda part: Bag(part.it.tax, part.order),
        "totalDiscountAmountBeforeTaxes": lambda part: Bag(part.it.discount, part.order),
        "totalDiscountAmountAfterTaxes": lambda part: Bag(0, part.order),
        "lineItem": _line_item,
    }
    return {
        **dict.fromkeys(("OrderAgreement", "OrderEditAgreement", "ReturnAgreement"), agreement),
        "RefundAgreement": {**agreement, "refund": lambda part: part},
        **dict.fromkeys(SALE_TYPES.values(), sale),
        "App": {"id": lambda app: gid("App", app[0]), "title": lambda app: app[1]},
    }


def refunds() -> Table:
    """Refunds, derived from refund agreements (which share their number)."""

    def returned(refund: Of, **window: Any) -> Page:
        agreement: Agreement = refund.it
        sales = [sale for sale in agreement.sales if sale.line_type == "PRODUCT" and sale.line_item_id is not None]
        return within(refund.order, sales, **window)

    happened: Getter = lambda refund: iso(refund.it.happened_at)  # noqa: E731
    return {
        "Refund": {
            "id": lambda refund: gid("Refund", refund.it.id),
            "legacyResourceId": lambda refund: str(refund.it.id),
            **dict.fromkeys(("createdAt", "processedAt", "updatedAt"), happened),
            "totalRefundedSet": lambda refund: Bag(-sum(sale.total for sale in refund.it.sales), refund.order),
            "refundLineItems": returned,
        },
        "RefundLineItem": {
            "id": lambda line: gid("RefundLineItem", line.it.id),
            "quantity": lambda line: -(line.it.quantity or 0),
            "subtotalSet": lambda line: Bag(-net_of_tax(line.order, line.it), line.order),
            "totalTaxSet": lambda line: Bag(-line.it.tax, line.order),
            "lineItem": _line_item,
        },
    }
