"""What happens before a run begins: who is turned away, and what must not be mixed with what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from service import daemon, pipeline
from service.connectors.work import Work
from service.demo.server import Seen
from service.door import connected
from service.errors import AccessDenied, Busy, Misconfigured, NeedsAPerson, SettingsError, TryAgain
from service.periods import day_start
from service.store import slices
from service.store.engine import open_engine
from service.store.migrate import upgrade
from service.store.tables import checkouts, session_days, sync_runs
from tests.shop import TOKEN, OpenShop, WatchedStore, corner_shop, done, installed, named, open_shop, write_settings


def test_a_refusal_at_the_door_is_a_run_that_says_why(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-07-01 10:00", customer=7)
        shop.later(minutes=10)
        done(shop.sync())
        shop.store.scope_removed("read_orders")
        with pytest.raises(AccessDenied, match="not granted read_orders"):
            shop.sync()
        *_, (kind, outcome, error) = sorted(shop.rows(sync_runs, "kind", "outcome", "error"), key=lambda r: r[2] or "")
        assert (kind, outcome) == ("connect", "rests")
        assert "read_orders" in error


def test_a_changed_time_zone_rests_until_the_history_is_read_anew(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-07-01 23:30", customer=7)  # 2 July in Berlin
        shop.later(minutes=10)
        done(shop.sync())
        assert shop.sql("select cast(processed_date as text) from orders") == [("2026-07-02",)]
        shop.store.world.timezone = "America/New_York"
        with pytest.raises(NeedsAPerson, match="time zone has changed from Europe/Berlin to America/New_York"):
            shop.sync()
        assert shop.sql("select timezone from shops") == [("Europe/Berlin",)]
        done(shop.backfill(restart=True))
        assert shop.sql("select cast(processed_date as text) from orders") == [("2026-07-01",)]
        assert shop.sql("select cast(event_date as text) from order_sales") == [("2026-07-01",)]
        assert shop.sql("select cast(order_date as text) from order_facts") == [("2026-07-01",)]
        assert shop.rows(sync_runs, "outcome").count(("done",)) == 3


def moved_to_new_york(shop: OpenShop) -> None:
    shop.store.world.timezone = "America/New_York"
    done(shop.backfill(restart=True))


@pytest.mark.parametrize(("name", "field"), [("sessions", "shopifyqlQuery"), ("checkouts", "abandonedCheckouts")])
def test_what_is_read_while_the_shop_moves_never_lands(
    database_url: str, tmp_path: Path, name: str, field: str
) -> None:
    """A connector is under way by Berlin's days when the orders are read anew by New York's."""
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.at("2026-07-01 23:30")
        for connector in ("orders", "sessions", "checkouts"):
            done(shop.sync(connector))
        shop.store.browse(5)
        shop.store.abandon(7)
        shop.later(days=2)
        before, moving = shop.position(name), [field]

        def move(seen: Seen) -> None:
            if {*moving} & {*seen.fields}:
                moving.clear()
                moved_to_new_york(shop)

        assert isinstance(shop.store, WatchedStore)
        shop.store.on_answer = move
        assert isinstance(shop.sync(name).error, Busy)
        assert moving == []
        assert shop.position(name) == (before if name == "checkouts" else None)
        assert shop.rows(checkouts) == []
        for connector in ("sessions", "checkouts"):
            done(shop.sync(connector))
        assert shop.rows(checkouts, "created_date") == [(date(2026, 7, 1),)]
        assert {day for day, n in shop.rows(session_days, "sessions_date", "sessions") if n} == {date(2026, 7, 1)}


def test_who_came_in_before_the_shop_moved_begins_nothing(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        done(shop.sync())
        begun: list[Work] = []
        with connected(shop.installation, shop.settings, named("sessions")) as entered:
            moved_to_new_york(shop)
            outcome = pipeline.run(shop.installation, entered, "sessions", "incremental", begun.append)
        assert isinstance(outcome.error, TryAgain)
        assert "recorded anew" in outcome.error.message
        assert begun == []


def test_an_interrupted_restart_is_gone_on_with_by_the_next_sync(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-07-01 10:00", customer=7)
        shop.later(minutes=10)
        done(shop.sync())
        shop.store.bulk_fail_next("INTERNAL_SERVER_ERROR")
        shop.store.bulk_fail_next("INTERNAL_SERVER_ERROR")
        shop.store.bulk_fail_next("INTERNAL_SERVER_ERROR")
        assert isinstance(shop.backfill(restart=True).error, TryAgain)
        assert shop.coverage.gap
        done(shop.sync())
        assert shop.coverage.gap == ""


def test_a_resumed_backfill_reads_no_more_than_was_asked_for(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-06-20 10:00", customer=6)
        shop.sell("2026-07-02 10:00", customer=7)
        shop.later(minutes=10)
        for _ in range(3):
            shop.store.bulk_fail_next("INTERNAL_SERVER_ERROR")
        assert shop.backfill(first=date(2026, 7, 1)).error is not None
        done(shop.sync())
        with shop.engine.connect() as connection:
            begins = slices.start_of(connection, shop.store.world.shop_id, "orders")
        assert begins == day_start(date(2026, 7, 1), "Europe/Berlin")
        assert len(shop.sql("select order_id from orders")) == 1


def test_a_shop_with_an_expiring_token_is_open_for_months(tmp_path: Path, sqlite_template: bytes) -> None:
    (tmp_path / "okrsync.db").write_bytes(sqlite_template)
    with WatchedStore(corner_shop()) as store:
        file = write_settings(tmp_path, store, f"sqlite:///{tmp_path}/okrsync.db")
        ways = 'client_id = "demo-app"\nclient_secret_env = "SECRET"\nrefresh_token_env = "FIRST"'
        file.write_text(file.read_text().replace(f'access_token_env = "{TOKEN}"', ways))
        environment = {"SECRET": "demo-secret", "FIRST": store.new_pair().refresh_token}
        with installed(file, store, environment=environment) as installation:
            shop = OpenShop(store, installation)
            for _ in range(3):
                shop.later(days=60)
                done(shop.sync())
        with installed(file, store, environment={"SECRET": "demo-secret"}) as installation:
            done(OpenShop(store, installation).sync())
        (tmp_path / f"var/tokens/{store.domain}.json").unlink()
        with (
            installed(file, store, environment={"SECRET": "demo-secret"}) as installation,
            pytest.raises(SettingsError, match="FIRST is not set"),
        ):
            OpenShop(store, installation).sync()


def test_the_daemon_does_not_start_without_its_secret(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/okrsync.db"
    upgrade(open_engine(url))
    with open_shop(corner_shop(), url, tmp_path) as shop, pytest.raises(Misconfigured, match="CORNER_TOKEN is not set"):
        daemon.run(replace(shop.installation, environment={}))
