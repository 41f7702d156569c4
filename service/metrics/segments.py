"""What orders can be split by, and the condition each split puts on them.

An empty value asks for orders that have none: no UTM source, no product type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Text
from sqlalchemy.types import TypeEngine

from service.errors import Misconfigured, Problem
from service.values import Segment

EVERYTHING = Segment()

_CUSTOMER_TYPES = {
    "first_time": "facts.nth = 1",
    "returning": "facts.nth >= 2",
    "unknown": "facts.customer_id is null",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over `facts`, `orders` or `order_sales`, and the value of its `:segment_…` parameter, if any."""

    sql: str
    bind: tuple[str, Any, TypeEngine[Any]] | None = None

    @property
    def is_of_lines(self) -> bool:
        return "order_sales." in self.sql

    @property
    def reads_orders(self) -> bool:
        return "orders." in self.sql.replace("order_sales.", "")


Dimension = Callable[[str, str], Condition]


def _column(column: str) -> Dimension:
    def condition(name: str, value: str) -> Condition:
        return Condition(f"coalesce({column}, '') = :segment_{name}", (f"segment_{name}", value, Text()))

    return condition


def _lower_case_column(column: str) -> Dimension:
    return lambda name, value: _column(column)(name, value.lower())


def _flag(column: str) -> Dimension:
    def condition(name: str, value: str) -> Condition:
        if value not in ("true", "false"):
            raise ValueError("write true or false")
        return Condition(f"{column} = :segment_{name}", (f"segment_{name}", value == "true", Boolean()))

    return condition


def _customer_type(_name: str, value: str) -> Condition:
    if value not in _CUSTOMER_TYPES:
        raise ValueError(f"write {', '.join(_CUSTOMER_TYPES)}")
    return Condition(_CUSTOMER_TYPES[value])


DIMENSIONS: Mapping[str, Dimension] = {
    "customer_type": _customer_type,
    "source": _column("orders.source_name"),
    "channel": _column("orders.channel"),
    "utm_source": _column("orders.utm_source"),
    "utm_medium": _column("orders.utm_medium"),
    "utm_campaign": _column("orders.utm_campaign"),
    "first_utm_source": _column("orders.first_utm_source"),
    "first_utm_medium": _column("orders.first_utm_medium"),
    "first_utm_campaign": _column("orders.first_utm_campaign"),
    "referrer": _column("orders.referrer"),
    "discount_code": _lower_case_column("orders.discount_code"),
    "product_type": _column("order_sales.product_type"),
    "vendor": _column("order_sales.vendor"),
    "is_subscription": _flag("facts.is_subscription"),
    "is_b2b": _flag("orders.is_b2b"),
}


def conditions(segment: Segment, allowed: tuple[str, ...], about: str) -> list[Condition]:
    """What must hold for an order to be in the segment.

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
            found.append(DIMENSIONS[name](name, value))
        except ValueError as error:
            problems.append(Problem(place, f"where.{name}", f"{value!r} is no {name}", str(error)))
    names = [name for name, _ in segment.where]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem(place, f"where.{name}", "is asked for twice", "an order has one value of each"))
    if problems:
        raise Misconfigured(problems)
    return found
