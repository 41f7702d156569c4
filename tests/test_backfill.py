"""History read through bulk operations: whole, verified, resumable, and never claimed before it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from service import pipeline
from service.connectors import backfill as history
from service.connectors import orders
from service.connectors.order_lines import land_lines
from service.connectors.work import Work
from service.demo.model import World
from service.demo.worlds import build
from service.errors import UnexpectedShape
from service.periods import day_start
from service.pipeline import Sizes
from service.shopify.bulk_file import lines
from service.store import leases, runs, shops, slices
from service.store.tables import backfill_slices, sync_runs
from service.store.tables import orders as orders_table
from tests.metrics.little_world import little_world
from tests.shop import OpenShop, corner_shop, differences, done, dump, instant, on_sqlite, open_shop, world_dump

SMALL = Sizes(slice_rows=20, batch_lines=37)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """Sixty untidy orders, read in slices of twenty."""
    with open_shop(little_world(0), database_url, tmp_path, sizes=SMALL) as shop:
        yield shop


def test_every_row_is_what_the_world_says(shop: OpenShop) -> None:
    outcome = done(shop.backfill())
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert (
        outcome.rows
        == outcome.rows_changed
        == sum(len(rows) for rows in dump(shop.engine).values()) - len(dump(shop.engine)["order_facts"])
    )


@pytest.mark.slow
def test_a_boutique_of_every_oddity(database_url: str, tmp_path: Path) -> None:
    """Imports, edits, returns, gift cards, an order of 600 lines and one with 40 agreements, in several slices."""
    with open_shop(build("boutique", orders=1500), database_url, tmp_path, sizes=Sizes(400, 1000)) as shop:
        done(shop.backfill())
        assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
        assert shop.coverage.rows == shop.coverage.expected_rows == 1500


@on_sqlite
def test_slices_are_small_and_cover_all_time(shop: OpenShop) -> None:
    done(shop.backfill())
    found = shop.rows(backfill_slices, "slice_from", "slice_to", "expected_rows", "rows", "verified_at")
    assert len(found) >= 3
    assert all(expected == read <= 20 for _, _, expected, read, _ in found)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    created = datetime.fromtimestamp(shop.store.world.created_at, UTC)
    assert (found[0][0], found[-1][1]) == (created, datetime.fromtimestamp(shop.store.now, UTC))


@on_sqlite
def test_it_ends_with_a_statement_of_coverage(shop: OpenShop) -> None:
    outcome = done(shop.backfill())
    now = datetime.fromtimestamp(shop.store.now, UTC)
    assert outcome.watermark == shop.watermark == now
    found = shop.coverage
    assert (found.rows, found.expected_rows, found.gap) == (60, 60, "")
    assert found.covered_to == found.verified_at == now


@on_sqlite
def test_a_second_backfill_asks_for_nothing(shop: OpenShop) -> None:
    done(shop.backfill())
    before, asked = dump(shop.engine), shop.store.count("bulkOperationRunQuery")
    again = done(shop.backfill())
    assert (again.rows, again.rows_changed) == (0, 0)
    assert shop.store.count("bulkOperationRunQuery") == asked
    assert differences(dump(shop.engine), before) == []


def test_restart_reads_everything_again_and_changes_nothing(shop: OpenShop) -> None:
    first = done(shop.backfill())
    before = dump(shop.engine)
    again = done(shop.backfill(restart=True))
    assert (again.rows, again.rows_changed) == (first.rows, 0)
    assert differences(dump(shop.engine), before) == []


@on_sqlite
def test_a_shop_without_orders_is_covered(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.later(days=3)
        assert done(shop.backfill()).rows == 0
        assert shop.coverage.gap == ""
        assert shop.watermark == instant("2026-06-18 00:00")


@on_sqlite
def test_three_operations_run_ahead_of_the_reading(shop: OpenShop) -> None:
    """And no more: Shopify allows five, and others may want theirs."""
    done(shop.backfill())
    started = [seen.fields == ("bulkOperationRunQuery",) for seen in shop.store.requests]
    read = [seen.kind == "file" for seen in shop.store.requests]
    ahead = [sum(started[:n]) - sum(read[:n]) for n in range(len(started) + 1)]
    assert sum(started) > 3
    assert max(ahead) == 3


# --- parts of history ----------------------------------------------------------------------------------------------


def test_from_a_day_on_and_later_the_rest(shop: OpenShop) -> None:
    world = shop.store.world
    done(shop.backfill(first=date(2026, 4, 20)))
    late = [order for order in world.orders if order.created_at >= _day_start(world, "2026-04-20")]
    assert 0 < len(late) < 60
    assert [row[0] for row in shop.rows(orders_table, "order_id")] == sorted(order.id for order in late)
    assert shop.coverage.covered_from == datetime.fromtimestamp(_day_start(world, "2026-04-20"), UTC)

    asked = shop.store.count("bulkOperationRunQuery")
    done(shop.backfill())
    assert differences(dump(shop.engine), world_dump(world)) == []
    assert shop.coverage.covered_from == datetime.fromtimestamp(world.created_at, UTC)
    assert shop.coverage.rows == 60
    assert shop.store.count("bulkOperationRunQuery") > asked


def test_days_in_the_middle_are_read_again_without_moving_the_claim(shop: OpenShop) -> None:
    done(shop.backfill())
    claim, before = shop.coverage, dump(shop.engine)
    shop.later(hours=5)
    again = done(shop.backfill(first=date(2026, 4, 1), last=date(2026, 4, 10)))
    assert 0 < again.rows < 422
    assert again.rows_changed == 0
    assert differences(dump(shop.engine), before) == []
    assert shop.coverage == claim


@on_sqlite
def test_a_bounded_reading_first_claims_nothing(shop: OpenShop) -> None:
    done(shop.backfill(first=date(2026, 4, 1), last=date(2026, 4, 10)))
    assert shop.watermark is None
    assert "no orders have been read yet" in shop.coverage.gap
    done(shop.backfill())
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


# --- the shop lives on meanwhile -----------------------------------------------------------------------------------


class Meanwhile:
    """Told of a backfill's progress; does something once, after the first batch has landed."""

    def __init__(self, happen: object) -> None:
        self.happen = happen

    def planned(self, expected: int, already: int) -> None: ...

    def landed(self, orders: int) -> None:
        happen, self.happen = self.happen, None
        if callable(happen):
            happen()


