"""Fault drills at the other end: the database is full, held by somebody, or goes away in the middle.

Whatever it was, it is told in words, nothing is claimed that is not there, and once the trouble is over the database
holds what an undisturbed run would have left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from service.demo.model import World
from service.demo.server import Seen
from service.errors import Busy, NeedsAPerson, Unreachable
from service.pipeline import Sizes
from tests.metrics.little_world import little_world
from tests.shop import (
    OpenShop,
    WatchedStore,
    broken_claims,
    differences,
    done,
    dump,
    on_postgresql,
    on_sqlite,
    open_shop,
    world_dump,
)

SIZES = Sizes(slice_rows=15, batch_lines=40, window_rows=8)


@pytest.fixture(scope="module")
def world() -> World:
    return little_world(0, orders=40, customers=15)


@pytest.fixture
def shop(world: World, database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(world, database_url, tmp_path, sizes=SIZES) as shop:
        yield shop


def assert_all_is_well(shop: OpenShop) -> None:
    assert broken_claims(shop) == []
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert shop.coverage.gap == ""


def before_commit(engine: Engine, number: int, happen: Callable[[], None]) -> None:
    """Something happens just before that commit, once."""
    seen = 0

    @event.listens_for(engine, "commit")
    def _count(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            happen()


# --- no room -------------------------------------------------------------------------------------------------------


def allow_pages(engine: Engine, pages: int) -> None:
    """A database file may not grow beyond that many pages: SQLite then says that the disk is full."""

    @event.listens_for(engine, "checkout")
    def _limit(connection: object, _record: object, _proxy: object) -> None:
        connection.cursor().execute(f"pragma max_page_count = {pages}")  # type: ignore[attr-defined]


@on_sqlite
@pytest.mark.parametrize("room", [0, 1, 2, 4, 6])
def test_a_full_disk(shop: OpenShop, room: int) -> None:
    [[pages]] = shop.sql("pragma page_count")
    allow_pages(shop.engine, pages + room)
    with pytest.raises(NeedsAPerson, match="no room left"):
        done(shop.backfill())
    assert broken_claims(shop) == []
    shop.later(minutes=5)  # the lease could not be given back
    allow_pages(shop.engine, 1_000_000)
    done(shop.backfill())
    assert_all_is_well(shop)


@on_postgresql
def test_a_server_without_room(shop: OpenShop) -> None:
    """The server says so as it does when its disk is full."""
    with shop.engine.begin() as connection:
        connection.execute(
            text(
                "create function refuse() returns trigger language plpgsql as "
                "$$ begin raise exception 'could not extend file' using errcode = '53100'; end $$"
            )
        )
        connection.execute(text("create trigger full_disk before insert on order_sales execute function refuse()"))
    with pytest.raises(NeedsAPerson, match="no room left"):
        done(shop.backfill())
    assert broken_claims(shop) == []
    with shop.engine.begin() as connection:
        connection.execute(text("drop function refuse() cascade"))
    done(shop.backfill())
    assert_all_is_well(shop)


# --- a database that goes away -------------------------------------------------------------------------------------


@on_postgresql
@pytest.mark.parametrize("commit", [2, 5, 9, 14, 20])
def test_a_server_that_ends_every_connection(shop: OpenShop, commit: int) -> None:
    """As a restart does; in the middle of a transaction. A slice that was being read is read again at once."""

    def end_all() -> None:
        with shop.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as other:
            other.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
            )

    before_commit(shop.engine, commit, end_all)
    is_in_a_slice = commit > 5
    with nullcontext() if is_in_a_slice else pytest.raises(Unreachable, match="connection was lost"):
        done(shop.backfill())
    assert broken_claims(shop) == []
    done(shop.backfill())
    assert_all_is_well(shop)


# --- a database somebody else holds --------------------------------------------------------------------------------


def shorten_patience(engine: Engine) -> None:
    @event.listens_for(engine, "checkout")
    def _shorten(connection: object, _record: object, _proxy: object) -> None:
        connection.cursor().execute("pragma busy_timeout = 50")  # type: ignore[attr-defined]


@on_sqlite
@pytest.mark.parametrize("answered", [3, 7, 12])
def test_a_file_somebody_holds_too_long(shop: OpenShop, answered: int) -> None:
    """A backup, or a person in an editor: we wait, and when that takes too long we say who is in the way."""
    shorten_patience(shop.engine)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with shop.engine.begin():
            held.set()
            let_go.wait(30)

    def hold_until_let_go(_seen: Seen) -> None:
        if len(store.requests) == answered:
            holder.start()
            held.wait(30)

    holder = threading.Thread(target=hold)
    store = shop.store
    assert isinstance(store, WatchedStore)
    store.on_answer = hold_until_let_go
    try:
        with pytest.raises(Busy, match="holds the database"):
            done(shop.backfill())
    finally:
        let_go.set()
        holder.join()
    assert broken_claims(shop) == []
    shop.later(minutes=5)  # the lease could not be given back
    done(shop.backfill())
    assert_all_is_well(shop)
