"""A bulk operation as a value, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from service.shopify.exchange import Node

Status = Literal["CREATED", "RUNNING", "COMPLETED", "FAILED", "CANCELING", "CANCELED", "EXPIRED", "UNKNOWN"]
_STATUSES = frozenset(("CREATED", "RUNNING", "COMPLETED", "FAILED", "CANCELING", "CANCELED", "EXPIRED"))
_UNFINISHED = frozenset(("CREATED", "RUNNING", "CANCELING"))
Next = Literal["wait", "download", "restart", "split", "rest"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A bulk operation as last seen; status UNKNOWN when Shopify does not know its id (any more)."""

    id: str
    status: Status
    error_code: str | None = None
    object_count: int = 0  # lines of its file
    root_object_count: int = 0
    file_size: int | None = None  # bytes
    url: str | None = field(default=None, repr=False)  # signed: whoever has it has the data
    partial_data_url: str | None = field(default=None, repr=False)  # never to be trusted as complete

    @property
    def next(self) -> Next:
        """What to do about it.

        restart: the same query again (a fault at Shopify, a stalled job it cancelled, an expired file).
        split: a shorter window or fewer fields (TIMEOUT).
        rest: a scope is missing (ACCESS_DENIED); the same query as an ordinary one tells which.
        """
        if self.status in _UNFINISHED:
            return "wait"
        if self.status == "COMPLETED":
            return "download"
        if self.status == "FAILED" and self.error_code == "TIMEOUT":
            return "split"
        if self.status == "FAILED" and self.error_code == "ACCESS_DENIED":
            return "rest"
        return "restart"


def from_node(node: Node) -> Operation:
    """The operation a PollBulk node describes. Raises KeyError, TypeError or ValueError when it is none."""
    if node["status"] not in _STATUSES:
        raise ValueError(f"status {node['status']!r}")
    return Operation(
        id=node["id"],
        status=node["status"],
        error_code=node["errorCode"],
        object_count=int(node["objectCount"]),  # 64-bit numbers come as strings
        root_object_count=int(node["rootObjectCount"]),
        file_size=_number(node["fileSize"]),
        url=node["url"],
        partial_data_url=node["partialDataUrl"],
    )


def _number(text: Any) -> int | None:
    return None if text is None else int(text)
