"""A role of PostgreSQL that may read the views: those and nothing else, also after an upgrade makes them anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine

from service.store import migrate
from service.store.engine import open_engine
from service.store.grants import Rights, bi_views, standing
from service.store.migrate import upgrade
from tests.command import Command
from tests.conftest import migrated
from tests.postgres import fresh_database
from tests.store.roles import Roles, quoted, readable


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """PostgreSQL alone has roles."""
    with migrated("postgresql", tmp_path, request) as url:
        yield url


@pytest.fixture
def roles(database: Engine) -> Iterator[Roles]:
    found = Roles(database)
    yield found
    found.drop()


@pytest.fixture
def okrsync(database: Engine, tmp_path: Path) -> Command:
    return command_on(database.url.render_as_string(hide_password=False), tmp_path)


def command_on(url: str, folder: Path) -> Command:
    """The command with a settings file for that database."""
    file = folder / "okrsync.toml"
    shop = '[[shops]]\ndomain = "corner.myshopify.com"\naccess_token_env = "CORNER_TOKEN"\n'
    file.write_text(f'[database]\nurl = "{url}"\n\n{shop}', encoding="utf-8")
    return Command(file, "shpat_never_said")


def make_anew(database: Engine) -> None:
    """An upgrade of a database whose views are of another version."""
    with database.begin() as connection:
        before = connection.exec_driver_sql("select 'bi_orders'::regclass::oid").scalar()
        connection.exec_driver_sql("update view_definitions set body = 'as it was'")
    upgrade(database)
    with database.connect() as connection:
        assert connection.exec_driver_sql("select 'bi_orders'::regclass::oid").scalar() != before


# --- okrsync db grant-bi -------------------------------------------------------------------------------------------


def test_a_role_reads_every_view_and_no_table(roles: Roles, okrsync: Command, database: Engine) -> None:
    reporting = roles.new()
    assert readable(roles.as_(reporting)) == set()
    for _ in range(2):
        said = okrsync("db", "grant-bi", reporting)
        assert (said.code, said.err) == (0, "")
        assert f"{reporting} can read {len(bi_views())} views" in said.out
        assert readable(roles.as_(reporting)) == {*bi_views()}
    make_anew(database)
    assert readable(roles.as_(reporting)) == {*bi_views()}


def test_an_owner_who_is_nobody_special_lets_a_role_into_a_schema_of_its_own(roles: Roles, tmp_path: Path) -> None:
    owner, reporting = roles.new("owner"), roles.new()
    roles.say(f"create schema shop authorization {quoted(owner)}")
    ours, theirs = roles.as_(owner, "shop"), roles.as_(reporting, "shop")
    upgrade(ours)
    assert command_on(roles.url(owner, "shop"), tmp_path)("db", "grant-bi", reporting).code == 0
    assert readable(theirs) == {*bi_views()}
    make_anew(ours)
    assert readable(theirs) == {*bi_views()}


@pytest.mark.parametrize("name", ['we "quote"', "UPPER", "semi;colon -- 100%", "select"])
def test_any_name_of_a_role_is_a_name_and_nothing_more(
    roles: Roles, okrsync: Command, database: Engine, name: str
) -> None:
    reporting = roles.new(name)
    assert okrsync("db", "grant-bi", reporting).code == 0
    make_anew(database)
    assert readable(roles.as_(reporting)) == {*bi_views()}


def test_what_a_role_can_read_besides_is_told(roles: Roles, okrsync: Command) -> None:
    reporting = roles.new()
    roles.say(f"grant select on orders, shops to {quoted(reporting)}")
    said = okrsync("db", "grant-bi", reporting)
    assert said.code == 1
    assert "can read 2 tables too, by rights from elsewhere: orders, shops" in said.err


def test_a_role_that_is_not_there_is_named_with_the_mend(okrsync: Command) -> None:
    said = okrsync("db", "grant-bi", "No-Body")
    assert said.code == 2
    assert 'okrsync.toml: database.url: has no role "No-Body"' in said.err
    assert 'create role "No-Body" login' in said.err


def test_who_does_not_own_the_views_gives_no_right_on_them(roles: Roles, tmp_path: Path) -> None:
    somebody, reporting = roles.new("somebody"), roles.new()
    roles.say(f"grant select on all tables in schema public to {quoted(somebody)}")
    said = command_on(roles.url(somebody), tmp_path)("db", "grant-bi", reporting)
    assert said.code == 1
    assert f"{somebody} may not give rights on bi_check_ins" in said.err
    assert "run it as their owner, with postgres" in said.err
    assert readable(roles.as_(reporting)) == set()


def test_who_does_not_own_the_schema_lets_nobody_into_it(roles: Roles, tmp_path: Path) -> None:
    owner, reporting = roles.new("owner"), roles.new()
    roles.say("create schema shop")
    roles.say(f"grant usage, create on schema shop to {quoted(owner)}")
    upgrade(roles.as_(owner, "shop"))
    said = command_on(roles.url(owner, "shop"), tmp_path)("db", "grant-bi", reporting)
    assert said.code == 1
    assert f"grant usage on schema shop to {quoted(reporting)}" in said.err
    roles.say(f"grant usage on schema shop to {quoted(reporting)}")
    assert command_on(roles.url(owner, "shop"), tmp_path)("db", "grant-bi", reporting).code == 0
    assert readable(roles.as_(reporting, "shop")) == {*bi_views()}


def test_a_sqlite_file_has_no_roles(sqlite_template: bytes, tmp_path: Path) -> None:
    (tmp_path / "okrsync.db").write_bytes(sqlite_template)
    said = command_on(f"sqlite:///{tmp_path}/okrsync.db", tmp_path)("db", "grant-bi", "reporting")
    assert said.code == 2
    assert "database.url: is a SQLite file, which knows no roles" in said.err
    assert "docs/bi.md" in said.err


# --- upgrades ------------------------------------------------------------------------------------------------------


def test_rights_outlive_migrations_that_tear_views_down(postgres_server: str, tmp_path: Path) -> None:
    with fresh_database(postgres_server) as url:
        owner = open_engine(url)
        roles = Roles(owner)
        with owner.begin() as connection:
            command.upgrade(migrate._config(connection), "0009")
        roles.say("create view bi_orders as select 1 as one")
        roles.say("insert into view_definitions values ('bi_orders', 'select 1 as one')")
        reporting = roles.new()
        roles.say(f"grant select on bi_orders to {quoted(reporting)}")
        upgrade(owner)
        assert readable(roles.as_(reporting)) == {*bi_views()}
        roles.drop()
        owner.dispose()


def test_rights_are_given_again_as_they_were(roles: Roles, database: Engine) -> None:
    one, few, proud = roles.new("one"), roles.new("few"), roles.new("proud")
    roles.say(f"grant select on bi_orders to {quoted(one)}")
    roles.say(f"grant select (shop, net_sales), update (shop) on bi_orders to {quoted(few)}")
    roles.say(f"grant select on bi_coverage, shop_money to {quoted(proud)} with grant option")
    roles.say("grant select on bi_sync_runs to public")
    before = rights(database)
    assert len(before.grants) == 7
    make_anew(database)
    assert rights(database) == before
    assert readable(roles.as_(one)) == {"bi_orders", "bi_sync_runs"}


def test_who_reads_every_view_reads_those_of_a_new_version(roles: Roles, okrsync: Command, database: Engine) -> None:
    everything, one = roles.new(), roles.new("one")
    with database.begin() as connection:
        connection.exec_driver_sql("drop view bi_product_sales_daily")
        connection.exec_driver_sql("delete from view_definitions where name = 'bi_product_sales_daily'")
    older = ", ".join(set(bi_views()) - {"bi_product_sales_daily"})
    roles.say(f"grant select on {older} to {quoted(everything)}")
    roles.say(f"grant select on bi_orders to {quoted(one)}")
    upgrade(database)
    assert readable(roles.as_(everything)) == {*bi_views()}
    assert readable(roles.as_(one)) == {"bi_orders"}


def test_a_column_that_is_gone_takes_its_right_along(roles: Roles, database: Engine) -> None:
    few = roles.new("few")
    roles.say("create view bi_of_old as select 1 as one")
    roles.say("insert into view_definitions values ('bi_of_old', 'select 1 as one')")
    roles.say("drop view bi_sync_runs")
    roles.say("create view bi_sync_runs as select 1 as one, 2 as shop")
    roles.say(f"grant select on bi_of_old to {quoted(few)}")
    roles.say(f"grant select (one, shop) on bi_sync_runs to {quoted(few)}")
    make_anew(database)
    assert {(grant.view, grant.column) for grant in rights(database).grants} == {("bi_sync_runs", "shop")}


def test_a_view_somebody_built_on_ours_is_not_torn_down(roles: Roles, okrsync: Command, database: Engine) -> None:
    roles.say("create view of_mine as select shop from bi_orders")
    roles.say("update view_definitions set body = 'as it was'")
    said = okrsync("db", "upgrade")
    assert said.code == 1
    assert "view of_mine depends on view bi_orders" in said.err
    assert "drop what rests on it, upgrade, and make it again" in said.err
    roles.say("drop view of_mine")
    assert okrsync("db", "upgrade").code == 0


def rights(database: Engine) -> Rights:
    with database.connect() as connection:
        return standing(connection)
