"""The orders of a world in every order they are asked for, found by range without walking through all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.demo.model import Order, World
from service.demo.pages import Key
from service.demo.search import EVERYTHING, Filter, Grammar, Search

SORT_VALUES: dict[str, Callable[[Order], int]] = {
    "CREATED_AT": lambda order: order.created_at,
    "CURRENT_TOTAL_PRICE": lambda order: order.current_total,
    "ID": lambda order: order.id,
    "ORDER_NUMBER": lambda order: order.id,
    "PROCESSED_AT": lambda order: order.processed_at,
    "TOTAL_PRICE": lambda order: order.placed_total,
    "UPDATED_AT": lambda order: order.updated_at,
}
INDEXED = {"created_at": "CREATED_AT", "id": "ID", "processed_at": "PROCESSED_AT", "updated_at": "UPDATED_AT"}
REMEMBERED = 16  # answers kept, so that the pages of one question share its work


class Ordered(NamedTuple):
    keys: Sequence[Key]
    orders: Sequence[Order]


def _statuses(order: Order) -> tuple[str, ...]:
    if order.closed_at is not None:
        return ("closed",) if order.cancelled_at is None else ("closed", "cancelled")
    return ("open", "not_closed") if order.cancelled_at is None else ("cancelled", "not_closed")


def _lower(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value).lower(),)


FILTERS: dict[str, Filter] = {
    "created_at": Filter("time", lambda order: order.created_at),
    "processed_at": Filter("time", lambda order: order.processed_at),
    "updated_at": Filter("time", lambda order: order.updated_at),
    "id": Filter("number", lambda order: order.id),
    "customer_id": Filter("number", lambda order: order.customer_id or 0),
    "name": Filter("text", lambda order: (order.name.lower(), order.name.lower().lstrip("#"))),
    "default": Filter("text", lambda order: (order.name.lower(), order.name.lower().lstrip("#"))),
    "status": Filter("text", _statuses),
    "test": Filter("text", lambda order: _lower(order.test)),
    "financial_status": Filter("text", lambda order: _lower(order.financial_status)),
    "return_status": Filter("text", lambda order: _lower(order.return_status)),
    "source_name": Filter("text", lambda order: _lower(order.source_name)),
    "discount_code": Filter("text", lambda order: tuple(code.lower() for code in order.discount_codes[:1])),
    "cart_token": Filter("text", lambda order: _lower(order.cart_token)),
    "checkout_token": Filter("text", lambda order: _lower(order.checkout_token)),
}


class Index:
    """Everything looked up about a world's orders; `changed` forgets what a change made untrue."""

    def __init__(self, world: World, inclusive: bool = False) -> None:
        self.world = world
        self.grammar = Grammar(FILTERS, ZoneInfo(world.timezone), inclusive)
        self.unlisted: frozenset[int] = frozenset()  # orders that no search finds
        self._sorted: dict[str, Ordered] = {}
        self._answers: OrderedDict[tuple[object, ...], Ordered] = OrderedDict()
        self._by_id: dict[int, Order] | None = None
        self._numbers: dict[int, int] | None = None
        self._counts: dict[int, int] | None = None

    def changed(self) -> None:
        self._sorted.clear()
        self._answers.clear()
        self._by_id = self._numbers = self._counts = None

    def order(self, order_id: int) -> Order | None:
        if self._by_id is None:
            self._by_id = {order.id: order for order in self.world.orders}
        return self._by_id.get(order_id)

    def select(self, search: Search, sort_key: str, oldest: int | None) -> Ordered:
        """The orders a search finds, in ascending order; those created before `oldest` stay hidden."""
        question = (search.text, sort_key, oldest)
        if question in self._answers:
            self._answers.move_to_end(question)
            return self._answers[question]
        if oldest is not None:
            search.narrow("created_at", oldest, EVERYTHING[1])
        answer = self._answers[question] = self._select(search, sort_key)
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def _select(self, search: Search, sort_key: str) -> Ordered:
        if not search.ranges and not search.tests:
            return self._by(sort_key)
        name, found = self._narrowest(search)
        rest = [(FILTERS[other].read, *limits) for other, limits in search.ranges.items() if other != name]
        for read, low, high in rest:
            found = [order for order in found if low <= read(order) < high]
        for test in search.tests:
            found = [order for order in found if test(order)]
        return _ordered(found, sort_key)

    def _narrowest(self, search: Search) -> tuple[str | None, Sequence[Order]]:
        """The range filter that leaves fewest orders, and those orders."""
        best: tuple[str | None, Sequence[Order]] = None, self._by("ID").orders
        for name, (low, high) in search.ranges.items():
            if name in INDEXED:
                keys, orders = self._by(INDEXED[name])
                start, stop = bisect_left(keys, (low, 0)), bisect_left(keys, (high, 0))
                if best[0] is None or stop - start < len(best[1]):
                    best = name, orders[start:stop]
        return best

    def _by(self, sort_key: str) -> Ordered:
        if sort_key not in self._sorted:
            listed = [order for order in self.world.orders if order.id not in self.unlisted]
            self._sorted[sort_key] = _ordered(listed, sort_key)
        return self._sorted[sort_key]

    def number_of_orders(self, customer_id: int) -> int:
        """A customer's orders ever; the 60-day limit does not cut it."""
        if self._counts is None:
            self._counts = {}
            for order in self.world.orders:
                if order.customer_id is not None:
                    self._counts[order.customer_id] = self._counts.get(order.customer_id, 0) + 1
        return self._counts.get(customer_id, 0)

    def customer_order_index(self, order: Order) -> int | None:
        """The order's place in its customer's history, from 1; test orders have none."""
        if self._numbers is None:
            self._numbers = {}
            seen: dict[int, int] = {}
            for each in self._by("PROCESSED_AT").orders:
                if each.customer_id is not None and not each.test:
                    self._numbers[each.id] = seen[each.customer_id] = seen.get(each.customer_id, 0) + 1
        return self._numbers.get(order.id)


def _ordered(orders: Sequence[Order], sort_key: str) -> Ordered:
    value = SORT_VALUES[sort_key]
    pairs = sorted(((value(order), order.id), order) for order in orders)
    return Ordered([key for key, _ in pairs], [order for _, order in pairs])
