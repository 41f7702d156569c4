"""One ShopifyQL query, and the table that answers it.

    found = fetch(client, "sales by day", "FROM sales SHOW orders TIMESERIES day SINCE …", ("day", "orders"))
    found.rows[0]["orders"]  # 12

Waiting for either budget, throttling and passing faults are the client's business, as with every other question.
Source: https://shopify.dev/docs/apps/build/shopifyql/graphql-admin-api
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from service.errors import UnexpectedShape
from service.shopify.client import Client
from service.shopify.documents import document, known_to
from service.shopify.exchange import Node, mapping
from service.shopify.faults import FieldDenied, NoReports, ParseError
from service.shopify.redact import redact

SCOPE = "read_reports"

Value = int | Decimal | date | str | None


@dataclass(frozen=True, slots=True)
class TableData:
    """Shopify's answer to a query, converted once.

    Shape: a row maps each column that was asked for to its value; columns Shopify adds of its own are left out.
    Units: INTEGER is int; MONEY (in the shop's currency), DECIMAL, FLOAT and PERCENT (a fraction: 0.25 is 25 %) are
    Decimal; days, weeks, months, quarters and years are the date they begin on; all else is text as it came; a cell
    without a value is None.
    """

    rows: Sequence[Mapping[str, Value]]
    warnings: tuple[str, ...] = ()  # of Shopify's parser; known from API version 2026-10 on


def fetch(client: Client, name: str, query: str, columns: Collection[str]) -> TableData:
    """The rows of a query that must answer `columns`.

    `name` says in error texts which query it is, and queries of one name are expected to cost about the same.
    Raises: NoReports when the app may not ask; ParseError when the query is wrong, which asking again does not change;
    UnexpectedShape for an answer without those columns; otherwise as `Client.execute`.
    """
    text = known_to(document("shopifyql"), client.api_version)
    try:
        answer = client.execute(text, {"query": query}, name=name)
    except FieldDenied as denied:
        raise _no_reports(client, denied) from None
    found = mapping(answer.data.get("shopifyqlQuery"))
    if complaints := _texts(found.get("parseErrors")):
        told = redact("; ".join(complaints))
        raise ParseError(f"{name}: Shopify does not understand the query: {told}", about=client.domain)
    warnings = _texts(found.get("parseWarnings"))
    if warnings:
        client.log.warning("%s: %s: %s", client.domain, name, redact("; ".join(warnings)))
    try:
        return TableData(_rows(mapping(found.get("tableData")), columns), warnings)
    except (ValueError, InvalidOperation, KeyError, TypeError) as odd:
        raise UnexpectedShape(f"{name}: the answer is no table of its columns: {odd}", about=client.domain) from None


def _no_reports(client: Client, denied: FieldDenied) -> NoReports:
    if denied.scopes:
        told, mend = f"scope {', '.join(sorted(denied.scopes))} is missing", "grant it to the app and approve it"
    else:
        told = "it has no level 2 access to protected customer data"
        mend = "ask for it in the app's settings; nothing of a person is read"
    return NoReports(f"this app may not read Shopify's reports: {told}", about=client.domain, hint=mend)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _rows(table: Node, columns: Collection[str]) -> list[dict[str, Value]]:
    """The asked columns of each row; Shopify sends objects, and has sent arrays in the order of the columns."""
    names = [str(column["name"]) for column in table["columns"]]
    kinds = {name: str(column["dataType"]) for name, column in zip(names, table["columns"], strict=True)}
    if missing := [name for name in columns if name not in kinds]:
        raise ValueError(f"no column {', '.join(missing)}")
    converters = {name: _CONVERTERS.get(kinds[name], str) for name in columns}
    found = []
    for row in table["rows"]:
        cells = row if isinstance(row, dict) else dict(zip(names, row, strict=True))
        found.append(
            {name: None if cells[name] is None else convert(cells[name]) for name, convert in converters.items()}
        )
    return found


def _integer(cell: Any) -> int:
    exact = Decimal(str(cell))
    if exact != int(exact):
        raise ValueError(f"{cell!r} is no whole number")
    return int(exact)


def _decimal(cell: Any) -> Decimal:
    exact = Decimal(str(cell))
    if not exact.is_finite():
        raise ValueError(f"{cell!r} is no number")
    return exact


def _day(cell: Any) -> date:
    return date.fromisoformat(str(cell)[:10])


# Source: https://shopify.dev/docs/api/admin-graphql/2026-10/enums/ColumnDataType
_CONVERTERS: Mapping[str, Callable[[Any], Value]] = {
    "INTEGER": _integer,
    **dict.fromkeys(("MONEY", "DECIMAL", "FLOAT", "PERCENT", "MULTIPLIER", "RATING", "UNITLESS_SCALAR"), _decimal),
    **{f"{unit}_TIMESTAMP": _day for unit in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")},
}
