"""Everything held about a customer, or of a shop: found by what the tables say of themselves, so new ones are covered.

A table is about customers when one of its columns is marked so; whatever shares the second key of such a row (the order
of a ledger line) belongs to it. A table is about a shop when it has a `shop_id`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, or_, select, update

from service.store import redactions
from service.store.lookup import chunks
from service.store.redactions import customer_columns
from service.store.tables import customer_aliases, customer_moves, metadata, privacy_audit

Counts = Mapping[str, int]  # rows by table


def names_of(connection: Connection, shop_id: int, customer_id: int) -> list[int]:
    """Every id the person goes by: merges link them."""
    t = customer_aliases.c
    mine = t.shop_id == shop_id
    into = connection.scalar(select(t.kept_id).where(mine, t.customer_id == customer_id))
    kept = customer_id if into is None else into
    return sorted({customer_id, kept, *connection.scalars(select(t.customer_id).where(mine, t.kept_id == kept))})


def held(connection: Connection, shop_id: int, customers: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """Every row about these customers, by table; tables that hold none are left out."""
    found = {}
    belongings: dict[str, set[Any]] = {}
    for table in _about_customers():
        rows = [*_rows(connection, table, _names_one_of(table, shop_id, customers))]
        found[table.name] = rows
        if key := _own_key(table):
            belongings.setdefault(key, set()).update(row[key] for row in rows)
    for table in metadata.sorted_tables:
        for key, values in belongings.items():
            if table.name not in found and "shop_id" in table.c and key in table.c:
                found[table.name] = [*_belonging(connection, table, shop_id, table.c[key], values)]
    return {name: rows for name, rows in found.items() if rows}


def redact(connection: Connection, shop_id: int, customers: Sequence[int], now: datetime) -> Counts:
    """Each customer's id replaced by a surrogate wherever it stands, and whenever it comes again; rows by table."""
    made = redactions.redact(connection, shop_id, customers, now)
    altered = {}
    for table in _about_customers():
        altered[table.name] = _count(connection, table, _names_one_of(table, shop_id, customers))
        for name in customer_columns(table):
            for customer, surrogate in made.items():
                mine = (table.c.shop_id == shop_id) & (table.c[name] == customer)
                connection.execute(update(table).where(mine).values({name: surrogate}))
    # Whom we no longer know by their id Shopify cannot be asked about.
    connection.execute(delete(customer_moves).where(_names_one_of(customer_moves, shop_id, list(made.values()))))
    return {name: count for name, count in altered.items() if count}


def wipe(connection: Connection, shop_id: int) -> Counts:
    """Every row of the shop deleted, whatever it is about."""
    deleted = {}
    for table in reversed(metadata.sorted_tables):
        if "shop_id" in table.c:
            deleted[table.name] = connection.execute(delete(table).where(table.c.shop_id == shop_id)).rowcount
    return {name: count for name, count in sorted(deleted.items()) if count}


def audit(connection: Connection, shop: str, action: str, counts: Counts, now: datetime) -> None:
    """A note of what was done, which outlives the shop and names no person."""
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    row = {"audit_id": uuid.uuid4().hex, "shop": shop, "action": action, "acted_at": now, "row_counts": told}
    connection.execute(privacy_audit.insert().values(row))


def _about_customers() -> list[Table]:
    return [table for table in metadata.sorted_tables if "shop_id" in table.c and customer_columns(table)]


def _own_key(table: Table) -> str | None:
    """What tells the table's rows apart within a shop, unless that is the customer."""
    keys = [column.name for column in table.primary_key if column.name != "shop_id"]
    return keys[0] if len(keys) == 1 and keys[0] not in customer_columns(table) else None


def _names_one_of(table: Table, shop_id: int, customers: Collection[int]) -> ColumnElement[bool]:
    named = or_(*(table.c[name].in_(customers) for name in customer_columns(table)))
    return (table.c.shop_id == shop_id) & named


def _rows(connection: Connection, table: Table, which: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(table).where(which).order_by(*table.primary_key)).mappings():
        yield dict(row)


def _belonging(
    connection: Connection, table: Table, shop_id: int, key: Column[Any], values: Collection[Any]
) -> Iterator[dict[str, Any]]:
    for some in chunks(values):
        yield from _rows(connection, table, (table.c.shop_id == shop_id) & key.in_(some))


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(which)) or 0
