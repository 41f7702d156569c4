"""What happens to an order later: refunds, returns, edits, cancellations, as dated agreements in its ledger.

Every function appends to the order it is given and moves its `updated_at`. Amounts taken back never exceed
what is left, and taking everything back leaves exactly nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.demo.model import Order, Sale
from service.demo.worlds.till import Product, Till

Key = tuple[str, int | None]  # line type, line item
_UNSETTLED = ("PENDING", "AUTHORIZED", "VOIDED", "EXPIRED")


def left(order: Order) -> dict[Key, list[int]]:
    """Quantity, total, tax and discount still standing on each line and charge, adjustments aside."""
    standing: dict[Key, list[int]] = {}
    for sale in (sale for agreement in order.agreements for sale in agreement.sales):
        if sale.line_type != "ADJUSTMENT":
            line = standing.setdefault((sale.line_type, sale.line_item_id), [0, 0, 0, 0])
            for place, amount in enumerate((sale.quantity or 0, sale.total, sale.tax, sale.discount)):
                line[place] += amount
    return standing


def articles(order: Order) -> list[int]:
    """The line items of which at least one unit is left."""
    return [key[1] for key, line in left(order).items() if key[1] is not None and line[0] > 0]


def agree(till: Till, order: Order, at: int, kind: str, reason: str, sales: Iterable[Sale]) -> None:
    """Append an agreement and let the order's own fields follow."""
    order.agreements.append(till.agreement(kind, reason, at, tuple(sales)))
    order.updated_at = max(order.updated_at, at)
    if order.financial_status not in _UNSETTLED and order.refunded_total > 0:
        order.financial_status = "REFUNDED" if order.current_total <= 0 else "PARTIALLY_REFUNDED"
    if reason == "RETURN":
        order.return_status = "RETURNED"
    if reason == "ORDER_EDIT":
        order.edited = True


def _units(till: Till, order: Order, key: Key, units: int, sign: int, action: str) -> Sale:
    """A sale of `units` of a line, given (+1) or taken back (-1), at the price of what is left of it."""
    quantity, total, tax, discount = left(order)[key]
    money = tuple(sign * (amount * units // quantity) for amount in (total, tax, discount))
    return till.sale(action, key[0], sign * units, (money[0], money[1], money[2]), key[1])


def _key(order: Order, item_id: int) -> Key:
    return next(key for key in left(order) if key[1] == item_id)


def taken_back(till: Till, order: Order, item_id: int, units: int) -> Sale:
    """The RETURN of some units of a line; the last units take the rounding with them."""
    return _units(till, order, _key(order, item_id), units, -1, "RETURN")


def refund_units(till: Till, order: Order, at: int, item_id: int, units: int, kept_fee: int = 0) -> None:
    """Money back for some units, less a restocking fee the shop keeps."""
    sales = [taken_back(till, order, item_id, units)]
    kept = min(kept_fee, -sales[0].total)
    if kept:
        sales.append(till.sale("UPDATE", "ADJUSTMENT", None, (kept, 0, 0)))
    agree(till, order, at, "RefundAgreement", "REFUND", sales)


def refund_everything(till: Till, order: Order, at: int) -> None:
    """All that is left goes back: articles, shipping, duties, fees, tips."""
    sales = [
        till.sale("RETURN", line_type, -quantity or None, (-total, -tax, -discount), item_id)
        for (line_type, item_id), (quantity, total, tax, discount) in left(order).items()
        if quantity or total
    ]
    agree(till, order, at, "RefundAgreement", "REFUND", sales)


def refund_shipping(till: Till, order: Order, at: int, part: int, of: int) -> None:
    """`part / of` of the shipping charge goes back; an amount, so without a quantity."""
    _, total, tax, discount = left(order)["SHIPPING", None]
    money = (-(total * part // of), -(tax * part // of), -(discount * part // of))
    agree(till, order, at, "RefundAgreement", "REFUND", [till.sale("RETURN", "SHIPPING", None, money)])


def refund_amount(till: Till, order: Order, at: int, minor: int) -> None:
    """Goodwill: an amount goes back for no article (ADJUSTMENT without a quantity)."""
    adjustment = till.sale("RETURN", "ADJUSTMENT", None, (-minor, 0, 0))
    agree(till, order, at, "RefundAgreement", "REFUND", [adjustment])


def return_units(till: Till, order: Order, at: int, item_id: int, units: int, swap: Product | None = None) -> None:
    """Articles come back; money follows in an agreement of its own. With `swap`, another article goes out."""
    sales = [taken_back(till, order, item_id, units)]
    if swap:
        item, sale = till.line(swap, 1, 0)
        order.line_items.append(item)
        sales.append(sale)
    agree(till, order, at, "ReturnAgreement", "RETURN", sales)


def edit_in(till: Till, order: Order, at: int, product: Product, quantity: int) -> None:
    """The order is edited up: a new line."""
    item, sale = till.line(product, quantity, 0)
    order.line_items.append(item)
    agree(till, order, at, "OrderEditAgreement", "ORDER_EDIT", [sale])


def edit_up(till: Till, order: Order, at: int, item_id: int, units: int) -> None:
    """The order is edited up: more of a line it has (UPDATE), at the price of what is left of it."""
    sale = _units(till, order, _key(order, item_id), units, +1, "UPDATE")
    for place, item in enumerate(order.line_items):
        if item.id == item_id:
            order.line_items[place] = item._replace(quantity=item.quantity + units)
    agree(till, order, at, "OrderEditAgreement", "ORDER_EDIT", [sale])


def edit_down(till: Till, order: Order, at: int, taken: Sequence[tuple[int, int]]) -> None:
    """The order is edited down: units of lines removed, each line once."""
    sales = [taken_back(till, order, item_id, units) for item_id, units in taken]
    agree(till, order, at, "OrderEditAgreement", "ORDER_EDIT", sales)


def cancel(order: Order, at: int, reason: str) -> None:
    """Cancelled and closed; whether money goes back is another matter."""
    order.cancelled_at = order.closed_at = at
    order.cancel_reason = reason
    order.updated_at = max(order.updated_at, at)


def close(order: Order, at: int, now: int) -> None:
    """Archived once it is shipped, if that lies in the past."""
    if at <= now and order.closed_at is None:
        order.closed_at = at
        order.updated_at = max(order.updated_at, at)
