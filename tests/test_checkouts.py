"""Abandoned checkouts read from a shop: what is kept, what is claimed, and what cannot be known any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from service import pipeline
from service.connectors.checkouts import KEPT
from service.connectors.incremental import OVERLAP
from service.demo.model import Checkout, World
from service.demo.worlds import build
from service.errors import AccessDenied, NeedsAPerson
from service.pipeline import Outcome, Sizes
from service.store import landing, pending
from service.store.checkouts import GRACE
from service.store.coverage import coverage
from service.store.tables import checkouts, sync_runs
from service.values import Coverage
from tests.metrics.load_world import checkout_row
from tests.shop import STEPS, OpenShop, WatchedStore, corner_shop, done, instant, named, on_sqlite, open_shop
from tests.test_drills import PASSING, spoil_every_request_once
from tests.victim import Victim

CHECKOUTS = named("checkouts")
SIZES = Sizes(window_rows=12)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """A corner shop of Berlin, two and a half months old, that three buyers have left: one has come back."""
    with open_shop(corner_shop("2026-06-15 00:00"), database_url, tmp_path, sizes=SIZES) as shop:
        leave(shop, "2026-08-20 10:00", 4000)
        leave(shop, "2026-08-30 22:30", 6000)
        back = leave(shop, "2026-08-31 10:00", 5000)
        shop.at("2026-08-31 18:00")
        shop.store.complete(back.id)
        shop.at("2026-09-01 08:00")
        done(sync(shop))
        yield shop


@pytest.fixture
def store(shop: OpenShop) -> WatchedStore:
    assert isinstance(shop.store, WatchedStore)
    return shop.store


def leave(shop: OpenShop, when: str, price: int = 5000, **words: Any) -> Checkout:
    """A checkout left at that instant, which becomes the present."""
    shop.at(when)
    shop.store.now -= 1
    return shop.store.abandon(price=price, **words)


def sync(shop: OpenShop) -> Outcome:
    return shop.sync("checkouts")


def backfill(shop: OpenShop, **words: Any) -> Outcome:
    return pipeline.backfill(shop.installation, shop.settings, CHECKOUTS, **words)


def kept(shop: OpenShop) -> set[tuple[Any, ...]]:
    return set(shop.rows(checkouts))


def of_world(world: World, *forgotten: Checkout) -> set[tuple[Any, ...]]:
    """The rows of a world's checkouts and of those it has forgotten, found without HTTP and the connector."""
    return {tuple(checkout_row(world, each).values()) for each in (*world.checkouts, *forgotten)}


def claims(shop: OpenShop) -> Coverage:
    with shop.engine.connect() as connection:
        return coverage(connection, shop.store.world.shop_id, "checkouts")


def synced(shop: OpenShop, *forgotten: Checkout) -> Outcome:
    """A sync a second later; then every row is as it should be, and the claim reaches to now."""
    shop.later(seconds=1)
    outcome = done(sync(shop))
    assert kept(shop) == of_world(shop.store.world, *forgotten)
    assert claims(shop).covered_to == outcome.watermark == shop.installation.clock()
    return outcome


def measured_from(shop: OpenShop) -> date | None:
    """From which day on answers may differ, since this was asked last."""
    with shop.engine.begin() as connection:
        noted = pending.touched(connection, shop.store.world.shop_id)
        pending.clear(connection, shop.store.world.shop_id, noted)
    return noted.since


# --- what is kept --------------------------------------------------------------------------------------------------


def test_the_first_sync_reads_all_there_is(shop: OpenShop) -> None:
    assert shop.rows(checkouts, "created_date", "total_minor", "currency") == [
        (date(2026, 8, 20), 4000, "EUR"), (date(2026, 8, 31), 6000, "EUR"), (date(2026, 8, 31), 5000, "EUR"),
    ]  # fmt: skip
    assert shop.sql("select count(*) from bi_checkouts where is_recovered") == [(1,)]
    assert kept(shop) == of_world(shop.store.world)
    runs = set(shop.rows(sync_runs, "connector", "kind", "outcome"))
    assert runs == {("checkouts", "backfill", "done"), ("checkouts", "incremental", "done")}


