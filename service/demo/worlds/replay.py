"""A published transaction log as a shop: every purchase one order of one customer, on its own day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from itertools import groupby

from service.demo.model import Order, World
from service.demo.worlds.days import DAY, instant, midnight
from service.demo.worlds.till import Line, Product, Till

DISC = Product(8_700_000_000_001, "Compact disc", "Music", None, 0, 0)  # at whatever price a purchase says

# Day, customer, quantity, amount in minor units; an amount of 0 is a purchase too.
Purchase = tuple[date, int, int, int]


def _lines(product: Product, quantity: int, amount: int) -> Sequence[Line]:
    """The amount as whole unit prices: where it does not divide, some units cost one minor unit more."""
    price, dearer = divmod(amount, quantity)
    parts = ((price, quantity - dearer), (price + 1, dearer))
    return [(product._replace(price=each), units) for each, units in parts if units]


def _orders(purchases: Sequence[Purchase], timezone: str, product: Product) -> Iterable[Order]:
    """From local noon on, one a second: in the Americas and in Europe that is the same day in UTC."""
    till = Till(taxes_included=False)
    for day, bought in groupby(purchases, key=lambda purchase: purchase[0]):
        noon = instant(timezone, day, time(12))
        for at, (_, customer, quantity, amount) in enumerate(bought, noon):
            yield till.ring_up(at, customer, _lines(product, quantity, amount))


def replay(
    name: str,
    purchases: Iterable[Purchase],
    *,
    timezone: str = "America/New_York",
    currency: str = "USD",
    exponent: int = 2,
    product: Product = DISC,
) -> World:
    """The shop that sold these purchases, seen on the morning after the last one; a day keeps its order."""
    in_order = sorted(purchases, key=lambda purchase: purchase[0])
    first, last = in_order[0][0], in_order[-1][0]
    return World(
        name=name,
        shop_id=63_000_000_003,
        domain=f"{name}.myshopify.com",
        timezone=timezone,
        currency=currency,
        exponent=exponent,
        created_at=midnight(timezone, first) - DAY,
        now=instant(timezone, last + timedelta(days=1), time(8)),
        orders=list(_orders(in_order, timezone, product)),
    )
