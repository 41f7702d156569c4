"""Orders as answers nest them, with what a page cut off, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from service.connectors import orders
from service.connectors.convert import Converter
from service.connectors.documents import operation
from service.connectors.work import Work
from service.errors import UnexpectedShape
from service.shopify.client import Client
from service.shopify.pages import Path, Reader, drain, to_the_end

PAGE_ORDERS = 25
"""Orders asked for at once, each with its agreements and sales nested in it."""


def whole_rows(work: Work, nodes: Iterable[Mapping[str, Any]]) -> orders.Rows:
    """The rows of those orders, each with all of its agreements and sales."""
    nested = Nested(work.client, work.shop.denied)
    try:
        lines = [line for node in nodes for line in orders.flatten(nested.whole(node))]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise UnexpectedShape(f"an order came in an unknown shape: {error}", about=work.shop.domain) from None
    rows = orders.to_rows(lines, Converter(work.shop), orders.Parents())
    if rows.orphans:
        raise UnexpectedShape("an answer holds sales that belong to no agreement in it", about=work.shop.domain)
    return rows


class Nested:
    """Reads what a page cut off: the agreements of an order, the sales of an agreement."""

    def __init__(self, client: Client, denied: frozenset[str]) -> None:
        def reader(name: str, path: Path, first: int) -> Reader:
            return Reader(client, operation(orders.DOCUMENTS, name, client.api_version, denied), path, first)

        self._agreements = reader("OrderAgreements", ("order", "agreements"), 25)
        self._sales = reader("AgreementSales", ("order", "agreements", "nodes", 0, "sales"), 100)

    def whole(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The order with all of its agreements and all of their sales, however many pages they fill."""
        order = {"id": node["id"]}
        pieces = to_the_end(node["agreements"], lambda after: self._agreements.read(order, after))
        edges = [edge for piece in pieces for edge in piece["edges"]]
        before = None
        for edge in edges:
            edge["node"]["sales"] = {"nodes": self._all_sales(order, edge["node"], before)}
            before = edge["cursor"]
        return {**node, "agreements": {"edges": edges}}

    def _all_sales(self, order: dict[str, Any], agreement: Mapping[str, Any], before: str | None) -> list[Any]:
        def more(after: str) -> Any:
            return self._sales.read({**order, "agreement": before}, after, parent_id=agreement["id"])

        return list(drain(agreement["sales"], more))
