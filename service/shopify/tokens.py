"""The access token to use now: a fixed one, or one that is asked for again before it grows old.

custom app            Fixed    the token itself
client credentials    Granted  ◀─ the token endpoint
expiring token        Granted  ◀─ the token file, shared by all processes ◀─ the token endpoint
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from service.errors import TryAgain
from service.shopify.credentials import ClientCredentials, Credentials, CustomAppToken
from service.shopify.token_endpoint import Grant
from service.shopify.token_file import TokenFile

RENEW_AT_FRACTION = 0.8  # of a token's life; the rest is time for a renewal that fails at first

Ask = Callable[[Mapping[str, str]], Grant]  # a form for the token endpoint
Take = Callable[[str | None], Grant]  # a grant in place of the stale token; None: we have none yet


class Tokens(Protocol):
    def current(self) -> str:
        """A token that should be valid."""

    def renew(self, refused: str) -> bool:
        """Whether there is another token now than the one Shopify refused."""


def tokens_for(
    credentials: Credentials, ask: Ask, clock: Callable[[], float], wall_clock: Callable[[], float]
) -> Tokens:
    """What gives a client its tokens; `clock` need not tell the time of day, `wall_clock` must."""
    if isinstance(credentials, CustomAppToken):
        return Fixed(credentials.token)
    if isinstance(credentials, ClientCredentials):
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        return Granted(lambda _stale: ask(form), clock)
    file = TokenFile(credentials, ask, wall_clock, RENEW_AT_FRACTION)
    return Granted(file.take, wall_clock)


class Fixed:
    """One token for ever."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renew(self, refused: str) -> bool:
        return self._token != refused


class Granted:
    """A token for a while. Threads share one; whoever finds it stale renews it, the others wait."""

    def __init__(self, take: Take, clock: Callable[[], float]) -> None:
        self._take, self._clock = take, clock
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._granted_at = 0.0

    def current(self) -> str:
        with self._lock:
            return self._fresh().token

    def renew(self, refused: str) -> bool:
        with self._lock:
            if self._grant is None or self._grant.token == refused:
                self._renewed()
            return self._grant is not None and self._grant.token != refused

    def _fresh(self) -> Grant:
        grant, age = self._grant, self._clock() - self._granted_at
        if grant is None or age >= grant.expires_in:
            return self._renewed()
        if age < RENEW_AT_FRACTION * grant.expires_in:
            return grant
        try:
            return self._renewed()
        except TryAgain:
            return grant  # still valid; the next call tries again

    def _renewed(self) -> Grant:
        asked_at = self._clock()
        self._grant = grant = self._take(self._grant.token if self._grant else None)
        self._granted_at = asked_at - grant.age
        return grant
