"""Which orders Shopify has and how they stand, without what they hold: for comparing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from service.connectors.convert import gid
from service.connectors.documents import operation
from service.connectors.work import Work
from service.errors import UnexpectedShape
from service.shapes import taken_as
from service.shopify import pages
from service.store import redactions
from service.store.engine import reading
from service.store.redactions import Surrogates

DOCUMENTS = "order_list.graphql"
CUSTOMER = "orders.customer"
"""The part a store may deny that tells whose an order is."""

MOST = 250
"""Orders a page, and ids a question. Source: https://shopify.dev/docs/api/usage/limits"""


class Listed(NamedTuple):
    """An order as it stands at Shopify; a customer who was redacted is named by the surrogate we know them by."""

    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    customer_id: int | None


def listed(work: Work, query: str) -> dict[int, Listed]:
    """The orders a search filter finds, by id; what was denied to us is not asked for."""
    document = operation(DOCUMENTS, "OrderList", work.client.api_version, work.shop.denied)
    found = pages.pages(work.client, document, {"query": query}, ("orders",), MOST)
    return _by_id(work, (node for page in found for node in page.nodes))


def by_id(work: Work, order_ids: Collection[int]) -> dict[int, Listed]:
    """Those of the orders that Shopify lets us see."""
    document = operation(DOCUMENTS, "OrderListById", work.client.api_version, work.shop.denied)
    ids = [f"gid://shopify/Order/{order_id}" for order_id in sorted(order_ids)]
    answers = pages.by_id(work.client, document, ids, MOST)
    return _by_id(work, (node for answer in answers for node in answer.values() if node is not None))


class _Customer(msgspec.Struct):
    id: str


class _Order(msgspec.Struct, rename="camel"):
    id: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    customer: _Customer | None = None  # may be refused to the app


_to_order = taken_as(_Order)


def _by_id(work: Work, nodes: Iterable[Any]) -> dict[int, Listed]:
    try:
        orders = [_to_order(node) for node in nodes]
    except msgspec.ValidationError as error:
        raise UnexpectedShape(f"a listed order came in an unknown shape: {error}", about=work.client.domain) from None
    with reading(work.engine) as connection:
        standing = redactions.surrogates(connection, work.shop.shop_id)
    return {gid(order.id): _listed(order, standing) for order in orders}


def _listed(order: _Order, standing: Surrogates | None) -> Listed:
    customer = gid(order.customer.id) if order.customer else None
    if customer and standing:
        customer = standing.stands_for(customer)
    created_at, processed_at, updated_at = (
        each.astimezone(UTC) for each in (order.created_at, order.processed_at, order.updated_at)
    )
    return Listed(created_at, processed_at, updated_at, customer)
