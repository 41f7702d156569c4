"""What changed since the watermark: windows of time, each paged to its end and counted before it is believed.

The watermark moves to a window's end in the transaction that lands the window's last page; the next window begins a
little before it, because Shopify's search index lags and clocks differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from service.connectors.documents import operation
from service.connectors.windows import search, split
from service.connectors.work import Work
from service.errors import TryAgain
from service.shopify.client import Client
from service.shopify.faults import CursorLost
from service.shopify.pages import pages
from service.store import landing, runs
from service.store.engine import Connection
from service.values import Batch, Page, Watermark

OVERLAP = timedelta(minutes=5)
"""Read again before each watermark: Shopify publishes no bound for the lag of its search index."""

TRIES_A_WINDOW = 3
"""Readings of a window before a count that does not agree ends the pass: the search index may be catching up."""

Rows = Mapping[str, Sequence[tuple[Any, ...]]]  # by table


@dataclass(frozen=True, slots=True)
class Resource:
    """What is read in windows: a connection of Shopify that can be searched by time, and counted."""

    name: str  # its connector's, and what its things are called: orders
    root: str  # the connection
    documents: str  # the file of its queries
    page: str  # the query for a page of them
    page_rows: int
    count: Callable[[Client, str], int]  # how many match a search
    to_rows: Callable[[Work, Page], Rows]
    look_over: Callable[[Work, Connection, datetime, datetime], None]  # a window whose changes have all landed


@dataclass(frozen=True, slots=True)
class Window:
    """What has a time in [start, end)."""

    field: Literal["created_at", "updated_at"]
    start: datetime
    end: datetime

    @property
    def search(self) -> str:
        return search(self.field, self.start, self.end)

    def __str__(self) -> str:
        return f"{self.field.removesuffix('_at')} {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def read(work: Work, resource: Resource, watermark: datetime, until: datetime) -> int:
    """How many rows were read; everything updated before `until` has landed and the watermark says so."""
    return _read_windows(work, resource, Window("updated_at", min(watermark, until) - OVERLAP, until))


def read_created(work: Work, resource: Resource, start: datetime, end: datetime) -> int:
    """How many rows were read of what was created in [start, end); no watermark moves."""
    return _read_windows(work, resource, Window("created_at", start, end))


def _read_windows(work: Work, resource: Resource, whole: Window) -> int:
    def count(start: datetime, end: datetime) -> int:
        return resource.count(work.client, search(whole.field, start, end))

    pieces = split(whole.start, whole.end, count, work.sizes.window_rows)
    return sum(_read_window(work, resource, Window(whole.field, start, end)) for start, end, _ in pieces)


def _read_window(work: Work, resource: Resource, window: Window) -> int:
    """Rows read. A window that did not come whole is read again from its beginning."""
    trouble: TryAgain | None = None
    for _ in range(TRIES_A_WINDOW):
        try:
            seen, counted = _try_window(work, resource, window)
        except CursorLost as lost:
            trouble = lost
            continue
        if seen >= counted:
            return seen
        trouble = TryAgain(
            f"{seen:,} {resource.name} came and Shopify counts {counted:,}",
            about=f"{resource.name} {window}",
            hint="the next pass reads them again",
        )
    assert trouble is not None
    raise trouble


def _try_window(work: Work, resource: Resource, window: Window) -> tuple[int, int]:
    """Rows read, and how many Shopify counts; only when those are no more do the last page and the claim land."""
    document = operation(resource.documents, resource.page, work.client.api_version, work.shop.denied)
    seen: set[str] = set()
    counted = 0
    for page in pages(work.client, document, {"query": window.search}, (resource.root,), resource.page_rows):
        seen.update(str(node.get("id")) for node in page.nodes)
        if page.after is not None:
            _land_page(work, resource, page)
            continue
        # What changes meanwhile leaves the window for a later one, so there may be fewer, never more.
        counted = resource.count(work.client, window.search)
        if len(seen) >= counted:
            _land_page(work, resource, page, window)
    return len(seen), counted


def _land_page(work: Work, resource: Resource, page: Page, whole: Window | None = None) -> None:
    """Land a page; with the last one of the window `whole` of changes, look it over and move the watermark."""
    work.check_stop()
    rows = resource.to_rows(work, page)
    shop_id, now = work.shop.shop_id, work.clock()
    moved = Watermark(resource.name, whole.end) if whole and whole.field == "updated_at" else None
    with work.engine.begin() as connection:
        work.renew(connection)
        landed = landing.land(connection, shop_id, Batch(rows, moved), now=now)
        if whole and moved:
            resource.look_over(work, connection, whole.start, whole.end)
        runs.progress(connection, shop_id, work.run_id, landed.rows, landed.changed, moved)
    if work.progress:
        work.progress.landed(len(page.nodes))
