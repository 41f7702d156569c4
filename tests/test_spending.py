"""Spend from a file or an initiative to the status of a key result: never a number out of silence.

order  day         last visit                    worth
1      2026-07-02  google / cpc / brand            300
2      2026-07-05  klaviyo / email / loyalty       200
3      2026-07-09  none                            900
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from service import spending
from service.demo.model import Visit
from service.errors import Misconfigured, NeedsAPerson, PlanError
from service.okr.plan import parse
from service.periods import ONE_DAY, shop_day
from service.store.spend import Changes
from service.store.tables import ad_spend
from service.values import Campaign, Shop
from tests.command import ZONE, Command, command_for, living_store, sell, this_quarter
from tests.shop import OpenShop, WatchedStore, at, corner_shop, on_sqlite, open_shop
from tests.test_measuring import assert_as_measured_from_nothing

HEADING = "date,utm_source,utm_medium,utm_campaign,amount,currency\n"
JULY = HEADING + "2026-07-01,google,cpc,brand,50,EUR\n2026-07-02,google,cpc,brand,50.00,EUR\n"
ROAS = """
quarter = "2026-Q3"

[[objectives]]
id = "adverts"
title = "Adverts pay"
owner = "Marketing"

  [[objectives.key_results]]
  id = "roas"
  title = "Every euro brings back four"
  metric = "return_on_ad_spend"
  baseline = 2
  target = 4
"""
OKRS = f"""{ROAS}
  [[objectives.key_results]]
  id = "budget"
  title = "No more than 500 EUR of adverts"
  metric = "spend"
  window = "quarter"
  at_most = "500 EUR"
