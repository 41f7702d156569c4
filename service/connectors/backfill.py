"""The whole history of orders, through bulk operations: planned, read, verified, slice by slice.

    plan ─▶ start operations (a few ahead) ─▶ file ─▶ lines ─▶ rows ─▶ land ─▶ verify ─▶ slice is covered
                                                └─ not whole, again and again ─▶ the slice in halves

The plan is stored, and a slice is covered only in the transaction that says it was verified, so a process that dies
anywhere is followed by one that goes on with what is left. Landing a line twice changes nothing.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from service.connectors import orders
from service.connectors.convert import gid
from service.connectors.documents import operation
from service.connectors.order_lines import land_lines
from service.connectors.windows import search, split
from service.connectors.work import Work
from service.errors import AccessDenied, Busy, Interrupted, NeedsAPerson, OkrsyncError, Throttled, TryAgain
from service.shopify import bulk
from service.shopify.faults import FieldDenied
from service.shopify.pages import pages
from service.shopify.probe import orders_count
from service.store import landing, pending, slices
from service.store.doubts import doubts
from service.store.engine import Connection
from service.store.engine import reading as read_only
from service.store.slices import Slice
from service.values import Watermark

OPERATIONS_AHEAD = 3
"""Bulk operations under way at once, of the five Shopify allows; the rest is left for others."""

TRIES_A_SLICE = 3

PAGES_OF_A_DENIAL = 10
"""Pages looked through for what a bulk operation was denied."""

PLAN = orders.NAME
"""The plan that covers the whole history; a bounded re-read has a plan of its own."""

PART = f"{PLAN} created "
"""How the names of plans for a part of the history begin."""


class NotWhole(TryAgain):
    """A slice did not come whole; smaller ones may. `is_too_big`: Shopify gave up on its size."""

    def __init__(self, message: str, piece: Slice, *, is_too_big: bool = False, hint: str = "") -> None:
        super().__init__(message, about=_about(piece), hint=hint)
        self.is_too_big = is_too_big


@dataclass(slots=True)
class Reading:
    """One plan being read."""

    work: Work
    plan: str = PLAN
    operations: dict[datetime, str] = field(default_factory=dict)  # slice start → its operation

    @property
    def shop_id(self) -> int:
        return self.work.shop.shop_id


# --- plan ----------------------------------------------------------------------------------------------------------


def plan(
    reading: Reading,
    start: datetime,
    end: datetime,
    *,
    visible_from: datetime | None = None,
    anew: Callable[[Connection], None] | None = None,
) -> None:
    """Store the slices of [start, end), by order creation, as seen at `work.now`, a moment before the counting starts.

    `anew` throws an earlier plan away in the same transaction, and does what else must happen with it.
    """
    work = reading.work
    pieces = _cut(reading, start, end, work.sizes.slice_rows)
    if anew:
        _cancel(reading, reading.plan)
    with work.engine.begin() as connection:
        work.renew(connection)
        if anew:
            slices.forget(connection, reading.shop_id, reading.plan)
            anew(connection)
        slices.save_plan(connection, reading.shop_id, reading.plan, pieces, now=work.now, visible_from=visible_from)


def _cut(reading: Reading, start: datetime, end: datetime, most: int) -> list[Slice]:
    def count(left: datetime, right: datetime) -> int:
        return orders_count(reading.work.client, search("created_at", left, right))

    return [Slice(*piece) for piece in split(start, end, count, most)]


def forget_other_parts(reading: Reading) -> None:
    """Plans for parts of the history that were interrupted and are not gone on with now."""
    with read_only(reading.work.engine) as connection:
        left = slices.plans(connection, reading.shop_id, PART)
    for name in left:
        if name != reading.plan:
            _cancel(reading, name)
            with reading.work.engine.begin() as connection:
                reading.work.renew(connection)
                slices.forget(connection, reading.shop_id, name)


def _cancel(reading: Reading, name: str) -> None:
    """End what a plan has under way at Shopify: nobody will read it, and it holds a place."""
    with read_only(reading.work.engine) as connection:
        under_way = [piece.operation_id for piece in slices.open_slices(connection, reading.shop_id, name)]
    for operation_id in under_way:
        if operation_id:
            bulk.cancel(reading.work.client, operation_id)


def finish(reading: Reading) -> None:
    """Once every slice is verified: history is covered up to the moment the plan was made."""
    work, shop_id = reading.work, reading.shop_id
    with work.engine.begin() as connection:
        work.renew(connection)
        planned_at = slices.planned_at(connection, shop_id, reading.plan)
        if reading.plan != PLAN:
            slices.forget(connection, shop_id, reading.plan)
        elif planned_at and landing.watermark(connection, shop_id, orders.NAME) is None:
            landing.move_watermark(connection, shop_id, Watermark(orders.NAME, planned_at), work.clock())
    pending.catch_up(work.engine, shop_id, work.renew)


# --- read ----------------------------------------------------------------------------------------------------------


def read(reading: Reading) -> None:
    """Land and verify every slice of the plan that is still open."""
    work = reading.work
    with work.engine.begin() as connection:
        todo = deque(slices.open_slices(connection, reading.shop_id, reading.plan))
        expected, already = slices.totals(connection, reading.shop_id, reading.plan)
    if work.progress:
        work.progress.planned(expected, already)
    with tempfile.TemporaryDirectory(prefix="okrsync-bulk-") as folder:
        while todo:
            _start_ahead(reading, list(islice(todo, OPERATIONS_AHEAD)))
            todo.extendleft(reversed(_read_slice(reading, todo.popleft(), Path(folder))))


def _start_ahead(reading: Reading, first: list[Slice]) -> None:
    """The operation of the next slice runs, and those after it where there is a place for them now."""
    _operation_of(reading, first[0])
    for piece in first[1:]:
        try:
            _operation_of(reading, piece, patience=0.0)
        except Throttled:
            return


def _operation_of(reading: Reading, piece: Slice, patience: float = bulk.START_PATIENCE_SECONDS) -> str:
    if piece.start not in reading.operations:
        reading.operations[piece.start] = piece.operation_id or _start(reading, piece, patience)
    return reading.operations[piece.start]


def _start(reading: Reading, piece: Slice, patience: float) -> str:
    client = reading.work.client
    query = operation(orders.DOCUMENTS, "OrdersBulk", client.api_version, reading.work.shop.denied)
    query = query.replace("WINDOW", search("created_at", piece.start, piece.end))
    operation_id = bulk.start(client, query, patience=patience, waiting=lambda: _keep_lease(reading))
    _remember(reading, piece, operation_id)
    return operation_id


def _remember(reading: Reading, piece: Slice, operation_id: str | None) -> None:
    with reading.work.engine.begin() as connection:
        reading.work.renew(connection)
        slices.set_operation(connection, reading.shop_id, reading.plan, piece, operation_id)


def _read_slice(reading: Reading, piece: Slice, folder: Path) -> list[Slice]:
    """Nothing once the slice is covered; the slices to read in its place when it will not come whole."""
    for tries_left in reversed(range(TRIES_A_SLICE)):
        try:
            _verify(reading, piece, _land_slice(reading, piece, folder))
        except (Interrupted, Busy):
            # Whoever goes on waits for the same operation.
            raise
        except OkrsyncError as trouble:
            if isinstance(trouble, NeedsAPerson):
                raise  # we are locked out; the operation runs on, and is gone on with
            # The operation is spent: denied, expired, cancelled, or its file does not hold what it should.
            piece = _without_operation(reading, piece)
            if isinstance(trouble, NotWhole) and (trouble.is_too_big or not tries_left):
                smaller = _split(reading, piece)
                if smaller:
                    reading.work.client.log.warning("%s; going on in %d parts", trouble, len(smaller))
                    return smaller
            if not tries_left or not isinstance(trouble, TryAgain):
                raise
        else:
            return []
    raise AssertionError("the last try returns or raises")


def _without_operation(reading: Reading, piece: Slice) -> Slice:
    reading.operations.pop(piece.start, None)
    _remember(reading, piece, None)
    return Slice(piece.start, piece.end, piece.expected_rows)


def _split(reading: Reading, piece: Slice) -> list[Slice]:
    """The slice cut by count into halves or less, stored in its place; empty when it cannot be cut."""
    if piece.expected_rows < 2:
        return []
    smaller = _cut(reading, piece.start, piece.end, -(-piece.expected_rows // 2))
    if len(smaller) < 2:
        return []
    with reading.work.engine.begin() as connection:
        reading.work.renew(connection)
        slices.replace(connection, reading.shop_id, reading.plan, piece, smaller)
    return smaller


def _land_slice(reading: Reading, piece: Slice, folder: Path) -> int:
    """How many orders the slice's file held; all of them have landed."""
    client = reading.work.client
    finished = bulk.poll(client, _operation_of(reading, piece), progress=lambda _: _keep_lease(reading))
    if finished.next == "rest":
        denial = _denial(reading, piece)
        _without_operation(reading, piece)
        raise denial
    if finished.next != "download":
        told = f"the bulk operation ended {finished.status} {finished.error_code or ''}".strip()
        raise NotWhole(told, piece, is_too_big=finished.next == "split")
    path = bulk.fetch(client, finished, folder / f"{gid(finished.id)}.jsonl")
    try:
        found = land_lines(reading.work, bulk.lines(path, orders.parse))
    finally:
        path.unlink(missing_ok=True)
    if found != finished.root_object_count:
        raise NotWhole(f"the file holds {found} orders instead of {finished.root_object_count}", piece)
    return found


