"""`okrsync metrics list, show, explain` and `explain`, as people and scripts use them, on both databases."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from service.cli.common import numbered
from service.metrics.catalogue import catalogue
from service.periods import shop_day
from service.settings import load as load_settings
from service.store.engine import open_engine
from tests.command import ZONE, Command, Said, command_for, live, living_shop, sell, this_quarter
from tests.conftest import BACKENDS
from tests.postgres import fresh_database
from tests.shop import WatchedStore, edit, write_settings

PROMISED = [
    "metric", "metric_version", "segment", "from", "to", "value", "numerator", "denominator", "value_low", "value_high",
    "counted", "left_out", "complete",
]  # fmt: skip

NewDatabase = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module", params=BACKENDS)
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Makes empty migrated databases, each with its URL."""

    @contextmanager
    def fresh() -> Iterator[str]:
        if request.param == "sqlite":
            file = tmp_path_factory.mktemp("database") / "okrsync.db"
            file.write_bytes(request.getfixturevalue("sqlite_template"))
            yield f"sqlite:///{file}"
        else:
            server, template = (request.getfixturevalue(f"postgres_{name}") for name in ("server", "template"))
            with fresh_database(server, template) as url:
                yield url

    return fresh


@pytest.fixture(scope="module")
def store() -> Iterator[WatchedStore]:
    """The published example: 200 orders of which 40 have no customer, 100 are first ones and 60 returning."""
    with WatchedStore(living_shop()) as store:
        for number in range(200):
            customer = None if number < 40 else number - 39 if number < 140 else number - 139
            sell(store, 12 - number / 20, customer, price=4000 + 10 * number)
        edit(store, store.world.orders[0], price=1500)
        live(store)
        yield store


@pytest.fixture(scope="module")
def okrsync(
    store: WatchedStore, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Command]:
    with new_database() as url:
        command = command_for(store, tmp_path_factory.mktemp("shop"), url)
        said = command("sync")
        assert said.code == 0, said.both
        yield command


TODAY = shop_day(datetime.now(UTC), ZONE)


def day(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).isoformat()


SPAN = ("--from", day(20), "--to", day(1))


def rows_of(said: Said) -> list[dict[str, Any]]:
    assert said.code in (0, 1), said.both
    found: list[dict[str, Any]] = json.loads(said.out, parse_float=Decimal)
    return found


def section(said: Said, title: str) -> list[str]:
    """The lines below a title, up to the next empty one."""
    assert said.code == 0, said.both
    below = said.out[said.out.index(title) :].splitlines()[1:]
    return [line.removeprefix("  ") for line in below[: below.index("")]]


def run(okrsync: Command, sql: str) -> list[dict[str, Any]]:
    engine = open_engine(load_settings(okrsync.file, {}).database_url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.exec_driver_sql(sql).mappings()]
    engine.dispose()
    return found


# --- why another tool shows another number ---------------------------------------------------------------------------


def test_the_published_example_of_two_repeat_rates(okrsync: Command) -> None:
    """60 of 160 known orders are 37.5 %, 60 of all 200 are 30 %; 60 of 100 customers came back, Shopify's own."""
    told = section(okrsync("metrics", "explain", "returning_order_rate", *SPAN), "What others call by its name")
    assert told[0] == "ours          60 ÷ 160 = 37.5 %"
    theirs = told.index("returning orders of all orders: 60 ÷ 200 = 30.0 %  (Triple Whale)")
    assert told[theirs + 2] == "    denominator + 40: orders without a customer"
    assert told[theirs + 3].startswith("    source: https://triplewhale.readme.io/")
    shopifys = told.index("returning customer rate: 60 ÷ 100 = 60.0 %  (Shopify)")
    assert told[shopifys + 2] == "    denominator − 60: orders beyond the first of a customer on these days"


