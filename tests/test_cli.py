"""The command line, as people and scripts use it: what it says, where it says it, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import socket
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect

from service.okr.plan import load as load_plan
from service.periods import shop_day
from service.settings import load as load_settings
from service.store.engine import open_engine
from service.store.tables import order_sales
from tests.command import ZONE, Command, Said, command_for, live, living_shop, living_store, this_quarter
from tests.shop import TOKEN, WatchedStore, differences, dump, world_dump, write_settings

COMMANDS = {
    "demo", "init", "check", "db upgrade", "db current", "db grant-bi", "backfill", "sync", "reconcile", "run",
    "status", "explain", "metrics list", "metrics show", "metrics explain", "metrics check", "metrics export",
    "okr lint", "okr check-in", "okr set", "okr close", "okr new", "okr import",
    "privacy export", "privacy redact", "privacy wipe", "spend import",
}  # fmt: skip
GROUPS = {"db", "metrics", "okr", "privacy", "spend"}


@pytest.fixture(scope="module")
def store() -> Iterator[WatchedStore]:
    with living_store() as store:
        yield store


@pytest.fixture
def okrsync(store: WatchedStore, tmp_path: Path) -> Command:
    """An installation whose database is not there yet."""
    return command_for(store, tmp_path)


@pytest.fixture(scope="module")
def synced(store: WatchedStore, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """An installation that has read and judged everything."""
    store.shop.bulk.least_seconds = 0  # whatever the tests before left it at
    okrsync = command_for(store, tmp_path_factory.mktemp("synced"))
    assert okrsync("db", "upgrade").code == 0
    said = okrsync("sync")
    assert said.code == 0, said.both
    return okrsync


# --- getting started -----------------------------------------------------------------------------------------------


def test_help_lists_every_command_and_no_other(okrsync: Command) -> None:
    def listed(*words: str) -> set[str]:
        told = okrsync(*words, "--help").out
        return set(re.findall(r"^[│ ]+([a-z-]+)  ", told[told.index("Commands") :], re.MULTILINE))

    found = listed()
    nested = {f"{group} {name}" for group in GROUPS for name in listed(group)}
    assert (found - GROUPS) | nested == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_with_an_example(okrsync: Command, command: str) -> None:
    said = okrsync(*command.split(), "--help")
    assert said.code == 0
    assert f"Example: okrsync {command}" in said.out


def test_from_nothing_to_a_first_status(store: WatchedStore, tmp_path: Path) -> None:
    """init, edit, db upgrade, check, backfill, status: what a newcomer types."""
    okrsync = Command(tmp_path / "config" / "okrsync.toml", store.token)
    said = okrsync("init", str(tmp_path))
    assert said.code == 0
    assert "okrsync db upgrade" in said.out
    text = okrsync.file.read_text()
    mine = text.replace("your-shop.myshopify.com", store.domain).replace("OKRSYNC_SHOP_TOKEN", TOKEN)
    okrsync.file.write_text(mine.replace('# api_url = "http://127.0.0.1:9400"', f'api_url = "{store.url}"'))

    assert okrsync("db", "current").code == 1
    assert okrsync("db", "upgrade").code == 0
    assert okrsync("db", "current").code == 0
    assert "already at" in okrsync("db", "upgrade").out
    assert okrsync("check").code == 0
    assert okrsync("backfill").code == 0
    told = okrsync("status")
    assert told.code == 0 or "no quarter with OKRs has begun" in told.err


def test_init_writes_files_that_are_valid_as_they_stand(okrsync: Command, tmp_path: Path) -> None:
    assert okrsync("init", str(tmp_path / "new")).code == 0
    settings = load_settings(tmp_path / "new" / "config" / "okrsync.toml", {})
    [okrs] = (tmp_path / "new" / "config" / "okrs").iterdir()
    assert settings.shops[0].domain == "your-shop.myshopify.com"
    assert [key_result.id for key_result in load_plan(okrs).key_results] == ["repeat-customers", "repeat-aov"]


def test_every_key_is_commented_in_the_sample(okrsync: Command, tmp_path: Path) -> None:
    okrsync("init", str(tmp_path / "new"))
    text = (tmp_path / "new" / "config" / "okrsync.toml").read_text()
    for key in (
        "url", "fiscal_year_start", "check_in", "close_grace_days", "domain", "api_version", "access_token_env",
        "client_id", "client_secret_env", "api_url", "orders",
    ):  # fmt: skip
        assert re.search(rf"^(# )?{key} *=", text, re.MULTILINE), key
    with_everything = re.sub(r"^# (\w+ *= )", r"\1", text, flags=re.MULTILINE)
    with_a_token = re.sub(r"^client_(id|secret_env).*\n", "", with_everything, flags=re.MULTILINE)
    assert tomllib.loads(with_a_token)["calendar"] == {
        "fiscal_year_start": 1, "check_in": "mon 09:00", "close_grace_days": 14,
    }  # fmt: skip


@pytest.mark.parametrize("standing", ["config/okrsync.toml", "config/okrs/QUARTER.toml"])
def test_init_never_overwrites_and_writes_nothing_by_half(tmp_path: Path, okrsync: Command, standing: str) -> None:
    okrsync("init", str(tmp_path / "first"))
    [okrs] = (tmp_path / "first" / "config" / "okrs").iterdir()
    mine = tmp_path / "mine" / standing.replace("QUARTER", okrs.stem)
    mine.parent.mkdir(parents=True)
    mine.write_text("precious")
    said = okrsync("init", str(tmp_path / "mine"))
    assert said.code == 2
    assert f"{mine}: is already there" in said.err
    assert mine.read_text() == "precious"
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == [mine]


def test_check_says_that_all_is_well(synced: Command) -> None:
    said = synced("check")
    assert said.code == 0
    for part in ("settings", "database", "metrics", "OKRs", "token", "scopes", "history"):
        assert re.search(rf"^ok +{part}\b", said.out, re.MULTILINE), part
    assert "PROBLEM" not in said.out


def test_check_offline_asks_nobody(synced: Command, store: WatchedStore) -> None:
    asked = len(store.requests)
    assert synced("check", "--offline").code == 0
    assert len(store.requests) == asked


# --- data in -------------------------------------------------------------------------------------------------------


def test_a_backfill_tells_what_it_did_on_stderr(okrsync: Command) -> None:
    okrsync("db", "upgrade")
    dry = okrsync("backfill", "--dry-run")
    assert dry.code == 0
    counts = ("5 orders", "0 checkouts", "0 sessions")
    assert dry.out.splitlines() == [f"alive.myshopify.com: {count} to read" for count in counts]
    said = okrsync("backfill")
    assert (said.code, said.out) == (0, "")
    assert "5 orders to read" in said.err
    assert "backfill of orders done, 15 rows read, 15 changed; all changes before" in said.err
    assert re.search(r"measured again from \d{4}-\d\d-\d\d, 2 status changes", said.err)
    again = okrsync("backfill")
    assert "0 rows read, 0 changed" in again.err
    assert "0 status changes, 0 check-ins" in again.err


def test_a_sync_of_a_new_shop_begins_with_its_history(okrsync: Command) -> None:
    okrsync("db", "upgrade")
    said = okrsync("sync", "--shop", "alive.myshopify.com")
    assert said.code == 0
    assert "incremental of orders done" in said.err


def test_only_the_connectors_named(okrsync: Command) -> None:
    okrsync("db", "upgrade")
    assert "incremental of orders done" in okrsync("sync", "--only", "orders").err
    said = okrsync("backfill", "--only", "orders,prders")
    assert said.code == 2
    assert "--only: prders: is no connector" in said.err


def test_part_of_the_history(okrsync: Command) -> None:
    okrsync("db", "upgrade")
    first = (shop_day(datetime.now(UTC), ZONE) - timedelta(days=25)).isoformat()
    assert okrsync("backfill", "--from", first, "--only", "orders", "--dry-run").out.endswith(": 3 orders to read\n")
    assert okrsync("backfill", "--from", first).code == 0
    said = okrsync("status", "--format", "json")
    status = {row["key_result_id"]: row for row in json.loads(said.out)} if said.code == 0 else {}
    assert status["repeat-customers"]["status"] == "incomplete"
    assert f"orders before {first} were not read" in status["repeat-customers"]["explanation"]
    assert status["repeat-customers"]["value"] is None
    assert okrsync("backfill").code == 0
    rows = json.loads(okrsync("status", "--format", "json").out)
    assert {row["key_result_id"]: row["value"] for row in rows}["repeat-customers"] == 2


# --- numbers out ---------------------------------------------------------------------------------------------------


def rows_of(said: Said) -> list[dict[str, object]]:
    assert said.code in (0, 1), said.both
    found: list[dict[str, object]] = json.loads(said.out)
    return found


def test_status_as_a_table(synced: Command) -> None:
    said = synced("status")
    assert said.code == 0
    for word in (
        "People come back",
        "repeat-customers",
        "Five hundred orders",
        "baseline",
        "target",
        "2 of 2 measured",
    ):
        assert word in said.out
    assert "Retention" in said.out


def test_status_as_json_has_the_columns_of_the_view(synced: Command) -> None:
    rows = rows_of(synced("status", "--format", "json"))
    engine = open_engine(load_settings(synced.file, {}).database_url)
    columns = [column["name"] for column in inspect(engine).get_columns("bi_key_results")]
    assert [list(row) for row in rows] == [columns, columns]
    with engine.connect() as connection:
        view = connection.exec_driver_sql(
            "select key_result_id, value, target, status, expected_progress from bi_key_results"
        ).all()
    engine.dispose()
    told = {row["key_result_id"]: row for row in rows}
    for key_result_id, value, target, status, expected in view:
        row = told[key_result_id]
        assert (row["value"], row["target"], row["status"]) == (value, target, status)
        assert row["expected_progress"] == pytest.approx(expected)
    assert told["buyers"]["owner"] == "Sales"


def test_status_as_csv_and_markdown(synced: Command) -> None:
    rows = rows_of(synced("status", "--format", "json"))
    table = list(csv.DictReader(io.StringIO(synced("status", "--format", "csv").out)))
    assert [row["key_result_id"] for row in table] == [row["key_result_id"] for row in rows]
    assert list(table[0]) == list(rows[0])
    lines = synced("status", "--format", "markdown").out.splitlines()
    assert len(lines) == 2 + len(rows)
    assert {line.count("|") for line in lines} == {len(rows[0]) + 1}


def test_json_and_csv_are_alone_on_stdout(synced: Command) -> None:
    for command in (["status"], ["metrics", "show", "orders"], ["metrics", "list"]):
        for format_ in ("json", "csv"):
            said = synced("--verbose", *command, "--format", format_)
            assert json.loads(said.out) if format_ == "json" else list(csv.reader(io.StringIO(said.out)))


def test_status_as_of_an_earlier_day(synced: Command) -> None:
    """On its first day a quarter is too young to be judged; of a day before the shop opened there is nothing."""
    first, opened = this_quarter().start, shop_day(datetime.now(UTC) - timedelta(days=40), ZONE)
    rows = rows_of(synced("status", "--as-of", first.isoformat(), "--format", "json"))
    assert {row["as_of_date"] for row in rows} == {first.isoformat()}
    assert {row["status"] for row in rows} == {"no_data" if first < opened else "too_early"}


def test_status_as_it_was_known(synced: Command) -> None:
    """The same now; nothing before anything was known; and a person's check-in only after it was written."""
    rows = rows_of(synced("status", "--format", "json"))
    before = datetime.now(UTC).isoformat()
    assert rows_of(synced("status", "--known-at", before, "--format", "json")) == rows
    time.sleep(1)  # what is written from here on was not known then: instants are whole seconds
    said = synced("okr", "check-in", "buyers", "--confidence", "70%", "--note", "going well")
    assert said.code == 0, said.both
    assert "buyers: " in said.out
    later = datetime.now(UTC).isoformat()
    for moment, confidence in ((before, None), (later, 0.7)):
        [_, buyers] = rows_of(synced("status", "--known-at", moment, "--format", "json"))
        assert buyers["confidence"] == confidence
    assert "people are 70 % confident" in synced("status").out
    assert "as it was known at" in synced("status", "--known-at", later).out
    said = synced("status", "--known-at", "2020-01-01")
    assert said.code == 2
    assert "nothing was known at 2020-01-01 00:00:00 UTC" in said.err
    assert "write 2026-08-14" in synced("status", "--known-at", "yesterday").err


