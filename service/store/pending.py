"""What must be computed again because late changes touched it: a note that lands with the rows that caused it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, select, update

from service.store import changes, facts
from service.store.engine import reading
from service.store.tables import pending_work


def note_touched(
    connection: Connection,
    shop_id: int,
    touched_from: date | None,
    *,
    is_facts_stale: bool = False,
    is_written_down: bool = False,
) -> int:
    """The batch in which it is remembered, in the caller's transaction, from which shop day on answers may differ.

    `is_written_down`: what changed stands row by row or day by day in the tables of changes; else every metric is
    measured again from that day on.
    """
    # Connectors land at the same time: each waits for the other's note instead of writing over it.
    batch = changes.new_batch(connection, shop_id)
    mine = pending_work.c.shop_id == shop_id
    known = connection.execute(select(pending_work).where(mine)).one()
    touched_all_from = None if is_written_down else touched_from
    values = {
        "measure_from": _earlier(known.measure_from, touched_from),
        "measure_all_from": _earlier(known.measure_all_from, touched_all_from),
        "is_facts_stale": known.is_facts_stale or is_facts_stale,
    }
    connection.execute(update(pending_work).where(mine).values(values))
    return batch


def note_changed_days(
    connection: Connection, shop_id: int, basis: str, days: Collection[date], cause: str = ""
) -> None:
    """Remember, in the caller's transaction, that the answers of those days may differ, and no others' own."""
    if days:
        batch = note_touched(connection, shop_id, min(days), is_written_down=True)
        changes.note_days(connection, shop_id, batch, basis, days, cause)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day), default=None)


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
    all_since: date | None = None  # as far as it is not written down what changed


def touched(connection: Connection, shop_id: int) -> Touched:
    row = connection.execute(select(pending_work).where(pending_work.c.shop_id == shop_id)).one_or_none()
    return Touched(row.measure_from, row.notes, row.measure_all_from) if row else Touched(None, 0)


def clear(connection: Connection, shop_id: int, seen: Touched) -> None:
    """Readings are up to date with what was `seen`; a note added since stays."""
    mine = (pending_work.c.shop_id == shop_id) & (pending_work.c.notes == seen.notes)
    connection.execute(update(pending_work).where(mine).values(measure_from=None, measure_all_from=None))
    changes.forget(connection, shop_id, seen.notes)
