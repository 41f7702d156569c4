"""How fast a store is asked: its two budgets, shared by all that one process asks of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from service.shopify.budget import Budget
from service.shopify.window_budget import WindowBudget


class Pace:
    """The Admin API's cost points and ShopifyQL's own, as last seen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.admin, self.shopifyql = Budget(clock), WindowBudget(clock)


class Paces:
    """One pace for each store: connectors that run side by side wait for each other, not for a refusal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paces: dict[str, Pace] = {}

    def of(self, domain: str) -> Pace:
        with self._lock:
            return self._paces.setdefault(domain, Pace())
