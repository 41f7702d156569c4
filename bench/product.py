"""One thing the product does, as a process of its own, so that its CPU and memory can be read from the outside.

python -m bench.product load orders.jsonl URL       land a bulk file: lines → rows → tables
python -m bench.product rows orders.jsonl           lines → rows, landed nowhere
python -m bench.product facts URL                   build the facts from nothing
"""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from service.connectors import order_lines, orders
from service.connectors.convert import Converter
from service.connectors.work import BATCH_LINES, Sizes, Work
from service.shopify import bulk
from service.store import facts, leases, migrate, runs, shops
from service.store.engine import Connection, open_engine
from service.store.tables import metadata
from service.values import Shop

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHOP = Shop(1, "bench.myshopify.com", "Europe/Berlin", "EUR", 2, datetime(2023, 10, 1, tzinfo=UTC))


def load(file: str, url: str) -> None:
    engine = open_engine(url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        shops.record_shop(connection, SHOP, now=NOW, history_is_cut=False)
        run_id = runs.start(connection, SHOP.shop_id, "orders", "backfill", now=NOW, watermark=None)
    with leases.lease(engine, SHOP.shop_id, "orders", NOW) as lease:
        nobody: Any = None  # landing asks Shopify nothing
        work = Work(engine, nobody, SHOP, NOW, None, lease, run_id, lambda: NOW, Sizes(), lambda: None)
        order_lines.land_lines(work, bulk.lines(Path(file), orders.parse))
    with engine.begin() as connection:
        changed = connection.execute(text("select rows_changed from sync_runs where run_id = :run"), {"run": run_id})
        print(json.dumps({"changed": changed.scalar(), **totals(connection)}))


def totals(connection: Connection) -> dict[str, int]:
    counts = {
        name: int(connection.execute(text(f"select count(*) from {name}")).scalar() or 0)
        for name in ("orders", "order_agreements", "order_sales")
    }
    sums = connection.execute(
        text("select (select sum(total_minor) from order_sales), (select sum(original_total_minor) from orders)")
    ).one()
    return {**counts, "total_minor": int(sums[0]), "original_total_minor": int(sums[1])}


def rows(file: str) -> None:
    convert, parents = Converter(SHOP), orders.Parents()
    for _ in order_lines.batches(bulk.lines(Path(file), orders.parse), BATCH_LINES, convert, parents):
        parents.forget_old()


def build_facts(url: str) -> None:
    with open_engine(url).begin() as connection:
        facts.rebuild(connection, SHOP.shop_id)


def changed_orders(connection: Any, seed: int) -> list[tuple[Any, ...]]:
    table = metadata.tables["orders"]
    newest = connection.execute(
        select(table).order_by(table.c.processed_date.desc(), table.c.order_id).limit(2_000)
    ).all()
    changed = []
    for row in random.Random(seed).sample(newest, 250):
        values = dict(row._mapping) | {"updated_at": NOW, "financial_status": f"SEED{seed}"}
        if seed % 2:
            values["customer_id"] = 7_000_000_000 + seed * 1_000 + len(changed)
        changed.append(tuple(_plain(values[column.name]) for column in table.columns))
    return changed


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value


if __name__ == "__main__":
    verb, *given = sys.argv[1:]
    if verb == "load":
        load(*given)
    elif verb == "rows":
        rows(*given)
    else:
        build_facts(*given)