"""
LOYALTY = """
[[initiatives]]
id = "loyalty"
title = "Loyalty programme"
start = 2026-07-04
end = 2026-07-06
key_results = ["roas"]
where = { utm_medium = "email" }
spend = "100 EUR"
"""


def click(store: WatchedStore, source: str, medium: str, campaign: str) -> dict[str, object]:
    visit = Visit(store._next_id(), 0, source, None, utm=(campaign, None, medium, source, None))
    return {"has_journey": True, "first_visit": visit, "last_visit": visit}


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        shop.sell("2026-07-02 10:00", 1, 30_000, **click(shop.store, "google", "cpc", "brand"))
        shop.sell("2026-07-05 10:00", 1, 20_000, **click(shop.store, "klaviyo", "email", "loyalty"))
        shop.sell("2026-07-09 10:00", 2, 90_000)
        shop.at("2026-07-15 08:00")
        shop.turn()
        yield shop


def imported(shop: OpenShop, text: str, *, is_dry_run: bool = False) -> Changes:
    return spending.import_file(shop.installation, shop.settings, text, "july.csv", is_dry_run=is_dry_run)[1]


def up_to_14_july(text: str = JULY) -> str:
    """The same, known to be all until yesterday."""
    return text + "2026-07-14,google,cpc,brand,0,EUR\n"


def plan_to(shop: OpenShop, okrs: str) -> None:
    [file] = shop.installation.settings.okr_folder.glob("*.toml")
    file.write_text(okrs, encoding="utf-8")


def test_silence_has_no_return(shop: OpenShop) -> None:
    for key_result in ("roas", "budget"):
        check_in = shop.judged(key_result).check_in
        assert (check_in.status, check_in.value, check_in.attainment) == ("no_data", None, None)
        assert "no spend was imported: run okrsync spend import FILE" in check_in.explanation
    metrics = "('spend', 'last_click_sales', 'return_on_ad_spend')"
    assert shop.sql(f"select * from bi_metrics_daily where metric in {metrics}") == []
    assert not any("spend" in told for told in shop.status().unread)


def test_a_file_becomes_a_status(shop: OpenShop) -> None:
    """300 for 100, of a way from 2 to 4."""
    assert len(imported(shop, up_to_14_july()).new) == 3
    assert shop.judged("roas").check_in.value == 3
    shop.reckon()
    check_in = shop.judged("roas").check_in
    assert (check_in.value, check_in.attainment, check_in.status) == (3, Decimal("0.5"), "on_track")
    assert check_in.data_as_of == datetime(2026, 7, 14, 22, tzinfo=UTC)
    assert "3.00" in check_in.explanation
    assert shop.judged("budget").check_in.value == 100
    daily = shop.sql(
        "select cast(value as integer), metric_date from bi_metrics_daily"
        " where metric = 'return_on_ad_spend' and window_kind = 'quarter_to_date' order by metric_date"
    )
    assert [value for value, _ in daily] == [0, *[3] * 13]
    [told] = shop.sql("select cast(value as integer), unit from bi_key_results where key_result_id = 'roas'")
    assert told == (3, "ratio")


def test_the_same_file_again_measures_nothing_and_a_corrected_one_its_days(shop: OpenShop) -> None:
    imported(shop, up_to_14_july())
    shop.reckon()
    shop.later(hours=1)
    assert imported(shop, up_to_14_july()).rows == []
    assert shop.reckon().measured_from is None
    corrected = up_to_14_july().replace("50.00", "250")
    assert [each.day for each in imported(shop, corrected).altered] == [date(2026, 7, 2)]
    reckoned = shop.reckon()
    assert reckoned.measured_from == date(2026, 7, 2)
    assert reckoned.restatements > 0
    assert shop.judged("roas").check_in.value == 1
    [before] = shop.sql("select cast(value as integer) from bi_key_results_daily where key_result_id = 'roas'"
                        " and as_of_date = '2026-07-01'")  # fmt: skip
    assert before == (0,)


def test_what_changed_is_measured_as_from_nothing(shop: OpenShop) -> None:
    """Files, corrections, a campaign that begins earlier than was known, and an order that comes late."""
    later = "2026-07-12,klaviyo,email,loyalty,10,EUR\n"
    for text in (
        up_to_14_july(),
        HEADING + later,
        JULY.replace("50.00", "250"),
        HEADING + later.replace("12", "04", 1),
    ):
        imported(shop, text)
        shop.later(minutes=5)
        shop.reckon()
        assert_as_measured_from_nothing(shop)
    causes = {cause for (cause,) in shop.sql("select cause from bi_restatements where about = 'metric'")}
    assert causes == {"spend"}
    shop.later(hours=1)
    clicked = click(shop.store, "google", "cpc", "brand")
    shop.store.order(3, price=7_000, processed_at=at("2026-07-08 10:00"), **clicked)
    shop.later(hours=1)
    shop.turn()
    assert_as_measured_from_nothing(shop)
    [day] = shop.sql(
        "select cast(numerator as integer) from bi_metrics_daily"
        " where metric = 'last_click_sales' and window_kind = 'day' and metric_date = '2026-07-08'"
    )
    assert day == (70,)


@on_sqlite
def test_a_dry_run_and_a_wrong_line_change_nothing(shop: OpenShop) -> None:
    assert len(imported(shop, JULY, is_dry_run=True).new) == 2
    with pytest.raises(Misconfigured) as refused:
        imported(shop, JULY + "2026-07-03,google,cpc,brand,-5,EUR\n2026-07-15,google,cpc,brand,5,USD\n")
    assert [problem.key for problem in refused.value.problems] == ["line 4", "line 5", "line 5"]
    assert shop.rows(ad_spend) == []


@on_sqlite
def test_spend_that_is_not_imported_any_more_turns_stale(shop: OpenShop) -> None:
    """Sales go on, costs are not known: the return stays what it was, and after eight days it is not shown as news."""
    imported(shop, up_to_14_july())
    shop.sell("2026-07-20 10:00", 3, 40_000, **click(shop.store, "google", "cpc", "brand"))
    shop.at("2026-07-22 08:00")
    shop.turn()
    assert (shop.judged("roas").check_in.value, shop.judged("roas").check_in.status) == (3, "on_track")
    shop.at("2026-07-24 08:00")
    shop.turn()
    assert (shop.judged("roas").check_in.value, shop.judged("roas").check_in.status) == (3, "stale")
    imported(shop, HEADING + "2026-07-23,google,cpc,brand,75,EUR\n")
    assert (shop.judged("roas").check_in.value, shop.judged("roas").check_in.status) == (4, "on_track")


@on_sqlite
def test_days_before_the_first_that_was_imported_make_it_incomplete(shop: OpenShop) -> None:
    imported(shop, HEADING + "2026-07-02,google,cpc,brand,100,EUR\n2026-07-14,google,cpc,brand,0,EUR\n")
    check_in = shop.judged("roas").check_in
    assert (check_in.status, check_in.value) == ("incomplete", None)
    assert "before 2026-07-02 are not all known: okrsync spend import takes earlier days" in check_in.explanation
    imported(shop, HEADING + "2026-07-01,,,,0,EUR\n")
    assert shop.judged("roas").check_in.value == 3


@on_sqlite
def test_without_journeys_nothing_is_credited_and_nothing_shown(shop: OpenShop) -> None:
    shop.store.field_denied("customerJourneySummary")
    shop.sell("2026-07-15 09:00", 3, 5_000, **click(shop.store, "google", "cpc", "brand"))
    shop.later(hours=1)
    shop.turn()
    imported(shop, up_to_14_july())
    roas, budget = shop.judged("roas").check_in, shop.judged("budget").check_in
    assert (roas.status, roas.value) == ("incomplete", None)
    assert "customerJourneySummary was denied" in roas.explanation
    assert budget.value == 100


def test_what_an_initiative_plans_counts_until_a_file_speaks_of_it(shop: OpenShop) -> None:
    """100 over three days, 33.34 on the first; the file then says 40 for the e-mail of the 5th, and nothing else."""
    plan_to(shop, OKRS + LOYALTY)
    shop.reckon()
    spent = [(row[1], row[2]) for row in shop.rows(ad_spend, "shop_id", "spend_date", "amount_minor") if row[2]]
    assert spent == [(date(2026, 7, 4), 3334), (date(2026, 7, 5), 3333), (date(2026, 7, 6), 3333)]
    assert shop.judged("roas").check_in.value == 2
    assert shop.judged("budget").check_in.value == 100
    shop.later(hours=1)
    assert shop.reckon().measured_from is None

    imported(shop, up_to_14_july() + "2026-07-05,klaviyo,email,loyalty,40,EUR\n")
    assert shop.judged("budget").check_in.value == 140
    found = shop.judged("roas").measurement
    assert found is not None
    assert (found.numerator, found.denominator) == (500, 140)
    shop.reckon()
    assert shop.judged("budget").check_in.value == 140


@on_sqlite
def test_a_plan_that_is_taken_back_costs_nothing(shop: OpenShop) -> None:
    plan_to(shop, OKRS + LOYALTY)
    shop.reckon()
    plan_to(shop, OKRS + LOYALTY.replace('"100 EUR"', '"10 EUR"'))
    shop.later(minutes=5)
    shop.reckon()
    assert shop.judged("budget").check_in.value == 10
    plan_to(shop, OKRS)
    shop.later(minutes=5)
    shop.reckon()
    assert shop.judged("budget").check_in.status == "no_data"
    assert shop.rows(ad_spend) == []


@pytest.mark.parametrize(
    ("spend", "told"),
    [
        ("100 USD", "100 USD is not in EUR, the shop's currency"),
        ("10.005 EUR", "10.005 EUR is finer than EUR allows"),
        ("5%", "5% is no amount of money"),
        ("1000000000000000", "is no amount of money"),
    ],
)
@on_sqlite
def test_a_plan_that_cannot_be_money_is_refused(shop: OpenShop, spend: str, told: str) -> None:
    plan_to(shop, OKRS + LOYALTY.replace("100 EUR", spend))
    with pytest.raises(PlanError) as refused:
        shop.reckon()
    [problem] = refused.value.problems
    assert (problem.key, told in problem.message) == ("initiatives[0].spend", True)


SHOP = Shop(7, "yen.myshopify.com", "Asia/Tokyo", "JPY", 0, datetime(2025, 1, 1, tzinfo=UTC))


def spread(initiative: str) -> dict[date, int]:
    plan = parse(OKRS + initiative, "q3.toml")
    [each] = plan.initiatives
    rows = list(spending.spread(plan, each, SHOP))
    assert len({row.day for row in rows}) == len(rows)
    return {row.day: row.amount_minor for row in rows}


def test_an_initiative_s_days_carry_its_spend_to_the_last_yen() -> None:
    found = spread(LOYALTY.replace("100 EUR", "101 JPY").replace("2026-07-06", "2026-10-20"))
    assert sum(found.values()) == 101
    assert (min(found), max(found)) == (date(2026, 7, 1), date(2026, 10, 20))
    assert [found[date(2026, 7, 3) + n * ONE_DAY] for n in (0, 1, 101, 102)] == [0, 1, 1, 0]


def test_one_without_an_end_runs_to_the_quarter_s() -> None:
    found = spread(LOYALTY.replace("100 EUR", "89").replace("end = 2026-07-06\n", ""))
    assert [day for day, amount in found.items() if amount == 1] == [
        date(2026, 7, 4) + n * ONE_DAY for n in range(89)
    ]  # fmt: skip
    assert max(found) == date(2026, 9, 30)


def test_an_initiative_about_more_than_visits_is_credited_with_nothing() -> None:
    plan = parse(OKRS + LOYALTY.replace('{ utm_medium = "email" }', '{ utm_medium = "email", vendor = "Acme" }'), "q3")
    assert {each.campaign for each in spending.spread(plan, plan.initiatives[0], SHOP)} == {Campaign()}


@on_sqlite
def test_of_two_files_with_the_same_initiative_the_newer_counts(shop: OpenShop, tmp_path: Path) -> None:
    older = (OKRS + LOYALTY).replace("2026-Q3", "2026-Q2").replace("100 EUR", "900 EUR")
    plan_to(shop, OKRS + LOYALTY)
    (shop.installation.settings.okr_folder / "older.toml").write_text(older, encoding="utf-8")
    shop.reckon()
    assert shop.judged("budget").check_in.value == 100


@on_sqlite
def test_nothing_is_imported_before_the_shop_is_known(database_url: str, tmp_path: Path) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop, pytest.raises(NeedsAPerson, match="backfill first"):
        imported(shop, JULY)


# --- the real command ----------------------------------------------------------------------------------------------


def days_ago(number: int) -> date:
    return shop_day(datetime.now(UTC), ZONE) - timedelta(days=number)


def file_of(folder: Path, *rows: tuple[int, str]) -> str:
    lines = [f"{days_ago(number)},google,cpc,brand,{amount},EUR" for number, amount in rows]
    (folder / "spend.csv").write_text("\ufeff" + HEADING + "\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / "spend.csv")


@pytest.fixture
def okrsync(tmp_path: Path) -> Iterator[Command]:
    """Of a shop that sold 300 by a click five days ago, besides what came by itself."""
    with living_store() as store:
        found = command_for(store, tmp_path)
        [plan] = (tmp_path / "config" / "okrs").iterdir()
        now = ROAS.replace("2026-Q3", str(this_quarter()))
        plan.write_text(f'{now}  window = "trailing_28d"\n', encoding="utf-8")
        clicked = sell(store, 5, 4, 30_000)
        [order] = [each for each in store.world.orders if each.id == clicked]
        for name, value in click(store, "google", "cpc", "brand").items():
            setattr(order, name, value)
        store.now += 5 * 86_400 + 2
        assert found("db", "upgrade").code == 0
        assert found("backfill", "--only", "orders").code == 0
        yield found


def status(okrsync: Command) -> dict[str, object]:
    said = okrsync("status", "--format", "json")
    [row] = json.loads(said.out)
    assert isinstance(row, dict)
    return row


def test_from_a_file_to_status_and_explanation(okrsync: Command, tmp_path: Path) -> None:
    assert (status(okrsync)["status"], status(okrsync)["value"]) == ("no_data", None)
    one = okrsync("spend", "import", file_of(tmp_path, (6, "60")), "--dry-run").out
    assert f": 1 row of 1 day, {days_ago(6)} to" in one
    assert one.endswith("; 1 day would change\n")
    file = file_of(tmp_path, (40, "0"), (6, "60"), (1, "40"))
    dry = okrsync("spend", "import", file, "--dry-run")
    assert dry.code == 0
    assert dry.out.splitlines() == [
        f"alive.myshopify.com: 3 rows of 3 days, {days_ago(40)} to {days_ago(1)}",
        "would be new: 3, would be replaced: 0, as they were: 0; 3 days would change",
    ]
    assert okrsync("spend", "import", file).out.endswith("new: 3, replaced: 0, as they were: 0; 3 days changed\n")
    again = okrsync("spend", "import", file)
    assert again.out.endswith("new: 0, replaced: 0, as they were: 3; 0 days changed\n")
    assert okrsync("sync", "--only", "orders").code == 0

    row = status(okrsync)
    assert (row["value"], row["unit"], row["attainment"]) == (3, "ratio", 0.5)
    table = okrsync("status").out
    assert "3.00" in table
    assert "300" not in table
    told = okrsync("explain", "roas").out
    for part in (
        "EUR 300.00 ÷ EUR 100.00 = 3.00", "counted       3 rows of spend and orders", "3 whose last visit was not paid",
        "rows          3 spend", "last_click_orders as (",
    ):  # fmt: skip
        assert part in told, part
    shown = okrsync("metrics", "show", "return_on_ad_spend", "--from", str(days_ago(28)), "--to", str(days_ago(1)))
    assert (shown.code, "3.00" in shown.out) == (0, True)


def test_a_wrong_file_is_told_line_by_line(okrsync: Command, tmp_path: Path) -> None:
    file = file_of(tmp_path, (6, "sixty"), (5, "10"), (5, "20"), (0, "1"))
    said = okrsync("spend", "import", file)
    assert (said.code, said.out) == (2, "")
    for line, told in ((2, "'sixty' is not an amount"), (4, "is line 3 again"), (5, "is not over yet")):
        assert f"error: {file}: line {line}: " in said.err
        assert told in said.err
    assert said.err.count("hint: ") == 3
    assert status(okrsync)["status"] == "no_data"
    for place in ("none.csv", "."):
        said = okrsync("spend", "import", str(tmp_path / place))
        assert (said.code, said.err.count("error: "), said.err.count("is the path right?")) == (2, 1, 1), said.err
    assert "write --shop with one of" in okrsync("spend", "import", file, "--shop", "other.myshopify.com").err
