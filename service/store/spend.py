"""What was spent on campaigns, by day: imported from files, or planned by the initiatives of the OKR files.

Once a file tells what was spent on an initiative's campaign while it ran, that counts in place of its plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, case, delete, func, select

from service.periods import ONE_DAY, day_start, days
from service.store.changes import SPEND_DAY, new_batch
from service.store.pending import note_changed_days
from service.store.tables import ad_spend, instant_text
from service.store.upsert import Row, upsert
from service.values import Campaign, Coverage, Shop, Spent

NAME = "spend"
"""What stands for it among the connectors that a metric is counted from."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a file is not known yet, and what is known otherwise."""

    new: Sequence[Spent]
    altered: Sequence[Spent]

    @property
    def rows(self) -> Sequence[Spent]:
        return [*self.new, *self.altered]

    @property
    def days(self) -> Collection[date]:
        return {each.day for each in self.rows}


def compare(connection: Connection, shop: Shop, imported: Sequence[Spent]) -> Changes:
    """What importing these would change. Days and campaigns that are not among them stay as they are."""
    named = [each.day for each in imported]
    on_them = _IMPORTED & ad_spend.c.spend_date.between(min(named, default=None), max(named, default=None))
    known = {(each.day, each.campaign): each.amount_minor for each in _standing(connection, shop, on_them)}
    new = [each for each in imported if (each.day, each.campaign) not in known]
    old = [each for each in imported if (each.day, each.campaign) in known]
    return Changes(new, [each for each in old if known[each.day, each.campaign] != each.amount_minor])


def import_(connection: Connection, shop: Shop, imported: Sequence[Spent], *, now: datetime) -> Changes:
    """What was changed; the same a second time changes nothing."""
    new_batch(connection, shop.shop_id)  # one at a time: what is planned and what a file says depend on each other
    changes = compare(connection, shop, imported)
    if changes.rows:
        reach = _last_day(connection, shop.shop_id)
        upsert(connection, ad_spend, [_row(shop, each, now) for each in changes.rows])
        _note(connection, shop.shop_id, min(changes.days), reach)
        plan(connection, shop, _standing(connection, shop, _PLANNED), now=now)
    return changes


def plan(connection: Connection, shop: Shop, planned: Iterable[Spent], *, now: datetime) -> None:
    """Let all that initiatives plan to spend be this, except where a file says what was spent on their campaigns."""
    new_batch(connection, shop.shop_id)
    wanted = {id_: rows for id_, rows in _by_initiative(planned).items() if not _is_told(connection, shop, rows)}
    known = _by_initiative(_standing(connection, shop, _PLANNED))
    altered = [id_ for id_ in wanted.keys() | known.keys() if wanted.get(id_) != known.get(id_)]
    reach = _last_day(connection, shop.shop_id)
    is_gone = ad_spend.c.initiative_id.in_(altered) | (_PLANNED & (ad_spend.c.currency != shop.currency))
    connection.execute(delete(ad_spend).where(ad_spend.c.shop_id == shop.shop_id, is_gone))
    if altered:
        upsert(connection, ad_spend, [_row(shop, each, now) for id_ in altered for each in wanted.get(id_, ())])
        touched = {each.day for id_ in altered for each in wanted.get(id_, set()) ^ known.get(id_, set())}
        _note(connection, shop.shop_id, min(touched), reach)


def coverage(connection: Connection, shop: Shop) -> Coverage:
    """The days from the first to the last that spend is known for; files, where there are any, say how far."""
    c = ad_spend.c
    row = connection.execute(
        select(
            func.count().label("rows"),
            func.min(c.spend_date).label("first"),
            _LAST_DAY.label("last"),
            func.max(c.imported_at).label("imported_at"),
            func.max(case((c.currency != shop.currency, c.currency))).label("foreign"),
        ).where(c.shop_id == shop.shop_id)
    ).one()
    if not row.rows:
        return Coverage(NAME, None, None, 0, None, None, "no spend was imported: run okrsync spend import FILE")
    gap = ""
    if row.foreign:
        gap = f"spend was imported in {row.foreign}, and the shop counts in {shop.currency} now: import it again"
    begins, ends = day_start(row.first, shop.timezone), day_start(row.last + ONE_DAY, shop.timezone)
    return Coverage(NAME, begins, ends, row.rows, None, row.imported_at, gap)


def _note(connection: Connection, shop_id: int, first: date, reach: date | None) -> None:
    """Spend changed on that day: from then on sales may be credited otherwise, as far as spend is or was known."""
    last = max(day for day in (first, reach, _last_day(connection, shop_id)) if day)
    note_changed_days(connection, shop_id, SPEND_DAY, days(first, last + ONE_DAY), NAME)


def _last_day(connection: Connection, shop_id: int) -> date | None:
    """The last day that spend is known for."""
    found: date | None = connection.scalar(select(_LAST_DAY).where(ad_spend.c.shop_id == shop_id))
    return found


_IMPORTED = ad_spend.c.initiative_id == ""
_PLANNED = ad_spend.c.initiative_id != ""
_LAST_DAY = func.coalesce(
    func.max(case((_IMPORTED, ad_spend.c.spend_date))),
    func.max(ad_spend.c.spend_date),
    type_=ad_spend.c.spend_date.type,
)


def _standing(connection: Connection, shop: Shop, which: ColumnElement[bool]) -> list[Spent]:
    """Amounts in another currency than the shop's are none."""
    c = ad_spend.c
    rows = connection.execute(select(ad_spend).where(c.shop_id == shop.shop_id, c.currency == shop.currency, which))
    return [
        Spent(
            row.spend_date, Campaign(row.utm_source, row.utm_medium, row.utm_campaign), row.amount_minor,
            row.initiative_id,
        )
        for row in rows
    ]  # fmt: skip


def _by_initiative(planned: Iterable[Spent]) -> dict[str, set[Spent]]:
    in_order = sorted(planned, key=lambda each: each.initiative_id)
    return {id_: set(rows) for id_, rows in groupby(in_order, key=lambda each: each.initiative_id)}


def _is_told(connection: Connection, shop: Shop, planned: Collection[Spent]) -> bool:
    """Does a file speak of that initiative's campaign, of days on which it costs something?"""
    costly = sorted((each for each in planned if each.amount_minor), key=lambda each: each.day)
    if not costly:
        return False
    c = ad_spend.c
    in_time = c.spend_date.between(costly[0].day, costly[-1].day)
    mine = (c.shop_id == shop.shop_id) & (c.currency == shop.currency) & _IMPORTED & in_time
    rows = connection.execute(select(c.utm_source, c.utm_medium, c.utm_campaign).where(mine).distinct())
    return any(costly[0].campaign.meets(Campaign(*row)) for row in rows)


def _row(shop: Shop, spent: Spent, now: datetime) -> Row:
    campaign = spent.campaign
    return (
        shop.shop_id, spent.day.isoformat(), campaign.utm_source, campaign.utm_medium, campaign.utm_campaign,
        spent.initiative_id, spent.amount_minor, shop.currency, instant_text(now),
    )  # fmt: skip