def test_a_new_checkout_and_nothing_twice(shop: OpenShop) -> None:
    leave(shop, "2026-09-01 12:00", 700)
    assert synced(shop).rows_changed == 1
    shop.later(hours=1)
    assert synced(shop).rows_changed == 0


def test_a_checkout_that_recovers_touches_the_day_it_was_begun(shop: OpenShop, store: WatchedStore) -> None:
    shop.later(hours=1)
    synced(shop)
    measured_from(shop)
    shop.at("2026-09-01 15:00")
    store.complete(store.world.checkouts[0].id)
    assert synced(shop).rows_changed == 1
    assert measured_from(shop) == date(2026, 8, 20)
    assert shop.sql("select is_recovered from bi_checkouts order by checkout_id limit 1")[0][0]


def test_what_shopify_purges_is_kept(shop: OpenShop, store: WatchedStore) -> None:
    shop.at("2026-12-07 00:00")
    gone = store.purge_checkouts()
    assert len(gone) == 2
    synced(shop, *gone)
    assert len(kept(shop)) == 3


def test_the_shops_currency_counts_and_not_the_buyers(shop: OpenShop) -> None:
    leave(shop, "2026-09-01 12:00", 1000, presentment_currency="JPY", presentment_rate=160.0)
    synced(shop)
    assert shop.sql("select total, currency from bi_checkouts order by checkout_id desc limit 1") == [(10, "EUR")]


@on_sqlite
def test_one_the_search_shows_late_is_found_within_the_overlap(shop: OpenShop, store: WatchedStore) -> None:
    shop.later(hours=1)
    hidden = store.abandon(price=800)
    store.world.checkouts.remove(hidden)
    store.now += 1
    done(sync(shop))
    store.world.checkouts.append(hidden)
    shop.later(seconds=OVERLAP.total_seconds() - 10)
    assert synced(shop).rows_changed == 1


@on_sqlite
def test_many_at_once_are_read_in_windows_that_can_be_counted(shop: OpenShop, store: WatchedStore) -> None:
    shop.later(hours=1)
    for _ in range(60):
        shop.later(minutes=1)
        store.abandon()
    asked = store.count("abandonedCheckouts")
    assert synced(shop).rows_changed == 60
    assert store.count("abandonedCheckouts") - asked >= 5


@on_sqlite
def test_pages_are_read_to_the_end(shop: OpenShop, store: WatchedStore) -> None:
    """Six hundred in one second: no window can part them, three pages do."""
    shop.later(hours=1)
    moment = store.now + 1
    for number in range(600):
        store.abandon(price=number, created_at=moment, updated_at=moment)
    shop.later(minutes=1)
    asked = store.count("abandonedCheckouts")
    assert synced(shop).rows_changed == 600
    assert store.count("abandonedCheckouts") - asked >= 3


@pytest.mark.parametrize(("field", "value"), [("createdAt", "yesterday"), ("id", None), ("completedAt", 7)])
def test_an_answer_in_an_unknown_shape_lands_nothing(shop: OpenShop, field: str, value: object) -> None:
    before, claim = kept(shop), claims(shop).covered_to
    leave(shop, "2026-09-01 12:00")
    shop.store.shop.table["AbandonedCheckout"][field] = lambda _checkout: value
    shop.later(minutes=1)
    outcome = sync(shop)
    assert outcome.outcome == "failed"
    assert (kept(shop), claims(shop).covered_to) == (before, claim)


def test_without_read_orders_the_connector_rests(shop: OpenShop, store: WatchedStore) -> None:
    store.scope_removed("read_orders")
    with pytest.raises(AccessDenied, match="read_orders"):
        sync(shop)
    assert len(kept(shop)) == 3


# --- what is claimed -----------------------------------------------------------------------------------------------


def test_a_young_shop_is_covered_from_its_first_day(shop: OpenShop) -> None:
    found = claims(shop)
    assert (found.covered_from, found.rows, found.expected_rows, found.gap) == (instant("2026-06-15 00:00"), 3, 3, "")
    assert shop.sql("select gap from bi_coverage where connector = 'checkouts'") == [(None,)]


