"""The session funnel from the store into the database: told as stories, over real HTTP.

The corner shop in Berlin opened on 15 June. Every day at noon sixty people come, and twenty bots; on 18 June nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service import pipeline, questions
from service.demo.model import Visits
from service.demo.server import Seen
from service.demo.worlds import build
from service.errors import Interrupted
from service.pipeline import install
from service.settings import ShopSettings
from service.shopify.faults import NoReports, ParseError
from service.store import pending
from service.store.engine import open_engine
from service.store.tables import metadata, session_days, sync_runs
from service.values import Segment
from tests.metrics.load_world import insert_sessions
from tests.shop import TOKEN, OpenShop, WatchedStore, at, corner_shop, done, instant, on_sqlite, open_shop

SESSIONS = "sessions"

OKRS = """
quarter = "2026-Q3"

[[objectives]]
id = "checkout"
title = "Fewer carts are left behind"
owner = "Shop"

  [[objectives.key_results]]
  id = "carts"
  title = "Cart abandonment from 70 % to 60 %"
  metric = "cart_abandonment_rate"
  baseline = "previous_quarter"
  target = "60%"

  [[objectives.key_results]]
  id = "orders"
  title = "Ten orders"
  metric = "orders"
  baseline = 0
  target = 10
"""


def people(day: str, sessions: int = 60, **words: Any) -> Visits:
    known = {"with_cart_additions": 10, "reached_checkout": 6, "completed_checkout": 3, "reached_and_completed": 2}
    return Visits(at(f"{day} 12:00"), True, sessions, **(known | {"device": "mobile"} | words))


def bots(day: str) -> Visits:
    return Visits(at(f"{day} 12:00"), False, 20, device="desktop")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    """A week of the corner shop, on the morning of 22 June, its orders read."""
    world = corner_shop()
    days = [f"2026-06-{n}" for n in (15, 16, 17, 19, 20, 21)]
    visits = [made for day in days for made in (people(day), bots(day))]
    world.visits = lambda: visits
    with open_shop(world, database_url, tmp_path, okrs=OKRS) as shop:
        shop.at("2026-06-22 08:00")
        done(shop.backfill())
        yield shop


def stored(shop: OpenShop, *columns: str) -> list[tuple[Any, ...]]:
    return shop.rows(session_days, *columns)


def humans(shop: OpenShop) -> dict[str, int]:
    """Sessions of people by day."""
    found: dict[str, int] = {}
    for day, bots_excluded, count in stored(shop, "sessions_date", "bots_excluded", "sessions"):
        if bots_excluded:
            found[f"{day:%m-%d}"] = found.get(f"{day:%m-%d}", 0) + count
    return found


def expected(shop: OpenShop, last: date) -> set[tuple[Any, ...]]:
    """The rows of the store's visits up to a day, found without HTTP; days without any are left to others."""
    engine = open_engine("sqlite://")
    metadata.create_all(engine)
    world = shop.store.world
    world.visits = lambda: shop.store.shop.reports.visits
    with engine.begin() as connection:
        insert_sessions(connection, world)
        rows = connection.execute(select(session_days).where(session_days.c.sessions_date <= last))
        found = {tuple(row) for row in rows}
    engine.dispose()
    return found


def touched_from(shop: OpenShop) -> date | None:
    with shop.engine.connect() as connection:
        return pending.touched(connection, shop.store.world.shop_id).since


def forget_touched(shop: OpenShop) -> None:
    shop_id = shop.store.world.shop_id
    with shop.engine.begin() as connection:
        pending.clear(connection, shop_id, pending.touched(connection, shop_id))


def asked(shop: OpenShop) -> int:
    return shop.store.count("shopifyqlQuery")


# --- history -------------------------------------------------------------------------------------------------------


