"""What changes at Shopify without `updatedAt` moving: journeys that become ready, orders deleted, customers merged.

Each pass looks a little, and not more often than needed; each thing has its own note of how far it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from service.connectors import orders
from service.connectors.convert import gid
from service.connectors.documents import operation
from service.connectors.incremental import OVERLAP
from service.connectors.merges import settle_merges
from service.connectors.rereading import reread
from service.connectors.sweep import Swept, compare, covered, sweep
from service.connectors.windows import search
from service.connectors.work import Work
from service.errors import Busy, Interrupted, OkrsyncError, Throttled, UnexpectedShape
from service.shopify.faults import FieldDenied
from service.shopify.pages import pages
from service.store import held, landing
from service.store.engine import reading
from service.values import Watermark

JOURNEYS, DELETIONS, SWEEP, COMPARED = "order_journeys", "order_deletions", "order_sweep", "orders_compared"

JOURNEY_AGE = timedelta(days=3)
"""Who was asked for at this age is left, ready or not: Shopify names no bound, and mostly needs minutes."""

JOURNEY_PAUSE = timedelta(minutes=30)

SETTLED = timedelta(hours=1)
"""Younger orders are not compared: one that changes while we read comes with the next pass, and is no difference."""

RECENT = timedelta(days=60)
"""Counted at every pass; the whole history once a day."""

WHOLE_PAUSE = timedelta(days=1)

COMPARED_AN_HOUR = 3_000
"""Orders compared id by id: a request in five minutes, and 100,000 orders in a day and a half."""

FEWEST_COMPARED, MOST_COMPARED = 250, 10_000


def follow(work: Work, since: datetime, until: datetime) -> None:
    """After an increment from `since` to `until`: everything it could not know. What fails holds up nothing after it.

    Raises: the first error, after all have had their turn.
    """
    duties = (
        partial(journeys, work),
        partial(deletions, work, since, until),
        partial(recent_or_whole, work, until - SETTLED),
        partial(compare_on, work, until - SETTLED),
        partial(settle_merges, work),
    )
    errors = [error for duty in duties if (error := _error_of(duty))]
    if errors:
        raise errors[0]


def _error_of(duty: Callable[[], object]) -> OkrsyncError | None:
    """What a duty failed with. Who was stopped, replaced or told to wait is so for whatever comes next, and raises."""
    try:
        duty()
    except (Interrupted, Busy, Throttled):
        raise
    except OkrsyncError as error:
        return error
    return None


def journeys(work: Work) -> None:
    """Orders whose journey was not ready are asked again every half an hour, until one so old was asked once."""
    if not _is_due(work, JOURNEYS, JOURNEY_PAUSE):
        return
    asked = _position(work, JOURNEYS)
    since = min(asked or work.now, work.now) - JOURNEY_AGE
    with reading(work.engine) as connection:
        waiting = held.journeys_not_ready(connection, work.shop.shop_id, since, work.now)
    reread(work, waiting)
    if waiting or asked is None:
        _reached(work, JOURNEYS, work.now)


def deletions(work: Work, since: datetime, until: datetime) -> None:
    """Orders that Shopify's log of events says were deleted. What it does not list, or refuses, the sweep finds."""
    begin = min(_position(work, DELETIONS) or since, until) - OVERLAP
    try:
        listed = set(_deleted(work, begin, until))
    except (FieldDenied, UnexpectedShape) as trouble:
        work.doubts[f"list of deleted orders not readable ({trouble.message}): they are found by counting"] += 1
        return
    with reading(work.engine) as connection:
        known = held.by_id(connection, work.shop.shop_id, listed)
    reread(work, known)
    _reached(work, DELETIONS, until)


def _deleted(work: Work, start: datetime, end: datetime) -> Iterator[int]:
    document = operation(orders.DOCUMENTS, "DeletedOrders", work.client.api_version)
    query = f"action:destroy subject_type:ORDER {search('created_at', start, end)}"
    for page in pages(work.client, document, {"query": query}, ("events",), 100):
        yield from (gid(node["subjectId"]) for node in page.nodes if "subjectId" in node)


def recent_or_whole(work: Work, until: datetime) -> Swept:
    """The count of recent orders compared with Shopify's, once a day that of all."""
    if not _is_due(work, SWEEP, WHOLE_PAUSE):
        return sweep(work, until - RECENT, until)
    swept = sweep(work, work.shop.created_at, until)
    _reached(work, SWEEP, until)
    return swept


def compare_on(work: Work, until: datetime) -> None:
    """The next stretch of history compared id by id; at its end there is a day's rest, then it begins anew.

    Counts agree where one order was deleted and another missed, and they know nothing of customers.
    """
    start, end = covered(work, work.shop.created_at, until)
    position = _position(work, COMPARED) or start
    if start >= end or (position <= start and not _is_due(work, COMPARED, WHOLE_PAUSE)):
        return
    begin = max(start, position) if position < end else start
    with reading(work.engine) as connection:
        reach = held.reach(connection, work.shop.shop_id, begin, end, _share(work))
    compare(work, begin, reach)
    _reached(work, COMPARED, reach if reach < end else start)


def _share(work: Work) -> int:
    """How many orders are to be compared now, by the time that has gone since."""
    waited = _waited(work, COMPARED)
    hours = waited.total_seconds() / 3600 if waited else 0.0
    return min(max(FEWEST_COMPARED, int(hours * COMPARED_AN_HOUR)), MOST_COMPARED)


# --- how far each has come -----------------------------------------------------------------------------------------


def _position(work: Work, name: str) -> datetime | None:
    with reading(work.engine) as connection:
        return landing.watermark(connection, work.shop.shop_id, name)


def _waited(work: Work, name: str) -> timedelta | None:
    """How long ago it was last done; None when it never was, or when a clock went back since."""
    with reading(work.engine) as connection:
        moved_at = landing.moved_at(connection, work.shop.shop_id, name)
    return work.clock() - moved_at if moved_at and moved_at <= work.clock() else None


def _is_due(work: Work, name: str, pause: timedelta) -> bool:
    waited = _waited(work, name)
    return waited is None or waited >= pause


def _reached(work: Work, name: str, position: datetime) -> None:
    with work.engine.begin() as connection:
        work.renew(connection)
        landing.move_watermark(connection, work.shop.shop_id, Watermark(name, position), work.clock())
