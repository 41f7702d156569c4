"""Life in the shop while it is being watched: verbs of the demo store that change its world.

Each moves the shop's clock on by a second and stamps what it touched.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from service.demo.checkouts import is_purged
from service.demo.model import Agreement, Checkout, Event, LineItem, Order, Sale, Visits

if TYPE_CHECKING:
    from service.demo.shop import Shop


class Changes:
    shop: Shop

    def __init__(self) -> None:
        self._fresh: Iterator[int] | None = None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.shop.lock:
            self.shop.now += 1
            yield
            self.shop.index.changed()

    def _next_id(self) -> int:
        if self._fresh is None:
            self._fresh = count(max(self._used_ids(), default=1000) + 1)
        return next(self._fresh)

    def _used_ids(self) -> Iterator[int]:
        for order in self.shop.world.orders:
            yield order.id
            yield from (item.id for item in order.line_items)
            for agreement in order.agreements:
                yield agreement.id
                yield from (sale.id for sale in agreement.sales)
        yield from (checkout.id for checkout in self.shop.world.checkouts)

    def find(self, order_id: int) -> Order:
        found = self.shop.index.order(order_id)
        if found is None:
            raise LookupError(f"the world has no order {order_id}")
        return found

    def order(
        self,
        customer_id: int | None = None,
        *,
        price: int = 5000,
        quantity: int = 1,
        discount: int = 0,
        tax: int = 0,
        product_type: str = "",
        vendor: str | None = None,
        **words: Any,
    ) -> Order:
        """A new order of one product line (tax on top of the price); `words` are further fields of `Order`."""
        with self._changing():
            now, number = self.shop.now, words.pop("id", None) or self._next_id()
            item = LineItem(self._next_id(), "Thing", self._next_id(), product_type, vendor, quantity, price)
            total = price * quantity - discount + tax
            sale = Sale(self._next_id(), "ORDER", "PRODUCT", quantity, total, tax, discount, item.id)
            times = {name: words.pop(name, now) for name in ("created_at", "processed_at", "updated_at")}
            placed = Agreement(self._next_id(), "OrderAgreement", "ORDER", times["processed_at"], (sale,))
            name = words.pop("name", f"#{number}")
            made = Order(
                number, name, **times, customer_id=customer_id, agreements=[placed], line_items=[item], **words
            )
            insort(self.shop.world.orders, made, key=lambda order: order.id)
        return made

    def touch(self, order_id: int) -> Order:
        """The order updated, with nothing else changed."""
        with self._changing():
            found = self.find(order_id)
            found.updated_at = self.shop.now
        return found

    def refund(self, order_id: int, amount: int | None = None) -> Order:
        """All that is left of the order taken back line by line, or `amount` given back without items."""
        with self._changing():
            found = self.find(order_id)
            taken = self._reversed(found) if amount is None else (self._adjustment(amount),)
            agreement = Agreement(self._next_id(), "RefundAgreement", "REFUND", self.shop.now, taken)
            found.agreements.append(agreement)
            found.financial_status = "PARTIALLY_REFUNDED" if found.current_total > 0 else "REFUNDED"
            found.updated_at = self.shop.now
        return found

    def cancel(self, order_id: int, reason: str = "CUSTOMER", refunded: bool = True) -> Order:
        with self._changing():
            found = self.find(order_id)
            if refunded:
                self.refund(order_id)
            found.cancelled_at = found.closed_at = found.updated_at = self.shop.now
            found.cancel_reason = reason
        return found

    def delete(self, order_id: int, *, is_listed: bool = True) -> None:
        """The order gone, its customer not; whether the activity log lists it is not certain of Shopify."""
        with self._changing():
            gone = self.find(order_id)
            self.shop.world.orders.remove(gone)
            if gone.customer_id is not None:
                self.shop.world.idle_customers.add(gone.customer_id)
            if is_listed:
                event = Event(len(self.shop.world.events) + 1, "destroy", "ORDER", order_id, self.shop.now)
                self.shop.world.events.append(event)

    def merge(self, old: int, kept: int, *, is_touching: bool = False) -> None:
        """All orders of customer `old` are those of `kept`, and `old` is gone; are the orders stamped as updated?"""
        with self._changing():
            for order in self.shop.world.orders:
                if order.customer_id == old:
                    order.customer_id = kept
                    if is_touching:
                        order.updated_at = self.shop.now
            self.shop.world.idle_customers.discard(old)

    def reassign(self, order_id: int, customer_id: int | None, *, is_touching: bool = True) -> Order:
        """The order given to another customer, stamped as updated or not; the one it belonged to stays."""
        with self._changing():
            found = self.find(order_id)
            if found.customer_id is not None:
                self.shop.world.idle_customers.add(found.customer_id)
            found.customer_id = customer_id
            if is_touching:
                found.updated_at = self.shop.now
        return found

    def journey_ready(self, order_id: int) -> Order:
        """Shopify has worked out how the buyer came; the order is not stamped as updated."""
        with self._changing():
            found = self.find(order_id)
            found.journey_ready = True
        return found

    def browse(self, sessions: int, *, began_at: int | None = None, is_human: bool = True, **words: Any) -> Visits:
        """Sessions of the online store that began now, or then; `words` are further fields of `Visits`."""
        with self._changing():
            made = Visits(self.shop.now if began_at is None else began_at, is_human, sessions, **words)
            self.shop.reports.visits.append(made)
        return made

    def found_out(self, visits: Visits) -> None:
        """Those sessions turn out to have been bots."""
        with self._changing():
            known = self.shop.reports.visits
            known[known.index(visits)] = visits._replace(is_human=False)

    def abandon(self, customer_id: int | None = None, *, price: int = 5000, **words: Any) -> Checkout:
        """A checkout whose buyer left an address and went away; `words` are further fields of `Checkout`."""
        with self._changing():
            times = {name: words.pop(name, self.shop.now) for name in ("created_at", "updated_at")}
            number = words.pop("id", None) or self._next_id()
            made = Checkout(number, **times, customer_id=customer_id, total=price, **words)
            insort(self.shop.world.checkouts, made, key=lambda checkout: checkout.id)
        return made

    def find_checkout(self, checkout_id: int) -> Checkout:
        for checkout in self.shop.world.checkouts:
            if checkout.id == checkout_id:
                return checkout
        raise LookupError(f"the world has no checkout {checkout_id}")

    def touch_checkout(self, checkout_id: int) -> Checkout:
        """The checkout updated, with nothing else changed."""
        with self._changing():
            found = self.find_checkout(checkout_id)
            found.updated_at = self.shop.now
        return found

    def complete(self, checkout_id: int) -> Order:
        """The buyer comes back and buys: the checkout is recovered, and there is an order of the online store."""
        found = self.find_checkout(checkout_id)
        with self.shop.lock:
            made = self.order(found.customer_id, price=found.total)
            found.completed_at = found.updated_at = self.shop.now
        return made

    def purge_checkouts(self) -> list[Checkout]:
        """What last Monday's purge removed: those left alone for too long."""
        with self._changing():
            world, now = self.shop.world, self.shop.now
            gone = [checkout for checkout in world.checkouts if is_purged(checkout, now)]
            world.checkouts = [checkout for checkout in world.checkouts if not is_purged(checkout, now)]
        return gone

    def _adjustment(self, amount: int) -> Sale:
        return Sale(self._next_id(), "RETURN", "ADJUSTMENT", None, -amount, 0, 0)

    def _reversed(self, order: Order) -> tuple[Sale, ...]:
        """One RETURN sale for each line that still has a balance."""
        left: dict[tuple[str, int | None], list[Sale]] = {}
        for agreement in order.agreements:
            for sale in agreement.sales:
                left.setdefault((sale.line_type, sale.line_item_id), []).append(sale)
        return tuple(
            Sale(
                self._next_id(),
                "RETURN",
                line_type,
                -sum(sale.quantity or 0 for sale in sales) if sales[0].quantity is not None else None,
                -sum(sale.total for sale in sales),
                -sum(sale.tax for sale in sales),
                -sum(sale.discount for sale in sales),
                line_item_id,
            )
            for (line_type, line_item_id), sales in left.items()
            if sum(sale.total for sale in sales)
        )
