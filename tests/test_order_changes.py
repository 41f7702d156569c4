"""What changes at Shopify without `updatedAt` moving: noticed, in time, and never concluded from silence alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from service import pipeline
from service.connectors import sweep as sweeping
from service.connectors.orders import NAME
from service.connectors.sweep import Swept
from service.connectors.work import Sizes, Work
from service.demo.model import Order, Visit
from service.demo.server import Seen
from service.errors import Interrupted
from service.store import customers, leases, pending, runs
from service.store.tables import customer_aliases, customer_moves, order_facts
from service.store.tables import orders as orders_table
from tests.metrics.little_world import little_world
from tests.restless import held, untruths
from tests.shop import (
    SOURCE,
    Dump,
    OpenShop,
    WatchedStore,
    differences,
    done,
    dump,
    instant,
    on_sqlite,
    open_shop,
    world_dump,
)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """Sixty orders of a hundred days, all read."""
    with open_shop(little_world(0), database_url, tmp_path) as shop:
        done(shop.backfill())
        yield shop


def synced(shop: OpenShop, **later: float) -> int:
    """Orders asked for by id in a pass some time later, after which all is as at Shopify."""
    shop.later(**later)
    asked = shop.store.count("nodes")
    done(shop.sync())
    assert untruths(shop) == []
    return shop.store.count("nodes") - asked


def deleted(shop: OpenShop) -> list[int]:
    return [number for number, at in shop.rows(orders_table, "order_id", "deleted_at") if at is not None]


def by_age(shop: OpenShop, days: int) -> Order:
    """An order created about so long ago."""
    wanted = shop.store.now - days * 86_400
    return min(shop.store.world.orders, key=lambda order: abs(order.created_at - wanted))


# --- journeys ------------------------------------------------------------------------------------------------------

CAME_BY = Visit(1, 0, "newsletter", None, None, ("spring", None, "email", "letters", None))


def unready(shop: OpenShop) -> Order:
    """An order that has just been placed, read before Shopify knows how its buyer came."""
    shop.later(hours=1)
    made = shop.store.order(3, has_journey=True, journey_ready=False)
    shop.later(minutes=10)
    done(shop.sync())
    assert shop.rows(orders_table, "is_journey_ready", "utm_source")[-1] == (False, None)
    return made


def test_a_journey_that_becomes_ready_later_is_read(shop: OpenShop) -> None:
    made = unready(shop)
    before = shop.rows(orders_table, "updated_at")[-1]
    made.first_visit = made.last_visit = CAME_BY
    shop.store.journey_ready(made.id)
    assert synced(shop, minutes=31) == 1
    assert shop.rows(orders_table, "is_journey_ready", "utm_source", "utm_campaign")[-1] == (True, "letters", "spring")
    assert shop.rows(orders_table, "updated_at")[-1] == before
    assert synced(shop, minutes=31) == 0


@on_sqlite
def test_a_journey_is_asked_for_every_half_an_hour_and_left_after_three_days(shop: OpenShop) -> None:
    unready(shop)
    assert [synced(shop, minutes=5) for _ in range(12)] == [0, 0, 0, 0, 0, 1] * 2
    assert synced(shop, hours=60) == 1
    assert synced(shop, hours=13) == 1
    assert synced(shop, hours=1) == 0


def test_a_journey_is_asked_for_once_more_after_a_long_absence(shop: OpenShop) -> None:
    made = unready(shop)
    made.last_visit = CAME_BY
    shop.store.journey_ready(made.id)
    assert synced(shop, days=20) == 1
    assert shop.rows(orders_table, "is_journey_ready", "utm_source")[-1] == (True, "letters")


# --- deletions -----------------------------------------------------------------------------------------------------


def test_a_deletion_that_is_listed_is_known_with_the_next_pass(shop: OpenShop) -> None:
    """However old the order; the numbers of the customer's later orders follow, and so do the readings."""
    [order, *_] = [o for o in shop.store.world.orders if o.customer_id and not o.test]
    done(shop.sync())
    with shop.engine.begin() as connection:
        pending.clear(connection, 7, pending.touched(connection, 7))
    shop.later(minutes=5)
    shop.store.delete(order.id)
    shop.later(minutes=5)
    outcome = done(shop.sync())
    assert deleted(shop) == [order.id]
    assert outcome.rows_changed == 1
    assert untruths(shop) == []
    with shop.engine.connect() as connection:
        since = pending.touched(connection, 7).since
    assert since is not None
    assert since <= shop.rows(orders_table, "processed_date")[0][0]


