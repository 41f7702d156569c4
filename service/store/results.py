"""What the numbers were and how they were judged: readings, goals, check-ins and changes of status.

Readings and goals keep every version, so that what was known at any moment can be told; a check-in is what was
published and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select

from service.store.tables import (
    check_ins,
    forecasts,
    instant_text,
    key_result_readings,
    key_results,
    status_changes,
)
from service.store.upsert import Row, put
from service.store.versions import Change, record, retire, versions_standing
from service.values import CheckIn, Status


def _text(value: Any) -> Any:
    """What the drivers take as it is: see `upsert`."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return instant_text(value)
    return value.isoformat() if isinstance(value, date) else value


def as_row(*values: Any) -> Row:
    return tuple(map(_text, values))


# --- key results ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredGoal:
    """A baseline and a target as they were resolved, and what they were resolved for."""

    definition: str
    baseline: Decimal | None
    target: Decimal | None
    baseline_observed_at: datetime | None
    metric: str
    segment: str
    population: str
    window_kind: str
    form: str
    baseline_rule: str
    target_rule: str
    target_reason: str | None


def stored_goals(connection: Connection, shop_id: int, quarter: str) -> dict[str, StoredGoal]:
    """By key result id."""
    names = [field.name for field in fields(StoredGoal)]
    rows = versions_standing(connection, key_results, _of(key_results, shop_id, quarter))
    return {row["key_result_id"]: StoredGoal(**{name: row[name] for name in names}) for row in rows}


