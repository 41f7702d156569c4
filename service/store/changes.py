"""What changed since the readings were made, written down with the change itself.

A number that is a sum over rows changes by the sum over the rows that changed: `order_fact_changes` and
`order_sale_changes` hold those as they counted before and as they count now. Of everything else `changed_days` holds
the days. Batches are numbered by the shop's note, whose row is locked from the first change of a transaction to its
end: a batch that can be seen is whole, and so are all before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Connection, delete, select, update

from service.store.tables import changed_days, metric_progress, order_fact_changes, order_sale_changes, pending_work
from service.store.upsert import put_all_if_absent, put_if_absent

ORDER_DAY, EVENT_DAY, FIRST_ORDER_DAY = "order_day", "event_day", "first_order_day"
ORDER_READ, EVENT_READ = "order_read", "event_read"
CHECKOUT_DAY, SESSION_DAY, SPEND_DAY = "checkout_day", "session_day", "spend_day"
"""What a changed day dates: rows of orders and of their ledger as they count, the first orders of customers whose
orders changed; orders of which anything at all may have changed, and their ledger; checkouts, sessions; spend, and
credit for it."""


Days = Mapping[str, Mapping[date, set[str]]]
"""By basis, each day with why it changed, as far as whoever changed it knew."""


def new_batch(connection: Connection, shop_id: int) -> int:
    """The number of a new batch; whoever else would write one for the shop waits for this transaction."""
    first = {"shop_id": shop_id, "measure_from": None, "notes": 0, "is_facts_stale": False}
    put_if_absent(connection, pending_work, first)
    mine = pending_work.c.shop_id == shop_id
    notes: int = connection.execute(select(pending_work.c.notes).where(mine).with_for_update()).scalar_one()
    connection.execute(update(pending_work).where(mine).values(notes=notes + 1))
    return notes + 1


def note_days(
    connection: Connection, shop_id: int, batch: int, basis: str, days: Iterable[date], cause: str = ""
) -> None:
    same = {"shop_id": shop_id, "batch": batch, "basis": basis, "cause": cause}
    put_all_if_absent(connection, changed_days, [{**same, "day": day} for day in set(days)])


def days_since(connection: Connection, shop_id: int, batch: int, upto: int) -> Days:
    """By basis the days that changed after `batch`, with why, as far as that is known; `upto` the last that is seen."""
    c = changed_days.c
    found: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = connection.execute(
        select(c.basis, c.day, c.cause).where(c.shop_id == shop_id, c.batch > batch, c.batch <= upto)
    )
    for basis, day, cause in rows:
        found[basis][day] |= {cause} - {""}
    return found


def forget(connection: Connection, shop_id: int, upto: int) -> None:
    """Everything is measured with the changes up to that batch; a metric that was not begins anew, if it comes back."""
    for table in (order_fact_changes, order_sale_changes, changed_days):
        connection.execute(delete(table).where(table.c.shop_id == shop_id, table.c.batch <= upto))
    behind = (metric_progress.c.shop_id == shop_id) & (metric_progress.c.batch < upto)
    connection.execute(delete(metric_progress).where(behind))