@pytest.mark.parametrize(("days", "wait"), [(20, {"hours": 2}), (90, {"days": 1, "hours": 2})])
def test_a_deletion_nobody_lists_is_found_by_counting(shop: OpenShop, days: int, wait: dict[str, float]) -> None:
    """Recent orders are counted at every pass, all of them once a day."""
    synced(shop, hours=2)
    gone = by_age(shop, days)
    shop.store.delete(gone.id, is_listed=False)
    assert synced(shop, **wait) >= 1
    assert deleted(shop) == [gone.id]
    assert synced(shop, minutes=5) == 0


@on_sqlite
def test_an_order_that_shows_up_again_is_no_longer_deleted(shop: OpenShop) -> None:
    gone = by_age(shop, 30)
    shop.store.delete(gone.id)
    synced(shop, hours=2)
    shop.store.world.orders.append(gone)
    shop.store.world.orders.sort(key=lambda order: order.id)
    synced(shop, minutes=5)
    assert deleted(shop) == []


def lose(shop: OpenShop, order: Order) -> None:
    """We have never heard of the order."""
    with shop.engine.begin() as connection:
        for table in SOURCE:
            connection.execute(delete(table).where(table.c.order_id == order.id))


@on_sqlite
def test_an_order_we_never_got_is_found_by_counting(shop: OpenShop) -> None:
    lose(shop, by_age(shop, 40))
    synced(shop, hours=2)


def test_one_deleted_and_one_missed_on_the_same_day(shop: OpenShop) -> None:
    """No count differs; comparing id by id tells."""
    synced(shop, hours=2)
    gone = by_age(shop, 40)
    missed = shop.store.order(4, created_at=gone.created_at + 60, updated_at=gone.created_at + 60)
    shop.store.delete(gone.id, is_listed=False)
    shop.later(hours=2)
    done(shop.sync())
    assert deleted(shop) == []
    synced(shop, days=1)
    assert deleted(shop) == [gone.id]
    assert missed.id in [row[0] for row in shop.rows(orders_table, "order_id")]


@on_sqlite
def test_an_update_we_missed_is_found_by_comparing(shop: OpenShop) -> None:
    """An update the search did not show within the overlap."""
    synced(shop, hours=2)
    order = by_age(shop, 50)
    order.cancelled_at = order.closed_at = order.updated_at = shop.store.now - 5000
    order.cancel_reason = "OTHER"
    shop.later(hours=2)
    done(shop.sync())
    assert untruths(shop) != []
    synced(shop, days=1)


@on_sqlite
def test_an_order_the_search_does_not_show_is_not_taken_for_deleted(shop: OpenShop) -> None:
    """The search index lags; asked for by its id, the order is there. The run says that the counts disagree."""
    hidden = by_age(shop, 10)
    shop.store.hide_from_search(hidden.id)
    shop.later(hours=2)
    before = dump(shop.engine)
    outcome = done(shop.sync())
    assert deleted(shop) == []
    assert differences(dump(shop.engine), before) == []
    told = "1 days whose orders Shopify counts otherwise than it shows them one by one"
    assert told in outcome.notices
    shop.store.hide_from_search()
    assert synced(shop, hours=1) == 0


def test_hidden_history_is_not_taken_for_deleted(shop: OpenShop) -> None:
    """The scope for old orders is withdrawn: they vanish from every list, and by id too."""
    shop.store.scope_removed("read_all_orders")
    shop.later(days=1, hours=2)
    before = dump(shop.engine)
    done(shop.sync())
    assert deleted(shop) == []
    assert differences(dump(shop.engine), before) == []
    gone = by_age(shop, 30)
    shop.store.delete(gone.id, is_listed=False)
    shop.later(hours=2)
    done(shop.sync())
    assert deleted(shop) == [gone.id]


