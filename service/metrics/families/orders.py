"""Orders and their sales ledger: `counted_orders`, a row an order, and `counted_sales`, a row a ledger entry.

`nth` stays the number of an order in its customer's life; `prev_date`, `prev_nth` and `scope_nth` tell of the order
before it *in scope*, so a segment's customers are counted once as well. What a text does not mention is left out, the
ranking too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from textwrap import indent

from service.metrics.families.family import Asked, Family, Rows, select, where
from service.metrics.segments import FLAGS, Condition, Dimension, column, flag, lower_case_column
from service.store.changes import EVENT_DAY, EVENT_READ, ORDER_DAY, ORDER_READ

IS_KEPT = "orders.cancelled_at is null and coalesce(orders.financial_status, '') not in ('VOIDED', 'EXPIRED')"

_AMOUNTS = ("gross_sales_minor", "discounts_minor", "units")
_LEDGER = (
    "gross_sales_minor", "discounts_minor", "sales_reversals_minor", "shipping_minor", "taxes_minor", "fees_minor",
)  # fmt: skip
_RANKS = {"prev_date", "prev_nth", "scope_nth"}

_CUSTOMER_TYPES = {
    "first_time": "facts.nth = 1",
    "returning": "facts.nth >= 2",
    "unknown": "facts.customer_id is null",
}


def _customer_type(_name: str, value: str) -> Condition:
    if value not in _CUSTOMER_TYPES:
        raise ValueError(f"write {', '.join(_CUSTOMER_TYPES)}")
    return Condition(_CUSTOMER_TYPES[value])


DIMENSIONS: Mapping[str, Dimension] = {
    "customer_type": _customer_type,
    "source": column("orders.source_name"),
    "channel": column("orders.channel"),
    "utm_source": column("orders.utm_source"),
    "utm_medium": column("orders.utm_medium"),
    "utm_campaign": column("orders.utm_campaign"),
    "first_utm_source": column("orders.first_utm_source"),
    "first_utm_medium": column("orders.first_utm_medium"),
    "first_utm_campaign": column("orders.first_utm_campaign"),
    "referrer": column("orders.referrer"),
    "discount_code": lower_case_column("orders.discount_code"),
    "product_type": column("order_sales.product_type"),
    "vendor": column("order_sales.vendor"),
    "is_subscription": flag("facts.is_subscription"),
    "is_b2b": flag("orders.is_b2b"),
}


def is_of_lines(condition: Condition) -> bool:
    return condition.reads("order_sales")


def _facts(asked: Asked) -> str:
    """The table of orders with their numbers: kept orders are numbered among themselves if anybody looks."""
    reads_numbers = {"nth", *_RANKS} & asked.words or any("nth" in condition.sql for condition in asked.conditions)
    return numbered(asked) if reads_numbers else "order_facts"


def numbered(asked: Asked) -> str:
    """The table with the order numbers of the population."""
    return "kept_orders" if asked.population == "kept" else "order_facts"


def _conditions(asked: Asked) -> list[Condition]:
    """Of the segment and, where no numbers are read, of the population."""
    is_filtered_here = asked.population == "kept" and _facts(asked) == "order_facts"
    return [*asked.conditions, Condition(IS_KEPT)] if is_filtered_here else list(asked.conditions)


def defined(table: str) -> dict[str, str]:
    """The CTE behind a table of orders with their numbers, where it is one."""
    return {"kept_orders": _KEPT_ORDERS} if table == "kept_orders" else {}


def _orders_in_scope(asked: Asked) -> Rows:
    wanted = _conditions(asked)
    of_lines = [condition for condition in wanted if is_of_lines(condition)]
    of_orders = [condition for condition in wanted if not is_of_lines(condition)]
    columns = ["facts.order_id", "facts.order_date", "facts.customer_id", "facts.nth"]
    is_ranked = bool(_RANKS & asked.words)
    if is_ranked:
        columns += _ranks_in_scope() if wanted else _ranks_on_facts()
    columns += [f"{'order_lines' if of_lines else 'facts'}.{name}" for name in _AMOUNTS]
    tables = [f"from {_facts(asked)} as facts", *join_orders(of_orders)]
    if of_lines:
        tables.append(f"join (\n{indent(_order_lines(of_lines), '    ')}\n) as order_lines")
        tables.append("    on order_lines.order_id = facts.order_id")
    clauses = ["facts.shop_id = :shop_id", *(condition.sql for condition in of_orders)]
    history = [_HISTORY] if is_ranked and wanted else []
    text = "\n".join([select(columns), *tables, where(clauses), *history])
    return Rows("orders_in_scope", text, "order_date", defined(_facts(asked)))


def _sales_in_scope(asked: Asked) -> Rows:
    wanted = _conditions(asked)
    columns = ["order_sales.event_date", "facts.order_date as placed_date", "facts.order_id"]
    columns += [f"order_sales.{name}" for name in _LEDGER]
    of_orders = [condition for condition in wanted if not is_of_lines(condition)]
    # What the day is read off comes first, and looks up the other: the order of a cross join is SQLite's to keep.
    facts, day = f"{_facts(asked)} as facts", "event_date"
    tables = ["from order_sales", f"cross join {facts}", *join_orders(of_orders)]
    if asked.date_basis == "order_day":
        tables, day = [f"from {facts}", "cross join order_sales", *join_orders(of_orders)], "placed_date"
    clauses = [
        "order_sales.shop_id = :shop_id",
        "facts.shop_id = order_sales.shop_id",
        "facts.order_id = order_sales.order_id",
        *(condition.sql for condition in wanted),
    ]
    if len(of_orders) < len(wanted):
        clauses.append("order_sales.line_type = 'PRODUCT'")
    return Rows("sales_in_scope", "\n".join([select(columns), *tables, where(clauses)]), day, defined(_facts(asked)))


_HISTORY = "window history as (partition by facts.customer_id order by facts.nth)"


# Orders neither cancelled, voided nor expired, in the columns of the facts, numbered among themselves.
_KEPT_ORDERS = f"""\
select
    order_facts.shop_id,
    order_facts.order_id,
    order_facts.order_date,
    order_facts.customer_id,
    case when order_facts.customer_id is not null then row_number() over history end as nth,
    case when order_facts.customer_id is not null then lag(order_facts.order_date) over history end as prev_date,
    lead(order_facts.order_date) over history as next_date,
    order_facts.gross_sales_minor,
    order_facts.discounts_minor,
    order_facts.units,
    order_facts.is_subscription