def test_an_old_shop_is_covered_from_where_nothing_can_have_been_purged(database_url: str, tmp_path: Path) -> None:
    """A row of before is there, and still no number is made of days that may lack others."""
    with open_shop(corner_shop("2024-01-01 00:00"), database_url, tmp_path) as shop:
        leave(shop, "2026-04-01 10:00", completed_at=int(instant("2026-04-02 10:00").timestamp()))
        leave(shop, "2026-08-20 10:00")
        shop.at("2026-09-01 08:00")
        synced(shop)
        assert claims(shop).covered_from == shop.installation.clock() - KEPT
        [(gap,)] = shop.sql("select gap from bi_coverage where connector = 'checkouts'")
        assert "cannot be reconstructed" in gap
        covered_from = claims(shop).covered_from
        for _ in range(5):
            shop.later(days=60)
            synced(shop)
        assert claims(shop).covered_from == covered_from


def test_who_reads_nothing_for_months_has_a_gap_and_says_so(shop: OpenShop, store: WatchedStore) -> None:
    leave(shop, "2026-09-02 10:00")
    shop.at("2026-12-28 08:00")
    store.purge_checkouts()
    assert store.world.checkouts == [checkout for checkout in store.world.checkouts if checkout.completed_at]
    shop.later(seconds=1)
    done(sync(shop))
    assert claims(shop).covered_from == shop.installation.clock() - KEPT
    assert len(kept(shop)) == 3


def test_a_first_reading_that_was_cut_short_claims_nothing(shop: OpenShop) -> None:
    """Its rows have landed and its watermark stands, but nobody has said what they cover."""
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("delete from backfill_slices")
    assert claims(shop).covered_from is None
    assert "no checkouts have been read yet" in claims(shop).gap
    synced(shop)
    assert claims(shop).covered_from == instant("2026-06-15 00:00")


@pytest.mark.parametrize(("is_cut", "covered_days"), [(True, 60), (False, 89)])
@on_sqlite
def test_a_sight_of_sixty_days_is_noticed(database_url: str, tmp_path: Path, is_cut: bool, covered_days: int) -> None:
    """Whether checkouts are hidden like orders is not documented: one older than sixty days settles it."""
    scopes = ("read_orders", "read_customers", "read_products")
    world = corner_shop("2024-01-01 00:00")
    with open_shop(world, database_url, tmp_path, scopes=scopes, checkouts_are_cut=is_cut) as shop:
        leave(shop, "2026-06-20 10:00")
        leave(shop, "2026-08-20 10:00")
        shop.at("2026-09-01 08:00")
        done(sync(shop))
        assert claims(shop).covered_from == shop.installation.clock() - timedelta(days=covered_days)
        assert len(kept(shop)) == (1 if is_cut else 2)
        shop.store.shop.scopes.add("read_all_orders")
        shop.later(days=1)
        synced(shop)
        seen_since = shop.installation.clock() if is_cut else instant("2026-09-01 08:00")
        assert claims(shop).covered_from == seen_since - KEPT
        assert shop.rows(checkouts, "created_date") == [(date(2026, 6, 20),), (date(2026, 8, 20),)]


# --- read again ----------------------------------------------------------------------------------------------------


def test_a_part_can_be_read_again(shop: OpenShop) -> None:
    before = claims(shop)
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("delete from checkouts where created_date >= '2026-08-30'")
    done(backfill(shop, first=date(2026, 8, 31), last=date(2026, 8, 31)))
    assert kept(shop) == of_world(shop.store.world)
    assert claims(shop) == before
    assert done(backfill(shop)).rows == 0


def test_everything_can_be_read_again(shop: OpenShop) -> None:
    before = claims(shop)
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("update checkouts set total_minor = 1")
    assert done(backfill(shop, restart=True)).rows_changed == 3
    assert kept(shop) == of_world(shop.store.world)
    assert claims(shop) == before


