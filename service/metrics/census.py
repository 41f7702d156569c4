"""Which orders an answer was counted from, and how many were left out for which reason.

The reasons, first that fits: `deleted` and `test` are never counted; `not_kept` in the kept population is cancelled,
voided or expired; `no_customer` where a metric is about customers; `outside_segment`. By event day, the orders are
those with a ledger entry in the window.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from service.metrics.scope import IS_KEPT, Query, Running, Scope
from service.values import Window

_BY_ORDER_DAY = """
select orders.*
from orders
where orders.shop_id = :shop_id
  and orders.processed_date >= :window_start
  and orders.processed_date < :window_end
"""

_BY_EVENT_DAY = """
select orders.*
from (
    select distinct order_sales.order_id
    from order_sales
    where order_sales.shop_id = :shop_id
      and order_sales.event_date >= :window_start
      and order_sales.event_date < :window_end
) as with_an_event
cross join orders
where orders.shop_id = :shop_id
  and orders.order_id = with_an_event.order_id
"""


def census(connection: Connection, scope: Scope, window: Window) -> dict[str, int]:
    """Orders of the window by reason, `counted` for those that are in the answer."""
    rows = connection.execute(census_query(scope, window).statement())
    return {row.reason: row.order_count for row in rows}


def census_query(scope: Scope, window: Window) -> Query:
    """The SQL behind `census`: a row a reason."""
    mode = Running(window.start or date.min, window.end)
    reasons = ["when orders.deleted_at is not null then 'deleted'", "when orders.is_test then 'test'"]
    if scope.population == "kept":
        reasons.append(f"when not ({IS_KEPT}) then 'not_kept'")
    if "no_customer" in scope.metric.leaves_out:
        reasons.append("when orders.customer_id is null then 'no_customer'")
    composed = "with "
    if scope.segment.where:
        composed += "".join(f"{name} as ({body}),\n" for name, body in scope.ctes(mode).items())
        reasons.append(f"when orders.order_id not in ({_in_segment(scope)}) then 'outside_segment'")
    looked_at = _BY_EVENT_DAY if scope.metric.date_basis == "event_day" else _BY_ORDER_DAY
    composed += f"orders_looked_at as ({looked_at})\n"
    cases = "\n        ".join(reasons)
    composed += f"""select
    case
        {cases}
        else 'counted'
    end as reason,
    count(*) as order_count
from orders_looked_at as orders
group by reason"""
    return Query(composed, *scope.binds(mode))


def _in_segment(scope: Scope) -> str:
    tables = [name for name in ("counted_orders", "counted_sales") if name in scope.metric.words]
    return " union ".join(f"select order_id from {table}" for table in tables)
