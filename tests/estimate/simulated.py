"""Shops whose future is known, because it was drawn together with their past.

A world is made for a seed: daily series with a weekly season whose quarter has begun, and what the rest of it brings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from service.estimate.series import Ending, Series
from service.periods import Quarter

Floats = NDArray[np.float64]
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class World:
    whole: Series  # the future included
    today: date
    ending: Ending
    step: Decimal | None  # None: a ratio

    @property
    def known(self) -> Series:
        return self.whole.until(self.today)

    @property
    def truth(self) -> Decimal:
        value = self.whole.sums(self.ending.since, self.ending.last).value
        assert value is not None
        return value

    @property
    def elapsed(self) -> int:
        assert self.ending.since is not None
        return (self.today - self.ending.since).days + 1


class Draw:
    """The days of a world: 130 to 720 of history, then a quarter that is 12 % to 88 % over."""

    def __init__(self, seed: int, usual: tuple[float, float] = (8, 200)) -> None:
        self.chance = np.random.default_rng([20_260_701, seed])
        self.quarter = Quarter.containing(date(2025, 1, 1) + timedelta(days=int(self.chance.integers(0, 700))))
        history = int(self.chance.integers(130, 720))
        self.first = self.quarter.start - timedelta(days=history)
        self.today = self.quarter.start + timedelta(days=int(self.quarter.days * self.chance.uniform(0.12, 0.88)))
        self.days = history + self.quarter.days
        self.age = np.arange(self.days) - float((self.today - self.first).days)
        weekday = np.exp(self.chance.normal(0, 0.2, 7))
        self.usual = np.exp(self.chance.uniform(*np.log(usual)))
        self.level: Floats = self.usual * (weekday / weekday.mean())[(np.arange(self.days) + self.first.weekday()) % 7]

    def wandering(self, step: float) -> Floats:
        return np.asarray(np.exp(np.cumsum(self.chance.normal(0, step, self.days))))

    def orders(self) -> Floats:
        return self.chance.poisson(self.level).astype(float)

    def amounts(self, orders: Floats, middle: float, spread: float) -> Floats:
        return np.array([self.chance.lognormal(middle, spread, int(count)).sum() for count in orders])

    def world(self, numerators: Floats, denominators: Floats | None = None, step: Decimal = Decimal(1)) -> World:
        whole = Series(self.first, exact(numerators), None if denominators is None else exact(denominators))
        return World(
            whole, self.today, Ending(self.quarter.start, self.quarter.last_day), step if denominators is None else None
        )


def exact(amounts: Floats) -> list[Decimal]:
    return [Decimal(str(amount)).quantize(CENT) for amount in amounts]


def growing_orders(seed: int) -> World:
    draw = Draw(seed)
    draw.level *= np.exp(draw.chance.normal(0.15, 0.15) * draw.age / 365)
    return draw.world(draw.orders())


def wandering_orders(seed: int) -> World:
    draw = Draw(seed)
    draw.level *= draw.wandering(0.006)
    return draw.world(draw.orders())


def orders_after_a_step(seed: int) -> World:
    draw = Draw(seed)
    draw.level *= np.where(draw.age >= -draw.chance.integers(15, 120), np.exp(draw.chance.normal(0, 0.25)), 1.0)
    return draw.world(draw.orders())


def sparse_orders(seed: int) -> World:
    draw = Draw(seed, (0.25, 1.5))
    return draw.world(draw.orders())


def sales(seed: int) -> World:
    draw = Draw(seed, (5, 80))
    draw.level *= draw.wandering(0.004)
    return draw.world(draw.amounts(draw.orders(), 4, 0.8), step=CENT)


def net_sales_with_refunds(seed: int) -> World:
    """Days may be negative: a big return on a quiet day."""
    draw = Draw(seed, (1, 6))
    returns = draw.amounts(draw.chance.poisson(0.15 * draw.level).astype(float), 4, 0.8)
    return draw.world(draw.amounts(draw.orders(), 4, 0.8) - returns, step=CENT)


def seasonal_orders(seed: int) -> World:
    draw = Draw(seed)
    draw.level *= np.exp(0.12 * np.sin(2 * np.pi * (draw.age / 365.25 + draw.chance.uniform())))
    return draw.world(draw.orders())


def orders_in_spells(seed: int) -> World:
    """Good and bad weeks: a campaign, the weather."""
    draw = Draw(seed)
    spell, added = np.zeros(draw.days), draw.chance.normal(0, 0.12, draw.days)
    for day in range(1, draw.days):
        spell[day] = 0.75 * spell[day - 1] + added[day]
    draw.level *= np.exp(spell)
    return draw.world(draw.orders())


def average_order(seed: int) -> World:
    draw = Draw(seed, (5, 80))
    orders = draw.orders()
    return draw.world(draw.amounts(orders, 4, 0.7) * draw.wandering(0.003), orders)


def average_order_of_a_changing_mix(seed: int) -> World:
    """Two kinds of customers, the share of the richer one changing all the time."""
    draw = Draw(seed, (15, 60))
    drift = draw.chance.normal(0, 1.0) * draw.age / 365 + np.cumsum(draw.chance.normal(0, 0.02, draw.days))
    rich = draw.chance.binomial(orders := draw.orders().astype(int), 1 / (1 + np.exp(-drift))).astype(float)
    return draw.world(draw.amounts(rich, 4.2, 0.5) + draw.amounts(orders - rich, 3.4, 0.5), orders.astype(float))


def conversion(seed: int) -> World:
    draw = Draw(seed, (50, 800))
    draw.level *= draw.wandering(0.004)
    visits = draw.orders()
    rate = np.clip(0.05 * draw.wandering(0.004), 0, 1)
    return draw.world(draw.chance.binomial(visits.astype(int), rate).astype(float), visits)


def sparse_share(seed: int) -> World:
    draw = Draw(seed, (0.6, 3))
    orders = draw.orders()
    return draw.world(draw.chance.binomial(orders.astype(int), 0.3).astype(float), orders)


COUNTS: tuple[Callable[[int], World], ...] = (
    growing_orders, wandering_orders, orders_after_a_step, sparse_orders, sales, net_sales_with_refunds,
    seasonal_orders, orders_in_spells,
)  # fmt: skip
RATIOS: tuple[Callable[[int], World], ...] = (
    average_order, average_order_of_a_changing_mix, conversion, sparse_share,
)  # fmt: skip
