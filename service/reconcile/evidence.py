"""What single orders say about a day on which figures differ: ours and Shopify's, listed one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from service.connectors.order_list import Listed, by_id, listed
from service.connectors.rereading import HIDDEN_MARGIN
from service.connectors.windows import before, search, since
from service.connectors.work import Work
from service.periods import ONE_DAY, day_start
from service.reconcile.causes import Troubles, troubles
from service.reconcile.days import Span
from service.shopify.client import Client
from service.store import figures, held
from service.store.engine import reading
from service.store.held import Held
from service.values import UNEXPLAINED

MENDABLE = (UNEXPLAINED, "deleted", "merged")
"""Causes that reading the orders again may mend."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The orders that have to do with a day, as both sides hold them."""

    ours: Mapping[int, Held]
    theirs: Mapping[int, Listed]
    troubles: Troubles


@dataclass(slots=True)
class Witness:
    """Asks both sides about single orders, and keeps which would have to be read again."""

    work: Work
    read_to: datetime  # all changes before it are in, also those Shopify's index was slow to show
    to_read: dict[date, set[int]] = field(default_factory=dict)  # day → orders, none where no order is suspicious

    def ask(self) -> Client:
        """The way to the next question; before each the lease is renewed, and a stop is heeded."""
        self.work.check_stop()
        with self.work.engine.begin() as connection:
            self.work.renew(connection)
        return self.work.client

    def bounds(self, span: Span) -> tuple[datetime, datetime]:
        """The instants [start, end) of shop days."""
        zone = self.work.shop.timezone
        return day_start(span.first, zone), day_start(span.last + ONE_DAY, zone)

    def of_count(self, instant: figures.Field, day: date) -> Evidence:
        """The orders of a day, by one of their instants."""
        window = self.bounds(Span(day, day))
        theirs = self._listed(search(instant, *window))
        ours_in = held.created if instant == "created_at" else held.processed
        with reading(self.work.engine) as connection:
            ours = ours_in(connection, self.work.shop.shop_id, *window)
        return self._evidence(ours, theirs)

    def of_sales(self, day: date, order_ids: Collection[int]) -> Evidence:
        """The orders to which something may have happened on a day; `order_ids` are those of which we know it."""
        start, end = self.bounds(Span(day, day))
        # Whatever happened to an order on a day, it was placed by then and has been updated since.
        theirs = self._listed(f"{before('processed_at', end)} {since('updated_at', start)}")
        with reading(self.work.engine) as connection:
            ours = held.by_id(connection, self.work.shop.shop_id, {*order_ids, *theirs})
        seen = self._evidence(ours, theirs)
        # What has happened since our last reading lies on the day only if that ended before the day did, or if the
        # order itself is new to us.
        fresh = {
            number
            for number in seen.troubles.fresh
            if self.read_to < end or (number not in ours and theirs[number].processed_at >= start)
        }
        return replace(seen, troubles=replace(seen.troubles, fresh=frozenset(fresh)))

    def _listed(self, query: str) -> Mapping[int, Listed]:
        self.ask()
        return listed(self.work, query)

    def _evidence(self, ours: Mapping[int, Held], theirs: Mapping[int, Listed]) -> Evidence:
        # An order that the list does not name may still be there: on another day, or not indexed yet.
        unlisted = ours.keys() - theirs.keys()
        self.ask()
        everywhere = {**theirs, **by_id(self.work, unlisted)}
        # Hidden and deleted look the same, so the edge between them gets a margin.
        edge = self.work.visible_from + HIDDEN_MARGIN if self.work.visible_from else None
        return Evidence(ours, theirs, troubles(ours, everywhere, self.read_to, edge))

    def noted(self, cause: str, day: date, seen: Evidence) -> str:
        """The cause; what reading again could mend is remembered."""
        if cause in MENDABLE:
            found = seen.troubles
            self.to_read.setdefault(day, set()).update(found.missed | found.moved | found.gone)
        return cause
