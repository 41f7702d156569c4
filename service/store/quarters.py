"""What people did with a quarter: its state, values set by hand, changed targets, its close, what became known later.

Nothing here is ever overwritten: a state has versions, everything else is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from service.store import restating
from service.store.results import judgement
from service.store.tables import closings, key_result_values, plan_states, restatements, target_changes
from service.store.versions import Change, record
from service.values import CheckIn, HandSet

# --- state ---------------------------------------------------------------------------------------------------------


def state_of(connection: Connection, shop_id: int, quarter: str) -> str | None:
    """The state last written; None while there is none."""
    c = plan_states.c
    found: str | None = connection.scalar(
        select(c.state).where(c.shop_id == shop_id, c.quarter == quarter, c.superseded_at.is_(None))
    )
    return found


def waiting(connection: Connection, shop_id: int, known_at: datetime) -> Mapping[str, datetime]:
    """The quarters that waited for their close then, and since when."""
    c = plan_states.c
    stood = (c.observed_at <= known_at) & (c.superseded_at.is_(None) | (c.superseded_at > known_at))
    rows = connection.execute(
        select(c.quarter, c.waits_at).where(c.shop_id == shop_id, c.waits_at <= known_at, stood).order_by(c.quarter)
    )
    return {quarter: waits_at for quarter, waits_at in rows}  # noqa: C416 (rows are not pairs to the type checker)


def record_state(
    connection: Connection, shop_id: int, quarter: str, state: str, because: str, *,
    waits_at: datetime | None, now: datetime,
) -> bool:  # fmt: skip
    """Whether the state is another one than before."""
    scope = (plan_states.c.shop_id == shop_id) & (plan_states.c.quarter == quarter)
    row = {"shop_id": shop_id, "quarter": quarter, "state": state, "because": because, "waits_at": waits_at}
    changes = record(connection, plan_states, scope, [row], now=now)
    return any(change.old is None or change.old["state"] != state for change in changes)


# --- values set by hand --------------------------------------------------------------------------------------------


def set_value(
    connection: Connection, shop_id: int, quarter: str, key_result_id: str, value: Decimal, *,
    on: date, note: str, now: datetime,
) -> None:  # fmt: skip
    """A value that holds from that shop day on, until another does."""
    connection.execute(
        insert(key_result_values).values(
            shop_id=shop_id, quarter=quarter, key_result_id=key_result_id, on_date=on, set_at=now, value=value,
            note=note,
        )
    )  # fmt: skip


def values_set(
    connection: Connection, shop_id: int, quarter: str, *, known_at: datetime | None = None
) -> Mapping[str, Sequence[HandSet]]:
    """By key result id, every value that was set, in the order of their days."""
    c = key_result_values.c
    rows = connection.execute(
        select(c.key_result_id, c.value, c.on_date, c.set_at, c.note)
        .where(c.shop_id == shop_id, c.quarter == quarter, *([c.set_at <= known_at] if known_at else []))
        .order_by(c.key_result_id, c.on_date, c.set_at)
    )
    found: dict[str, list[HandSet]] = {}
    for key_result_id, value, on_date, set_at, note in rows:
        found.setdefault(key_result_id, []).append(HandSet(value, on_date, set_at, note))
    return found


# --- changed targets -----------------------------------------------------------------------------------------------


def record_target_change(connection: Connection, shop_id: int, quarter: str, **change: Any) -> None:
    """Old and new baseline, target and definition, with the reason."""
    connection.execute(insert(target_changes).values(shop_id=shop_id, quarter=quarter, **change))


# --- the close -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of a key result when its quarter is closed."""

    final_score: Decimal | None
    score_reason: str | None
    root_cause: str | None
    learning: str | None
    next_step: str


@dataclass(frozen=True, slots=True)
class Closing:
    """A key result as its quarter was closed."""

    key_result_id: str
    closed_at: datetime
    as_of_date: date
    value: Decimal | None
    status: str
    final_score: Decimal | None
    next_step: str


def close(connection: Connection, shop_id: int, reading: CheckIn, verdict: Verdict, *, now: datetime) -> None:
    """Freeze a key result; a second time is refused by the key."""
    connection.execute(
        insert(closings).values(
            shop_id=shop_id, quarter=reading.quarter, key_result_id=reading.key_result_id, closed_at=now,
            as_of_date=reading.as_of_date, **judgement(reading), **asdict(verdict),
        )
    )  # fmt: skip


def closings_of(connection: Connection, shop_id: int, quarter: str) -> Mapping[str, Closing]:
    """By key result id; empty while the quarter is open."""
    c = closings.c
    rows = connection.execute(
        select(
            c.key_result_id, c.closed_at, c.as_of_date, c.value, c.status, c.final_score, c.next_step
        ).where(c.shop_id == shop_id, c.quarter == quarter)
    )  # fmt: skip
    return {row.key_result_id: Closing(*row) for row in rows}


def restated_since(connection: Connection, shop_id: int, quarter: str, known_at: datetime) -> Mapping[str, str]:
    """By key result id, what became of its last day after the quarter was closed: the cause of the newest change."""
    r, c = restatements.c, closings.c
    rows = connection.execute(
        select(r.name, r.cause)
        .join(closings, (c.shop_id == r.shop_id) & (c.quarter == r.quarter) & (c.key_result_id == r.name))
        .where(r.shop_id == shop_id, r.quarter == quarter, r.about == "key_result", r.restated_date == c.as_of_date)
        .where(r.observed_at > c.closed_at, r.observed_at <= known_at)
        .order_by(r.observed_at)
    )
    return {name: cause for name, cause in rows}  # noqa: C416 (rows are not pairs to the type checker)


# --- what became known later ---------------------------------------------------------------------------------------


def record_restatements(connection: Connection, changes: Iterable[Change], cause: str) -> int:
    """A row for each changed reading of a key result."""
    rows = [
        {
            "shop_id": new["shop_id"], "about": "key_result", "name": new["key_result_id"], "quarter": new["quarter"],
            "restated_date": new["as_of_date"], "observed_at": new["observed_at"],
            "old_value": old["value"], "new_value": new["value"],
            "old_attainment": old["attainment"], "new_attainment": new["attainment"],
            "old_status": old["status"], "new_status": new["status"], "cause": cause,
        }
        for old, new in ((change.old, change.new) for change in changes)
        if old is not None
    ]  # fmt: skip
    return restating.record(connection, rows)
