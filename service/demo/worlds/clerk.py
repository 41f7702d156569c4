"""The boutique's everyday business: who buys, through which source, with what discount and journey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from service.demo.model import Order
from service.demo.worlds import aftermath, traffic
from service.demo.worlds.days import DAY, Days
from service.demo.worlds.shelves import BOUTIQUE, baskets
from service.demo.worlds.till import Extra, Line, Till

_FIRST_CUSTOMER = 6_100_000_000_001
_NEW_IN_HUNDRED = 42
_CODES = (("AUTUMN15", 15), ("WELCOME10", 10), ("WELCOME10", 10), ("HALF", 50), ("FRIENDS-20", 20))
# Units of the buyer's currency for one euro, for show.
_CURRENCIES = (("USD", 1.08), ("GBP", 0.85), ("CHF", 0.95), ("JPY", 163.0), ("PLN", 4.3))
_LAST = (traffic.SEARCH, traffic.ADVERT, traffic.SOCIAL, traffic.NEWSLETTER, traffic.DIRECT, traffic.BARE)
_FIRST = (traffic.BLOG, traffic.VIDEO, traffic.SOCIAL, traffic.SEARCH, traffic.ADVERT)

ONLINE_STORE = (580_111, "Online Store"), ("online-store", "Online Store")
POINT_OF_SALE = (129_785, "Point of Sale"), ("pos", "Point of Sale")
DRAFTS = (1_354_745, "Draft Orders")
MARKETPLACE = (3_890_849, "Marktplatz Connect"), ("marktplatz-connect", "Marktplatz")
SUBSCRIPTIONS = (66_228_487, "Subscriptions")


class Clerk:
    """Serves one buyer after the other, in the order in which orders are created."""

    def __init__(self, rng: Random, days: Days, now: int) -> None:
        self.rng, self.days, self.now = rng, days, now
        self.till = Till(taxes_included=True)
        self.pool = baskets(rng, BOUTIQUE, (1, 1, 1, 2, 2, 3, 5), (0,), 1500)
        self.buyers: list[int] = []  # of every identified order so far
        self._known = 0
        sources: tuple[tuple[int, Callable[[int], Order]], ...] = (
            (68, self.online),
            (13, self.over_the_counter),
            (7, self.by_marketplace),
            (5, self.by_draft),
            (7, self.by_subscription),
        )
        self._sources = [sell for weight, sell in sources for _ in range(weight)]

    def buyer(self) -> int:
        """A new customer, or an old one, the likelier the more they ordered so far (Yule and Simon)."""
        if not self.buyers or self.rng.random() * 100 < _NEW_IN_HUNDRED:
            self._known += 1
            self.buyers.append(_FIRST_CUSTOMER + self._known)
        else:
            self.buyers.append(self.buyers[int(self.rng.random() * len(self.buyers))])
        return self.buyers[-1]

    def lines(self) -> tuple[Line, ...]:
        return self.pool[int(self.rng.random() * len(self.pool))].lines

    def later(self, at: int, first_day: int, last_day: int) -> int:
        """An instant that many days later; sooner where that is still to come."""
        after = at + int((first_day + (last_day - first_day) * self.rng.random()) * DAY)
        return after if after <= self.now else at + int((self.now - at) * self.rng.random())

    def ordinary(self, at: int) -> Order:
        """An order as most are: placed through one of the shop's sources, shipped some days later."""
        order = self._sources[int(self.rng.random() * len(self._sources))](at)
        if order.source_name != "pos":
            aftermath.close(order, at + int((1 + 5 * self.rng.random()) * DAY), self.now)
        return order

    def online(self, at: int, lines: Sequence[Line] | None = None, extras: Sequence[Extra] = ()) -> Order:
        """An order of the online store, one in twenty by a guest."""
        draw = self.rng.random()
        customer = None if draw < 0.05 else self.buyer()
        code, percent = self.rng.choice(_CODES) if draw > 0.82 else ("", 0)
        extras = (*extras, Extra("SHIPPING", 0 if draw > 0.97 else 490, 19)) if draw > 0.4 else extras
        order = self.till.ring_up(at, customer, lines or self.lines(), off_percent=percent, extras=extras)
        order.app, order.channel = ONLINE_STORE
        if code:
            order.discount_codes = (code, "FREE-SHIPPING") if draw > 0.97 else (code,)
        if 0.30 < draw < 0.38:
            order.presentment_currency, order.presentment_rate = self.rng.choice(_CURRENCIES)
        traffic.check_out(self.rng, order)
        self._come_from(order)
        return order

    def _come_from(self, order: Order) -> None:
        draw = self.rng.random()
        if draw < 0.03:
            order.has_journey, order.journey_ready = True, False
        elif draw < 0.85:
            traffic.arrive(self.rng, self.till, order, _LAST, _FIRST)

    def over_the_counter(self, at: int) -> Order:
        """A sale in the shop round the corner, mostly to somebody who leaves no name."""
        customer = self.buyer() if self.rng.random() < 0.4 else None
        tip = (Extra("TIP", 300),) if self.rng.random() < 0.1 else ()
        order = self.till.ring_up(at, customer, self.lines(), extras=tip)
        return from_counter(order)

    def by_marketplace(self, at: int) -> Order:
        """An order that another platform's app brings: its source is the app's id."""
        order = self.till.ring_up(at, self.buyer(), self.lines(), extras=(Extra("SHIPPING", 590, 19),))
        order.source_name = str(MARKETPLACE[0][0])
        order.app, order.channel = MARKETPLACE
        return order

    def by_draft(self, at: int) -> Order:
        """A draft order, agreed on the telephone."""
        off = self.rng.choice((0, 0, 500, 1234))
        order = self.till.ring_up(at, self.buyer(), self.lines(), off_minor=off)
        order.source_name, order.app = "shopify_draft_order", DRAFTS
        return order

    def by_subscription(self, at: int) -> Order:
        """Coffee again: a renewal, without a visit to the shop."""
        coffee = BOUTIQUE[-1]._replace(selling_plan="Every 4 weeks")
        order = self.till.ring_up(at, self.buyer(), [(coffee, 1)], off_percent=10)
        order.source_name, order.app = "subscription_contract_checkout_one", SUBSCRIPTIONS
        return order


def from_counter(order: Order) -> Order:
    order.source_name, order.closed_at = "pos", order.created_at
    order.app, order.channel = POINT_OF_SALE
    return order
