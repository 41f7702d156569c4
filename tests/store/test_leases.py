"""One owner at a time; the dead are succeeded at once, the silent after a while, and the deposed write nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, insert, select

from service.errors import Busy
from service.store.leases import LIFE, Lease, lease, revoke, this_process
from service.store.tables import leases
from tests.shop import instant

NOW = instant("2026-07-10 08:00")


def held_by(database: Engine, owner: str) -> None:
    with database.begin() as connection:
        connection.execute(insert(leases).values(shop_id=1, name="orders", owner=owner, expires_at=NOW + LIFE, fence=4))


def take(database: Engine, now: object = NOW) -> int:
    with lease(database, 1, "orders", now) as held:  # type: ignore[arg-type]
        return held.fence


def test_a_free_lease_is_taken_and_given_back(database: Engine) -> None:
    with lease(database, 1, "orders", NOW) as held, database.connect() as connection:
        row = connection.execute(select(leases)).one()
        assert (row.owner, row.expires_at, row.fence) == (this_process(), NOW + LIFE, held.fence)
    with database.connect() as connection:
        row = connection.execute(select(leases)).one()
        assert (row.owner, row.fence) == ("", held.fence)  # the fence never starts again


def test_it_is_given_back_after_trouble_too(database: Engine) -> None:
    def work() -> None:
        with lease(database, 1, "orders", NOW):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert take(database) == 2


def test_a_living_owner_is_left_alone(database: Engine) -> None:
    with (
        lease(database, 1, "orders", NOW),
        pytest.raises(Busy, match="is working on it") as caught,
        lease(database, 1, "orders", NOW),
    ):
        pass
    assert socket.gethostname() in caught.value.message
    assert "2026-07-10 08:03:00 UTC" in caught.value.hint


def test_other_shops_and_connectors_are_free(database: Engine) -> None:
    with lease(database, 1, "orders", NOW), lease(database, 2, "orders", NOW), lease(database, 1, "checkouts", NOW):
        pass


def test_a_dead_process_of_this_machine_is_succeeded_at_once(database: Engine) -> None:
    program = "from service.store.leases import this_process; print(this_process())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    held_by(database, dead)
    assert take(database) == 5


def test_a_reused_process_number_is_not_taken_for_the_owner(database: Engine) -> None:
    host, pid, _started = this_process().rsplit(":", 2)
    held_by(database, f"{host}:{pid}:1")
    assert take(database) == 5


@pytest.mark.parametrize("owner", ["elsewhere:1:1", "nonsense", f"{socket.gethostname()}:1:x:y"])
def test_an_owner_we_cannot_see_is_waited_for(database: Engine, owner: str) -> None:
    held_by(database, owner)
    with pytest.raises(Busy):
        take(database)
    assert take(database, NOW + LIFE) == 5


def test_whoever_was_deposed_writes_nothing(database: Engine) -> None:
    with lease(database, 1, "orders", NOW) as sleeper:
        with database.begin() as connection:
            connection.execute(leases.update().values(owner="elsewhere:1:1", fence=sleeper.fence + 1))
        with database.begin() as connection, pytest.raises(Busy, match="taken over"):
            sleeper.renew(connection, NOW)
    with database.connect() as connection:
        assert connection.scalar(select(leases.c.owner)) == "elsewhere:1:1", "not ours to give back"


def test_renewing_prolongs(database: Engine) -> None:
    with lease(database, 1, "orders", NOW) as held:
        with database.begin() as connection:
            held.renew(connection, NOW + timedelta(minutes=2))
        with database.connect() as connection:
            assert connection.scalar(select(leases.c.expires_at)) == NOW + timedelta(minutes=2) + LIFE


def test_of_many_who_want_it_one_gets_it(database: Engine) -> None:
    """Or the last one takes it from the first, who is told at its next step; never do two write."""
    start, wrote, held = Barrier(4, timeout=20), [], []

    def contend() -> None:
        start.wait()
        try:
            with lease(database, 1, "orders", NOW) as mine:
                held.append(mine)
                start.wait()
                _write(database, mine, wrote)
                start.wait()
        except Busy:
            start.wait()
            start.wait()

    threads = [Thread(target=contend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(held) >= 1
    assert len(wrote) == 1


def _write(database: Engine, mine: Lease, wrote: list[int]) -> None:
    with database.begin() as connection:
        mine.renew(connection, NOW)
        wrote.append(mine.fence)


def test_all_leases_but_one_can_be_revoked(database: Engine) -> None:
    """Their holders are deposed, and anybody may take them; those of other shops are left alone."""
    with (
        lease(database, 1, "orders", NOW) as mine,
        lease(database, 1, "sessions", NOW) as theirs,
        lease(database, 2, "sessions", NOW) as elsewhere,
    ):
        with database.begin() as connection:
            revoke(connection, 1, but="orders")
        with database.begin() as connection:
            mine.renew(connection, NOW)
            elsewhere.renew(connection, NOW)
            with pytest.raises(Busy, match="taken over"):
                theirs.renew(connection, NOW)
        with lease(database, 1, "sessions", NOW) as after:
            assert after.fence == theirs.fence + 2
