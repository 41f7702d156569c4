"""What a version of a custom metric meant when it was first used: its meaning may not change under old values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from service.store.tables import metric_definitions

Definition = tuple[str, int]
"""A metric and a version of it."""


def used(connection: Connection) -> dict[Definition, tuple[str, datetime]]:
    """The fingerprint of every definition that any shop has readings of, and when the first were recorded."""
    c = metric_definitions.c
    rows = select(c.metric, c.metric_version, c.fingerprint, c.first_used_at).order_by(c.first_used_at.desc())
    return {(row.metric, row.metric_version): (row.fingerprint, row.first_used_at) for row in connection.execute(rows)}


def record(connection: Connection, shop_id: int, fingerprints: Mapping[Definition, str], *, now: datetime) -> None:
    """A row for each definition the shop uses for the first time; whoever calls holds the shop's lease."""
    c = metric_definitions.c
    stored = select(c.metric, c.metric_version).where(c.shop_id == shop_id)
    known = {(row.metric, row.metric_version) for row in connection.execute(stored)}
    rows = [
        {"shop_id": shop_id, "metric": id_, "metric_version": version, "fingerprint": found, "first_used_at": now}
        for (id_, version), found in fingerprints.items()
        if (id_, version) not in known
    ]
    if rows:
        connection.execute(metric_definitions.insert(), rows)
