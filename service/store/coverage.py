"""What has been fully read and verified: the ground every answer stands on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection, func, select, update

from service.store.pending import facts_are_stale
from service.store.tables import backfill_slices, sync_runs, watermarks
from service.values import Coverage

FACTS_OF = "orders"
"""The connector whose rows are not counted before the facts derived from them are."""


def coverage(connection: Connection, shop_id: int, connector: str) -> Coverage:
    """What began from `covered_from` on is read, as it stood at `covered_to`; or why there is a gap."""
    c = backfill_slices.c
    row = connection.execute(
        select(
            func.min(c.visible_from).label("begins"),
            func.count().label("slices"),
            func.count(c.verified_at).label("verified"),
            func.coalesce(func.sum(c.rows), 0).label("rows"),
            func.coalesce(func.sum(c.expected_rows), 0).label("expected"),
            func.max(c.verified_at).label("verified_at"),
        ).where(c.shop_id == shop_id, c.connector == connector)
    ).one()
    position = connection.scalar(
        select(watermarks.c.position).where(watermarks.c.shop_id == shop_id, watermarks.c.connector == connector)
    )
    if not row.slices:
        return Coverage(connector, None, None, 0, None, None, _why_nothing(connection, shop_id, connector))
    gap = ""
    if row.verified < row.slices:
        gap = f"the backfill has verified {int(row.rows):,} of {int(row.expected):,} {connector}: run okrsync backfill"
    elif connector == FACTS_OF and facts_are_stale(connection, shop_id):
        gap = "orders that were read are not counted yet: run okrsync sync"
    return Coverage(connector, row.begins, position, int(row.rows), int(row.expected), row.verified_at, gap)


def _why_nothing(connection: Connection, shop_id: int, connector: str) -> str:
    """What a person said no to, in the words of the latest run; else what to do."""
    c = sync_runs.c
    last = connection.execute(
        select(c.outcome, c.error)
        .where(c.shop_id == shop_id, c.connector == connector, c.outcome != "running")
        .order_by(c.started_at.desc(), c.finished_at.desc())
        .limit(1)
    ).one_or_none()
    if last and last.outcome == "rests":
        return f"{connector} cannot be read: {last.error}"
    return f"no {connector} have been read yet: run okrsync backfill"


def record_allowances(connection: Connection, shop_id: int, allowances: Mapping[str, timedelta]) -> None:
    """Until when each connector's position is as new as its schedule wants it, for whoever reads the database alone."""
    c = watermarks.c
    mine = select(c.connector, c.position).where(c.shop_id == shop_id, c.connector.in_(allowances))
    for connector, position in connection.execute(mine).all():
        is_it = (c.shop_id == shop_id) & (c.connector == connector) & (c.position == position)
        connection.execute(update(watermarks).where(is_it).values(overdue_at=position + allowances[connector]))
