"""What changed since the watermark: windows of `updated_at`, each paged to its end.

The watermark moves to a window's end in the transaction that lands the window's last page; the next window begins a
little before it, because Shopify's search index lags and clocks differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from service.connectors import orders
from service.connectors.convert import Converter
from service.connectors.documents import operation
from service.connectors.windows import search, split
from service.errors import TryAgain, UnexpectedShape
from service.shopify.client import Client
from service.shopify.pages import pages
from service.shopify.probe import orders_count
from service.store import landing, runs
from service.store.doubts import doubts
from service.store.engine import Engine
from service.store.leases import Lease
from service.values import Batch, Page, Shop, Watermark

OVERLAP = timedelta(minutes=5)
"""Read again before each watermark: Shopify publishes no bound for the lag of its search index."""

WINDOW_ROWS = 10_000
"""Orders one paging run may hold: far below the 25,000 at which Shopify documents that paging ends."""

PAGE_ORDERS = 25

TRIES_A_WINDOW = 3
"""Readings of a window before a count that does not agree ends the pass: the search index may be catching up."""


@dataclass(slots=True)
class Increment:
    """Everything one incremental pass needs; made for one run."""

    engine: Engine
    client: Client
    shop: Shop
    lease: Lease
    run_id: str
    clock: Callable[[], datetime]
    window_rows: int = WINDOW_ROWS
    check_stop: Callable[[], None] = lambda: None  # raises Interrupted when we are to end
    doubts: Counter[str] = field(default_factory=Counter)  # what was odd, but no reason to stop


def read(increment: Increment, watermark: datetime, until: datetime) -> int:
    """How many orders were read; everything updated before `until` has landed and the watermark says so."""
    begin = min(watermark, until) - OVERLAP
    windows = split(begin, until, lambda left, right: _count(increment, left, right), increment.window_rows)
    return sum(_read_window(increment, start, end) for start, end, _ in windows)


def _count(increment: Increment, start: datetime, end: datetime) -> int:
    return orders_count(increment.client, search("updated_at", start, end))


def _read_window(increment: Increment, start: datetime, end: datetime) -> int:
    """Orders read. The last page lands, and the watermark moves, only once Shopify counts no more than were read."""
    document = operation(orders.DOCUMENTS, "OrdersPage", increment.client.api_version, increment.shop.denied)
    for tries_left in reversed(range(TRIES_A_WINDOW)):
        seen: set[str] = set()
        for page in pages(
            increment.client, document, {"query": search("updated_at", start, end)}, ("orders",), PAGE_ORDERS
        ):
            seen.update(str(node.get("id")) for node in page.nodes)
            if page.after is not None:
                _land_page(increment, page)
                continue
            # An order that changes meanwhile leaves the window for a later one, so there may be fewer, never more.
            counted = _count(increment, start, end)
            if len(seen) >= counted:
                _land_page(increment, page, (start, end))
                return len(seen)
        if not tries_left:
            raise TryAgain(
                f"{len(seen):,} orders came and Shopify counts {counted:,}",
                about=f"orders updated {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC",
                hint="the next pass reads them again",
            )
    raise AssertionError("the last try returns or raises")


def _land_page(increment: Increment, page: Page, whole: tuple[datetime, datetime] | None = None) -> None:
    """Land a page; with the last one of the window `whole`, look the window over and move the watermark to its end."""
    increment.check_stop()
    rows = _rows(increment, page)
    shop_id, now = increment.shop.shop_id, increment.clock()
    moved = Watermark(orders.NAME, whole[1]) if whole else None
    with increment.engine.begin() as connection:
        increment.lease.renew(connection, now)
        landed = landing.land(connection, shop_id, Batch(rows.by_table(), moved), now=now)
        if whole:
            increment.doubts.update(doubts(connection, shop_id, "updated_at", *whole))
        runs.progress(connection, shop_id, increment.run_id, landed.rows, landed.changed, moved)


def _rows(increment: Increment, page: Page) -> orders.Rows:
    nested = orders.Nested(increment.client, increment.shop.denied)
    try:
        lines = [line for node in page.nodes for line in orders.flatten(nested.whole(node))]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise UnexpectedShape(f"an order came in an unknown shape: {error}", about=increment.shop.domain) from None
    rows = orders.to_rows(lines, Converter(increment.shop), orders.Parents())
    if rows.orphans:
        raise UnexpectedShape("a page holds sales that belong to no agreement in it", about=increment.shop.domain)
    return rows
