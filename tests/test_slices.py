"""Bulk operations that will not come whole: halved, shared, asked again, and none left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from service.connectors import backfill as history
from service.demo.server import Seen
from service.pipeline import Sizes
from service.store import slices
from service.store.tables import backfill_slices
from tests.metrics.little_world import little_world
from tests.shop import OpenShop, WatchedStore, corner_shop, differences, done, dump, on_sqlite, open_shop, world_dump

DOCUMENT = "{ orders { edges { node { id } } } }"


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """Sixty orders, read in slices of thirty at most."""
    with open_shop(little_world(0), database_url, tmp_path, sizes=Sizes(slice_rows=30)) as shop:
        yield shop


@pytest.fixture
def store(shop: OpenShop) -> WatchedStore:
    assert isinstance(shop.store, WatchedStore)
    return shop.store


def assert_all_is_read(shop: OpenShop) -> None:
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert (shop.coverage.gap, shop.coverage.rows, shop.coverage.expected_rows) == ("", 60, 60)
    found = shop.rows(backfill_slices, "slice_from", "slice_to")
    assert all(before[1] == after[0] for before, after in pairwise(found))


def plan_of(shop: OpenShop) -> list[int]:
    """Orders expected in each slice."""
    return [row[0] for row in shop.rows(backfill_slices, "expected_rows")]


def without_trouble(shop: OpenShop) -> int:
    """How many slices a reading of all that history needs."""
    done(shop.backfill())
    return len(plan_of(shop))


def test_a_slice_that_takes_too_long_is_halved_at_once(shop: OpenShop, store: WatchedStore) -> None:
    """Shopify gives up on more than ten orders at a time."""
    store.bulk_fail_over(10, "TIMEOUT")
    done(shop.backfill())
    assert max(plan_of(shop)) <= 10
    assert_all_is_read(shop)


@on_sqlite
@pytest.mark.parametrize("how", ["CANCELED", "INTERNAL_SERVER_ERROR"])
def test_a_slice_that_never_ends_well_is_halved_after_three_tries(
    shop: OpenShop, store: WatchedStore, how: str
) -> None:
    store.bulk_fail_over(15, how)
    done(shop.backfill())
    assert max(plan_of(shop)) <= 15
    assert_all_is_read(shop)


@on_sqlite
def test_a_slice_that_ends_badly_once_is_not_halved(shop: OpenShop, store: WatchedStore) -> None:
    store.bulk_fail_next("CANCELED")
    store.bulk_fail_next("CANCELED", partial=True)
    done(shop.backfill())
    assert max(plan_of(shop)) > 15
    assert_all_is_read(shop)


@on_sqlite
def test_a_slice_that_cannot_be_cut_any_more_ends_the_run(shop: OpenShop, store: WatchedStore) -> None:
    """And the halves are remembered: the next run goes on with them."""
    store.bulk_fail_over(0, "TIMEOUT")
    outcome = shop.backfill()
    assert outcome.outcome == "interrupted"
    assert "the bulk operation ended FAILED TIMEOUT" in str(outcome.error)
    assert next(rows for rows in plan_of(shop) if rows) == 1
    assert sum(plan_of(shop)) == 60
    store.recover()
    done(shop.backfill())
    assert_all_is_read(shop)


@on_sqlite
def test_a_link_that_no_longer_answers_is_signed_anew(shop: OpenShop, store: WatchedStore) -> None:
    expired: list[Seen] = []

    def after_the_first_look(seen: Seen) -> None:
        if seen.fields == ("bulkOperation",) and store.shop.bulk.operations[0].status == "COMPLETED" and not expired:
            expired.append(seen)
            store.expire_links()

    store.on_answer = after_the_first_look
    done(shop.backfill())
    assert len(store.shop.bulk.operations) == len(plan_of(shop))
    assert next(seen.status for seen in store.requests if seen.kind == "file") == 403
    assert_all_is_read(shop)


# --- places are shared ---------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("slots", [1, 2])
def test_fewer_places_than_we_would_like(database_url: str, tmp_path: Path, slots: int) -> None:
    """What cannot run ahead runs later; nobody waits for it while something else can be read."""
    sizes = Sizes(slice_rows=10)
    with open_shop(little_world(0), database_url, tmp_path, sizes=sizes, bulk_slots=slots) as shop:
        shop.store.slow_bulk(0.05)
        done(shop.backfill())
        assert_all_is_read(shop)


@on_sqlite
def test_places_that_others_hold_are_waited_for(database_url: str, tmp_path: Path) -> None:
    """The lease is kept meanwhile: half an hour is longer than it lives."""
    waits: list[float] = []
    with open_shop(little_world(0), database_url, tmp_path, bulk_slots=1, sleep=waits.append) as shop:
        other = shop.store.shop.bulk.run_query("2026-10", DOCUMENT, False).operation
        assert other is not None
        thread, lives = shop.store.shop.bulk._threads[0], []
        thread.join(5)
        other.status = "RUNNING"

        def until_it_ends(seen: Seen) -> None:
            if seen.fields == ("bulkOperationRunQuery",):
                lives.append(shop.sql("select expires_at, owner from leases")[0])
                shop.store.now += 150
                if len(lives) == 8:
                    other.status = "COMPLETED"

        shop.store.on_answer = until_it_ends  # type: ignore[attr-defined]
        done(shop.backfill())
        assert sum(wait > 9 for wait in waits) >= 8
        assert sorted(lives) == lives
        assert len(set(lives)) >= 7
        assert_all_is_read(shop)


# --- nothing is left behind ----------------------------------------------------------------------------------------


def interrupted(shop: OpenShop, store: WatchedStore, **words: object) -> None:
    """A backfill whose token dies once its operations have begun; they run on."""
    store.slow_bulk(30)

    def when_they_run(seen: Seen) -> None:
        if seen.fields == ("bulkOperation",):
            store.expire_token()

    store.on_answer = when_they_run
    assert shop.backfill(**words).outcome == "rests"
    store.tokens.add(store.token)

    def once_they_are_cancelled(seen: Seen) -> None:
        if seen.fields == ("bulkOperationCancel",) and not under_way(store):
            store.slow_bulk(0)

    store.on_answer = once_they_are_cancelled


def plans(shop: OpenShop) -> set[object]:
    return {name for (name,) in shop.rows(backfill_slices, "connector")}


def under_way(store: WatchedStore) -> int:
    return sum(operation.status in ("CREATED", "RUNNING") for operation in store.shop.bulk.operations)


def test_a_plan_thrown_away_ends_its_operations(shop: OpenShop, store: WatchedStore) -> None:
    interrupted(shop, store)
    begun = list(store.shop.bulk.operations)
    assert under_way(store) == len(begun) >= 2
    done(shop.backfill(restart=True))
    assert {operation.status for operation in begun} == {"CANCELED"}
    assert_all_is_read(shop)


def test_a_part_left_unfinished_is_forgotten_by_the_next_backfill(shop: OpenShop, store: WatchedStore) -> None:
    slices_of_all = without_trouble(shop)
    interrupted(shop, store, first=date(2026, 4, 1), last=date(2026, 4, 30))
    assert len(plans(shop)) == 2
    begun = store.shop.bulk.operations[slices_of_all:]
    done(shop.backfill(first=date(2026, 3, 1), last=date(2026, 3, 9)))
    assert {operation.status for operation in begun} == {"CANCELED"}
    assert plans(shop) == {history.PLAN}
    assert_all_is_read(shop)


@on_sqlite
def test_a_part_left_unfinished_is_gone_on_with_when_it_is_asked_for_again(shop: OpenShop, store: WatchedStore) -> None:
    slices_of_all = without_trouble(shop)
    april = {"first": date(2026, 4, 1), "last": date(2026, 4, 30)}
    interrupted(shop, store, **april)
    begun = store.shop.bulk.operations[slices_of_all:]
    store.slow_bulk(0)
    done(shop.backfill(**april))
    assert store.shop.bulk.operations[slices_of_all:] == begun
    assert {operation.status for operation in begun} == {"COMPLETED"}
    assert_all_is_read(shop)


# --- slices, as they are stored ------------------------------------------------------------------------------------


def test_halves_keep_what_the_whole_knew(shop: OpenShop) -> None:
    done(shop.backfill())
    (start, end, visible, planned), *_ = shop.rows(
        backfill_slices, "slice_from", "slice_to", "visible_from", "planned_at"
    )
    middle = start + (end - start) / 2
    with shop.engine.begin() as connection:
        smaller = [slices.Slice(start, middle, 3), slices.Slice(middle, end, 4)]
        slices.replace(connection, 7, history.PLAN, slices.Slice(start, end, 7), smaller)
    found = shop.rows(backfill_slices, "slice_from", "slice_to", "visible_from", "planned_at", "rows")[:2]
    assert found == [(start, middle, visible, planned, None), (middle, end, middle, planned, None)]


@on_sqlite
def test_a_stretch_without_orders_is_no_trouble(database_url: str, tmp_path: Path) -> None:
    """Shopify has no file for it, only the counts of nothing."""
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.later(days=3)
        done(shop.backfill())
        [operation] = shop.store.shop.bulk.operations
        assert (operation.objects, shop.store.shop.bulk.url(operation)) == (0, None)
        assert shop.coverage.gap == ""
