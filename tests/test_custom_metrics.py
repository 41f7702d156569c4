"""An analyst's own metric, from a file in a folder to a status; and what is refused. The example is the page's.

day     customer  paid    a large order?
06-16   1         40.00
06-17   2         60.00   yes
06-20   1         50.00   yes
07-10   2         80.00   yes
08-01   3         30.00
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy.exc import DBAPIError

from service import pipeline
from service.connectors import CONNECTORS
from service.daemon import work
from service.errors import Misconfigured
from service.estimate.intervals import EXACT
from service.metrics.catalogue import catalogue
from service.metrics.checks import RULES
from service.metrics.families import FAMILIES, SOURCES
from service.store.engine import reading
from service.store.tables import metric_definitions
from tests.command import Command
from tests.shop import OpenShop, corner_shop, done, on_sqlite, open_shop

PAGE = (Path(__file__).parent.parent / "docs/custom-metrics.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
[OKRS] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def write(folder: Path, text: str = EXAMPLE, name: str = "large_order_share") -> Path:
    path = folder / "config/metrics" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    write(tmp_path)
    with open_shop(corner_shop(), database_url, tmp_path, okrs=OKRS) as shop:
        for when, customer, price in (
            ("2026-06-16 10:00", 1, 4000), ("2026-06-17 10:00", 2, 6000), ("2026-06-20 10:00", 1, 5000),
            ("2026-07-10 10:00", 2, 8000), ("2026-08-01 10:00", 3, 3000),
        ):  # fmt: skip
            shop.sell(when, customer, price)
        shop.at("2026-08-16 08:00")
        done(shop.backfill())
        yield shop


def refreshed(shop: OpenShop) -> None:
    shop.installation = pipeline.with_metrics(shop.installation)


def refused(shop: OpenShop) -> str:
    with pytest.raises(Misconfigured) as raised:
        refreshed(shop)
    return str(raised.value)


# --- used like any other -------------------------------------------------------------------------------------------


def test_a_file_in_the_folder_is_judged_and_recorded(shop: OpenShop) -> None:
    shop.reckon()
    judged = shop.judged("large-orders")
    assert (judged.check_in.baseline, judged.check_in.value) == (EXACT.divide(Decimal(2), Decimal(3)), Decimal("0.5"))
    assert judged.measurement is not None
    assert judged.measurement.value_low is not None
    rows = shop.sql(
        "select metric_date, numerator, denominator from bi_metrics_daily"
        " where metric = 'large_order_share' and window_kind = 'day' and denominator > 0 order by metric_date"
    )
    assert [(str(day)[5:10], int(n), int(d)) for day, n, d in rows] == [
        ("06-16", 0, 1), ("06-17", 1, 1), ("06-20", 1, 1), ("07-10", 1, 1), ("08-01", 0, 1),
    ]  # fmt: skip


@on_sqlite
def test_the_commands_know_it(shop: OpenShop, tmp_path: Path) -> None:
    okrsync = Command(tmp_path / "config/okrsync.toml", shop.store.token)
    rows = json.loads(okrsync("metrics", "list", "--format", "json").out)
    assert [row["id"] for row in rows] == sorted([*catalogue(), "large_order_share"])
    assert "large_order_share" in okrsync("metrics", "list").out
    show = ("metrics", "show", "large_order_share", "--from", "2026-06-15", "--to", "2026-08-15")
    where = ("--where", "customer_type=returning", "--format", "json")
    [row] = json.loads(okrsync(*show, *where).out)
    assert (row["numerator"], row["denominator"], row["left_out"]) == (2, 2, {"outside_segment": 3})
    assert "Share of large orders" in okrsync(*show).out
    assert f"{len(catalogue()) + 1} in the catalogue, 1 of them your own" in okrsync("check", "--offline").out
    assert "OKR040" not in okrsync("okr", "lint").out
    said = okrsync("explain", "large-orders", "--as-of", "2026-08-15").out
    assert "gross_sales_minor - discounts_minor >= 5000" in said
    assert "agreed with Sales on 2 June 2026" in said


def test_the_list_needs_no_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    rows = json.loads(Command(tmp_path / "config/okrsync.toml", "token")("metrics", "list", "--format", "json").out)
    assert len(rows) == len(catalogue()) + 1


@on_sqlite
def test_a_daemon_takes_it_up_and_goes_on_while_it_is_wrong(
    shop: OpenShop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def turn() -> None:
        shop.later(minutes=5)
        work(shop.installation, shop.settings, CONNECTORS[0], Event())

    write(tmp_path, EXAMPLE.replace("large_order_share", "big_orders"), "big_orders")
    turn()
    assert {row[1] for row in shop.rows(metric_definitions)} == {"large_order_share", "big_orders"}
    write(tmp_path, "-- id: big_orders", "big_orders")
    caplog.set_level(logging.ERROR, "okrsync.daemon")
    shop.later(days=1)
    turn()
    assert "big_orders.sql: version: is missing from the header" in caplog.text
    assert shop.sql("select max(metric_date) from bi_metrics_daily where metric = 'large_order_share'")[0] == (
        "2026-08-16",
    )


# --- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gross_sales_minor -", "gross_sales -", "gross_sales"),  # no such column
        ("group by metric_date", "where oder_id in (1, 2) group by metric_date", "oder_id"),
        ("count(*) as denominator", "count(*) as denominators", "answers no denominator"),
        ("as denominator\n", "as pieces\n", "answers no denominator"),
        (
            "count(*) as denominator\nfrom counted_orders",
            "count(o.denominator) as pieces\nfrom (select metric_date,"
            " gross_sales_minor, discounts_minor, 1 as denominator from counted_orders) as o",
            "denominator",
        ),
        ("connector: orders", "connector: sessions", "orders are not counted from 'sessions'"),
        ("connector: orders", "connector: none", "connector: names none"),
        ("-- unit: ratio", "-- unit: money", "numerator: counts, and the unit is money"),
        ("-- denominator: orders (count)\n", "", "denominator: is missing from the header of a ratio"),
        ("kind: ratio\n-- unit: ratio", "kind: flow\n-- unit: count", "denominator: is there, but nothing is a ratio"),
        ("counted_orders", "counted_orders cross join counted_sessions", "and no family has them all"),
        ("group by", "where nextval('runs') > 0 group by", "'nextval' is not of a metric's language"),
        ("from counted_orders", "from counted_orders -- see :x", "without parameters"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(shop: OpenShop, tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in EXAMPLE
    path = write(tmp_path, EXAMPLE.replace(old, new))
    said = refused(shop)
    assert str(path) in said
    assert told in said


@on_sqlite
def test_everything_is_told_at_once_and_the_command_ends_with_2(shop: OpenShop, tmp_path: Path) -> None:
    for name in ("orders", "manual", "Nice-Name"):
        write(tmp_path, EXAMPLE.replace("large_order_share", name), name)
    write(tmp_path, EXAMPLE.replace("large_order_share", "blank").replace("question: W", "query: W"), "blank")
    (tmp_path / "config/metrics/binary.sql").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "config/metrics/folder.sql").mkdir()
    okrsync = Command(tmp_path / "config/okrsync.toml", shop.store.token)
    for command in (("status",), ("metrics", "list"), ("check", "--offline"), ("okr", "lint")):
        said = okrsync(*command)
        assert said.code == 2, command
        for told in (
            "orders.sql: id: orders is a name of okrsync's own", "manual.sql: id: manual is a name of okrsync's own",
            "Nice-Name.sql: id: 'Nice-Name' is not written in lower case", "blank.sql: question: is missing",
            "blank.sql: query: is no header key", "binary.sql: cannot be read", "folder.sql: cannot be read",
        ):  # fmt: skip
            assert told in said.both, (command, told)


def test_a_definition_is_not_changed_in_place(shop: OpenShop, tmp_path: Path) -> None:
    def rewritten(*changes: tuple[str, str]) -> None:
        text = EXAMPLE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        write(tmp_path, text)

    rewritten((">= 5000", ">= 6000"))  # nothing was recorded yet
    refreshed(shop)
    shop.reckon()
    rewritten(
        (">= 5000", ">= 6000 -- sixty\n"), ("Which share", "What share"), ("\n    count(*) as d", " count(*) as d")
    )
    refreshed(shop)
    shop.reckon()
    rewritten()
    said = refused(shop)
    assert "version 1: means something else than on 2026-08-16, when its first readings were recorded" in said
    assert "hint: give it version 2" in said
    rewritten(("version: 1", "version: 2"))
    refreshed(shop)
    shop.reckon()
    quarter = "metric = 'large_order_share' and window_kind = 'quarter_to_date' and metric_date = '2026-08-15'"
    rows = shop.sql(f"select metric_version, value from bi_metrics_daily where {quarter} order by 1")
    assert [version for version, _ in rows] == [2]
    assert [row[2] for row in shop.rows(metric_definitions)] == [1, 2]
    rewritten((">= 5000", ">= 7000"), ("version: 1", "version: 2"))
    assert "give it version 3" in refused(shop)


def test_one_that_does_not_answer_stops_nothing_else(shop: OpenShop, tmp_path: Path) -> None:
    """Both databases load it, and find only when they add up that the sum is too large."""
    shop.reckon()
    text = EXAMPLE.replace("version: 1", "version: 2").replace(
        "count(*) as denominator\nfrom counted_orders\n",
        "sum(9223372036854775807 * a.nth) + sum(9223372036854775807) as denominator\n"
        "from counted_orders as a\ncross join counted_orders as b\n",
    )
    text = text.replace("    metric_date,", "    a.metric_date,").replace("group by m", "group by a.m")
    write(tmp_path, text.replace("gross_sales_minor - discounts", "a.gross_sales_minor - a.discounts"))
    refreshed(shop)
    shop.sell("2026-08-16 12:00", 4, 9000)
    shop.at("2026-08-18 08:00")
    done(shop.sync())
    [failed] = shop.reckon().failed
    assert "large_order_share.sql: text: does not answer: " in str(failed)
    newest = "select max(metric_date) from bi_metrics_daily where metric = '{}'"
    assert [str(shop.sql(newest.format(name))[0][0]) for name in ("orders", "large_order_share")] == [
        "2026-08-17", "2026-08-15",
    ]  # fmt: skip
    judged = shop.judged("large-orders")
    assert judged.check_in.status == "no_data"
    assert "does not answer" in judged.check_in.explanation
    write(tmp_path, EXAMPLE.replace("version: 1", "version: 3"))
    refreshed(shop)
    assert shop.reckon().failed == ()
    assert str(shop.sql(newest.format("large_order_share"))[0][0]) == "2026-08-17"


# --- read only -----------------------------------------------------------------------------------------------------


def test_what_reads_cannot_write_whatever_it_says(shop: OpenShop) -> None:
    """The second wall: the language has no words for these."""
    for statement in (
        "delete from orders", "create table x (y integer)", "create temporary view v as select 1",
        "update shops set currency = 'USD'", "insert into metric_definitions values (1, 'x', 1, 'y', '2026-01-01')",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match=r"read-?only"), reading(shop.engine) as connection:
            connection.exec_driver_sql(statement)
    assert shop.sql("select count(*) from orders") == [(5,)]
    with shop.engine.begin() as connection:  # and whoever may write can, on the same connection
        connection.exec_driver_sql("update shops set currency = currency")


# --- the page ------------------------------------------------------------------------------------------------------


def test_every_column_of_the_page_is_there(shop: OpenShop, tmp_path: Path) -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE, re.MULTILINE))
    assert set(SOURCES) <= set(table)
    for family in FAMILIES:
        for source in family.sources:
            counted = " + ".join(f"count({column})" for column in re.findall(r"`(\w+)`", table[source]))
            known = next(each for each in catalogue().values() if each.family is family)
            header = EXAMPLE.partition("\n\n")[0]
            for key in ("connector", "date_basis"):
                header = re.sub(rf"(?m)^-- {key}: .*$", f"-- {key}: {getattr(known, key)}", header)
            header = re.sub("(?m)^-- segments: .*$", "-- segments: none", header)
            header += f"\n-- horizon_days: {known.horizon_days}" if known.horizon_days else ""
            text = f"select metric_date, {counted} as numerator, count(*) as denominator from {source}"
            write(tmp_path, f"{header}\n\n{text} group by metric_date")
            refreshed(shop)


@on_sqlite
def test_the_same_catalogue_is_kept_while_nothing_changes(shop: OpenShop) -> None:
    again = pipeline.with_metrics(shop.installation)
    assert again is shop.installation
    assert replace(again, catalogue=catalogue()) != again


# --- checked on the data -------------------------------------------------------------------------------------------


def test_what_a_metric_promises_is_tried_on_the_data(shop: OpenShop, tmp_path: Path) -> None:
    shop.turn()
    okrsync = Command(tmp_path / "config/okrsync.toml", shop.store.token)
    said = okrsync("metrics", "check")
    assert (said.code, said.err) == (0, "")
    kept = "".join(
        f"ok      large_order_share: {what}\n" for what in (*RULES,) if what not in ("customers once", "spread")
    )
    assert said.out == f"ok      large_order_share: runs: 2 days with an answer\n{kept}"
    assert okrsync("metrics", "check", "orders", "customers").out.count("ok  ") == 2 + 5 + 4
    write(tmp_path, EXAMPLE.replace("from counted_orders", "from counted_orders as o where units * 2 > units + o.nth"))
    the_day_before = "(select prev_date as metric_date, gross_sales_minor, discounts_minor from counted_orders) as o"
    wrong = EXAMPLE.replace("from counted_orders", f"from {the_day_before}")
    write(tmp_path, wrong.replace("large_order_share", "wrong"), "wrong")
    said = okrsync("metrics", "check", "wrong", "--format", "json")
    assert said.code == 2 and "large_order_share.sql: version 1: means something else" in said.err
    write(tmp_path)
    said = okrsync("metrics", "check", "wrong", "--format", "json")
    failed = next(row for row in json.loads(said.out) if row["verdict"] == "FAILED")
    assert said.code == 1
    assert (failed["metric"], failed["what"]) == ("wrong", "in the window")


@on_sqlite
def test_without_data_or_metrics_of_its_own_it_says_so(tmp_path: Path, database_url: str) -> None:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        okrsync = Command(tmp_path / "config/okrsync.toml", shop.store.token)
        said = okrsync("metrics", "check")
        assert (said.code, said.out) == (0, "")
        assert "there is no metric in" in said.err
        said = okrsync("metrics", "check", "--all")
        assert (said.code, said.out.count("no data ")) == (0, len(catalogue()))
        assert "no data orders: numbers: nothing was read yet (run: okrsync backfill)" in said.out
