"""Order facts, kept equal to what a full rebuild would give after any change, at a cost that follows the change.

A fact row carries what an order means in its customer's history (`nth`, `prev_date`) and its sums at order time, so
that "first order in the window" is a predicate and needs no COUNT(DISTINCT). One order can move the order numbers of
every later order of its customer, so a refresh looks at all orders of the customers touched: those the changed orders
belong to now (from `orders`) and those they belonged to before (from the facts). A late old order, a deletion, a
test flag or a customer merge is therefore nothing special. A customer who was merged away counts as the one that was
kept. Only rows that differ are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, Engine, text

# Scratch tables of this connection, made anew because an emptied one keeps its dead rows and its old statistics;
# SQLite and PostgreSQL agree on this much of temporary tables.
_SCRATCH = (
    "drop table if exists affected_orders",
    "drop table if exists changed_facts",
    "create temporary table affected_orders (order_id bigint primary key)",
    "create temporary table changed_facts as select * from order_facts where false",
)

# Below, each affected order is looked up by its key and never scanned for: SQLite keeps the order of a `cross join`
# (PostgreSQL plans it as any other join).

_AFFECT_CHANGED = text("insert into affected_orders (order_id) values (:order_id) on conflict do nothing")

_AFFECT_THEIR_CUSTOMERS = text("""
insert into affected_orders (order_id)
with names as (
    select orders.customer_id
    from affected_orders
    cross join orders
    where orders.shop_id = :shop_id and orders.order_id = affected_orders.order_id
    union
    select order_facts.customer_id
    from affected_orders
    cross join order_facts
    where order_facts.shop_id = :shop_id and order_facts.order_id = affected_orders.order_id
),
histories as (
    select coalesce(customer_aliases.kept_id, names.customer_id) as customer_id
    from names
    left join customer_aliases
        on customer_aliases.shop_id = :shop_id
        and customer_aliases.customer_id = names.customer_id
)
select orders.order_id
from orders
where orders.shop_id = :shop_id
  and orders.customer_id in (
    select customer_id from histories
    union
    select customer_aliases.customer_id
    from histories
    cross join customer_aliases
    where customer_aliases.shop_id = :shop_id and customer_aliases.kept_id = histories.customer_id
  )
on conflict do nothing
""")

_AFFECT_ALL = text("""
insert into affected_orders (order_id)
select order_id from orders where shop_id = :shop_id
union
select order_id from order_facts where shop_id = :shop_id
""")

# Sums come before ranks in one pass, because PostgreSQL cannot guess how many rows a joined CTE has.
_FIND_CHANGED_FACTS = text("""
insert into changed_facts (
    shop_id, order_id, order_date, customer_id, nth, prev_date,
    gross_sales_minor, discounts_minor, units, is_subscription
)
with at_order_time as (
    select
        orders.order_id,
        orders.processed_at,
        orders.processed_date as order_date,
        coalesce(customer_aliases.kept_id, orders.customer_id) as customer_id,
        coalesce(sum(order_sales.gross_sales_minor), 0) as gross_sales_minor,
        coalesce(sum(order_sales.discounts_minor), 0) as discounts_minor,
        coalesce(sum(order_sales.quantity), 0) as units,
        count(*) filter (where order_sales.is_subscription) > 0 as is_subscription
    from affected_orders
    cross join orders
    left join customer_aliases
        on customer_aliases.shop_id = orders.shop_id
        and customer_aliases.customer_id = orders.customer_id
    left join order_sales
        on order_sales.shop_id = orders.shop_id
        and order_sales.order_id = orders.order_id
        and order_sales.is_placing
        and order_sales.line_type = 'PRODUCT'
    where orders.shop_id = :shop_id
      and orders.order_id = affected_orders.order_id
      and orders.deleted_at is null
      and not orders.is_test
    group by
        orders.order_id, orders.processed_at, orders.processed_date, orders.customer_id, customer_aliases.kept_id
)
select
    :shop_id,
    order_id,
    order_date,
    customer_id,
    case when customer_id is not null then row_number() over history end,
    case when customer_id is not null then lag(order_date) over history end,
    gross_sales_minor,
    discounts_minor,
    units,
    is_subscription
