"""The whole history of orders, through bulk operations: planned, read, verified, slice by slice.

    plan ─▶ start operations (a few ahead) ─▶ file ─▶ lines ─▶ rows ─▶ land ─▶ verify ─▶ slice is covered

The plan is stored, and a slice is covered only in the transaction that says it was verified, so a process that dies
anywhere is followed by one that goes on with what is left. Landing a line twice changes nothing.
"""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from service.connectors import orders
from service.connectors.convert import Converter, gid
from service.connectors.documents import operation
from service.connectors.windows import search, split
from service.errors import AccessDenied, Busy, Interrupted, OkrsyncError, TryAgain, UnexpectedShape
from service.shopify import bulk
from service.shopify.client import Client
from service.shopify.faults import FieldDenied
from service.shopify.pages import pages
from service.shopify.probe import orders_count
from service.store import landing, lookup, pending, runs, slices
from service.store.doubts import doubts
from service.store.engine import Connection, Engine
from service.store.leases import Lease
from service.store.slices import Slice
from service.values import Batch, Shop, Watermark

SLICE_ROWS = 25_000
"""Orders a slice may hold: what a kill can cost, and what is verified at once."""

BATCH_LINES = 30_000
"""Lines landed in one transaction: about 5,000 orders with their ledger, some 40 MB."""

OPERATIONS_AHEAD = 3
"""Bulk operations under way at once, of the five Shopify allows; the rest is left for others."""

TRIES_A_SLICE = 3

PAGES_OF_A_DENIAL = 10
"""Pages looked through for what a bulk operation was denied."""

PLAN = "orders"
"""The plan that covers the whole history; a bounded re-read has a plan of its own."""


class Progress(Protocol):
    """Who is told how far a backfill has come."""

    def planned(self, expected: int, already: int) -> None: ...

    def landed(self, rows: int) -> None: ...


@dataclass(slots=True)
class Reading:
    """Everything one backfill needs; made for one run."""

    engine: Engine
    client: Client
    shop: Shop
    lease: Lease
    run_id: str
    clock: Callable[[], datetime]
    plan: str = PLAN
    progress: Progress | None = None
    slice_rows: int = SLICE_ROWS
    batch_lines: int = BATCH_LINES
    operations: dict[datetime, str] = field(default_factory=dict)  # slice start → its operation
    check_stop: Callable[[], None] = lambda: None  # raises Interrupted when we are to end
    doubts: Counter[str] = field(default_factory=Counter)  # what was odd, but no reason to stop


# --- plan ----------------------------------------------------------------------------------------------------------


def plan(
    reading: Reading,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    visible_from: datetime | None = None,
    anew: Callable[[Connection], None] | None = None,
) -> None:
    """Store the slices of [start, end), by order creation, as seen at `now`, a moment before the counting starts.

    `anew` throws an earlier plan away in the same transaction, and does what else must happen with it.
    """

    def count(left: datetime, right: datetime) -> int:
        return orders_count(reading.client, search("created_at", left, right))

    pieces = [Slice(*piece) for piece in split(start, end, count, reading.slice_rows)]
    with reading.engine.begin() as connection:
        reading.lease.renew(connection, reading.clock())
        if anew:
            slices.forget(connection, reading.shop.shop_id, reading.plan)
            anew(connection)
        slices.save_plan(connection, reading.shop.shop_id, reading.plan, pieces, now=now, visible_from=visible_from)


def finish(reading: Reading) -> None:
    """Once every slice is verified: history is covered up to the moment the plan was made."""
    with reading.engine.begin() as connection:
        shop_id, now = reading.shop.shop_id, reading.clock()
        reading.lease.renew(connection, now)
        planned_at = slices.planned_at(connection, shop_id, reading.plan)
        if reading.plan != PLAN:
            slices.forget(connection, shop_id, reading.plan)
        elif planned_at and landing.watermark(connection, shop_id, orders.NAME) is None:
            landing.move_watermark(connection, shop_id, Watermark(orders.NAME, planned_at), now)
    pending.catch_up(reading.engine, shop_id, lambda connection: reading.lease.renew(connection, reading.clock()))


# --- read ----------------------------------------------------------------------------------------------------------


def read(reading: Reading) -> None:
    """Land and verify every slice of the plan that is still open."""
    with reading.engine.begin() as connection:
        todo = deque(slices.open_slices(connection, reading.shop.shop_id, reading.plan))
        expected, already = slices.totals(connection, reading.shop.shop_id, reading.plan)
    if reading.progress:
        reading.progress.planned(expected, already)
    with tempfile.TemporaryDirectory(prefix="okrsync-bulk-") as folder:
        while todo:
            for piece in islice(todo, OPERATIONS_AHEAD):
                _ensure_started(reading, piece)
            _read_slice(reading, todo.popleft(), Path(folder))


def _ensure_started(reading: Reading, piece: Slice) -> str:
    if piece.start not in reading.operations:
        reading.operations[piece.start] = piece.operation_id or _start(reading, piece)
    return reading.operations[piece.start]


def _start(reading: Reading, piece: Slice) -> str:
    query = operation(orders.DOCUMENTS, "OrdersBulk", reading.client.api_version, reading.shop.denied)
    operation_id = bulk.start(reading.client, query.replace("WINDOW", search("created_at", piece.start, piece.end)))
    _remember(reading, piece, operation_id)
    return operation_id


def _remember(reading: Reading, piece: Slice, operation_id: str | None) -> None:
    with reading.engine.begin() as connection:
        reading.lease.renew(connection, reading.clock())
        slices.set_operation(connection, reading.shop.shop_id, reading.plan, piece, operation_id)


