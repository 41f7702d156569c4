"""The whole flow, on both databases: orders of a corner shop in Berlin become a verdict on its quarter.

day     customer  paid    what it makes of the customer
06-16   1         40.00
06-17   2         60.00
06-20   1         50.00   the first to come back
07-10   2         80.00   the second
08-01   3         30.00
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from service import pipeline, questions
from service.errors import AccessDenied, PlanError, Unreachable
from service.store.tables import key_result_readings, status_changes, sync_runs
from service.values import Segment
from tests.shop import OKRS, OpenShop, corner_shop, done, doze, instant, on_sqlite, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        shop.sell("2026-06-16 10:00", 1, 4000)
        shop.sell("2026-06-17 10:00", 2, 6000)
        shop.sell("2026-06-20 10:00", 1, 5000)
        shop.sell("2026-07-10 10:00", 2, 8000)
        shop.sell("2026-08-01 10:00", 3, 3000)
        shop.at("2026-08-16 08:00")
        yield shop


def test_from_nothing_to_a_verdict(shop: OpenShop) -> None:
    done(shop.backfill())
    reckoned = shop.reckon()
    assert (reckoned.as_of, reckoned.measured_from) == (date(2026, 8, 15), date(2026, 6, 15))

    repeat, sales = shop.judged("repeat-customers").check_in, shop.judged("sales").check_in
    assert (repeat.value, repeat.target, repeat.progress) == (2, 10, Decimal("0.2"))
    assert (sales.value, sales.target, sales.progress) == (110, 1000, Decimal("0.11"))
    assert repeat.expected_progress == Decimal("0.5")
    assert (repeat.status, sales.status) == ("off_track", "off_track")
    assert shop.status().objectives[0].status == "off_track"
    assert repeat.data_as_of == instant("2026-08-16 08:00")


@on_sqlite
def test_an_earlier_day_is_judged_with_the_data_of_today(shop: OpenShop) -> None:
    done(shop.backfill())
    assert shop.judged("repeat-customers", as_of="2026-07-09").check_in.value == 1
    assert shop.judged("repeat-customers", as_of="2026-07-10").check_in.value == 2
    assert shop.judged("sales", as_of="2026-07-09").check_in.value == 0


def test_every_day_of_the_quarter_is_recorded(shop: OpenShop) -> None:
    done(shop.backfill())
    assert shop.reckon().readings_changed == 2 * 46
    rows = shop.standing(key_result_readings, "key_result_id", "as_of_date", "value")
    repeat = {day: value for key, day, value in rows if key == "repeat-customers"}
    assert min(repeat) == date(2026, 7, 1)
    assert [repeat[date(2026, 7, day)] for day in (1, 9, 10, 31)] == [1, 1, 2, 2]


def test_running_it_again_changes_nothing(shop: OpenShop) -> None:
    shop.turn()
    before = shop.rows(key_result_readings), shop.rows(status_changes)
    again = shop.turn()
    assert (again.readings_changed, again.status_changes, again.check_ins) == (0, 0, 0)
    assert (shop.rows(key_result_readings), shop.rows(status_changes)) == before


def test_the_first_sync_is_a_backfill(shop: OpenShop) -> None:
    outcome = done(shop.sync())
    assert outcome.kind == "incremental"
    assert sorted(shop.rows(sync_runs, "kind")) == [("backfill",), ("incremental",)]
    assert outcome.watermark == instant("2026-08-16 08:00")
    assert shop.coverage.gap == ""


def test_a_metric_over_any_window(shop: OpenShop) -> None:
    done(shop.backfill())
    found = questions.show_metric(
        shop.installation, shop.settings, "net_sales", first=date(2026, 6, 17), last=date(2026, 8, 15),
        by="month", segment=Segment(), population="all",
    )  # fmt: skip
    assert found is not None
    assert [(str(row.window.start), row.value) for row in found] == [
        ("2026-06-17", 110), ("2026-07-01", 80), ("2026-08-01", 30),
    ]  # fmt: skip
    assert found[0].data_as_of == instant("2026-08-16 08:00")


@on_sqlite
def test_without_days_a_metric_is_shown_for_the_running_quarter(shop: OpenShop) -> None:
    done(shop.backfill())
    found = questions.show_metric(
        shop.installation, shop.settings, "orders", first=None, last=None, by=None, segment=Segment(), population="all"
    )
    assert found is not None
    assert [(str(row.window.start), str(row.window.last_day), row.value) for row in found] == [
        ("2026-07-01", "2026-08-15", 2)
    ]


@on_sqlite
def test_before_anything_was_read_nothing_is_said(shop: OpenShop) -> None:
    assert questions.status(shop.installation) == []
    assert pipeline.shop_of(shop.installation, shop.settings) is None
    assert pipeline.reckon(shop.installation, shop.settings, []) is None


@on_sqlite
def test_how_many_orders_a_backfill_would_read(shop: OpenShop) -> None:
    def count(first: date | None = None, last: date | None = None) -> int:
        return pipeline.expected_rows(shop.installation, shop.settings, first=first, last=last)

    assert count() == 5
    assert count(first=date(2026, 6, 18)) == 3
    assert count(first=date(2026, 6, 17), last=date(2026, 7, 10)) == 3
    assert count(last=date(2026, 6, 16)) == 1


# --- trouble becomes an outcome ------------------------------------------------------------------------------------


@on_sqlite
def test_a_store_that_does_not_answer_is_tried_five_times(shop: OpenShop) -> None:
    done(shop.backfill())
    moved, asked = shop.watermark, len(shop.store.requests)
    shop.later(hours=1)

    shop.store.fail_next(503, 20)
    with pytest.raises(Unreachable, match="503"):
        shop.sync()
    assert shop.watermark == moved
    assert len(shop.store.requests) == asked + 5


@on_sqlite
def test_a_refused_token_needs_a_person(shop: OpenShop) -> None:
    shop.store.expire_token()
    with pytest.raises(AccessDenied, match="refuses the access token"):
        shop.sync()
    assert pipeline.shop_of(shop.installation, shop.settings) is None


@on_sqlite
def test_a_missing_scope_is_named_before_anything_is_read(shop: OpenShop) -> None:
    shop.store.scope_removed("read_orders")
    with pytest.raises(AccessDenied, match="read_orders") as caught:
        shop.sync()
    assert "add the scope" in caught.value.hint
    assert shop.rows(sync_runs) == []


def test_a_second_process_finds_the_shop_busy(shop: OpenShop) -> None:
    """The one at work asks, at every wait, whether another may begin."""
    others: list[pipeline.Outcome] = []

    def meanwhile(seconds: float) -> None:
        doze(seconds)
        if not others:
            others.append(pipeline.sync(shop.installation, shop.settings))

    shop.store.slow_bulk(0.5)
    busy = replace(shop.installation, sleep=meanwhile)
    done(pipeline.sync(busy, shop.settings))
    [other] = others
    assert other.outcome == "interrupted"
    assert "is working on it" in str(other.error)
    assert len(shop.rows(sync_runs)) == 2


@on_sqlite
def test_a_plan_in_another_currency_is_refused(shop: OpenShop, tmp_path: Path) -> None:
    done(shop.backfill())
    (tmp_path / "config/okrs/quarter.toml").write_text(OKRS.replace("1000 EUR", "1000 INR"))
    with pytest.raises(PlanError, match="INR"):
        shop.reckon()
    assert shop.rows(key_result_readings) == []
