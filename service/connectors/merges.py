"""Customers whose orders came back in another's name: were they merged, and into whom?

    signs ─▶ still there? ─▶ no: whose are the orders in their names by now? ─▶ one customer's: merged into that one
                                                                              └─▶ several customers': read again

In whose name an order came back is only a sign: it may have been handed on before its customer was merged, or since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from service.connectors import order_list, orders
from service.connectors.documents import operation
from service.connectors.order_list import CUSTOMER
from service.connectors.rereading import reread
from service.connectors.work import Work
from service.shopify.pages import by_id
from service.store import customers, held
from service.store.engine import reading

CUSTOMERS_A_QUESTION = 250
"""As many ids as Shopify takes at once. Source: https://shopify.dev/docs/api/usage/limits"""

Signs = Mapping[int, Collection[int]]  # customer → in whose names orders of theirs came back


def settle_merges(work: Work) -> None:
    """Every sign followed up. One who is still there has only given orders away, and keeps the rest."""
    while CUSTOMER not in work.shop.denied and (signs := _signs(work)):
        work.check_stop()
        merged = _merged(work, signs)
        with work.engine.begin() as connection:
            work.renew(connection)
            customers.note_merges(connection, work.shop.shop_id, merged, work.clock())
            customers.forget_moves(connection, work.shop.shop_id, merged)


def _signs(work: Work) -> Signs:
    with reading(work.engine) as connection:
        return customers.moves(connection, work.shop.shop_id, CUSTOMERS_A_QUESTION)


def _merged(work: Work, signs: Signs) -> dict[int, int | None]:
    """Whom each of the customers was merged into; None: nobody, or nobody can tell and their orders were read again."""
    gone = _gone(work, signs)
    with reading(work.engine) as connection:
        ours = held.of_customers(connection, work.shop.shop_id, gone)
    now = order_list.by_id(work, [number for some in ours.values() for number in some])
    merged: dict[int, int | None] = dict.fromkeys(signs)
    scattered: list[int] = []
    for customer in gone:
        theirs = ours.get(customer, [])
        # Once no order of theirs is left, and only then, the names in which they came are all there is to go by.
        names = {now[number].customer_id for number in theirs if number in now} or {*signs[customer]}
        if len(names) == 1:
            [merged[customer]] = names
        if merged[customer] is None:
            scattered += theirs
    reread(work, scattered)
    return merged


def _gone(work: Work, customer_ids: Collection[int]) -> list[int]:
    """Those of the customers whom Shopify no longer knows."""
    document = operation(orders.DOCUMENTS, "CustomersById", work.client.api_version)
    ids = {f"gid://shopify/Customer/{customer}": customer for customer in customer_ids}
    answers = by_id(work.client, document, list(ids), CUSTOMERS_A_QUESTION)
    return [ids[global_id] for answer in answers for global_id, node in answer.items() if node is None]