def _read_slice(reading: Reading, piece: Slice, folder: Path) -> None:
    for tries_left in reversed(range(TRIES_A_SLICE)):
        try:
            _verify(reading, piece, _land_slice(reading, piece, folder))
        except (Interrupted, Busy):
            # Whoever goes on waits for the same operation.
            raise
        except OkrsyncError as trouble:
            # The operation is spent: denied, expired, cancelled, or its file does not hold what it should.
            reading.operations.pop(piece.start, None)
            piece = Slice(piece.start, piece.end, piece.expected_rows)
            _remember(reading, piece, None)
            if not tries_left or not isinstance(trouble, TryAgain):
                raise
        else:
            return


def _land_slice(reading: Reading, piece: Slice, folder: Path) -> int:
    """How many orders the slice's file held; all of them have landed."""
    finished = bulk.poll(reading.client, _ensure_started(reading, piece), progress=lambda _: _keep_lease(reading))
    about = f"orders created {piece.start:%Y-%m-%d %H:%M} to {piece.end:%Y-%m-%d %H:%M} UTC"
    if finished.next == "rest":
        raise _denial(reading, piece, about)
    if finished.next != "download":
        raise TryAgain(f"the bulk operation ended {finished.status} {finished.error_code or ''}".strip(), about=about)
    path = bulk.download(finished, folder / f"{gid(finished.id)}.jsonl", sleep=reading.client.sleep)
    try:
        found = land_lines(reading, bulk.lines(path, orders.parse))
    finally:
        path.unlink(missing_ok=True)
    if found != finished.root_object_count:
        raise TryAgain(f"the file holds {found} orders instead of {finished.root_object_count}", about=about)
    return found


def _denial(reading: Reading, piece: Slice, about: str) -> OkrsyncError:
    """Why the operation was denied: a bulk operation does not say, a page of the same orders does."""
    document = operation(orders.DOCUMENTS, "OrdersPage", reading.client.api_version, reading.shop.denied)
    window = {"query": search("created_at", piece.start, piece.end)}
    try:
        for _ in islice(pages(reading.client, document, window), PAGES_OF_A_DENIAL):
            reading.check_stop()
    except FieldDenied as denial:
        return denial
    told = "the bulk operation was denied"
    if piece.operation_id:
        # It was begun before, and may have asked for what is left out by now.
        return TryAgain(told, about=about)
    return AccessDenied(told, about=about, hint="run: okrsync check")


def _keep_lease(reading: Reading) -> None:
    with reading.engine.begin() as connection:
        reading.lease.renew(connection, reading.clock())


def _verify(reading: Reading, piece: Slice, rows: int) -> None:
    """Mark the slice covered once Shopify's own count agrees with what landed."""
    if rows != piece.expected_rows:
        # Orders may have been deleted since the plan was made.
        counted = orders_count(reading.client, search("created_at", piece.start, piece.end))
        if rows != counted:
            raise TryAgain(
                f"the file holds {rows} orders, Shopify counts {counted}",
                about=f"orders created {piece.start:%Y-%m-%d %H:%M} to {piece.end:%Y-%m-%d %H:%M} UTC",
                hint="run the backfill again",
            )
    with reading.engine.begin() as connection:
        reading.lease.renew(connection, reading.clock())
        reading.doubts.update(doubts(connection, reading.shop.shop_id, "created_at", piece.start, piece.end))
        slices.verified(connection, reading.shop.shop_id, reading.plan, piece, rows, now=reading.clock())


# --- land ----------------------------------------------------------------------------------------------------------


def land_lines(reading: Reading, lines: Iterable[orders.AnyLine]) -> int:
    """How many orders the lines held. A child may come long after its parent, or before it."""
    convert, parents = Converter(reading.shop), orders.Parents()
    found = 0
    waiting: list[orders.AgreementLine | orders.SaleLine] = []
    for rows in batches(lines, reading.batch_lines, convert, parents):
        found += len(rows.orders)
        waiting = _land(reading, rows, [*waiting, *rows.orphans], convert, parents)
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
    reading: Reading,
    rows: orders.Rows,
    orphans: list[orders.AgreementLine | orders.SaleLine],
    convert: Converter,
    parents: orders.Parents,
) -> list[orders.AgreementLine | orders.SaleLine]:
    """Land a batch, then the children whose parents an earlier one landed; those still without one are returned."""
    shop_id = reading.shop.shop_id
    reading.check_stop()
    with reading.engine.begin() as connection:
        reading.lease.renew(connection, reading.clock())
        landed = landing.land(connection, shop_id, Batch(rows.by_table()), now=reading.clock(), in_bulk=True)
        total, changed = landed.rows, landed.changed
        while orphans:
            _look_up(connection, shop_id, orphans, parents)
            found = orders.to_rows(orphans, convert, parents)
            again = landing.land(connection, shop_id, Batch(found.by_table()), now=reading.clock(), in_bulk=True)
            total, changed = total + again.rows, changed + again.changed
            if len(found.orphans) == len(orphans):
                break
            orphans = found.orphans
        runs.progress(connection, shop_id, reading.run_id, total, changed)
    parents.forget_old()
    if reading.progress:
        reading.progress.landed(len(rows.orders))
    return orphans


def _look_up(
    connection: Connection,
    shop_id: int,
    orphans: list[orders.AgreementLine | orders.SaleLine],
    parents: orders.Parents,
) -> None:
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