from at_order_time
window history as (partition by customer_id order by processed_at, order_id)
except
select
    order_facts.shop_id,
    order_facts.order_id,
    order_facts.order_date,
    order_facts.customer_id,
    order_facts.nth,
    order_facts.prev_date,
    order_facts.gross_sales_minor,
    order_facts.discounts_minor,
    order_facts.units,
    order_facts.is_subscription
from affected_orders
cross join order_facts
where order_facts.shop_id = :shop_id
  and order_facts.order_id = affected_orders.order_id
""")

_NO_LONGER_COUNTED = """
    from affected_orders
    cross join order_facts
    left join orders on orders.shop_id = order_facts.shop_id and orders.order_id = order_facts.order_id
    where order_facts.shop_id = :shop_id
      and order_facts.order_id = affected_orders.order_id
      and (orders.order_id is null or orders.deleted_at is not null or orders.is_test)
"""

# The days before and after: a moved order touches both.
_EARLIEST_CHANGE = text(f"""
select min(order_date) as order_date
from (
    select min(order_date) as order_date from changed_facts
    union all
    select min(order_facts.order_date)
    from changed_facts
    cross join order_facts
    where order_facts.shop_id = :shop_id and order_facts.order_id = changed_facts.order_id
    union all
    select min(order_facts.order_date) {_NO_LONGER_COUNTED}
) as touched
""")

_FORGET_UNCOUNTED = text(f"""
delete from order_facts
where shop_id = :shop_id and order_id in (select order_facts.order_id {_NO_LONGER_COUNTED})
""")

# `where true` tells SQLite's parser that "on conflict" is no join condition.
_WRITE_CHANGED = text("""
insert into order_facts (
    shop_id, order_id, order_date, customer_id, nth, prev_date,
    gross_sales_minor, discounts_minor, units, is_subscription
)
select
    shop_id, order_id, order_date, customer_id, nth, prev_date,
    gross_sales_minor, discounts_minor, units, is_subscription
from changed_facts
where true
on conflict (shop_id, order_id) do update set
    order_date = excluded.order_date,
    customer_id = excluded.customer_id,
    nth = excluded.nth,
    prev_date = excluded.prev_date,
    gross_sales_minor = excluded.gross_sales_minor,
    discounts_minor = excluded.discounts_minor,
    units = excluded.units,
    is_subscription = excluded.is_subscription
""")


def refresh(connection: Connection, shop_id: int, order_ids: Sequence[int]) -> date | None:
    """The earliest order day whose facts changed, before or after; None when all facts stood."""
    if not order_ids:
        return None
    _make_scratch(connection)
    connection.execute(_AFFECT_CHANGED, [{"order_id": order_id} for order_id in order_ids])
    _tell_planner(connection, "affected_orders")
    connection.execute(_AFFECT_THEIR_CUSTOMERS, {"shop_id": shop_id})
    _tell_planner(connection, "affected_orders")
    return _write_differences(connection, shop_id)


def rebuild(connection: Connection, shop_id: int) -> date | None:
    """The same for every order of the shop: what a refresh of everything would do, and the measure of it."""
    _make_scratch(connection)
    connection.execute(_AFFECT_ALL, {"shop_id": shop_id})
    _tell_planner(connection, "affected_orders")
    return _write_differences(connection, shop_id)


def tell_planner(engine: Engine) -> None:
    """Statistics of the tables a rebuild joins, in a transaction of their own: their lock would hold up other shops."""
    with engine.begin() as connection:
        _tell_planner(connection, "orders, order_sales, order_facts")


def _tell_planner(connection: Connection, tables: str) -> None:
    """Statistics for PostgreSQL, which takes a table just filled for nearly empty and loops over it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"analyze {tables}")


def _make_scratch(connection: Connection) -> None:
    for statement in _SCRATCH:
        connection.exec_driver_sql(statement)


def _write_differences(connection: Connection, shop_id: int) -> date | None:
    shop = {"shop_id": shop_id}
    connection.execute(_FIND_CHANGED_FACTS, shop)
    _tell_planner(connection, "changed_facts")
    earliest = connection.execute(_EARLIEST_CHANGE, shop).scalar()
    if earliest is None:
        return None
    connection.execute(_FORGET_UNCOUNTED, shop)
    connection.execute(_WRITE_CHANGED, shop)
    return date.fromisoformat(earliest) if isinstance(earliest, str) else earliest
