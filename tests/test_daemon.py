"""The daemon: the same calls as by hand, on timers; it stops when it is asked, and nothing is lost."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, delete, func, select

from service import daemon
from service.connectors import names
from service.connectors.orders import NAME
from service.daemon import compare, schedule, trigger, work
from service.periods import Schedule
from service.pipeline import ORDERS
from service.settings import load
from service.store import landing
from service.store.engine import open_engine
from service.store.tables import (
    key_result_readings,
    leases,
    order_agreements,
    order_facts,
    order_sales,
    orders,
    sync_runs,
)
from tests.command import Command, command_for, live, living_store, sell
from tests.shop import OpenShop, WatchedStore, corner_shop, differences, done, dump, on_sqlite, open_shop, world_dump


@pytest.fixture
def store() -> Iterator[WatchedStore]:
    with living_store() as store:
        yield store


@contextmanager
def running(okrsync: Command) -> Iterator[subprocess.Popen[str]]:
    process = okrsync.begin("--verbose", "run")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[float, str]:
    """How long it took to end after it was asked, and what it had logged; it ends well."""
    asked = time.monotonic()
    process.send_signal(number)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    assert "Traceback" not in log
    return time.monotonic() - asked, log


def wait_for(happened: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def number_of(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def held(engine: Engine) -> list[str]:
    """The owners of leases."""
    with engine.connect() as connection:
        return list(connection.scalars(select(leases.c.owner).where(leases.c.owner != "")))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


# --- real processes ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_day_in_its_life(store: WatchedStore, tmp_path: Path, database_url: str, engine: Engine) -> None:
    """The history first, then what happens, seconds after it happened; then a signal."""
    okrsync = command_for(store, tmp_path, database_url, schedule="every 1 second")
    with running(okrsync) as process:
        wait_for(lambda: number_of(engine, key_result_readings) > 0)
        assert number_of(engine, orders) == 5
        sell(store, 0, 4, 1234)
        live(store)
        wait_for(lambda: number_of(engine, orders) == 6)
        store.refund(store.world.orders[0].id)
        live(store)
        wait_for(lambda: differences(dump(engine), world_dump(store.world)) == [])
        took, log = stop(process)
    assert took < 5
    assert "started for alive.myshopify.com" in log
    assert "stopped" in log
    assert held(engine) == []
    assert okrsync.token not in log


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_the_middle_of_a_backfill(
    store: WatchedStore, tmp_path: Path, database_url: str, engine: Engine, number: signal.Signals
) -> None:
    store.slow_bulk(60)
    okrsync = command_for(store, tmp_path, database_url)
    with running(okrsync) as process:
        wait_for(lambda: store.count("bulkOperation") > 1)
        took, _ = stop(process, number)
    assert took < 5
    with engine.connect() as connection:
        assert landing.watermark(connection, store.world.shop_id, NAME) is None
        ours = select(sync_runs.c.outcome).where(sync_runs.c.connector == NAME)
        assert connection.execute(ours).scalars().all() == ["interrupted"]
    assert held(engine) == []
    store.shop.bulk.least_seconds = 0
    started = store.count("bulkOperationRunQuery")
    assert okrsync("sync").code == 0
    assert store.count("bulkOperationRunQuery") == started, "the operation under way is waited for"
    assert differences(dump(engine), world_dump(store.world)) == []


@pytest.mark.slow
def test_two_daemons_share_the_work(store: WatchedStore, tmp_path: Path, database_url: str, engine: Engine) -> None:
    okrsync = command_for(store, tmp_path, database_url, schedule="every 1 second")
    store.slow_bulk(1)
    with running(okrsync) as one, running(okrsync) as other:
        wait_for(lambda: number_of(engine, key_result_readings) > 0)
        sell(store, 0, 4, 1234)
        live(store)
        wait_for(lambda: number_of(engine, orders) == 6)
        time.sleep(2)
        logs = [stop(process)[1] for process in (one, other)]
    assert store.count("bulkOperationRunQuery") == 1
    assert differences(dump(engine), world_dump(store.world)) == []
    with engine.connect() as connection:
        found = select(sync_runs.c.kind, sync_runs.c.outcome, sync_runs.c.rows_changed)
        rows = connection.execute(found.where(sync_runs.c.connector == NAME)).all()
    assert [row for row in rows if row.kind == "backfill"] == [("backfill", "done", 15)]
    assert {row.outcome for row in rows} <= {"done", "interrupted"}
    assert sum(row.rows_changed for row in rows) == 18
    assert any("is working on it" in log for log in logs)


# --- one turn ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-06-20 10:00", 1)
        shop.at("2026-06-22 08:00")
        yield shop


def turn(shop: OpenShop) -> None:
    work(shop.installation, shop.settings, ORDERS, Event())


def test_a_turn_reads_and_measures(shop: OpenShop) -> None:
    turn(shop)
    assert len(shop.rows(orders)) == 1
    assert shop.sql("select count(*) from metric_readings")[0][0] > 0


@on_sqlite
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda store: store.expire_token(), "refuses the access token"),
        (lambda store: store.fail_next(503, 50), "503"),
        (lambda store: store.scope_removed("read_orders"), "read_orders"),
        (lambda store: [store.bulk_fail_next() for _ in range(9)], "the bulk operation ended FAILED"),
    ],
)
def test_trouble_is_logged_and_the_next_turn_tries_again(
    shop: OpenShop, caplog: pytest.LogCaptureFixture, spoil: Callable[[object], object], told: str
) -> None:
    spoil(shop.store)
    turn(shop)
    assert told in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR
    assert isinstance(shop.store, WatchedStore)
    shop.store.recover()
    shop.store.shop.scopes.add("read_orders")
    turn(shop)
    assert shop.coverage.gap == ""


@on_sqlite
def test_a_wrong_okr_file_does_not_stop_the_reading(
    shop: OpenShop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody edits it while the daemon runs."""
    (tmp_path / "config/okrs/q.toml").write_text("quarter = 3")
    turn(shop)
    assert "q.toml" in caplog.text
    assert len(shop.rows(orders)) == 1


