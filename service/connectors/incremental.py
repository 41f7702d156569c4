"""What changed since the watermark: windows of `updated_at`, each paged to its end.

The watermark moves to a window's end in the transaction that lands the window's last page; the next window begins a
little before it, because Shopify's search index lags and clocks differ.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from service.connectors import orders
from service.connectors.documents import operation
from service.connectors.nested import whole_rows
from service.connectors.windows import search, split
from service.connectors.work import Work
from service.errors import TryAgain
from service.shopify.faults import CursorLost
from service.shopify.pages import pages
from service.shopify.probe import orders_count
from service.store import landing, runs
from service.store.doubts import doubts
from service.values import Batch, Page, Watermark

OVERLAP = timedelta(minutes=5)
"""Read again before each watermark: Shopify publishes no bound for the lag of its search index."""

PAGE_ORDERS = 25

TRIES_A_WINDOW = 3
"""Readings of a window before a count that does not agree ends the pass: the search index may be catching up."""


def read(work: Work, watermark: datetime, until: datetime) -> int:
    """How many orders were read; everything updated before `until` has landed and the watermark says so."""
    begin = min(watermark, until) - OVERLAP
    windows = split(begin, until, lambda left, right: _count(work, left, right), work.sizes.window_rows)
    return sum(_read_window(work, start, end) for start, end, _ in windows)


def _count(work: Work, start: datetime, end: datetime) -> int:
    return orders_count(work.client, search("updated_at", start, end))


def _read_window(work: Work, start: datetime, end: datetime) -> int:
    """Orders read. A window that did not come whole is read again from its beginning."""
    trouble: TryAgain | None = None
    for _ in range(TRIES_A_WINDOW):
        try:
            seen, counted = _try_window(work, start, end)
        except CursorLost as lost:
            trouble = lost
            continue
        if seen >= counted:
            return seen
        trouble = TryAgain(
            f"{seen:,} orders came and Shopify counts {counted:,}",
            about=f"orders updated {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC",
            hint="the next pass reads them again",
        )
    assert trouble is not None
    raise trouble


def _try_window(work: Work, start: datetime, end: datetime) -> tuple[int, int]:
    """Orders read, and how many Shopify counts; only when those are no more do the last page and the claim land."""
    document = operation(orders.DOCUMENTS, "OrdersPage", work.client.api_version, work.shop.denied)
    seen: set[str] = set()
    counted = 0
    for page in pages(work.client, document, {"query": search("updated_at", start, end)}, ("orders",), PAGE_ORDERS):
        seen.update(str(node.get("id")) for node in page.nodes)
        if page.after is not None:
            _land_page(work, page)
            continue
        # An order that changes meanwhile leaves the window for a later one, so there may be fewer, never more.
        counted = _count(work, start, end)
        if len(seen) >= counted:
            _land_page(work, page, (start, end))
    return len(seen), counted


def _land_page(work: Work, page: Page, whole: tuple[datetime, datetime] | None = None) -> None:
    """Land a page; with the last one of the window `whole`, look the window over and move the watermark to its end."""
    work.check_stop()
    rows = whole_rows(work, page.nodes)
    shop_id = work.shop.shop_id
    moved = Watermark(orders.NAME, whole[1]) if whole else None
    with work.engine.begin() as connection:
        work.renew(connection)
        landed = landing.land(connection, shop_id, Batch(rows.by_table(), moved), now=work.clock())
        if whole:
            work.doubts.update(doubts(connection, shop_id, "updated_at", *whole))
        runs.progress(connection, shop_id, work.run_id, landed.rows, landed.changed, moved)