@pytest.mark.parametrize("is_first", [True, False], ids=["checkouts first", "orders first"])
def test_another_time_zone_moves_every_checkout_also_those_shopify_forgot(
    shop: OpenShop, store: WatchedStore, is_first: bool
) -> None:
    """22:30 UTC on the 30th was the 31st in Berlin and is the 30th in New York."""
    done(shop.sync())
    gone = [store.world.checkouts.pop(1)]
    covered = claims(shop).covered_from
    store.world.timezone = "America/New_York"
    shop.later(hours=1)
    with pytest.raises(NeedsAPerson, match="--restart"):
        sync(shop)
    measured_from(shop)
    connectors = pipeline.CONNECTORS[::-1] if is_first else pipeline.CONNECTORS
    for connector in connectors:
        done(pipeline.backfill(shop.installation, shop.settings, connector, restart=True))
    assert kept(shop) == of_world(store.world, *gone)
    assert shop.rows(checkouts, "created_date") == [(date(2026, 8, day),) for day in (20, 30, 31)]
    assert claims(shop).covered_from == covered
    assert (measured_from(shop) or date.max) <= date(2026, 8, 30)
    synced(shop, *gone)


def test_another_currency_leaves_the_old_totals_in_theirs(shop: OpenShop, store: WatchedStore) -> None:
    gone = store.world.checkouts.pop(0)
    store.world.currency = "JPY"
    store.shop.table["MoneyBag"]["shopMoney"] = lambda bag: (f"{bag.minor}.0", "JPY")
    shop.later(hours=1)
    with pytest.raises(NeedsAPerson, match="currency"):
        sync(shop)
    done(backfill(shop, restart=True))
    assert shop.sql("select total, currency from bi_checkouts order by checkout_id") == [
        (None, "EUR"), (6000, "JPY"), (5000, "JPY"),
    ]  # fmt: skip
    assert gone.id not in [checkout.id for checkout in store.world.checkouts]


# --- the grace -----------------------------------------------------------------------------------------------------


def test_the_view_of_the_grace_is_as_long_as_the_program_says(shop: OpenShop) -> None:
    with shop.engine.connect() as connection:
        [over_at] = connection.execute(text("select over_at from checkout_grace")).scalars()
    ended = datetime.fromisoformat(over_at) if isinstance(over_at, str) else over_at
    assert claims(shop).covered_to == ended + GRACE


def test_a_day_is_measured_again_when_its_grace_is_over(shop: OpenShop) -> None:
    """Berlin: the 31st ended at 22:00 UTC, and its last checkouts are a day old on the 1st at 22:00."""
    measured_from(shop)
    for when, touched in (
        ("2026-09-01 21:55", None),
        ("2026-09-01 22:10", date(2026, 8, 31)),
        ("2026-09-01 22:30", None),
        ("2026-09-02 22:10", date(2026, 9, 1)),
        ("2026-09-05 12:00", date(2026, 9, 2)),
    ):
        shop.at(when)
        done(sync(shop))
        assert measured_from(shop) == touched, when


def test_other_online_sources_touch_every_day(shop: OpenShop) -> None:
    measured_from(shop)
    [mine] = shop.installation.settings.shops
    app = mine.model_copy(update={"online_sources": ("web", "580111")})
    done(pipeline.sync(shop.installation, app, CHECKOUTS))
    assert measured_from(shop) == date(2026, 6, 15)
    assert shop.sql("select source_name from online_sources order by 1") == [("580111",), ("web",)]
    done(pipeline.sync(shop.installation, app, CHECKOUTS))
    assert measured_from(shop) is None


# --- judged --------------------------------------------------------------------------------------------------------

OKRS = """
quarter = "2026-Q3"
[[objectives]]
id = "finish"
title = "Buyers finish what they began"
owner = "Checkout"
  [[objectives.key_results]]
  id = "recover"
  title = "One in five comes back"
  metric = "checkout_recovery_rate"
  baseline = "10%"
  target = "20%"
  [[objectives.key_results]]
  id = "rate"
  title = "Half of them buy"
  metric = "abandoned_checkout_rate"
  baseline = "70%"
  target = "50%"
"""


