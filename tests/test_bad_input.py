"""Whatever a person gets wrong is told in a sentence: where it is, what it is, how to mend it; nothing is half-written.

Exit codes: 1 needs a person, 2 wrong usage or configuration, 3 run it again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import DEMO_TOKEN, load
from service.store.engine import open_engine
from service.store.tables import check_ins, key_result_readings, orders, sync_runs
from tests.command import Command, Said, command_for, living_store, this_quarter
from tests.shop import TOKEN, WatchedStore, dump


@pytest.fixture
def store() -> Iterator[WatchedStore]:
    with living_store() as store:
        yield store


@pytest.fixture
def okrsync(store: WatchedStore, tmp_path: Path) -> Command:
    """A sound installation, migrated and empty."""
    okrsync = command_for(store, tmp_path)
    assert okrsync("db", "upgrade").code == 0
    return okrsync


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def okr_file(okrsync: Command) -> Path:
    return okrsync.file.parent / "okrs" / "quarter.toml"


def assert_refused(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said.both
    assert said.out == ""
    for word in words:
        assert word in said.err, f"{word!r} is not in {said.err!r}"


def stored(okrsync: Command) -> dict[str, int]:
    engine = open_engine(load(okrsync.file, {}).database_url)
    found = {
        name: len(rows) for name, rows in dump(engine, (orders, key_result_readings, check_ins, sync_runs)).items()
    }
    engine.dispose()
    return found


NOTHING = {"orders": 0, "key_result_readings": 0, "check_ins": 0, "sync_runs": 0}
TALKERS = (["sync"], ["backfill"], ["backfill", "--dry-run"])


# --- the door to the shop ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", TALKERS)
def test_a_wrong_token(okrsync: Command, store: WatchedStore, command: list[str]) -> None:
    said = okrsync(*command, **{TOKEN: "shpat_ofnobody"})
    assert_refused(said, 1, "alive.myshopify.com", "refuses the access token", "hint", "access_token_env")
    assert "shpat_ofnobody" not in said.both
    assert stored(okrsync) == NOTHING


def test_a_wrong_token_in_check(okrsync: Command) -> None:
    said = okrsync("check", **{TOKEN: "shpat_ofnobody"})
    assert said.code == 1
    assert re.search(r"PROBLEM +shop .*refuses the access token", said.out)
    assert "hint: " in said.out
    assert "shpat_ofnobody" not in said.both


@pytest.mark.parametrize("command", [*TALKERS, ["run"]])
def test_a_token_that_is_not_there(okrsync: Command, command: list[str]) -> None:
    said = okrsync(*command, **{TOKEN: None})
    assert_refused(said, 2, str(okrsync.file), "access_token_env", f"variable {TOKEN} is not set", f"export {TOKEN}")


def test_a_demonstration_that_is_over_says_how_to_keep_its_store(okrsync: Command) -> None:
    written = okrsync.file.read_text(encoding="utf-8")
    okrsync.file.write_text(written.replace(TOKEN, DEMO_TOKEN), encoding="utf-8")
    refused = okrsync("sync", **{DEMO_TOKEN: None})
    assert_refused(
        refused, 2, f"variable {DEMO_TOKEN} is not set", "the simulated store is gone", "okrsync demo --serve"
    )


def test_a_token_file_that_is_not_there(okrsync: Command, tmp_path: Path) -> None:
    missing = str(tmp_path / "secret")
    assert_refused(okrsync("sync", **{f"{TOKEN}_FILE": missing}), 2, f"{TOKEN}_FILE: cannot read {missing}")


def test_a_token_from_a_file(okrsync: Command, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{okrsync.token}\n")
    assert okrsync("sync", **{TOKEN: None, f"{TOKEN}_FILE": str(tmp_path / "secret")}).code == 0


@pytest.mark.parametrize("command", TALKERS)
def test_the_name_of_another_shop(okrsync: Command, command: list[str]) -> None:
    rewrite(okrsync.file, "alive.myshopify.com", "elsewhere.myshopify.com")
    said = okrsync(*command)
    assert_refused(said, 2, str(okrsync.file), "domain", "is called alive.myshopify.com", "write domain =")
    assert stored(okrsync) == NOTHING
    assert "is called alive.myshopify.com" in okrsync("check").out


@pytest.mark.parametrize("domain", ["www.alive.com", "alive", "https://alive.myshopify.com", "Alive.myshopify.com", ""])
def test_a_name_that_is_no_permanent_one(okrsync: Command, domain: str) -> None:
    rewrite(okrsync.file, "alive.myshopify.com", domain)
    assert_refused(okrsync("sync"), 2, str(okrsync.file), "shops[0].domain", "permanent", "such as")


def test_an_address_where_no_shop_is(okrsync: Command, store: WatchedStore) -> None:
    rewrite(okrsync.file, f'"{store.url}"', f'"{store.url}/nowhere"')
    assert_refused(okrsync("sync"), 1, "there is no store at", "/nowhere", "api_url")


@pytest.mark.parametrize("url", ["not an address", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none(okrsync: Command, store: WatchedStore, url: str) -> None:
    rewrite(okrsync.file, f'"{store.url}"', f'"{url}"')
    assert_refused(okrsync("sync"), 2, str(okrsync.file), "api_url", "https://")


@pytest.mark.slow
def test_nobody_at_home(okrsync: Command, store: WatchedStore) -> None:
    """Tried a few times, for well under half a minute; then said plainly."""
    rewrite(okrsync.file, f'"{store.url}"', '"http://127.0.0.1:9"')
    started = time.monotonic()
    said = okrsync.really("sync", "--only", "orders")
    assert time.monotonic() - started < 25
    assert_refused(said, 3, "http://127.0.0.1:9 does not answer", "hint: check", "api_url", "trying again in")
    assert stored(okrsync) == NOTHING


def test_a_missing_scope(okrsync: Command, store: WatchedStore) -> None:
    store.scope_removed("read_orders")
    assert_refused(okrsync("sync", "--only", "orders"), 1, "was not granted read_orders", "add the scope to the app")
    said = okrsync("check")
    assert said.code == 1
    assert re.search(r"PROBLEM +scopes +not granted: read_orders, so orders cannot be read", said.out)
    assert stored(okrsync) == NOTHING


def test_an_app_that_was_removed(okrsync: Command, store: WatchedStore) -> None:
    rewrite(okrsync.file, f'access_token_env = "{TOKEN}"', 'client_id = "demo-app"\nclient_secret_env = "SECRET"')
    assert okrsync("sync", SECRET="demo-secret").code == 0
    store.uninstall()
    assert_refused(okrsync("sync", SECRET="demo-secret"), 1, "not installed on this store")
    said = okrsync("sync", SECRET="demo-secret-of-another")
    assert said.code == 1
    assert "demo-secret-of-another" not in said.both


def test_a_version_of_the_api_that_is_retired(tmp_path: Path) -> None:
    with living_store(oldest_version="2026-07") as store:
        okrsync = command_for(store, tmp_path)
        rewrite(okrsync.file, "access_token_env", 'api_version = "2026-01"\naccess_token_env')
        okrsync("db", "upgrade")
        assert_refused(okrsync("sync"), 1, "2026-01 was asked, 2026-07 answered", 'set api_version = "2026-07"')


# --- the settings file ---------------------------------------------------------------------------------------------

EVERY = (["sync"], ["backfill"], ["status"], ["explain", "x"], ["metrics", "show", "orders"], ["check"], ["run"],
         ["db", "upgrade"], ["db", "current"])  # fmt: skip


@pytest.mark.parametrize("command", EVERY)
def test_a_settings_file_that_is_not_there(okrsync: Command, tmp_path: Path, command: list[str]) -> None:
    nowhere = tmp_path / "nowhere.toml"
    assert_refused(okrsync(*command, "--config", str(nowhere)), 2, f"{nowhere}: there is no such file", "okrsync init")


@pytest.mark.parametrize("command", EVERY)
def test_settings_that_are_no_toml(okrsync: Command, command: list[str]) -> None:
    rewrite(okrsync.file, "[database]", "[database")
    assert_refused(okrsync(*command), 2, f"{okrsync.file}: is not valid TOML", "line 1")


def test_everything_wrong_is_said_at_once(okrsync: Command) -> None:
    okrsync.file.write_text(
        '[database]\nurl = 5\n\n[calendar]\nfiscal_year_start = 13\ncheck_in = "whenever"\ncolour = "blue"\n\n'
        '[[shops]]\ndomain = "my shop"\napi_version = "1999-01"\naccess_token_env = "T"\nclient_id = "x"\n\n'
        '[shops.schedule]\norders = "now and then"\n'
    )
    said = okrsync("sync")
    assert_refused(said, 2)
    for key in ("database.url", "calendar.fiscal_year_start", "calendar.check_in", "calendar.colour",
                "shops[0].domain", "shops[0].api_version", "shops[0].schedule.orders"):  # fmt: skip
        assert re.search(rf"error: {re.escape(str(okrsync.file))}: {re.escape(key)}: ", said.err), key
    assert said.err.count("hint: ") >= 6


def test_a_key_that_is_missing(okrsync: Command) -> None:
    rewrite(okrsync.file, 'domain = "alive.myshopify.com"', "")
    assert_refused(okrsync("sync"), 2, "shops[0].domain", "is missing")
    okrsync.file.write_text("")
    assert_refused(okrsync("sync"), 2, "shops", "is missing", "[[shops]]")


@pytest.mark.parametrize(
    "keys", ["", 'access_token_env = "A"\nclient_id = "x"\nclient_secret_env = "B"', 'client_id = "x"']
)
def test_no_way_in_or_two(okrsync: Command, keys: str) -> None:
    rewrite(okrsync.file, f'access_token_env = "{TOKEN}"', keys)
    assert_refused(okrsync("sync"), 2, "shops[0]", "client_")


def test_a_shop_listed_twice(okrsync: Command) -> None:
    okrsync.file.write_text(
        f'{okrsync.file.read_text()}\n[[shops]]\ndomain = "alive.myshopify.com"\naccess_token_env = "T"\n'
    )
    assert_refused(okrsync("sync"), 2, "alive.myshopify.com is listed twice")


# --- the database --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["sync"], ["backfill"], ["status"], ["explain", "x"], ["metrics", "show", "orders"], ["run"]]
)
def test_a_database_that_is_not_migrated(store: WatchedStore, tmp_path: Path, command: list[str]) -> None:
    okrsync = command_for(store, tmp_path)
    said = okrsync(*command)
    assert_refused(said, 2, str(okrsync.file), "database.url", "is not migrated", "run: okrsync db upgrade")
    assert store.requests == [] or command not in (["sync"], ["backfill"])


def test_check_says_it_too(store: WatchedStore, tmp_path: Path) -> None:
    said = command_for(store, tmp_path)("check")
    assert said.code == 2
    assert re.search(r"PROBLEM +database +is not migrated", said.out)
    assert re.search(r"ok +token", said.out), "and goes on"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/x", ["names mysql"]),
        ("nonsense", ["is not a database URL"]),
        ("postgresql+psycopg://okrsync:hunter2@127.0.0.1:9/x", ["the database does not open", "127.0.0.1"]),
        ("sqlite:////proc/okrsync/x.db", ["the database does not open", "/proc/okrsync"]),
    ],
)
@pytest.mark.parametrize("command", [["db", "upgrade"], ["status"], ["db", "current"]])
def test_a_database_that_does_not_open(okrsync: Command, url: str, words: list[str], command: list[str]) -> None:
    said = okrsync(*command, OKRSYNC_DATABASE_URL=url)
    assert_refused(said, 2, "database.url", "hint: ", *words)
    assert "hunter2" not in said.both


def test_check_of_a_database_that_does_not_open(okrsync: Command) -> None:
    said = okrsync("check", OKRSYNC_DATABASE_URL="postgresql://okrsync:hunter2@127.0.0.1:9/x")
    assert said.code == 2
    assert re.search(r"PROBLEM +database +the database does not open", said.out)
    assert "hunter2" not in said.both


def test_a_file_that_is_no_database(okrsync: Command, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
    said = okrsync("db", "upgrade", OKRSYNC_DATABASE_URL=f"sqlite:///{tmp_path}/letter.db")
    assert_refused(said, 2, "database.url", "file is not a database")
    assert (tmp_path / "letter.db").read_text().startswith("Dear Sir")


def test_views_of_another_program(okrsync: Command) -> None:
    """They change without a revision, and metrics are read through them."""
    engine = open_engine(load(okrsync.file, {}).database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("update view_definitions set body = 'as it was' where name = 'checkout_grace'")
    engine.dispose()
    assert_refused(okrsync("status"), 2, "with views of another version", "run: okrsync db upgrade")
    assert "with views of another version" in okrsync("db", "current").out
    assert okrsync("db", "current").code == 1
    assert okrsync("db", "upgrade").code == okrsync("db", "current").code == 0


def test_a_database_of_a_later_program(okrsync: Command) -> None:
    engine = open_engine(load(okrsync.file, {}).database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    engine.dispose()
    assert_refused(okrsync("status"), 2, "is at revision 9999, this program needs")
    assert_refused(okrsync("db", "upgrade"), 2, "9999", "a newer okrsync made it")


# --- OKR files -----------------------------------------------------------------------------------------------------

JUDGES = (["status"], ["explain", "buyers"], ["sync"], ["run"])


@pytest.mark.parametrize("command", JUDGES)
def test_an_okr_file_that_is_no_toml(okrsync: Command, command: list[str]) -> None:
    rewrite(okr_file(okrsync), "[[objectives]]", "[[objectives")
    assert_refused(okrsync(*command), 2, f"{okr_file(okrsync)}", "TOML", "line 4")
    assert stored(okrsync) == NOTHING


@pytest.mark.parametrize("command", JUDGES)
def test_an_unknown_metric(okrsync: Command, command: list[str]) -> None:
    rewrite(okr_file(okrsync), '"repeat_customers"', '"repeat_custmers"')
    said = okrsync(*command)
    assert_refused(said, 2, f"{okr_file(okrsync)}", "objectives[0].key_results[0].metric", "repeat_custmers")
    assert "repeat_customers" in said.err, "the one that was meant"
    assert stored(okrsync) == NOTHING


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('metric = "orders"', 'metric = "orders"\n  where = { weather = "fine" }', ["where", "weather"]),
        ('metric = "orders"', 'metric = "orders"\n  where = { customer_type = "friends" }', ["customer_type"]),
        ("target = 500", 'target = "500 INR"', ["target"]),
        ("target = 500", 'target = "+x%"', ["target"]),
        ("target = 500", "target = 0", ["target"]),
        ('id = "buyers"', 'id = "repeat-customers"', ["repeat-customers"]),
        ('owner = "Sales"', 'boss = "Sales"', ["boss"]),
        ('quarter = "', 'quarter = "Q', ["quarter", "2026-Q3"]),
        ('quarter = "', 'shop = "other.myshopify.com"\nquarter = "', ["other.myshopify.com is not a shop"]),
    ],
)
def test_other_things_wrong_with_an_okr_file(okrsync: Command, old: str, new: str, words: list[str]) -> None:
    rewrite(okr_file(okrsync), old, new)
    assert_refused(okrsync("sync"), 2, f"{okr_file(okrsync)}", *words)
    assert okrsync("check", "--offline").code == 2


def test_two_bad_okr_files_are_told_together(okrsync: Command) -> None:
    rewrite(okr_file(okrsync), '"repeat_customers"', '"a"')
    rewrite(okr_file(okrsync), 'metric = "orders"', 'metric = "b"')
    other = okr_file(okrsync).with_name("other.toml")
    other.write_text("quarter = 7\n")
    said = okrsync("status")
    assert_refused(said, 2, str(other), str(okr_file(okrsync)))
    assert said.err.count("error: ") >= 3


def test_amounts_in_another_currency_than_the_shop(okrsync: Command) -> None:
    """Found out only once the shop was asked; nothing is judged."""
    rewrite(okr_file(okrsync), 'metric = "orders"', 'metric = "net_sales"')
    rewrite(okr_file(okrsync), "target = 500", 'target = "500 INR"')
    said = okrsync("sync")
    assert said.code == 2
    assert "INR" in said.err
    assert "EUR" in said.err
    assert stored(okrsync)["key_result_readings"] == 0


def test_no_okr_file_at_all(okrsync: Command) -> None:
    okr_file(okrsync).unlink()
    assert okrsync("sync").code == 0
    assert_refused(okrsync("status"), 2, "holds no OKR file", "okrsync init")
    said = okrsync("check")
    assert said.code == 1
    assert re.search(r"PROBLEM +OKRs", said.out)


# --- words of a command --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["sync"], ["backfill"], ["metrics", "show", "orders"]])
def test_a_shop_that_is_not_listed(okrsync: Command, command: list[str]) -> None:
    said = okrsync(*command, "--shop", "nobody.myshopify.com")
    assert_refused(said, 2, "nobody.myshopify.com is not listed", "there are alive.myshopify.com")


@pytest.mark.parametrize(
    "command",
    [
        ["status", "--as-of", "yesterday"],
        ["status", "--as-of", "2026-02-30"],
        ["backfill", "--from", "01.07.2026"],
        ["metrics", "show", "orders", "--to", "2026-13-01"],
        ["metrics", "show", "orders", "--by", "fortnight"],
        ["status", "--format", "xml"],
        ["metrics", "show"],
        ["frobnicate"],
        ["sync", "--fast"],
    ],
)
def test_words_that_mean_nothing(okrsync: Command, command: list[str]) -> None:
    said = okrsync(*command)
    assert said.code == 2
    assert said.out == ""
    assert "Error" in said.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["status", "--as-of", "1.7.2026"], "'--as-of': '1.7.2026' is no day; write it as 2026-07-01."),
        (["metrics", "show", "orders", "--to", "2026-02-30"], "'2026-02-30' is no day; write it as 2026-07-01."),
        (
            ["metrics", "show", "orders", "--by", "year"],
            "'--by': 'year' is not one of 'day', 'week', 'month', 'quarter'.",
        ),
        (["status", "--format", "xml"], "'--format': 'xml' is not one of 'table', 'json', 'csv', 'markdown'."),
        (["explain", "buyers", "--orders", "many"], "Invalid value for '--orders': "),
    ],
)
def test_a_wrong_word_is_told_in_plain_words(okrsync: Command, command: list[str], told: str) -> None:
    said = okrsync(*command)
    assert_refused(said, 2, told)
    assert "Value error" not in said.err
    assert "%Y" not in said.err


@pytest.mark.parametrize("command", [["backfill"], ["backfill", "--dry-run"], ["metrics", "show", "orders"]])
def test_days_in_the_wrong_order(okrsync: Command, command: list[str]) -> None:
    if command[0] == "metrics":
        okrsync("sync")
    said = okrsync(*command, "--from", "2026-07-02", "--to", "2026-07-01")
    assert_refused(said, 2, "--from", "2026-07-02", "after the last day, 2026-07-01")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ordres"], ["ordres", "orders"]),
        (["orders", "--where", "customer_type"], ["--where", "NAME=VALUE"]),
        (["orders", "--where", "weather=fine"], ["weather", "customer_type"]),
        (["orders", "--where", "customer_type=friends"], ["friends", "returning"]),
        (["orders", "--population", "some"], ["--population", "all or kept"]),
    ],
)
def test_a_metric_asked_for_wrongly(okrsync: Command, words: list[str], told: list[str]) -> None:
    okrsync("sync")
    assert_refused(okrsync("metrics", "show", *words), 2, *told)


def test_a_key_result_that_is_not_there(okrsync: Command) -> None:
    okrsync("sync")
    assert_refused(okrsync("explain", "bayers"), 2, "bayers", "is no key result here", "buyers, repeat-customers")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["okr", "check-in", "buyers", "--quarter", "{}"], "--quarter"),
        (["okr", "set", "buyers", "3", "--quarter", "{}"], "--quarter"),
        (["okr", "close", "{}"], "QUARTER"),
        (["okr", "new", "{}"], "QUARTER"),
    ],
)
def test_a_quarter_is_written_alike_everywhere(okrsync: Command, command: list[str], place: str) -> None:
    okrsync("sync")
    for words in ("soon", "2026Q3"):
        refused = okrsync(*(word.format(words) for word in command))
        assert_refused(refused, 2, f"{place}: {words}: is no quarter", "such as 2026-Q3")
    small, large = (okrsync(*(word.format(each) for word in command)) for each in ("2019-q1", "2019-Q1"))
    assert "2019-Q1" in large.err or "2018-Q4" in large.err
    assert (small.code, small.err) == (large.code, large.err)


def test_a_quarter_that_is_not_there(okrsync: Command) -> None:
    okrsync("sync")
    for command in (["status"], ["explain", "buyers"]):
        told = ["2019-Q1 has no OKRs", f"there are {this_quarter()}"]
        assert_refused(okrsync(*command, "--quarter", "2019-Q1"), 2, *told)
        for words in ("soon", "2026-Q9"):
            refused = okrsync(*command, "--quarter", words)
            assert_refused(refused, 2, f"--quarter: {words}: is no quarter", "such as 2026-Q3")
        assert okrsync(*command, "--quarter", str(this_quarter()).lower()).code == 0
    assert_refused(okrsync("status", "--as-of", "2019-01-01"), 2, "2019-01-01", f"there are {this_quarter()}")
