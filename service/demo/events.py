"""The shop's activity log: what was deleted, as far as Shopify tells.

Source: https://shopify.dev/docs/api/admin-graphql/2026-10/queries/events
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from service.demo.model import Event
from service.demo.money import iso
from service.demo.pages import Key, Page, page
from service.demo.records import Table, gid
from service.demo.search import Filter, Grammar

if TYPE_CHECKING:
    from service.demo.roots import Request

KEPT_SECONDS = 365 * 86_400
FILTERS = {
    "action": Filter("text", lambda event: (event.action,)),
    "created_at": Filter("time", lambda event: event.created_at),
    "id": Filter("number", lambda event: event.id),
    "subject_type": Filter("text", lambda event: (event.subject_type.lower(),)),
}
SORT_KEYS: dict[str, Callable[[Event], Key]] = {
    "CREATED_AT": lambda event: (event.created_at, event.id),
    "ID": lambda event: (event.id, event.id),
}


def events(request: Request, query: str | None = None, **asked: Any) -> Page:
    search = Grammar(FILTERS, request.shop.index.grammar.timezone).search(query)
    request.note(search)
    oldest = request.shop.now - KEPT_SECONDS
    kept = [event for event in request.shop.world.events if event.created_at >= oldest]
    key = SORT_KEYS[asked.pop("sortKey")]
    return page(sorted(search.found(kept, FILTERS), key=key), key, **asked)


def event_table() -> Table:
    words = {"ORDER": "Order", "CUSTOMER": "Customer", "PRODUCT": "Product"}
    return {
        "BasicEvent": {
            "id": lambda event: gid("BasicEvent", event.id),
            "action": lambda event: event.action,
            "createdAt": lambda event: iso(event.created_at),
            "subjectId": lambda event: gid(words[event.subject_type], event.subject_id),
            "subjectType": lambda event: event.subject_type,
        }
    }