@pytest.mark.parametrize("width", ["80", "100", "120"])
def test_status_fits_the_terminal(synced: Command, width: str) -> None:
    lines = synced("status", COLUMNS=width).out.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert any("█" in line or "░" in line for line in lines)


def test_a_quarter_is_not_closed_while_it_runs(synced: Command) -> None:
    said = synced("okr", "close", str(this_quarter()))
    assert said.code == 2
    assert f"{this_quarter()} may be closed from" in said.err
    assert "wait, or add --early with --reason" in said.err
    said = synced("okr", "close", str(this_quarter()), "--early", "--reason", "sold", "--next", "drop")
    assert "--root-cause: repeat-customers: is missing" in said.err


def test_the_next_quarter_is_drafted_with_what_is_left_to_decide(synced: Command, tmp_path: Path) -> None:
    label, file = str(this_quarter().next()), tmp_path / "next.toml"
    said = synced("okr", "new", label, "--out", str(file))
    assert said.code == 1
    assert "decide: buyers: its quarter is not closed" in said.out
    assert load_plan(file).is_draft
    assert "is there already" in synced("okr", "new", label, "--out", str(file)).err


@pytest.mark.parametrize("said", ["1.2", "-1", "high", "120%"])
def test_a_confidence_lies_between_0_and_1(synced: Command, said: str) -> None:
    told = synced("okr", "check-in", f"--confidence={said}")
    assert told.code == 2
    assert "write 0.7 or 70%" in told.err


