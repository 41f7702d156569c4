"""Calculated query cost and the leaky bucket it is paid from.

Objects cost 1, scalars nothing, a connection its node's cost times a weight that grows more slowly than its size (as
measured: 250 orders ask 13 points, with 250 line items each about 156); a mutation costs 10.

Source: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from service.demo.plan import Field

MAX_QUERY_COST = 1000
MUTATION_COST = 10
Size = Callable[[Field], int]


def requested_cost(roots: list[Field]) -> int:
    return sum(_root_cost(field, asked_size) for field in roots)


def actual_cost(roots: list[Field], sizes: dict[int, list[int]]) -> int:
    """The same sum with the pages as they turned out, on average, instead of as asked for."""

    def size(field: Field) -> int:
        pages, records = sizes.get(id(field), (0, 0))
        return math.ceil(records / pages) if pages else 0

    return sum(_root_cost(field, size) for field in roots)


def asked_size(field: Field) -> int:
    sizes: list[int] = [field.args[name] for name in ("first", "last") if field.args.get(name) is not None]
    return sizes[0] if sizes else 0


def weight(size: int) -> int:
    return math.ceil(math.pow(size, 0.45))


def _root_cost(field: Field, size: Size) -> int:
    return MUTATION_COST if field.parent == "Mutation" else _cost(field, size)


def _cost(field: Field, size: Size) -> int:
    if not field.below:
        return 0
    if field.is_connection:
        return _connection_cost(field, size)
    return 1 + _dearest(field, size)


def _dearest(field: Field, size: Size) -> int:
    return max(sum(_cost(child, size) for child in below) for below in field.below.values())


def _connection_cost(field: Field, size: Size) -> int:
    node_cost, beside = 0, 0
    for child in field.inner():
        if child.name == "edges":
            node_cost += sum(_cost(inner, size) for inner in child.inner())
        elif child.name == "nodes":
            node_cost += _cost(child, size)
        else:
            beside += _cost(child, size)
    return beside + weight(size(field)) * node_cost


class Bucket:
    """An app's points at one shop: they trickle back in real time."""

    def __init__(self, capacity: int, restore_rate: int) -> None:
        self.capacity, self.restore_rate = capacity, restore_rate
        self._points, self._at = float(capacity), time.monotonic()
        self._lock = Lock()

    def take(self, points: int) -> bool:
        with self._lock:
            self._refill()
            if points > self._points:
                return False
            self._points -= points
            return True

    def give_back(self, points: int) -> None:
        with self._lock:
            self._points = min(self.capacity, self._points + points)

    def status(self) -> dict[str, Any]:
        with self._lock:
            self._refill()
            return {
                "maximumAvailable": float(self.capacity),
                "currentlyAvailable": int(self._points),
                "restoreRate": float(self.restore_rate),
            }

    def _refill(self) -> None:
        now = time.monotonic()
        self._points = min(self.capacity, self._points + (now - self._at) * self.restore_rate)
        self._at = now