def test_orders_that_change_during_the_reading_come_with_the_next_sync(shop: OpenShop) -> None:
    """The claim reaches to the moment the plan was made, and not a second further."""
    planned = datetime.fromtimestamp(shop.store.now, UTC)

    def busy_day() -> None:
        shop.later(minutes=30)
        shop.store.order(5, price=900)
        shop.store.refund(shop.store.world.orders[0].id)
        shop.store.cancel(shop.store.world.orders[30].id)
        shop.later(minutes=30)

    outcome = done(shop.backfill(progress=Meanwhile(busy_day)))
    assert outcome.watermark == planned
    done(shop.sync())
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert shop.watermark == datetime.fromtimestamp(shop.store.now, UTC)


@on_sqlite
def test_an_order_deleted_during_the_reading_is_no_reason_to_stop(shop: OpenShop) -> None:
    last = shop.store.world.orders[-1].id
    done(shop.backfill(progress=Meanwhile(lambda: shop.store.delete(last))))
    assert shop.coverage.gap == ""


# --- lines in any order --------------------------------------------------------------------------------------------


def _bulk_lines(shop: OpenShop) -> list[orders.AnyLine]:
    """The lines of one bulk file over everything."""
    done(shop.backfill())
    [path] = [shop.store.shop.bulk.path(each) for each in shop.store.shop.bulk.operations]
    return list(lines(path, orders.parse))


@pytest.fixture
def whole(tmp_path_factory: pytest.TempPathFactory, sqlite_template: bytes) -> list[orders.AnyLine]:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "okrsync.db").write_bytes(sqlite_template)
    with open_shop(little_world(0), f"sqlite:///{folder}/okrsync.db", folder) as shop:
        return _bulk_lines(shop)


def _land(shop: OpenShop, told: list[orders.AnyLine], batch_lines: int) -> int:
    """The lines landed as a backfill lands them; the number of orders."""
    with pipeline.connected(shop.installation, shop.settings, pipeline.ORDERS) as entered:
        engine, clock, client, found = shop.engine, shop.installation.clock, entered.client, entered.shop
        with leases.lease(engine, found.shop_id, orders.NAME, clock()) as lease:
            with engine.begin() as connection:
                run_id = runs.start(connection, found.shop_id, orders.NAME, "backfill", now=clock(), watermark=None)
            sizes = Sizes(batch_lines=batch_lines)
            work = Work(engine, client, found, clock(), None, lease, run_id, clock, sizes, lambda: None)
            number = land_lines(work, told)
            history.finish(history.Reading(work))
            return number


