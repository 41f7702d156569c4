"""Pacing: how long to wait before a query so that Shopify need not refuse it.

Shopify keeps a bucket of cost points for each app and store. The *requested* cost of a query must fit in it,
and what was not needed comes back with the answer. Sizes and costs are never assumed, only read from answers.
Source: https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

RESERVE_FRACTION = 0.1  # of the bucket, left for other processes of ours that share it


@dataclass(frozen=True, slots=True)
class Claim:
    """Points a query is expected to request, and how long to wait for them."""

    operation: str
    points: float
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class _Bucket:
    maximum: float
    available: float
    restore_rate: float  # points a second
    seen_at: float

    def available_at(self, moment: float) -> float:
        return min(self.maximum, self.available + (moment - self.seen_at) * self.restore_rate)


class Budget:
    """The bucket as last seen, minus what is on its way. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float], reserve_fraction: float = RESERVE_FRACTION) -> None:
        self._clock = clock
        self._reserve_fraction = reserve_fraction
        self._lock = threading.Lock()
        self._bucket: _Bucket | None = None
        self._in_flight = 0.0
        self._costs: dict[str, float] = {}  # last requested cost by operation

    def claim(self, operation: str, *, leave_reserve: bool = True) -> Claim:
        """A place in the queue for one query; hand it back to `settle`.

        Points are taken at once, also those that have yet to flow in, so threads queue behind each other.
        """
        with self._lock:
            points = self._costs.get(operation, 0.0)
            claim = Claim(operation, points, self._wait_for(points, leave_reserve))
            self._in_flight += points
            return claim

    def settle(self, claim: Claim, cost: Mapping[str, Any] | None) -> None:
        """Ends a claim; `cost` is the answer's `extensions.cost`, or None when there was none."""
        with self._lock:
            self._in_flight = max(0.0, self._in_flight - claim.points)
            if cost:
                self._learn(claim.operation, cost)

    def _wait_for(self, points: float, leave_reserve: bool) -> float:
        bucket = self._bucket
        if bucket is None or bucket.restore_rate <= 0 or points == 0:
            return 0.0
        reserve = bucket.maximum * self._reserve_fraction if leave_reserve else 0.0
        needed = min(points + reserve, bucket.maximum)
        free = bucket.available_at(self._clock()) - self._in_flight
        return max(0.0, (needed - free) / bucket.restore_rate)

    def _learn(self, operation: str, cost: Mapping[str, Any]) -> None:
        requested = cost.get("requestedQueryCost")
        if isinstance(requested, int | float):
            self._costs[operation] = float(requested)
        status = cost.get("throttleStatus")
        if isinstance(status, Mapping):
            self._bucket = _bucket(status, self._clock()) or self._bucket


def _bucket(status: Mapping[str, Any], seen_at: float) -> _Bucket | None:
    try:
        maximum, available = float(status["maximumAvailable"]), float(status["currentlyAvailable"])
        return _Bucket(maximum, available, float(status["restoreRate"]), seen_at)
    except (KeyError, TypeError, ValueError):
        return None
