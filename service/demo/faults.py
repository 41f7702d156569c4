"""What goes wrong next, on a test's order: verbs of the demo store, each for the next `n` requests."""

from __future__ import annotations

import re
from collections import deque
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

from service.demo.pairs import Pairs

if TYPE_CHECKING:
    from service.demo.shop import Shop


class Fault(NamedTuple):
    kind: str  # throttle, status, internal_error, reset
    status: int = 200


class Faults:
    """Faults wait in one line for GraphQL requests; file and bulk faults wait for their own kind."""

    shop: Shop

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()
        self._truncations: deque[bool] = deque()
        self._broken: set[str] = set()
        self._lost_cursors = 0
        self._lost_grants = 0
        self.tokens: set[str] = set()
        self.pairs = Pairs()
        self.is_installed = True

    def throttle_next(self, n: int = 1) -> None:
        """THROTTLED although the bucket was full; the answer says how few points are missing."""
        self._waiting.extend([Fault("throttle")] * n)

    def fail_next(self, status: int, n: int = 1) -> None:
        self._waiting.extend([Fault("status", status)] * n)

    def internal_error_next(self, n: int = 1) -> None:
        """HTTP 200 with INTERNAL_SERVER_ERROR."""
        self._waiting.extend([Fault("internal_error")] * n)

    def break_down(self, operation: str) -> None:
        """Every question of that name ends in INTERNAL_SERVER_ERROR from now on."""
        self._broken.add(operation)

    def reset_next(self, n: int = 1) -> None:
        """The connection is reset in the middle of the answer."""
        self._waiting.extend([Fault("reset")] * n)

    def lose_cursor_next(self, n: int = 1) -> None:
        """The next questions that go on after a page cursor are told that it is invalid."""
        self._lost_cursors += n

    def hide_from_search(self, *order_ids: int) -> None:
        """No list and no count shows these orders, as when the search index lags; asked for by id they are there."""
        with self.shop.lock:
            self.shop.index.unlisted = frozenset(order_ids)
            self.shop.index.changed()

    def expire_links(self) -> None:
        """The signed links to bulk files handed out so far no longer answer; who asks again gets new ones."""
        with self.shop.lock:
            for operation in self.shop.bulk.operations:
                operation.signature = token_hex(16)

    def truncate_bulk_next(self, silently: bool = False) -> None:
        """The next file download ends early: mid-line and short of Content-Length, or (silently) after a line."""
        self._truncations.append(silently)

    def bulk_fail_next(self, error_code: str = "INTERNAL_SERVER_ERROR", partial: bool = False) -> None:
        """The next bulk operation ends FAILED; `partial` leaves half the records behind `partialDataUrl`.

        With `error_code` CANCELED it ends so, as Shopify does with one that it takes for stalled.
        """
        self.shop.bulk.failures.append((error_code, partial))

    def bulk_fail_over(self, most: int, error_code: str) -> None:
        """Bulk operations of more than so many root objects end that way from now on."""
        self.shop.bulk.limit = (most, error_code)

    def slow_bulk(self, seconds: float) -> None:
        """Every bulk operation takes at least this long from now on."""
        self.shop.bulk.least_seconds = seconds

    def ql_throttle_next(self, n: int = 1) -> None:
        """The next ShopifyQL queries are throttled although points were left; the ordinary budget is full."""
        self.shop.reports.throttles += n

    def ql_parse_error_next(self, message: str = "Column Not Found: Column 'x' not found") -> None:
        self.shop.reports.parse_errors.append(message)

    def ql_rows_as_arrays(self, n: int = 1) -> None:
        """The next tables come with a list for each row."""
        self.shop.reports.arrays += n

    def level_2_removed(self) -> None:
        """The app loses level 2 access to protected customer data, and with it all reports."""
        self.shop.reports.has_level_2 = False

    def scope_removed(self, handle: str) -> None:
        with self.shop.lock:
            self.shop.scopes.discard(handle)

    def scope_granted(self, handle: str) -> None:
        with self.shop.lock:
            self.shop.scopes.add(handle)

    def field_denied(self, name: str) -> None:
        """The app is not approved to use this field of protected customer data, whatever its scopes."""
        with self.shop.lock:
            self.shop.unapproved.add(name)

    def field_approved(self, name: str) -> None:
        with self.shop.lock:
            self.shop.unapproved.discard(name)

    def expire_token(self) -> None:
        """Every token handed out so far is refused from now on."""
        self.tokens.clear()
        self.pairs.expire()

    def lose_grant_next(self, n: int = 1) -> None:
        """The token endpoint grants, and its answer is lost on the way."""
        self._lost_grants += n

    def uninstall(self) -> None:
        """The merchant removes the app: tokens die and new ones are refused with an HTML page."""
        self.tokens.clear()
        self.pairs.revoke()
        self.is_installed = False

    def next_fault(self) -> Fault | None:
        return self._waiting.popleft() if self._waiting else None

    def is_broken(self, body: bytes) -> bool:
        return any(re.search(rb"\b%s\b" % name.encode(), body) for name in self._broken)

    def loses_cursor(self, body: bytes) -> bool:
        """Is this a question after a page cursor, and its turn to be refused?"""
        is_refused = self._lost_cursors > 0 and re.search(rb'"after":\s*"', body) is not None
        self._lost_cursors -= is_refused
        return is_refused

    def next_lost_grant(self) -> bool:
        self._lost_grants, is_lost = max(0, self._lost_grants - 1), self._lost_grants > 0
        return is_lost

    def next_truncation(self) -> bool | None:
        return self._truncations.popleft() if self._truncations else None
