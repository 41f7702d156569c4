"""Who came to the online store: sessions by day and by where they came from, made backwards from its orders.

Every order of the online store is a session that completed a checkout, on its day and from the source of its last
visit. How many more put something into the cart follows from the share that gives up, which is exact for each quarter;
the other stages are drawn around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from random import Random

from service.demo.model import Order, Visits, World
from service.demo.worlds.days import Days, apportion

Quarter = tuple[int, int]
Source = tuple[str, str | None, str | None, str | None]  # referrer source, utm source, medium, campaign

USUAL_PERMILLE = 700  # of the sessions with something in the cart end without an order
_DEVICES = (("mobile", 68), ("desktop", 32))
_REFERRERS = {
    "direct": "direct", "google": "search", "instagram": "social", "youtube": "social", "newsletter": "email",
    "klaviyo": "email",
}  # fmt: skip
_DIRECT: Source = ("direct", None, None, None)


def browse(
    world: World,
    permille: Mapping[Quarter, int] | None = None,
    leaning: Callable[[date], int] = lambda _day: 100,
) -> Sequence[Visits]:
    """The sessions of a world up to its present.

    `permille` of a quarter's sessions with cart additions give up (700 where a quarter is not named); `leaning` says,
    in per cent, how many carts a day has for each order, beside the other days of its quarter.
    """
    rng = Random(f"visits of {world.name}")
    days = Days(world.timezone, _day_of(world.created_at), _day_of(world.now) + timedelta(days=1))
    cells = sorted(_completed(world, days).items(), key=lambda cell: (cell[0][0], str(cell[0][1])))
    made: list[Visits] = []
    for quarter, group in groupby(cells, key=lambda cell: _quarter(cell[0][0])):
        ordered = list(group)
        completed = sum(count for _, count in ordered)
        carts = completed * 1000 // (1000 - (permille or {}).get(quarter, USUAL_PERMILLE))
        weights = [count * leaning(day) * rng.randrange(90, 111) for (day, _), count in ordered]
        for ((day, source), count), with_cart in zip(ordered, apportion(carts, weights), strict=True):
            made += _cell(rng, days.start(day), source, count, with_cart)
    made += _everyday(rng, days)
    return [visits for visits in made if visits.began_at < world.now]


def _day_of(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date() - timedelta(days=1)


def _quarter(day: date) -> Quarter:
    return day.year, (day.month + 2) // 3


def _completed(world: World, days: Days) -> Counter[tuple[date, Source]]:
    online = (order for order in world.orders if order.source_name == "web" and not order.test)
    return Counter((days.of(order.processed_at), _source(order)) for order in online)


def _source(order: Order) -> Source:
    visit = order.last_visit
    if visit is None:
        return _DIRECT
    campaign, _, medium, source, _ = visit.utm or (None,) * 5
    return _REFERRERS.get(visit.source, "unknown"), source, medium, campaign


def _cell(rng: Random, start: int, source: Source, completed: int, carts: int) -> Iterator[Visits]:
    """A day's sessions from one source, by device."""
    sessions = carts * 1000 // rng.randrange(60, 95) + completed
    reached = max(completed, carts * rng.randrange(55, 66) // 100)
    stages = (sessions, carts, reached, completed, completed * 4 // 5)
    shares = [share for _, share in _DEVICES]
    split = zip(*(apportion(count, shares) for count in stages), strict=True)
    for (device, _), counts in zip(_DEVICES, split, strict=True):
        yield Visits._make((start + rng.randrange(82_000), True, *counts, *source, device))


def _everyday(rng: Random, days: Days) -> Iterator[Visits]:
    """People who only look, and bots, on every day there is."""
    for start in days.starts[:-1]:
        yield Visits(start + rng.randrange(82_000), True, rng.randrange(8, 40), 0, 0, 0, 0, *_DIRECT, "mobile")
        yield Visits(start + rng.randrange(82_000), False, rng.randrange(30, 400), 0, 0, 0, 0, *_DIRECT, "desktop")
