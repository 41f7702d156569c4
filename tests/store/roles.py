"""Roles of a PostgreSQL server, made for one test, and what each of them can read."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from service.store.engine import open_engine
from service.store.tables import metadata
from service.store.views import execute_verbatim

PASSWORD = "a-word-of-its-own"


class Roles:
    """Roles made for one test, and the database as they see it."""

    def __init__(self, owner: Engine) -> None:
        self.owner = owner
        self.made: list[str] = []
        self._engines = ExitStack()

    def new(self, name: str = "Bi-Reader") -> str:
        role = f"{name}-{uuid.uuid4().hex[:8]}"
        self.say(f"create role {quoted(role)} login password '{PASSWORD}'")
        self.made.append(role)
        return role

    def say(self, statement: str) -> None:
        with self.owner.begin() as connection:
            execute_verbatim(connection, statement)

    def url(self, role: str, schema: str = "public") -> str:
        url = self.owner.url.set(username=role, password=PASSWORD)
        return url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)

    def as_(self, role: str, schema: str = "public") -> Engine:
        engine = open_engine(self.url(role, schema))
        self._engines.callback(engine.dispose)
        return engine

    def drop(self) -> None:
        self._engines.close()
        for role in self.made:
            self.say(f"drop owned by {quoted(role)} cascade")
            self.say(f"drop role {quoted(role)}")


def quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'


def readable(engine: Engine) -> set[str]:
    """The tables and views whose rows the role can read, found by trying each of them."""
    found = set()
    for name in [*metadata.tables, "alembic_version", *inspect(engine).get_view_names()]:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"select * from {name}").all()
            found.add(name)
        except DBAPIError as error:
            if "permission denied" not in str(error):
                raise
    return found
