"""What a connector is, and what it is given to work with.

A connector reads one resource of Shopify. Its history is read once (`backfill`), then what changed (`increment`);
both land rows under the connector's own lease and move its own watermark, so one that rests holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from service.connectors.optional import OptionalFields
from service.connectors.windows import WINDOW_ROWS
from service.periods import day_start
from service.shopify.client import Client
from service.store import checkouts, landing, leases, shops, slices
from service.store.engine import Connection, Engine
from service.store.leases import Lease
from service.values import Shop

SLICE_ROWS = 25_000
"""Orders a slice may hold: what a kill can cost, and what is verified at once."""

BATCH_LINES = 30_000
"""Lines landed in one transaction: about 5,000 orders with their ledger, some 40 MB."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is counted, landed and verified at once."""

    slice_rows: int = SLICE_ROWS
    batch_lines: int = BATCH_LINES
    window_rows: int = WINDOW_ROWS


class Progress(Protocol):
    """Who is told how far a backfill has come."""

    def planned(self, expected: int, already: int) -> None: ...

    def landed(self, rows: int) -> None: ...


@dataclass(slots=True)
class Work:
    """What a run works with while it holds its connector's lease."""

    engine: Engine
    client: Client
    shop: Shop
    now: datetime  # the earlier of our clock and Shopify's: nothing beyond it is claimed to be read
    visible_from: datetime | None  # orders created before this are hidden from us; None when none are
    lease: Lease
    run_id: str
    clock: Callable[[], datetime]
    sizes: Sizes
    check_stop: Callable[[], None]  # raises Interrupted when we were asked to stop
    progress: Progress | None = None
    doubts: Counter[str] = field(default_factory=Counter)  # what was odd, but no reason to stop

    def renew(self, connection: Connection) -> None:
        """Proves the lease in the caller's transaction."""
        self.lease.renew(connection, self.clock())

    def record_shop(self, connection: Connection) -> None:
        """The shop as it is now; where its days or amounts mean something else, every connector begins anew.

        What others are still reading means the old: it lands before this, or never.
        """
        before = shops.meaning(connection, self.shop.shop_id, is_to_change=True)
        if before not in (None, self.shop.meaning):
            leases.revoke(connection, self.shop.shop_id, but=self.lease.name)
            # Shopify has purged checkouts that could never be read again: they move to their new days here.
            landing.forget_positions(connection, self.shop.shop_id, but=checkouts.NAME)
            checkouts.redate(connection, self.shop)
        shops.record_shop(connection, self.shop, now=self.now, history_is_cut=self.visible_from is not None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of the history a backfill is asked for: shop days, both inclusive; None: all there can be."""

    first: date | None = None
    last: date | None = None
    is_resumed: bool = False  # go on with the standing plan as it is
    is_restarted: bool = False  # read it anew, whatever was read before

    def bounds(self, shop: Shop, now: datetime) -> tuple[datetime, datetime]:
        """The instants [start, end) of those shop days, none of them later than `now`."""
        start = day_start(self.first, shop.timezone) if self.first else shop.created_at
        end = min(day_start(self.last + timedelta(days=1), shop.timezone), now) if self.last else now
        return min(start, end), end


def is_whole(connection: Connection, shop: Shop, plan: str, visible_from: datetime | None) -> bool:
    """Is the planned history of a connector read, and was nothing hidden from the plan that could be read now?"""
    return (
        landing.watermark(connection, shop.shop_id, plan) is not None
        and slices.start_of(connection, shop.shop_id, plan) is not None
        and not slices.open_slices(connection, shop.shop_id, plan)
        and (visible_from is not None or not slices.was_cut(connection, shop.shop_id, plan))
    )


class Connector(Protocol):
    """One resource of Shopify, as the pipeline and the daemon know it."""

    @property
    def name(self) -> str: ...

    @property
    def required_scopes(self) -> frozenset[str]: ...

    @property
    def optional(self) -> OptionalFields:
        """What it can do without."""

    def is_whole(self, connection: Connection, shop: Shop, visible_from: datetime | None, /) -> bool:
        """Is its planned history read, so that an increment can follow?"""

    def backfill(self, work: Work, asked: Asked) -> None:
        """Lands the history asked for, or what is still missing of it."""

    def increment(self, work: Work) -> None:
        """Lands what changed since the watermark; the history is whole."""

    def expected(self, client: Client, shop: Shop, start: datetime, end: datetime, /) -> int:
        """How many rows Shopify counts for those instants."""