def turn(shop: OpenShop, when: str) -> None:
    """What the daemon does in an hour at which everything is due."""
    shop.at(when)
    done(shop.sync())
    done(sync(shop))
    shop.reckon()


def recorded(shop: OpenShop, metric: str, day: str) -> list[int]:
    """What is written of a metric for that day."""
    found = shop.sql(
        "select numerator from bi_metrics_daily"
        f" where metric = '{metric}' and window_kind = 'day' and metric_date = '{day}'"
    )
    return [int(value) for (value,) in found]


def test_a_day_is_written_down_when_it_is_settled_and_again_when_somebody_comes_back(
    database_url: str, tmp_path: Path
) -> None:
    """Berlin, 1 July: four leave, one of them comes back at once, another one three weeks later."""
    with open_shop(corner_shop("2026-06-25 00:00"), database_url, tmp_path, okrs=OKRS) as shop:
        turn(shop, "2026-07-01 05:00")
        quick, late, *_ = [leave(shop, f"2026-07-01 {hour}:00") for hour in ("08", "12", "16", "20")]
        shop.store.complete(quick.id)
        turn(shop, "2026-07-01 22:10")
        assert recorded(shop, "abandoned_checkouts", "2026-07-01") == []
        assert shop.judged("recover").check_in.status == "no_data"
        turn(shop, "2026-07-02 14:00")
        measured = shop.judged("recover").measurement
        assert measured is not None
        assert (measured.numerator, measured.denominator, measured.left_out) == (1, 2, {"within_grace": 2})
        turn(shop, "2026-07-02 22:10")
        assert recorded(shop, "abandoned_checkouts", "2026-07-01") == [3]
        assert recorded(shop, "recovered_checkouts", "2026-07-01") == [1]
        turn(shop, "2026-07-22 10:00")
        shop.store.complete(late.id)
        turn(shop, "2026-07-23 10:00")
        assert recorded(shop, "abandoned_checkouts", "2026-07-01") == [2]
        assert recorded(shop, "recovered_checkouts", "2026-07-01") == [2]
        values = dict(shop.sql("select as_of_date, value from bi_key_results_daily where key_result_id = 'recover'"))
        assert {float(value) for day, value in values.items() if str(day) > "2026-07-01"} == {0.5}


def test_a_quarter_that_begins_before_our_history_is_incomplete(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop("2024-01-01 00:00"), database_url, tmp_path, okrs=OKRS) as shop:
        leave(shop, "2026-07-10 10:00")
        leave(shop, "2026-09-10 10:00", completed_at=int(instant("2026-09-11 10:00").timestamp()))
        turn(shop, "2026-10-25 10:00")
        for key_result in ("recover", "rate"):
            check_in = shop.judged(key_result).check_in
            assert (check_in.status, check_in.value) == ("incomplete", None)
            assert "checkouts before 2026-07-29 cannot be reconstructed" in check_in.explanation
        assert recorded(shop, "checkout_recovery_rate", "2026-07-10") == []
        assert recorded(shop, "recovered_checkouts", "2026-09-10") == [1]


# --- troubles ------------------------------------------------------------------------------------------------------


class Life:
    """Buyers who come, leave, come back or let it be, and Mondays; at random and yet always the same."""

    def __init__(self, shop: OpenShop, seed: int) -> None:
        self.shop, self.random, self.forgotten = shop, Random(seed), list[Checkout]()

    def go_on(self, days: float = 1.0) -> None:
        """Some hours and the thing that happens then."""
        self.shop.later(seconds=self.random.randrange(1, int(days * 86_400)))
        what = self.random.choices((self.leave, self.come_back, self.look_again, self.monday), (6, 2, 2, 1))
        what[0]()

    def leave(self) -> None:
        self.shop.store.abandon(price=self.random.randrange(9_000))

    def some(self) -> Checkout | None:
        open_ones = [each for each in self.shop.store.world.checkouts if each.completed_at is None]
        return self.random.choice(open_ones) if open_ones else None

    def come_back(self) -> None:
        if some := self.some():
            self.shop.store.complete(some.id)

    def look_again(self) -> None:
        if some := self.some():
            self.shop.store.touch_checkout(some.id)

    def monday(self) -> None:
        self.forgotten += self.shop.store.purge_checkouts()


