"""The lines of a bulk file, landed: orders, agreements and sales, wherever in the file they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from service.connectors import orders
from service.connectors.convert import Converter, gid
from service.connectors.work import Work
from service.errors import UnexpectedShape
from service.store import landing, lookup, runs
from service.store.engine import Connection
from service.values import Batch

Child = orders.AgreementLine | orders.SaleLine


def land_lines(work: Work, lines: Iterable[orders.AnyLine]) -> int:
    """How many orders the lines held. A child may come long after its parent, or before it."""
    convert, parents = Converter(work.shop), orders.Parents()
    found = 0
    waiting: list[Child] = []
    for rows in batches(lines, work.sizes.batch_lines, convert, parents):
        found += len(rows.orders)
        waiting = _land(work, rows, [*waiting, *rows.orphans], convert, parents)
    if waiting:
        raise UnexpectedShape(
            f"{len(waiting)} lines belong to nothing in the file, the first to {waiting[0].parent_id}"
        )
    return found


def batches(
    lines: Iterable[orders.AnyLine], size: int, convert: Converter, parents: orders.Parents
) -> Iterator[orders.Rows]:
    """The rows of every `size` lines; a line is forgotten as soon as it is a row."""
    iterator = iter(lines)
    while rows := orders.to_rows(islice(iterator, size), convert, parents):
        yield rows


def _land(
    work: Work, rows: orders.Rows, orphans: list[Child], convert: Converter, parents: orders.Parents
) -> list[Child]:
    """Land a batch, then the children whose parents an earlier one landed; those still without one are returned."""
    shop_id = work.shop.shop_id
    work.check_stop()
    with work.engine.begin() as connection:
        work.renew(connection)
        landed = landing.land(connection, shop_id, Batch(rows.by_table()), now=work.clock(), in_bulk=True)
        total, changed = landed.rows, landed.changed
        while orphans:
            _look_up(connection, shop_id, orphans, parents)
            found = orders.to_rows(orphans, convert, parents)
            again = landing.land(connection, shop_id, Batch(found.by_table()), now=work.clock(), in_bulk=True)
            total, changed = total + again.rows, changed + again.changed
            if len(found.orphans) == len(orphans):
                break
            orphans = found.orphans
        runs.progress(connection, shop_id, work.run_id, total, changed)
    parents.forget_old()
    if work.progress:
        work.progress.landed(len(rows.orders))
    return orphans


def _look_up(connection: Connection, shop_id: int, orphans: list[Child], parents: orders.Parents) -> None:
    """Teach `parents` the landed parents of `orphans`."""
    of_orders = {gid(line.parent_id): line.parent_id for line in orphans if isinstance(line, orders.AgreementLine)}
    of_agreements = {gid(line.parent_id): line.parent_id for line in orphans if isinstance(line, orders.SaleLine)}
    for order_id, order_date in lookup.order_days(connection, shop_id, of_orders).items():
        parents.orders[of_orders[order_id]] = order_date
    for agreement_id, (order_id, event_date, is_placing) in lookup.agreements(
        connection, shop_id, of_agreements
    ).items():
        placed = orders.Placed(order_id, agreement_id, event_date, is_placing)
        parents.agreements[of_agreements[agreement_id]] = placed
