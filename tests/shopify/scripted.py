"""A store that answers by script, and a clock that only moves when somebody sleeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from service.shopify.client import Client
from service.shopify.credentials import Credentials, CustomAppToken

DOMAIN = "lantern.myshopify.com"
TOKEN = "shpat_0123456789abcdef"
Reply = httpx.Response | Exception


class Script:
    """`Script(reply, reply, …)`: each request takes the next reply; the last one is given for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self.now = 1000.0

    def client(self, credentials: Credentials | None = None, **options: Any) -> Client:
        options = {"sleep": self.sleep, "clock": lambda: self.now, "jitter": lambda: 0.0} | options
        return Client(DOMAIN, credentials or CustomAppToken(TOKEN), transport=self.transport, **options)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds

    @property
    def variables(self) -> list[dict[str, Any]]:
        """What the GraphQL requests asked with."""
        return [json.loads(request.content)["variables"] for request in self.requests]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)


def ok(data: Mapping[str, Any] | None = None, *, extensions: Any = None, headers: Any = None) -> httpx.Response:
    body = {"data": {"shop": {"id": "gid://shopify/Shop/1"}} if data is None else data}
    return httpx.Response(200, json=body | ({"extensions": extensions} if extensions else {}), headers=headers)


def failed(code: str, message: str = "no", *, data: Any = None, extensions: Any = None, **error: Any) -> httpx.Response:
    """An error inside a 200."""
    path = error.pop("path", None)
    fault = {"message": message, "extensions": {"code": code, **error}} | ({"path": path} if path else {})
    body = {"errors": [fault]} | ({"data": data} if data else {})
    headers = {"X-Request-Id": "req-7"}
    return httpx.Response(200, json=body | ({"extensions": extensions} if extensions else {}), headers=headers)


def status(code: int, text: str = "<html>oh</html>", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, text=text, headers=names | {"X-Request-Id": "req-7"})


def cost(requested: float, available: float, *, maximum: float = 2000.0, rate: float = 100.0) -> dict[str, Any]:
    bucket = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket}}