@on_sqlite
def test_a_log_of_events_we_may_not_read_is_told_and_not_needed(shop: OpenShop) -> None:
    shop.store.field_denied("events")
    gone = by_age(shop, 10)
    shop.store.delete(gone.id)
    shop.later(hours=2)
    outcome = done(shop.sync())
    assert deleted(shop) == [gone.id]
    assert any(notice.startswith("1 list of deleted orders not readable") for notice in outcome.notices)


@pytest.mark.parametrize("words", [{"restart": True}, {"first": date(2026, 4, 1), "last": date(2026, 4, 30)}])
def test_a_backfill_notices_what_is_gone(shop: OpenShop, words: dict[str, object]) -> None:
    gone = min(shop.store.world.orders, key=lambda o: abs(o.created_at - int(instant("2026-04-15 12:00").timestamp())))
    shop.store.delete(gone.id, is_listed=False)
    shop.later(hours=1)
    done(shop.backfill(**words))
    assert deleted(shop) == [gone.id]
    assert untruths(shop) == []


# --- the sweep by itself -------------------------------------------------------------------------------------------


@contextmanager
def working(shop: OpenShop) -> Iterator[Work]:
    """What a connector is given to work with."""
    engine, clock = shop.engine, shop.installation.clock
    with pipeline.connected(shop.installation, shop.settings, pipeline.ORDERS) as entered:
        shop_id = entered.shop.shop_id
        with leases.lease(engine, shop_id, NAME, clock()) as lease:
            with engine.begin() as connection:
                run_id = runs.start(connection, shop_id, NAME, "incremental", now=clock(), watermark=None)
            yield Work(
                engine, entered.client, entered.shop, entered.now, entered.visible_from, lease, run_id, clock,
                Sizes(), lambda: None,
            )  # fmt: skip


def swept(shop: OpenShop, first: str, last: str) -> Swept:
    with working(shop) as work:
        return sweeping.sweep(work, instant(f"{first} 00:00"), instant(f"{last} 00:00"))


@on_sqlite
def test_a_range_that_agrees_costs_one_count(shop: OpenShop) -> None:
    asked = len(shop.store.requests)
    assert swept(shop, "2026-01-01", "2026-12-31") == Swept(asked=1)
    assert [seen.fields for seen in shop.store.requests[asked:]][-1] == ("ordersCount",)


def test_a_difference_is_found_by_halving(shop: OpenShop) -> None:
    """About a hundred days: seven halvings, two counts each."""
    gone, missed = by_age(shop, 30), by_age(shop, 70)
    shop.store.delete(gone.id, is_listed=False)
    shop.store.world.orders.remove(extra := by_age(shop, 5))
    lose(shop, missed)
    found = swept(shop, "2026-01-01", "2026-12-31")
    assert (found.deleted, found.found, found.disagreeing) == (2, 1, 0)
    assert found.asked <= 1 + 3 * (14 + 1)
    assert sorted(deleted(shop)) == sorted([gone.id, extra.id])
    assert untruths(shop) == []


@on_sqlite
def test_a_single_day_can_be_swept(shop: OpenShop) -> None:
    gone = by_age(shop, 30)
    shop.store.delete(gone.id, is_listed=False)
    day = datetime.fromtimestamp(gone.created_at, UTC).date().isoformat()
    assert swept(shop, "2026-01-01", day).deleted == 0
    assert swept(shop, day, "2026-12-31").deleted == 1


@on_sqlite
def test_what_was_not_read_is_not_swept(database_url: str, tmp_path: Path) -> None:
    """History from a day on: that earlier orders are missing is no difference."""
    with open_shop(little_world(0), database_url, tmp_path) as shop:
        assert swept(shop, "2026-01-01", "2026-12-31") == Swept()
        done(shop.backfill(first=date(2026, 4, 20)))
        before = dump(shop.engine)
        assert swept(shop, "2026-01-01", "2026-12-31") == Swept(asked=1)
        shop.later(days=2)
        done(shop.sync())
        assert differences(dump(shop.engine), before) == []


# --- merges --------------------------------------------------------------------------------------------------------


def aliases(shop: OpenShop) -> dict[int, int]:
    return dict(shop.rows(customer_aliases, "customer_id", "kept_id"))  # type: ignore[arg-type]


