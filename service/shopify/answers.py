"""From a response to an `Answer`, or to the error that says what happens next.

The body is read first and the HTTP status second: Shopify throttles, refuses and fails with status 200.
Source: https://shopify.dev/docs/api/usage/response-codes
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from service.errors import AccessDenied, OkrsyncError, Throttled, UnexpectedShape, Unreachable
from service.shopify.exchange import Answer, Exchange, Node, mapping
from service.shopify.faults import CursorLost, FieldDenied, TooDear, TooSlow, WrongVersion
from service.shopify.redact import redact
from service.shopify.window_budget import PAD_SECONDS, WINDOW_SECONDS, Window


def read(exchange: Exchange) -> Answer:
    """The answer.

    Raises: Throttled, Unreachable or TooSlow, AccessDenied or FieldDenied, WrongVersion,
    UnexpectedShape or TooDear.
    """
    _check_version(exchange)
    _check_known_codes(exchange)
    if exchange.response.status_code != 200:
        raise _by_status(exchange)
    _check_denied(exchange)
    _check_search_warnings(exchange)
    data = exchange.body.get("data")
    if not isinstance(data, dict):
        raise _no_data(exchange)
    return Answer(data, exchange.extensions, exchange.errors)


def _check_version(exchange: Exchange) -> None:
    """Asking for a retired version is no error for Shopify: the oldest supported one answers in its place."""
    asked, answered = exchange.api_version, exchange.response.headers.get("X-Shopify-API-Version", "")
    if exchange.response.status_code == 200 and answered and answered != asked:
        raise exchange.error(
            WrongVersion,
            f"API version {asked} was asked, {answered} answered",
            hint=f'{asked} is retired or unknown; set api_version = "{answered}" for this shop',
        )


def _check_known_codes(exchange: Exchange) -> None:
    codes = {_code(error): error for error in reversed(exchange.errors)}
    if "THROTTLED" in codes:
        raise _throttled(exchange, codes["THROTTLED"])
    if "INTERNAL_SERVER_ERROR" in codes:
        raise exchange.error(Unreachable, "Shopify failed inside (INTERNAL_SERVER_ERROR)")
    if "MAX_COST_EXCEEDED" in codes:
        detail = mapping(codes["MAX_COST_EXCEEDED"].get("extensions"))
        cost, most = detail.get("cost", "more"), detail.get("maxCost", "Shopify allows")
        told = f"the query costs {cost} points, at most {most} are allowed"
        raise exchange.error(TooDear, told, hint="ask for fewer")
    if "SHOP_INACTIVE" in codes:
        raise exchange.error(AccessDenied, "the store is inactive", hint="reopen it, or take it off the list")


def _throttled(exchange: Exchange, error: Node) -> Throttled:
    window_reset = _error_cost(error).get("windowResetAt")
    if isinstance(window_reset, str):
        # the ShopifyQL budget; the ordinary one beside it in the answer may be full
        wait: float | None = _reset_seconds(window_reset, exchange.response) + PAD_SECONDS
    else:
        wait = _points_wait(exchange.cost)
    return exchange.error(Throttled, "Shopify asks us to wait (THROTTLED)", wait_seconds=wait)


def shopifyql_window(exchange: Exchange) -> Window | None:
    """The ShopifyQL budget: beside an answer, or on the error of a throttled one; None for any other question."""
    costs = [mapping(exchange.extensions.get("shopifyqlCost")), *map(_error_cost, exchange.errors)]
    for cost in costs:
        try:
            requested, maximum = float(cost["requestedQueryCost"]), float(cost["maximumAvailable"])
            reset_seconds = _reset_seconds(str(cost["windowResetAt"]), exchange.response)
            return Window(requested, maximum, float(cost["currentlyAvailable"]), reset_seconds)
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _error_cost(error: Node) -> Node:
    return mapping(mapping(error.get("extensions")).get("cost"))


def _reset_seconds(reset_at: str, response: httpx.Response) -> float:
    try:
        seconds = _until(datetime.fromisoformat(reset_at), response)
    except ValueError:
        seconds = WINDOW_SECONDS
    return min(max(seconds, 0.0), WINDOW_SECONDS)


def _points_wait(cost: Node) -> float | None:
    status = mapping(cost.get("throttleStatus"))
    try:
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return max(0.0, missing / float(status["restoreRate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


_STORE_STATES = {  # status -> what it means, what to do
    402: ("the store is frozen: a Shopify bill is unpaid", "the merchant has to settle it in the admin"),
    403: ("the store refuses this app", "check in the store's admin that the app is installed and allowed"),
    423: ("the store is locked", "the merchant has to ask Shopify support"),
    430: ("Shopify rejected the request as suspicious", "leave it alone, then ask Shopify support"),
}
_NAME_MEND = "set `domain` to the store's permanent ….myshopify.com name; check `api_url` and `api_version`"


def _by_status(exchange: Exchange) -> OkrsyncError:
    status = exchange.response.status_code
    if status in _STORE_STATES:
        meaning, mend = _STORE_STATES[status]
        return exchange.error(AccessDenied, f"{meaning} ({status})", hint=mend)
    if status == 401:
        mend = "check the token (`access_token_env`) or the client secret, and that the app is still installed"
        return exchange.error(AccessDenied, f"{exchange.api_url} refuses the access token (401)", hint=mend)
    if status == 404 or exchange.response.is_redirect:
        told = f"there is no store at {exchange.api_url} ({status})"
        return exchange.error(AccessDenied, told, hint=_NAME_MEND)
    if status == 429:
        return exchange.error(Throttled, "Shopify asks us to wait (429)", wait_seconds=_retry_after(exchange))
    if status == 504:
        return exchange.error(TooSlow, "Shopify gave up computing the answer (504)", hint="ask for fewer")
    if status >= 500:
        return exchange.error(Unreachable, f"the store answered {status}")
    return exchange.error(UnexpectedShape, f"the store answered {status}: {_messages(exchange)}")


def _retry_after(exchange: Exchange) -> float | None:
    """Seconds to wait; Shopify sends decimals ("2.0") though the standard knows whole seconds and dates."""
    text = exchange.response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, _until(parsedate_to_datetime(text), exchange.response))
    except ValueError:
        return WINDOW_SECONDS if exchange.question.is_shopifyql else None


def _until(moment: datetime, response: httpx.Response) -> float:
    """Seconds from the response to a moment, by the sender's clock where it tells it: ours may be off."""
    try:
        now = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        now = datetime.now(UTC)
    return (_aware(moment) - _aware(now)).total_seconds()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_denied(exchange: Exchange) -> None:
    if exchange.question.variables.get("after") and any("cursor" in str(e["message"]).lower() for e in exchange.errors):
        raise exchange.error(CursorLost, f"Shopify lost its place: {_messages(exchange)}")
    denied = [e for e in exchange.errors if _is_denied(e)]
    if len(denied) < len(exchange.errors):
        raise exchange.error(UnexpectedShape, f"Shopify does not understand the query: {_messages(exchange)}")
    refused = [e for e in denied if not _is_optional(_path(e), exchange.question.optional)]
    if refused:
        raise _field_denied(exchange, refused)


