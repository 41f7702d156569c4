"""Boutique: two years of a lively, untidy shop in Berlin, with every odd order Shopify knows.

Prices include tax, clocks change four times, buyers come back as in the models of Yule and Simon, some orders
were brought over from the shop's old system on its first day, and orders stand on both sides of midnights and
clock changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from functools import cache, partial
from random import Random

from service.demo.model import Order, World
from service.demo.worlds.browsing import browse
from service.demo.worlds.clerk import Clerk
from service.demo.worlds.days import DAY, HOUR, Days, apportion, instant, moments
from service.demo.worlds.oddities import ODDITIES, Oddity, imported

TIMEZONE = "Europe/Berlin"
OPENED = date(2024, 10, 1)
TODAY = date(2026, 10, 1)
STANDARD, LEAST = 12_000, 300

# Per cent of an ordinary day: January to December, Monday to Sunday.
_SEASON = (82, 80, 95, 100, 104, 98, 90, 86, 100, 108, 130, 150)
_WEEK = (100, 94, 92, 96, 104, 116, 98)
_SALES = (date(2024, 11, 29), date(2024, 12, 2), date(2025, 11, 28), date(2025, 12, 1))


def _busyness(rng: Random, place: int, day: date) -> int:
    """Season, week, noise, four sale days and a shop that doubles in two years."""
    sale = 280 if day in _SALES else 100
    return _SEASON[day.month - 1] * _WEEK[day.weekday()] * rng.randrange(75, 126) * sale * (730 + place)


def _edges(days: Days) -> list[int]:
    """Instants worth an order: around clock changes (the hour that is shown twice too) and quarter starts."""
    around = (-HOUR, -HOUR // 2, -1, 0, HOUR // 2, HOUR - 1)
    changes = [at + by for at in days.clock_changes() for by in around]
    quarters = [day for day in days.dates[1:-1] if day.day == 1 and day.month % 3 == 1]
    return changes + [days.start(day) + by for day in quarters for by in (-1, 0)]


def _moments(rng: Random, days: Days, now: int, count: int) -> list[int]:
    """When orders are created, rising."""
    edges = _edges(days)
    busy = [_busyness(rng, place, day) for place, day in enumerate(days.dates)]
    busy[-1] //= 3  # the last day has only begun
    by_day = apportion(count - len(edges), busy)
    bounds = zip(days.starts[:-1], [*days.starts[1:-1], now - HOUR], by_day, strict=True)
    return sorted(edges + [at for start, end, number in bounds for at in moments(rng, start, end, number)])


def _kinds(rng: Random, count: int) -> list[Oddity]:
    """What each order is like: odd ones shuffled among the ordinary, one of each kind in the first half."""
    once = [oddity for _, oddity in ODDITIES]
    often = [oddity for permille, oddity in ODDITIES for _ in range(count * permille // 1000)]
    early, late = count // 2, count - count // 2
    often += [Clerk.ordinary] * (count - len(often) - len(once))
    rng.shuffle(often)
    first_half = once + often[: early - len(once)]
    rng.shuffle(first_half)
    return first_half + often[-late:]


def _orders(rng: Random, days: Days, now: int, count: int) -> Iterator[Order]:
    clerk = Clerk(rng, days, now)
    brought_over = count // 50
    for n in range(brought_over):
        yield imported(clerk, days.starts[0] + n * 60 // brought_over)
    kinds = _kinds(rng, count - brought_over)
    for at, kind in zip(_moments(rng, days, now, count - brought_over), kinds, strict=True):
        yield kind(clerk, max(at, days.starts[0] + 60))


def build(orders: int | None = None, seed: int | None = None) -> World:
    """The world, with `orders` orders (12,000 by default)."""
    count = STANDARD if orders is None else orders
    if count < LEAST:
        raise ValueError(f"boutique needs at least {LEAST} orders for all its oddities, not {orders}")
    days = Days(TIMEZONE, OPENED, TODAY)
    now = instant(TIMEZONE, TODAY, time(10, 30))
    world = World(
        name="boutique",
        shop_id=62_000_000_002,
        domain="boutique.myshopify.com",
        timezone=TIMEZONE,
        currency="EUR",
        exponent=2,
        created_at=days.starts[0] - 20 * DAY,
        now=now,
        orders=list(_orders(Random(1901 if seed is None else seed), days, now, count)),
        plan="Advanced",
        quarter="2026-Q3",
    )
    world.visits = cache(partial(browse, world))
    return world