def regulars(shop: OpenShop) -> tuple[int, int]:
    """Two customers with several orders."""
    bought = [order.customer_id for order in shop.store.world.orders if order.customer_id]
    first, second, *_ = sorted(set(bought), key=lambda customer: -bought.count(customer))
    return first, second


def test_a_merge_that_stamps_the_orders_is_known_with_the_next_pass(shop: OpenShop) -> None:
    old, kept = regulars(shop)
    shop.later(minutes=5)
    shop.store.merge(old, kept, is_touching=True)
    synced(shop, minutes=5)
    assert aliases(shop) == {old: kept}


def test_a_merge_that_stamps_nothing_is_found_by_comparing(shop: OpenShop) -> None:
    synced(shop, hours=2)
    old, kept = regulars(shop)
    shop.store.merge(old, kept)
    synced(shop, days=1, hours=2)
    assert aliases(shop) == {old: kept}
    assert shop.rows(customer_moves) == []


def test_one_order_in_another_name_moves_the_whole_history(shop: OpenShop) -> None:
    """The others still stand in the old name in our books; facts already know better."""
    synced(shop, hours=2)
    old, kept = regulars(shop)
    theirs = bought(shop, old)
    shop.store.merge(old, kept)
    shop.later(minutes=5)
    shop.store.touch(theirs[0].id)
    shop.later(minutes=5)
    done(shop.sync())
    assert dict(shop.rows(orders_table, "order_id", "customer_id"))[theirs[1].id] == old  # type: ignore[arg-type]
    assert differences({"order_facts": held(shop)["order_facts"]}, _facts(shop)) == []
    assert old not in {row[0] for row in shop.rows(order_facts, "customer_id")}


def _facts(shop: OpenShop) -> Dump:
    return {"order_facts": world_dump(shop.store.world)["order_facts"]}


@on_sqlite
def test_an_order_given_to_somebody_else_is_no_merge(shop: OpenShop) -> None:
    old, other = regulars(shop)
    [order, *_] = bought(shop, old)
    shop.later(minutes=5)
    shop.store.reassign(order.id, other)
    synced(shop, minutes=5)
    assert aliases(shop) == {}
    assert shop.rows(customer_moves) == []


@on_sqlite
def test_merges_of_merges(shop: OpenShop) -> None:
    first, second, third = thirds(shop)
    for old, kept in ((first, second), (second, third)):
        shop.later(minutes=5)
        shop.store.merge(old, kept, is_touching=True)
        synced(shop, minutes=5)
    assert aliases(shop) == {first: third, second: third}


def thirds(shop: OpenShop) -> tuple[int, int, int]:
    """Two regulars and somebody else."""
    regular = regulars(shop)
    return *regular, next(o.customer_id for o in shop.store.world.orders if o.customer_id not in (None, *regular))


def bought(shop: OpenShop, customer: int) -> list[Order]:
    return [order for order in shop.store.world.orders if order.customer_id == customer]


@pytest.mark.parametrize("is_touching", [False, True])
def test_an_order_handed_over_before_does_not_lead_a_merge_astray(shop: OpenShop, is_touching: bool) -> None:
    """The order comes back in one name, and all others are in another by then: those not read yet decide."""
    synced(shop, hours=2)
    old, given, kept = thirds(shop)
    shop.store.reassign(bought(shop, old)[0].id, given)
    shop.store.merge(old, kept, is_touching=is_touching)
    shop.later(minutes=5)
    done(shop.sync())
    assert aliases(shop) == ({} if is_touching else {old: kept})
    assert differences({"order_facts": held(shop)["order_facts"]}, _facts(shop)) == []
    synced(shop, days=1, hours=2)
    assert shop.rows(customer_moves) == []


@on_sqlite
def test_orders_of_one_who_is_gone_that_are_several_customers_by_now_are_read_again(shop: OpenShop) -> None:
    """Handed over while we ask: nobody was merged with anybody as far as we can tell, and no order waits for it."""
    synced(shop, hours=2)
    old, kept, other = thirds(shop)
    first, second, *_ = bought(shop, old)
    shop.store.merge(old, kept)
    shop.later(minutes=5)
    shop.store.touch(first.id)

    def hand_over(seen: Seen) -> None:
        if seen.operation == "CustomersById":
            shop.store.reassign(second.id, other, is_touching=False)

    assert isinstance(shop.store, WatchedStore)
    shop.store.on_answer = hand_over
    synced(shop, minutes=5)
    assert aliases(shop) == {}
    assert shop.rows(customer_moves) == []


