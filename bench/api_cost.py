"""What the sync asks of Shopify: requests and cost points, counted by the demo store as Shopify counts them.

python -m bench.api_cost [ORDERS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from service.demo.admin import Reply
from service.demo.server import DemoStore
from service.store import migrate
from service.store.engine import open_engine
from tests.metrics.little_world import little_world
from tests.shop import OpenShop, done, open_shop


class CountingStore(DemoStore):
    """A store that adds up what its answers cost. Bulk operations cost nothing but their start and their polls."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.requested = self.actual = 0
        super().__init__(*given, **options)

    def saw(self, kind: str, reply: Reply) -> None:
        super().saw(kind, reply)
        cost = reply.body.get("extensions", {}).get("cost", {})
        self.requested += cost.get("requestedQueryCost") or 0
        self.actual += cost.get("actualQueryCost") or 0

    def begin(self) -> None:
        self.requests.clear()
        self.requested = self.actual = 0


def main(orders: int = 1_000) -> None:
    store = CountingStore(little_world(0, orders=orders, customers=orders // 3), bucket=10_000_000)
    with tempfile.TemporaryDirectory(prefix="okrsync-bench-") as name:
        url = f"sqlite:///{name}/okrsync.db"
        migrate.upgrade(open_engine(url))
        with open_shop(store, url, Path(name)) as shop:
            _tell("backfill", orders, shop, store)
            shop.later(hours=1)
            for order in store.world.orders:
                store.touch(order.id)
            shop.later(minutes=10)
            _tell("increment, all of them changed", orders, shop, store)
            shop.later(minutes=10)
            _tell("increment, none changed", 0, shop, store)


def _tell(what: str, orders: int, shop: OpenShop, store: CountingStore) -> None:
    store.begin()
    done(shop.sync())
    each = orders / 1_000 or 1
    print(
        f"{what:<32} {orders:>6,} orders: {len(store.requests) / each:6.0f} requests, {store.requested / each:7.0f} "
        f"points requested, {store.actual / each:7.0f} used" + (", per 1,000 orders" if orders else ""),
        flush=True,
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
