"""Orders and their sales ledger, as rows.

Every order comes with its agreements (dated changes of what was agreed with the buyer) and their sales, whether a
page or a bulk file brought it. A bulk file lists them as separate lines in any order with a `__parentId`; a page nests
them. Both become the same three kinds of line, and from there on there is one way.
Source: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/SalesAgreement
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from service.connectors.convert import Converter, gid
from service.errors import UnexpectedShape
from service.shapes import taken_as

NAME = "orders"
DOCUMENTS = "orders.graphql"
REQUIRED_SCOPES = frozenset({"read_orders"})
HISTORY_SCOPE = "read_all_orders"

REMEMBERED_PARENTS = 50_000
"""Orders and agreements kept in memory to place their children; older ones are looked up in the database."""


# --- lines, as Shopify writes them ---------------------------------------------------------------------------------


class Line(msgspec.Struct, rename="camel", gc=False):
    """What all lines have in common; unknown fields are skipped, missing ones refused."""


class Money(Line):
    amount: str
    currency_code: str | None = None


class MoneyBag(Line):
    shop_money: Money


class Reference(Line):
    id: str


class Handle(Line):
    handle: str


class Typed(Line):
    typename: str = msgspec.field(name="__typename")


class Utm(Line):
    source: str | None
    medium: str | None
    campaign: str | None


class Visit(Line):
    source: str | None
    utm_parameters: Utm | None


class Journey(Line):
    ready: bool
    first_visit: Visit | None
    last_visit: Visit | None


class OrderLine(Line):
    id: str
    name: str
    created_at: str
    processed_at: str
    updated_at: str
    cancelled_at: str | None
    cancel_reason: str | None
    closed_at: str | None
    test: bool
    edited: bool
    taxes_included: bool
    display_financial_status: str | None
    return_status: str
    source_name: str | None
    app: Reference | None
    currency_code: str
    presentment_currency_code: str
    discount_codes: list[str]
    original_total_price_set: MoneyBag
    current_total_price_set: MoneyBag
    total_refunded_set: MoneyBag
    customer: Reference | None = None  # these three may be refused to the app
    purchasing_entity: Typed | None = None
    customer_journey_summary: Journey | None = None
    attribution: Handle | None = None  # not before 2026-07
    checkout_token: str | None = None  # not before 2026-07


class AgreementLine(Line):
    id: str
    happened_at: str
    reason: str
    parent_id: str = msgspec.field(name="__parentId")


class Product(Line):
    product_type: str | None


class SellingPlan(Line):
    selling_plan_id: str | None


class SoldItem(Line):
    vendor: str | None
    selling_plan: SellingPlan | None
    product: Product | None = None  # may be refused to the app


class SaleLine(Line):
    id: str
    action_type: str
    line_type: str
    quantity: int | None
    total_amount: MoneyBag
    total_tax_amount: MoneyBag
    total_discount_amount_before_taxes: MoneyBag
    parent_id: str = msgspec.field(name="__parentId")
    line_item: SoldItem | None = None


AnyLine = OrderLine | AgreementLine | SaleLine

_order = msgspec.json.Decoder(OrderLine).decode
_agreement = msgspec.json.Decoder(AgreementLine).decode
_sale = msgspec.json.Decoder(SaleLine).decode
_to_order, _to_agreement, _to_sale = taken_as(OrderLine), taken_as(AgreementLine), taken_as(SaleLine)


def parse(text: bytes) -> AnyLine:
    """One line of a bulk file. A quoted key cannot occur inside a JSON string, whose quotes are escaped."""
    if b'"__parentId"' not in text:
        return _order(text)
    return _sale(text) if b'"lineType"' in text else _agreement(text)


def flatten(node: Mapping[str, Any]) -> Iterator[AnyLine]:
    """The lines of one order as a page nests them: the order, then its agreements and their sales."""
    yield _to_order(node)
    for edge in node["agreements"]["edges"]:
        agreement = edge["node"]
        yield _to_agreement({**agreement, "__parentId": node["id"]})
        for sale in agreement["sales"]["nodes"]:
            yield _to_sale({**sale, "__parentId": agreement["id"]})


# --- rows, as the tables keep them ---------------------------------------------------------------------------------


class Placed(NamedTuple):
    """What the sales of an agreement take from it."""

    order_id: int
    agreement_id: int
    event_date: str
    is_placing: bool


@dataclass(slots=True)
class Parents:
    """Where children belong, by global id: an order's day, and what an agreement hands on to its sales."""

    orders: dict[str, str] = field(default_factory=dict)
    agreements: dict[str, Placed] = field(default_factory=dict)

    def forget_old(self) -> None:
        """Keep the newest half when full; what is forgotten has landed and can be looked up."""
        for known in (self.orders, self.agreements):
            if len(known) > REMEMBERED_PARENTS:
                for key in list(known)[: len(known) - REMEMBERED_PARENTS // 2]:
                    del known[key]


@dataclass(slots=True)
class Rows:
    """Rows by table, in column order, and the lines whose parent has not been seen."""

    orders: list[tuple[Any, ...]] = field(default_factory=list)
    order_agreements: list[tuple[Any, ...]] = field(default_factory=list)
    order_sales: list[tuple[Any, ...]] = field(default_factory=list)
    orphans: list[AgreementLine | SaleLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.orders or self.order_agreements or self.order_sales or self.orphans)

    def by_table(self) -> dict[str, list[tuple[Any, ...]]]:
        return {"orders": self.orders, "order_agreements": self.order_agreements, "order_sales": self.order_sales}


def to_rows(lines: Iterable[AnyLine], convert: Converter, parents: Parents) -> Rows:
    """The rows of `lines`; `parents` learns of the orders and agreements among them."""
    rows = Rows()
    for line in lines:
        if isinstance(line, SaleLine):
            agreement = parents.agreements.get(line.parent_id)
            if agreement is None:
                rows.orphans.append(line)
            else:
                rows.order_sales.append(_sale_row(line, agreement, convert))
        elif isinstance(line, AgreementLine):
            order_date = parents.orders.get(line.parent_id)
            if order_date is None:
                rows.orphans.append(line)
            else:
                rows.order_agreements.append(_agreement_row(line, order_date, convert, parents))
        else:
            rows.orders.append(_order_row(line, convert, parents))
    return rows


def _order_row(line: OrderLine, convert: Converter, parents: Parents) -> tuple[Any, ...]:
    shop = convert.shop
    if line.original_total_price_set.shop_money.currency_code not in (None, shop.currency):
        raise UnexpectedShape(
            f"amounts are in {line.original_total_price_set.shop_money.currency_code}, the shop in {shop.currency}",
            about=f"order {line.name}",
        )
    processed_date = parents.orders[line.id] = convert.day(line.processed_at)
    journey = line.customer_journey_summary
    return (
        shop.shop_id,
        gid(line.id),
        line.name,
        line.created_at,
        line.processed_at,
        processed_date,
        line.updated_at,
        line.cancelled_at,
        line.closed_at,
        None,
        line.test,
        line.edited,
        line.purchasing_entity is not None and line.purchasing_entity.typename == "PurchasingCompany",
        gid(line.customer.id) if line.customer else None,
        line.display_financial_status,
        line.return_status,
        line.cancel_reason,
        line.source_name,
        gid(line.app.id) if line.app else None,
        line.attribution.handle if line.attribution else None,
        line.discount_codes[0].lower() if line.discount_codes else None,
        line.checkout_token,
        shop.currency,
        line.presentment_currency_code,
        line.taxes_included,
        convert.amounts[line.original_total_price_set.shop_money.amount],
        convert.amounts[line.current_total_price_set.shop_money.amount],
        convert.amounts[line.total_refunded_set.shop_money.amount],
        journey is None or journey.ready,
        *_visit(journey.first_visit if journey else None),
        *_visit(journey.last_visit if journey else None),
    )


def _visit(visit: Visit | None) -> tuple[str | None, str | None, str | None, str | None]:
    """Referrer, UTM source, medium and campaign."""
    if visit is None:
        return None, None, None, None
    utm = visit.utm_parameters
    return (visit.source, utm.source, utm.medium, utm.campaign) if utm else (visit.source, None, None, None)


def _agreement_row(line: AgreementLine, order_date: str, convert: Converter, parents: Parents) -> tuple[Any, ...]:
    is_placing = line.reason == "ORDER"
    # What placed the order is dated like the order, which an import may have moved into the past.
    event_date = order_date if is_placing else convert.day(line.happened_at)
    order_id, agreement_id = gid(line.parent_id), gid(line.id)
    parents.agreements[line.id] = Placed(order_id, agreement_id, event_date, is_placing)
    return (convert.shop.shop_id, order_id, agreement_id, line.happened_at, event_date, line.reason, is_placing)


def _sale_row(line: SaleLine, agreement: Placed, convert: Converter) -> tuple[Any, ...]:
    amounts, item, line_type = convert.amounts, line.line_item, line.line_type
    total = amounts[line.total_amount.shop_money.amount]
    tax = amounts[line.total_tax_amount.shop_money.amount]
    discount = amounts[line.total_discount_amount_before_taxes.shop_money.amount]
    order_id, agreement_id, event_date, is_placing = agreement
    return (
        convert.shop.shop_id,
        order_id,
        gid(line.id),
        agreement_id,
        event_date,
        is_placing,
        line.action_type,
        line_type,
        line.quantity,
        (item.product.product_type or None) if item and item.product else None,
        item.vendor if item else None,
        item is not None and item.selling_plan is not None,
        total,
        tax,
        discount,
        *report_columns(line_type, total, tax, discount),
    )


def report_columns(line_type: str, total: int, tax: int, discount: int) -> tuple[int, int, int, int, int, int]:
    """Gross sales, discounts, sales reversals, shipping, taxes and fees of a ledger line.

    net = total − tax and gross = net + discount. A product line that takes goods back is a reversal of its net
    amount, and so is an adjustment; gift cards sold and tips are no sales, but their tax is tax. A kind this version
    does not know counts as tax only; the run that landed it says so.
    """
    net = total - tax
    gross = net + discount
    if line_type == "PRODUCT" and gross >= 0:
        return gross, discount, 0, 0, tax, 0
    if line_type in ("PRODUCT", "ADJUSTMENT"):
        return 0, 0, -net, 0, tax, 0
    if line_type == "SHIPPING":
        return 0, 0, 0, net, tax, 0
    return 0, 0, 0, 0, tax, net if line_type in ("DUTY", "FEE", "ADDITIONAL_FEE") else 0
