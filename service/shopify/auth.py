"""Access tokens: a fixed one of a custom app, or short-lived ones for client credentials.

Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
import msgspec

from service.errors import AccessDenied, OkrsyncError, Throttled, TryAgain, UnexpectedShape, Unreachable
from service.shopify.redact import redact

RENEW_AT_FRACTION = 0.8  # of a token's life; the rest is time for a renewal that fails at first


def _header_safe(name: str, value: str) -> str:
    """The secret without blanks around it; a bad one is refused here, as HTTP would quote it in an error."""
    stripped = value.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise AccessDenied(f"the {name} is empty or holds characters none has", hint="copy it again in full")
    return stripped


@dataclass(frozen=True, slots=True)
class CustomAppToken:
    """The permanent token of a custom app."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", _header_safe("access token", self.token))


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A Dev Dashboard app of the store's own organisation; its tokens live about a day."""

    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "client_secret", _header_safe("client secret", self.client_secret))


Credentials: TypeAlias = CustomAppToken | ClientCredentials


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as Shopify granted it."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    expires_in: float  # seconds


class Tokens:
    """The token to use now. Threads share one; whoever finds it stale renews it, the others wait."""

    def __init__(
        self, credentials: Credentials, ask: Callable[[ClientCredentials], Grant], clock: Callable[[], float]
    ) -> None:
        self._credentials = credentials
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._granted_at = 0.0

    def current(self) -> str:
        """A token that should be valid."""
        if isinstance(self._credentials, CustomAppToken):
            return self._credentials.token
        with self._lock:
            return self._fresh(self._credentials).token

    def renew(self, refused: str) -> bool:
        """Whether there is another token now than the one Shopify refused."""
        if isinstance(self._credentials, CustomAppToken):
            return False
        with self._lock:
            if self._grant is None or self._grant.token == refused:
                self._take(self._credentials)
            return self._grant is not None and self._grant.token != refused

    def _fresh(self, credentials: ClientCredentials) -> Grant:
        grant, age = self._grant, self._clock() - self._granted_at
        if grant is None or age >= grant.expires_in:
            return self._take(credentials)
        if age < RENEW_AT_FRACTION * grant.expires_in:
            return grant
        try:
            return self._take(credentials)
        except TryAgain:
            return grant  # still valid; the next call tries again

    def _take(self, credentials: ClientCredentials) -> Grant:
        asked_at = self._clock()
        self._grant, self._granted_at = self._ask(credentials), asked_at
        return self._grant


def ask_for_token(http: httpx.Client, api_url: str, domain: str, credentials: ClientCredentials) -> Grant:
    """A new grant from the store's token endpoint."""
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }
    try:
        response = http.post(f"{api_url}/admin/oauth/access_token", data=form)
    except httpx.RequestError as error:
        raise Unreachable(
            f"no access token: {api_url} does not answer ({type(error).__name__})",
            about=domain,
            hint="check `domain` and `api_url` of this shop, and the network",
        ) from None
    return _grant(response, domain)


_REFUSALS = {  # OAuth error -> what it means, what to do
    "app_not_installed": ("the app is not installed on this store", "install it from the Dev Dashboard"),
    "shop_not_permitted": (
        "the store does not belong to the app's organisation",
        "use an app of the store's own organisation, or a custom-app token",
    ),
    "invalid_client": ("the client id or secret is wrong", "check `client_id` and the secret it goes with"),
    "application_cannot_be_found": ("there is no app with this client id", "check `client_id`"),
}


def _grant(response: httpx.Response, domain: str) -> Grant:
    body = _json_object(response)
    if response.status_code != 200:
        raise _refusal(response, body, domain)
    token, scope, life = body.get("access_token"), body.get("scope"), body.get("expires_in")
    if not isinstance(token, str) or not isinstance(scope, str) or not isinstance(life, int | float) or life <= 0:
        raise UnexpectedShape(_told("the token endpoint answered without a token", response), about=domain)
    scopes = frozenset(part.strip() for part in scope.split(",") if part.strip())
    if not scopes:
        # the grant succeeds all the same, and then every field is denied
        raise AccessDenied(
            _told("the app was granted no access scopes", response),
            about=domain,
            hint="release an app version that lists the scopes, then approve it in the store",
        )
    return Grant(_header_safe("access token", token), scopes, float(life))


def _refusal(response: httpx.Response, body: dict[str, Any], domain: str) -> OkrsyncError:
    status, text = response.status_code, response.text  # maybe an HTML page with the code in its title
    for code, (meaning, mend) in _REFUSALS.items():
        if code in text:
            told = _told(f"no access token: {meaning} ({code})", response)
            return AccessDenied(told, about=domain, hint=mend)
    if status == 429:
        told = _told("no access token: asked too often (429)", response)
        return Throttled(told, wait_seconds=None, about=domain)
    if status >= 500:
        return Unreachable(_told(f"no access token: the store answered {status}", response), about=domain)
    reason = body.get("error_description") or body.get("error") or f"the store answered {status}"
    return AccessDenied(
        _told(f"no access token: {redact(str(reason))}", response),
        about=domain,
        hint="check `domain`, `client_id` and the client secret of this shop",
    )


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _told(message: str, response: httpx.Response) -> str:
    request_id = response.headers.get("X-Request-Id")
    return f"{message} [X-Request-Id {request_id}]" if request_id else message