def test_the_history_lands_by_complete_shop_days_and_a_day_without_sessions_is_a_row_of_zeros(shop: OpenShop) -> None:
    shop.store.browse(5)  # today, which is not over
    outcome = done(shop.sync(SESSIONS))
    assert outcome.watermark == shop.position(SESSIONS) == instant("2026-06-21 22:00")  # midnight in Berlin
    assert humans(shop) == {
        "06-15": 60, "06-16": 60, "06-17": 60, "06-18": 0, "06-19": 60, "06-20": 60, "06-21": 60,
    }  # fmt: skip
    ours = {row for row in stored(shop) if row[8]}
    assert ours == expected(shop, date(2026, 6, 21))
    covered = shop.covered(SESSIONS)
    assert (covered.covered_from, covered.covered_to) == (instant("2026-06-14 22:00"), instant("2026-06-21 22:00"))
    assert (covered.rows, covered.expected_rows, covered.gap) == (480, 480, "")
    [row] = shop.sql("select covered_from, gap from bi_coverage where connector = 'sessions'")
    assert row[1] is None
    assert touched_from(shop) == date(2026, 6, 15)


def test_running_it_twice_changes_nothing(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    forget_touched(shop)
    again = done(shop.sync(SESSIONS))
    assert (again.rows_changed, touched_from(shop)) == (0, None)


@on_sqlite
def test_what_is_cut_off_goes_on_where_it_was(shop: OpenShop) -> None:
    """A shop of five months, one month a slice: the second part of the second month is never answered."""
    for n in range(150):
        shop.store.browse(10 + n, began_at=at("2026-01-20 12:00") + n * 86_400)
    shop.store.shop.world.created_at = at("2026-01-20 00:00")
    asked_before = asked(shop)

    def hang_up(seen: Seen) -> None:
        if "shopifyqlQuery" in seen.fields and asked(shop) > asked_before + 10:
            shop.store.reset_next(10)

    shop.store.on_answer = hang_up
    outcome = shop.sync(SESSIONS)
    assert outcome.outcome == "interrupted"
    assert shop.position(SESSIONS) is None
    assert "has verified" in shop.covered(SESSIONS).gap
    verified = shop.covered(SESSIONS).rows
    assert 0 < verified < 20_000
    shop.store.recover()
    done(shop.sync(SESSIONS))
    assert shop.covered(SESSIONS).gap == ""
    assert {row for row in stored(shop) if row[8]} == expected(shop, date(2026, 6, 21))


@on_sqlite
def test_a_shop_that_opened_today_is_covered_and_waits_for_its_first_day(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        shop.at("2026-06-15 09:00")
        done(shop.backfill())
        done(shop.sync(SESSIONS))
        assert (stored(shop), shop.position(SESSIONS)) == ([], instant("2026-06-14 22:00"))
        shop.store.browse(4)
        shop.later(days=1)
        done(shop.sync(SESSIONS))
        assert humans(shop) == {"06-15": 4}
        assert shop.position(SESSIONS) == instant("2026-06-15 22:00")


@on_sqlite
def test_an_old_shop_has_sessions_from_october_2022_on_and_says_so(shop: OpenShop) -> None:
    shop.store.shop.world.created_at = at("2020-01-01 00:00")
    done(shop.sync(SESSIONS))
    assert shop.covered(SESSIONS).covered_from == instant("2022-09-30 22:00")
    [found] = shown(shop, "sessions", date(2022, 1, 1), date(2022, 12, 31))
    assert not found.is_complete
    assert found.incomplete_because == "sessions before 2022-10-01 were not read"
    assert shown(shop, "sessions", date(2022, 10, 1), date(2022, 12, 31))[0].is_complete


@on_sqlite
def test_a_stretch_can_be_read_again_and_the_whole_begun_anew(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    shop.store.browse(7, began_at=at("2026-06-16 10:00"), device="tablet")
    shop.store.browse(9, began_at=at("2026-06-20 10:00"), device="tablet")
    again = done(shop.backfill(SESSIONS, first=date(2026, 6, 16), last=date(2026, 6, 17)))
    assert (again.rows_changed, humans(shop)["06-16"], humans(shop)["06-20"]) == (2, 67, 60)
    whole = done(shop.backfill(SESSIONS, restart=True))
    assert (humans(shop)["06-20"], whole.watermark) == (69, instant("2026-06-21 22:00"))
    assert shop.covered(SESSIONS).rows == 480 + 16


@on_sqlite
def test_an_earlier_beginning_is_added(shop: OpenShop) -> None:
    done(shop.backfill(SESSIONS, first=date(2026, 6, 20)))
    assert list(humans(shop)) == ["06-20", "06-21"]
    done(shop.sync(SESSIONS))
    assert list(humans(shop)) == ["06-20", "06-21"]
    assert shown(shop, "sessions", date(2026, 6, 19), date(2026, 6, 21))[0].incomplete_because == (
        "sessions before 2026-06-20 were not read"
    )
    done(shop.backfill(SESSIONS))
    assert next(iter(humans(shop))) == "06-15"
    assert shop.covered(SESSIONS).gap == ""


def test_how_many_sessions_there_are_to_read(shop: OpenShop) -> None:
    wanted = {"first": date(2026, 6, 16), "last": date(2026, 6, 18)}
    [sessions] = [each for each in pipeline.CONNECTORS if each.name == SESSIONS]
    assert pipeline.expected_rows(shop.installation, shop.settings, sessions, **wanted) == 160


# --- what changes --------------------------------------------------------------------------------------------------


def test_a_new_day_is_read_when_it_is_over(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    forget_touched(shop)
    shop.at("2026-06-22 21:59:59")
    shop.store.browse(33, device="mobile")
    assert done(shop.sync(SESSIONS)).watermark == instant("2026-06-22 22:00")
    assert humans(shop)["06-22"] == 0  # the clock went on while they came: they began on the next day
    shop.at("2026-06-23 22:00")
    done(shop.sync(SESSIONS))
    assert (humans(shop)["06-23"], touched_from(shop)) == (33, date(2026, 6, 22))


@on_sqlite
def test_recent_days_are_read_again_whole(shop: OpenShop) -> None:
    """A source is worked out two days later: the total stays what it was, and the rows do not."""
    done(shop.sync(SESSIONS))
    forget_touched(shop)
    visits = shop.store.shop.reports.visits
    place = visits.index(people("2026-06-20"))
    visits[place] = visits[place]._replace(referrer_source="email", utm_medium="email")
    assert done(shop.sync(SESSIONS)).rows_changed == 4  # one row gone and one new, for people and with bots
    assert touched_from(shop) == date(2026, 6, 20)


@on_sqlite
def test_bots_found_out_weeks_later_change_the_past(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    shop.at("2026-08-20 08:00")
    done(shop.sync(SESSIONS))
    forget_touched(shop)
    shop.store.found_out(people("2026-06-17"))
    before = asked(shop)
    done(shop.sync(SESSIONS))
    assert (humans(shop)["06-17"], touched_from(shop)) == (0, date(2026, 6, 17))
    assert asked(shop) - before == 2 + 3 + 3  # the totals of a quarter, the day that differs, and the last week


@on_sqlite
def test_days_longer_ago_than_a_quarter_rest(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    shop.at("2026-10-20 08:00")
    done(shop.sync(SESSIONS))
    shop.store.found_out(people("2026-06-17"))
    done(shop.sync(SESSIONS))
    assert humans(shop)["06-17"] == 60


@on_sqlite
def test_sessions_counted_while_they_are_read_are_no_trouble(shop: OpenShop) -> None:
    """Late events of yesterday arrive between the rows and their totals, twice."""
    late = iter(("2026-06-21", "2026-06-20"))

    def arrive(seen: Seen) -> None:
        if "shopifyqlQuery" in seen.fields and (day := next(late, None)):
            shop.store.shop.reports.visits.append(people(day, 1))

    done(shop.sync(SESSIONS))
    shop.store.on_answer = arrive
    done(shop.sync(SESSIONS))
    assert (humans(shop)["06-21"], humans(shop)["06-20"]) == (61, 61)


def test_many_small_passes_come_to_the_same_as_one(database_url: str, tmp_path: Path) -> None:
    """Six weeks of a boutique, a pass every nineteen hours, with late events and bots found out."""
    world = build("boutique", orders=400)
    world.created_at = at("2026-07-01 00:00")
    with open_shop(world, database_url, tmp_path) as shop:
        everything = list(shop.store.shop.reports.visits)
        shop.at("2026-07-20 08:00")
        shop.store.shop.reports.visits[:] = [v for v in everything if v.began_at < shop.store.now]
        done(shop.sync(SESSIONS))
        while shop.store.now < at("2026-09-01 00:00"):
            shop.later(hours=19)
            known = shop.store.shop.reports.visits
            known[:] = [v for v in everything if v.began_at < shop.store.now - 40_000]
            known[3] = known[3]._replace(is_human=False)
            done(shop.sync(SESSIONS))
        final = date(2026, 8, 31)
        shop.at("2026-09-01 23:00")
        done(shop.sync(SESSIONS))
        assert {row for row in stored(shop) if row[8] and row[1] <= final} == {
            row for row in expected(shop, final) if row[1] >= date(2026, 7, 1)
        }


# --- trouble -------------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("version", ["2026-01", "2026-10"])
def test_throttles_arrays_and_passing_faults_lose_nothing(database_url: str, tmp_path: Path, version: str) -> None:
    world = corner_shop()
    world.visits = lambda: [people("2026-06-16"), bots("2026-06-17")]
    with open_shop(world, database_url, tmp_path) as shop:
        file = shop.installation.settings.file
        file.write_text(file.read_text().replace("[[shops]]", f'[[shops]]\napi_version = "{version}"'))
        shop.installation = replace_settings(shop)
        shop.at("2026-06-20 08:00")
        done(shop.backfill())
        shop.store.ql_throttle_next(3)
        shop.store.ql_rows_as_arrays(2)
        shop.store.internal_error_next()
        done(shop.sync(SESSIONS))
        assert humans(shop) == {"06-15": 0, "06-16": 60, "06-17": 0, "06-18": 0, "06-19": 0}


def replace_settings(shop: OpenShop) -> pipeline.Installation:
    """The installation with its settings file read anew."""
    from dataclasses import replace

    found = install(shop.installation.settings.file, environment={TOKEN: shop.store.token})
    return replace(shop.installation, settings=found.settings)


@on_sqlite
def test_a_small_budget_is_kept_to_and_the_pass_ends_well(shop: OpenShop) -> None:
    """Points for two questions a quarter of a second: the pass waits for refills, and is refused less than it waits."""
    shop.store.shop.reports.bucket.points = shop.store.shop.reports.bucket.left = 110
    shop.store.shop.reports.bucket.seconds = 0.25
    shop.store.shop.reports.bucket._ends_at = 0.0
    done(shop.sync(SESSIONS))
    assert humans(shop)["06-21"] == 60


@on_sqlite
def test_a_query_that_is_not_understood_ends_the_run_and_is_not_asked_again(shop: OpenShop) -> None:
    before = asked(shop)
    shop.store.ql_parse_error_next()
    outcome = shop.sync(SESSIONS)
    assert isinstance(outcome.error, ParseError)
    assert (outcome.outcome, asked(shop) - before, stored(shop)) == ("failed", 1, [])


@on_sqlite
def test_until_may_be_exclusive(shop: OpenShop) -> None:
    shop.store.shop.reports.is_until_exclusive = True
    done(shop.sync(SESSIONS))
    assert humans(shop)["06-21"] == 60


def test_without_level_2_there_is_no_funnel_and_everything_else_goes_on(shop: OpenShop) -> None:
    shop.store.level_2_removed()
    outcome = shop.sync(SESSIONS)
    assert isinstance(outcome.error, NoReports)
    assert outcome.outcome == "rests"
    assert stored(shop) == []
    told = "sessions cannot be read: corner.myshopify.com: this app may not read Shopify's reports"
    assert shop.covered(SESSIONS).gap.startswith(told)
    [run] = [row for row in shop.rows(sync_runs, "connector", "outcome") if row[0] == SESSIONS]
    assert run[1] == "rests"
    done(shop.sync())
    [found] = shown(shop, "sessions", date(2026, 6, 15), date(2026, 6, 21))
    assert (found.value, found.is_complete) == (None, False)
    assert found.incomplete_because.startswith(told)


def test_without_the_scope_the_key_results_say_so_and_never_zero(shop: OpenShop) -> None:
    shop.store.scope_removed("read_reports")
    shop.at("2026-08-01 08:00")
    done(shop.sync())
    with pytest.raises(Exception, match="read_reports"):
        shop.sync(SESSIONS)
    shop.reckon()
    judged = shop.judged("carts")
    assert (judged.check_in.status, judged.check_in.value) == ("no_data", None)
    assert "sessions cannot be read" in judged.check_in.explanation
    assert "read_reports" in judged.check_in.explanation
    assert shop.judged("orders").check_in.status == "off_track"
    assert any(gap.startswith("sessions cannot be read") for gap in shop.status().unread)
    assert shop.sql("select count(*) from bi_metrics_daily where metric = 'sessions'") == [(0,)]


@on_sqlite
def test_a_scope_taken_away_later_leaves_what_was_read_and_makes_it_stale(shop: OpenShop) -> None:
    shop.store.shop.reports.visits.append(people("2026-07-10"))
    shop.at("2026-07-20 08:00")
    done(shop.sync(SESSIONS))
    done(shop.sync())
    shop.reckon()
    shop.store.scope_removed("read_reports")
    shop.at("2026-07-22 08:00")
    done(shop.sync())
    with pytest.raises(Exception, match="read_reports"):
        shop.sync(SESSIONS)
    assert shop.judged("carts").check_in.status == "stale"
    assert humans(shop)["06-21"] == 60


@on_sqlite
def test_check_says_whether_reports_answer(shop: OpenShop) -> None:
    def parts() -> dict[str, tuple[bool, str]]:
        found = pipeline.look_at(shop.installation, shop.settings, record=True)
        return {part.what: (part.is_fine, part.message) for part in found}

    assert parts()["reports"] == (True, "Shopify's reports answer")
    shop.store.level_2_removed()
    is_fine, told = parts()["reports"]
    assert not is_fine
    assert "no level 2 access to protected customer data, so sessions cannot be read" in told


@on_sqlite
def test_asked_to_stop_it_stops_at_the_next_part(shop: OpenShop) -> None:
    """What has landed stays, and the watermark claims none of what has not."""
    from dataclasses import replace

    def stop(seconds: float) -> None:
        if stored(shop):
            raise Interrupted("asked to stop")

    patient = shop.installation
    shop.installation = replace(patient, sleep=stop)
    assert shop.sync(SESSIONS).outcome == "interrupted"
    assert list(humans(shop)) == ["06-15"]
    assert shop.position(SESSIONS) is None
    shop.installation = patient
    done(shop.sync(SESSIONS))
    assert list(humans(shop))[-1] == "06-21"


# --- what it is for ------------------------------------------------------------------------------------------------


def shown(shop: OpenShop, metric: str, first: date, last: date, **where: str) -> Any:
    settings: ShopSettings = shop.settings
    return questions.show_metric(
        shop.installation, settings, metric, first=first, last=last, by=None, segment=Segment.of(where),
        population="all",
    )  # fmt: skip


@on_sqlite
def test_a_segment_of_the_funnel(shop: OpenShop) -> None:
    done(shop.sync(SESSIONS))
    [mobile] = shown(shop, "conversion_rate", date(2026, 6, 15), date(2026, 6, 21), device="mobile")
    assert (mobile.numerator, mobile.denominator, mobile.left_out) == (18, 360, {"bots": 120})
    assert mobile.data_as_of == instant("2026-06-21 22:00")


KEPT = """
quarter = "2026-Q2"

[[objectives]]
id = "visits"
title = "People come by"

  [[objectives.key_results]]
  id = "enough"
  title = "60 sessions in every week"
  metric = "sessions"
  window = "trailing_28d"
  at_least = 60

  [[objectives.key_results]]
  id = "more"
  title = "20 % more sessions"
  metric = "sessions"
  baseline = "previous_quarter"
  target = "+20%"
"""


def test_before_the_shop_opened_nothing_has_a_value(shop: OpenShop) -> None:
    """A quarter that it opened in has one, and weeks before are neither kept nor broken."""
    [file] = shop.installation.settings.okr_folder.iterdir()
    file.write_text(KEPT, encoding="utf-8")
    done(shop.sync())
    done(shop.sync(SESSIONS))
    for metric in ("sessions", "conversion_rate", "orders", "repeat_customers"):
        [before] = shown(shop, metric, date(2026, 3, 1), date(2026, 6, 14))
        assert (before.value, before.is_complete) == (None, True)
        assert before.incomplete_because == "the shop opened on 2026-06-15"
    [opening] = shown(shop, "sessions", date(2026, 3, 1), date(2026, 6, 15))
    assert (opening.value, opening.is_complete) == (60, True)
    kept, more = shop.judged("enough", "2026-06-21"), shop.judged("more", "2026-06-21")
    assert [week.value for week in kept.evidence.weeks] == [None] * 10 + [360]
    assert kept.check_in.attainment == 1
    assert more.check_in.status == "no_data"
    assert "which is the baseline (the shop opened on 2026-06-15)" in more.check_in.explanation


def test_orders_brought_over_from_elsewhere_are_counted_before_the_shop_opened(shop: OpenShop) -> None:
    shop.store.order(1, price=1000, processed_at=at("2026-05-10 10:00"))
    shop.later(minutes=1)
    done(shop.sync())
    [may] = shown(shop, "orders", date(2026, 5, 1), date(2026, 5, 31))
    assert (may.value, may.is_complete) == (1, True)


@pytest.mark.slow
@on_sqlite
def test_myshopper_leaves_fewer_carts_behind_and_the_key_result_is_achieved(database_url: str, tmp_path: Path) -> None:
    """70 % in Q2 and 60 % in Q3, read through the API, judged after the quarter's last day."""
    world = build("myshopper", orders=6000)
    store = WatchedStore(world)
    with open_shop(store, database_url, tmp_path, okrs=OKRS) as shop:
        done(shop.backfill())
        done(shop.sync(SESSIONS))
        shop.reckon()
        judged = shop.judged("carts", "2026-09-30")
        assert judged.goal.baseline is not None
        assert abs(judged.goal.baseline - Decimal("0.7")) < Decimal("0.001")
        assert judged.check_in.status == "achieved"
        assert judged.check_in.value is not None
        assert Decimal("0.599") < judged.check_in.value <= Decimal("0.6")
        rates = [
            shown(shop, "cart_abandonment_rate", date(2026, month, 1), date(2026, month, 30))[0].value
            for month in (6, 7, 8, 9)
        ]
        assert rates == sorted(rates, reverse=True)


@on_sqlite
def test_a_part_claims_nothing(shop: OpenShop) -> None:
    """Neither of a shop whose history was never read, nor, when read anew, at the cost of the whole."""
    part = {"first": date(2026, 6, 16), "last": date(2026, 6, 17)}
    done(shop.backfill(SESSIONS, **part))
    assert shop.covered(SESSIONS).covered_to is None
    done(shop.sync(SESSIONS))
    whole = shop.covered(SESSIONS)
    done(shop.backfill(SESSIONS, restart=True, **part))
    again = shop.covered(SESSIONS)
    assert (again.covered_from, again.covered_to, again.rows) == (whole.covered_from, whole.covered_to, whole.rows)
