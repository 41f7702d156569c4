"""`python -m service.demo WORLD`: serves a world until SIGTERM or SIGINT; says where in one line of JSON."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
from threading import Event

from service.demo.money import iso
from service.demo.server import DemoStore
from service.demo.worlds import WORLDS, build

DEMO_POINTS = 20_000  # of ShopifyQL a minute: who watches a demonstration does not wait for minutes to pass


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m service.demo", description="A simulated Shopify Admin API.")
    parser.add_argument("world", choices=sorted(WORLDS), help="which shop to simulate")
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: any free one)")
    parser.add_argument("--orders", type=int, help="about how many orders the world has")
    parser.add_argument("--seed", type=int, help="another world of the same kind")
    asked = parser.parse_args(arguments)

    gc.disable()  # nothing of a growing world is garbage
    world = build(asked.world, orders=asked.orders, seed=asked.seed)
    store = DemoStore(world, port=asked.port, ql_points=DEMO_POINTS)
    gc.freeze()
    gc.enable()

    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with store:
        sys.stdout.write(json.dumps(_ready(store)) + "\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


def _ready(store: DemoStore) -> dict[str, object]:
    world = store.world
    return {
        "url": store.url,
        "token": store.token,
        "domain": store.domain,
        "now": iso(store.now),
        "quarter": world.quarter,
        "orders": len(world.orders),
    }


if __name__ == "__main__":
    sys.exit(main())