def test_what_is_measured_is_not_set_by_hand(synced: Command) -> None:
    told = synced("okr", "set", "buyers", "12")
    assert told.code == 2
    assert "is measured by orders" in told.err


def test_a_quarter_by_name(synced: Command) -> None:
    quarter = this_quarter()
    assert rows_of(synced("status", "--quarter", str(quarter), "--format", "json"))
    said = synced("status", "--quarter", str(quarter.previous()))
    assert said.code == 2
    assert f"there are {quarter}" in said.err


def test_explain_says_where_a_number_comes_from(synced: Command) -> None:
    said = synced("explain", "repeat-customers")
    assert said.code == 0
    for word in ("Ten customers who came back", "window        all history", "value         2", "baseline      0",
                 "target        10", "this pace: linear", "all changes before", "select", ":shop_id = 88"):  # fmt: skip
        assert word in said.out, word


def test_a_metric_over_a_window(synced: Command) -> None:
    rows = rows_of(synced("metrics", "show", "net_sales", "--from", "2020-01-01", "--format", "json"))
    assert [(row["value"], row["counted"], row["complete"]) for row in rows] == [(260, 5, True)]
    by_month = rows_of(synced("metrics", "show", "orders", "--from", "2020-01-01", "--by", "month", "--format", "json"))
    assert sum(row["value"] or 0 for row in by_month) == 5  # type: ignore[misc]
    assert (by_month[0]["value"], by_month[0]["complete"]) == (None, True)
    assert "the shop opened on" in str(by_month[0]["incomplete_because"])
    where = ("--where", "customer_type=returning", "--format", "json", "--from", "2020-01-01")
    [returning] = rows_of(synced("metrics", "show", "average_order_value", *where))
    assert (returning["value"], returning["numerator"], returning["denominator"]) == (65, 130, 2)
    assert returning["left_out"] == {"outside_segment": 3}


