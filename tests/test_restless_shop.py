"""Orders created, updated, refunded, deleted and merged while they are being read: in the end all is as at Shopify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.demo.server import Seen
from service.pipeline import Sizes
from tests.metrics.little_world import little_world
from tests.restless import Restless, come_to_rest
from tests.shop import OpenShop, WatchedStore, broken_claims, done, on_sqlite, open_shop

SIZES = Sizes(slice_rows=12, batch_lines=40, window_rows=8)
MOST = 40
"""Things that happen during one reading: one after every answer, until it could go on for ever."""


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(little_world(0, orders=40, customers=15), database_url, tmp_path, sizes=SIZES) as shop:
        yield shop


def happening(shop: OpenShop, life: Restless, *during: str) -> Restless:
    """Something after every answer of such a kind, and then it is calm."""
    most = sum(life.happened.values()) + MOST

    def after(seen: Seen) -> None:
        if (not during or {*seen.fields, seen.operation} & {*during}) and sum(life.happened.values()) < most:
            shop.later(seconds=life.random.randrange(1, 90))
            life.something()

    assert isinstance(shop.store, WatchedStore)
    shop.store.on_answer = after
    return life


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [("sqlite", 0), *(pytest.param("sqlite", seed, marks=pytest.mark.slow) for seed in range(1, 8)), ("postgresql", 8)],
    indirect=["database_url"],
)
def test_while_a_backfill_runs(shop: OpenShop, seed: int) -> None:
    life = happening(shop, Restless(shop, seed))
    outcome = shop.backfill()
    assert outcome.outcome in ("done", "interrupted"), outcome.error
    assert broken_claims_of_what_is_there(shop) == []
    done(shop.backfill())
    come_to_rest(shop)
    assert len(life.happened) >= 6


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [("sqlite", 0), *(pytest.param("sqlite", seed, marks=pytest.mark.slow) for seed in range(1, 8)), ("postgresql", 8)],
    indirect=["database_url"],
)
def test_while_changes_are_paged(shop: OpenShop, seed: int) -> None:
    done(shop.backfill())
    shop.later(hours=1)
    for order in shop.store.world.orders:
        shop.later(seconds=40)
        shop.store.touch(order.id)
    happening(shop, Restless(shop, seed))
    for _ in range(3):
        shop.later(minutes=5)
        shop.sync()
        assert broken_claims_of_what_is_there(shop) == []
    come_to_rest(shop)


def broken_claims_of_what_is_there(shop: OpenShop) -> list[str]:
    """Claims about orders no stamp tells of (a merge, a journey) are another matter: they come to rest later."""
    silent = {order.id for order in shop.store.world.orders if order.has_journey or order.customer_id is not None}
    return [claim for claim in broken_claims(shop) if not any(f", {number}," in claim for number in silent)]


@on_sqlite
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("during", ["OrderList", "OrdersById", "DeletedOrders", "CustomersById", "ordersCount"])
def test_while_it_is_compared(shop: OpenShop, during: str, seed: int) -> None:
    """Between a count and a list, a list and the look by id, the look by id and its landing."""
    done(shop.backfill())
    life = Restless(shop, seed)
    for _ in range(12):
        shop.later(hours=1)
        life.something()
    happening(shop, life, during)
    for _ in range(3):
        shop.later(days=1)
        done(shop.sync())
    come_to_rest(shop)


@on_sqlite
@pytest.mark.parametrize("seed", SEEDS)
def test_while_everything_fails_now_and_then(shop: OpenShop, seed: int) -> None:
    done(shop.backfill())
    life = Restless(shop, seed)
    troubles = (shop.store.throttle_next, shop.store.internal_error_next, shop.store.reset_next,
                shop.store.lose_cursor_next, lambda: shop.store.fail_next(503))  # fmt: skip

    def after(_seen: Seen) -> None:
        if life.random.random() < 0.2:
            life.random.choice(troubles)()

    assert isinstance(shop.store, WatchedStore)
    for _ in range(15):
        shop.store.recover()
        shop.later(hours=7)
        for _ in range(3):
            life.something()
        shop.store.on_answer = after
        shop.sync()
    come_to_rest(shop)