from order_facts
join orders
    on orders.shop_id = order_facts.shop_id
    and orders.order_id = order_facts.order_id
where order_facts.shop_id = :shop_id
  and {IS_KEPT}
window history as (partition by order_facts.customer_id order by order_facts.nth)"""


def _ranks_on_facts() -> list[str]:
    """Of the order before, when the whole population is in scope: the facts know."""
    return ["facts.prev_date", "nullif(facts.nth - 1, 0) as prev_nth", "facts.nth as scope_nth"]


def _ranks_in_scope() -> list[str]:
    """Of the order before in scope."""
    known = "case when facts.customer_id is not null then"
    return [
        f"{known} lag(facts.order_date) over history end as prev_date",
        f"{known} lag(facts.nth) over history end as prev_nth",
        f"{known} row_number() over history end as scope_nth",
    ]


def _order_lines(wanted: Sequence[Condition]) -> str:
    """Orders that were placed with such a product line, and what those lines came to."""
    columns = [
        "order_sales.order_id",
        "sum(order_sales.gross_sales_minor) as gross_sales_minor",
        "sum(order_sales.discounts_minor) as discounts_minor",
        "coalesce(sum(order_sales.quantity), 0) as units",
    ]
    clauses = ["order_sales.shop_id = :shop_id", "order_sales.is_placing", "order_sales.line_type = 'PRODUCT'"]
    clauses += [condition.sql for condition in wanted]
    return "\n".join([select(columns), "from order_sales", where(clauses), "group by order_sales.order_id"])


def join_orders(wanted: Sequence[Condition]) -> list[str]:
    if not any(condition.reads("orders") for condition in wanted):
        return []
    return [
        "join orders",
        "    on orders.shop_id = facts.shop_id",
        "    and orders.order_id = facts.order_id",
    ]


# --- what was left out -----------------------------------------------------------------------------------------------

_BY_ORDER_DAY = """\
select orders.*
from orders
where orders.shop_id = :shop_id
  and orders.processed_date >= :window_start
  and orders.processed_date < :window_end"""

_WITH_AN_EVENT = """\
select distinct order_sales.order_id
from order_sales
where order_sales.shop_id = :shop_id
  and order_sales.event_date >= :window_start
  and order_sales.event_date < :window_end"""


def _by_event_day(asked: Asked) -> str:
    """Orders with a ledger entry in the window; and those placed in it where they are counted themselves."""
    ids = _WITH_AN_EVENT
    if "counted_orders" in asked.words:
        ids = f"{ids}\nunion\n{_BY_ORDER_DAY.replace('orders.*', 'orders.order_id')}"
    return "\n".join([
        f"select orders.*\nfrom (\n{indent(ids, '    ')}\n) as in_window\ncross join orders",
        where(["orders.shop_id = :shop_id", "orders.order_id = in_window.order_id"]),
    ])  # fmt: skip


def _looked_at(asked: Asked, scope: Mapping[str, str]) -> dict[str, str]:
    in_window = _by_event_day(asked) if asked.date_basis == "event_day" else _BY_ORDER_DAY
    return by_reason(in_window, asked, scope if asked.conditions else {}, SOURCES)


def by_reason(
    in_window: str, asked: Asked, scope: Mapping[str, str], sources: Collection[str], more: Sequence[str] = ()
) -> dict[str, str]:
    """Orders by the first reason that fits: `deleted` and `test` are never counted; `not_kept` in the kept population
    is cancelled, voided or expired; `no_customer` where a metric is about customers; `more`; `outside_segment`.
    """
    reasons = ["when orders.deleted_at is not null then 'deleted'", "when orders.is_test then 'test'"]
    if asked.population == "kept":
        reasons.append(f"when not ({IS_KEPT}) then 'not_kept'")
    if "no_customer" in asked.leaves_out:
        reasons.append("when orders.customer_id is null then 'no_customer'")
    reasons += more
    if asked.conditions:
        in_segment = " union ".join(f"select order_id from {name}" for name in sources if name in scope)
        reasons.append(f"when orders.order_id not in ({in_segment}) then 'outside_segment'")
    cases = "\n        ".join(reasons)
    looked_at = f"""select
    case
        {cases}
        else 'counted'
    end as reason,
    1 as row_count,
    orders.order_id as row_id,
    orders.order_name as row_name,
    orders.processed_date as row_date
