"""Customers, each looked at once: on the day their horizon ends, `horizon_days` of the metric's header after the first
order. `counted_horizons` has the day of the second order, `counted_lifetimes` what all orders until then came to.

A customer is in the segment that the first order is in; what was bought later may be anything. `first_orders` has all
customers whose horizon ends in the window, and the rest is looked up for them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent

from service.metrics.families.family import Asked, Family, Rows, select, where
from service.metrics.families.orders import DIMENSIONS, IS_KEPT, by_reason, defined, is_of_lines, join_orders, numbered
from service.store.changes import FIRST_ORDER_DAY, ORDER_READ

_CUSTOMERS = ["facts.horizon_date", "facts.customer_id", "facts.order_id"]

_NET_SALES = (
    "coalesce(sum(order_sales.gross_sales_minor - order_sales.discounts_minor - order_sales.sales_reversals_minor), 0)"
)

# The kept orders know what comes next, and are no table to look a second one up in.
_SECOND_ORDERS = """\
left join order_facts as seconds
    on seconds.shop_id = facts.shop_id
    and seconds.customer_id = facts.customer_id
    and seconds.nth = 2"""

# The day stands with the ledger: beside the customer, SQLite would go through all orders of all days up to it.
_BOUGHT = """\
cross join order_facts as bought
left join order_sales
    on order_sales.shop_id = bought.shop_id
    and order_sales.order_id = bought.order_id
    and bought.order_date <= facts.horizon_date"""

_OF_THE_CUSTOMER = ["bought.shop_id = facts.shop_id", "bought.customer_id = facts.customer_id"]

_BOUGHT_IS_KEPT = f"""\
exists (
    select 1
    from orders
    where orders.shop_id = bought.shop_id
      and orders.order_id = bought.order_id
      and {IS_KEPT}
)"""


def _horizons_in_scope(asked: Asked) -> Rows:
    tables, clauses = _of_first_orders(asked)
    second_date = "facts.next_date"
    if numbered(asked) == "order_facts":
        tables.append(_SECOND_ORDERS)
        second_date = "seconds.order_date"
    text = [select([*_CUSTOMERS, f"{second_date} as second_date"]), *tables, *([where(clauses)] if clauses else [])]
    return Rows("horizons_in_scope", "\n".join(text), "horizon_date", _first_orders(asked))


def _lifetimes_in_scope(asked: Asked) -> Rows:
    tables, clauses = _of_first_orders(asked)
    if asked.population == "kept":
        clauses.append(_BOUGHT_IS_KEPT)
    text = [
        select([*_CUSTOMERS, f"{_NET_SALES} as net_sales_minor"]),
        *tables,
        _BOUGHT,
        where([*_OF_THE_CUSTOMER, *clauses]),
        f"group by {', '.join(_CUSTOMERS)}",
    ]
    return Rows("lifetimes_in_scope", "\n".join(text), "horizon_date", _first_orders(asked))


def _first_orders(asked: Asked) -> dict[str, str]:
    """The first orders of everybody whose horizon ends in the window, behind what numbers them."""
    assert asked.horizon_days is not None, (
        "a text that reads horizons without horizon_days is refused when it is loaded"
    )
    names = ["shop_id", "order_id", "customer_id", "is_subscription"]
    names += ["next_date"] if numbered(asked) == "kept_orders" else []
    columns = [f"facts.{name}" for name in names]
    columns.append(f"{asked.days_on('facts.order_date', asked.horizon_days)} as horizon_date")
    clauses = ["facts.shop_id = :shop_id", "facts.nth = 1", *_days_before(asked, "facts.order_date")]
    text = "\n".join([select(columns), f"from {numbered(asked)} as facts", where(clauses)])
    # Left to itself, SQLite would look for them among the orders of all days.
    return {**defined(numbered(asked)), "first_orders as materialized": text}


def _days_before(asked: Asked, day: str) -> list[str]:
    """That day lies a horizon before the window."""
    back = -(asked.horizon_days or 0)
    return [
        f"{day} >= {asked.days_on(':window_start', back)}",
        f"{day} < {asked.days_on(':window_end', back)}",
    ]


def _of_first_orders(asked: Asked) -> tuple[list[str], list[str]]:
    """The first orders to read from, and what holds for those in the segment and for one of their product lines."""
    of_lines = [condition.sql for condition in asked.conditions if is_of_lines(condition)]
    of_orders = [condition for condition in asked.conditions if not is_of_lines(condition)]
    clauses = [condition.sql for condition in of_orders]
    if of_lines:
        clauses.append(f"exists (\n{indent(_such_a_line(of_lines), '    ')}\n)")
    return ["from first_orders as facts", *join_orders(of_orders)], clauses


def _such_a_line(wanted: Sequence[str]) -> str:
    clauses = ["order_sales.shop_id = facts.shop_id", "order_sales.order_id = facts.order_id", "order_sales.is_placing"]
    return "\n".join(["select 1", "from order_sales", where([*clauses, "order_sales.line_type = 'PRODUCT'", *wanted])])


def _looked_at(asked: Asked, scope: Mapping[str, str]) -> dict[str, str]:
    """The orders of the days whose horizon ends in the window; those that are `not_first` begin none."""
    days = where(["orders.shop_id = :shop_id", *_days_before(asked, "orders.processed_date")])
    in_window = f"select orders.*\nfrom orders\n{days}"
    not_first = "when orders.order_id not in (select order_id from first_orders) then 'not_first'"
    return by_reason(in_window, asked, scope, SOURCES, [not_first])


SOURCES = {"counted_horizons": _horizons_in_scope, "counted_lifetimes": _lifetimes_in_scope}

COHORTS = Family(
    "orders",
    SOURCES,
    {name: dimension for name, dimension in DIMENSIONS.items() if name != "customer_type"},
    ("all", "kept"),
    _looked_at,
    changed_by=(FIRST_ORDER_DAY,),
    segments_changed_by=(ORDER_READ,),
)
