"""Customers who were merged at Shopify: whose history counts as whose.

`orders.customer_id` stays what Shopify last said of an order. Facts, and all that is counted from them, go by the kept
customer, so a merge is complete the moment it is noted, however many of the orders are read again later, or never.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from service.store import facts, redactions
from service.store.lookup import chunks
from service.store.pending import note_touched
from service.store.tables import customer_aliases, customer_moves, orders
from service.store.upsert import Row, put, put_all

_CUSTOMER = list(orders.columns).index(orders.c.customer_id)


def note_merge(connection: Connection, shop_id: int, old: int, kept: int, now: datetime) -> None:
    """Whatever customer `old` ever bought counts as `kept`'s from now on; saying it twice changes nothing.

    For whoever holds the lease of the orders: facts are brought up to date here. The newest word wins: told that
    `kept` was kept, an older merge of it into `old` is forgotten.
    """
    if standing := redactions.surrogates(connection, shop_id):
        old, kept = standing.stands_for(old), standing.stands_for(kept)
    stored = _aliases(connection, shop_id)
    links = {customer: into for customer, (into, _) in stored.items()}
    if old == kept or links.get(old) == kept:
        return
    if old in _way(links, kept):
        del links[kept]
    links[old] = kept
    wanted = {customer: (into, _way(links, into)[-1]) for customer, into in links.items()}
    changed = {customer for customer in wanted.keys() | stored.keys() if wanted.get(customer) != stored.get(customer)}
    for customer in changed:
        _write(connection, shop_id, customer, wanted.get(customer), now)
    theirs = select(orders.c.order_id).where(orders.c.shop_id == shop_id, orders.c.customer_id.in_(changed))
    touched = facts.refresh(connection, shop_id, list(connection.scalars(theirs)), cause="merge")
    if touched:
        note_touched(connection, shop_id, touched, is_written_down=True)


def _way(links: Mapping[int, int], customer: int) -> list[int]:
    """The customer and all whom the merges lead to; the last one was kept."""
    way = [customer]
    while way[-1] in links:
        way.append(links[way[-1]])
    return way


def _aliases(connection: Connection, shop_id: int) -> dict[int, tuple[int, int]]:
    """Customer → whom it was merged into, and whom that leads to."""
    t = customer_aliases.c
    rows = connection.execute(select(t.customer_id, t.merged_into, t.kept_id).where(t.shop_id == shop_id))
    return {customer: (into, kept) for customer, into, kept in rows}


def _write(connection: Connection, shop_id: int, customer: int, alias: tuple[int, int] | None, now: datetime) -> None:
    if alias is None:
        t = customer_aliases.c
        connection.execute(delete(customer_aliases).where(t.shop_id == shop_id, t.customer_id == customer))
        return
    row = {"shop_id": shop_id, "customer_id": customer, "merged_into": alias[0], "kept_id": alias[1], "noticed_at": now}
    put(connection, customer_aliases, ["shop_id", "customer_id"], row)


# --- signs of a merge ----------------------------------------------------------------------------------------------


def note_moves(connection: Connection, shop_id: int, order_rows: Sequence[Row]) -> None:
    """Remember the customers whose orders are about to land in another's name: were they merged?

    Of a redacted one Shopify cannot be asked.
    """
    found = []
    now_of = {row[1]: row[_CUSTOMER] for row in order_rows if row[_CUSTOMER] is not None}
    for ids in chunks(now_of):
        held = select(orders.c.order_id, orders.c.customer_id).where(
            orders.c.shop_id == shop_id, orders.c.order_id.in_(ids)
        )
        # A condition on the customer would lure SQLite into its index of customers: all orders of the shop.
        for order_id, customer_id in connection.execute(held).all():
            if customer_id is not None and customer_id > 0 and customer_id != now_of[order_id]:
                found.append({"shop_id": shop_id, "customer_id": customer_id, "moved_to": now_of[order_id]})
    put_all(connection, customer_moves, ["shop_id", "customer_id"], found)


def moves(connection: Connection, shop_id: int, most: int) -> dict[int, int]:
    """Customers to ask about → in whose name an order of theirs came back."""
    t = customer_moves.c
    rows = connection.execute(
        select(t.customer_id, t.moved_to).where(t.shop_id == shop_id).order_by(t.customer_id).limit(most)
    )
    return dict(rows.all())


def forget_moves(connection: Connection, shop_id: int, customers: Collection[int]) -> None:
    t = customer_moves.c
    connection.execute(delete(customer_moves).where(t.shop_id == shop_id, t.customer_id.in_(customers)))
