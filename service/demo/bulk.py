"""Bulk operations as an app sees them: started, listed, cancelled, and their files handed out.

Timestamps are on the shop's clock; durations are real. Files live in a temporary directory until the store stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from service.demo.bulk_rules import bulk_plan
from service.demo.bulk_run import run
from service.demo.money import iso
from service.demo.pages import Page, page
from service.demo.search import Filter, Grammar

if TYPE_CHECKING:
    from service.demo.shop import Shop

UNFINISHED = ("CREATED", "RUNNING", "CANCELING")
URL_LIFE_SECONDS = 7 * 86400


class UserError(NamedTuple):
    field: list[str] | None
    message: str
    code: str | None = None


class Payload(NamedTuple):
    operation: Operation | None
    errors: list[UserError]


@dataclass(slots=True)
class Operation:
    id: int
    query: str
    group_objects: bool
    version: str
    created_at: int
    status: str = "CREATED"
    completed_at: int | None = None
    error_code: str | None = None
    objects: int = 0
    roots: int = 0
    size: int | None = None
    has_partial_data: bool = False
    signature: str = ""

    @property
    def gid(self) -> str:
        return f"gid://shopify/BulkOperation/{self.id}"

    @property
    def file_name(self) -> str:
        return f"bulk-{self.id}.jsonl"


FILTERS = {
    "id": Filter("number", lambda operation: operation.id),
    "created_at": Filter("time", lambda operation: operation.created_at),
    "completed_at": Filter("time", lambda operation: operation.completed_at or 0),
    "operation_type": Filter("text", lambda _operation: ("query",)),
    "status": Filter("text", lambda operation: (operation.status.lower(),)),
}
SORT_KEYS: dict[str, Callable[[Operation], tuple[int, int]]] = {
    "CREATED_AT": lambda operation: (operation.created_at, operation.id),
    "COMPLETED_AT": lambda operation: (operation.completed_at or 0, operation.id),
}


class BulkOperations:
    def __init__(self, shop: Shop, slots: int) -> None:
        self.shop, self.slots = shop, slots
        self.operations: list[Operation] = []
        self.least_seconds = 0.0
        self.failures: list[tuple[str, bool]] = []  # error code, with partial data: for the next ones
        self.limit: tuple[int, str] | None = None  # most root objects, and how operations of more end
        self.stopping = Event()
        self._folder: TemporaryDirectory[str] | None = None
        self._threads: list[Thread] = []

    def run_query(self, version: str, query: str, group_objects: bool) -> Payload:
        root, messages = bulk_plan(version, query)
        if root is None:
            return Payload(None, [UserError(["query"], message, "INVALID") for message in messages])
        running = [each for each in self.operations if each.status in UNFINISHED]
        if len(running) >= self.slots:
            return Payload(None, [self._no_slot(running[-1])])
        number = 1_000_001 + len(self.operations)
        operation = Operation(number, query, group_objects, version, self.shop.now)
        self.operations.append(operation)
        thread = Thread(target=run, args=(self, operation, root), daemon=True, name=operation.file_name)
        self._threads.append(thread)
        thread.start()
        return Payload(operation, [])

    def _no_slot(self, running: Operation) -> UserError:
        if self.slots == 1:
            message = f"A bulk query operation for this app and shop is already in progress: {running.gid}."
            return UserError(None, message, "OPERATION_IN_PROGRESS")
        message = f"The app has reached the limit of {self.slots} bulk query operations in progress for this shop."
        return UserError(None, message, "LIMIT_REACHED")

    def cancel(self, gid: str) -> Payload:
        operation = self.find(gid)
        if operation is None:
            return Payload(None, [UserError(["id"], "Bulk operation does not exist")])
        if operation.status not in UNFINISHED:
            message = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
            return Payload(operation, [UserError(["id"], message)])
        operation.status = "CANCELING"
        return Payload(operation, [])

    def find(self, gid: str) -> Operation | None:
        return next((each for each in self._current() if each.gid == gid), None)

    def latest(self) -> Operation | None:
        return self._current()[-1] if self.operations else None

    def search(self, query: str | None, sort_key: str, reverse: bool, **window: Any) -> Page:
        """Newest first unless reversed."""
        search = Grammar(FILTERS, self.shop.index.grammar.timezone).search(query)
        found = search.found(self._current(), FILTERS)
        key = SORT_KEYS[sort_key]
        return page(sorted(found, key=key), key, reverse=not reverse, **window)

    def url(self, operation: Operation) -> str | None:
        """Where the result is; nowhere when there was nothing to write."""
        return self._signed(operation) if operation.status == "COMPLETED" and operation.objects else None

    def partial_url(self, operation: Operation) -> str | None:
        return self._signed(operation) if operation.has_partial_data and operation.status != "EXPIRED" else None

    def file(self, name: str, signature: str) -> Path | None:
        """The file behind a signed address, while the signature holds."""
        for each in self._current():
            if each.file_name == name and each.signature == signature and each.status != "EXPIRED":
                return self.path(each)
        return None

    def path(self, operation: Operation) -> Path:
        with self.shop.lock:
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="demo-store-")
            return Path(self._folder.name) / operation.file_name

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        if self._folder is not None:
            self._folder.cleanup()

    def _signed(self, operation: Operation) -> str:
        expires = f"X-Goog-Expires={URL_LIFE_SECONDS}"
        return f"{self.shop.url}/files/{operation.file_name}?{expires}&X-Goog-Signature={operation.signature}"

    def _current(self) -> list[Operation]:
        """The operations, those whose files are past their time marked so."""
        for each in self.operations:
            if each.completed_at is not None and self.shop.now >= each.completed_at + URL_LIFE_SECONDS:
                each.status = "EXPIRED"
        return self.operations


def bulk_table(bulk: BulkOperations) -> dict[str, dict[str, Callable[[Any], Any]]]:
    """The functions of the bulk types' fields, as in `serialise.py`."""
    payload: dict[str, Callable[[Any], Any]] = {
        "bulkOperation": lambda payload: payload.operation,
        "userErrors": lambda payload: payload.errors,
    }
    error: dict[str, Callable[[Any], Any]] = {
        "field": lambda error: error.field,
        "message": lambda error: error.message,
        "code": lambda error: error.code,
    }
    return {
        "BulkOperation": {
            "id": lambda each: each.gid,
            "status": lambda each: each.status,
            "errorCode": lambda each: each.error_code,
            "type": lambda _each: "QUERY",
            "query": lambda each: each.query,
            "createdAt": lambda each: iso(each.created_at),
            "completedAt": lambda each: None if each.completed_at is None else iso(each.completed_at),
            "objectCount": lambda each: str(each.objects),
            "rootObjectCount": lambda each: str(each.roots),
            "fileSize": lambda each: None if each.completed_at is None or not each.objects else str(each.size),
            "url": bulk.url,
            "partialDataUrl": bulk.partial_url,
        },
        "BulkOperationRunQueryPayload": payload,
        "BulkOperationCancelPayload": payload,
        "BulkOperationUserError": error,
        "UserError": error,
    }