@pytest.mark.parametrize(
    "arrange",
    [
        lambda told: told,
        lambda told: told[::-1],
        lambda told: Random(1).sample(told, len(told)),
        lambda told: sorted(told, key=lambda line: type(line).__name__, reverse=True),
    ],
    ids=["as Shopify writes them", "backwards", "shuffled", "children first"],
)
def test_children_find_their_parents_wherever_they_stand(
    shop: OpenShop, whole: list[orders.AnyLine], arrange: object
) -> None:
    assert callable(arrange)
    assert _land(shop, arrange(whole), batch_lines=25) == 60
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


def test_lines_that_come_twice_are_landed_once(shop: OpenShop, whole: list[orders.AnyLine]) -> None:
    twice = Random(2).sample(whole * 2, 2 * len(whole))
    _land(shop, twice, batch_lines=25)
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


@on_sqlite
def test_children_without_a_parent_are_refused(shop: OpenShop, whole: list[orders.AnyLine]) -> None:
    lost = next(line for line in whole if isinstance(line, orders.AgreementLine))
    kept = [line for line in whole if not isinstance(line, orders.OrderLine) or line.id != lost.parent_id]
    with pytest.raises(UnexpectedShape, match=f"belong to nothing in the file, the first to {lost.parent_id}"):
        _land(shop, kept, batch_lines=25)


def test_an_older_version_of_an_order_never_replaces_a_newer_one(shop: OpenShop, whole: list[orders.AnyLine]) -> None:
    """A file made an hour ago is landed after the increment that brought the change."""
    done(shop.backfill())
    changed = shop.store.cancel(shop.store.world.orders[7].id)
    done(shop.sync())
    before = dump(shop.engine)
    _land(shop, whole, batch_lines=25)
    assert differences(dump(shop.engine), before) == []
    assert (changed.id, True) in {(row[1], row[7] is not None) for row in before["orders"]}


# --- what a run says of itself -------------------------------------------------------------------------------------


@on_sqlite
def test_a_run_is_a_row_that_adds_up(shop: OpenShop) -> None:
    outcome = done(shop.backfill())
    [run] = shop.rows(sync_runs, "kind", "outcome", "rows", "rows_changed", "watermark_before", "error")
    assert run[:5] == ("backfill", "done", outcome.rows, outcome.rows, None)
    # The shop has sales of a kind nobody knows: the run is done, and says so.
    [notice] = outcome.notices
    assert run[5] == notice == "15 sales of the unknown kind UNKNOWN/ORDER, of which only the tax counts"


@on_sqlite
def test_progress_is_told_in_orders(shop: OpenShop) -> None:
    told: list[tuple[str, int]] = []

    class Listener:
        def planned(self, expected: int, already: int) -> None:
            told.append(("planned", expected))
            assert already == 0

        def landed(self, orders: int) -> None:
            told.append(("landed", orders))

    done(shop.backfill(progress=Listener()))
    assert told[0] == ("planned", 60)
    assert sum(number for what, number in told if what == "landed") == 60


@on_sqlite
def test_a_resumed_backfill_says_what_was_verified_before(shop: OpenShop) -> None:
    done(shop.backfill())
    with shop.engine.begin() as connection:
        first = slices.start_of(connection, shop.store.world.shop_id, history.PLAN)
        connection.execute(
            update(backfill_slices).where(backfill_slices.c.slice_from == first).values(verified_at=None, rows=None)
        )
        assert shops.by_domain(connection, shop.settings.domain) is not None
    assert "run okrsync backfill" in shop.coverage.gap
    told: list[tuple[int, int]] = []

    class Listener(Meanwhile):
        def planned(self, expected: int, already: int) -> None:
            told.append((expected, already))

    asked = shop.store.count("bulkOperationRunQuery")
    done(shop.backfill(progress=Listener(None)))
    assert told == [(60, 60 - shop.rows(backfill_slices, "rows")[0][0])]
    assert shop.store.count("bulkOperationRunQuery") == asked + 1


def _day_start(world: World, day: str) -> int:
    return int(day_start(date.fromisoformat(day), world.timezone).timestamp())
