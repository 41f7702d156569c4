"""Pages of a connection: a slice of an ordered list with Shopify's opaque cursors."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Key = tuple[int, int]  # sort value, id
INVALID_CURSOR = "Invalid cursor for current pagination sort."


class BadRequest(Exception):
    """An argument that is well typed and still refused; Shopify's code BAD_REQUEST."""


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Any]
    key: Callable[[Any], Key]
    has_next: bool
    has_previous: bool

    def cursor(self, item: Any) -> str:
        value, last_id = self.key(item)
        return b64encode(json.dumps({"last_id": last_id, "last_value": value}).encode()).decode()


def page(
    items: Sequence[Any],
    key: Callable[[Any], Key],
    keys: Sequence[Key] | None = None,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
) -> Page:
    """The asked slice of `items`, which are in ascending order of `key`; all of them when no size is given."""
    if first is None and last is None and not (after or before or reverse):
        return Page(items, key, has_next=False, has_previous=False)
    lowest, highest = (before, after) if reverse else (after, before)
    start, stop = 0, len(items)
    if lowest or highest:
        keys = keys if keys is not None else [key(item) for item in items]
        start = bisect_right(keys, _key(lowest)) if lowest else start
        stop = bisect_left(keys, _key(highest)) if highest else stop
    size = first if first is not None else last
    if size is not None:
        from_the_low_end = (first is not None) != reverse
        start, stop = (start, min(stop, start + size)) if from_the_low_end else (max(start, stop - size), stop)
    chosen = items[start:stop]
    more_below, more_above = start > 0, stop < len(items)
    if reverse:
        return Page(chosen[::-1], key, has_next=more_below, has_previous=more_above)
    return Page(chosen, key, has_next=more_above, has_previous=more_below)


def _key(cursor: str) -> Key:
    try:
        position = json.loads(b64decode(cursor, validate=True))
        return int(position["last_value"]), int(position["last_id"])
    except (ValueError, KeyError, TypeError):
        raise BadRequest(INVALID_CURSOR) from None
