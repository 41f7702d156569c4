"""Large shops, made inside an SQLite file: what metrics cost on one and on ten million orders.

python -m bench.scale make URL ORDERS        a shop with its facts, and every metric measured on every day so far
python -m bench.scale change URL SEED        250 changed orders, bare; and landed with facts and every reading
python -m bench.scale raw URL                one `select day, count, sum … group by day` over the running quarter
python -m bench.scale query URL METRIC       a metric quarter to date on each of its days, counted from the orders
python -m bench.scale catalogue URL          every metric quarter to date on each of its days, as BI tools read it

Prints one JSON line with the CPU and wall seconds of the work itself: interpreters and imports are not in it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from bench.product import SHOP, changed_orders
from service.books import Books
from service.connectors import orders
from service.ground import Ground
from service.measuring import Measured, measure_catalogue
from service.metrics.catalogue import catalogue as built_ins
from service.metrics.measure import answers
from service.periods import ONE_DAY, Quarter, days
from service.store import facts, landing, migrate, shops
from service.store.engine import open_engine
from service.store.tables import metadata
from service.store.upsert import upsert
from service.values import Batch, Coverage, Window

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
LAST, DAYS = date(2026, 10, 31), 1_096
QUARTER = Quarter.containing(LAST, 1)

# Every value is a function of the order's number, so a shop of a size is always the same: three years, growing from
# nothing but their number; one order in twenty without a customer, three in ten by the few who often come back.
_ORDERS = """
insert into orders ({columns})
with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {orders}),
drawn as (
    select
        n,
        date('{last}', '-' || ({days} - 1 - (n * {days}) / ({orders} + 1)) || ' days') as day,
        (n * 2654435761 + 12345) % 1000003 as draw,
        500 + (n * 7919) % 19501 as amount
    from numbers
)
select {values} from drawn
"""

_FILLED = {
    "shop_id": "1", "order_id": "n", "order_name": "'#' || n", "created_at": "day || 'T09:00:00Z'",
    "processed_at": "day || 'T09:00:00Z'", "updated_at": "day || 'T09:00:00Z'", "processed_date": "day",
    "customer_id": """case
        when n % 20 = 7 then null
        when draw % 10 < 3 then 1 + draw * {frequent} / 1000003
        else 1 + (draw * 7 + n) % {customers}
    end""",
    "financial_status": "'PAID'", "source_name": "'web'", "currency": "'EUR'", "presentment_currency": "'EUR'",
    "original_total_minor": "amount", "current_total_minor": "amount",
}  # fmt: skip
"""Columns of an order that hold more than nothing, zero or false."""

_SALES = """
insert into order_sales ({columns})
select {values}
from (
    select shop_id, order_id, 1 as nth, processed_date as day, original_total_minor as amount from orders
    union all
    select shop_id, order_id, 2, date(processed_date, '+20 days'), -original_total_minor
    from orders
    where order_id % 7 = 3 and processed_date < date('{last}', '-20 days')
) as entries
"""

_ENTRY = {
    "shop_id": "shop_id", "order_id": "order_id", "sale_id": "order_id * 10 + nth", "agreement_id": "order_id * 10 + nth",
    "event_date": "day", "is_placing": "nth = 1", "action_type": "case nth when 1 then 'ORDER' else 'RETURN' end",
    "line_type": "'PRODUCT'", "quantity": "case nth when 1 then 1 else -1 end", "total_minor": "amount",
    "gross_sales_minor": "case nth when 1 then amount else 0 end",
    "sales_reversals_minor": "case nth when 2 then -amount else 0 end",
}  # fmt: skip


def make(url: str, size: str) -> dict[str, Any]:
    engine = open_engine(url)
    migrate.upgrade(engine)
    count = int(size)
    with engine.begin() as connection:
        shops.record_shop(connection, SHOP, now=NOW, history_is_cut=False)
    with timed() as made, engine.begin() as connection, without_indexes(connection, "orders", "order_sales"):
        sizes = {"orders": count, "days": DAYS, "last": LAST, "customers": count * 4 // 10, "frequent": count // 50 + 1}
        connection.exec_driver_sql(_insert(_ORDERS, "orders", _FILLED, **sizes))
        connection.exec_driver_sql(_insert(_SALES, "order_sales", _ENTRY, **sizes))
    with timed() as built, engine.begin() as connection:
        facts.rebuild(connection, SHOP.shop_id)
    with timed() as measured:
        found = measure(engine)
    return {"made": made, "facts": built, "measured": measured, "readings": found.readings}


def _insert(statement: str, table: str, filled: dict[str, str], **sizes: Any) -> str:
    values = {}
    for column in metadata.tables[table].columns:
        nothing = "null" if column.nullable else "''" if str(column.type) == "TEXT" else "0"
        values[column.name] = filled.get(column.name, nothing).format(**sizes)
    return statement.format(columns=", ".join(values), values=", ".join(values.values()), **sizes)


@contextmanager
def without_indexes(connection: Connection, *tables: str) -> Iterator[None]:
    """Secondary indexes are made again afterwards: a tenth of the time for a table that begins empty."""
    asked = text("select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name = :table")
    kept = [row for table in tables for row in connection.execute(asked, {"table": table}).all()]
    for name, _ in kept:
        connection.exec_driver_sql(f"drop index {name}")
    yield
    for _, definition in kept:
        connection.exec_driver_sql(definition)


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    found: dict[str, float] = {}
    cpu, wall = time.process_time(), time.perf_counter()
    yield found
    found |= {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def measure(engine: Engine) -> Measured:
    """Everything brought up to date, as after a sync; only orders were read."""
    read = Coverage(orders.NAME, SHOP.created_at, NOW, 0, None, NOW)
    nothing = Coverage("", None, None, 0, None, None, gap="never read")
    rested_on = {name for metric in built_ins().values() for name in metric.connectors}
    coverages = {name: read if name == orders.NAME else nothing for name in rested_on}
    ground = Ground(SHOP, coverages, dict.fromkeys(coverages, ONE_DAY), is_cut=False)
    return measure_catalogue(Books(engine, lambda _: None), ground, NOW, 1)


def change(url: str, seed: str) -> dict[str, Any]:
    """250 orders of the last days get another customer; the second time around, as in a process that runs on."""
    engine = open_engine(url)
    found: dict[str, Any] = {}
    for turn in range(2):
        with engine.begin() as connection:
            batch = changed_orders(connection, 4 * int(seed) + 2 * turn)
        with timed() as bare, engine.begin() as connection:
            upsert(connection, metadata.tables["orders"], batch)
        with engine.begin() as connection:
            batch = changed_orders(connection, 4 * int(seed) + 2 * turn + 1)
        with timed() as whole:
            with engine.begin() as connection:
                landing.land(connection, SHOP.shop_id, Batch({"orders": batch}), now=NOW)
            readings = measure(engine).readings
        found = {"bare": bare, "whole": whole, "readings": readings}
    return found


def raw(url: str) -> dict[str, Any]:
    asked = text("""
        select order_date, count(*), sum(gross_sales_minor) from order_facts
        where shop_id = 1 and order_date between :first and :last group by order_date""")
    with open_engine(url).connect() as connection, timed() as found:
        rows = connection.execute(asked, {"first": str(QUARTER.start), "last": str(LAST)}).all()
    return {**found, "days": len(rows)}


def query(url: str, metric: str) -> dict[str, Any]:
    windows = [Window(QUARTER.start, day + ONE_DAY) for day in days(QUARTER.start, LAST + ONE_DAY)]
    asked = built_ins()[metric]  # the files of all metrics are read once a process
    with open_engine(url).connect() as connection, timed() as found:
        answers(connection, SHOP, asked, windows)
    return found


def catalogue(url: str) -> dict[str, Any]:
    asked = text("""
        select metric, metric_date, value, numerator, denominator, value_low, value_high from bi_metrics_daily
        where window_kind = 'quarter_to_date' and metric_date between :first and :last""")
    with open_engine(url).connect() as connection, timed() as found:
        rows = connection.execute(asked, {"first": str(QUARTER.start), "last": str(LAST)}).all()
    return {**found, "readings": len(rows)}


VERBS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": make, "change": change, "raw": raw, "query": query, "catalogue": catalogue,
}  # fmt: skip

if __name__ == "__main__":
    verb, *given = sys.argv[1:]
    print(json.dumps(VERBS[verb](*given)))
