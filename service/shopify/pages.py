"""Connections read to their end, page by page.

A page that is too dear or too slow is asked again at half its size, and the size stays there. Page cursors
live only as long as the iterator: they are made from the last row of one query with one filter and sort key.

A document declares `$first: Int!` and `$after: String`, and selects `pageInfo { hasNextPage endCursor }` with
`nodes`, or with `edges { cursor node }` where the cursors are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from service.errors import OkrsyncError, TryAgain, UnexpectedShape
from service.shopify.client import Client
from service.shopify.documents import operation_name
from service.shopify.exchange import Node
from service.shopify.faults import TooDear, TooSlow
from service.values import Page

Path = Sequence[str | int]  # field names, and positions in lists


class Reader:
    """Asks one document for a connection, and remembers the page size that worked."""

    def __init__(
        self, client: Client, document: str, path: Path, first: int = 50, *, operation: str | None = None
    ) -> None:
        self.first = first
        self._client, self._document, self._path, self._operation = client, document, tuple(path), operation
        self._name = operation or operation_name(document) or "query"

    def ask(self, variables: Mapping[str, Any]) -> Node:
        """The data of an answer, with at most `first` nodes."""
        while True:
            try:
                return self._client.execute(
                    self._document,
                    {**variables, "first": self.first},
                    operation=self._operation,
                    is_shrinkable=self.first > 1,
                ).data
            except (TooDear, TooSlow) as error:
                if self.first == 1:
                    raise
                self.first //= 2
                self._client.log.warning("%s; going on with %d a page", error, self.first)

    def read(self, variables: Mapping[str, Any], after: str | None = None, *, parent_id: str | None = None) -> Node:
        """The connection's next piece. `parent_id`: the id its parent must have; the document selects it.

        Raises: TryAgain when the parent is no longer there.
        """
        parent = self._step_down(self.ask({**variables, "after": after}), self._path[:-1])
        if parent_id is not None and parent.get("id") != parent_id:
            raise self._strange(f"asked about {parent_id}, the answer is about {parent.get('id')}")
        return self._step_down(parent, self._path[-1:])

    def _step_down(self, value: Any, path: Path) -> Node:
        for step in path:
            try:
                value = value[step]
            except IndexError:
                value = None
            except (KeyError, TypeError):
                raise self._strange(f"no {step!r} in the answer") from None
            if value is None:
                told = f"{self._name}: {step!r} vanished while it was being read"
                raise TryAgain(told, about=self._client.domain)
        return cast(Node, value)

    def _strange(self, message: str) -> OkrsyncError:
        return UnexpectedShape(f"{self._name}: {message}", about=self._client.domain)


def pages(
    client: Client,
    document: str,
    variables: Mapping[str, Any],
    path: Path = ("orders",),
    first: int = 50,
    *,
    operation: str | None = None,
) -> Iterator[Page]:
    """Every page of a connection, in order."""
    reader = Reader(client, document, path, first, operation=operation)

    def more(after: str | None) -> Node:
        return reader.read(variables, after)

    for connection in to_the_end(more(None), more):
        yield Page(_nodes(connection), _next(connection))


def by_id(client: Client, document: str, ids: Sequence[str], size: int) -> Iterator[Mapping[str, Node | None]]:
    """The nodes of those ids, `size` at a time or fewer; None for what is no longer there, or not for us to see.

    The document declares `$ids: [ID!]!` and asks `nodes(ids: $ids)`.
    """
    left = list(ids)
    while left:
        asked = left[:size]
        try:
            data = client.execute(document, {"ids": asked}, is_shrinkable=size > 1).data
        except (TooDear, TooSlow) as error:
            if size == 1:
                raise
            size //= 2
            client.log.warning("%s; going on with %d at a time", error, size)
            continue
        nodes = data.get("nodes")
        if not isinstance(nodes, list) or len(nodes) != len(asked):
            raise UnexpectedShape("nodes: not one answer for each id", about=client.domain)
        yield dict(zip(asked, nodes, strict=True))
        left = left[size:]


def drain(connection: Node, more: Callable[[str], Node]) -> Iterator[Node]:
    """Every node of a nested connection: those at hand, then those of what `more(after)` answers, to the end.

        sales = Reader(client, SALES, ("order", "agreements", "nodes", 0, "sales"), first=100)
        drain(agreement["sales"], lambda after: sales.read(
            {"id": order_id, "before": cursor_before_it}, after, parent_id=agreement["id"]))

    An agreement is no Node, so its sales are asked through the order: `agreements(first: 1, after: $before)`.
    """
    for piece in to_the_end(connection, more):
        yield from _nodes(piece)


def to_the_end(connection: Node, more: Callable[[str], Node]) -> Iterator[Node]:
    """The connection's pieces, this one and all that follow."""
    seen: set[str] = set()
    yield connection
    while (after := _next(connection)) is not None:
        if after in seen:
            raise UnexpectedShape(f"the page cursor {after!r} came twice; reading on would never end")
        seen.add(after)
        connection = more(after)
        yield connection


def _next(connection: Node) -> str | None:
    info = connection.get("pageInfo")
    if not isinstance(info, Mapping) or not isinstance(info.get("hasNextPage"), bool):
        raise UnexpectedShape("a connection without pageInfo: nobody can tell whether it is complete")
    if not info["hasNextPage"]:
        return None
    if not isinstance(info.get("endCursor"), str):
        raise UnexpectedShape("a connection has a next page but no cursor to it")
    return str(info["endCursor"])


def _nodes(connection: Node) -> Sequence[Node]:
    nodes, edges = connection.get("nodes"), connection.get("edges")
    if isinstance(nodes, list):
        return nodes
    if isinstance(edges, list):
        return [edge["node"] for edge in edges]
    raise UnexpectedShape("a connection without nodes")
