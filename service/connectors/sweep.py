"""Orders that went, or never came, without a word: our orders compared with Shopify's, by count and by id.

    counts differ over a range ─▶ halved down to shop days ─▶ ids of the day compared ─▶ those that differ asked by id

A deleted order is in no list of updates, and what a search does not show may only be late. So nothing is marked as
deleted, or believed to be missing, before it was asked for by its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.connectors import orders
from service.connectors.order_list import CUSTOMER, Listed, listed
from service.connectors.rereading import HIDDEN_MARGIN, Reread, reread
from service.connectors.windows import search
from service.connectors.work import Work
from service.periods import ONE_DAY, day_start, shop_day
from service.shopify.faults import CursorLost
from service.shopify.probe import orders_count
from service.store import held, landing, slices
from service.store.engine import reading
from service.store.held import Held

TRIES_A_LISTING = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """What comparing with Shopify came to."""

    deleted: int = 0  # orders newly known to be deleted
    found: int = 0  # orders read again because Shopify has them otherwise than we did, or we had none
    asked: int = 0  # ranges counted
    disagreeing: int = 0  # days whose counts still differ: the search index lags, or lies


def sweep(work: Work, first: datetime, last: datetime) -> Swept:
    """Orders created in [first, last), as far as they are all read and visible to us, made equal to Shopify's."""
    start, end = covered(work, first, last)
    if start >= end:
        return Swept()
    counting = _Counting(work)
    found = deleted = disagreeing = 0
    for left, right in counting.differing(_days(work, start, end)):
        compared = compare(work, left, right)
        found, deleted = found + compared.found, deleted + compared.deleted
        disagreeing += not counting.agrees(left, right)
    if disagreeing:
        work.doubts["days whose orders Shopify counts otherwise than it shows them one by one"] += disagreeing
    return Swept(deleted, found, counting.asked, disagreeing)


def covered(work: Work, first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """The part of [first, last) in which an order that is missing on one side is a difference; may be empty."""
    shop_id = work.shop.shop_id
    with reading(work.engine) as connection:
        begun = slices.start_of(connection, shop_id, orders.NAME)
        is_open = bool(slices.open_slices(connection, shop_id, orders.NAME))
        read_to = landing.watermark(connection, shop_id, orders.NAME) or slices.planned_at(
            connection, shop_id, orders.NAME
        )
    if begun is None or read_to is None or is_open:
        return first, first
    start = max(first, begun)
    if work.visible_from:
        start = max(start, work.visible_from + HIDDEN_MARGIN)
    return start, min(last, read_to)


def _days(work: Work, start: datetime, end: datetime) -> list[datetime]:
    """`start`, every beginning of a shop day after it, and `end`."""
    zone, edges = work.shop.timezone, [start]
    day = shop_day(start, zone)
    while (edge := day_start(day + ONE_DAY, zone)) < end:
        edges.append(edge)
        day += ONE_DAY
    return [*edges, end]


class _Counting:
    """Compares counts, and knows how often it did."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.asked = 0

    def agrees(self, start: datetime, end: datetime) -> bool:
        self.asked += 1
        theirs = orders_count(self._work.client, search("created_at", start, end))
        with reading(self._work.engine) as connection:
            return theirs == held.count(connection, self._work.shop.shop_id, start, end)

    def differing(self, edges: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
        """The stretches between neighbouring edges whose counts differ, found by halving."""
        if self.agrees(edges[0], edges[-1]):
            return
        if len(edges) == 2:
            yield edges[0], edges[1]
            return
        middle = len(edges) // 2
        yield from self.differing(edges[: middle + 1])
        yield from self.differing(edges[middle:])


# --- id by id ------------------------------------------------------------------------------------------------------


def compare(work: Work, start: datetime, end: datetime) -> Reread:
    """Orders created in [start, end), id by id: what differs in any way that matters is read again."""
    theirs = _listed(work, start, end)
    with reading(work.engine) as connection:
        ours = held.created(connection, work.shop.shop_id, start, end)
        position = landing.watermark(connection, work.shop.shop_id, orders.NAME)
    missing = ours.keys() - theirs.keys()
    differing = {
        order_id
        for order_id, order in theirs.items()
        if order_id not in ours
        or _is_missed(order, ours[order_id], position)
        or _has_moved(work, order, ours[order_id])
    }
    return reread(work, missing | differing)


def _is_missed(theirs: Listed, ours: Held, position: datetime | None) -> bool:
    """Was the order updated without our noticing? What was updated since is still to be read."""
    return position is not None and ours.updated_at < theirs.updated_at < position


def _has_moved(work: Work, theirs: Listed, ours: Held) -> bool:
    """Is it another customer's by now? An order changes hands without being stamped."""
    return CUSTOMER not in work.shop.denied and theirs.customer_id != ours.customer_id


def _listed(work: Work, start: datetime, end: datetime) -> dict[int, Listed]:
    """What Shopify lists as created in [start, end)."""
    for tries_left in reversed(range(TRIES_A_LISTING)):
        try:
            return listed(work, search("created_at", start, end))
        except CursorLost:
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")
