"""What Shopify refuses an app: what can be done without is left out and said, and an empty column is never an answer.

order  customer  from       product
1      1         newsletter mug
2      1         google     mug
3      2         newsletter bowl
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from service import questions
from service.connectors.order_passes import OPTIONAL
from service.demo.model import Visit
from service.demo.server import DemoStore
from service.errors import AccessDenied
from service.store.tables import sync_runs
from service.store.views import views
from service.values import Measurement, Segment
from tests.command import command_for, living_store
from tests.shop import OpenShop, corner_shop, differences, done, dump, on_sqlite, open_shop, world_dump

JOURNEY = "customerJourneySummary"
OKRS = """
quarter = "2026-Q3"

[[objectives]]
id = "mail"
title = "Mail sells"

  [[objectives.key_results]]
  id = "by-mail"
  title = "Ten orders by mail"
  metric = "orders"
  where = { utm_source = "newsletter" }
  baseline = 0
  target = 10

  [[objectives.key_results]]
  id = "orders"
  title = "Twenty orders"
  metric = "orders"
  baseline = 0
  target = 20
"""


def sell(shop: OpenShop, when: str, customer: int | None, source: str, product_type: str) -> None:
    visit = Visit(shop.store._next_id(), 0, source, None, utm=("summer", None, "email", source, None))
    words = {"has_journey": True, "first_visit": visit, "last_visit": visit}
    shop.sell(when, customer, product_type=product_type, **words)


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        sell(shop, "2026-07-02 10:00", 1, "newsletter", "mug")
        sell(shop, "2026-07-05 10:00", 1, "google", "mug")
        sell(shop, "2026-07-09 10:00", 2, "newsletter", "bowl")
        shop.at("2026-07-15 08:00")
        yield shop


def measured(shop: OpenShop, metric: str = "orders", **where: str) -> Measurement:
    found = questions.show_metric(
        shop.installation, shop.settings, metric, first=date(2026, 7, 1), last=date(2026, 7, 14), by=None,
        segment=Segment.of(where), population="all",
    )  # fmt: skip
    assert found is not None
    return found[0]


def outcomes(shop: OpenShop) -> list[str]:
    return [str(outcome) for (outcome,) in shop.rows(sync_runs, "outcome")]


def denied(shop: OpenShop) -> list[tuple[str, str | None]]:
    return shop.sql("select connector, denied from bi_coverage")


def assert_like_the_world(shop: OpenShop) -> None:
    assert differences(dump(shop.engine), world_dump(shop.store.world)) == []


def test_a_journey_that_was_never_shown_is_not_taken_for_none(shop: OpenShop) -> None:
    shop.store.field_denied(JOURNEY)
    outcome = done(shop.sync())
    assert outcome.notices == (
        "customerJourneySummary was denied to this app, so nothing tells where orders came from: utm_source, "
        "utm_medium, utm_campaign, their first_ twins, and referrer",
    )
    assert sorted(outcomes(shop)) == ["done", "done", "rests"]
    assert measured(shop).is_complete and measured(shop).value == 3
    for where in ({"utm_source": ""}, {"utm_source": "newsletter"}, {"first_utm_medium": "email"}, {"referrer": ""}):
        found = measured(shop, **where)
        assert not found.is_complete, where
        assert "customerJourneySummary was denied" in found.incomplete_because
    assert measured(shop, "repeat_customers").value == 1
    assert measured(shop, product_type="mug").value == 2


@on_sqlite
def test_a_refusal_costs_one_run_and_no_more(shop: OpenShop) -> None:
    shop.store.field_denied(JOURNEY)
    done(shop.sync())
    before = len(outcomes(shop))
    shop.later(hours=1)
    done(shop.sync())
    assert len(outcomes(shop)) == before + 1


@on_sqlite
def test_a_journey_denied_from_some_day_on_makes_its_key_results_incomplete(shop: OpenShop) -> None:
    shop.turn()
    assert shop.judged("by-mail").check_in.value == 2
    shop.store.field_denied(JOURNEY)
    sell(shop, "2026-07-15 09:00", 3, "newsletter", "bowl")
    shop.at("2026-07-16 08:00")
    shop.turn()
    by_mail, orders = shop.judged("by-mail").check_in, shop.judged("orders").check_in
    assert (by_mail.status, by_mail.value) == ("incomplete", None)
    assert "customerJourneySummary was denied" in by_mail.explanation
    assert orders.value == 4
    [stored] = shop.sql("select status from bi_key_results where key_result_id = 'by-mail'")
    assert stored == ("incomplete",)


def test_once_it_is_shown_again_the_history_is_read_anew(shop: OpenShop) -> None:
    shop.store.field_denied(JOURNEY)
    shop.turn()
    assert shop.judged("by-mail").check_in.status == "incomplete"
    shop.store.field_approved(JOURNEY)
    shop.later(hours=1)
    shop.turn()
    assert measured(shop, utm_source="newsletter").value == 2
    assert shop.judged("by-mail").check_in.value == 2
    days = shop.sql("select cast(value as integer) from bi_key_results_daily where key_result_id = 'by-mail'")
    assert (None,) not in days
    assert denied(shop) == [("orders", None)]
    assert_like_the_world(shop)
    shop.later(hours=1)
    before = len(outcomes(shop))
    assert done(shop.sync()).notices == ()
    assert len(outcomes(shop)) == before + 1


@on_sqlite
def test_an_approval_that_shows_nothing_yet_changes_nothing(shop: OpenShop) -> None:
    shop.store.field_denied(JOURNEY)
    done(shop.sync())
    shop.store.field_approved(JOURNEY)
    for order in shop.store.world.orders:
        order.has_journey = False
    for _ in range(3):
        shop.later(hours=1)
        done(shop.sync())
    assert not measured(shop, utm_source="").is_complete
    assert len(outcomes(shop)) == 6  # a backfill and an increment, with the one that was refused; three increments
    for _ in range(30):
        shop.store.order(price=100)
    sell(shop, "2026-07-16 10:00", 3, "newsletter", "mug")  # the newest shows a journey
    shop.later(minutes=10)
    done(shop.sync())
    assert measured(shop, utm_source="newsletter").is_complete


def test_without_read_customers_orders_are_read_and_nobody_knows_whose(shop: OpenShop) -> None:
    shop.store.scope_removed("read_customers")
    outcome = done(shop.sync())
    assert "customer and purchasingEntity was denied" in outcome.notices[0]
    assert sorted(outcomes(shop)) == ["done", "done"]
    assert measured(shop).value == 3
    about_customers = (
        "repeat_customers", "new_customers", "unidentified_order_share", "returning_customer_rate",
        "repurchase_rate_90d",
    )  # fmt: skip
    for metric in about_customers:
        assert not measured(shop, metric).is_complete, metric
    for where in ({"customer_type": "unknown"}, {"is_b2b": "false"}):
        assert not measured(shop, **where).is_complete, where
    shop.store.scope_granted("read_customers")
    shop.later(hours=1)
    done(shop.sync())
    assert measured(shop, "repeat_customers").value == 1
    assert_like_the_world(shop)


@on_sqlite
def test_without_read_products_product_types_stay_as_they_were_copied(shop: OpenShop) -> None:
    done(shop.sync())
    shop.store.scope_removed("read_products")
    sell(shop, "2026-07-16 10:00", 3, "google", "mug")
    shop.later(minutes=10)
    done(shop.sync())
    assert shop.sql("select product_type from order_sales order by sale_id") == [("mug",), ("mug",), ("bowl",), (None,)]
    assert not measured(shop, product_type="mug").is_complete
    assert measured(shop, vendor="").is_complete
    assert measured(shop).is_complete


def test_everything_that_can_be_done_without_at_once(shop: OpenShop) -> None:
    shop.store.scope_removed("read_products")
    shop.store.field_denied(JOURNEY)
    shop.store.field_denied("customer")
    assert len(done(shop.sync()).notices) == 3
    assert measured(shop, "net_sales").value == 150
    assert denied(shop) == [("orders", "customer, journey, product")]


@on_sqlite
@pytest.mark.parametrize("field", ["orders", "agreements", "totalRefundedSet"])
def test_what_cannot_be_done_without_rests_and_says_how_to_mend_it(shop: OpenShop, field: str) -> None:
    shop.store.field_denied(JOURNEY)
    shop.store.field_denied(field)
    outcome = shop.sync()
    assert outcome.outcome == "rests"
    assert isinstance(outcome.error, AccessDenied)
    assert field in str(outcome.error)
    assert "ask for protected customer data access" in outcome.error.hint
    assert shop.watermark is None


def denied_next(store: DemoStore) -> None:
    store.field_denied(JOURNEY)
    store.scope_removed("read_products")


def test_check_and_show_tell_what_is_missing_and_what_is_lost(tmp_path: Path) -> None:
    with living_store() as store:
        okrsync = command_for(store, tmp_path)
        okrsync("db", "upgrade")
        denied_next(store)
        check = okrsync("check")
        assert check.code == 0
        lines = check.out.splitlines()
        assert any(line.startswith("ok       scopes     granted: read_orders, for orders") for line in lines)
        [journey, product] = [line for line in lines if line.startswith("WARNING  access")]
        assert "customerJourneySummary is denied, so nothing tells where orders came from: utm_source" in journey
        assert "product is denied, so nothing tells product_type" in product
        assert "hint: ask for protected customer data access" in check.out
        assert "hint: add the scope read_products" in check.out
        synced = okrsync("sync")
        assert synced.code == 0
        assert "noticed: customerJourneySummary was denied" in synced.err
        shown = okrsync("metrics", "show", "orders", "--where", "utm_medium=email")
        assert shown.code == 1
        assert "incomplete: customerJourneySummary was denied to this app, so nothing tells where" in shown.out
        [row] = json.loads(okrsync("metrics", "show", "orders", "--format", "json").out)
        assert row["complete"] is True


def test_the_mend_is_a_scope_or_an_approval() -> None:
    customer = OPTIONAL.parts[0]
    assert "add the scope read_customers" in customer.mend(frozenset({"read_orders"}))
    assert "protected customer data" in customer.mend(frozenset({"read_orders", "read_customers"}))


def test_the_view_of_what_is_read_knows_every_part_by_name() -> None:
    [view] = [view for view in views("sqlite") if view.name == "bi_coverage"]
    for part in OPTIONAL.parts:
        assert f"{part.name.removeprefix('orders.')} (" in dict(view.columns)["denied"]


def test_every_part_is_marked_in_the_documents_and_left_out_of_them() -> None:
    from service.connectors.documents import operation

    for part in OPTIONAL.parts:
        for name in ("OrdersPage", "OrdersBulk"):
            whole = operation(OPTIONAL.file, name, "2026-10")
            without = operation(OPTIONAL.file, name, "2026-10", frozenset({part.name}))
            for field in part.fields:
                assert f"{field} {{" in whole
                assert f"{field} {{" not in without, (part.name, name)
