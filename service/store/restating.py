"""Past answers that changed, each with what it was, what it is and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from service.store.tables import restatements
from service.store.upsert import put_all

_WAS = ("old_value", "old_attainment", "old_status")


def record(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many were written. Of two for the same answer within one second it was what the first says, and is what the
    second says: nothing else was ever known.
    """
    keys = [column.name for column in restatements.primary_key]
    whole = [{"quarter": "", "segment": "", "window_kind": "", **row} for row in rows]
    put_all(connection, restatements, keys, whole, keep=_WAS)
    return len(rows)
