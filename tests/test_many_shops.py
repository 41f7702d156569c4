"""Three shops in one database, each with its own days, money and API version; the trouble of one is its own.

shop    zone              money  API      orders
berlin  Europe/Berlin     EUR    2026-10  3
tokyo   Asia/Tokyo        JPY    2026-04  2
york    America/New_York  USD    2026-07  1
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from service import pipeline, questions
from service.cli import syncing
from service.demo.model import World
from service.errors import AccessDenied, OkrsyncError, PlanError, Unreachable
from service.pipeline import Installation
from service.questions import PlanStatus
from service.reckon import Reckoned
from service.settings import ShopSettings
from service.store import shops
from service.store.engine import Engine, open_engine
from service.store.tables import key_result_readings, orders
from tests.command import Command, sell, this_quarter
from tests.shop import WatchedStore, at, done, doze

PLACES = {
    "berlin": ("Europe/Berlin", "EUR", 2, "2026-10"),
    "tokyo": ("Asia/Tokyo", "JPY", 0, "2026-04"),
    "york": ("America/New_York", "USD", 2, "2026-07"),
}

OKRS = """
shop = "{name}.myshopify.com"
quarter = "{quarter}"

[[objectives]]
id = "sales"
title = "Sell"

  [[objectives.key_results]]
  id = "{name}-sales"
  title = "Net sales"
  metric = "net_sales"
  baseline = 0
  target = "90000 {currency}"
