"""The views BI tools may rely on: one `.sql` a view, same names and columns on SQLite and PostgreSQL.

A file opens with a comment that says what a row is; every column stands on its own line and ends in a comment. From
those come `docs/bi.md` and, on PostgreSQL, real comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

_COLUMN = re.compile(r"^\s*(?:.*\sas\s+|[\w.]*?)(\w+),?\s+--\s+(.+)$")


@dataclass(frozen=True, slots=True)
class View:
    name: str
    row: str  # what a row is
    columns: tuple[tuple[str, str], ...]  # name, comment
    select: str


@cache
def views(dialect: str) -> tuple[View, ...]:
    """All views in the order they must be made: helpers (no `bi_`) first, then by name.

    A file named `x.sqlite.sql` is the SQLite text of view x; only arithmetic with instants needs two texts.
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
    """Every view as its text says; views that are already so are left alone, grants and all."""
    rows = connection.execute(text("select name, body from view_definitions")).all()
    known: dict[str, str] = {name: body for name, body in rows}  # noqa: C416 (rows are not pairs to the type checker)
    all_views = views(connection.dialect.name)
    wanted = {view.name: view.select for view in all_views}
    standing = set(inspect(connection).get_view_names())
    if known == wanted and set(wanted) <= standing:
        return
    drop_views(connection, wanted)
    for view in all_views:
        _run(connection, f"create view {view.name} as {view.select}")
        connection.execute(
            text("insert into view_definitions (name, body) values (:name, :body)"),
            {"name": view.name, "body": view.select},
        )
        if connection.dialect.name == "postgresql":
            for statement in _comments(view):
                _run(connection, statement)


def drop_views(connection: Connection, more: Iterable[str] = ()) -> None:
    """No view stands any more, as a migration wants it that makes a table anew."""
    known = connection.scalars(text("select name from view_definitions")).all()
    for name in sorted({*known, *more}, reverse=True, key=lambda n: (n.startswith("bi_"), n)):
        connection.execute(text(f"drop view if exists {name}"))
    connection.execute(text("delete from view_definitions"))


def _run(connection: Connection, statement: str) -> None:
    """As it is written: a single percent sign is a parameter to PostgreSQL's driver, and itself to SQLite's."""
    is_formatted = connection.dialect.name == "postgresql"
    connection.exec_driver_sql(statement.replace("%", "%%") if is_formatted else statement)


def _comments(view: View) -> Iterator[str]:
    def quoted(comment: str) -> str:
        return "'" + comment.replace("'", "''") + "'"

    yield f"comment on view {view.name} is {quoted(view.row)}"
    for column, comment in view.columns:
        yield f"comment on column {view.name}.{column} is {quoted(comment)}"