@on_sqlite
def test_after_the_signal_no_turn_begins(shop: OpenShop) -> None:
    stopping = Event()
    stopping.set()
    work(shop.installation, shop.settings, ORDERS, stopping)
    assert shop.store.requests == []


# --- the clock -----------------------------------------------------------------------------------------------------


@on_sqlite
def test_every_connector_of_a_shop_has_a_job_that_begins_at_once(shop: OpenShop) -> None:
    """And so has the comparison with Shopify."""
    jobs = schedule(shop.installation, Event()).get_jobs()
    assert [job.id for job in jobs] == [f"{name} corner.myshopify.com" for name in (*names(), "reconcile")]
    assert all(job.next_run_time <= datetime.now(UTC) for job in jobs)


@pytest.mark.parametrize(
    ("text", "seconds", "jitter"),
    [("every 1 second", 1, None), ("every 5 minutes", 300, daemon.JITTER_SECONDS), ("every 30 seconds", 30, 3)],
)
def test_intervals_are_spread_by_no_more_than_a_tenth(text: str, seconds: int, jitter: int | None) -> None:
    found = trigger(Schedule.parse(text))
    assert (found.interval, found.jitter) == (timedelta(seconds=seconds), jitter)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("*/10 * * * *", "2026-07-06 08:10"),
        ("30 3 * * 0", "2026-07-12 03:30"),
        ("0 6 1 * *", "2026-08-01 06:00"),
        ("15 9 * * mon-fri", "2026-07-06 09:15"),
    ],
)
def test_cron_means_what_crontab_says(cron: str, expected: str) -> None:
    """In UTC; and weekday 0 is Sunday, whatever a library thinks."""
    found = trigger(Schedule.parse(cron)).get_next_fire_time(None, datetime(2026, 7, 6, 8, 3, tzinfo=UTC))
    assert f"{found:%Y-%m-%d %H:%M}" == expected


@on_sqlite
def test_by_hand_and_by_timer_are_the_same(shop: OpenShop) -> None:
    turn(shop)
    before = dump(shop.engine)
    done(shop.sync())
    assert differences(dump(shop.engine), before) == []


@on_sqlite
def test_settings_are_read_once(shop: OpenShop) -> None:
    assert load(shop.installation.settings.file, {}) == shop.installation.settings


# --- what was read, compared ---------------------------------------------------------------------------------------


@on_sqlite
def test_the_nightly_comparison_waits_for_the_history(shop: OpenShop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "okrsync.daemon")
    compare(shop.installation, shop.settings, Event())
    assert "nothing to compare with Shopify yet: no orders have been read yet" in caplog.text
    assert shop.store.requests == []


def test_a_lost_order_is_back_in_the_morning(shop: OpenShop, caplog: pytest.LogCaptureFixture) -> None:
    turn(shop)
    with shop.engine.begin() as connection:
        for table in (order_sales, order_agreements, order_facts, orders):
            connection.execute(delete(table))
    caplog.set_level(logging.INFO, "okrsync.daemon")
    compare(shop.installation, shop.settings, Event())
    assert "compared with Shopify: 7 days, 11 figures: all equal; 7 were mended" in caplog.text
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
