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
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, select, text

from service.store import changes
from service.store.tables import order_fact_changes, order_facts, order_sale_changes

# Scratch tables of this connection, made anew because an emptied one keeps its dead rows and its old statistics;
# SQLite and PostgreSQL agree on this much of temporary tables.
_SCRATCH = (
    "drop table if exists affected_orders",
    "drop table if exists changed_facts",
    "create temporary table affected_orders (order_id bigint primary key)",
    "create temporary table changed_facts as select * from order_facts where false",
)

_LEDGER = [each.name for each in order_sale_changes.columns if each.name not in ("shop_id", "batch", "is_new")]
"""What is written down of a ledger row that changed."""

# Counted ledger rows of the orders that are about to change: what they were is gone afterwards.
_SALES = f"""
    {", ".join(f"order_sales.{name}" for name in _LEDGER)}
from changing_orders
cross join order_sales
cross join order_facts
where order_sales.shop_id = :shop_id
  and order_sales.order_id = changing_orders.order_id
  and order_facts.shop_id = :shop_id
  and order_facts.order_id = changing_orders.order_id
"""

_SALES_SCRATCH = (
    "drop table if exists changing_orders",
    "drop table if exists sales_before",
    "create temporary table changing_orders (order_id bigint primary key)",
    f"create temporary table sales_before as select {', '.join(_LEDGER)} from order_sales where false",
)

_CHANGING = text("insert into changing_orders (order_id) values (:order_id) on conflict do nothing")
_REMEMBER_SALES = text(f"insert into sales_before select {_SALES}")


def _changed_sales(rows: str, but: str, is_new: str) -> str:
    return f"""
insert into order_sale_changes (shop_id, batch, is_new, {", ".join(_LEDGER)})
select :shop_id, :batch, {is_new}, changed.* from (select {rows} except select {but}) as changed
"""


_NOTE_CHANGED_SALES = (
    text(_changed_sales("* from sales_before", _SALES, "false")),
    text(_changed_sales(_SALES, "* from sales_before", "true")),
)

