"""Orders as they are placed: the till gives every order, line, sale and visit its id, in rising order.

Money is rounded half up to minor units, tax by tax. In a tax-inclusive shop the tax is inside the price, so
that the discount "before taxes" of the ledger is smaller than what the buyer saw come off.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from service.demo.model import Agreement, LineItem, Order, Sale, Visit


class Product(NamedTuple):
    id: int | None
    title: str
    product_type: str
    vendor: str | None
    price: int
    tax_percent: int
    line_type: str = "PRODUCT"  # or GIFT_CARD
    selling_plan: str | None = None


Line = tuple[Product, int]  # a product and how many


class Extra(NamedTuple):
    """A charge that is no article: SHIPPING, TIP, DUTY, FEE, ADDITIONAL_FEE."""

    line_type: str
    amount: int
    tax_percent: int = 0


class Journey(NamedTuple):
    """Where a buyer came from: source, Shopify's marketing tactic, referrer, UTM parameters."""

    source: str
    source_type: str | None
    referrer_url: str | None = None
    utm: tuple[str | None, str | None, str | None, str | None, str | None] | None = None


def tax_inside(paid: int, percent: int) -> int:
    """The tax contained in an amount, rounded half up."""
    return (2 * paid * percent + 100 + percent) // (2 * (100 + percent))


def percent_of(amount: int, percent: int) -> int:
    """A percentage of an amount, rounded half up."""
    return (amount * percent + 50) // 100


class Till:
    """Rings up orders in the order of their creation; ids come from counters and rise."""

    def __init__(self, *, taxes_included: bool) -> None:
        self.taxes_included = taxes_included
        self._order_ids = count(5_400_000_000_001)
        self._order_numbers = count(1001)
        self._item_ids = count(13_200_000_000_001)
        self._agreement_ids = count(900_000_001)
        self._sale_ids = count(2_500_000_001)
        self._visit_ids = count(7_100_000_001)

    def amounts(self, price: int, off: int, percent: int) -> tuple[int, int, int]:
        """Total, tax and discount before taxes, as the ledger states them."""
        paid = price - off
        if self.taxes_included:
            return paid, tax_inside(paid, percent), off and off - tax_inside(off, percent)
        tax = percent_of(paid, percent)
        return paid + tax, tax, off

    def sale(
        self,
        action_type: str,
        line_type: str,
        quantity: int | None,
        money: tuple[int, int, int],
        line_item_id: int | None = None,
    ) -> Sale:
        """A ledger line; `money` is total, tax, discount."""
        return Sale(next(self._sale_ids), action_type, line_type, quantity, *money, line_item_id)

    def line(self, product: Product, quantity: int, off: int) -> tuple[LineItem, Sale]:
        """A new line of an order and the sale that goes with it, `off` minor units taken off its price."""
        product_id, title, product_type, vendor, price, percent, line_type, plan = product
        item_id, sale_id = next(self._item_ids), next(self._sale_ids)
        total, tax, discount = self.amounts(price * quantity, off, percent)
        is_gift_card = line_type == "GIFT_CARD"
        return (
            LineItem(item_id, title, product_id, product_type, vendor, quantity, price, is_gift_card, plan),
            Sale(sale_id, "ORDER", line_type, quantity, total, tax, discount, item_id),
        )

    def agreement(self, kind: str, reason: str, at: int, sales: Sequence[Sale]) -> Agreement:
        return Agreement(next(self._agreement_ids), kind, reason, at, tuple(sales))

    def ring_up(
        self,
        at: int,
        customer_id: int | None,
        lines: Sequence[Line],
        *,
        off_percent: int = 0,
        off_minor: int = 0,
        extras: Sequence[Extra] = (),
    ) -> Order:
        """A placed order. The discount is a percentage of each article, or an amount off the first lines.

        As at Shopify, a percentage does not make gift cards cheaper.
        """
        items, sales = [], []
        for product, quantity in lines:
            off = 0
            if off_percent and product.line_type == "PRODUCT":
                off = percent_of(product.price * quantity, off_percent)
            elif off_minor:
                off = min(off_minor, product.price * quantity)
                off_minor -= off
            item, sale = self.line(product, quantity, off)
            items.append(item)
            sales.append(sale)
        for line_type, amount, percent in extras:
            sales.append(self.sale("ORDER", line_type, 1, self.amounts(amount, 0, percent)))
        placed = self.agreement("OrderAgreement", "ORDER", at, sales)
        name = f"#{next(self._order_numbers)}"
        order = Order(next(self._order_ids), name, at, at, at, customer_id, [placed], items)
        order.taxes_included = self.taxes_included
        return order

    def visit(self, at: int, journey: Journey) -> Visit:
        return Visit(next(self._visit_ids), at, *journey)
