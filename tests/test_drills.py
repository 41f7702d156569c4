"""Whatever goes wrong, nothing is lost and nothing is claimed too early: the promises of `bi_coverage`, drilled.

After every drill three things hold. What the database claims to have read, it holds. A second run, undisturbed, ends
well. And then every row is what it would have been without the trouble.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from service.demo.bulk import Operation
from service.demo.model import World
from service.demo.server import Seen
from service.errors import OkrsyncError
from service.pipeline import Outcome, Sizes
from service.store.engine import open_engine
from service.store.tables import (
    backfill_slices,
    check_ins,
    key_result_readings,
    key_results,
    leases,
    metric_readings,
    pending_work,
    status_changes,
    sync_runs,
    watermarks,
)
from tests.metrics.little_world import little_world
from tests.postgres import fresh_database
from tests.shop import (
    SOURCE,
    OpenShop,
    WatchedStore,
    broken_claims,
    differences,
    done,
    dump,
    on_sqlite,
    open_shop,
    world_dump,
)
from tests.victim import Victim

SIZES = Sizes(slice_rows=15, batch_lines=40, window_rows=8)
KILLS = int(os.environ.get("OKRSYNC_TEST_KILLS", "24"))
"""How often a backfill is killed at a random moment. Before a release: some hundreds."""

JUDGED = (metric_readings, key_results, key_result_readings, check_ins, status_changes)
STATE = (*SOURCE, watermarks, backfill_slices, pending_work)


@pytest.fixture
def world() -> World:
    return little_world(0, orders=40, customers=15)


@pytest.fixture
def shop(world: World, database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(world, database_url, tmp_path, sizes=SIZES) as shop:
        yield shop


@pytest.fixture
def store(shop: OpenShop) -> WatchedStore:
    assert isinstance(shop.store, WatchedStore)
    return shop.store


def assert_all_is_well(shop: OpenShop) -> None:
    assert broken_claims(shop) == []
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    assert shop.coverage.gap == ""
    assert shop.watermark == shop.installation.clock()
    assert {owner for (owner,) in shop.rows(leases, "owner")} == {""}


def attempt(work: Callable[[], Outcome]) -> OkrsyncError | None:
    """The trouble a run ended with, wherever it showed."""
    try:
        return work().error
    except OkrsyncError as error:
        return error


def assert_nothing_is_claimed_too_early(shop: OpenShop, error: OkrsyncError | None) -> None:
    assert broken_claims(shop) == []
    if error is not None and shop.rows(backfill_slices):
        assert shop.coverage.gap or shop.watermark is not None
    [*_, running] = [None, *(row for row in shop.rows(sync_runs, "outcome") if row == ("running",))]
    assert running is None


# --- kill -9 -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    victim = Victim()
    yield victim
    victim.close()


def kill_and_go_on(shop: OpenShop, victim: Victim, **moment: float) -> bool:
    """Die in the middle of a backfill, go on in another process; was there anything left to go on with?"""
    was_killed = victim.run(shop, "backfill", **moment)  # type: ignore[arg-type]
    assert broken_claims(shop) == []
    done(shop.backfill())
    assert_all_is_well(shop)
    outcomes = sorted(row[0] for row in shop.rows(sync_runs, "outcome"))
    assert outcomes in (["done"], ["done", "done"], ["done", "interrupted"])
    return was_killed


@pytest.mark.parametrize(
    ("database_url", "commit"),
    [("sqlite", 0), ("sqlite", 3), ("sqlite", 9), ("sqlite", 14), ("sqlite", 19), ("sqlite", 24),
     ("postgresql", 9), ("postgresql", 16)],
    indirect=["database_url"],
)  # fmt: skip
def test_killed_before_a_commit(shop: OpenShop, victim: Victim, commit: int) -> None:
    assert kill_and_go_on(shop, victim, commit=commit)


@pytest.mark.slow
def test_killed_before_every_single_commit(
    world: World, victim: Victim, sqlite_template: bytes, tmp_path: Path
) -> None:
    """On SQLite; the undisturbed state is compared whole: claims, slices and notes too."""
    undisturbed = None
    for commit in range(100):
        folder = tmp_path / str(commit)
        folder.mkdir()
        (folder / "okrsync.db").write_bytes(sqlite_template)
        with open_shop(world, f"sqlite:///{folder}/okrsync.db", folder, sizes=SIZES) as shop:
            if undisturbed is None:
                done(shop.backfill())
                undisturbed = state(shop.engine)
            elif kill_and_go_on(shop, victim, commit=commit - 1):
                assert differences(state(shop.engine), undisturbed) == []
            else:
                break
    assert 25 < commit < 99


@pytest.mark.slow
@pytest.mark.timeout(120 + 10 * KILLS)
def test_killed_at_any_moment(
    world: World, victim: Victim, sqlite_template: bytes, postgres_server: str, postgres_template: str, tmp_path: Path
) -> None:
    """At seeded random times, in the middle of whatever is going on; every third time on PostgreSQL."""
    random = Random(20261001)
    killed, whole = 0, 0.0
    for turn in range(1 + KILLS):
        folder = tmp_path / str(turn)
        folder.mkdir()
        with ExitStack() as stack:
            url = f"sqlite:///{folder}/okrsync.db"
            if turn % 3 == 1:
                url = stack.enter_context(fresh_database(postgres_server, postgres_template))
            else:
                (folder / "okrsync.db").write_bytes(sqlite_template)
            shop = stack.enter_context(open_shop(world, url, folder, sizes=SIZES))
            if not whole:
                started = time.monotonic()
                victim.run(shop, "backfill")
                whole = time.monotonic() - started
            else:
                killed += kill_and_go_on(shop, victim, seconds=random.uniform(0, whole))
    assert killed >= KILLS // 4


@pytest.mark.slow
def test_killed_again_and_again(shop: OpenShop, victim: Victim) -> None:
    """Each life gets a little further than the one before."""
    lives = 0
    while victim.run(shop, "backfill", commit=8 + lives):
        assert broken_claims(shop) == []
        lives += 1
        assert lives < 60
    assert lives > 2
    assert_all_is_well(shop)


@pytest.mark.parametrize(
    ("database_url", "commit"),
    [("sqlite", 3), ("sqlite", 5), ("sqlite", 7), ("sqlite", 9), ("sqlite", 11), ("postgresql", 6)],
    indirect=["database_url"],
)
def test_killed_in_the_middle_of_a_sync(shop: OpenShop, victim: Victim, commit: int) -> None:
    done(shop.backfill())
    changes(shop)
    victim.run(shop, "sync", commit=commit)
    assert broken_claims(shop) == []
    done(shop.sync())
    assert_all_is_well(shop)


OKRS = """
quarter = "2026-Q2"
[[objectives]]
id = "o"
title = "Grow"
  [[objectives.key_results]]
  id = "repeat"
  title = "They come back"
  metric = "repeat_customers"
  baseline = "previous_quarter"
  target = "+50%"
  [[objectives.key_results]]
  id = "orders"
  title = "Orders"
  metric = "orders"
  baseline = 0
  target = 50
