"""What the rows of a metric can be split by, and the condition each split puts on them.

An empty value asks for rows that have none: no UTM source, no product type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from service.errors import Misconfigured, Problem
from service.values import Segment

EVERYTHING = Segment()

FLAGS = ("true", "false")


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over the tables of a family, and the value of its `:segment_…` parameter, if any."""

    sql: str
    bind: tuple[str, Any] | None = None
    column: str = ""  # table.column, where that may hold any text

    def reads(self, table: str) -> bool:
        return re.search(rf"\b{table}\.", self.sql) is not None


Dimension = Callable[[str, str], Condition]


def column(name: str) -> Dimension:
    def condition(dimension: str, value: str) -> Condition:
        bind = (f"segment_{dimension}", value)
        return Condition(f"coalesce({name}, '') = :segment_{dimension}", bind, name)

    return condition


def lower_case_column(name: str) -> Dimension:
    return lambda dimension, value: column(name)(dimension, value.lower())


def flag(name: str) -> Dimension:
    def condition(dimension: str, value: str) -> Condition:
        if value not in FLAGS:
            raise ValueError("write true or false")
        return Condition(f"{name} = :segment_{dimension}", (f"segment_{dimension}", value == "true"))

    return condition


def conditions(segment: Segment, allowed: Mapping[str, Dimension], about: str) -> list[Condition]:
    """What must hold for a row to be in the segment.

    Raises Misconfigured with every pair that `about` cannot answer, and what it can.
    """
    found: list[Condition] = []
    problems: list[Problem] = []
    place = f"metric {about}"
    for name, value in segment.where:
        if name not in allowed:
            hint = f"it can be split by {', '.join(allowed)}"
            problems.append(Problem(place, f"where.{name}", f"cannot be split by {name}", hint))
            continue
        try:
            found.append(allowed[name](name, value))
        except ValueError as error:
            problems.append(Problem(place, f"where.{name}", f"{value!r} is no {name}", str(error)))
    names = [name for name, _ in segment.where]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem(place, f"where.{name}", "is asked for twice", "a row has one value of each"))
    if problems:
        raise Misconfigured(problems)
    return found
