"""What a ShopifyQL query costs, and the points it is paid from.

They are counted apart from the ordinary query cost: so many a minute, back in full when the minute ends. The cost grows
with the range and with what a query groups by.
Source: https://shopify.dev/docs/apps/build/shopifyql/graphql-admin-api/errors-limits-and-performance
"""

from __future__ import annotations

import math
import time
from threading import Lock
from typing import Any

from service.demo.money import iso
from service.demo.ql_grammar import Query

POINTS, WINDOW_SECONDS = 1000, 60


def cost(query: Query) -> int:
    months = math.ceil(max(1, (query.until - query.since).days + 1) / 30)
    return months * (1 + 8 * len([name for name in query.group_by if name != "day"]))


class WindowBucket:
    """Points that come back all at once; minutes are real ones, told by the shop's clock."""

    def __init__(self, points: int, seconds: float) -> None:
        self.points, self.seconds = points, seconds
        self.left = points
        self._ends_at = time.monotonic() + seconds
        self._lock = Lock()

    def take(self, points: int) -> bool:
        with self._lock:
            self._refill()
            if points > self.left:
                return False
            self.left -= points
            return True

    def status(self, requested: int, now: int, *, spent: bool = False) -> dict[str, Any]:
        with self._lock:
            self._refill()
            reset_at = now + math.ceil(self._ends_at - time.monotonic())
            return {
                "requestedQueryCost": requested,
                "maximumAvailable": self.points,
                "currentlyAvailable": 0 if spent else self.left,
                "windowResetAt": iso(reset_at).replace("Z", "+00:00"),
            }

    def _refill(self) -> None:
        now = time.monotonic()
        if now >= self._ends_at:
            self.left = self.points
            self._ends_at += math.ceil((now - self._ends_at) / self.seconds + 1e-9) * self.seconds