@pytest.mark.parametrize(
    ("database_url", "seed", "steps"),
    [("sqlite", 1, 60), ("postgresql", 2, 60), pytest.param("sqlite", 3, STEPS, marks=pytest.mark.slow)],
    indirect=["database_url"],
)
def test_many_small_steps_are_one_reading(shop: OpenShop, seed: int, steps: int) -> None:
    """Half a year and more: what was left at its beginning has been purged, and every row is what it last was."""
    life = Life(shop, seed)
    for _ in range(steps):
        for _ in range(life.random.randrange(6)):
            life.go_on(days=2)
        shop.later(seconds=1)
        done(sync(shop))
    assert life.forgotten
    synced(shop, *life.forgotten)


@on_sqlite
@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("verb", [sync, lambda shop: backfill(shop, restart=True)], ids=["sync", "restart"])
def test_every_request_fails_once(shop: OpenShop, store: WatchedStore, fault: str, verb: Any) -> None:
    life = Life(shop, 5)
    for _ in range(30):
        life.go_on()
    shop.later(seconds=1)
    spoil_every_request_once(store, PASSING[fault])
    done(verb(shop))
    store.recover()
    synced(shop, *life.forgotten)


@pytest.mark.parametrize("seed", [11, 12])
def test_checkouts_that_come_change_and_go_while_they_are_read(shop: OpenShop, store: WatchedStore, seed: int) -> None:
    """Nothing is lost by it: what is purged was read months ago."""
    life = Life(shop, seed)
    for _ in range(30):
        life.leave()
    shop.later(days=1)
    done(sync(shop))
    shop.later(days=110)

    def meanwhile(_seen: object) -> None:
        life.go_on(days=0.01)
        life.monday()

    store.on_answer = meanwhile
    for _ in range(3):
        done(sync(shop))
    assert len(life.forgotten) > 20
    assert len(store.world.checkouts) > 3
    store.recover()
    synced(shop, *life.forgotten)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    victim = Victim()
    yield victim
    victim.close()


@pytest.mark.parametrize("verb", ["backfill", "sync"])
@pytest.mark.parametrize(
    ("database_url", "commits"), [("sqlite", range(2, 14, 2)), ("postgresql", (5, 7))], indirect=["database_url"]
)
def test_killed_between_commits(database_url: str, tmp_path: Path, victim: Victim, verb: Any, commits: range) -> None:
    """Each life gets a little further; what a claim says is held by the rows at any time."""
    world = corner_shop("2026-06-15 00:00")
    with open_shop(world, database_url, tmp_path, sizes=SIZES) as shop:
        life = Life(shop, 21)
        for _ in range(60):
            life.go_on(days=0.9)
        shop.later(seconds=1)
        deaths = 0
        for commit in commits:
            deaths += victim.run(shop, verb, "checkouts", commit=commit)
            assert broken_claims(shop) == []
        assert deaths >= 2
        synced(shop)
        assert claims(shop).gap == ""


def broken_claims(shop: OpenShop) -> list[tuple[Any, ...]]:
    """Rows that lie before the watermark and are not in the table."""
    with shop.engine.connect() as connection:
        position = landing.watermark(connection, shop.store.world.shop_id, "checkouts")
    if position is None:
        return []
    world, ours = shop.store.world, kept(shop)
    claimed = [each for each in world.checkouts if datetime.fromtimestamp(each.updated_at, UTC) < position]
    return sorted(row for each in claimed if (row := tuple(checkout_row(world, each).values())) not in ours)


@pytest.mark.slow
@on_sqlite
def test_the_worlds_are_read_whole(database_url: str, tmp_path: Path) -> None:
    for number, name in enumerate(("boutique", "myshopper")):
        world = build(name, orders=2000)
        with open_shop(world, database_url, tmp_path / str(number)) as shop:
            done(sync(shop))
            rows = {row for row in kept(shop) if row[0] == world.shop_id}
            assert rows == of_world(world)
            assert claims(shop).rows == claims(shop).expected_rows > 0