"""


@pytest.mark.parametrize(
    ("database_url", "commits"),
    [("sqlite", (1, 9)), pytest.param("sqlite", range(40), marks=pytest.mark.slow), ("postgresql", (12, 27))],
    indirect=["database_url"],
)
def test_killed_in_the_middle_of_measuring(
    world: World, database_url: str, sqlite_template: bytes, victim: Victim, tmp_path: Path, commits: Sequence[int]
) -> None:
    """Again and again at one database, each time a little later; then what is recorded is what one pass records."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "okrsync.db").write_bytes(sqlite_template)
    with (
        open_shop(world, f"sqlite:///{tmp_path}/whole/okrsync.db", tmp_path / "whole", okrs=OKRS) as whole,
        open_shop(world, database_url, tmp_path, okrs=OKRS) as shop,
    ):
        for each in (whole, shop):
            done(each.backfill())
        undisturbed = whole.reckon()
        deaths = [victim.run(shop, "reckon", commit=commit) for commit in commits]
        shop.reckon()
        assert deaths[0]
        assert undisturbed.check_ins == 2
        assert differences(dump(shop.engine, JUDGED), dump(whole.engine, JUDGED)) == []
        assert shop.reckon().measured_from is None


def state(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    return {name: list(rows) for name, rows in dump(engine, STATE, ["notes"]).items()}


def changes(shop: OpenShop) -> None:
    """Two hours in the shop: new orders, refunds, cancellations, spread over minutes."""
    random = Random(3)
    for _ in range(12):
        shop.later(minutes=10)
        some = random.choice(shop.store.world.orders)
        happen = random.choice((shop.store.refund, shop.store.cancel, shop.store.touch))
        happen(some.id)
        shop.store.order(random.randrange(15), price=random.randrange(10_000))
    shop.later(minutes=10)


# --- faults that pass ----------------------------------------------------------------------------------------------

PASSING: dict[str, Callable[[WatchedStore], None]] = {
    "throttled": lambda store: store.throttle_next(),
    "429": lambda store: store.fail_next(429),
    "500": lambda store: store.fail_next(500),
    "502": lambda store: store.fail_next(502),
    "503": lambda store: store.fail_next(503),
    "504": lambda store: store.fail_next(504),
    "internal error": lambda store: store.internal_error_next(),
    "reset": lambda store: store.reset_next(),
}


def spoil_every_request_once(store: WatchedStore, spoil: Callable[[WatchedStore], None]) -> None:
    """Every question but the first is answered with trouble before it is answered well."""
    was_well = False

    def after(seen: Seen) -> None:
        nonlocal was_well
        if seen.kind == "graphql":
            was_well = not was_well
            if was_well:
                spoil(store)

    store.on_answer = after


@on_sqlite
@pytest.mark.parametrize("fault", PASSING)
def test_every_request_of_a_backfill_fails_once(shop: OpenShop, store: WatchedStore, fault: str) -> None:
    spoil_every_request_once(store, PASSING[fault])
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
@pytest.mark.parametrize("fault", PASSING)
def test_every_request_of_a_sync_fails_once(shop: OpenShop, store: WatchedStore, fault: str) -> None:
    done(shop.backfill())
    changes(shop)
    spoil_every_request_once(store, PASSING[fault])
    done(shop.sync())
    assert_all_is_well(shop)


@on_sqlite
@pytest.mark.parametrize("silently", [False, True], ids=["in the middle of a line", "after a line"])
def test_every_file_arrives_cut_off_once(shop: OpenShop, store: WatchedStore, silently: bool) -> None:
    cut: set[tuple[str, ...]] = set()

    def before_the_file(seen: Seen) -> None:
        if seen.kind == "file" and seen.fields not in cut:
            cut.add(seen.fields)
            store.truncate_bulk_next(silently)

    store.on_answer = before_the_file
    done(shop.backfill())
    assert len(cut) >= 3
    assert_all_is_well(shop)


@on_sqlite
@pytest.mark.parametrize("partial", [False, True], ids=["empty-handed", "with half of the data"])
@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TIMEOUT"])
def test_operations_that_fail_are_begun_anew(shop: OpenShop, store: WatchedStore, code: str, partial: bool) -> None:
    store.bulk_fail_next(code, partial)
    store.bulk_fail_next(code, partial)
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_an_operation_somebody_cancels_is_begun_anew(shop: OpenShop, store: WatchedStore) -> None:
    store.slow_bulk(0.3)
    cancelled: list[str] = []

    def somebody(seen: Seen) -> None:
        if seen.fields == ("bulkOperation",) and not cancelled:
            operation = store.shop.bulk.operations[0]
            store.shop.bulk.cancel(operation.gid)
            cancelled.append(operation.gid)
            store.slow_bulk(0)

    store.on_answer = somebody
    done(shop.backfill())
    assert cancelled
    assert_all_is_well(shop)


# --- faults that stay, until they are mended -----------------------------------------------------------------------


def go_away_after(store: WatchedStore, answered: int) -> None:
    """After that many answers every question fails."""
    asked = 0

    def count(_seen: Seen) -> None:
        nonlocal asked
        asked += 1
        if asked == answered:
            store.fail_next(503, 1000)

    store.on_answer = count


@on_sqlite
@pytest.mark.parametrize("answered", [1, 3, 5, 7, 9, 11])
def test_a_store_that_goes_away_in_a_backfill(shop: OpenShop, store: WatchedStore, answered: int) -> None:
    go_away_after(store, answered)
    error = attempt(shop.backfill)
    assert "503" in str(error)
    assert_nothing_is_claimed_too_early(shop, error)
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
@pytest.mark.parametrize("answered", [1, 2, 3, 4, 5, 6])
def test_a_store_that_goes_away_in_a_sync(shop: OpenShop, store: WatchedStore, answered: int) -> None:
    done(shop.backfill())
    before = shop.watermark
    changes(shop)
    go_away_after(store, answered)
    error = attempt(shop.sync)
    assert "503" in str(error)
    assert_nothing_is_claimed_too_early(shop, error)
    assert shop.watermark is not None
    assert before is not None
    assert before <= shop.watermark < shop.installation.clock()
    store.recover()
    done(shop.sync())
    assert_all_is_well(shop)


@on_sqlite
def test_operations_that_always_fail_end_the_run_with_a_reason(shop: OpenShop, store: WatchedStore) -> None:
    for _ in range(50):
        store.bulk_fail_next("INTERNAL_SERVER_ERROR", partial=True)
    outcome = shop.backfill()
    assert outcome.outcome == "interrupted"
    assert "the bulk operation ended FAILED INTERNAL_SERVER_ERROR" in str(outcome.error)
    assert "orders created 2026-02-20" in str(outcome.error)
    assert shop.watermark is None
    assert "0 of 40 orders" in shop.coverage.gap
    assert dump(shop.engine)["orders"] == []
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_a_denied_operation_rests_until_the_scope_is_there(shop: OpenShop, store: WatchedStore) -> None:
    store.bulk_fail_next("ACCESS_DENIED")
    outcome = shop.backfill()
    assert outcome.outcome == "rests"
    assert "denied" in str(outcome.error)
    assert shop.watermark is None
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_a_token_that_dies_in_the_middle(shop: OpenShop, store: WatchedStore) -> None:
    def after_the_first_file(seen: Seen) -> None:
        if seen.kind == "file":
            store.expire_token()

    store.on_answer = after_the_first_file
    outcome = shop.backfill()
    assert outcome.outcome == "rests"
    assert "refuses the access token" in str(outcome.error)
    assert_nothing_is_claimed_too_early(shop, outcome.error)
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_operations_that_expired_while_we_were_away(shop: OpenShop, store: WatchedStore) -> None:
    def before_the_first_file(seen: Seen) -> None:
        if seen.fields == ("bulkOperation",):
            store.expire_token()

    store.on_answer = before_the_first_file
    assert shop.backfill().outcome == "rests"
    started = len(store.shop.bulk.operations)
    planned = shop.installation.clock()
    store.recover()
    shop.later(days=8)
    done(shop.backfill())
    assert len(store.shop.bulk.operations) > started
    assert shop.watermark == planned
    assert differences(dump(shop.engine), world_dump(store.world)) == []


# --- files that lie ------------------------------------------------------------------------------------------------


def doctor_files(
    store: WatchedStore, treat: Callable[[list[bytes]], list[bytes]], *, is_told: bool, most: int = 100
) -> None:
    """Change the lines of files of at least two orders; `is_told`: the operation counts what is left."""
    treated: set[int] = set()

    def before_an_answer(_seen: Seen) -> None:
        for operation in store.shop.bulk.operations:
            if (
                len(treated) < most
                and operation.id not in treated
                and operation.status == "COMPLETED"
                and operation.roots > 1
            ):
                treated.add(operation.id)
                _rewrite(store, operation, treat, is_told)

    def wait_for_the_last(seen: Seen) -> None:
        if seen.fields == ("bulkOperationRunQuery",):
            for thread in store.shop.bulk._threads:
                thread.join(5)
        before_an_answer(seen)

    store.on_answer = wait_for_the_last


def _rewrite(
    store: WatchedStore, operation: Operation, treat: Callable[[list[bytes]], list[bytes]], is_told: bool
) -> None:
    path = store.shop.bulk.path(operation)
    lines = treat(path.read_bytes().splitlines(keepends=True))
    path.write_bytes(b"".join(lines))
    if is_told:
        operation.objects, operation.size = len(lines), path.stat().st_size
        operation.roots = sum(b"__parentId" not in line for line in lines)


def without_the_last_order(lines: list[bytes]) -> list[bytes]:
    lost = {[json.loads(line) for line in lines if b"__parentId" not in line][-1]["id"]}
    kept = []
    for line in lines:
        node = json.loads(line)
        if node["id"] in lost or node.get("__parentId") in lost:
            lost.add(node["id"])
        else:
            kept.append(line)
    return kept


def with_a_broken_line(lines: list[bytes]) -> list[bytes]:
    return [b"[" + lines[0][1:], *lines[1:]]


def with_a_line_of_nonsense(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"processedAt":"20', b'"processedAt":"xx'), *lines[1:]]


@on_sqlite
def test_a_file_that_lacks_an_order_is_not_believed(shop: OpenShop, store: WatchedStore) -> None:
    """Even when the operation's own counts agree with it: Shopify's count of orders does not."""
    doctor_files(store, without_the_last_order, is_told=True)
    outcome = shop.backfill()
    assert outcome.outcome == "interrupted"
    assert "Shopify counts" in str(outcome.error)
    assert_nothing_is_claimed_too_early(shop, outcome.error)
    assert shop.watermark is None
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_a_file_shorter_than_announced_is_not_read_at_all(shop: OpenShop, store: WatchedStore) -> None:
    doctor_files(store, without_the_last_order, is_told=False)
    outcome = shop.backfill()
    assert outcome.outcome == "interrupted"
    assert "the file should have" in str(outcome.error)
    assert dump(shop.engine)["orders"] == []
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@pytest.mark.parametrize("treat", [with_a_broken_line, with_a_line_of_nonsense])
def test_a_line_we_do_not_understand_fails_the_run(
    shop: OpenShop, store: WatchedStore, treat: Callable[[list[bytes]], list[bytes]]
) -> None:
    doctor_files(store, treat, is_told=False, most=1)
    outcome = shop.backfill()
    assert outcome.outcome == "failed"
    assert shop.rows(sync_runs, "outcome") == [("failed",)]
    assert_nothing_is_claimed_too_early(shop, outcome.error)
    assert shop.watermark is None
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_in_any_order(shop: OpenShop, store: WatchedStore, seed: int) -> None:
    """Children before their parents, and far from them."""
    random = Random(seed)
    doctor_files(store, lambda lines: random.sample(lines, len(lines)), is_told=False)
    done(shop.backfill())
    assert_all_is_well(shop)


@on_sqlite
def test_a_file_that_tells_children_twice(shop: OpenShop, store: WatchedStore) -> None:
    doctor_files(store, lambda lines: lines + [line for line in lines if b"__parentId" in line], is_told=True)
    done(shop.backfill())
    assert_all_is_well(shop)


# --- the database goes away ----------------------------------------------------------------------------------------


def test_a_lost_lease_writes_nothing_more(shop: OpenShop, store: WatchedStore, database_url: str) -> None:
    """Somebody took over (a machine that slept, a clock that jumped): the sleeper's next batch is refused."""
    thief = open_engine(database_url)

    def take_over(seen: Seen) -> None:
        if seen.kind == "file":
            with thief.begin() as connection:
                connection.exec_driver_sql("update leases set fence = fence + 1, owner = 'elsewhere:1:1'")

    store.on_answer = take_over
    outcome = shop.backfill()
    assert outcome.outcome == "interrupted"
    assert "another process has taken over" in str(outcome.error)
    assert dump(shop.engine)["orders"] == []
    with thief.begin() as connection:
        connection.exec_driver_sql("delete from leases")
    thief.dispose()
    store.recover()
    done(shop.backfill())
    assert_all_is_well(shop)
