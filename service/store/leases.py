"""Who may work on a shop's connector: one row, one owner, and a fence that every later owner raises.

A process that dies leaves its lease behind. On the same machine the next one sees that the process is gone and takes
over at once; anywhere else it waits for the lease to run out.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, select, update

from service.errors import Busy
from service.store.tables import leases
from service.store.upsert import put_if_absent

LIFE = timedelta(minutes=3)
"""Longer than the slowest single step between two renewals (a download, a rebuild of the facts)."""


@dataclass(slots=True)
class Lease:
    """A held lease. `renew` inside the transaction that writes, so that a lost lease writes nothing."""

    shop_id: int
    name: str
    owner: str
    fence: int

    def is_mine(self) -> ColumnElement[bool]:
        """The lease's row, while nobody else has taken it."""
        return (
            (leases.c.shop_id == self.shop_id)
            & (leases.c.name == self.name)
            & (leases.c.owner == self.owner)
            & (leases.c.fence == self.fence)
        )

    def renew(self, connection: Connection, now: datetime) -> None:
        renewed = connection.execute(update(leases).where(self.is_mine()).values(expires_at=now + LIFE))
        if renewed.rowcount != 1:
            raise Busy("another process has taken over", about=self.name)


def this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _is_gone(owner: str) -> bool:
    """Is the owner a process of this machine that no longer runs? Unknown counts as running."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(int(rest)) != owner.rpartition(":")[2]


def _started(pid: int) -> str:
    """When the kernel started the process, in its own ticks, so that a reused number is not taken for the owner."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


@contextmanager
def lease(engine: Engine, shop_id: int, name: str, now: datetime) -> Iterator[Lease]:
    """Hold the lease `name` of a shop. Raises Busy while another living process holds it."""
    with engine.begin() as connection:
        held = _take(connection, shop_id, name, now)
    try:
        yield held
    finally:
        with engine.begin() as connection:
            # The row stays, so that the fence never starts again.
            connection.execute(update(leases).where(held.is_mine()).values(owner="", expires_at=now))


def revoke(connection: Connection, shop_id: int, but: str) -> None:
    """Whoever holds another lease of the shop than `but` writes nothing any more; what they are writing comes first."""
    others = (leases.c.shop_id == shop_id) & (leases.c.name != but)
    connection.execute(update(leases).where(others).values(owner="", fence=leases.c.fence + 1))


def names(connection: Connection, shop_id: int) -> set[str]:
    """Every lease of the shop that was ever held."""
    return set(connection.scalars(select(leases.c.name).where(leases.c.shop_id == shop_id)))


def _take(connection: Connection, shop_id: int, name: str, now: datetime) -> Lease:
    me = this_process()
    row = _locked(connection, shop_id, name, now)
    if row.owner and row.expires_at > now and not _is_gone(row.owner):
        raise Busy(
            f"{row.owner.rpartition(':')[0]} is working on it",
            about=name,
            hint=f"wait for it, or until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC if it died",
        )
    fence = row.fence + 1
    connection.execute(
        update(leases)
        .where(leases.c.shop_id == shop_id, leases.c.name == name)
        .values(owner=me, expires_at=now + LIFE, fence=fence)
    )
    return Lease(shop_id, name, me, fence)


def _locked(connection: Connection, shop_id: int, name: str, now: datetime) -> Row[Any]:
    """The row, locked, and made first where there is none: two who come at the same time queue for it.

    On SQLite the transaction already holds the only write lock.
    """
    found = select(leases).where(leases.c.shop_id == shop_id, leases.c.name == name).with_for_update()
    while (row := connection.execute(found).one_or_none()) is None:
        free = {"shop_id": shop_id, "name": name, "owner": "", "expires_at": now, "fence": 0}
        put_if_absent(connection, leases, free)
    return row