def test_a_key_result_tells_the_other_readings_in_a_line_each(okrsync: Command) -> None:
    said = okrsync("explain", "repeat-customers", "--orders", "1")
    told = section(said, "What others call by its name")
    assert re.fullmatch(r"returning customers: \d+  \(Shopify\)", told[0])
    [again] = told[1:]
    asked = okrsync(*again.removeprefix("step by step: okrsync ").split())
    assert f"{told[0]}\n" in asked.out, "what it says to type gives the same number"
    in_it = section(said, "What is in the number, and what is not")
    assert re.fullmatch(r"\d+ orders counted, the first of them", in_it[0])
    assert [line.startswith("    #") for line in in_it] == [False, True, False, True]


# --- the rows and the SQL behind a number ----------------------------------------------------------------------------


def test_orders_in_and_out_are_named_for_each_reason(okrsync: Command, store: WatchedStore) -> None:
    said = okrsync("metrics", "explain", "customers", *SPAN, "--orders", "2")
    told = section(said, "What is in it, and what is not")
    assert (told[0], told[3]) == (
        "160 orders counted, the first of them",
        "40 left out: without a customer, the first of them",
    )
    names = [re.fullmatch(r"    (#\d+) of \d{4}-\d\d-\d\d, id (\d+)", line) for line in (*told[1:3], *told[4:])]
    found = [(each[1], int(each[2])) for each in names if each]
    known, unknown = ([o for o in store.world.orders if (o.customer_id is None) == is_unknown] for is_unknown in (0, 1))
    assert found == [(o.name, o.id) for o in (*known[:2], *unknown[:2])]
    assert section(okrsync("metrics", "explain", "customers", *SPAN, "--orders", "0"), "What is in it") == [
        "160 orders counted", "40 left out: without a customer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "where", "parts"),
    [
        ("returning_order_rate", [], (60, 160)),
        ("orders", ["--where", "source=web", "--population", "kept"], (200, None)),
        ("net_sales", [], (10_005, None)),
        ("repeat_purchase_rate", [], (60, 100)),
    ],
)
def test_the_sql_runs_as_it_is_printed(
    okrsync: Command, metric: str, where: list[str], parts: tuple[int, int | None]
) -> None:
    """And comes to the parts of the value; what counted the rows comes to the counts."""
    said = okrsync("metrics", "explain", metric, *SPAN, *where)
    [whole] = rows_of(okrsync("metrics", "show", metric, *SPAN, *where, "--format", "json"))
    answers = run(okrsync, "\n".join(section(said, "The SQL that was run")))
    minor = 100 if catalogue()[metric].is_money("numerator") else 1
    assert sum(row["numerator"] for row in answers) == whole["numerator"] * minor
    assert (whole["numerator"], whole["denominator"]) == parts
    if whole["denominator"] is not None:
        assert sum(row["denominator"] for row in answers) == whole["denominator"]
    counts = run(okrsync, "\n".join(section(said, "The SQL of what is in it")))
    assert {row["reason"]: row["row_count"] for row in counts} == {**whole["left_out"], "counted": whole["counted"]}
    assert "-- :shop_id = 88" in said.out


def test_a_value_in_the_sql_is_written_as_text_is(okrsync: Command) -> None:
    said = okrsync("metrics", "explain", "orders", *SPAN, "--where", "utm_source=o'brien: :shop_id")
    assert "'o''brien: :shop_id'" in said.out
    assert run(okrsync, "\n".join(section(said, "The SQL that was run"))) == []


def test_what_cannot_be_asked(okrsync: Command) -> None:
    for words, told in (
        (["metrics", "explain", "weather"], "there is no metric 'weather'"),
        (["metrics", "explain", "orders", "--where", "mood=good"], "cannot be split by mood"),
        (["metrics", "explain", "orders", "--population", "some"], "write all or kept"),
        (["metrics", "explain", "orders", "--from", day(1), "--to", day(5)], "is after the last day"),
        (["metrics", "show", "repeat_customers", "--window", "trailing_28d"], "is a level"),
    ):
        said = okrsync(*words)
        assert (said.code, said.out) == (2, "")
        assert told in said.err


