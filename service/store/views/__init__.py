"""The views BI tools may rely on: one `.sql` a view, same names and columns on SQLite and PostgreSQL.

A file opens with a comment that says what a row is; every column stands on its own line and ends in a comment. From
those come `docs/bi.md` and, on PostgreSQL, real comments; a change of words alone leaves the view as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

_COLUMN = re.compile(r"^\s*(?:.*\sas\s+|[\w.]*?)(\w+),?\s+--\s+(.+)$")
_REMARK = re.compile(r"\s+-- .*$", re.MULTILINE)

_TOLD = """
select pg_class.relname, coalesce(pg_attribute.attname, ''), pg_description.description
from pg_description
join pg_class on pg_class.oid = pg_description.objoid and pg_class.relkind = 'v'
left join pg_attribute
    on pg_attribute.attrelid = pg_description.objoid
    and pg_attribute.attnum = pg_description.objsubid
    and pg_description.objsubid > 0
where pg_description.classoid = 'pg_class'::regclass and pg_table_is_visible(pg_class.oid)
"""


@dataclass(frozen=True, slots=True)
class View:
    name: str
    row: str  # what a row is
    columns: tuple[tuple[str, str], ...]  # name, comment
    select: str

    @property
    def sentence(self) -> str:
        return f"A row is {self.row}."

    @property
    def body(self) -> str:
        """What it answers: `select` without its comments."""
        return _REMARK.sub("", self.select)


@cache
def views(dialect: str) -> tuple[View, ...]:
    """All views in the order they must be made: helpers (no `bi_`) first, then by name.

    A file named `x.sqlite.sql` is the SQLite text of view x; only arithmetic with instants and lists need two texts.
    """
    texts: dict[str, str] = {}
    for entry in files(__package__).iterdir():
        name, _, ending = entry.name.partition(".")
        if ending in ("sql", f"{dialect}.sql"):
            texts[name] = entry.read_text(encoding="utf-8")
    return tuple(_view(name, texts[name]) for name in sorted(texts, key=lambda n: (n.startswith("bi_"), n)))


def _view(name: str, text_: str) -> View:
    head, _, select = text_.partition("\n\n")
    row = " ".join(line.removeprefix("--").strip() for line in head.splitlines())
    found = [_COLUMN.match(line) for line in select.splitlines()]
    return View(name, row, tuple((m[1], m[2].strip()) for m in found if m), select.strip().rstrip(";"))


def create_views(connection: Connection) -> None:
    """Every view and comment as its text says; views that are already so are left alone, grants and all."""
    all_views = views(connection.dialect.name)
    if not are_current(connection):
        _make(connection, all_views)
    if connection.dialect.name == "postgresql":
        _comment(connection, all_views)


def are_current(connection: Connection) -> bool:
    """Does every view stand, and answer as its text says? Comments are not asked for."""
    wanted = {(view.name, view.body) for view in views(connection.dialect.name)}
    rows = connection.execute(text("select name, body from view_definitions")).all()
    standing = set(inspect(connection).get_view_names())
    return {(name, body) for name, body in rows} == wanted and {name for name, _ in wanted} <= standing


def _make(connection: Connection, wanted: Sequence[View]) -> None:
    drop_views(connection, [view.name for view in wanted])
    for view in wanted:
        execute_verbatim(connection, f"create view {view.name} as {view.select}")
        connection.execute(
            text("insert into view_definitions (name, body) values (:name, :body)"),
            {"name": view.name, "body": view.body},
        )


def _comment(connection: Connection, wanted: Iterable[View]) -> None:
    """PostgreSQL's comments on views and columns, where they are not as the texts have them."""
    told = {(view, column): comment for view, column, comment in connection.exec_driver_sql(_TOLD)}
    for view in wanted:
        for column, comment in (("", view.sentence), *view.columns):
            if told.get((view.name, column)) != comment:
                what = f"column {view.name}.{column}" if column else f"view {view.name}"
                quoted = comment.replace("'", "''")
                execute_verbatim(connection, f"comment on {what} is '{quoted}'")


def drop_views(connection: Connection, more: Iterable[str] = ()) -> None:
    """No view stands any more, as a migration wants it that makes a table anew."""
    known = connection.scalars(text("select name from view_definitions")).all()
    for name in sorted({*known, *more}, reverse=True, key=lambda n: (n.startswith("bi_"), n)):
        connection.execute(text(f"drop view if exists {name}"))
    connection.execute(text("delete from view_definitions"))


def execute_verbatim(connection: Connection, statement: str) -> None:
    """As it is written: a single percent sign is a parameter to PostgreSQL's driver, and itself to SQLite's."""
    is_formatted = connection.dialect.name == "postgresql"
    connection.exec_driver_sql(statement.replace("%", "%%") if is_formatted else statement)