_COLUMNS = [column.name for column in order_facts.columns]
_NOTED = "order_date, customer_id is not null, nth, prev_date, gross_sales_minor, discounts_minor, units"

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
_FIND_CHANGED_FACTS = text(f"""
insert into changed_facts ({", ".join(_COLUMNS)})
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
    case when customer_id is not null then row_number() over history end as nth,
    case when customer_id is not null then lag(order_date) over history end as prev_date,
    gross_sales_minor,
    discounts_minor,
    units,
    is_subscription
from at_order_time
window history as (partition by customer_id order by processed_at, order_id)
except
select {", ".join(f"order_facts.{name}" for name in _COLUMNS)}
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

_NOTE_CHANGED_FACTS = text(f"""
insert into order_fact_changes (
    shop_id, batch, is_new, order_id, order_date, has_customer, nth, prev_date, gross_sales_minor, discounts_minor,
    units
)
select :shop_id, :batch, true, order_id, {_NOTED} from changed_facts
union all
select :shop_id, :batch, false, order_id, {_NOTED}
from order_facts
where shop_id = :shop_id and order_id in (
    select changed_facts.order_id from changed_facts
    union all
    select order_facts.order_id {_NO_LONGER_COUNTED}
)
""")

# Orders that count as another customer's now: after a merge, or handed over.
_MOVED_DAYS = text("""
select distinct changed_facts.order_date
from changed_facts
cross join order_facts
where order_facts.shop_id = :shop_id
  and order_facts.order_id = changed_facts.order_id
  and coalesce(order_facts.customer_id, 0) <> coalesce(changed_facts.customer_id, 0)
""")

_FORGET_UNCOUNTED = text(f"""
delete from order_facts
where shop_id = :shop_id and order_id in (select order_facts.order_id {_NO_LONGER_COUNTED})
""")

# Of all customers concerned, also of one whose last order is gone.
_FIRST_DAYS = text("""
select firsts.order_date
from affected_orders
cross join order_facts as firsts
where firsts.shop_id = :shop_id and firsts.order_id = affected_orders.order_id and firsts.nth = 1
union
select order_date from order_fact_changes where shop_id = :shop_id and batch = :batch and nth = 1
""")

# By its own day, not by that of what changed about it: a reversal is one of its order, however late it comes.
_EARLIEST_ORDER = text("""
select min(order_date)
from (
    select order_date from order_fact_changes where shop_id = :shop_id and batch = :batch
    union all
    select order_facts.order_date
    from order_sale_changes
    cross join order_facts
    where order_sale_changes.shop_id = :shop_id
      and order_sale_changes.batch = :batch
      and order_facts.shop_id = order_sale_changes.shop_id
      and order_facts.order_id = order_sale_changes.order_id
) as changed
""")

# Whatever changed about an order, it may be in another segment now, and all of its ledger with it; the orders after it
# may be another kind of customer's.
_DAYS_READ = {
    changes.ORDER_READ: text("""
select distinct orders.processed_date
from changing_orders
cross join orders
where orders.shop_id = :shop_id and orders.order_id = changing_orders.order_id
"""),
    changes.EVENT_READ: text("""
select distinct order_sales.event_date
from (select order_id from changing_orders union select order_id from changed_facts) as read
cross join order_sales
where order_sales.shop_id = :shop_id and order_sales.order_id = read.order_id
"""),
}

LONGEST_HORIZON = timedelta(days=366)
"""An order later than this after its customer's first is no concern of any cohort metric."""

# `where true` tells SQLite's parser that "on conflict" is no join condition.
_WRITE_CHANGED = text(f"""
insert into order_facts ({", ".join(_COLUMNS)})
select {", ".join(_COLUMNS)} from changed_facts
where true
on conflict (shop_id, order_id) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("shop_id", "order_id"))}
""")


def remember(connection: Connection, shop_id: int, order_ids: Sequence[int]) -> None:
    """Keep what counts of the ledger of these orders, before their rows change; `refresh` tells the difference."""
    for statement in _SALES_SCRATCH:
        connection.exec_driver_sql(statement)
    connection.execute(_CHANGING, [{"order_id": order_id} for order_id in order_ids])
    connection.execute(_REMEMBER_SALES, {"shop_id": shop_id})


def refresh(
    connection: Connection, shop_id: int, order_ids: Sequence[int], *, remembered: bool = False, cause: str = ""
) -> date | None:
    """The earliest order day whose facts changed, before or after; None when all facts stood.

    What changed is written down for the readings, with its `cause` when the source rows do not tell. Whoever changes
    rows of the ledger lets them be `remembered` first.
    """
    if not order_ids:
        return None
    if not remembered:
        remember(connection, shop_id, order_ids)
    _make_scratch(connection)
    connection.execute(_AFFECT_CHANGED, [{"order_id": order_id} for order_id in order_ids])
    _tell_planner(connection, "affected_orders")
    connection.execute(_AFFECT_THEIR_CUSTOMERS, {"shop_id": shop_id})
    _tell_planner(connection, "affected_orders")
    batch = changes.new_batch(connection, shop_id)
    earliest = _write_differences(connection, shop_id, batch, cause)
    for statement in _NOTE_CHANGED_SALES:
        connection.execute(statement, {"shop_id": shop_id, "batch": batch})
    _note_days(connection, shop_id, batch, cause)
    return earliest


def _note_days(connection: Connection, shop_id: int, batch: int, cause: str) -> None:
    """The days of the rows that changed, and those on which the customers concerned had begun to be customers."""
    mine = {"shop_id": shop_id, "batch": batch}
    for basis, read in _DAYS_READ.items():
        changes.note_days(connection, shop_id, batch, basis, map(_as_date, connection.scalars(read, mine)), cause)
    changed: list[date] = []
    of = {changes.ORDER_DAY: order_fact_changes.c.order_date, changes.EVENT_DAY: order_sale_changes.c.event_date}
    for basis, day in of.items():
        of_batch = (day.table.c.shop_id == shop_id) & (day.table.c.batch == batch)
        days = connection.scalars(select(day).where(of_batch).distinct()).all()
        changes.note_days(connection, shop_id, batch, basis, days, cause)
        changed += days
    if changed:
        begun = (_as_date(day) for day in connection.scalars(_FIRST_DAYS, mine))
        earliest = _as_date(connection.execute(_EARLIEST_ORDER, mine).scalar_one() or min(changed))
        recent = (day for day in begun if day >= earliest - LONGEST_HORIZON)
        changes.note_days(connection, shop_id, batch, changes.FIRST_ORDER_DAY, recent, cause)


def rebuild(connection: Connection, shop_id: int) -> date | None:
    """The same for every order of the shop: what a refresh of everything would do, and the measure of it.

    What changed is not written down: whoever rebuilds measures all days from the one given.
    """
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


def _write_differences(connection: Connection, shop_id: int, batch: int | None = None, cause: str = "") -> date | None:
    shop = {"shop_id": shop_id}
    connection.execute(_FIND_CHANGED_FACTS, shop)
    _tell_planner(connection, "changed_facts")
    earliest = connection.execute(_EARLIEST_CHANGE, shop).scalar()
    if earliest is None:
        return None
    if batch is not None:
        connection.execute(_NOTE_CHANGED_FACTS, {**shop, "batch": batch})
        moved = (_as_date(day) for day in connection.scalars(_MOVED_DAYS, shop))
        changes.note_days(connection, shop_id, batch, changes.ORDER_DAY, moved, cause or "customer")
    connection.execute(_FORGET_UNCOUNTED, shop)
    connection.execute(_WRITE_CHANGED, shop)
    return _as_date(earliest)


def _as_date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
