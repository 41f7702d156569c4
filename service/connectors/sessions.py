"""The session funnel by day: asked with all it can be split by, and verified against Shopify's own totals.

Two questions answer each other. Split by source and device a day has many rows, which come in pages; without a split
it has one. Only days whose rows add up to their totals are handed on, once for people and once with bots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from service.connectors.documents import shopifyql
from service.errors import TryAgain, UnexpectedShape
from service.periods import ONE_DAY, days
from service.shopify.client import Client
from service.shopify.shopifyql import SCOPE, Value, fetch
from service.values import Shop, Window

NAME = "sessions"
REQUIRED_SCOPES = frozenset({SCOPE})
QUERIES = "sessions.shopifyql"

FIRST_DAY = date(2022, 10, 1)
"""Shopify knows no sessions before. Source:
https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/behaviour-reports
"""

PAGE_ROWS = 1000
"""Rows of one answer: what ShopifyQL gives without being asked. More may be cut, and nobody says so."""

MOST_DAYS = 31
"""Of one question; fewer where a month has more rows than a page, or costs too much."""

SHARE_OF_BUDGET = 0.25
"""Of a minute's points for one question, so that others find some too."""

TRIES = 3
"""Readings of days whose rows do not add up, before the pass ends: sessions may be counted meanwhile."""

COUNTS = (
    "sessions", "sessions_with_cart_additions", "sessions_that_reached_checkout", "sessions_that_completed_checkout",
    "sessions_that_reached_and_completed_checkout",
)  # fmt: skip
SPLITS = ("referrer_source", "utm_source", "utm_medium", "utm_campaign", "session_device_type")
POPULATION = "human_or_bot_session"

Counts = tuple[int, ...]  # in the order of COUNTS
NOTHING: Counts = (0,) * len(COUNTS)
NOWHERE = ("",) * len(SPLITS)
Totals = Mapping[tuple[date, bool], Counts]  # by day and bots_excluded
Rows = Sequence[tuple[Any, ...]]  # of session_days, in column order
Node = Mapping[str, Value]


class Reader:
    """Reads days, and remembers how many of them fit into one question."""

    def __init__(self, client: Client, shop: Shop) -> None:
        self.client, self.shop = client, shop
        self.days = 1  # until it is known how many rows a day has

    def read(self, window: Window) -> Iterator[tuple[Window, Mapping[date, Rows]]]:
        """The rows of every day of a window, verified, in parts from the first to the last."""
        start = first_of(window)
        while start < window.end:
            part = Window(start, min(window.end, start + self.days * ONE_DAY))
            nodes = self._verified(part)
            self._learn(part, len(nodes))
            yield part, to_rows(self.shop.shop_id, part, nodes)
            start = part.end

    def totals(self, window: Window) -> Totals:
        """What Shopify counts on every day of a window, without any split."""
        found = {}
        for name, bots_excluded in (("everybody", False), ("people", True)):
            for node in self._nodes(name, ("day", *COUNTS), window):
                found[_day(node), bots_excluded] = _counts(node)
        missing = [day for day in _days(window) if (day, True) not in found or (day, False) not in found]
        if missing:
            raise UnexpectedShape(f"sessions: the totals leave out {missing[0]}", about=self.shop.domain)
        return found

    def _verified(self, window: Window) -> Sequence[Node]:
        """The nodes of a window, which add up to its totals. Raises TryAgain when they do not for too long."""
        differing: list[tuple[date, bool]] = []
        for _ in range(TRIES):
            nodes = self._nodes("funnel", ("day", POPULATION, *SPLITS, *COUNTS), window)
            sums = added_up(nodes)
            differing = [key for key, counts in self.totals(window).items() if counts != sums.get(key, NOTHING)]
            if not differing:
                return nodes
        raise TryAgain(
            f"the sessions of {min(differing)[0]} do not add up to Shopify's own total",
            about=self.shop.domain, hint="the next pass reads them again",
        )  # fmt: skip

    def _nodes(self, name: str, columns: Sequence[str], window: Window) -> Sequence[Node]:
        """Every row of a query about the days of a window, page after page until one is short."""
        places: dict[str, Any] = {
            "timezone": self.shop.timezone, "first": window.start, "last": window.end, "limit": PAGE_ROWS,
        }  # fmt: skip
        found: list[Node] = []
        while True:
            query = shopifyql(QUERIES, name, **places, offset=len(found))
            page = fetch(self.client, f"sessions, {name}", query, columns).rows
            found += page
            if len(page) < PAGE_ROWS:
                break
        wanted = set(_days(window))
        return [node for node in found if _day(node) in wanted]

    def _learn(self, part: Window, rows: int) -> None:
        """How many days the next question takes: about a page of rows, and no more than its share of the points."""
        spent = self.client.shopifyql_budget.share_of("sessions, funnel")
        fitting = min(PAGE_ROWS / max(rows, 1), SHARE_OF_BUDGET / max(spent, 0.001))
        self.days = max(1, min(MOST_DAYS, int(len(_days(part)) * fitting)))


def to_rows(shop_id: int, window: Window, nodes: Sequence[Node]) -> dict[date, Rows]:
    """The rows of each day, for people and with bots; a day without sessions has a row of zeros for either."""
    by_key: dict[tuple[date, bool, tuple[str, ...]], Counts] = {}
    for node in nodes:
        split = tuple("" if node[name] is None else str(node[name]) for name in SPLITS)
        for bots_excluded in _populations(node):
            key = _day(node), bots_excluded, split
            by_key[key] = _sum(by_key.get(key, NOTHING), _counts(node))
    seen = {key[:2] for key in by_key}
    days_and_populations = ((day, bots_excluded) for day in _days(window) for bots_excluded in (True, False))
    by_key |= {(*key, NOWHERE): NOTHING for key in days_and_populations if key not in seen}
    found: dict[date, list[tuple[Any, ...]]] = {day: [] for day in _days(window)}
    for (day, bots_excluded, split), counts in by_key.items():
        found[day].append((shop_id, day, bots_excluded, *split, *counts))
    return {**found}


def counted(days: Mapping[date, Rows]) -> int:
    """How many sessions the rows hold, bots too."""
    return sum(row[3 + len(SPLITS)] for rows in days.values() for row in rows if not row[2])


def added_up(nodes: Sequence[Node]) -> Totals:
    """What the nodes come to on every day that has any, once with bots and once without."""
    found: dict[tuple[date, bool], Counts] = {}
    for node in nodes:
        for bots_excluded in _populations(node):
            key = _day(node), bots_excluded
            found[key] = _sum(found.get(key, NOTHING), _counts(node))
    return found


def _populations(node: Node) -> tuple[bool, ...]:
    return (True, False) if node[POPULATION] == "human" else (False,)


def _sum(one: Counts, other: Counts) -> Counts:
    return tuple(mine + theirs for mine, theirs in zip(one, other, strict=True))


def _day(node: Node) -> date:
    day = node["day"]
    if not isinstance(day, date):
        raise UnexpectedShape(f"sessions: {day!r} is no day")
    return day


def _counts(node: Node) -> Counts:
    counts = [node[name] or 0 for name in COUNTS]
    if not all(isinstance(count, int) for count in counts):
        raise UnexpectedShape(f"sessions: {counts} are no counts")
    return tuple(counts)  # type: ignore[arg-type]  # just looked at


def first_of(window: Window) -> date:
    return window.start or FIRST_DAY


def _days(window: Window) -> list[date]:
    return days(first_of(window), window.end)