def _is_denied(error: Node) -> bool:
    # whether an unapproved field carries the code is not documented, hence the second look
    return _code(error) == "ACCESS_DENIED" or "not approved" in str(error.get("message", ""))


def _is_optional(path: str, optional: frozenset[str]) -> bool:
    return any(path == one or path.startswith(one + ".") for one in optional)


def _field_denied(exchange: Exchange, refused: list[Node]) -> FieldDenied:
    paths = dict.fromkeys(_path(error) or "the query" for error in refused)  # once each, in order
    messages = [str(error.get("message", "")) for error in refused]
    scopes = {scope for message in messages for scope in re.findall(r"`((?:read|write)_\w+)`", message)}
    if scopes:
        needs = f"needs {', '.join(sorted(scopes))}"
        mend = "grant the scope to the app and approve it in the store"
    else:
        needs = redact(messages[0])
        mend = "ask for protected customer data access for the app, and choose its distribution"
    told = f"access denied to {', '.join(paths)}; {needs}"
    return exchange.error(FieldDenied, told, hint=mend, paths=paths, scopes=scopes)


def _check_search_warnings(exchange: Exchange) -> None:
    """A filter Shopify does not understand is ignored, and all rows come back; only these warnings tell."""
    searches = exchange.extensions.get("search")
    warnings = [
        f"{mapping(warning).get('field')}: {mapping(warning).get('message')}"
        for search in (searches if isinstance(searches, list) else [])
        for warning in mapping(search).get("warnings") or []
    ]
    if warnings:
        told = redact("; ".join(warnings))
        raise exchange.error(UnexpectedShape, f"Shopify does not understand the search filter: {told}")


def _no_data(exchange: Exchange) -> OkrsyncError:
    if exchange.body:
        return exchange.error(UnexpectedShape, f"an answer without data: {_messages(exchange)}")
    kind = exchange.response.headers.get("Content-Type", "no content type")
    told = f"{exchange.api_url} answered no JSON object ({kind})"
    return exchange.error(Unreachable, told, hint=_NAME_MEND)


def _messages(exchange: Exchange) -> str:
    """What the errors say, once each, and about which field."""
    told = [str(e.get("message")) + (f" ({_path(e)})" if _path(e) else "") for e in exchange.errors]
    return redact("; ".join(dict.fromkeys(told)) or "no reason given")


def _path(error: Node) -> str:
    steps = error.get("path")
    return ".".join(s for s in steps if isinstance(s, str)) if isinstance(steps, list) else ""


def _code(error: Node) -> str:
    return str(mapping(error.get("extensions")).get("code", ""))