"""


def world(name: str, opened: int) -> World:
    zone, currency, exponent, _ = PLACES[name]
    number = 100 + list(PLACES).index(name)
    return World(name, number, f"{name}.myshopify.com", zone, currency, exponent, created_at=opened, now=opened)


@dataclass(frozen=True, slots=True)
class Street:
    """Three stores, and the program installed for them all."""

    stores: dict[str, WatchedStore]
    installation: Installation

    def settings(self, name: str) -> ShopSettings:
        [found] = [shop for shop in self.installation.settings.shops if shop.domain.startswith(name)]
        return found

    def at(self, text: str) -> None:
        for store in self.stores.values():
            store.now = at(text)

    def turn(self, name: str) -> Reckoned | None:
        """What the daemon does for a shop on its schedule."""
        settings = self.settings(name)
        done(pipeline.sync(self.installation, settings))
        return self.reckon(name)

    def reckon(self, name: str) -> Reckoned | None:
        settings = self.settings(name)
        return pipeline.reckon(self.installation, settings, pipeline.plans_of(self.installation, settings))

    def status(self) -> tuple[dict[str, PlanStatus], list[OkrsyncError]]:
        troubles: list[OkrsyncError] = []
        found = questions.status(self.installation, troubles=troubles)
        return {each.shop.domain.partition(".")[0]: each for each in found}, troubles

    def okrs(self, name: str) -> Path:
        return self.installation.settings.okr_folder / f"{name}.toml"


def write_everything(folder: Path, stores: dict[str, WatchedStore], database_url: str, quarter: str) -> Path:
    (folder / "config" / "okrs").mkdir(parents=True)
    file = folder / "config" / "okrsync.toml"
    text = f'[database]\nurl = "{database_url}"\n'
    for name, (_, currency, _, version) in PLACES.items():
        text += (
            f'\n[[shops]]\ndomain = "{name}.myshopify.com"\napi_url = "{stores[name].url}"\n'
            f'api_version = "{version}"\naccess_token_env = "{name.upper()}"\n'
        )
        plan = OKRS.format(name=name, quarter=quarter, currency=currency)
        (folder / "config" / "okrs" / f"{name}.toml").write_text(plan)
    file.write_text(text)
    return file


@contextmanager
def opened(when: int) -> Iterator[dict[str, WatchedStore]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(WatchedStore(world(name, when))) for name in PLACES}


@pytest.fixture
def street(database_url: str, tmp_path: Path) -> Iterator[Street]:
    with opened(at("2026-06-20 00:00")) as stores:
        for name, days in (("berlin", (1, 2, 3)), ("tokyo", (1, 2)), ("york", (2,))):
            for day in days:
                # Half past midnight in Berlin and morning in Tokyo, both of the next day; still the same in New York.
                stores[name].now = at(f"2026-07-0{day} 22:30") - 1
                stores[name].order(day, price=5000)
        file = write_everything(tmp_path, stores, database_url, "2026-Q3")
        tokens = {name.upper(): store.token for name, store in stores.items()}

        def clock() -> datetime:
            return datetime.fromtimestamp(max(store.now for store in stores.values()), UTC)

        installation = replace(pipeline.install(file, environment=tokens, clock=clock), sleep=doze)
        street = Street(stores, installation)
        street.at("2026-07-10 12:00")
        yield street
        installation.engine.dispose()


def test_each_shop_has_its_own_days_money_and_version(street: Street) -> None:
    for name in PLACES:
        street.turn(name)
    found, troubles = street.status()
    assert troubles == []
    values = {name: each.key_results[0].check_in.value for name, each in found.items()}
    assert values == {"berlin": 150, "tokyo": 10000, "york": 50}
    with street.installation.engine.connect() as connection:
        c = orders.c
        dates = {
            shop.domain.partition(".")[0]: [str(day) for day in connection.scalars(
                select(c.processed_date).where(c.shop_id == shop.shop_id).order_by(c.order_id)
            )]
            for shop in shops.every(connection)
        }  # fmt: skip
    assert dates == {
        "berlin": ["2026-07-02", "2026-07-03", "2026-07-04"],
        "tokyo": ["2026-07-02", "2026-07-03"],
        "york": ["2026-07-02"],
    }
    assert all(seen.status == 200 for store in street.stores.values() for seen in store.requests)


def down(store: WatchedStore) -> None:
    store.fail_next(503, 50)


def locked_out(store: WatchedStore) -> None:
    store.expire_token()


def cut_off(store: WatchedStore) -> None:
    store.scope_removed("read_orders")


@pytest.mark.parametrize(
    ("trouble", "error"), [(down, Unreachable), (locked_out, AccessDenied), (cut_off, AccessDenied)]
)
def test_a_shop_in_trouble_is_alone_with_it(
    street: Street, trouble: Callable[[WatchedStore], None], error: type[OkrsyncError]
) -> None:
    for name in PLACES:
        street.turn(name)
    street.at("2026-07-12 12:00")
    trouble(street.stores["tokyo"])
    with pytest.raises(error):
        street.turn("tokyo")
    for name in ("berlin", "york"):
        reckoned = street.turn(name)
        assert reckoned is not None and str(reckoned.as_of) == "2026-07-11"
    street.reckon("tokyo")  # its data are old, and that is a judgement too
    found, troubles = street.status()
    assert troubles == []
    states = {name: each.key_results[0].check_in.status for name, each in found.items()}
    assert states["tokyo"] == "stale"
    assert "stale" not in (states["berlin"], states["york"])


BROKEN = {
    "no TOML": lambda text: text.replace("[[objectives]]", "[[objectives"),
    "an unknown metric": lambda text: text.replace("net_sales", "net_sails"),
    "another currency": lambda text: text.replace("JPY", "INR"),
    "two files for a quarter": lambda text: text,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_okr_file_is_its_shops_own_trouble(street: Street, how: str) -> None:
    for name in PLACES:
        street.turn(name)
    engine = street.installation.engine
    before = readings_of(engine, 101)
    assert before
    text = BROKEN[how](street.okrs("tokyo").read_text())
    street.okrs("tokyo2" if how.startswith("two") else "tokyo").write_text(text)
    street.at("2026-07-12 12:00")
    for name in ("berlin", "york"):
        assert street.turn(name) is not None
    with pytest.raises(PlanError, match="tokyo"):
        street.reckon("tokyo")
    assert readings_of(engine, 101) == before
    found, [trouble] = street.status()
    assert set(found) == {"berlin", "york"}
    assert isinstance(trouble, PlanError) and "tokyo" in str(trouble)
    with pytest.raises(PlanError, match="tokyo"):
        questions.status(street.installation)
    assert pipeline.stray_problems(street.installation) == []


def readings_of(engine: Engine, shop_id: int) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        found = select(key_result_readings).where(key_result_readings.c.shop_id == shop_id)
        return [tuple(row) for row in connection.execute(found)]


@pytest.mark.parametrize("text", ["what is this", 'quarter = "2026-Q3"', 'shop = "mars.myshopify.com"\nquarter = 4'])
def test_a_file_of_nobody_stops_nobody_and_is_told_of(street: Street, text: str) -> None:
    street.okrs("stray").write_text(text)
    for name in PLACES:
        assert street.turn(name) is not None
    found, troubles = street.status()
    assert (set(found), troubles) == (set(PLACES), [])
    assert all("stray.toml" in problem.file for problem in pipeline.stray_problems(street.installation))
    with pytest.raises(PlanError, match=r"stray\.toml"):
        pipeline.plans_of(street.installation)


# --- the commands, with shops that are alive today -----------------------------------------------------------------


@contextmanager
def living_street(folder: Path) -> Iterator[tuple[dict[str, WatchedStore], Command]]:
    with opened(int(time.time()) - 30 * 86_400) as stores:
        for store in stores.values():
            sell(store, 5, 1)
            sell(store, 3, 1)
            store.now = int(time.time()) + 2
        file = write_everything(folder, stores, f"sqlite:///{folder}/okrsync.db", str(this_quarter()))
        okrsync = Command(file, "CORNER_TOKEN is not used here")
        tokens = {name.upper(): store.token for name, store in stores.items()}
        assert okrsync("db", "upgrade", **tokens).code == 0
        yield stores, okrsync


def tokens_of(stores: dict[str, WatchedStore], **other: str | None) -> dict[str, str | None]:
    return {name.upper(): store.token for name, store in stores.items()} | other


def test_by_hand_too(tmp_path: Path) -> None:
    with living_street(tmp_path) as (stores, okrsync):
        stores["tokyo"].expire_token()
        plan = tmp_path / "config" / "okrs" / "york.toml"
        right = plan.read_text()
        plan.write_text(right.replace("net_sales", "net_sails"))
        (tmp_path / "config" / "okrs" / "stray.toml").write_text("what is this")
        synced = okrsync("sync", **tokens_of(stores))
        assert synced.code == 2
        for told in ("berlin.myshopify.com: measured again", "refuses the access token", "net_sails", "stray.toml"):
            assert told in synced.err
        shown = okrsync("status", **tokens_of(stores))
        assert shown.code == 2
        assert "berlin.myshopify.com" in shown.out and "york.toml" in shown.err and "stray.toml" in shown.err
        assert okrsync("explain", "berlin-sales", **tokens_of(stores)).code == 0
        assert okrsync("explain", "york-sales", **tokens_of(stores)).code == 2
        plan.write_text(right)
        (tmp_path / "config" / "okrs" / "stray.toml").unlink()
        assert okrsync("sync", **tokens_of(stores)).code == 1
        assert okrsync("sync", "--shop", "york.myshopify.com", **tokens_of(stores)).code == 0


def test_a_slow_shop_is_not_waited_for(tmp_path: Path) -> None:
    """Tokyo answers only once Berlin has been judged; whoever waited for all shops would wait for ever."""
    with living_street(tmp_path) as (stores, okrsync):
        engine = open_engine(f"sqlite:///{tmp_path}/okrsync.db")
        seen: list[bool] = []

        def hold_back(_seen: object) -> None:
            until = time.monotonic() + 30
            while not seen and not readings_of(engine, 100) and time.monotonic() < until:
                time.sleep(0.05)
            seen.append(bool(readings_of(engine, 100)))

        stores["tokyo"].on_answer = hold_back
        assert okrsync("sync", **tokens_of(stores)).code == 0
        assert seen[0], "Berlin was judged while Tokyo had not answered"
        engine.dispose()
    assert len(PLACES) <= syncing.SHOPS_AT_ONCE


def test_the_daemon_works_for_the_others(tmp_path: Path) -> None:
    with living_street(tmp_path) as (stores, okrsync):
        engine = open_engine(f"sqlite:///{tmp_path}/okrsync.db")
        plan = tmp_path / "config" / "okrs" / "york.toml"
        plan.write_text(plan.read_text().replace("net_sales", "net_sails"))
        daemon = okrsync.begin("run", **tokens_of(stores, TOKYO=None))
        try:
            until = time.monotonic() + 60
            while not readings_of(engine, 100) and time.monotonic() < until and daemon.poll() is None:
                time.sleep(0.1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            _, said = daemon.communicate(timeout=60)
        assert readings_of(engine, 100)
        assert readings_of(engine, 102) == []
        assert daemon.returncode == 0
        assert "the environment variable TOKYO is not set" in said
        assert "net_sails" in said
        engine.dispose()
        all_wrong = tokens_of(stores, BERLIN=None, TOKYO=None)
        refused = okrsync("run", **all_wrong)
        assert refused.code == 2
        assert "BERLIN is not set" in refused.err and "TOKYO is not set" in refused.err
