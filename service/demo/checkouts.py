"""Abandoned checkouts: what can be searched and sorted, the fields, and what Shopify no longer keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from service.demo.model import Checkout, World
from service.demo.money import iso
from service.demo.pages import Key
from service.demo.records import Bag, Table, gid
from service.demo.search import EVERYTHING, Filter, Grammar, Search

IDLE_SECONDS = 30 * 86_400
"""Untouched for a month, as the purge sees it."""

SORT_VALUES: dict[str, Callable[[Checkout], int]] = {
    "CHECKOUT_ID": lambda checkout: checkout.id,
    "CREATED_AT": lambda checkout: checkout.created_at,
    "ID": lambda checkout: checkout.id,
    "RELEVANCE": lambda checkout: checkout.id,
    "TOTAL_PRICE": lambda checkout: checkout.total,
}


def _state(checkout: Checkout) -> tuple[str, ...]:
    return ("not_recovered",) if checkout.completed_at is None else ("recovered",)


def _status(checkout: Checkout) -> tuple[str, ...]:
    return ("open",) if checkout.completed_at is None else ("closed",)


FILTERS: dict[str, Filter] = {
    "created_at": Filter("time", lambda checkout: checkout.created_at),
    "updated_at": Filter("time", lambda checkout: checkout.updated_at),
    "id": Filter("number", lambda checkout: checkout.id),
    "recovery_state": Filter("text", _state),
    "status": Filter("text", _status),
    "default": Filter("text", lambda checkout: (f"#{checkout.id}",)),
}


def sort_key(name: str) -> Callable[[Checkout], Key]:
    value = SORT_VALUES[name]
    return lambda checkout: (value(checkout), checkout.id)


class Checkouts:
    """The checkouts of a world, searched. `are_cut`: without read_all_orders those of over 60 days ago are hidden
    like orders, which Shopify neither says nor denies."""

    def __init__(self, world: World, inclusive: bool = False, are_cut: bool = False) -> None:
        self.world, self.are_cut = world, are_cut
        self.grammar = Grammar(FILTERS, ZoneInfo(world.timezone), inclusive)

    def select(self, search: Search, oldest: int | None) -> list[Checkout]:
        if oldest is not None:
            search.narrow("created_at", oldest, EVERYTHING[1])
        limits = [(FILTERS[name].read, low, high) for name, (low, high) in search.ranges.items()]
        return [
            checkout
            for checkout in self.world.checkouts
            if all(low <= read(checkout) < high for read, low, high in limits)
            and all(test(checkout) for test in search.tests)
        ]


def is_purged(checkout: Checkout, now: int) -> bool:
    """Gone with the last Monday: created over three months before it, left alone for a month, and without an order.

    Source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
    """
    monday = last_monday(now)
    is_old = checkout.created_at < months_before(monday, 3)
    return is_old and checkout.updated_at < monday - IDLE_SECONDS and checkout.completed_at is None


def last_monday(now: int) -> int:
    """The last instant up to `now` at which a Monday began, UTC."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    return int((day - timedelta(days=day.weekday())).timestamp())


def months_before(instant: int, months: int) -> int:
    """The same time of the same day that many calendar months earlier, or of the last day that month has."""
    moment = datetime.fromtimestamp(instant, UTC)
    place = moment.year * 12 + moment.month - 1 - months
    first = moment.replace(year=place // 12, month=place % 12 + 1, day=1)
    found = first + timedelta(days=moment.day - 1)
    return int((found if found.month == first.month else found - timedelta(days=found.day)).timestamp())


def checkout_table() -> Table:
    return {
        "AbandonedCheckout": {
            "id": lambda checkout: gid("AbandonedCheckout", checkout.id),
            "name": lambda checkout: f"#{checkout.id}",
            "createdAt": lambda checkout: iso(checkout.created_at),
            "updatedAt": lambda checkout: iso(checkout.updated_at),
            "completedAt": lambda checkout: None if checkout.completed_at is None else iso(checkout.completed_at),
            "customer": lambda checkout: checkout.customer_id,
            "discountCodes": lambda checkout: list(checkout.discount_codes),
            "totalPriceSet": lambda checkout: Bag(checkout.total, checkout),
        }
    }