from orders_in_window as orders"""
    return {**scope, "orders_in_window": in_window, "looked_at": looked_at}


SOURCES = {"counted_orders": _orders_in_scope, "counted_sales": _sales_in_scope}

# --- what changed ----------------------------------------------------------------------------------------------------


def _changed(table: str, columns: Sequence[str]) -> str:
    clauses = ["changed.shop_id = :shop_id", "changed.batch > :batch", "changed.batch <= :batch_upto"]
    return "\n".join([select(columns), f"from {table} as changed", where([*clauses, "changed.is_new = :is_new"])])


CHANGES = {
    "counted_orders": Rows(
        "orders_in_scope",
        _changed(
            "order_fact_changes",
            [
                "changed.order_id",
                "changed.order_date",
                "case when changed.has_customer then 0 end as customer_id",
                "changed.nth",
                "changed.prev_date",
                "nullif(changed.nth - 1, 0) as prev_nth",
                "changed.nth as scope_nth",
                *(f"changed.{name}" for name in _AMOUNTS),
            ],
        ),
        "order_date",
    ),
    "counted_sales": Rows(
        "sales_in_scope",
        _changed(
            "order_sale_changes", ["changed.event_date", "changed.order_id", *(f"changed.{name}" for name in _LEDGER)]
        ),
        "event_date",
    ),
}

CLOSED = {"customer_type": tuple(_CUSTOMER_TYPES), "is_subscription": FLAGS, "is_b2b": FLAGS}

ORDERS = Family(
    "orders",
    SOURCES,
    DIMENSIONS,
    ("all", "kept"),
    _looked_at,
    closed=CLOSED,
    changed_by=(ORDER_DAY, EVENT_DAY, ORDER_READ),
    segments_changed_by=(EVENT_READ,),
    changes=CHANGES,
)
