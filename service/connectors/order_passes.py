"""The orders connector: when a plan of its history is made, gone on with or thrown away, and what follows it."""

from __future__ import annotations

from datetime import datetime

from service.connectors import backfill as history
from service.connectors import incremental, orders, unannounced
from service.connectors.nested import PAGE_ORDERS, whole_rows
from service.connectors.optional import OptionalFields, Part
from service.connectors.order_list import CUSTOMER
from service.connectors.sweep import sweep
from service.connectors.windows import search
from service.connectors.work import Asked, Work, is_whole
from service.shopify.client import Client
from service.shopify.probe import orders_count
from service.store import landing, pending, shops, slices
from service.store.doubts import doubts
from service.store.engine import Connection, reading
from service.values import Page, Shop

_OF_CUSTOMERS = frozenset({
    "customer_id", "nth", "prev_date", "prev_nth", "scope_nth", "counted_horizons", "counted_lifetimes", "is_b2b",
})  # fmt: skip
_VISITED = ("utm_source", "utm_medium", "utm_campaign", "referrer")

OPTIONAL = OptionalFields(
    (
        Part(
            CUSTOMER,
            ("customer", "purchasingEntity"),
            _OF_CUSTOMERS,
            "new from returning customers, and is_b2b",
            "read_customers",
        ),
        Part(
            "orders.journey",
            ("customerJourneySummary",),
            frozenset({*_VISITED, *(f"first_{name}" for name in _VISITED)}),
            "where orders came from: utm_source, utm_medium, utm_campaign, their first_ twins, and referrer",
        ),
        Part(
            "orders.product",
            ("agreements.edges.node.sales.nodes.lineItem.product",),
            frozenset({"product_type"}),
            "product_type",
            "read_products",
        ),
    ),
    orders.DOCUMENTS,
    "OrdersPage",
    "orders",
)
"""Orders and their money are required; who bought, from where and what kind of product can be done without."""


class Orders:
    """Orders and their ledger."""

    name = orders.NAME
    required_scopes = orders.REQUIRED_SCOPES
    optional = OPTIONAL

    def is_whole(self, connection: Connection, shop: Shop, visible_from: datetime | None) -> bool:
        was_denied = shops.denied(connection, shop.shop_id) - shop.denied
        return not was_denied and is_whole(connection, shop, history.PLAN, visible_from)

    def backfill(self, work: Work, asked: Asked) -> None:
        """Plan what is asked for, unless a plan stands, and read it; what is gone from Shopify is noticed too."""
        job = history.Reading(work)
        _plan(work, asked, job)
        history.read(job)
        sweep(work, *asked.bounds(work.shop, work.now))
        history.finish(job)

    def increment(self, work: Work) -> None:
        with reading(work.engine) as connection:
            position = landing.watermark(connection, work.shop.shop_id, orders.NAME)
        assert position is not None, "an increment follows a backfill"
        incremental.read(work, CHANGES, position, work.now)
        pending.catch_up(work.engine, work.shop.shop_id, work.renew)
        unannounced.follow(work, position, work.now)

    def expected(self, client: Client, _shop: Shop, start: datetime, end: datetime) -> int:
        return orders_count(client, search("created_at", start, end))


def _plan(work: Work, asked: Asked, job: history.Reading) -> None:
    now = work.now
    start, end = asked.bounds(work.shop, now)
    begun, was_hidden = _standing(work, history.PLAN)

    def record(connection: Connection) -> None:
        work.record_shop(connection)
        shops.shown_again(connection, work.shop)

    is_part = asked.first is not None and begun is not None and start >= begun and not asked.is_restarted
    if asked.last is not None or is_part:
        job.plan = f"{history.PART}{asked.first or ''} to {asked.last or ''}"
        history.forget_other_parts(job)
        if asked.is_restarted or _standing(work, job.plan)[0] is None:
            history.plan(job, start, end, anew=_nothing_else)
        return
    history.forget_other_parts(job)
    if asked.is_restarted or was_hidden:
        history.plan(job, start, end, visible_from=work.visible_from, anew=record)
    elif begun is None or (start < begun and not asked.is_resumed):
        history.plan(job, start, begun or end, visible_from=work.visible_from)


def _nothing_else(_connection: Connection) -> None:
    """A bounded re-read replaces its own earlier plan and nothing more."""


def _standing(work: Work, plan: str) -> tuple[datetime | None, bool]:
    """Where the plan begins (None: there is none), and was anything hidden from it that is shown now?"""
    with reading(work.engine) as connection:
        shop_id = work.shop.shop_id
        was_cut = work.visible_from is None and slices.was_cut(connection, shop_id, plan)
        was_denied = bool(shops.denied(connection, shop_id) - work.shop.denied)
        return slices.start_of(connection, shop_id, plan), was_cut or was_denied


# --- pages of changes ----------------------------------------------------------------------------------------------


def _page_rows(work: Work, page: Page) -> incremental.Rows:
    return whole_rows(work, page.nodes).by_table()


def _look_over(work: Work, connection: Connection, start: datetime, end: datetime) -> None:
    work.doubts.update(doubts(connection, work.shop.shop_id, "updated_at", start, end))


CHANGES = incremental.Resource(
    orders.NAME, "orders", orders.DOCUMENTS, "OrdersPage", PAGE_ORDERS, orders_count, _page_rows, _look_over
)