def record_key_results(
    connection: Connection,
    shop_id: int,
    quarter: str,
    first: date,
    last: date,
    rows: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """The key results of a quarter, in the order of their file; those no longer in it stand no more, check-ins stay.

    Readings and forecasts of days outside `first` to `last` go too: they are left from when the quarter lay elsewhere.
    What a row leaves out stays as it was.
    """
    kept = [row["key_result_id"] for row in rows]
    for table in (key_result_readings, forecasts, key_results):
        gone = _of(table, shop_id, quarter) & table.c.key_result_id.not_in(kept)
        retire(connection, table, gone, now=now)
    for table in (key_result_readings, forecasts):
        elsewhere = (table.c.as_of_date < first) | (table.c.as_of_date > last)
        retire(connection, table, _of(table, shop_id, quarter) & elsewhere, now=now)
    versions = [{"shop_id": shop_id, "quarter": quarter, "position": n, **row} for n, row in enumerate(rows)]
    record(connection, key_results, _of(key_results, shop_id, quarter), versions, now=now)


def _of(table: Table, shop_id: int, quarter: str) -> ColumnElement[bool]:
    return (table.c.shop_id == shop_id) & (table.c.quarter == quarter)


def last_reading_date(connection: Connection, shop_id: int, quarter: str, key_result_id: str) -> date | None:
    """The newest day the key result was judged for."""
    c = key_result_readings.c
    found: date | None = connection.scalar(
        select(func.max(c.as_of_date)).where(
            c.shop_id == shop_id, c.quarter == quarter, c.key_result_id == key_result_id, c.superseded_at.is_(None)
        )
    )
    return found


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a reading said, without its numbers."""

    status: Status
    attainment: Decimal | None
    expected_progress: Decimal | None


def readings_before(
    connection: Connection, shop_id: int, quarter: str, key_result_id: str, day: date, limit: int = 3
) -> list[Earlier]:
    """The newest readings of the days before, newest first."""
    c = key_result_readings.c
    rows = connection.execute(
        select(c.status, c.attainment, c.expected_progress)
        .where(c.shop_id == shop_id, c.quarter == quarter, c.key_result_id == key_result_id, c.as_of_date < day)
        .where(c.superseded_at.is_(None))
        .order_by(c.as_of_date.desc())
        .limit(limit)
    )
    return [Earlier(*row) for row in rows]


def record_readings(
    connection: Connection, shop_id: int, readings: Sequence[tuple[CheckIn, datetime | None]], *, now: datetime
) -> list[Change]:
    """Readings with the moment after which each no longer tells how things stand; those that are new or differ."""
    changes: list[Change] = []
    for (quarter, key_result_id), group in groupby(readings, key=lambda pair: (pair[0].quarter, pair[0].key_result_id)):
        rows = [_reading_row(shop_id, reading, fresh_until) for reading, fresh_until in group]
        c = key_result_readings.c
        scope = (
            _of(key_result_readings, shop_id, quarter)
            & (c.key_result_id == key_result_id)
            & c.as_of_date.between(rows[0]["as_of_date"], rows[-1]["as_of_date"])
        )
        changes += record(connection, key_result_readings, scope, rows, now=now)
    return changes


def _reading_row(shop_id: int, r: CheckIn, fresh_until: datetime | None) -> dict[str, Any]:
    return {
        "shop_id": shop_id, "quarter": r.quarter, "key_result_id": r.key_result_id, "as_of_date": r.as_of_date,
        **judgement(r), "fresh_until": fresh_until,
    }  # fmt: skip


def judgement(r: CheckIn) -> dict[str, Any]:
    """The columns that readings, check-ins and closings have in common."""
    return {
        "value": r.value, "value_low": r.value_low, "value_high": r.value_high, "attainment": r.attainment,
        "progress": r.progress, "expected_progress": r.expected_progress, "status": r.status,
        "explanation": r.explanation, "data_as_of": r.data_as_of,
    }  # fmt: skip


def record_status(connection: Connection, shop_id: int, newest: CheckIn, *, now: datetime) -> bool:
    """Write a status change if the newest reading's status is not the last one written; whether it was."""
    c = status_changes.c
    here = (c.shop_id == shop_id) & (c.quarter == newest.quarter) & (c.key_result_id == newest.key_result_id)
    before = connection.scalar(select(c.new_status).where(here).order_by(c.changed_at.desc()).limit(1))
    if before == newest.status:
        return False
    put(
        connection,
        status_changes,
        ["shop_id", "quarter", "key_result_id", "changed_at"],
        {
            "shop_id": shop_id,
            "quarter": newest.quarter,
            "key_result_id": newest.key_result_id,
            "changed_at": now,
            "old_status": before,
            "new_status": newest.status,
            "as_of_date": newest.as_of_date,
            "explanation": newest.explanation,
        },
    )
    return True


def publish_check_in(
    connection: Connection, shop_id: int, reading: CheckIn, *, due_at: datetime, now: datetime
) -> bool:
    """Write the check-in of a scheduled moment unless it stands; one that stands is never changed."""
    return _check_in(connection, shop_id, reading, checked_in_at=due_at, published_at=now, is_by_hand=False)


def write_check_in(
    connection: Connection, shop_id: int, reading: CheckIn, *, confidence: Decimal | None, note: str | None,
    now: datetime,
) -> bool:  # fmt: skip
    """Write a person's check-in of this moment; False when one of this very second stands."""
    words = {"confidence": confidence, "note": note}
    return _check_in(connection, shop_id, reading, checked_in_at=now, published_at=now, is_by_hand=True, **words)


def _check_in(connection: Connection, shop_id: int, reading: CheckIn, *, checked_in_at: datetime, **more: Any) -> bool:
    c = check_ins.c
    standing = connection.scalar(
        select(func.count()).where(
            c.shop_id == shop_id,
            c.quarter == reading.quarter,
            c.key_result_id == reading.key_result_id,
            c.checked_in_at == checked_in_at,
        )
    )
    if standing:
        return False
    connection.execute(
        insert(check_ins).values(
            shop_id=shop_id, quarter=reading.quarter, key_result_id=reading.key_result_id, checked_in_at=checked_in_at,
            as_of_date=reading.as_of_date, baseline=reading.baseline, target=reading.target, **judgement(reading),
            **more,
        )
    )  # fmt: skip
    return True
