"""Our figures beside Shopify's own, over real HTTP and on both databases; one story for each cause.

A corner shop in Berlin, where days begin at 22:00 UTC, compared on 2026-08-16:

day     customer  paid    later
06-16   1         40.00
06-17   2         60.00   an hour before midnight UTC, an hour after it in Berlin
06-20   1         58.00   07-05: all of it refunded
07-10   2         75.00
08-01   3         30.00
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from service import privacy
from service.errors import Busy
from service.reconcile import Reconciled, reconcile
from service.store.leases import lease
from service.store.tables import (
    key_result_readings,
    order_agreements,
    order_facts,
    order_sales,
    orders,
    reconciliations,
    sync_runs,
)
from tests.metrics.little_world import little_world
from tests.shop import OKRS, OpenShop, corner_shop, differences, done, dump, on_sqlite, open_shop, world_dump

DAY = date(2026, 8, 1)
RECENT_ONLY = frozenset({"read_orders", "read_customers", "read_products", "read_reports"})


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        shop.sell("2026-06-16 10:00", 1, 4000)
        shop.sell("2026-06-16 23:00", 2, 6000)
        back = shop.sell("2026-06-20 10:00", 1, 5000, tax=800)
        shop.at("2026-07-05 10:00")
        shop.store.refund(back.id)
        shop.sell("2026-07-10 10:00", 2, 8000, discount=500)
        shop.sell("2026-08-01 10:00", 3, 3000)
        shop.at("2026-08-16 08:00")
        done(shop.backfill())
        yield shop


def whole(shop: OpenShop) -> Reconciled:
    """The whole history, compared."""
    return shop.reconcile("2026-06-15", "2026-08-15")


def told(found: Reconciled) -> set[tuple[str, str, Decimal, str]]:
    """Day, figure, difference and cause of whatever differs or did."""
    return {(f"{each.day:%m-%d}", each.figure, each.difference, each.cause) for each in found.differing}


def causes(found: Reconciled) -> dict[str, set[str]]:
    """Cause → days."""
    by_cause: dict[str, set[str]] = {}
    for each in found.differing:
        by_cause.setdefault(each.cause, set()).add(f"{each.day:%m-%d}")
    return by_cause


def drop(shop: OpenShop, order_id: int) -> None:
    """The order lost from our database, as no program should lose it."""
    with shop.engine.begin() as connection:
        for table in (order_sales, order_agreements, order_facts, orders):
            connection.execute(delete(table).where(table.c.order_id == order_id))


# --- nothing to explain --------------------------------------------------------------------------------------------


def test_all_is_equal(shop: OpenShop) -> None:
    asked = len(shop.store.requests)
    found = whole(shop)
    assert (found.days, found.figures, found.differing) == (62, 11, [])
    # The door asks once, each kind of count once, and the report once.
    assert len(shop.store.requests) - asked == 4
    of_day = {each.figure: each.shopify for each in found.comparisons if each.day == date(2026, 7, 10)}
    assert (of_day["gross_sales"], of_day["discounts"], of_day["net_sales"]) == (80, 5, 75)
    of_refund = {each.figure: each.ours for each in found.comparisons if each.day == date(2026, 7, 5)}
    assert (of_refund["orders"], of_refund["sales_reversals"], of_refund["total_sales"]) == (0, 50, -58)


@pytest.mark.parametrize("seed", range(5))
def test_untidy_shops_agree_to_the_last_unit(database_url: str, tmp_path: Path, seed: int) -> None:
    """Edits, returns, tips, gift cards, tests, strangers; five zones, three currencies with 0, 2 and 3 decimals."""
    with open_shop(little_world(seed), database_url, tmp_path) as shop:
        done(shop.backfill())
        found = shop.reconcile("2026-02-19", "2026-05-30")
        assert found.differing == []
        assert found.days >= 99
        assert sum(each.shopify for each in found.comparisons if each.figure == "orders") > 50


def test_comparing_twice_changes_nothing_but_the_hour(shop: OpenShop) -> None:
    def rows() -> list[tuple[object, ...]]:
        return list(dump(shop.engine, [reconciliations], ["checked_at"])["reconciliations"])

    shop.store.delete(shop.store.world.orders[0].id)
    whole(shop)
    before = rows()
    assert len(before) == 62 * 11
    shop.later(hours=1)
    whole(shop)
    assert rows() == before


# --- a story for each cause ----------------------------------------------------------------------------------------


def test_an_order_deleted_at_shopify(shop: OpenShop) -> None:
    """It is asked for by its id and marked as gone; the figures agree again, and the cause stays on record."""
    shop.store.delete(shop.store.world.orders[-1].id)
    found = whole(shop)
    assert causes(found) == {"deleted": {"08-01"}}
    assert ("08-01", "orders_created", 0, "deleted") in told(found)
    assert ("08-01", "net_sales", 0, "deleted") in told(found)
    assert (found.unexplained, found.read_again) == ([], [DAY])
    assert shop.sql("select count(*) from order_facts") == [(4,)]


@on_sqlite
def test_an_order_deleted_at_shopify_that_cannot_be_asked_for_now(shop: OpenShop) -> None:
    """The orders are being read by another process: the difference stands with its cause, and nobody is alarmed."""
    shop.store.delete(shop.store.world.orders[-1].id)
    with lease(shop.engine, shop.store.world.shop_id, "orders", shop.installation.clock()):
        found = whole(shop)
    assert isinstance(found.error, Busy)
    assert ("08-01", "orders_created", 1, "deleted") in told(found)
    assert ("08-01", "net_sales", 30, "deleted") in told(found)
    assert causes(whole(shop)) == {"deleted": {"08-01"}}
    assert causes(whole(shop)) == {}


def test_an_order_that_came_after_the_last_sync(shop: OpenShop) -> None:
    """It was placed on a day that is over, and had not been read when that day was compared."""
    shop.sell("2026-08-16 20:00", 4, 2000)
    shop.at("2026-08-17 08:00")
    found = shop.reconcile("2026-08-01", "2026-08-16")
    assert causes(found) == {"not_yet_synced": {"08-16"}}
    done(shop.sync())
    assert shop.reconcile("2026-08-01", "2026-08-16").differing == []


@on_sqlite
def test_orders_of_a_redacted_customer_are_no_evidence(shop: OpenShop) -> None:
    """One order of the day is lost; those whose customer we know by a surrogate are not read again with it."""
    shop.sell("2026-08-16 10:00", 1, 2000)
    lost = shop.sell("2026-08-16 11:00", 2, 2000)
    shop.at("2026-08-17 08:00")
    done(shop.sync())
    privacy.redact(shop.installation, 1)
    drop(shop, lost.id)
    assert causes(shop.reconcile("2026-08-16", "2026-08-16")) == {"missed": {"08-16"}}
    # An order, its agreement and its sale.
    assert shop.sql("select rows from sync_runs where kind = 'reread'") == [(3,)]


def test_a_customer_who_was_merged(shop: OpenShop) -> None:
    """Two customers bought on one day, and turn out to be one."""
    shop.sell("2026-08-16 10:00", 1, 2000)
    shop.sell("2026-08-16 11:00", 2, 2000)
    shop.at("2026-08-17 08:00")
    done(shop.sync())
    shop.store.merge(2, 1)
    found = shop.reconcile("2026-08-10", "2026-08-16")
    # Reading the day again mends it, and the cause stays on record.
    assert told(found) == {("08-16", "customers", 0, "merged")}
    assert found.read_again == [date(2026, 8, 16)]
    [row] = shop.sql("select figure, cause from reconciliations where cause <> ''")
    assert row == ("customers", "merged")


def test_a_report_whose_days_are_utc_s(shop: OpenShop) -> None:
    """The order of 23:00 UTC belongs to the next day in Berlin."""
    shop.store.shop.reports.habits.zone = "UTC"
    found = whole(shop)
    assert causes(found) == {"zone": {"06-16", "06-17"}}
    assert ("06-17", "orders", 1, "zone") in told(found)
    assert ("06-16", "orders", -1, "zone") in told(found)


def test_a_report_that_dates_reversals_by_their_order(shop: OpenShop) -> None:
    shop.store.shop.reports.habits.reversals_on_order_day = True
    found = whole(shop)
    assert causes(found) == {"reversal_dating": {"06-20", "07-05"}}
    assert ("07-05", "sales_reversals", 50, "reversal_dating") in told(found)
    assert ("06-20", "sales_reversals", -50, "reversal_dating") in told(found)


def test_a_report_that_counts_test_orders(shop: OpenShop) -> None:
    shop.sell("2026-08-16 10:00", 4, 900, test=True)
    shop.at("2026-08-17 08:00")
    done(shop.sync())
    assert whole(shop).differing == []
    shop.store.shop.reports.habits.tests_count = True
    found = shop.reconcile("2026-08-01", "2026-08-16")
    assert causes(found) == {"test": {"08-16"}}
    assert ("08-16", "orders", -1, "test") in told(found)


def test_an_order_we_lost_is_read_again(shop: OpenShop) -> None:
    drop(shop, shop.store.world.orders[-1].id)
    found = whole(shop)
    assert found.read_again == [DAY]
    assert causes(found) == {"missed": {"08-01"}}
    assert ("08-01", "orders_created", 0, "missed") in told(found)
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []
    # It is settled: the cause stays on record, and nothing is read a second time.
    again = whole(shop)
    assert (again.differing, again.read_again) == ([], [])
    assert shop.sql("select count(*) from reconciliations where cause = 'missed'")[0][0] == len(found.differing)


def test_a_refund_we_lost_is_found_by_its_order(shop: OpenShop) -> None:
    """It happened on a day on which nothing was ordered; the order that has to be read again is two weeks older."""
    refunded = shop.store.world.orders[2]
    with shop.engine.begin() as connection:
        before = datetime.fromisoformat("2026-06-20T10:00:00+00:00")
        connection.execute(update(orders).where(orders.c.order_id == refunded.id).values(updated_at=before))
        for table in (order_sales, order_agreements):
            connection.execute(delete(table).where(table.c.order_id == refunded.id, ~table.c.is_placing))
    found = whole(shop)
    assert causes(found) == {"missed": {"07-05"}}
    assert found.read_again == [date(2026, 7, 5)]
    assert shop.store.count("bulkOperationRunQuery") == 1, "the order is asked for by its id"
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


def test_what_reading_again_does_not_mend_stays_unexplained(shop: OpenShop) -> None:
    """We have counted money that Shopify knows nothing of; a day is read again once for the same difference."""
    spoil(shop)
    found = whole(shop)
    assert causes(found) == {"unexplained": {"08-01"}}
    assert {each.figure for each in found.unexplained} == {"shipping", "total_sales"}
    assert found.read_again == [DAY]
    asked = shop.store.count("bulkOperationRunQuery")
    again = whole(shop)
    assert (again.differing, again.read_again) == (found.differing, [])
    assert shop.store.count("bulkOperationRunQuery") == asked


def spoil(shop: OpenShop) -> None:
    """A sale in our ledger that Shopify does not have, and no order is the older for it."""
    last = shop.store.world.orders[-1]
    with shop.engine.begin() as connection:
        row = connection.execute(select(order_sales).where(order_sales.c.order_id == last.id)).one()._asdict()
        ghost = {**row, "sale_id": 1, "line_type": "SHIPPING", "shipping_minor": 700, "total_minor": 700}
        amounts = dict.fromkeys(("gross_sales_minor", "taxes_minor", "tax_minor", "quantity"), 0)
        connection.execute(insert(order_sales).values(**{**ghost, **amounts}))


def test_a_lost_order_while_the_orders_cannot_be_read(shop: OpenShop) -> None:
    """The difference is told, the key results that count the day are incomplete, and the next comparison mends it."""
    shop.reckon()
    drop(shop, shop.store.world.orders[-1].id)
    with lease(shop.engine, shop.store.world.shop_id, "orders", shop.installation.clock()):
        found = whole(shop)
    assert isinstance(found.error, Busy)
    assert ("08-01", "orders_created", -1, "unexplained") in told(found)
    shop.reckon()
    check_in = shop.judged("sales").check_in
    assert check_in.status == "incomplete"
    assert "orders created on 2026-08-01 differ from Shopify's count by 1, unexplained" in check_in.explanation
    assert shop.judged("sales", as_of="2026-07-31").check_in.status != "incomplete"
    assert causes(whole(shop)) == {"missed": {"08-01"}}
    shop.reckon()
    assert shop.judged("sales").check_in.status == "off_track"


def test_another_program_s_sum_is_told_and_takes_no_verdict_away(shop: OpenShop) -> None:
    """The orders are all there: the number stands, and its explanation says what is doubtful."""
    spoil(shop)
    with shop.engine.begin() as connection:
        connection.execute(update(order_sales).where(order_sales.c.sale_id == 1).values(gross_sales_minor=300))
    whole(shop)
    shop.reckon()
    sales, repeat = shop.judged("sales").check_in, shop.judged("repeat-customers").check_in
    assert sales.status == "off_track"
    assert (
        "Doubtful: gross sales of 2026-08-01 differ from Shopify's report by EUR 3.00, unexplained."
        in sales.explanation
    )
    assert "Doubtful" not in repeat.explanation
    written = shop.rows(key_result_readings, "key_result_id", "as_of_date", "explanation")
    assert ("sales", date(2026, 8, 15), sales.explanation) in written


# --- what can be compared ------------------------------------------------------------------------------------------


@on_sqlite
def test_without_the_scope_only_counts_are_compared(shop: OpenShop) -> None:
    shop.store.scope_removed("read_reports")
    shop.store.delete(shop.store.world.orders[-1].id)
    found = whole(shop)
    assert "read_reports" in found.no_reports
    assert told(found) == {("08-01", "orders_created", 0, "deleted"), ("08-01", "orders_processed", 0, "deleted")}
    assert found.figures == 2


@on_sqlite
def test_without_level_2_too(shop: OpenShop) -> None:
    shop.store.shop.reports.has_level_2 = False
    found = whole(shop)
    assert "level 2" in found.no_reports
    assert found.figures == 2


@on_sqlite
@pytest.mark.parametrize("version", ["2026-01", "2026-04", "2026-07", "2026-10"])
def test_reversals_go_by_the_name_their_version_knows(shop: OpenShop, version: str) -> None:
    settings = shop.settings.model_copy(update={"api_version": version})
    found = reconcile(shop.installation, settings, first=date(2026, 7, 1), last=date(2026, 7, 31))
    assert found.differing == []
    assert any(each.figure == "sales_reversals" and each.shopify == 50 for each in found.comparisons)


def test_orders_that_are_hidden_now(shop: OpenShop) -> None:
    """The scope for old orders was taken back: two of ours are from before the last sixty days."""
    shop.store.scope_removed("read_all_orders")
    assert shop.reconcile().days == 35 + 1
    found = shop.reconcile("2026-06-15", "2026-06-30")
    assert causes(found) == {"hidden": {"06-16", "06-17"}}
    assert found.unexplained == []


@on_sqlite
def test_days_that_cannot_be_compared_are_told_with_the_reason(shop: OpenShop) -> None:
    """The shop opened on 06-15, and 08-16 is not over; nothing of either is missing."""
    found = shop.reconcile("2026-06-01", "2026-08-20")
    assert (found.days, found.differing) == (62, [])
    assert [(str(each), each.is_gap) for each in found.left_out] == [
        ("2026-06-01 to 2026-06-14 not compared: the shop's first day is 2026-06-15", False),
        ("2026-08-16 to 2026-08-20 not compared: not over yet in the shop's time zone", False),
    ]
    assert whole(shop).left_out == []
    assert shop.reconcile().left_out == []
    tomorrow = shop.reconcile("2026-08-17", "2026-08-17")
    assert [str(each.span) for each in tomorrow.left_out] == ["2026-08-17"]
    assert "none of these days is over" in tomorrow.not_yet


@on_sqlite
def test_days_whose_orders_were_not_read_or_are_hidden_are_a_gap(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop("2026-01-15 00:00"), database_url, tmp_path, scopes=RECENT_ONLY) as shop:
        for day in ("2026-02-01", "2026-07-01", "2026-08-01"):
            shop.sell(f"{day} 10:00", 1)
        shop.at("2026-08-16 08:00")
        done(shop.backfill(first=date(2026, 7, 15)))
        found = shop.reconcile("2026-07-01", "2026-08-15")
        assert (found.days, found.differing) == (32, [])
        told = "orders are read from 2026-07-15 on: run okrsync backfill --from 2026-07-01"
        assert [(each.why, each.is_gap) for each in found.left_out] == [(told, True)]
        done(shop.backfill(first=date(2026, 7, 1)))
        assert shop.reconcile("2026-07-01", "2026-08-15").left_out == []
        done(shop.backfill(restart=True))
        found = shop.reconcile("2026-06-01", "2026-08-15")
        [left] = found.left_out
        assert (str(left.span), left.is_gap) == ("2026-06-01 to 2026-06-17", True)
        assert "hides orders older than 60 days" in left.why


@on_sqlite
def test_an_unread_history_is_not_compared(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        found = shop.reconcile()
        assert "no orders have been read yet" in found.not_yet
        assert shop.store.requests == []


@on_sqlite
def test_a_comparison_is_a_run_and_has_a_lease(shop: OpenShop) -> None:
    shop.reconcile()
    [row] = [row for row in shop.rows(sync_runs, "connector", "kind", "outcome") if row[1] == "reconcile"]
    assert row == ("reconcile", "reconcile", "done")
    with (
        lease(shop.engine, shop.store.world.shop_id, "reconcile", shop.installation.clock()),
        pytest.raises(Busy, match="is working on it"),
    ):
        shop.reconcile()


def test_a_busy_shop_does_not_explain_an_old_day(shop: OpenShop) -> None:
    """An old order changed a moment ago. Whatever that was, it did not happen two weeks before."""
    spoil(shop)
    shop.store.refund(shop.store.world.orders[0].id, 100)
    assert causes(whole(shop)) == {"unexplained": {"08-01"}}


def test_a_day_our_reading_ended_in_is_not_judged(shop: OpenShop) -> None:
    """The daemon stood still since noon of yesterday; an old order was refunded that evening."""
    shop.at("2026-08-16 20:00")
    shop.store.refund(shop.store.world.orders[0].id, 1000)
    shop.at("2026-08-17 08:00")
    found = shop.reconcile("2026-08-01", "2026-08-16")
    assert told(found) == {
        ("08-16", figure, sign * 10, "not_yet_synced")
        for figure, sign in (("sales_reversals", -1), ("net_sales", 1), ("total_sales", 1))
    }
    done(shop.sync())
    assert shop.reconcile("2026-08-01", "2026-08-16").differing == []