OF_NOBODY = f"""
quarter = "{this_quarter()}"

[[objectives]]
id = "found"
title = "People find us"
owner = "Marketing"

  [[objectives.key_results]]
  id = "by-search"
  title = "100 orders by search"
  metric = "orders"
  where = {{ product_type = "Tee" }}
  target = 100

[[kpis]]
id = "code-orders"
title = "Orders with the code"
metric = "orders"
where = {{ discount_code = "spring" }}
"""


def test_a_value_that_nothing_has_is_told_where_its_zero_is_shown(
    okrsync: Command, store: WatchedStore, tmp_path: Path
) -> None:
    url = load_settings(okrsync.file, {}).database_url
    mistaken = Command(write_settings(tmp_path, store, url, okrs=OF_NOBODY), store.token)
    wrong = "nothing read has product_type=Tee: "
    tee = ("--where", "product_type=Tee")
    shown = mistaken("metrics", "show", "orders", *SPAN, "--by", "week", *tee, "--format", "csv")
    assert f"alive.myshopify.com: {wrong}" in shown.err and wrong not in shown.out
    right = mistaken("metrics", "show", "orders", *SPAN, "--where", "product_type=")
    assert "nothing read has" not in right.both
    for words in (("metrics", "explain", "orders", *tee), ("explain", "by-search")):
        assert f"doubtful      {wrong}" in mistaken(*words).out
    status, check = mistaken("status").out, mistaken("check", "--offline").out
    for told in (wrong, "nothing read has discount_code=spring, nor any other discount_code"):
        assert status.count(told) == check.count(told) == 1
    assert "by-search: nothing read" in status
    assert "quarter.toml: objectives[0].key_results[0].where: nothing read" in check


def test_an_incomplete_number_is_explained_and_needs_a_person(okrsync: Command) -> None:
    said = okrsync("metrics", "explain", "orders", "--to", day(-3))
    assert said.code == 1
    assert "incomplete    " in said.out


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", ["quarter_to_date", "trailing_28d"])
@pytest.mark.parametrize("metric", ["orders", "returning_customer_rate", "net_sales"])
def test_a_series_of_windows_is_that_of_the_view(okrsync: Command, metric: str, window: str) -> None:
    shown = rows_of(okrsync("metrics", "show", metric, *SPAN, "--by", "day", "--window", window, "--format", "json"))
    view = run(
        okrsync,
        f"select metric_date, numerator, denominator from bi_metrics_daily where metric = '{metric}' "
        f"and window_kind = '{window}' and segment = '' and metric_date >= '{SPAN[1]}' order by metric_date",
    )
    complete = [row for row in shown if row["complete"]]
    assert len(complete) > 5
    in_view = {str(row["metric_date"]): parts(row) for row in view}
    for row in complete:
        assert parts(row) == pytest.approx(in_view[row["to"]]), row


def parts(row: Mapping[str, Any]) -> list[float | None]:
    """Numerator and denominator, which SQLite's views give as floats."""
    return [None if row[name] is None else float(row[name]) for name in ("numerator", "denominator")]


def test_days_that_nobody_read_have_no_value(okrsync: Command) -> None:
    """Silence is no zero: neither what lies ahead nor a window that reaches there is shown as if it were known."""
    ahead, so_far = rows_of(
        okrsync("metrics", "show", "net_sales", "--from", day(-40), "--to", day(-60), "--format", "json")
    ) + rows_of(okrsync("metrics", "show", "net_sales", "--from", day(5), "--to", day(-5), "--format", "json"))
    assert (ahead["value"], ahead["complete"]) == (None, False)
    assert so_far["value"] is not None
    assert so_far["complete"] is False


