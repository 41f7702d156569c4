"""What holds for every order of every world, because it holds at Shopify."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from service.demo.model import Agreement, Order, Sale, World

REASONS = {
    "OrderAgreement": "ORDER",
    "OrderEditAgreement": "ORDER_EDIT",
    "RefundAgreement": "REFUND",
    "ReturnAgreement": "RETURN",
}
# The words of the official schema 2026-10.
STATUSES = {"AUTHORIZED", "EXPIRED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "VOIDED"}
CANCEL_REASONS = {None, "CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"}
RETURN_STATUSES = {"NO_RETURN", "RETURNED", "RETURN_REQUESTED", "RETURN_FAILED", "IN_PROGRESS", "INSPECTION_COMPLETE"}
ACTIONS = {"ORDER", "UPDATE", "RETURN", "UNKNOWN"}
CHARGES = {"PRODUCT", "SHIPPING", "TIP", "GIFT_CARD", "DUTY", "FEE", "ADDITIONAL_FEE", "ADJUSTMENT", "UNKNOWN"}
CAMPAIGNS = {"AD", "AFFILIATE", "LINK", "LOYALTY", "MESSAGE", "NEWSLETTER", "NOTIFICATION", "POST", "RETARGETING"}
TACTICS = CAMPAIGNS | {None, "ABANDONED_CART", "SEO", "STOREFRONT_APP", "TRANSACTIONAL"}


def assert_lawful(world: World) -> None:
    """Raises AssertionError with the order's name where a world could not be a shop's."""
    for before, after in pairwise(world.orders):
        assert before.id < after.id and before.created_at <= after.created_at, after.name
    assert len({order.name for order in world.orders}) == len(world.orders)
    assert len({order.taxes_included for order in world.orders}) <= 1
    _ids_are_unique(world)
    for order in world.orders:
        _words_are_shopifys(order)
        _times_follow(order, world.now)
        _ledger_adds_up(order)
        _lines_are_placed_at_their_price(order)
        _status_fits(order)


def _ids_are_unique(world: World) -> None:
    agreements = [a for order in world.orders for a in order.agreements]
    items = [item.id for order in world.orders for item in order.line_items]
    visits = {v.id: v for order in world.orders for v in (order.first_visit, order.last_visit) if v}
    assert len({a.id for a in agreements}) == len(agreements)
    assert len({s.id for a in agreements for s in a.sales}) == sum(len(a.sales) for a in agreements)
    assert len(set(items)) == len(items)
    seen = [v for order in world.orders for v in {order.first_visit, order.last_visit} if v]
    assert len(seen) == len(visits)


def _words_are_shopifys(order: Order) -> None:
    assert order.financial_status in STATUSES, order.name
    assert order.cancel_reason in CANCEL_REASONS, order.name
    assert order.return_status in RETURN_STATUSES, order.name
    assert {visit.source_type for visit in (order.first_visit, order.last_visit) if visit} <= TACTICS, order.name
    for sale in (sale for agreement in order.agreements for sale in agreement.sales):
        assert sale.action_type in ACTIONS and sale.line_type in CHARGES, order.name


def _times_follow(order: Order, now: int) -> None:
    assert order.processed_at <= order.created_at <= order.updated_at <= now, order.name
    for at in [a.happened_at for a in order.agreements] + [order.cancelled_at, order.closed_at]:
        assert at is None or order.created_at <= at <= order.updated_at, order.name
    if order.first_visit and order.last_visit:
        assert order.first_visit.occurred_at <= order.last_visit.occurred_at < order.created_at
        assert order.created_at - order.first_visit.occurred_at <= 30 * 86_400


def _ledger_adds_up(order: Order) -> None:
    """One placing agreement; signs by action; nothing is taken back that is not there."""
    assert order.agreements[0].reason == "ORDER"
    assert [a.reason for a in order.agreements].count("ORDER") == 1
    assert order.placed_total == sum(sale.total for sale in order.agreements[0].sales)
    item_ids = {item.id for item in order.line_items}
    standing: dict[tuple[str, int | None], Counter[str]] = {}
    for agreement, sale in ((a, s) for a in order.agreements for s in a.sales):
        assert REASONS[agreement.kind] == agreement.reason, order.name
        assert (sale.line_item_id in item_ids) == (sale.line_type in ("PRODUCT", "GIFT_CARD")), order.name
        _signs_fit(order, agreement, sale)
        if sale.line_type != "ADJUSTMENT":
            line = standing.setdefault((sale.line_type, sale.line_item_id), Counter())
            for name in ("quantity", "total", "tax", "discount"):
                line[name] += getattr(sale, name) or 0
                assert line[name] >= 0, (order.name, sale)


def _signs_fit(order: Order, agreement: Agreement, sale: Sale) -> None:
    sign = -1 if sale.action_type == "RETURN" else 1
    assert all(sign * amount >= 0 for amount in (sale.total, sale.tax, sale.discount)), (order.name, sale)
    assert abs(sale.tax) <= abs(sale.total), (order.name, sale)
    assert sale.quantity is None or sign * sale.quantity > 0, (order.name, sale)
    assert (sale.quantity is None) or sale.line_type != "ADJUSTMENT", (order.name, sale)
    assert sale.action_type == "ORDER" or agreement.reason != "ORDER", (order.name, sale)


def _lines_are_placed_at_their_price(order: Order) -> None:
    """Gross is price times quantity; with tax inside, paid and discount together are at most that."""
    items = {item.id: item for item in order.line_items}
    ordered: Counter[int] = Counter()
    for sale in (sale for agreement in order.agreements for sale in agreement.sales):
        if sale.line_item_id and sale.quantity and sale.quantity > 0:
            ordered[sale.line_item_id] += sale.quantity
    assert {item.id: item.quantity for item in order.line_items} == ordered, order.name
    for sale in order.agreements[0].sales:
        if sale.line_item_id is not None:
            price = items[sale.line_item_id].unit_price * (sale.quantity or 0)
            if order.taxes_included:
                assert sale.total + sale.discount <= price, (order.name, sale)
                assert sale.discount or sale.total == price, (order.name, sale)
            else:
                assert sale.total - sale.tax + sale.discount == price, (order.name, sale)


def _status_fits(order: Order) -> None:
    assert order.refunded_total >= 0, order.name
    assert order.edited == any(a.reason == "ORDER_EDIT" for a in order.agreements), order.name
    assert (order.cancelled_at is None) == (order.cancel_reason is None), order.name
    if order.financial_status == "REFUNDED":
        assert order.refunded_total > 0 >= order.current_total, order.name
    if order.financial_status == "PARTIALLY_REFUNDED":
        assert order.refunded_total > 0, order.name
    assert order.journey_ready or order.first_visit is None, order.name
