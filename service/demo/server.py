"""The demo store: a simulated Shopify Admin API over real HTTP on loopback.

    with DemoStore(world) as store:
        post(f"{store.url}/admin/api/2026-10/graphql.json", headers={"X-Shopify-Access-Token": store.token}, …)

A peer of Shopify, not of any client: it answers as Shopify's documentation and measurements say, also where that is
awkward, and shares no code with whoever asks.
"""

from __future__ import annotations

from secrets import token_hex
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from service.demo.admin import Reply
from service.demo.changes import Changes
from service.demo.faults import Faults
from service.demo.handler import Server
from service.demo.model import World
from service.demo.pairs import Pair
from service.demo.shop import Shop


class Seen(NamedTuple):
    """A request the store answered: `kind` is graphql, token, scopes or file."""

    kind: str
    fields: tuple[str, ...]  # root fields of a document, or the file's name
    operation: str | None  # its name; the kind of grant of a token
    status: int


class DemoStore(Faults, Changes):
    """A running store. Options of the shop (scopes, bucket, restore_rate, bulk_slots, …) as in `Shop`."""

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        client_id: str = "demo-app",
        client_secret: str = "demo-secret",  # noqa: S107 - a simulated one
        **options: Any,
    ) -> None:
        Faults.__init__(self)
        Changes.__init__(self)
        self.world = world
        self.shop = Shop(world, **options)
        self.client_id, self.client_secret = client_id, client_secret
        self.token = self.new_token()
        self.requests: list[Seen] = []
        self._server = Server(self, port)
        self.url = self.shop.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="demo-store")

    @property
    def domain(self) -> str:
        """The permanent myshopify.com name."""
        return self.world.domain

    @property
    def now(self) -> int:
        """The shop's clock, in epoch seconds."""
        return self.shop.now

    @now.setter
    def now(self, instant: int) -> None:
        self.shop.now = instant
        self.shop.index.changed()

    def new_token(self) -> str:
        token = f"shpat_{token_hex(16)}"
        self.tokens.add(token)
        return token

    def new_pair(self) -> Pair:
        """An expiring token with its refresh token, as a merchant's authorisation gives them to an app."""
        return self.pairs.issue(self.now)

    def admits(self, token: str) -> bool:
        return token in self.tokens or self.pairs.admits(token, self.now)

    def saw(self, kind: str, reply: Reply) -> None:
        self.requests.append(Seen(kind, reply.fields, reply.name, reply.status))

    def count(self, field: str) -> int:
        """How many requests asked for a root field so far."""
        return sum(field in seen.fields for seen in self.requests)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self.shop.bulk.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