def test_what_was_known_is_told_again(okrsync: Command) -> None:
    """Exactly the readings of that moment, and nothing of what came later or was never kept."""
    now = okrsync("metrics", "show", "net_sales", *SPAN, "--by", "day", "--format", "json")
    kept = okrsync("metrics", "show", "net_sales", *SPAN, "--by", "day", "--known-at", "2999-01-01", "--format", "json")
    whole = {row["to"]: parts(row) for row in rows_of(now) if row["complete"]}
    assert {row["to"]: parts(row) for row in rows_of(kept) if row["complete"]} == whole != {}
    [level] = rows_of(okrsync("metrics", "show", "repeat_customers", "--known-at", "2999-01-01", "--format", "json"))
    [today] = rows_of(okrsync("metrics", "show", "repeat_customers", "--format", "json"))
    assert (level["value"], level["to"]) == (today["value"], today["to"])
    said = okrsync("metrics", "show", "net_sales", *SPAN, "--by", "day", "--known-at", "2001-01-01")
    assert said.code == 1
    assert "nothing was measured of it by then" in said.out
    for metric, moment, *words in (
        ("net_sales", "soon"), ("customers", "2999-01-01", "--by", "week"),
        ("net_sales", "2999-01-01", "--by", "day", "--where", "source=web"),
    ):  # fmt: skip
        said = okrsync("metrics", "show", metric, *SPAN, "--known-at", moment, *words)
        assert said.code == 2, said.both
        assert "--known-at" in said.err


@pytest.mark.parametrize("metric", ["net_sales", "average_order_value", "returning_order_rate"])
def test_what_was_known_of_weeks_is_what_was_known_of_their_days(okrsync: Command, metric: str) -> None:
    words = ("metrics", "show", metric, *SPAN, "--by", "week", "--format", "json")
    now, kept = rows_of(okrsync(*words)), rows_of(okrsync(*words, "--known-at", "2999-01-01"))
    whole = {row["to"]: parts(row) for row in now if row["complete"]}
    assert {row["to"]: parts(row) for row in kept if row["complete"]} == whole != {}
    both = zip(now, kept, strict=True)
    assert all(row["value_low"] == known["value_low"] for row, known in both if row["complete"])


def test_a_window_ends_with_each_period_and_begins_where_it_says(okrsync: Command) -> None:
    [row] = rows_of(okrsync("metrics", "show", "orders", *SPAN, "--window", "trailing_28d", "--format", "json"))
    assert (row["from"], row["to"]) == (day(28), day(1))
    [row] = rows_of(okrsync("metrics", "show", "orders", *SPAN, "--window", "quarter_to_date", "--format", "json"))
    assert (row["from"], row["value"]) == (this_quarter().start.isoformat(), row["numerator"])


def test_what_is_promised_of_the_columns_is_kept(okrsync: Command) -> None:
    said = okrsync("metrics", "show", "average_order_value", *SPAN, "--format", "json")
    [row] = rows_of(said)
    assert [name for name in row if name in PROMISED] == PROMISED
    assert (row["shop"], row["unit"], row["currency"], row["population"]) == (
        "alive.myshopify.com",
        "money",
        "EUR",
        "all",
    )
    read_to = datetime.fromisoformat(row["data_as_of"])
    assert f"all changes before {read_to:%Y-%m-%d %H:%M} UTC are in it" in (
        okrsync("metrics", "show", "average_order_value", *SPAN).out
    )
    assert row["doubtful"] == ""
    table = list(
        csv.DictReader(io.StringIO(okrsync("metrics", "show", "average_order_value", *SPAN, "--format", "csv").out))
    )
    assert list(table[0]) == list(row)
    assert Decimal(table[0]["value"]) == row["value"]


def test_a_level_is_read_as_of_the_last_day_of_each_period(okrsync: Command) -> None:
    said = okrsync("metrics", "show", "repeat_customers", *SPAN, "--by", "week")
    assert said.out.splitlines()[1].split()[:3] == ["as", "of", "value"]
    rows = rows_of(okrsync("metrics", "show", "repeat_customers", *SPAN, "--format", "json"))
    assert (rows[0]["from"], rows[0]["to"], rows[0]["value"]) == (None, day(1), 60)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("units_per_order", "1.00 +200 ÷ 200"),
        ("returning_order_rate", r"37\.5 % +60 ÷ 160"),
        ("average_order_value", r"EUR 49\.95 +EUR 9,990\.00 ÷ 200"),
        ("discount_rate", r"0\.0 % +EUR 0\.00 ÷ EUR [\d,]+\.00"),
        ("orders", "200 +200"),
    ],
)
def test_numbers_have_their_unit_in_a_table(okrsync: Command, metric: str, value: str) -> None:
    """Also in Markdown, where a cell is a column of the table."""
    said = okrsync("metrics", "show", metric, *SPAN)
    assert said.code == 0
    assert re.search(rf"^{SPAN[1]}   {SPAN[3]} +{value}", said.out, re.MULTILINE), said.out
    lines = okrsync("metrics", "show", metric, *SPAN, "--format", "markdown").out.splitlines()
    assert re.search(value.replace(" +", r" \| "), lines[-1])
    assert len({line.count("|") for line in lines}) == 1


