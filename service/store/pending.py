"""What must be computed again because late changes touched it: a note that lands with the rows that caused it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection, Engine, select, update

from service.store import facts
from service.store.engine import reading
from service.store.tables import pending_work
from service.store.upsert import put


def note_touched(
    connection: Connection, shop_id: int, touched_from: date | None, *, is_facts_stale: bool = False
) -> None:
    """Remember, in the caller's transaction, from which shop day on answers may differ."""
    known = connection.execute(
        select(pending_work.c.measure_from, pending_work.c.is_facts_stale).where(pending_work.c.shop_id == shop_id)
    ).one_or_none()
    before, was_stale = known if known else (None, False)
    values = {
        "shop_id": shop_id,
        "measure_from": min((day for day in (before, touched_from) if day), default=None),
        "is_facts_stale": was_stale or is_facts_stale,
    }
    put(connection, pending_work, ["shop_id"], values)


def facts_are_stale(connection: Connection, shop_id: int) -> bool:
    return bool(connection.scalar(select(pending_work.c.is_facts_stale).where(pending_work.c.shop_id == shop_id)))


def catch_up(engine: Engine, shop_id: int, renew: Callable[[Connection], None]) -> bool:
    """Rebuild the facts if a backfill left them behind; whether it had. `renew` proves the lease in the same breath."""
    with reading(engine) as connection:
        if not facts_are_stale(connection, shop_id):
            return False
    facts.tell_planner(engine)
    with engine.begin() as connection:
        renew(connection)
        note_touched(connection, shop_id, facts.rebuild(connection, shop_id))
        connection.execute(update(pending_work).where(pending_work.c.shop_id == shop_id).values(is_facts_stale=False))
    facts.tell_planner(engine)
    return True


def measure_from(connection: Connection, shop_id: int) -> date | None:
    """The earliest shop day to measure again, None when all readings stand."""
    return connection.scalar(select(pending_work.c.measure_from).where(pending_work.c.shop_id == shop_id))


def clear_measure_from(connection: Connection, shop_id: int) -> None:
    connection.execute(update(pending_work).where(pending_work.c.shop_id == shop_id).values(measure_from=None))
