"""Pacing of ShopifyQL: points of its own, which do not trickle back but are refilled whole at the minute.

They are counted for each app and store beside the ordinary cost points. As there, nothing is assumed: sizes, costs and
the moment of the refill are read from answers, from those that refuse as well.
Source: https://shopify.dev/docs/apps/build/shopifyql/graphql-admin-api/errors-limits-and-performance
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from service.shopify.budget import RESERVE_FRACTION, Claim

WINDOW_SECONDS = 60.0
PAD_SECONDS = 1.0  # clocks differ a little


@dataclass(frozen=True, slots=True)
class Window:
    """The budget as one answer tells it."""

    requested: float  # points of the query it answers
    maximum: float
    available: float
    reset_seconds: float  # from the answer to the refill


class WindowBudget:
    """The points of the running minute as last seen, minus what is on its way. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float], reserve_fraction: float = RESERVE_FRACTION) -> None:
        self._clock = clock
        self._reserve_fraction = reserve_fraction
        self._lock = threading.Lock()
        self._seen: Window | None = None
        self._resets_at = 0.0
        self._in_flight = 0.0
        self._costs: dict[str, float] = {}  # last requested cost by the query's name

    def claim(self, name: str, *, leave_reserve: bool = True) -> Claim:
        """A place in the queue for one query; hand it back to `settle`. A name never seen before waits for nothing."""
        with self._lock:
            points = self._costs.get(name, 0.0)
            claim = Claim(name, points, self._wait_for(points, leave_reserve))
            self._in_flight += points
            return claim

    def share_of(self, name: str) -> float:
        """Which part of a full budget the last query of that name took; 0 before there was one."""
        with self._lock:
            return self._costs.get(name, 0.0) / self._seen.maximum if self._seen and self._seen.maximum > 0 else 0.0

    def settle(self, claim: Claim, window: Window | None) -> None:
        """Ends a claim; `window` is what its answer tells, None when it tells nothing."""
        with self._lock:
            self._in_flight = max(0.0, self._in_flight - claim.points)
            if window:
                self._costs[claim.operation] = window.requested
                self._learn(window)

    def _wait_for(self, points: float, leave_reserve: bool) -> float:
        seen = self._seen
        if seen is None or points == 0 or seen.maximum <= 0:
            return 0.0
        now, reserve = self._clock(), seen.maximum * self._reserve_fraction if leave_reserve else 0.0
        available = seen.available if now < self._resets_at else seen.maximum
        missing = min(points + reserve, seen.maximum) + self._in_flight - available
        if missing <= 0:
            return 0.0
        passed = ceil(max(0.0, now - self._resets_at) / WINDOW_SECONDS)  # refills nobody was told of
        refills = passed + ceil(missing / seen.maximum) - 1
        return self._resets_at + refills * WINDOW_SECONDS - now + PAD_SECONDS

    def _learn(self, window: Window) -> None:
        resets_at = self._clock() + window.reset_seconds
        is_same = self._seen is not None and abs(resets_at - self._resets_at) < WINDOW_SECONDS / 2
        if self._seen is not None and is_same and self._seen.available < window.available:
            return  # answers overtake each other, and within a minute points only go down
        self._seen, self._resets_at = window, resets_at
