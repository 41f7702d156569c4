"""Shopify's strings turned into what the tables keep: once, here, with the repeats remembered.

A shop's orders repeat the same amounts and days many times over; remembering them costs a dictionary look-up instead
of a Decimal or a time-zone conversion for every value.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from service.errors import UnexpectedShape
from service.periods import day_start, shop_day
from service.values import Shop

REMEMBERED_AMOUNTS = 200_000
"""Entries before the memory is emptied: about 30 MB, so that a long read stays flat."""


class Amounts(dict[str, int]):
    """Decimal string → integer minor units; a plain look-up once an amount was seen."""

    def __init__(self, currency: str, exponent: int) -> None:
        super().__init__()
        self._currency, self._exponent = currency, exponent

    def __missing__(self, amount: str) -> int:
        try:
            scaled = Decimal(amount).scaleb(self._exponent)
            minor = int(scaled)
        except (InvalidOperation, ValueError, OverflowError):
            raise UnexpectedShape(f"{amount!r} is not an amount of money") from None
        if minor != scaled:
            raise UnexpectedShape(f"{amount} is finer than {self._currency} allows")
        if len(self) >= REMEMBERED_AMOUNTS:
            self.clear()
        self[amount] = minor
        return minor


class Converter:
    """Amounts and instants of one shop: `amounts["30.0"]` is 3000 in euros, `day(instant)` a shop day."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.amounts = Amounts(shop.currency, shop.currency_exponent)
        self._days: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def day(self, instant: str) -> str:
        """The shop day, as ISO text, of a UTC instant in Shopify's form `2026-10-01T08:30:00Z`."""
        found = self._days.get(instant[:10])
        starts, days = self._learn(instant) if found is None else found
        return days[bisect_right(starts, instant)]

    def _learn(self, instant: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The shop days that the UTC day of `instant` meets, and where each but the first begins."""
        if len(instant) != 20 or not instant.endswith("Z"):
            raise UnexpectedShape(f"{instant!r} is not a UTC instant in whole seconds")
        try:
            utc_day = date.fromisoformat(instant[:10])
        except ValueError:
            raise UnexpectedShape(f"{instant!r} is not a UTC instant") from None
        midnight = datetime.combine(utc_day, time(), UTC)
        first, last = (
            shop_day(at, self.shop.timezone) for at in (midnight, midnight + timedelta(hours=24, seconds=-1))
        )
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        starts = tuple(day_start(day, self.shop.timezone).strftime("%Y-%m-%dT%H:%M:%SZ") for day in days[1:])
        self._days[instant[:10]] = (starts, tuple(day.isoformat() for day in days))
        return self._days[instant[:10]]


def gid(text: str) -> int:
    """The number of a global id: `gid://shopify/Order/1` is 1."""
    return int(text[text.rindex("/") + 1 :])
