"""A run is a row: what `status`, the log and the dashboard read."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from service.errors import NeedsAPerson, OkrsyncError, TryAgain
from service.store.tables import sync_runs
from service.values import Watermark

Outcome = Literal["running", "done", "interrupted", "rests", "failed"]


def outcome_of(trouble: OkrsyncError) -> Outcome:
    """How a run ends that met this trouble."""
    if isinstance(trouble, TryAgain):
        return "interrupted"
    return "rests" if isinstance(trouble, NeedsAPerson) else "failed"


def start(
    connection: Connection, shop_id: int, connector: str, kind: str, *, now: datetime, watermark: datetime | None
) -> str:
    """The id of a new run."""
    run_id = uuid.uuid4().hex
    connection.execute(
        sync_runs.insert().values(
            shop_id=shop_id,
            run_id=run_id,
            connector=connector,
            kind=kind,
            started_at=now,
            outcome="running",
            rows=0,
            rows_changed=0,
            watermark_before=watermark,
            watermark_after=watermark,
        )
    )
    return run_id


def progress(
    connection: Connection, shop_id: int, run_id: str, rows: int, changed: int, moved: Watermark | None = None
) -> None:
    """Add what a batch landed, in the batch's own transaction."""
    values = {"rows": sync_runs.c.rows + rows, "rows_changed": sync_runs.c.rows_changed + changed}
    if moved:
        values["watermark_after"] = moved.position  # type: ignore[assignment]
    connection.execute(
        update(sync_runs).where(sync_runs.c.shop_id == shop_id, sync_runs.c.run_id == run_id).values(**values)
    )


def finish(
    connection: Connection, shop_id: int, run_id: str, outcome: Outcome, *, now: datetime, error: str | None = None
) -> None:
    connection.execute(
        update(sync_runs)
        .where(sync_runs.c.shop_id == shop_id, sync_runs.c.run_id == run_id)
        .values(outcome=outcome, finished_at=now, error=error)
    )


def close_abandoned(connection: Connection, shop_id: int, connector: str, *, now: datetime) -> None:
    """Runs that a killed process left open: the holder of the lease knows that none is under way."""
    connection.execute(
        update(sync_runs)
        .where(sync_runs.c.shop_id == shop_id, sync_runs.c.connector == connector, sync_runs.c.outcome == "running")
        .values(outcome="interrupted", finished_at=now, error="the process ended without finishing")
    )


def totals(connection: Connection, shop_id: int, run_id: str) -> tuple[int, int]:
    """Rows read, and rows changed, by a run."""
    c = sync_runs.c
    read, changed = connection.execute(
        select(c.rows, c.rows_changed).where(c.shop_id == shop_id, c.run_id == run_id)
    ).one()
    return read, changed


def reaches(connection: Connection, shop_id: int, known_at: datetime) -> dict[str, datetime]:
    """Up to where each connector had read at that moment, by the runs that had ended."""
    c = sync_runs.c
    rows = connection.execute(
        select(c.connector, c.watermark_after)
        .where(c.shop_id == shop_id, c.finished_at <= known_at, c.watermark_after.is_not(None))
        .order_by(c.finished_at, c.started_at, c.watermark_after)
    )
    return {connector: position for connector, position in rows}  # noqa: C416 (rows are not pairs to the type checker)
