"""Customers who were merged at Shopify: whose history counts as whose.

`orders.customer_id` stays what Shopify last said of an order. Facts, and all that is counted from them, go by the kept
customer, so a merge is complete the moment it is noted, however many of the orders are read again later, or never.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from service.store import facts, redactions
from service.store.lookup import chunks
from service.store.pending import note_touched
from service.store.tables import customer_aliases, customer_moves, orders
from service.store.upsert import Row, put, put_all_if_absent

_CUSTOMER = list(orders.columns).index(orders.c.customer_id)


def note_merge(connection: Connection, shop_id: int, old: int, kept: int, now: datetime) -> None:
    """Whatever customer `old` ever bought counts as `kept`'s from now on; saying it twice changes nothing.

    For whoever holds the lease of the orders: facts are brought up to date here. The newest word wins: told that
    `kept` was kept, an older merge of it into `old` is forgotten.
    """
    note_merges(connection, shop_id, {old: kept}, now)


def note_merges(connection: Connection, shop_id: int, merged: Mapping[int, int | None], now: datetime) -> None:
    """The same for several customers at once. None: that one was merged into nobody, whatever was noted before."""
    stored = _aliases(connection, shop_id)
    links = {customer: into for customer, (into, _) in stored.items()}
    standing = redactions.surrogates(connection, shop_id)
    for old, kept in merged.items():
        if standing:
            old, kept = standing.stands_for(old), kept and standing.stands_for(kept)
        _link(links, old, kept)
    wanted = {customer: (into, _way(links, into)[-1]) for customer, into in links.items()}
    changed = {customer for customer in wanted.keys() | stored.keys() if wanted.get(customer) != stored.get(customer)}
    for customer in changed:
        _write(connection, shop_id, customer, wanted.get(customer), now)
    theirs = select(orders.c.order_id).where(orders.c.shop_id == shop_id, orders.c.customer_id.in_(changed))
    touched = facts.refresh(connection, shop_id, list(connection.scalars(theirs)), cause="merge")
    if touched:
        note_touched(connection, shop_id, touched, is_written_down=True)


def _link(links: dict[int, int], old: int, kept: int | None) -> None:
    if kept is None:
        links.pop(old, None)
    elif old != kept:
        if old in _way(links, kept):
            del links[kept]
        links[old] = kept


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
    """Remember the customers whose orders are about to land in another's name: were they merged? And those who were
    merged away and in whose name an order lands all the same: are they still there?

    Of a redacted one Shopify cannot be asked.
    """
    now_of = {row[1]: row[_CUSTOMER] for row in order_rows if row[_CUSTOMER] is not None}
    moved: defaultdict[int, set[int]] = defaultdict(set)
    for ids in chunks(now_of):
        held = select(orders.c.order_id, orders.c.customer_id).where(
            orders.c.shop_id == shop_id, orders.c.order_id.in_(ids)
        )
        # A condition on the customer would lure SQLite into its index of customers: all orders of the shop.
        for order_id, customer_id in connection.execute(held):
            if customer_id is not None and customer_id > 0 and customer_id != now_of[order_id]:
                moved[customer_id].add(now_of[order_id])
    for customer, kept in _kept(connection, shop_id, {*moved, *now_of.values()}).items():
        moved[customer].add(kept)
    noted = [(customer, name) for customer, names in moved.items() for name in names]
    rows = [{"shop_id": shop_id, "customer_id": customer, "moved_to": name} for customer, name in noted]
    put_all_if_absent(connection, customer_moves, rows)


def _kept(connection: Connection, shop_id: int, customers: Iterable[int]) -> dict[int, int]:
    """Those of the customers who are noted as merged → who counts for them."""
    found: dict[int, int] = {}
    t = customer_aliases.c
    for ids in chunks(customer for customer in customers if customer > 0):
        noted = select(t.customer_id, t.kept_id).where(t.shop_id == shop_id, t.customer_id.in_(ids))
        found.update(connection.execute(noted).all())
    return found


def moves(connection: Connection, shop_id: int, most: int) -> dict[int, set[int]]:
    """At most so many customers to ask about → in whose names orders of theirs came back."""
    t = customer_moves.c
    first = select(t.customer_id).where(t.shop_id == shop_id).distinct().order_by(t.customer_id).limit(most)
    found: defaultdict[int, set[int]] = defaultdict(set)
    rows = connection.execute(select(t.customer_id, t.moved_to).where(t.shop_id == shop_id, t.customer_id.in_(first)))
    for customer, name in rows:
        found[customer].add(name)
    return dict(found)


def forget_moves(connection: Connection, shop_id: int, customers: Collection[int]) -> None:
    t = customer_moves.c
    connection.execute(delete(customer_moves).where(t.shop_id == shop_id, t.customer_id.in_(customers)))
