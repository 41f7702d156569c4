"""What must be computed again because late changes touched it: a note that lands with the rows that caused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, select, update

from service.store import facts
from service.store.engine import reading
from service.store.tables import pending_work
from service.store.upsert import put_if_absent


def note_touched(
    connection: Connection, shop_id: int, touched_from: date | None, *, is_facts_stale: bool = False
) -> None:
    """Remember, in the caller's transaction, from which shop day on answers may differ."""
    mine = pending_work.c.shop_id == shop_id
    first = {"shop_id": shop_id, "measure_from": None, "notes": 0, "is_facts_stale": False}
    put_if_absent(connection, pending_work, first)
    # Connectors land at the same time: each waits for the other's note instead of writing over it.
    known = connection.execute(select(pending_work).where(mine).with_for_update()).one()
    values = {
        "measure_from": min((day for day in (known.measure_from, touched_from) if day), default=None),
        "notes": known.notes + 1,
        "is_facts_stale": known.is_facts_stale or is_facts_stale,
    }
    connection.execute(update(pending_work).where(mine).values(values))


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


@dataclass(frozen=True, slots=True)
class Touched:
    """From which shop day on answers may differ (None: all readings stand), and by how many notes that is known."""

    since: date | None
    notes: int


def touched(connection: Connection, shop_id: int) -> Touched:
    row = connection.execute(select(pending_work).where(pending_work.c.shop_id == shop_id)).one_or_none()
    return Touched(row.measure_from, row.notes) if row else Touched(None, 0)


def clear(connection: Connection, shop_id: int, seen: Touched) -> None:
    """Readings are up to date with what was `seen`; a note added since stays."""
    mine = (pending_work.c.shop_id == shop_id) & (pending_work.c.notes == seen.notes)
    connection.execute(update(pending_work).where(mine).values(measure_from=None))
