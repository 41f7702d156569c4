"""Who may read the views on PostgreSQL: granted by name, and kept when views are made anew.

A view reads with its owner's rights, so whoever may read the view needs no right on any table.
Source: https://www.postgresql.org/docs/current/rules-privileges.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from service.errors import NeedsAPerson, Problem, SettingsError
from service.store.views import execute_verbatim, views

_HERE = "to_regnamespace(quote_ident(current_schema()))"


def bi_views() -> list[str]:
    """The names of the views BI may rely on."""
    return [view.name for view in views("postgresql") if view.name.startswith("bi_")]


# --- rights outlive the views they are on --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """A right that somebody other than its owner has on a view, or on one column of it."""

    view: str
    column: str  # empty: on all of them
    role: str  # quoted; public is everybody
    privilege: str = "SELECT"
    is_grantable: bool = False

    @property
    def is_reading(self) -> bool:
        return self.privilege == "SELECT" and not self.column

    def __str__(self) -> str:
        column = f' ("{self.column}")' if self.column else ""
        passed_on = " with grant option" if self.is_grantable else ""
        return f"grant {self.privilege}{column} on {self.view} to {self.role}{passed_on}"


@dataclass(frozen=True, slots=True)
class Rights:
    """The views of a moment and all rights on them; none on SQLite, which has no roles."""

    views: frozenset[str]
    grants: frozenset[Grant]


_VIEWS = text(f"select relname from pg_class where relkind = 'v' and relnamespace = {_HERE}")

_GRANTS = text(f"""
select
    pg_class.relname,
    given.column_name,
    case when given.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(given.grantee)) end,
    given.privilege_type,
    given.is_grantable
from pg_class
cross join lateral (
    select '' as column_name, whole.* from aclexplode(pg_class.relacl) as whole
    union all
    select pg_attribute.attname, part.*
    from pg_attribute
    cross join lateral aclexplode(pg_attribute.attacl) as part
    where pg_attribute.attrelid = pg_class.oid
) as given
where pg_class.relkind = 'v'
    and pg_class.relnamespace = {_HERE}
    and given.grantee <> pg_class.relowner
""")


def standing(connection: Connection) -> Rights:
    """The views and rights of this moment, to be kept past one in which views are made anew."""
    if connection.dialect.name != "postgresql":
        return Rights(frozenset(), frozenset())
    grants = frozenset(Grant(*row) for row in connection.execute(_GRANTS))
    return Rights(frozenset(connection.scalars(_VIEWS)), grants)


def give_again(connection: Connection, before: Rights) -> None:
    """What stood before views were made anew, where view and column are still there.

    Who could read every bi_ view can read those that came with this version too.
    """
    wanted = {*_still_there(before), *_of_new_views(before)}
    for grant in sorted(wanted - standing(connection).grants, key=str):
        execute_verbatim(connection, str(grant))


def _still_there(before: Rights) -> Iterator[Grant]:
    columns = {view.name: {"", *(name for name, _ in view.columns)} for view in views("postgresql")}
    return (grant for grant in before.grants if grant.column in columns.get(grant.view, ()))


def _of_new_views(before: Rights) -> Iterator[Grant]:
    stood = before.views.intersection(bi_views())
    readable = {(grant.role, grant.view) for grant in before.grants if grant.is_reading}
    for role in {role for role, _ in readable}:
        if all((role, view) in readable for view in stood):
            yield from (Grant(view, "", role) for view in bi_views() if view not in stood)


# --- a role let in -------------------------------------------------------------------------------------------------

_ROLE = text("""
select
    quote_ident(cast(:role as text)) as quoted,
    exists (select * from pg_roles where rolname = cast(:role as text)) as is_there
""")

_SCHEMA = text("""
select
    quote_ident(current_schema()) as name,
    current_user as me,
    has_schema_privilege(current_schema(), 'usage with grant option') as is_mine_to_grant,
    has_schema_privilege(cast(:role as name), current_schema(), 'usage') as is_usable
""")

_NOT_MINE = text(f"""
select pg_class.relname, pg_get_userbyid(pg_class.relowner) as owner
from pg_class
where pg_class.relkind = 'v'
    and pg_class.relnamespace = {_HERE}
    and pg_class.relname = any(:views)
    and not has_table_privilege(pg_class.oid, 'select with grant option')
order by pg_class.relname
""")

_TABLES = text(f"""
select relname
from pg_class
where relkind in ('r', 'p') and relnamespace = {_HERE} and has_table_privilege(cast(:role as name), oid, 'select')
order by relname
""")


def grant_bi(engine: Engine, role: str, settings_file: str = "") -> Sequence[str]:
    """Every bi_ view can be read by that role; the names of tables it can read too, by rights from elsewhere.

    Raises SettingsError on SQLite and for a role that is not there, NeedsAPerson where a right is not ours to give.
    """
    if engine.dialect.name != "postgresql":
        told = "is a SQLite file, which knows no roles"
        raise _refused(settings_file, told, "who can read the file can read the views: docs/bi.md tells how")
    with engine.begin() as connection:
        quoted, is_there = connection.execute(_ROLE, {"role": role}).one()
        if not is_there:
            raise _refused(settings_file, f"has no role {quoted}", f"make it first: create role {quoted} login")
        _let_into_schema(connection, role, quoted)
        for view in _ours_to_give(connection):
            execute_verbatim(connection, str(Grant(view, "", quoted)))
        return connection.scalars(_TABLES, {"role": role}).all()


def _refused(settings_file: str, told: str, hint: str) -> SettingsError:
    return SettingsError([Problem(settings_file, "database.url", told, hint)])


def _let_into_schema(connection: Connection, role: str, quoted: str) -> None:
    schema = connection.execute(_SCHEMA, {"role": role}).one()
    if schema.is_mine_to_grant:
        execute_verbatim(connection, f"grant usage on schema {schema.name} to {quoted}")
    elif not schema.is_usable:
        told = f"{schema.me} may not let {quoted} into the schema {schema.name}"
        raise NeedsAPerson(
            told, about="database", hint=f"as its owner: grant usage on schema {schema.name} to {quoted}"
        )


def _ours_to_give(connection: Connection) -> Sequence[str]:
    """The bi_ views. PostgreSQL itself would only warn where a right is not given."""
    found = connection.execute(_NOT_MINE, {"views": bi_views()}).first()
    if found is None:
        return bi_views()
    me = connection.scalar(text("select current_user"))
    hint = f"run it as their owner, with {found.owner} in OKRSYNC_DATABASE_URL"
    raise NeedsAPerson(f"{me} may not give rights on {found.relname}", about="database", hint=hint)
