"""The background of a bulk operation: from CREATED through RUNNING to its file and its end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from service.demo.bulk_file import batches, root_rows, without_window
from service.demo.plan import Field
from service.demo.text_projection import TextProjector

if TYPE_CHECKING:
    from service.demo.bulk import BulkOperations, Operation


def run(bulk: BulkOperations, operation: Operation, root: Field) -> None:
    started = time.monotonic()
    with bulk.shop.lock:  # not before the answer that says CREATED is made
        if operation.status == "CREATED":
            operation.status = "RUNNING"
    failure = bulk.failures.pop(0) if bulk.failures else None
    status, error_code = _outcome(bulk, operation, root, failure)
    while time.monotonic() < started + bulk.least_seconds and operation.status == "RUNNING":
        if bulk.stopping.wait(0.02):
            break
    if operation.status == "CANCELING":
        status, error_code = "CANCELED", None
    operation.has_partial_data = bool(operation.objects) and status != "COMPLETED"
    operation.signature = token_hex(16)
    operation.completed_at = operation.created_at + int(time.monotonic() - started)
    operation.error_code = error_code
    operation.status = status


def _outcome(
    bulk: BulkOperations, operation: Operation, root: Field, failure: tuple[str, bool] | None
) -> tuple[str, str | None]:
    """The final status and error code, with the file written as far as it goes."""
    shop = bulk.shop
    projector = TextProjector(shop.table, frozenset(shop.scopes), frozenset(shop.unapproved))
    if any(projector.refusal(field) or projector.hidden_types(field) for field in root.walk()):
        return "FAILED", "ACCESS_DENIED"
    error_code, with_partial = failure or (None, False)
    records = _records(bulk, operation, root)
    if error_code:
        records = records[: (len(records) + 1) // 2] if with_partial else []
    try:
        _write(bulk, operation, root, projector, records)
    except LookupError:  # a world that contradicts itself
        return "FAILED", "INTERNAL_SERVER_ERROR"
    if bulk.limit and operation.roots > bulk.limit[0]:
        error_code = bulk.limit[1]
    if error_code == "CANCELED":
        return "CANCELED", None
    return ("FAILED", error_code) if error_code else ("COMPLETED", None)


def _write(
    bulk: BulkOperations, operation: Operation, root: Field, projector: TextProjector, records: Sequence[Any]
) -> None:
    parts = batches(root_rows(projector, root), records, operation.group_objects)
    with bulk.path(operation).open("wb") as file:
        while operation.status == "RUNNING" and not bulk.stopping.is_set():
            with bulk.shop.lock:
                part = next(parts, None)
            if part is None:
                break
            file.write(part.as_bytes())
            operation.objects += len(part.lines)
            operation.roots += part.roots
        operation.size = file.tell()


def _records(bulk: BulkOperations, operation: Operation, root: Field) -> Sequence[Any]:
    with bulk.shop.lock:
        request = bulk.shop.request(operation.version)
        found = bulk.shop.table["QueryRoot"][root.name](request, **without_window(root))
    if root.is_connection:
        items: Sequence[Any] = found.items
        return items
    return [] if found is None else [found]
