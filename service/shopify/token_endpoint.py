"""The store's token endpoint: a form in, a grant out, or why there is none.

Source: https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from service.errors import AccessDenied, OkrsyncError, Throttled, UnexpectedShape, Unreachable
from service.shopify.credentials import header_safe
from service.shopify.redact import redact


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as Shopify granted it, `age` seconds before we held it."""

    token: str = field(repr=False)
    scopes: frozenset[str]
    expires_in: float  # seconds, from when it was granted
    refresh_token: str | None = field(default=None, repr=False)  # of an expiring token only
    age: float = 0.0


def ask_for_grant(http: httpx.Client, api_url: str, domain: str, form: Mapping[str, str]) -> Grant:
    """A new grant. Raises Unreachable, Throttled, AccessDenied, UnexpectedShape."""
    try:
        response = http.post(f"{api_url}/admin/oauth/access_token", data=dict(form))
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
    "invalid_grant": (
        "the refresh token is used up, expired or revoked",
        "the merchant has to authorise the app again; put the new refresh token where `refresh_token_env` says",
    ),
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
    refresh_token = body.get("refresh_token")
    kept = header_safe("refresh token", refresh_token) if isinstance(refresh_token, str) else None
    return Grant(header_safe("access token", token), scopes, float(life), kept)


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
