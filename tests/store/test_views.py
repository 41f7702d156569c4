"""The views BI tools rely on: the same rows on both databases, and the words of the program."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect

from service.okr.status import WORST_FIRST
from service.store.engine import open_engine
from service.store.migrate import upgrade
from service.store.views import views
from tests import bi_page
from tests.generated_docs import FOLDER
from tests.shop import OpenShop, on_postgresql

CONTRACT = {
    "bi_key_results", "bi_key_results_daily", "bi_objectives", "bi_check_ins", "bi_metrics_daily", "bi_orders",
    "bi_sales_daily", "bi_sessions_daily", "bi_checkouts", "bi_coverage", "bi_sync_runs", "bi_reconciliation",
    "bi_closings", "bi_restatements", "bi_product_sales_daily", "bi_cohorts",
}  # fmt: skip


def answer(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """All rows, as BI tools would read them: numbers to twelve digits, no run ids."""
    with engine.connect() as connection:
        result = connection.exec_driver_sql(query)
        rows = [tuple(_plain(value) for name, value in row._mapping.items() if name != "run_id") for row in result]
    return sorted(rows, key=str)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal | float) or (isinstance(value, int) and not isinstance(value, bool)):
        return f"{float(value):.12g}"
    if isinstance(value, bool):
        return f"{int(value)}"
    return value if value is None or isinstance(value, str) else value.isoformat()


@pytest.mark.parametrize("view", sorted(CONTRACT))
def test_both_databases_give_the_same_rows(twins: list[OpenShop], view: str) -> None:
    sqlite, postgresql = (answer(shop.engine, f"select * from {view}") for shop in twins)
    assert sqlite
    assert sqlite == postgresql


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", bi_page.QUERIES, re.DOTALL))
def test_every_example_has_the_same_answer_on_both_databases(twins: list[OpenShop], query: str) -> None:
    sqlite, postgresql = (answer(shop.engine, query) for shop in twins)
    assert len(sqlite) > 1
    assert sqlite == postgresql


@pytest.mark.parametrize("view", sorted(CONTRACT))
def test_both_databases_name_the_same_columns(twins: list[OpenShop], view: str) -> None:
    columns = [[column["name"] for column in inspect(shop.engine).get_columns(view)] for shop in twins]
    described = [name for name, _ in next(each for each in views("sqlite") if each.name == view).columns]
    assert columns[0] == columns[1] == described


def test_the_views_are_those_of_the_contract(database: Engine) -> None:
    assert {name for name in inspect(database).get_view_names() if name.startswith("bi_")} == CONTRACT


# --- comments ------------------------------------------------------------------------------------------------------

COMMENTS = """
select coalesce(attname, ''), description
from pg_description
left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
where classoid = 'pg_class'::regclass and objoid = '{view}'::regclass
order by objsubid
"""


def written(view: str) -> list[tuple[str, str]]:
    """What docs/bi.md says of a view: what a row is, then each column."""
    page = (FOLDER / "bi.md").read_text(encoding="utf-8")
    [(sentence, rows)] = re.findall(rf"^## {view}\n\n(.+)\n\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [("", sentence), *re.findall(r"^\| `(\w+)` \| (.+) \|$", rows, re.MULTILINE)]


@pytest.mark.parametrize("view", sorted(CONTRACT))
def test_postgresql_tells_what_the_page_tells(twins: list[OpenShop], view: str) -> None:
    assert len(written(view)) > 5
    assert twins[1].sql(COMMENTS.format(view=view)) == written(view)


@on_postgresql
def test_words_are_renewed_without_touching_the_view(database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("comment on view bi_orders is 'as it was'")
        connection.exec_driver_sql("comment on column bi_orders.refunded is null")
        oids = connection.exec_driver_sql("select oid from pg_class where relkind = 'v' order by oid").all()
    upgrade(database)
    with database.connect() as connection:
        told = [tuple(row) for row in connection.exec_driver_sql(COMMENTS.format(view="bi_orders"))]
        assert told == written("bi_orders")
        assert connection.exec_driver_sql("select oid from pg_class where relkind = 'v' order by oid").all() == oids


def test_a_new_word_is_no_new_view() -> None:
    for view in (*views("sqlite"), *views("postgresql")):
        assert view.row and view.columns and all(comment for _, comment in view.columns)
        assert all(f"-- {comment}" in view.select for _, comment in view.columns)
        assert "--" not in view.body


# --- what the words mean -------------------------------------------------------------------------------------------


def test_an_objective_is_as_bad_as_its_worst_key_result(database: Engine) -> None:
    with database.connect() as connection:
        rows = connection.exec_driver_sql("select status from status_ranks order by badness desc").all()
    assert tuple(row[0] for row in rows) == WORST_FIRST


def test_objectives_agree_with_the_program(twins: list[OpenShop]) -> None:
    for shop in twins:
        rows = shop.sql(
            "select objective_id, progress, expected_progress, key_results_measured, key_results_total"
            " from bi_objectives order by objective_id"
        )
        for (objective_id, progress, expected, measured, total), told in zip(
            rows, shop.status().objectives, strict=True
        ):
            assert objective_id == told.objective_id
            assert told.progress is not None
            assert told.expected_progress is not None
            assert float(progress) == pytest.approx(float(told.progress), abs=1e-12)
            assert float(expected) == pytest.approx(float(told.expected_progress), abs=1e-12)
            assert (measured, total) == (told.key_results_measured, told.key_results_total)


def test_no_personal_data_has_a_column(database: Engine) -> None:
    found = inspect(database)
    names = {
        column["name"]
        for name in [*found.get_table_names(), *found.get_view_names()]
        for column in found.get_columns(name)
    }
    for word in ("email", "phone", "address", "first_name", "last_name", "zip", "city", "ip", "note_text"):
        assert not {name for name in names if word in name.split("_") or name == word}, word


def test_views_are_left_alone_when_nothing_changed(database: Engine) -> None:
    """On PostgreSQL a view made anew would lose the grants people gave on it."""
    if database.dialect.name == "postgresql":
        ids = (
            "select string_agg(oid::text, ',' order by oid) from pg_class where relkind = 'v' and relname like 'bi_%%'"
        )
    else:
        ids = "select group_concat(rootpage || sql) from sqlite_master where type = 'view'"
    with database.connect() as connection:
        before = connection.exec_driver_sql(ids).scalar()
    upgrade(database)
    with database.connect() as connection:
        assert connection.exec_driver_sql(ids).scalar() == before


def test_the_clock_of_the_database_is_a_time(tmp_path: Path, sqlite_template: bytes) -> None:
    (tmp_path / "a.db").write_bytes(sqlite_template)
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.connect() as connection:
        told = connection.exec_driver_sql("select now from clock").scalar()
    engine.dispose()
    assert isinstance(told, str)
    datetime.strptime(told, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


def test_a_reader_of_the_file_sees_what_was_just_written_and_writes_nothing(
    tmp_path: Path, sqlite_template: bytes
) -> None:
    """What docs/bi.md says of SQLite: read-only is enough, the file alone is not, and `immutable` tells old news."""
    path = tmp_path / "a.db"
    path.write_bytes(sqlite_template)
    engine = open_engine(f"sqlite:///{path}")
    one_row = (
        "insert into sync_runs values (7, 'r', 'orders', 'backfill', 'x', null, 'running', 0, 0, null, null, null)"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(one_row)
    (tmp_path / "alone.db").write_bytes(path.read_bytes())
    seen = {}
    for uri in (f"{path}?mode=ro", f"{path}?immutable=1", f"{tmp_path}/alone.db?mode=ro"):
        reader = sqlite3.connect(f"file:{uri}", uri=True)
        [seen[uri.rpartition("/")[2]]] = reader.execute("select count(*) from sync_runs").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute(one_row)
        reader.close()
    engine.dispose()
    assert seen == {"a.db?mode=ro": 1, "a.db?immutable=1": 0, "alone.db?mode=ro": 0}
