"""What campaigns cost and brought: `counted_spend`, a row a day and campaign, and `last_click_orders`, a row an order.

An order is a campaign's by its last visit, from the campaign's first costly day on. What a campaign's row leaves empty
may be anything; a row that names nothing bought visits that nobody can tell, and has no orders. Neither is counted
beyond the last day that spend is known for: sales without their costs would flatter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.metrics.families.family import Asked, Family, Rows, select, where
from service.metrics.segments import Dimension, column
from service.store.changes import ORDER_DAY, ORDER_READ, SPEND_DAY

UTM = ("utm_source", "utm_medium", "utm_campaign")

# Spend and orders stand under one name, so that one condition is about both.
DIMENSIONS: Mapping[str, Dimension] = {name: column(f"traffic.{name}") for name in UTM}

# A file says how far spend is known; plans do where there is none.
_REACH = """\
select coalesce(max(case when initiative_id = '' then spend_date end), max(spend_date)) as last_day
from ad_spend
where shop_id = :shop_id"""

_PAID = """\
select utm_source, utm_medium, utm_campaign, min(spend_date) as since
from ad_spend
where shop_id = :shop_id
  and amount_minor > 0
  and (utm_source <> '' or utm_medium <> '' or utm_campaign <> '')
group by utm_source, utm_medium, utm_campaign"""

# Which of the three values spend is told apart by: few ways, so that an order looks its campaign up in each.
_WAYS = """\
select distinct utm_source <> '' as by_source, utm_medium <> '' as by_medium, utm_campaign <> '' as by_campaign
from paid_traffic"""

# Orders first, each looking up what its visit may have cost: the order of a cross join is SQLite's to keep.
_ORDERS = """\
from spend_reach
cross join order_facts as facts
cross join orders as traffic
cross join ways
cross join paid_traffic"""

_WAS_PAID_FOR = [
    "traffic.shop_id = facts.shop_id",
    "traffic.order_id = facts.order_id",
    "coalesce(traffic.utm_source, traffic.utm_medium, traffic.utm_campaign) is not null",
    *(
        f"paid_traffic.{name} = case when ways.by_{name[4:]} then coalesce(traffic.{name}, '') else '' end"
        for name in UTM
    ),
    "paid_traffic.since <= facts.order_date",
]


def _spend_in_scope(asked: Asked) -> Rows:
    clauses = ["traffic.shop_id = :shop_id", "traffic.spend_date <= spend_reach.last_day"]
    clauses += [condition.sql for condition in asked.conditions]
    columns = select(["traffic.spend_date", "traffic.amount_minor"])
    text = "\n".join([columns, "from ad_spend as traffic\ncross join spend_reach", where(clauses)])
    return Rows("spend_in_scope", text, "spend_date", {"spend_reach": _REACH})


def _orders_in_scope(asked: Asked) -> Rows:
    columns = ["facts.order_id", "facts.order_date", "facts.gross_sales_minor", "facts.discounts_minor"]
    clauses = ["facts.shop_id = :shop_id", "facts.order_date <= spend_reach.last_day", *_WAS_PAID_FOR]
    clauses += [condition.sql for condition in asked.conditions]
    once = select(columns).replace("select", "select distinct", 1)  # also where several rows of spend fit
    text = "\n".join([once, _ORDERS, where(clauses)])
    return Rows("orders_in_scope", text, "order_date", {"spend_reach": _REACH, "paid_traffic": _PAID, "ways": _WAYS})


def _looked_at(asked: Asked, scope: Mapping[str, str]) -> dict[str, str]:
    """Rows of spend and orders by reason: `deleted` and `test`, `beyond_spend`, `outside_segment`, `no_paid_click`."""
    found, parts = dict(scope), []
    if "counted_spend" in asked.words:
        name = "traffic.utm_source || ' / ' || traffic.utm_medium || ' / ' || traffic.utm_campaign as row_name"
        row = ["cast(null as bigint) as row_id", name]
        parts.append(_by_reason(_common_reasons(asked, "spend_date"), row, "ad_spend as traffic", "spend_date"))
    if "last_click_orders" in asked.words:
        found["clicked as materialized"] = "select order_id from last_click_orders"
        reasons = ["when traffic.deleted_at is not null then 'deleted'", "when traffic.is_test then 'test'"]
        reasons += _common_reasons(asked, "processed_date")
        reasons.append("when clicked.order_id is null then 'no_paid_click'")
        row = ["traffic.order_id as row_id", "traffic.order_name as row_name"]
        orders = "orders as traffic\nleft join clicked\n    on clicked.order_id = traffic.order_id"
        parts.append(_by_reason(reasons, row, orders, "processed_date"))
    return {**found, "looked_at": "\nunion all\n".join(parts)}


def _common_reasons(asked: Asked, day: str) -> list[str]:
    found = [f"when not coalesce(traffic.{day} <= spend_reach.last_day, false) then 'beyond_spend'"]
    return found + [f"when not ({condition.sql}) then 'outside_segment'" for condition in asked.conditions]


def _by_reason(reasons: Sequence[str], row: Sequence[str], tables: str, day: str) -> str:
    reason = f"case {' '.join(reasons)} else 'counted' end as reason"
    columns = select([reason, "1 as row_count", *row, f"traffic.{day} as row_date"])
    in_window = [f"traffic.{day} >= :window_start", f"traffic.{day} < :window_end"]
    clauses = where(["traffic.shop_id = :shop_id", *in_window])
    return "\n".join([columns, f"from {tables}\ncross join spend_reach", clauses])


_TRAFFIC = f"""\
(
    select shop_id, {", ".join(UTM)} from ad_spend
    union all
    select shop_id, {", ".join(UTM)} from orders
) as traffic"""

MARKETING = Family(
    "spend and the sales it brought",
    {"counted_spend": _spend_in_scope, "last_click_orders": _orders_in_scope},
    DIMENSIONS,
    ("all",),
    _looked_at,
    unread="are not all known: okrsync spend import takes earlier days, with the amount 0 where nothing was spent",
    rests_on={"last_click_orders": frozenset(UTM)},
    changed_by=(SPEND_DAY, ORDER_DAY, ORDER_READ),
    tables={"traffic": _TRAFFIC},
)