def test_a_ratio_of_unlike_things_is_shown_as_a_plain_number(synced: Command) -> None:
    shown = synced("metrics", "show", "units_per_order", "--from", "2020-01-01").out
    assert re.search(r"\b1\.00\b", shown)
    assert "%" not in shown.replace("95 % interval", "")


def test_the_catalogue(synced: Command) -> None:
    rows = rows_of(synced("metrics", "list", "--format", "json"))
    assert "repeat_customers" in {row["id"] for row in rows}
    assert all(row["question"] for row in rows)
    assert "repeat_customers" in synced("metrics", "list").out


# --- honesty -------------------------------------------------------------------------------------------------------


def test_before_any_data_nothing_is_made_up(okrsync: Command) -> None:
    okrsync("db", "upgrade")
    said = okrsync("status")
    assert (said.code, said.out) == (2, "")
    assert "nothing was read yet" in said.err
    assert "run: okrsync backfill" in said.err
    shown = okrsync("metrics", "show", "orders")
    assert (shown.code, shown.out) == (1, "")
    assert "run: okrsync backfill" in shown.err


def test_a_missing_scope_for_history_is_told_everywhere(tmp_path: Path) -> None:
    """Orders of the first months are hidden: what needs all of them has no value, and says why."""
    with WatchedStore(
        living_shop(200), scopes=("read_customers", "read_orders", "read_products", "read_reports")
    ) as store:
        now = int(time.time())
        for days_ago, customer in ((150, 1), (20, 1), (10, 2)):
            store.now = now - days_ago * 86_400
            store.order(customer)
        store.now = now
        okrsync = command_for(store, tmp_path)
        okrsync("db", "upgrade")
        check = okrsync("check")
        assert check.code == 1
        assert re.search(r"PROBLEM +history +orders older than 60 days are hidden", check.out)
        assert "ask for the scope read_all_orders" in check.out
        assert okrsync("sync").code == 0
        rows = {row["key_result_id"]: row for row in rows_of(okrsync("status", "--format", "json"))}
        assert rows["repeat-customers"]["status"] == "incomplete"
        assert rows["repeat-customers"]["value"] is None
        assert "this number needs all of them" in str(rows["repeat-customers"]["explanation"])
        assert "incomplete" in okrsync("status").out.lower()
        shown = okrsync("metrics", "show", "repeat_customers", "--format", "json")
        assert shown.code == 1
        assert json.loads(shown.out)[0]["complete"] is False
        engine = open_engine(load_settings(okrsync.file, {}).database_url)
        with engine.connect() as connection:
            view = connection.exec_driver_sql(
                "select status, value from bi_key_results where key_result_id = 'repeat-customers'"
            ).one()
        engine.dispose()
        assert tuple(view) == ("incomplete", None)


