"""Checkouts that were left: two for every five orders of the online store, and those that were recovered later.

As Shopify does, only what the purge has left is there: a quarter of abandoned checkouts, and the recovered ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from service.demo.checkouts import is_purged, last_monday, months_before
from service.demo.model import Checkout, Order, World
from service.demo.worlds.days import DAY, HOUR

_LEFT = 0.40  # for every order
_RECOVERED = 0.04
_KEPT_MONTHS = 4  # how far back the purge can have left anything worth drawing
_FIRST_ID = 37_500_000_000_001


def with_checkouts(world: World) -> World:
    """The world, whose buyers have left checkouts behind."""
    rng = Random(world.shop_id)
    horizon = months_before(last_monday(world.now), _KEPT_MONTHS)
    online = (order for order in world.orders if order.created_at >= horizon and _is_online(order))
    drawn = [checkout for order in online for checkout in _around(rng, order, world)]
    kept = (checkout for checkout in drawn if not is_purged(checkout, world.now))
    world.checkouts = sorted(kept, key=lambda checkout: checkout.created_at)
    for number, checkout in zip(count(_FIRST_ID), world.checkouts, strict=False):
        checkout.id = number
    return world


def _is_online(order: Order) -> bool:
    return order.source_name == "web" and order.checkout_token is not None and not order.test


def _around(rng: Random, order: Order, world: World) -> Iterator[Checkout]:
    """What happened about the time of an order: somebody else gave up, or its own buyer had, some days before."""
    draw = rng.random()
    if draw < _LEFT:
        begun = order.created_at - int(rng.random() * HOUR)
        guest = None if rng.random() < 0.3 else order.customer_id
        # Some come back to the cart weeks later, and leave again: the purge spares them.
        idle = int(rng.random() * 60 * DAY) if rng.random() < 0.02 else int(rng.random() * HOUR)
        yield _like(order, begun, min(begun + idle, world.now - 1), guest, None)
    elif draw < _LEFT + _RECOVERED:
        begun = max(order.created_at - 2 * HOUR - int(rng.random() * 5 * DAY), world.created_at)
        yield _like(order, begun, order.created_at, order.customer_id, order.created_at)


def _like(order: Order, begun: int, updated_at: int, customer_id: int | None, completed_at: int | None) -> Checkout:
    return Checkout(
        0, begun, updated_at, customer_id, order.placed_total, completed_at,
        order.presentment_currency, order.presentment_rate, order.discount_codes,
    )  # fmt: skip
