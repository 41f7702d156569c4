"""The root fields: what an app may ask a shop first, and the two mutations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from service.demo.bulk import Operation, Payload
from service.demo.checkouts import sort_key
from service.demo.events import event_table, events
from service.demo.index import SORT_VALUES, Ordered
from service.demo.model import Checkout, Order, World
from service.demo.money import iso
from service.demo.pages import Key, Page, page
from service.demo.records import Table, gid
from service.demo.search import Search

if TYPE_CHECKING:
    from service.demo.shop import Shop

VISIBLE_DAYS = 60  # how far back read_orders alone can see


class InvalidId(Exception):
    """Not a global id at all; Shopify refuses it as an argument."""


@dataclass(slots=True)
class Request:
    """One document being answered: the source of its root fields."""

    shop: Shop
    version: str
    is_search_shown: bool = False  # header Shopify-Search-Query-Debug
    key: str = ""  # of the root field now being answered
    searches: list[dict[str, Any]] = field(default_factory=list)
    shopifyql_cost: dict[str, Any] | None = None

    def note(self, search: Search) -> None:
        if search.text and (search.warnings or self.is_search_shown):
            parsed = search.parsed[0] if len(search.parsed) == 1 else {"and": search.parsed}
            noted = {"path": [self.key], "query": search.text, "parsed": parsed}
            self.searches.append({**noted, "warnings": search.warnings} if search.warnings else noted)


def root_table() -> Table:
    """The functions of the roots and of what only they reach."""
    return {
        "QueryRoot": {
            "shop": lambda request: request.shop.world,
            "currentAppInstallation": lambda request: request.shop,
            "orders": orders,
            "order": lambda request, **asked: order(request, asked["id"]),
            "abandonedCheckouts": abandoned_checkouts,
            "abandonedCheckoutsCount": abandoned_checkouts_count,
            "ordersCount": orders_count,
            "node": lambda request, **asked: node(request, asked["id"]),
            "nodes": lambda request, ids: [node(request, each) for each in ids],
            "events": events,
            "bulkOperation": lambda request, **asked: request.shop.bulk.find(_gid(asked["id"])),
            "bulkOperations": bulk_operations,
            "currentBulkOperation": current_bulk_operation,
            "shopifyqlQuery": lambda request, query: request.shop.reports.answer(request, query),
        },
        "Mutation": {
            "bulkOperationRunQuery": run_bulk_query,
            "bulkOperationCancel": lambda request, **asked: request.shop.bulk.cancel(_gid(asked["id"])),
        },
        "AppInstallation": {
            "id": lambda shop: gid("AppInstallation", shop.world.shop_id),
            "accessScopes": lambda shop: sorted(shop.scopes),
        },
        "AccessScope": {
            "handle": lambda scope: scope,
            "description": lambda scope: scope.replace("_", " ").capitalize(),
        },
        **_shop_table(),
        **event_table(),
    }


def _shop_table() -> Table:
    def currencies(world: World) -> list[str]:
        return sorted({world.currency, *(each.presentment_currency or world.currency for each in world.orders)})

    return {
        "Shop": {
            "id": lambda world: gid("Shop", world.shop_id),
            "name": lambda world: world.name.capitalize(),
            "myshopifyDomain": lambda world: world.domain,
            "ianaTimezone": lambda world: world.timezone,
            "currencyCode": lambda world: world.currency,
            "createdAt": lambda world: iso(world.created_at),
            "taxesIncluded": lambda world: bool(world.orders) and world.orders[-1].taxes_included,
            "enabledPresentmentCurrencies": currencies,
            "plan": lambda world: world.plan,
        },
        "ShopPlan": {
            "displayName": lambda plan: plan,
            "publicDisplayName": lambda plan: plan,
            "shopifyPlus": lambda plan: "Plus" in plan,
            "partnerDevelopment": lambda plan: plan == "Development",
        },
    }


def _oldest(request: Request) -> int | None:
    """The first visible `created_at`. Without read_all_orders the older ones are silently absent."""
    if "read_all_orders" in request.shop.scopes:
        return None
    return request.shop.now - VISIBLE_DAYS * 86400


def _selected(request: Request, query: str | None, sort_key: str) -> Ordered:
    index = request.shop.index
    search = index.grammar.search(query)
    request.note(search)
    return index.select(search, sort_key, _oldest(request))


def orders(request: Request, query: str | None = None, **asked: Any) -> Page:
    sort_key = asked.pop("sortKey")
    found, value = _selected(request, query, sort_key), SORT_VALUES[sort_key]

    def key(order: Order) -> Key:
        return value(order), order.id

    return page(found.orders, key, found.keys, **asked)


def orders_count(request: Request, limit: int | None = None, query: str | None = None) -> tuple[int, str]:
    count = len(_selected(request, query, "ID").orders)
    return _counted(count, limit)


def _counted(count: int, limit: int | None) -> tuple[int, str]:
    return (count, "EXACT") if limit is None or count <= limit else (limit, "AT_LEAST")


def _checkouts(request: Request, query: str | None) -> list[Checkout]:
    shop = request.shop
    search = shop.checkouts.grammar.search(query)
    request.note(search)
    return shop.checkouts.select(search, _oldest(request) if shop.checkouts.are_cut else None)


def abandoned_checkouts(request: Request, query: str | None = None, **asked: Any) -> Page:
    key = sort_key(asked.pop("sortKey"))
    return page(sorted(_checkouts(request, query), key=key), key, **asked)


def abandoned_checkouts_count(request: Request, limit: int | None = None, query: str | None = None) -> tuple[int, str]:
    return _counted(len(_checkouts(request, query)), limit)


def order(request: Request, global_id: str) -> Order | None:
    match = re.fullmatch(r"gid://shopify/Order/(\d+)", _gid(global_id))
    found = request.shop.index.order(int(match[1])) if match else None
    oldest = _oldest(request)
    return None if found is None or (oldest is not None and found.created_at < oldest) else found


def node(request: Request, global_id: str) -> Order | Operation | int | None:
    if "/BulkOperation/" in _gid(global_id):
        return request.shop.bulk.find(global_id)
    if match := re.fullmatch(r"gid://shopify/Customer/(\d+)", global_id):
        return customer(request, int(match[1]))
    return order(request, global_id) if "read_orders" in request.shop.scopes else None


def customer(request: Request, customer_id: int) -> int | None:
    """The customer, who is known by number alone; one that was merged away is not there."""
    index, world = request.shop.index, request.shop.world
    return customer_id if index.number_of_orders(customer_id) or customer_id in world.idle_customers else None


def bulk_operations(request: Request, query: str | None = None, **asked: Any) -> Page:
    return request.shop.bulk.search(query, asked.pop("sortKey"), asked.pop("reverse"), **asked)


def current_bulk_operation(request: Request, **asked: Any) -> Operation | None:
    return request.shop.bulk.latest() if asked["type"] == "QUERY" else None


def run_bulk_query(request: Request, **asked: Any) -> Payload:
    return request.shop.bulk.run_query(request.version, asked["query"], asked["groupObjects"])


def _gid(text: str) -> str:
    if not re.fullmatch(r"gid://shopify/\w+/[\w-]+", text):
        raise InvalidId(text)
    return text
