"""Segment values that nothing read has: mostly misspelt, and answered with a 0 that looks like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy import Connection

from service.metrics.scope import Query, Scope
from service.metrics.segments import Condition

MOST = 1000
"""Of the commonest values, among which the one meant is looked for: a discount code may be another in every order."""

COMMONEST = 5


@dataclass(frozen=True, slots=True)
class Unseen:
    """A value that a segment asks for and nothing read has, and what was read instead."""

    dimension: str
    value: str
    near: Sequence[str]
    commonest: Sequence[str]

    def __str__(self) -> str:
        told = f"nothing read has {self.dimension}={self.value}"
        if self.near:
            return f"{told}: did you mean {' or '.join(self.near)}?"
        if self.commonest:
            return f"{told}: the commonest are {', '.join(self.commonest)}"
        return f"{told}, nor any other {self.dimension}"


def unseen(connection: Connection, scope: Scope) -> list[Unseen]:
    """The values the scope's segment asks for that are in nothing read of the shop, on whatever day."""
    pairs = zip(scope.segment.where, scope.conditions, strict=True)
    return [
        _unseen(connection, scope, name, value, condition)
        for (name, value), condition in pairs
        if condition.column and value and not _occurs(connection, scope, condition)
    ]


def _unseen(connection: Connection, scope: Scope, name: str, value: str, condition: Condition) -> Unseen:
    common = _common_values(connection, scope, condition)
    by_lower_case = {each.lower(): each for each in reversed(common)}  # of several the commonest stays
    near = [by_lower_case[each] for each in get_close_matches(value.lower(), by_lower_case, n=3)]
    return Unseen(name, value, near, common[:COMMONEST])


def _occurs(connection: Connection, scope: Scope, condition: Condition) -> bool:
    assert condition.bind is not None, "a column is compared with a value"
    sql = f"select 1\n{_of_the_shop(scope, condition)}\n  and {condition.sql}\nlimit 1"
    return Query(sql, {"shop_id": scope.shop_id, **dict([condition.bind])}).run(connection).first() is not None


def _common_values(connection: Connection, scope: Scope, condition: Condition) -> list[str]:
    """From the commonest on; what is equally common by the alphabet."""
    column = condition.column
    sql = f"""select {column} as segment_value, count(*) as row_count
{_of_the_shop(scope, condition)}
  and {column} <> ''
group by {column}
order by count(*) desc
limit {MOST}"""
    rows = Query(sql, {"shop_id": scope.shop_id}).run(connection).all()
    return [row.segment_value for row in sorted(rows, key=lambda row: (-row.row_count, row.segment_value))]


def _of_the_shop(scope: Scope, condition: Condition) -> str:
    table = condition.column.partition(".")[0]
    return f"from {scope.metric.family.tables.get(table, table)}\nwhere {table}.shop_id = :shop_id"
