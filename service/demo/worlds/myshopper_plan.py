"""How many orders of which kind myshopper has on which day, and what its returning orders come to.

Counts come from the table below, spread over days; the average order value from a goal for every returning
order: of two drawn baskets the one that brings the sum nearer to the goal is bought, and the quarter's last
one is made to fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, compress
from random import Random

from service.demo.worlds.days import Days, apportion
from service.demo.worlds.shelves import Basket

TIMEZONE = "Asia/Kolkata"
OPENED = date(2025, 7, 14)
TODAY = date(2026, 10, 1)
LOYALTY_STARTS = date(2026, 8, 1)
QUARTER_STARTS = (date(2026, 4, 1), date(2026, 7, 1), TODAY)

# Paise per returning order: what a quarter comes to, exactly, and about where its months begin.
AVERAGES = {(2026, 2): 5_000, (2026, 3): 5_500}
_WORTHS = {4: 4_960, 5: 5_000, 6: 5_060, 7: 5_240, 8: 5_450, 9: 5_580}

# Sessions with something in the cart that end without an order: 70 % in Q2, and 60 % of all Q3, falling within it.
ABANDONED_PERMILLE = {(2026, 3): 600}

# Month, first orders, second orders, further orders. October is one short morning.
MONTHS = (
    (2025, 7, 1_900, 0, 0),
    (2025, 8, 3_700, 450, 0),
    (2025, 9, 4_300, 800, 90),
    (2025, 10, 6_600, 1_300, 170),
    (2025, 11, 5_200, 1_350, 220),
    (2025, 12, 4_700, 1_300, 300),
    (2026, 1, 3_800, 1_050, 400),
    (2026, 2, 3_600, 900, 540),
    (2026, 3, 4_200, 850, 800),
    (2026, 4, 3_900, 620, 2_400),
    (2026, 5, 4_000, 670, 2_700),
    (2026, 6, 4_100, 710, 2_900),
    (2026, 7, 4_050, 600, 3_080),
    (2026, 8, 4_200, 700, 3_400),
    (2026, 9, 4_250, 700, 3_520),
    (2026, 10, 26, 5, 28),
)
FIRST, SECOND, FURTHER, GUEST, TEST = range(5)
_GUESTS, _TESTS = 400, 100
STANDARD = sum(first + second + further for _, _, first, second, further in MONTHS) + _GUESTS + _TESTS

# Per cent of an ordinary day: Monday to Sunday; festivals and sales by first and last day.
_WEEK = (94, 92, 95, 98, 103, 112, 118)
_FESTIVALS = (
    (date(2025, 10, 11), date(2025, 10, 20), 170),
    (date(2026, 1, 23), date(2026, 1, 26), 135),
    (date(2026, 8, 13), date(2026, 8, 16), 118),
)


def _busyness(rng: Random, day: date) -> int:
    festival = next((percent for first, last, percent in _FESTIVALS if first <= day <= last), 100)
    return _WEEK[day.weekday()] * rng.randrange(86, 115) * festival


def counts_by_kind(rng: Random, days: Days, orders: int) -> list[list[int]]:
    """Orders by kind, then by day: months as in the table (scaled), days of a month by how busy they are."""
    busy = [_busyness(rng, day) for day in days.dates]
    counts: list[list[int]] = []
    for column in (2, 3, 4):
        quotas = [int(month[column]) for month in MONTHS]
        by_day: list[int] = []
        for month, quota in zip(MONTHS, apportion(sum(quotas) * orders // STANDARD, quotas), strict=True):
            in_month = [(day.year, day.month) == month[:2] for day in days.dates]
            by_day += apportion(quota, list(compress(busy, in_month)))
        counts.append(by_day)
    return [*counts, *(apportion(total * orders // STANDARD, busy) for total in (_GUESTS, _TESTS))]


def cart_leaning(day: date) -> int:
    """In per cent: how many carts there are for an order, beside the other days of the quarter."""
    into_quarter = (day - date(2026, 7, 1)).days
    return 116 - into_quarter * 32 // 91 if quarter_of(day) == (2026, 3) else 100


def _worth_of_day(rng: Random, day: date) -> int:
    """What a returning order of that day is worth before the quarter is made exact, in paise."""
    noise = rng.randrange(-170, 171) + (60 if day.weekday() >= 5 else 0)
    return _WORTHS[day.month] + 4 * day.day + noise


@dataclass
class Pace:
    """Goals for the sum of a quarter's returning orders after each of them; the last goal is exact."""

    goals: list[int]
    sold: int = 0
    taken: int = 0

    @classmethod
    def of(cls, worths: list[int], average: int) -> Pace:
        drift = average * len(worths) - sum(worths)
        return cls([seen + drift * n // len(worths) for n, seen in enumerate(accumulate(worths), 1)])

    def choose(self, draw: Callable[[], Basket], plain: list[Basket]) -> tuple[Basket, int]:
        """The next basket and an amount to take off it: 0, except for the basket that closes the quarter."""
        goal, remaining = self.goals[self.taken] - self.sold, len(self.goals) - self.taken
        off = 0
        if remaining == 1:
            chosen = next(basket for basket in plain if basket.worth >= goal)
            off = chosen.worth - goal
        else:
            # The last ones are picked from all baskets, so that the very last can be an ordinary one.
            offered = (draw(), draw()) if remaining > 8 else plain
            chosen = min(offered, key=lambda basket: abs(basket.worth - goal))
        self.taken += 1
        self.sold += chosen.worth - off
        return chosen, off


def paces(rng: Random, days: Days, counts: list[list[int]]) -> dict[tuple[int, int], Pace]:
    """The pace of each quarter of the example, for as many returning orders as `counts` gives its days."""
    worths: dict[tuple[int, int], list[int]] = {quarter: [] for quarter in AVERAGES}
    for place, day in enumerate(days.dates):
        if (quarter := quarter_of(day)) in worths:
            worths[quarter] += [_worth_of_day(rng, day)] * (counts[SECOND][place] + counts[FURTHER][place])
    return {quarter: Pace.of(worths[quarter], average) for quarter, average in AVERAGES.items()}


def quarter_of(day: date) -> tuple[int, int]:
    return day.year, (day.month + 2) // 3
