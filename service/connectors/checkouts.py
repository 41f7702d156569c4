"""Abandoned checkouts: read in windows of update time, and kept when Shopify no longer keeps them.

Every Monday Shopify removes what was created over three months ago, not touched for a month and never became an order.
So history reaches back three months from the first reading and grows from there; what lay before cannot be
reconstructed, and coverage says so. Whether an app without `read_all_orders` sees checkouts of over 60 days ago is not
documented: when it sees none, they count as hidden.
Source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from service.connectors import incremental
from service.connectors.convert import Amounts, Converter, gid
from service.connectors.documents import operation
from service.connectors.optional import OptionalFields
from service.connectors.orders import Line, MoneyBag
from service.connectors.windows import search
from service.connectors.work import Asked, Work, is_whole
from service.errors import UnexpectedShape
from service.periods import ONE_DAY, days, shop_day
from service.shapes import taken_as
from service.shopify.client import Client
from service.shopify.probe import count, currency_exponent
from service.store import checkouts, landing, slices
from service.store.changes import CHECKOUT_DAY
from service.store.coverage import coverage
from service.store.engine import Connection, reading
from service.store.pending import note_changed_days
from service.store.slices import Slice
from service.values import Page, Shop

NAME = checkouts.NAME
DOCUMENTS = "checkouts.graphql"
REQUIRED_SCOPES = frozenset({"read_orders"})

PAGE_CHECKOUTS = 250

KEPT = timedelta(days=89)
"""Three months where they are shortest: what is younger cannot have been removed."""


class Checkout(Line):
    id: str
    created_at: str
    updated_at: str
    completed_at: str | None
    total_price_set: MoneyBag


_to_checkout = taken_as(Checkout)


class Checkouts:
    """Abandoned and recovered checkouts."""

    name = NAME
    required_scopes = REQUIRED_SCOPES
    optional = OptionalFields()

    def is_whole(self, connection: Connection, shop: Shop, visible_from: datetime | None) -> bool:
        return is_whole(connection, shop, NAME, visible_from)

    def backfill(self, work: Work, asked: Asked) -> None:
        """All that Shopify still has, once; then only what is asked for, or was hidden and no longer is."""
        if asked.is_restarted and asked.last is None:
            _record_shop(work)
        with reading(work.engine) as connection:
            position = landing.watermark(connection, work.shop.shop_id, NAME)
            begun = coverage(connection, work.shop.shop_id, NAME).covered_from
            was_cut = slices.was_cut(connection, work.shop.shop_id, NAME)
        is_part = asked.first is not None or asked.last is not None
        is_shown_now = was_cut and work.visible_from is None
        if begun is None and asked.last is None:
            _tell(work, work.shop.created_at, work.now)
            incremental.read(work, CHECKOUTS, position or work.shop.created_at, work.now)
            _claim(work, _kept_from(work))
        elif is_part or asked.is_restarted or is_shown_now:
            start, end = asked.bounds(work.shop, work.now)
            _tell(work, start, end)
            incremental.read_created(work, CHECKOUTS, start, end)
            if is_shown_now and not is_part and begun and position:
                _claim(work, _reach(work, begun, position))

    def increment(self, work: Work) -> None:
        with reading(work.engine) as connection:
            position = landing.watermark(connection, work.shop.shop_id, NAME)
            begun = coverage(connection, work.shop.shop_id, NAME).covered_from
        assert position is not None, "an increment follows a backfill"
        assert begun is not None, "an increment follows a backfill"
        incremental.read(work, CHECKOUTS, position, work.now)
        if (reach := _reach(work, begun, position)) > begun:
            _claim(work, reach)

    def expected(self, client: Client, _shop: Shop, start: datetime, end: datetime) -> int:
        return _count(client, search("created_at", start, end))


def _count(client: Client, query: str) -> int:
    return count(client, operation(DOCUMENTS, "CheckoutsCount", client.api_version), query)


def _tell(work: Work, start: datetime, end: datetime) -> None:
    if work.progress:
        work.progress.planned(_count(work.client, search("created_at", start, end)), 0)


def _record_shop(work: Work) -> None:
    with work.engine.begin() as connection:
        work.renew(connection)
        work.record_shop(connection)


# --- what is covered -----------------------------------------------------------------------------------------------


def _kept_from(work: Work) -> datetime:
    """What was created from here on cannot have been removed yet."""
    return max(work.clock() - KEPT, work.shop.created_at)


def _reach(work: Work, begun: datetime, position: datetime) -> datetime:
    """From when on nothing is missed, by one who had read everything since `begun` and stopped at `position`."""
    kept_from = _kept_from(work)
    return min(begun, kept_from) if position >= kept_from else kept_from


def _claim(work: Work, begin: datetime) -> None:
    """Everything created from `begin` on is read, save what is hidden from us; every day since is measured again."""
    hidden_before = _hidden_before(work)
    counted = _count(work.client, search("created_at", begin, work.now))
    shop_id, now = work.shop.shop_id, work.clock()
    whole = Slice(begin, work.now, counted)
    with work.engine.begin() as connection:
        work.renew(connection)
        slices.forget(connection, shop_id, NAME)
        slices.save_plan(connection, shop_id, NAME, [whole], now=now, visible_from=hidden_before)
        kept = checkouts.created_between(connection, shop_id, begin, work.now)
        slices.verified(connection, shop_id, NAME, whole, kept, now=now)
        read = days(shop_day(begin, work.shop.timezone), shop_day(work.now, work.shop.timezone) + ONE_DAY)
        note_changed_days(connection, shop_id, CHECKOUT_DAY, read)


def _hidden_before(work: Work) -> datetime | None:
    """Where our sight ends if checkouts are hidden like orders: a single older one shows that they are not."""
    if work.visible_from is None:
        return None
    older = search("created_at", work.shop.created_at, work.visible_from - timedelta(days=1))
    return None if _count(work.client, older) else work.visible_from


# --- pages of changes ----------------------------------------------------------------------------------------------


def _page_rows(work: Work, page: Page) -> incremental.Rows:
    convert = Converter(work.shop)
    try:
        found = [_to_checkout(node) for node in page.nodes]
        return {"checkouts": [to_row(checkout, convert) for checkout in found]}
    except (msgspec.ValidationError, ValueError) as error:
        raise UnexpectedShape(f"a checkout came in an unknown shape: {error}", about=work.shop.domain) from None


def to_row(checkout: Checkout, convert: Converter) -> tuple[Any, ...]:
    """The row of a checkout. One of before the shop changed its currency keeps the old one."""
    money = checkout.total_price_set.shop_money
    currency = money.currency_code or convert.shop.currency
    is_ours = currency == convert.shop.currency
    amounts = convert.amounts if is_ours else Amounts(currency, currency_exponent(currency))
    return (
        convert.shop.shop_id,
        gid(checkout.id),
        checkout.created_at,
        convert.day(checkout.created_at),
        checkout.updated_at,
        checkout.completed_at,
        currency,
        amounts[money.amount],
    )


def _look_over(work: Work, connection: Connection, start: datetime, end: datetime) -> None:
    """Once the grace of a shop day is over, what was counted of it so far is counted again."""
    day_of = partial(shop_day, tz=work.shop.timezone)
    since = max(start - checkouts.GRACE, _kept_from(work))
    if day_of(since) < day_of(end - checkouts.GRACE):
        note_changed_days(connection, work.shop.shop_id, CHECKOUT_DAY, days(day_of(since), day_of(end) + ONE_DAY))


CHECKOUTS = incremental.Resource(
    NAME, "abandonedCheckouts", DOCUMENTS, "CheckoutsPage", PAGE_CHECKOUTS, _count, _page_rows, _look_over
)
