"""Expiring offline tokens: an access token for an hour and a refresh token for 90 days, exchanged as a pair.

Each exchange replaces both. A refresh token that was used may be used again, for 30 days at most, until something of
the pair it was exchanged for is first used; the pair of the earlier exchange is void then, as its answer was lost.
Source: https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
"""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from threading import Lock

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 86400
RETRY_SECONDS = 30 * 86400


@dataclass(slots=True, eq=False)
class Pair:
    granted_at: int
    before: Pair | None = None  # what it was exchanged for
    after: Pair | None = None
    is_void: bool = False
    is_access_dead: bool = False
    access_token: str = field(default_factory=lambda: f"shpat_{token_hex(16)}")
    refresh_token: str = field(default_factory=lambda: f"shprt_{token_hex(16)}")

    def used(self) -> None:
        """Whoever uses this pair has received it: the one before is done with."""
        if self.before:
            self.before.is_void = True


class Pairs:
    """Every pair handed out, by its tokens."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_access: dict[str, Pair] = {}
        self._by_refresh: dict[str, Pair] = {}

    def issue(self, now: int, before: Pair | None = None) -> Pair:
        """What a merchant's authorisation gives an app."""
        pair = Pair(now, before)
        self._by_access[pair.access_token] = self._by_refresh[pair.refresh_token] = pair
        return pair

    def admits(self, access_token: str, now: int) -> bool:
        with self._lock:
            pair = self._by_access.get(access_token)
            if pair is None or pair.is_void or pair.is_access_dead or now >= pair.granted_at + ACCESS_SECONDS:
                return False
            pair.used()
            return True

    def exchange(self, refresh_token: str, now: int) -> Pair | None:
        """A new pair; None where the refresh token is unknown, expired or done with."""
        with self._lock:
            pair = self._by_refresh.get(refresh_token)
            if pair is None or pair.is_void or now >= pair.granted_at + REFRESH_SECONDS:
                return None
            if pair.after and now >= pair.after.granted_at + RETRY_SECONDS:
                return None
            pair.used()
            pair.is_access_dead = True
            if pair.after:
                pair.after.is_void = True
            pair.after = self.issue(now, pair)
            return pair.after

    def expire(self) -> None:
        """Every access token handed out so far is refused from now on."""
        for pair in self._by_access.values():
            pair.is_access_dead = True

    def revoke(self) -> None:
        """Every pair is void."""
        for pair in self._by_access.values():
            pair.is_void = True