def test_a_table_shows_no_empty_column(okrsync: Command) -> None:
    head = okrsync("metrics", "show", "orders", *SPAN).out.splitlines()[1]
    assert re.split(r"  +", head.strip()) == ["from", "to", "value", "orders"]
    head = okrsync("metrics", "show", "customers", *SPAN, "--where", "source=web").out.splitlines()
    assert head[0] == "Customers where source=web"
    assert "left out" in head[1]


@pytest.mark.parametrize(
    ("metric", "things"),
    [
        ("net_sales", "orders with entries"),
        ("average_net_order_value", "orders with entries"),
        ("average_order_value", "orders"),
        ("sessions", "sessions"),
        ("abandoned_checkout_rate", "checkouts and orders"),
        ("spend", "rows of spend"),
        ("last_click_sales", "orders"),
        ("return_on_ad_spend", "rows of spend and orders"),
    ],
)
def test_what_is_counted_one_by_one_has_its_name(metric: str, things: str) -> None:
    assert catalogue()[metric].things == things


@pytest.mark.parametrize(
    ("count", "things", "told"),
    [
        (1, "test orders", "1 test order"),
        (2, "test orders", "2 test orders"),
        (1, "orders with entries", "1 order with entries"),
        (1, "rows of spend", "1 row of spend"),
        (1, "of days after the last that spend is known for", "1 of days after the last that spend is known for"),
        (0, "sessions", "0 sessions"),
        (1200, "checkouts", "1,200 checkouts"),
    ],
)
def test_one_is_not_several(count: int, things: str, told: str) -> None:
    assert numbered(count, things) == told


def test_entries_of_other_days_are_not_taken_for_orders(okrsync: Command) -> None:
    """The head of the column in a table, and the words of an explanation."""
    head = okrsync("metrics", "show", "net_sales", *SPAN).out.splitlines()[1]
    assert re.split(r"  +", head.strip()) == ["from", "to", "value", "orders with entries"]
    assert "counted       200 orders with entries\n" in okrsync("metrics", "explain", "net_sales", *SPAN).out


SPARE = ["left out", "orders", "divided"]


