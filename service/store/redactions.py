"""Customers who were redacted, and the surrogates their orders carry: an order read again does not bring the id back.

A surrogate is a number below zero, made of the id with a random key of the shop. The same id always gives the same one,
so a history stays one history; nothing leads back from it, and the id itself is kept nowhere.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, select

from service.store.tables import metadata, redacted_customers, redaction_keys
from service.store.upsert import Row, put_if_absent


@dataclass(frozen=True, slots=True)
class Surrogates:
    """What stands for the redacted customers of a shop."""

    key: bytes = field(repr=False)
    redacted: frozenset[int]

    def made_of(self, customer_id: int) -> int:
        digest = hmac.digest(self.key, str(customer_id).encode(), "sha256")
        return -1 - (int.from_bytes(digest[:8]) >> 2)  # 62 bits: what both databases hold

    def stands_for(self, customer_id: int) -> int:
        """The id, or the surrogate of a customer who was redacted."""
        surrogate = self.made_of(customer_id)
        return surrogate if surrogate in self.redacted else customer_id


def surrogates(connection: Connection, shop_id: int) -> Surrogates | None:
    """None while no customer of the shop was redacted."""
    key = connection.scalar(select(redaction_keys.c.key).where(redaction_keys.c.shop_id == shop_id))
    if key is None:
        return None
    found = select(redacted_customers.c.surrogate_id).where(redacted_customers.c.shop_id == shop_id)
    return Surrogates(bytes.fromhex(key), frozenset(connection.scalars(found)))


def redact(connection: Connection, shop_id: int, customers: Sequence[int], now: datetime) -> dict[int, int]:
    """The surrogate of each customer, noted so that whatever lands from now on carries it."""
    put_if_absent(connection, redaction_keys, {"shop_id": shop_id, "key": secrets.token_hex(32)})
    standing = surrogates(connection, shop_id)
    assert standing is not None
    # Among those merged may be one who was redacted before: a surrogate stays what it is.
    made = {customer: standing.made_of(customer) for customer in customers if customer > 0}
    for surrogate in made.values():
        row = {"shop_id": shop_id, "surrogate_id": surrogate, "redacted_at": now}
        put_if_absent(connection, redacted_customers, row)
    return made


def customer_columns(table: Table) -> list[str]:
    """The columns of a table that hold ids of customers."""
    return [column.name for column in table.columns if column.info.get("customer")]


def applied(connection: Connection, shop_id: int, rows: Mapping[str, Sequence[Row]]) -> Mapping[str, Sequence[Row]]:
    """The same rows by table, with surrogates for the redacted customers among them."""
    standing = surrogates(connection, shop_id)
    return rows if standing is None else {name: _applied(standing, name, some) for name, some in rows.items()}


def _applied(standing: Surrogates, name: str, rows: Sequence[Row]) -> Sequence[Row]:
    table = metadata.tables[name]
    places = {n for n, column in enumerate(table.columns) if column.name in customer_columns(table)}

    def with_surrogates(row: Row) -> Row:
        return tuple(standing.stands_for(v) if n in places and v is not None else v for n, v in enumerate(row))

    return [with_surrogates(row) for row in rows] if places else rows