def _denial(reading: Reading, piece: Slice) -> OkrsyncError:
    """Why the operation was denied: a bulk operation does not say, a page of the same orders does."""
    work = reading.work
    document = operation(orders.DOCUMENTS, "OrdersPage", work.client.api_version, work.shop.denied)
    window = {"query": search("created_at", piece.start, piece.end)}
    try:
        for _ in islice(pages(work.client, document, window), PAGES_OF_A_DENIAL):
            work.check_stop()
    except FieldDenied as denial:
        return denial
    told = "the bulk operation was denied"
    if piece.operation_id:
        # It was begun before, and may have asked for what is left out by now.
        return TryAgain(told, about=_about(piece))
    return AccessDenied(told, about=_about(piece), hint="run: okrsync check")


def _about(piece: Slice) -> str:
    return f"orders created {piece.start:%Y-%m-%d %H:%M} to {piece.end:%Y-%m-%d %H:%M} UTC"


def _keep_lease(reading: Reading) -> None:
    with reading.work.engine.begin() as connection:
        reading.work.renew(connection)


def _verify(reading: Reading, piece: Slice, rows: int) -> None:
    """Mark the slice covered once Shopify's own count agrees with what landed."""
    work = reading.work
    if rows != piece.expected_rows:
        # Orders may have been deleted since the plan was made.
        counted = orders_count(work.client, search("created_at", piece.start, piece.end))
        if rows != counted:
            told = f"the file holds {rows} orders, Shopify counts {counted}"
            raise NotWhole(told, piece, hint="run the backfill again")
    with work.engine.begin() as connection:
        work.renew(connection)
        work.doubts.update(doubts(connection, reading.shop_id, "created_at", piece.start, piece.end))
        slices.verified(connection, reading.shop_id, reading.plan, piece, rows, now=work.clock())
