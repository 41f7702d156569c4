"""What changed since the watermark: many small syncs come to the same rows as one backfill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from service.connectors.incremental import OVERLAP
from service.demo.model import Order
from service.demo.worlds import build
from service.errors import UnexpectedShape
from service.pipeline import Sizes
from service.store.tables import order_facts, order_sales, orders, sync_runs
from tests.metrics.little_world import little_world
from tests.shop import (
    OpenShop,
    broken_claims,
    corner_shop,
    differences,
    done,
    dump,
    edit,
    instant,
    on_sqlite,
    open_shop,
    world_dump,
)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """A corner shop with two orders of customer 1 and one of customer 2, read in full."""
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.sell("2026-06-16 10:00", 1, 4000)
        shop.sell("2026-06-17 10:00", 2, 6000)
        shop.sell("2026-06-20 10:00", 1, 5000)
        shop.at("2026-06-21 08:00")
        done(shop.backfill())
        yield shop


def synced(shop: OpenShop) -> int:
    """How many rows a sync changed a second later; then every row is as it should be, and the claim reaches to now."""
    shop.later(seconds=1)
    outcome = done(shop.sync())
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert outcome.watermark == shop.watermark == shop.installation.clock()
    return outcome.rows_changed


# --- what happens to orders ----------------------------------------------------------------------------------------


@on_sqlite
def test_a_new_order(shop: OpenShop) -> None:
    shop.sell("2026-06-21 09:00", 2, 700)
    assert synced(shop) == 3
    assert shop.rows(order_facts, "customer_id", "nth")[-1] == (2, 2)


def test_an_edited_order(shop: OpenShop) -> None:
    shop.later(days=1)
    edit(shop.store, shop.store.world.orders[0], lines=2, price=300)
    assert synced(shop) == 4
    assert shop.sql("select is_edited, current_total_minor from orders order by order_id limit 1")[0][1] == 4600


def test_a_refunded_order(shop: OpenShop) -> None:
    shop.later(days=40)
    shop.store.refund(shop.store.world.orders[1].id)
    assert synced(shop) == 3
    assert shop.rows(orders, "refunded_minor") == [(0,), (6000,), (0,)]
    assert shop.sql("select sum(sales_reversals_minor) from order_sales where event_date = '2026-07-31'") == [(6000,)]


@on_sqlite
def test_a_cancelled_order(shop: OpenShop) -> None:
    shop.later(hours=3)
    shop.store.cancel(shop.store.world.orders[2].id)
    assert synced(shop) == 3
    [*_, (cancelled_at, reason)] = shop.rows(orders, "cancelled_at", "cancel_reason")
    assert (cancelled_at is not None, reason) == (True, "CUSTOMER")


def test_an_old_order_that_arrives_late_changes_the_numbers_of_later_ones(shop: OpenShop) -> None:
    """Imported from another system: created today, processed years ago."""
    assert shop.rows(order_facts, "customer_id", "nth") == [(1, 1), (2, 1), (1, 2)]
    shop.sell("2026-06-22 10:00", 1, 100, processed_at=int(instant("2024-01-01 10:00").timestamp()))
    synced(shop)
    assert shop.rows(order_facts, "customer_id", "nth") == [(1, 2), (2, 1), (1, 3), (1, 1)]


@on_sqlite
def test_an_order_that_changes_hands(shop: OpenShop) -> None:
    """Two customers merged, or a guest who signed up."""
    shop.later(hours=1)
    shop.store.world.orders[1].customer_id = 1
    shop.store.touch(shop.store.world.orders[1].id)
    assert synced(shop) == 1
    assert shop.rows(order_facts, "customer_id", "nth") == [(1, 1), (1, 2), (1, 3)]


@on_sqlite
def test_an_order_that_turns_out_to_be_a_test(shop: OpenShop) -> None:
    shop.later(hours=1)
    shop.store.world.orders[0].test = True
    shop.store.touch(shop.store.world.orders[0].id)
    synced(shop)
    assert shop.rows(order_facts, "customer_id", "nth") == [(2, 1), (1, 1)]


def test_a_product_deleted_later_keeps_the_type_it_was_sold_under(shop: OpenShop) -> None:
    made = shop.sell("2026-06-21 09:00", 2, 700, product_type="Tea", vendor="Leaf")
    synced(shop)
    made.line_items[0] = made.line_items[0]._replace(product_id=None)
    shop.later(days=1)
    shop.store.touch(made.id)
    shop.later(seconds=1)
    done(shop.sync())
    assert shop.rows(order_sales, "product_type", "vendor")[-1] == ("Tea", "Leaf")


# --- reading again ------------------------------------------------------------------------------------------------


@on_sqlite
def test_nothing_new_moves_the_claim_and_changes_no_row(shop: OpenShop) -> None:
    shop.later(days=2)
    assert synced(shop) == 0
    assert shop.rows(sync_runs, "rows", "rows_changed")[-1] in ((0, 0), (9, 9))


def test_the_overlap_is_read_again_and_changes_nothing(shop: OpenShop) -> None:
    """Shopify publishes no bound for the lag of its search, so five minutes before the watermark are asked again."""
    shop.sell("2026-06-21 09:00", 2, 700)
    synced(shop)
    shop.later(minutes=3)
    before = dump(shop.engine)
    outcome = done(shop.sync())
    assert (outcome.rows, outcome.rows_changed) == (3, 0)
    assert differences(dump(shop.engine), before) == []
    shop.later(minutes=6)
    done(shop.sync())
    assert done(shop.sync()).rows == 0


@on_sqlite
def test_an_order_the_search_shows_late_is_found_within_the_overlap(shop: OpenShop) -> None:
    shop.later(hours=1)
    hidden = shop.store.order(9, price=800)
    shop.store.world.orders.remove(hidden)
    shop.store.now += 1
    done(shop.sync())
    assert hidden.updated_at < shop.store.now
    shop.store.world.orders.append(hidden)
    shop.later(seconds=OVERLAP.total_seconds() - 10)
    assert synced(shop) == 3


@on_sqlite
def test_a_clock_that_went_back_loses_nothing(shop: OpenShop) -> None:
    """Ours was an hour fast: the watermark lies in the future of the shop."""
    shop.later(hours=1)
    done(shop.sync())
    ahead = shop.watermark
    shop.later(minutes=-50)
    shop.store.order(4)
    assert synced(shop) == 3
    assert ahead is not None
    assert shop.watermark is not None
    assert shop.watermark < ahead


# --- many at once --------------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """Sixty orders read in full, and at most five orders in a window of changes."""
    with open_shop(little_world(2), database_url, tmp_path, sizes=Sizes(window_rows=5)) as shop:
        done(shop.backfill())
        yield shop


@on_sqlite
def test_windows_are_split_when_many_orders_changed(narrow: OpenShop) -> None:
    for order in narrow.store.world.orders:
        narrow.later(minutes=1)
        narrow.store.touch(order.id)
    narrow.later(seconds=1)
    asked = narrow.store.count("orders")
    assert synced(narrow) == 60
    assert narrow.store.count("orders") - asked >= 12


@on_sqlite
def test_a_minute_in_which_everything_changed_is_not_split_for_ever(narrow: OpenShop) -> None:
    """A bulk edit in the admin touches all orders within a second."""
    narrow.later(hours=1)
    for order in narrow.store.world.orders:
        order.updated_at = narrow.store.now
    narrow.store.now += 1
    assert synced(narrow) == 60


def test_the_claim_moves_window_by_window(narrow: OpenShop) -> None:
    """Each page lands by itself, and the claim follows the last page of each window."""
    for order in narrow.store.world.orders[:16]:
        narrow.later(minutes=1)
        narrow.store.touch(order.id)
    narrow.later(seconds=1)
    claims: list[datetime | None] = []

    def watch(_seen: object) -> None:
        claims.append(narrow.watermark)
        assert broken_claims(narrow) == []

    narrow.store.on_answer = watch  # type: ignore[attr-defined]
    assert synced(narrow) == 16
    moved = [claim for claim in claims if claim is not None]
    assert moved == sorted(moved)
    assert len(set(moved)) >= 4


# --- deep orders ---------------------------------------------------------------------------------------------------


def test_an_order_with_forty_agreements_and_one_with_six_hundred_lines(shop: OpenShop) -> None:
    """Far more than a page nests: the rest is asked for agreement by agreement."""
    often, wide = shop.store.world.orders[:2]
    for _ in range(40):
        shop.later(hours=1)
        edit(shop.store, often, price=100)
    edit(shop.store, wide, lines=600, price=10)
    edit(shop.store, wide, lines=300, price=20)
    shop.later(minutes=1)
    assert synced(shop) == 2 + 40 * 2 + 2 + 900
    assert shop.rows(order_sales, "order_id").count((wide.id,)) == 901


@pytest.mark.slow
def test_every_oddity_of_a_boutique_read_by_pages(database_url: str, tmp_path: Path) -> None:
    """The same orders by paging as by bulk operation: everything is touched and read again into an empty database."""
    world = build("boutique", orders=400)
    kept, world.orders = world.orders, []
    with open_shop(world, database_url, tmp_path) as shop:
        done(shop.backfill())
        for n, order in enumerate(kept):
            order.updated_at = shop.store.now + n
        world.orders += kept
        shop.later(hours=1)
        synced(shop)


# --- a long life ---------------------------------------------------------------------------------------------------


class Life:
    """A shop that goes about its business, at random and yet always the same."""

    def __init__(self, shop: OpenShop, seed: int) -> None:
        self.shop, self.random = shop, Random(seed)

    def go_on(self) -> None:
        """Up to three hours and the thing that happens then."""
        self.shop.later(seconds=self.random.randrange(1, 10_000))
        what = self.random.choices((self.buy, self.refund, self.cancel, self.edit, self.merge), (6, 2, 1, 2, 1))
        what[0]()

    def some(self) -> Order:
        return self.random.choice(self.shop.store.world.orders)

    def buy(self) -> None:
        number = self.random.randrange(20)
        backdated = self.random.random() < 0.15
        words = {"processed_at": self.shop.store.now - self.random.randrange(10**7)} if backdated else {}
        self.shop.store.order(number or None, price=self.random.randrange(1, 9000), tax=3, discount=1, **words)

    def refund(self) -> None:
        self.shop.store.refund(self.some().id, self.random.choice((None, 50)))

    def cancel(self) -> None:
        self.shop.store.cancel(self.some().id)

    def edit(self) -> None:
        edit(self.shop.store, self.some(), lines=self.random.choice((1, 1, 12)), price=self.random.randrange(900))

    def merge(self) -> None:
        order = self.some()
        order.customer_id = self.random.randrange(20) or None
        self.shop.store.touch(order.id)


@pytest.mark.parametrize(
    ("database_url", "seed"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 3)], indirect=["database_url"]
)
def test_many_small_syncs_are_one_backfill(shop: OpenShop, database_url: str, tmp_path: Path, seed: int) -> None:
    life = Life(shop, seed)
    for _ in range(12):
        for _ in range(life.random.randrange(6)):
            life.go_on()
        done(shop.sync())
        assert broken_claims(shop) == []
    shop.later(seconds=1)
    synced(shop)


@on_sqlite
def test_the_search_is_asked_in_quoted_utc_times(shop: OpenShop) -> None:
    """What the shop's zone and its clock changes cannot bend; see the filter of the store, which follows Shopify's."""
    for when in ("2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"):
        shop.sell(when, 1, 100)
        shop.later(seconds=1)
        assert synced(shop) == 3
    assert shop.rows(orders, "processed_date")[-3:] == [(datetime(2026, 10, 25, tzinfo=UTC).date(),)] * 3


@on_sqlite
def test_an_answer_in_an_unknown_shape_lands_nothing(shop: OpenShop) -> None:
    before, claim = dump(shop.engine), shop.watermark
    made = shop.sell("2026-06-21 09:00", 2, 700)
    made.cancel_reason = 7  # type: ignore[assignment]
    shop.later(minutes=1)
    outcome = shop.sync()
    assert isinstance(outcome.error, UnexpectedShape)
    assert outcome.outcome == "failed"
    assert (shop.watermark, differences(dump(shop.engine), before)) == (claim, [])


def test_the_overlap_is_a_few_minutes() -> None:
    assert timedelta(minutes=1) <= OVERLAP <= timedelta(minutes=10)
