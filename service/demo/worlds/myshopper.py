"""Myshopper: a young Indian corner shop whose 2026-Q3 is the worked example, to the paisa.

As of 30 June 2026: 50,000 customers, 10,000 of them with two or more orders; 10,000 returning orders in Q2
worth ₹500,000.00, that is ₹50 each. As of 30 September: 62,500 and 12,000; returning orders of Q3 at ₹55.00.
The days between are drawn: weeks have a rhythm, days have noise, and a loyalty programme from 1 August lifts
both numbers. `myshopper_plan.py` says how many and how much, this module who buys what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache, partial
from random import Random

from service.demo.model import Order, World
from service.demo.worlds import aftermath, traffic
from service.demo.worlds.browsing import browse
from service.demo.worlds.days import DAY, HOUR, Days, instant, moments
from service.demo.worlds.myshopper_plan import (
    ABANDONED_PERMILLE,
    FIRST,
    FURTHER,
    LOYALTY_STARTS,
    OPENED,
    QUARTER_STARTS,
    SECOND,
    STANDARD,
    TEST,
    TIMEZONE,
    TODAY,
    Pace,
    cart_leaning,
    counts_by_kind,
    paces,
    quarter_of,
)
from service.demo.worlds.shelves import CORNER_SHOP, Basket, baskets
from service.demo.worlds.till import Extra, Till

# Where buyers come from, last and first visit.
_DISCOVERED = (traffic.SEARCH, traffic.ADVERT, traffic.SOCIAL)
_NEW = (*_DISCOVERED, traffic.DIRECT)
_RETURNING = (traffic.DIRECT, traffic.DIRECT, traffic.SEARCH, traffic.NEWSLETTER)
_LOYAL = (traffic.DIRECT, traffic.SEARCH, traffic.LOYALTY, traffic.LOYALTY)


@dataclass
class Buyers:
    """Who buys: a second order makes a regular, and regulars buy the more the more they bought."""

    rng: Random
    known: list[int] = field(default_factory=list)  # in the order of their first orders
    regulars: list[int] = field(default_factory=list)  # once for every returning order
    repeated: set[int] = field(default_factory=set)

    def one_timer(self, among: int) -> int:
        """One of the first `among` customers who ordered once, rather a recent one."""
        while True:
            draw = self.rng.random()
            customer = self.known[min(int(among * (1 - draw * draw)), among - 1)]
            if customer not in self.repeated:
                return customer

    def next(self, kind: int, among: int) -> int | None:
        if kind == FIRST:
            self.known.append(7_200_000_000_001 + len(self.known))
            return self.known[-1]
        if kind == SECOND:
            self.regulars.append(self.one_timer(among))
            self.repeated.add(self.regulars[-1])
            return self.regulars[-1]
        if kind == FURTHER:
            self.regulars.append(self.regulars[int(self.rng.random() * len(self.regulars))])
            return self.regulars[-1]
        return self._test_buyer(among) if kind == TEST else None

    def _test_buyer(self, among: int) -> int | None:
        """A customer with one real order (a test must not make it two), the owner, or nobody."""
        draw = self.rng.random()
        return self.one_timer(among) if draw < 0.5 and among else 7_200_000_000_000 if draw < 0.75 else None


class Shop:
    """The shop at work: rings up one order after the other and lets time do the rest to it."""

    def __init__(self, rng: Random, now: int, paces: dict[tuple[int, int], Pace]) -> None:
        self.rng, self.now, self.paces = rng, now, paces
        self.till = Till(taxes_included=False)
        self.first_baskets = baskets(rng, CORNER_SHOP, (1, 1, 2), (0, 0, 0, 0, 10), 900)
        self.baskets = baskets(rng, CORNER_SHOP, (1, 1, 1, 1, 1, 2, 3), (0, 0, 0, 5, 10), 900)
        self.plain = baskets(rng, CORNER_SHOP, (1, 2, 3), (0,), 300)

    def _draw(self) -> Basket:
        return self.baskets[int(self.rng.random() * len(self.baskets))]

    def _basket(self, kind: int, day: date) -> tuple[Basket, int]:
        pace = self.paces.get(quarter_of(day))
        if kind in (SECOND, FURTHER) and pace:
            return pace.choose(self._draw, self.plain)
        pool = self.baskets if kind in (SECOND, FURTHER) else self.first_baskets
        return pool[int(self.rng.random() * len(pool))], 0

    def sell(self, kind: int, day: date, at: int, customer: int | None) -> Order:
        basket, off = self._basket(kind, day)
        shipping = () if basket.worth >= 7_500 else (Extra("SHIPPING", 900, 18),)
        order = self.till.ring_up(
            at, customer, basket.lines, off_percent=basket.off_percent, off_minor=off, extras=shipping
        )
        if basket.off_percent or off:
            order.discount_codes = ("WELCOME10",) if kind == FIRST else ("THANKYOU",)
        order.test = kind == TEST
        self._come_from(order, kind, day)
        self._age(order)
        return order

    def _come_from(self, order: Order, kind: int, day: date) -> None:
        if self.rng.random() < 0.06:
            order.source_name, order.app = "mobile_app", (2_775_569, "Shop")
            return
        order.app, order.channel = (580_111, "Online Store"), ("online-store", "Online Store")
        traffic.check_out(self.rng, order)
        if self.rng.random() < 0.85:
            returning = kind in (SECOND, FURTHER)
            last = (_LOYAL if day >= LOYALTY_STARTS else _RETURNING) if returning else _NEW
            traffic.arrive(self.rng, self.till, order, last, _DISCOVERED)

    def _age(self, order: Order) -> None:
        """Closed after days; one in a hundred is cancelled, three in a hundred come back in part."""
        draw, placed = self.rng.random(), order.created_at
        if draw < 0.010 and placed + 2 * DAY < self.now:
            at = placed + HOUR + int(self.rng.random() * DAY)
            aftermath.cancel(order, at, "CUSTOMER" if draw < 0.006 else "INVENTORY")
            if draw < 0.008:
                aftermath.refund_everything(self.till, order, at)
            return
        aftermath.close(order, placed + int((2 + 4 * self.rng.random()) * DAY), self.now)
        at = placed + int((7 + 40 * self.rng.random()) * DAY)
        if draw < 0.040 and at < self.now:
            aftermath.refund_units(self.till, order, at, order.line_items[0].id, 1)


def _day_of_orders(rng: Random, day: date, bounds: tuple[int, int], kinds: list[int]) -> Iterator[tuple[int, int]]:
    """When and of what kind a day's orders are; a returning one in a quarter's first and last second."""
    start, end = bounds
    rng.shuffle(kinds)
    times = moments(rng, start, end, len(kinds))
    for place, edge, is_edge in ((0, start, day in QUARTER_STARTS), (-1, end - 1, _ends_quarter(day))):
        if is_edge and FURTHER in kinds:
            kinds[kinds.index(FURTHER)], kinds[place] = kinds[place], FURTHER
            times[place] = edge
    return zip(times, kinds, strict=True)


def _ends_quarter(day: date) -> bool:
    return any((start - day).days == 1 for start in QUARTER_STARTS)


def _orders(rng: Random, days: Days, now: int, counts: list[list[int]]) -> Iterator[Order]:
    shop, buyers = Shop(rng, now, paces(rng, days, counts)), Buyers(rng)
    for place, day in enumerate(days.dates):
        among = len(buyers.known)  # a second order comes on a later day than the first
        kinds = [kind for kind, by_day in enumerate(counts) for _ in range(by_day[place])]
        bounds = days.starts[place], min(days.starts[place + 1], now - HOUR)
        for at, kind in _day_of_orders(rng, day, bounds, kinds):
            order = shop.sell(kind, day, at, buyers.next(kind, among))
            if at == bounds[1] - 1 and _ends_quarter(day):
                _create_late(order)
            yield order


def _create_late(order: Order) -> None:
    """Paid in the last second of the quarter, created in the first of the next: the order day is the old."""
    order.created_at = order.processed_at + 1
    order.updated_at = max(order.updated_at, order.created_at)
    order.agreements[0] = order.agreements[0]._replace(happened_at=order.created_at)


def build(orders: int | None = None, seed: int | None = None) -> World:
    """The world; with `orders`, the same story in another size, its averages exact and its counts rounded."""
    if orders is not None and orders < 1_000:
        raise ValueError(f"myshopper needs at least 1,000 orders to tell its story, not {orders}")
    rng = Random(2026 if seed is None else seed)
    days = Days(TIMEZONE, OPENED, TODAY)
    now = instant(TIMEZONE, TODAY, time(8, 30))
    counts = counts_by_kind(rng, days, STANDARD if orders is None else orders)
    world = World(
        name="myshopper",
        shop_id=61_000_000_001,
        domain="myshopper.myshopify.com",
        timezone=TIMEZONE,
        currency="INR",
        exponent=2,
        created_at=days.starts[0] - 9 * DAY + 11 * HOUR,
        now=now,
        orders=list(_orders(rng, days, now, counts)),
        quarter="2026-Q3",
    )
    world.visits = cache(partial(browse, world, ABANDONED_PERMILLE, cart_leaning))
    return world
