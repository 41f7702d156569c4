"""A shop lived through in many small steps ends with the rows that one backfill reads at its end."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from service.demo.model import Order, World
from service.demo.worlds import build
from service.store.tables import customer_aliases, sync_runs
from tests.restless import come_to_rest, held
from tests.shop import STEPS, OpenShop, differences, done, dump, installed, open_shop, write_settings

JOURNEY_SECONDS = 86_400  # until a journey is ready


class Replay:
    """A finished world told again from its beginning: each order as it stood at the moment.

    Now and then an order is deleted, or two customers are merged, without a stamp; so do journeys become ready.
    """

    def __init__(self, finished: World, seed: int) -> None:
        self.finished, self.random = finished, Random(seed)
        self.world = replace(finished, orders=[], now=finished.created_at)
        self.ahead = sorted(
            ((moment, order.id) for order in finished.orders for moment in _moments(order)), reverse=True
        )
        self.whole = {order.id: order for order in finished.orders}
        self.living: dict[int, Order] = {}

    def go_on(self, shop: OpenShop, until: int) -> None:
        shop.store.now = until
        while self.ahead and self.ahead[-1][0] <= until:
            moment, order_id = self.ahead.pop()
            if order_id in self.whole:
                self._show(order_id, moment)
        if self.world.orders and self.random.random() < 0.1:
            self._delete(shop)
        if self.world.orders and self.random.random() < 0.05:
            self._merge(shop)
        for order in self.world.orders:
            order.journey_ready = order.created_at + JOURNEY_SECONDS <= until and self.whole[order.id].journey_ready
        shop.store.shop.index.changed()

    def _show(self, order_id: int, moment: int) -> None:
        """The order as it stood then."""
        whole = self.whole[order_id]
        is_new = order_id not in self.living
        order = self.living.setdefault(order_id, replace(whole, agreements=[]))
        order.agreements[:] = [
            each for number, each in enumerate(whole.agreements) if number == 0 or each.happened_at <= moment
        ]
        is_past = whole.cancelled_at is not None and whole.cancelled_at <= moment
        order.cancelled_at, order.cancel_reason = (whole.cancelled_at, whole.cancel_reason) if is_past else (None, None)
        order.closed_at = whole.closed_at if whole.closed_at is not None and whole.closed_at <= moment else None
        order.updated_at = moment
        if is_new:
            insort(self.world.orders, order, key=lambda each: each.id)

    def _delete(self, shop: OpenShop) -> None:
        gone = self.random.choice(self.world.orders)
        del self.whole[gone.id]
        del self.living[gone.id]
        shop.store.delete(gone.id, is_listed=self.random.random() < 0.5)

    def _merge(self, shop: OpenShop) -> None:
        """Who comes back later comes in the kept name."""
        known = sorted({order.customer_id for order in self.world.orders if order.customer_id is not None})
        if len(known) > 2:
            old, kept = self.random.sample(known, 2)
            for order in self.whole.values():
                if order.customer_id == old:
                    order.customer_id = kept
            shop.store.merge(old, kept)


def _moments(order: Order) -> list[int]:
    """When the order was touched."""
    later = [agreement.happened_at for agreement in order.agreements[1:]]
    times = {order.created_at, *later, order.cancelled_at or 0, order.closed_at or 0, order.updated_at}
    return sorted(moment for moment in times if moment >= order.created_at)


@contextmanager
def afresh(shop: OpenShop, sqlite_template: bytes, folder: Path) -> Iterator[OpenShop]:
    """The same shop, in front of an empty database."""
    folder.mkdir()
    (folder / "okrsync.db").write_bytes(sqlite_template)
    file = write_settings(folder, shop.store, f"sqlite:///{folder}/okrsync.db")
    with installed(file, shop.store) as installation:
        yield OpenShop(shop.store, installation)


def live(shop: OpenShop, replay: Replay, steps: int, *, max_skew: timedelta = timedelta()) -> None:
    """The whole story in so many steps, each followed by a pass; our clock may jump between them."""
    begin, end = replay.finished.created_at, replay.finished.now + JOURNEY_SECONDS
    done(shop.backfill())
    honest = shop.installation
    for step in range(1, steps + 1):
        replay.go_on(shop, begin + (end - begin) * step // steps)
        skew = max_skew * replay.random.uniform(-1, 1)
        shop.installation = replace(honest, clock=lambda skew=skew: _clock(shop, skew))
        done(shop.sync())
    shop.installation = honest
    assert {outcome for (outcome,) in shop.rows(sync_runs, "outcome")} == {"done"}


def _clock(shop: OpenShop, skew: timedelta) -> datetime:
    return datetime.fromtimestamp(shop.store.now, UTC).replace(microsecond=0) + timedelta(
        seconds=int(skew.total_seconds())
    )


def assert_equals_one_backfill(shop: OpenShop, sqlite_template: bytes, folder: Path) -> None:
    come_to_rest(shop)
    with afresh(shop, sqlite_template, folder) as other:
        done(other.backfill())
        assert differences(held(shop), dump(other.engine)) == []


def boutique(orders: int) -> World:
    """Two years of every oddity."""
    world = build("boutique", orders=orders)
    assert world.now - world.created_at > 700 * 86_400
    return world


@pytest.mark.parametrize(("database_url", "seed"), [("sqlite", 1), ("postgresql", 3)], indirect=["database_url"])
def test_two_years_in_thirty_steps(database_url: str, seed: int, sqlite_template: bytes, tmp_path: Path) -> None:
    replay = Replay(boutique(300), seed)
    with open_shop(replay.world, database_url, tmp_path) as shop:
        live(shop, replay, 30)
        assert_equals_one_backfill(shop, sqlite_template, tmp_path / "afresh")
        assert shop.rows(customer_aliases)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "skew", [timedelta(days=3), pytest.param(timedelta(minutes=20), marks=pytest.mark.slow)], ids=str
)
def test_with_a_clock_that_jumps(database_url: str, skew: timedelta, sqlite_template: bytes, tmp_path: Path) -> None:
    """Ours is ahead or behind, and otherwise at every pass; windows end by the slower of the two clocks."""
    replay = Replay(boutique(300), 4)
    with open_shop(replay.world, database_url, tmp_path) as shop:
        live(shop, replay, 30, max_skew=skew)
        assert_equals_one_backfill(shop, sqlite_template, tmp_path / "afresh")


@pytest.mark.slow
@pytest.mark.timeout(300 + 2 * STEPS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=10)], ids=["true clock", "jumping clock"])
def test_two_years_in_many_small_steps(
    database_url: str, skew: timedelta, sqlite_template: bytes, tmp_path: Path
) -> None:
    replay = Replay(boutique(600), 5)
    with open_shop(replay.world, database_url, tmp_path) as shop:
        live(shop, replay, STEPS, max_skew=skew)
        assert_equals_one_backfill(shop, sqlite_template, tmp_path / "afresh")