# --- several shops -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_shops(store: WatchedStore, tmp_path: Path) -> Iterator[tuple[Command, WatchedStore, WatchedStore]]:
    other = living_shop()
    other.domain, other.shop_id = "other.myshopify.com", 89
    with WatchedStore(other) as first:
        file = write_settings(tmp_path, first, f"sqlite:///{tmp_path}/okrsync.db")
        file.write_text(
            f'{file.read_text()}\n[[shops]]\ndomain = "{store.domain}"\napi_url = "{store.url}"\n'
            'access_token_env = "ALIVE_TOKEN"\n'
        )
        okrsync = Command(file, first.token)
        okrsync("db", "upgrade")
        yield okrsync, first, store


def test_the_trouble_of_one_shop_does_not_stop_the_next(
    two_shops: tuple[Command, WatchedStore, WatchedStore],
) -> None:
    okrsync, broken, store = two_shops
    broken.expire_token()
    said = okrsync("sync", ALIVE_TOKEN=store.token)
    assert said.code == 1
    assert "other.myshopify.com" in said.err
    assert "refuses the access token" in said.err
    assert "alive.myshopify.com: incremental of orders done" in said.err
    assert okrsync("sync", "--shop", store.domain, ALIVE_TOKEN=store.token).code == 0


def test_shops_are_read_side_by_side(two_shops: tuple[Command, WatchedStore, WatchedStore]) -> None:
    """The first shop's history is not there before the second was asked for its own."""
    okrsync, first, second = two_shops
    first.slow_bulk(3600)

    def go_on(_seen: object) -> None:
        if second.count("bulkOperationRunQuery"):
            first.slow_bulk(0)

    second.on_answer = go_on
    said = okrsync("backfill", ALIVE_TOKEN=second.token)
    assert said.code == 0, said.both
    for domain in ("other", "alive"):
        assert f"{domain}.myshopify.com: backfill of orders done" in said.err


