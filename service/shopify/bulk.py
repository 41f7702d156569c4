"""Bulk operations: start one, wait for it, fetch its file, read its lines. The caller keeps the id.

    start ─▶ poll ─▶ Operation ─▶ download ─▶ lines

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from service.errors import Throttled, TryAgain, UnexpectedShape, Unreachable
from service.shopify.bulk_file import download, lines
from service.shopify.client import Client
from service.shopify.documents import document
from service.shopify.faults import LinkExpired
from service.shopify.operation import Operation, from_node
from service.shopify.redact import redact

__all__ = ["Operation", "cancel", "download", "fetch", "lines", "look", "poll", "start"]

START_PATIENCE_SECONDS = 1800.0  # for a free place: five run at once, others may hold them
PLACE_WAIT_SECONDS = 10.0
POLL_PATIENCE_SECONDS = 86_400.0  # Shopify itself ends a job after 10 days
SHORTEST_POLL_PAUSE, LONGEST_POLL_PAUSE = 0.25, 20.0  # seconds; between them a quarter of what was waited so far


def start(
    client: Client,
    query: str,
    *,
    patience: float = START_PATIENCE_SECONDS,
    waiting: Callable[[], None] = lambda: None,
) -> str:
    """The id of a new operation; waits up to `patience` seconds for a free place, and says `waiting` each time.

    An answer lost on its way leaves an operation that nobody reads: it ends by itself and does no harm.
    """
    # a fault that stays has used up the call's own tries already
    return client.retrying(patience, at_once=(Unreachable,))(_start_once, client, query, waiting)


def _start_once(client: Client, query: str, waiting: Callable[[], None]) -> str:
    answer = client.execute(document("bulk_start"), {"query": query})
    payload = answer.data.get("bulkOperationRunQuery") or {}
    problems = payload.get("userErrors") or []
    codes = {problem.get("code") for problem in problems}
    if codes & {"LIMIT_REACHED", "OPERATION_IN_PROGRESS"}:
        waiting()
        told = "StartBulk: all places for bulk operations are taken"
        raise Throttled(told, wait_seconds=PLACE_WAIT_SECONDS, about=client.domain)
    if problems:
        told = redact("; ".join(f"{problem.get('message')} ({problem.get('code')})" for problem in problems))
        raise UnexpectedShape(f"StartBulk: Shopify refuses the query: {told}", about=client.domain)
    operation_id = (payload.get("bulkOperation") or {}).get("id")
    if not isinstance(operation_id, str):
        raise UnexpectedShape("StartBulk: neither an operation nor a reason", about=client.domain)
    return operation_id


def cancel(client: Client, operation_id: str) -> None:
    """Ends an operation that nobody wants any more; one that has ended already stays as it is."""
    client.execute(document("bulk_cancel"), {"id": operation_id})


def fetch(client: Client, operation: Operation, to: Path) -> Path:
    """The file of a completed operation, by a link signed anew where the one at hand no longer answers."""
    try:
        return download(operation, to, sleep=client.sleep)
    except LinkExpired:
        again = look(client, operation.id)
        if again.next != "download":
            raise
        return download(again, to, sleep=client.sleep)


def poll(
    client: Client,
    operation_id: str,
    *,
    patience: float = POLL_PATIENCE_SECONDS,
    progress: Callable[[Operation], None] | None = None,
) -> Operation:
    """The operation once it is finished, however it ended; `progress` hears of it at every look."""
    waited = 0.0
    while True:
        operation = look(client, operation_id)
        if progress:
            progress(operation)
        if operation.next != "wait":
            return operation
        pause = min(max(SHORTEST_POLL_PAUSE, waited / 4), LONGEST_POLL_PAUSE)
        if waited + pause > patience:
            break
        client.sleep(pause)
        waited += pause
    told = f"PollBulk: {operation_id} is still running after {waited:.0f} s"
    raise TryAgain(told, about=client.domain, hint="run again to go on waiting for it")


def look(client: Client, operation_id: str) -> Operation:
    """The operation as it is now."""
    node = client.execute(document("bulk_poll"), {"id": operation_id}).data.get("bulkOperation")
    if node is None:
        return Operation(operation_id, "UNKNOWN")
    try:
        return from_node(node)
    except (KeyError, TypeError, ValueError) as error:
        told = f"PollBulk: {operation_id} is described in a way we do not know ({error})"
        raise UnexpectedShape(told, about=client.domain) from None