@on_sqlite
def test_one_who_buys_again_was_not_merged(shop: OpenShop) -> None:
    """We were told so, wrongly; others who count as merged into them stay so."""
    synced(shop, hours=2)
    one, other, before = thirds(shop)
    shop.store.merge(before, one)
    with shop.engine.begin() as connection:
        for pair in ((one, other), (before, one)):
            customers.note_merge(connection, shop.store.world.shop_id, *pair, shop.installation.clock())
    assert aliases(shop) == {one: other, before: other}
    shop.store.order(one)
    shop.later(minutes=5)
    done(shop.sync())
    assert aliases(shop) == {before: one}
    assert differences({"order_facts": held(shop)["order_facts"]}, _facts(shop)) == []


@on_sqlite
def test_a_merge_into_somebody_else_than_we_were_told(shop: OpenShop) -> None:
    synced(shop, hours=2)
    old, told, kept = thirds(shop)
    first, *_ = bought(shop, old)
    shop.store.merge(old, kept)
    with shop.engine.begin() as connection:
        customers.note_merge(connection, shop.store.world.shop_id, old, told, shop.installation.clock())
    shop.later(minutes=5)
    shop.store.touch(first.id)
    shop.later(minutes=5)
    done(shop.sync())
    assert aliases(shop) == {old: kept}
    assert differences({"order_facts": held(shop)["order_facts"]}, _facts(shop)) == []


@on_sqlite
def test_a_merge_told_beforehand_changes_nothing_later(shop: OpenShop) -> None:
    """A webhook said so; the orders come in the kept name when they are read again."""
    old, kept = regulars(shop)
    shop.store.merge(old, kept)
    with shop.engine.begin() as connection:
        customers.note_merge(connection, shop.store.world.shop_id, old, kept, shop.installation.clock())
    assert differences({"order_facts": held(shop)["order_facts"]}, _facts(shop)) == []
    synced(shop, days=1, hours=2)
    assert aliases(shop) == {old: kept}


@on_sqlite
def test_without_customers_nobody_is_taken_for_moved(shop: OpenShop) -> None:
    """The scope is withdrawn: orders come without their buyers, which is no news about them."""
    synced(shop, hours=2)
    shop.store.scope_removed("read_customers")
    shop.later(days=1, hours=2)
    asked = shop.store.count("nodes")
    done(shop.sync())
    assert shop.store.count("nodes") == asked
    assert shop.rows(customer_moves) == []


# --- each has its turn ---------------------------------------------------------------------------------------------


@on_sqlite
def test_what_fails_for_ever_holds_up_nothing_after_it(shop: OpenShop) -> None:
    """The log of deletions never answers; counts are compared and merges settled all the same, and it is told."""
    synced(shop, days=1, hours=2)
    old, kept, other = thirds(shop)
    shop.store.break_down("DeletedOrders")
    shop.store.delete(by_age(shop, 30).id)
    shop.store.merge(old, kept, is_touching=True)
    shop.later(minutes=5)
    assert "DeletedOrders" in str(shop.sync().error)
    assert untruths(shop) == []
    assert aliases(shop) == {old: kept}

    shop.store.break_down("CustomersById")
    shop.store.merge(kept, other, is_touching=True)
    shop.later(minutes=5)
    assert "DeletedOrders" in str(shop.sync().error)
    assert aliases(shop) == {old: kept}
    assert isinstance(shop.store, WatchedStore)
    shop.store.recover()
    synced(shop, minutes=5)
    assert aliases(shop) == {old: other, kept: other}