@pytest.mark.slow
def test_all_shops_stop_at_once(two_shops: tuple[Command, WatchedStore, WatchedStore]) -> None:
    okrsync, first, second = two_shops
    for store in (first, second):
        store.slow_bulk(3600)
    process = okrsync.begin("backfill", ALIVE_TOKEN=second.token)
    _wait_for(lambda: first.count("bulkOperation") > 0 and second.count("bulkOperation") > 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "nothing is lost, run it again" in told


# --- real processes ------------------------------------------------------------------------------------------------


def test_it_runs_as_a_module(synced: Command) -> None:
    said = synced.really("status", "--format", "json")
    assert said.code == 0
    assert [row["key_result_id"] for row in json.loads(said.out)] == ["repeat-customers", "buyers"]


def test_a_reader_that_goes_away_is_no_trouble(synced: Command) -> None:
    """As `| head` does, before the first line or in the middle."""
    process = synced.begin("metrics", "list", "--format", "csv")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_backfill_is_gone_on_with(tmp_path: Path, number: signal.Signals) -> None:
    with living_store() as store:
        okrsync = command_for(store, tmp_path)
        okrsync("db", "upgrade")
        store.slow_bulk(20)
        process = okrsync.begin("backfill")
        _wait_for(lambda: store.count("bulkOperation") > 0)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
        if number is signal.SIGKILL:
            assert process.returncode == -signal.SIGKILL
        else:
            assert process.returncode == 3
            assert "nothing is lost, run it again" in told
        store.slow_bulk(0)
        started = store.count("bulkOperationRunQuery")
        said = okrsync.really("backfill")
        assert said.code == 0, said.both
        assert store.count("bulkOperationRunQuery") == started, "the operation under way is waited for, not begun anew"
        engine = open_engine(load_settings(okrsync.file, {}).database_url)
        assert differences(dump(engine), world_dump(store.world)) == []
        engine.dispose()


def _wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


# --- the demonstration ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demonstration(tmp_path: Path) -> None:
    """From nothing to all achieved: 10,000 → 12,000, 50 → 55, 70 % → 60 %; run again, and nothing changes."""
    folder = tmp_path / "demo"
    okrsync = Command(folder / "config" / "okrsync.toml", "a token nobody has")
    first = okrsync.really("demo", "myshopper", "--dir", str(folder))
    assert first.code == 0, first.both
    assert first.out.count("achieved") >= 3
    assert first.out.count("100.0 % of 100.0 % expected") == 2

    engine = open_engine(load_settings(okrsync.file, {}).database_url)
    before = dump(engine)
    with engine.connect() as connection:
        view = connection.exec_driver_sql(
            "select key_result_id, baseline, target, value, progress from bi_key_results order by key_result_id"
        ).all()
        days = connection.exec_driver_sql("select count(*) from bi_key_results_daily").scalar()
    carts, *others = map(tuple, view)
    assert (carts[0], *(round(number, 5) for number in carts[1:])) == ("cart-abandonment", 0.7, 0.6, 0.6, 1)
    assert others == [("repeat-aov", 50, 55, 55, 1), ("repeat-customers", 10000, 12000, 12000, 1)]
    assert days == 3 * 92

    rows = rows_of(okrsync("status", "--format", "json", "--as-of", "2026-09-30"))
    assert [(round(row["value"], 5), row["progress"]) for row in rows] == [(12000, 1), (55, 1), (0.6, 1)]  # type: ignore[call-overload]
    half_way = {
        row["key_result_id"]: row for row in rows_of(okrsync("status", "--format", "json", "--as-of", "2026-08-15"))
    }
    for key_result, low, high in (
        ("repeat-customers", 10000, 12000), ("repeat-aov", 50, 55), ("cart-abandonment", 0.6, 0.7)
    ):  # fmt: skip
        row = half_way[key_result]
        assert low < row["value"] < high  # type: ignore[operator]
        assert 0.2 < row["progress"] < 0.8  # type: ignore[operator]
        assert row["expected_progress"] == 0.5
        assert row["status"] in ("on_track", "at_risk", "off_track")
    explained = okrsync("explain", "repeat-aov", "--as-of", "2026-09-30").out
    assert "INR 55.00" in explained
    assert "÷" in explained
    assert "customer_type=returning" in explained

    second = okrsync.really("demo", "myshopper", "--dir", str(folder))
    assert second.code == 0, second.both
    assert differences(dump(engine), before) == []
    engine.dispose()


def test_a_world_that_does_not_exist(okrsync: Command, tmp_path: Path) -> None:
    said = okrsync.really("demo", "atlantis", "--dir", str(tmp_path / "demo"))
    assert said.code == 2
    assert "atlantis" in said.err
    assert "boutique" in said.err
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_cannot_be_written(okrsync: Command, tmp_path: Path) -> None:
    """And the store of the demonstration ends with it."""
    (tmp_path / "demo").write_text("a file where a folder should be")
    for command in ("demo", "boutique", "--dir"), ("init",):
        said = okrsync.really(*command, str(tmp_path / "demo" / "x"))
        assert said.code == 2
        assert "cannot be written: Not a directory" in said.err
        if found := re.search(r"answers at http://127\.0\.0\.1:(\d+)", said.err):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", int(found[1])), timeout=5)


# --- beside Shopify's own figures ----------------------------------------------------------------------------------


def test_reconcile_says_that_all_is_equal(synced: Command) -> None:
    said = synced("reconcile")
    assert said.code == 0, said.both
    assert re.search(r"alive.myshopify.com: 3\d days, 11 figures: all equal", said.out)
    assert synced("reconcile", "--format", "json").out == "[]\n"


def test_reconcile_names_what_differs(tmp_path: Path) -> None:
    """A report that counts a test order: explained, so nobody is needed. Without a history there is nothing to say."""
    with living_store() as store:
        store.now = int(time.time()) - 5 * 86_400
        store.order(9, price=700, test=True)
        live(store)
        okrsync = command_for(store, tmp_path)
        assert okrsync("db", "upgrade").code == 0
        said = okrsync("reconcile")
        assert (said.code, said.out) == (1, "")
        assert "nothing to compare yet: no orders have been read yet: run okrsync backfill" in said.err
        assert okrsync("sync").code == 0
        store.shop.reports.habits.tests_count = True
        said = okrsync("reconcile", "--format", "json")
        assert said.code == 0, said.both
        rows = json.loads(said.out)
        assert {row["cause"] for row in rows} == {"test"}
        assert all(row["difference"] == row["ours"] - row["shopify"] for row in rows)
        assert list(rows[0]) == ["shop", "day", "figure", "ours", "shopify", "difference", "cause"]
        assert "test: one side counts test orders" in okrsync("reconcile").out


def test_reconcile_says_which_days_it_left_out(tmp_path: Path) -> None:
    """Days that are not over need nobody; days that were never read do."""
    with living_store() as store:
        live(store)
        okrsync = command_for(store, tmp_path)
        assert okrsync("db", "upgrade").code == 0
        today = shop_day(datetime.fromtimestamp(store.now, UTC), ZONE)
        begin = today - timedelta(days=3)
        assert okrsync("backfill", "--only", "orders", "--from", str(begin)).code == 0
        said = okrsync("reconcile", "--from", str(begin), "--to", str(today))
        assert said.code == 0, said.both
        assert f"{today} not compared: not over yet" in said.err
        said = okrsync("reconcile", "--from", str(begin - timedelta(days=2)), "--format", "json")
    assert (said.code, said.out) == (1, "[]\n")
    assert f"{begin - timedelta(days=2)} to {begin - timedelta(days=1)} not compared: orders are read from" in said.err


def test_reconcile_mends_what_it_can_and_needs_a_person_for_the_rest(tmp_path: Path) -> None:
    with living_store() as store:
        okrsync = command_for(store, tmp_path)
        assert okrsync("db", "upgrade").code == 0
        assert okrsync("sync").code == 0
        engine = open_engine(f"sqlite:///{tmp_path}/var/okrsync.db")
        with engine.begin() as connection:
            connection.exec_driver_sql("update order_sales set shipping_minor = 123 where total_minor = 3000")
        engine.dispose()
        store.scope_removed("read_reports")
        said = okrsync("reconcile")
        assert (said.code, said.err.count("only counts were compared")) == (0, 1), said.both
        store.shop.scopes.add("read_reports")
        said = okrsync("reconcile", "--from", "2020-01-01")
        assert said.code == 0, "a row that came otherwise than it stands is read again, and mended"
        assert "missed: orders had not been read as they stand; they are now" in said.out
        engine = open_engine(f"sqlite:///{tmp_path}/var/okrsync.db")
        with engine.begin() as connection:
            ghost = ", ".join(
                {"sale_id": "1", "shipping_minor": "123"}.get(c.name, c.name) for c in order_sales.columns
            )
            connection.exec_driver_sql(
                f"insert into order_sales select {ghost} from order_sales where total_minor = 3000"
            )
        engine.dispose()
        said = okrsync("reconcile")
    assert said.code == 1
    assert "of them unexplained" in said.out
    assert "orders were read again for" in said.err