@pytest.mark.parametrize(("width", "missing"), [("200", 0), ("80", 1), ("60", 2), ("40", 3)])
def test_a_narrow_terminal_takes_whole_columns_and_says_which(okrsync: Command, width: str, missing: int) -> None:
    """From left out on, and never the days, the value or the note."""
    words = ("metrics", "show", "returning_order_rate", "--from", day(20), "--to", day(0), "--by", "week")
    lines = okrsync(*words, COLUMNS=width).out.splitlines()
    whole = ["from", "to", "value", "divided", "orders", "left out", "note"]
    gone = [name for name in whole if name in SPARE[:missing]]
    assert re.split(r"  +", lines[1].strip()) == [name for name in whole if name not in gone]
    told = [line for line in lines if line.startswith("no room for")]
    assert told == [f"no room for: {', '.join(gone)} (they are in --format csv, or in a wider terminal)"] * bool(gone)
    rows = [line.rstrip() for line in lines if re.match(r"\d{4}-\d\d-\d\d   \d{4}-\d\d-\d\d ", line)]
    assert len(rows) >= 3
    assert re.search(r" \d+\.\d % ", rows[-1])
    assert rows[-1].endswith("   incomplete")
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("width", "columns"), [("200", ["id", "family", "kind", "unit", "question"]), ("80", ["id", "question"])]
)
def test_a_narrow_list_keeps_whole_questions(okrsync: Command, width: str, columns: list[str]) -> None:
    out = okrsync("metrics", "list", COLUMNS=width).out
    assert out.splitlines()[0].split() == columns
    assert "…" not in out
    assert max(map(len, out.splitlines()[:-1])) <= int(width)
    assert ("no room for: family, kind, unit (" in out) == (width == "80")
    below = [line[line.index(" ") :].strip() if line[0] != " " else line.strip() for line in out.splitlines()[2:]]
    words = " ".join(below)
    for each in catalogue().values():
        assert each.id in out
        assert each.question in words or width == "200"


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_the_list_tells_families_and_what_a_metric_can_be_split_by(okrsync: Command) -> None:
    rows = {row["id"]: row for row in rows_of(okrsync("metrics", "list", "--format", "json"))}
    assert set(rows) == set(catalogue())
    assert {row["family"] for row in rows.values()} == {each.family.things for each in catalogue().values()}
    assert (rows["sessions"]["populations"], rows["orders"]["populations"]) == ("all", "all, kept")
    assert "utm_medium" in rows["orders"]["segments"]
    table = okrsync("metrics", "list").out
    assert re.search(r"^abandoned_checkouts +checkouts +flow +count ", table, re.MULTILINE)


def test_one_metric_is_listed_with_its_whole_definition(okrsync: Command) -> None:
    said = okrsync("metrics", "list", "returning_order_rate")
    assert said.code == 0
    for part in (
        "denominator   orders with a known customer (count)",
        "split by      source, channel",
        "count(*) filter (where nth >= 2) as numerator",
        "Returning orders of all orders  (Triple Whale): Orders count",
    ):
        assert part in said.out
    [row] = rows_of(okrsync("metrics", "list", "returning_order_rate", "--format", "json"))
    assert row["denominator"] == "orders with a known customer (count)"
    assert okrsync("metrics", "list", "weather").code == 2


# --- several shops ---------------------------------------------------------------------------------------------------


def test_each_row_tells_its_shop(store: WatchedStore, new_database: NewDatabase, tmp_path: Path) -> None:
    other = living_shop()
    other.domain, other.shop_id, other.currency, other.exponent = "other.myshopify.com", 89, "JPY", 0
    with WatchedStore(other) as second, new_database() as url:
        sell(second, 3, 1, price=700)
        live(second)
        file = write_settings(tmp_path, store, url)
        file.write_text(
            f'{file.read_text()}\n[[shops]]\ndomain = "{second.domain}"\napi_url = "{second.url}"\n'
            'access_token_env = "OTHER_TOKEN"\n'
        )
        okrsync = Command(file, store.token)
        said = okrsync("sync", "--shop", store.domain, "--only", "orders")
        assert said.code == 0, said.both
        shown = okrsync("metrics", "show", "average_order_value", *SPAN)
        assert shown.code == 1
        assert "other.myshopify.com: nothing was read yet" in shown.err
        assert "alive.myshopify.com" not in shown.out, "one shop needs no column"
        said = okrsync("sync", "--shop", second.domain, "--only", "orders", OTHER_TOKEN=second.token)
        assert said.code == 0, said.both
        table = okrsync("metrics", "show", "average_order_value", *SPAN).out
        assert re.search(r"^alive.myshopify.com .* EUR 49\.95 ", table, re.MULTILINE)
        assert re.search(r"^other.myshopify.com .* JPY 700 ", table, re.MULTILINE)
        rows = rows_of(okrsync("metrics", "show", "average_order_value", *SPAN, "--format", "json"))
        assert [(row["shop"], row["currency"]) for row in rows] == [
            ("alive.myshopify.com", "EUR"), ("other.myshopify.com", "JPY"),
        ]  # fmt: skip
        explained = okrsync("metrics", "explain", "orders", *SPAN, "--orders", "0").out
        assert explained.index("orders  (alive.myshopify.com)") < explained.index("orders  (other.myshopify.com)")