@on_sqlite
def test_who_is_asked_to_stop_begins_nothing_more(database_url: str, tmp_path: Path) -> None:
    stopped: list[str] = []

    def sleep(_seconds: float) -> None:
        if stopped:
            raise Interrupted("asked to stop")

    def after(seen: Seen) -> None:
        if seen.operation == "DeletedOrders":
            stopped.append(seen.operation)

    with open_shop(little_world(0), database_url, tmp_path, sleep=sleep) as shop:
        done(shop.backfill())
        shop.store.delete(by_age(shop, 30).id)
        assert isinstance(shop.store, WatchedStore)
        shop.store.on_answer = after
        shop.later(hours=2)
        assert isinstance(shop.sync().error, Interrupted)
        assert shop.store.requests[-1].operation == "OrdersById"


# --- what it costs -------------------------------------------------------------------------------------------------


@on_sqlite
def test_a_pass_in_which_nothing_happened_asks_little(shop: OpenShop) -> None:
    """Who we are, the changes and their count, the log of deletions, the count of recent orders: no more, mostly."""
    synced(shop, days=1)
    asked = len(shop.store.requests)
    synced(shop, minutes=5)
    fields = [seen.fields[0] for seen in shop.store.requests[asked:]]
    assert sorted(fields) == ["events", "orders", "ordersCount", "ordersCount", "ordersCount", "shop"]


@on_sqlite
def test_history_is_compared_at_a_steady_pace(tmp_path: Path, database_url: str) -> None:
    """Three hundred orders: 250 with one pass, the rest with the next, then nothing for a day."""
    with open_shop(little_world(1, orders=300), database_url, tmp_path) as shop:
        done(shop.backfill())
        listings = [_listings(shop, minutes=5) for _ in range(4)]
        assert listings == [1, 1, 0, 0]
        assert _listings(shop, days=1) >= 1


def _listings(shop: OpenShop, **later: float) -> int:
    before = len(shop.store.requests)
    synced(shop, **later)
    return sum(seen.operation == "OrderList" for seen in shop.store.requests[before:])


# --- paging --------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("lost", [1, 2])
def test_a_window_is_begun_anew_when_shopify_loses_its_place(shop: OpenShop, lost: int) -> None:
    for order in shop.store.world.orders:
        shop.store.touch(order.id)
    shop.store.lose_cursor_next(lost)
    synced(shop, minutes=5)


@on_sqlite
def test_a_window_whose_place_is_lost_again_and_again_is_left_for_the_next_pass(shop: OpenShop) -> None:
    before = shop.watermark
    for order in shop.store.world.orders:
        shop.store.touch(order.id)
    shop.store.lose_cursor_next(3)
    shop.later(minutes=5)
    outcome = shop.sync()
    assert outcome.outcome == "interrupted"
    assert "Shopify lost its place: Invalid cursor" in str(outcome.error)
    assert shop.watermark == before
    synced(shop, minutes=5)


@on_sqlite
def test_a_place_lost_inside_an_order(shop: OpenShop) -> None:
    wide = by_age(shop, 20)
    for _ in range(40):
        shop.store.refund(wide.id, 1)
    shop.store.lose_cursor_next()
    synced(shop, minutes=5)


@on_sqlite
@pytest.mark.parametrize("most", [250, 90])
def test_pages_too_dear_are_halved_until_they_fit(database_url: str, tmp_path: Path, most: int) -> None:
    """Also those of an order's agreements, of an agreement's sales, of orders by id and of ids."""
    with open_shop(little_world(2), database_url, tmp_path, max_query_cost=most) as shop:
        done(shop.backfill())
        shop.later(hours=1)
        for order in shop.store.world.orders:
            shop.store.refund(order.id, 1)
        for _ in range(30):
            shop.store.refund(shop.store.world.orders[3].id, 1)
        synced(shop, minutes=5)
        lose(shop, by_age(shop, 40))
        synced(shop, hours=2)


@on_sqlite
def test_a_page_too_slow_is_halved(shop: OpenShop) -> None:
    for order in shop.store.world.orders:
        shop.store.touch(order.id)
    shop.later(minutes=5)
    timed_out: list[str | None] = []

    def before_a_page(seen: object) -> None:
        if not timed_out:
            timed_out.append("504")
            shop.store.fail_next(504)

    shop.store.on_answer = before_a_page  # type: ignore[attr-defined]
    pages = shop.store.count("orders")
    synced(shop)
    assert timed_out
    assert shop.store.count("orders") - pages >= 3
