"""One ShopifyQL query: what is asked, what comes back, and every way in which it does not."""

from __future__ import annotations

import json
import threading
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from service.errors import UnexpectedShape
from service.shopify.client import Client
from service.shopify.faults import NoReports, ParseError
from service.shopify.shopifyql import fetch
from tests.shopify.scripted import Script, cost, failed, ok, status

QUERY = "FROM sessions SHOW sessions, conversion_rate TIMESERIES day SINCE 2026-10-01 UNTIL 2026-10-02"
ASKED = ("day", "sessions", "conversion_rate")
COLUMNS = [
    {"name": "day", "dataType": "DAY_TIMESTAMP"},
    {"name": "sessions", "dataType": "INTEGER"},
    {"name": "conversion_rate", "dataType": "PERCENT"},
]
ROW = {"day": "2026-10-01", "sessions": "5169", "conversion_rate": "0.0214"}
READ = {"day": date(2026, 10, 1), "sessions": 5169, "conversion_rate": Decimal("0.0214")}


def table(
    rows: list[Any], columns: list[dict[str, str]] = COLUMNS, *, window: Any = None, headers: Any = None, **more: Any
) -> httpx.Response:
    data = {"tableData": {"columns": columns, "rows": rows}, "parseErrors": [], **more}
    extensions = cost(3, 1997) | ({"shopifyqlCost": window} if window else {})
    return ok({"shopifyqlQuery": data}, extensions=extensions, headers=headers)


def window(requested: int, available: int, reset: str = "2026-10-02T08:07:00+00:00") -> dict[str, Any]:
    return {
        "requestedQueryCost": requested, "maximumAvailable": 1000, "currentlyAvailable": available,
        "windowResetAt": reset,
    }  # fmt: skip


AT_HALF = {"Date": "Fri, 02 Oct 2026 08:06:30 GMT"}  # thirty seconds before the refill


def throttled(requested: int) -> httpx.Response:
    """As captured: the ShopifyQL budget sits on the error, and the ordinary one is full."""
    fault = failed(
        "THROTTLED", "Rate limited. Please retry later.", path=["shopifyqlQuery"], data={"shopifyqlQuery": None},
        extensions=cost(3, 1958), cost=window(requested, 0),
    )  # fmt: skip
    fault.headers.update(AT_HALF)
    return fault


def ask(client: Client, name: str = "sessions by day") -> Any:
    return fetch(client, name, QUERY, ASKED).rows


def test_the_query_travels_as_it_is_and_cells_are_converted_by_their_column() -> None:
    store = Script(table([ROW]))
    assert ask(store.client()) == [READ]
    assert store.variables == [{"query": QUERY}]


def test_rows_may_be_arrays_in_the_order_of_the_columns() -> None:
    assert ask(Script(table([["2026-10-01", "5169", "0.0214"]])).client()) == [READ]


def test_what_has_no_value_is_none_and_columns_nobody_asked_for_are_left_out() -> None:
    extra = [
        *COLUMNS,
        {"name": "sessions__totals", "dataType": "INTEGER"},
        {"name": "utm_source", "dataType": "STRING"},
    ]
    row = {"day": "2026-10-01T00:00:00Z", "sessions": 0, "conversion_rate": None, "sessions__totals": "9"}
    found = fetch(Script(table([row | {"utm_source": "7"}], extra)).client(), "x", QUERY, (*ASKED, "utm_source"))
    assert found.rows == [{"day": date(2026, 10, 1), "sessions": 0, "conversion_rate": None, "utm_source": "7"}]


@pytest.mark.parametrize(("version", "is_asked"), [("2026-01", False), ("2026-07", False), ("2026-10", True)])
def test_warnings_are_asked_for_where_the_version_knows_them(version: str, is_asked: bool) -> None:
    store = Script(table([ROW], parseWarnings=["sessions is deprecated"]))
    found = fetch(store.client(api_version=version), "sessions by day", QUERY, ASKED)
    [request] = store.requests
    assert ("parseWarnings" in json.loads(request.content)["query"]) == is_asked
    assert found.warnings == ("sessions is deprecated",)


def test_a_query_that_is_not_understood_is_not_asked_again() -> None:
    told = "Column Not Found: Column 'sesions' not found"
    store = Script(ok({"shopifyqlQuery": {"tableData": None, "parseErrors": [told]}}))
    with pytest.raises(ParseError, match="sessions by day: Shopify does not understand the query: Column Not Found"):
        ask(store.client())
    assert len(store.requests) == 1


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (table([ROW], COLUMNS[:2]), "no column conversion_rate"),
        (table([ROW | {"sessions": "5169.5"}]), "no whole number"),
        (table([ROW | {"sessions": "many"}]), "no table of its columns"),
        (table([ROW | {"day": "yesterday"}]), "no table of its columns"),
        (table([ROW | {"conversion_rate": "NaN"}]), "no number"),
        (table([["2026-10-01", "5169"]]), "no table of its columns"),
        (table([{"day": "2026-10-01"}]), "sessions"),
        (ok({"shopifyqlQuery": {"tableData": None, "parseErrors": []}}), "columns"),
        (ok({"shopifyqlQuery": None}), "columns"),
    ],
)
def test_an_answer_in_another_shape_is_refused(answer: httpx.Response, complaint: str) -> None:
    with pytest.raises(UnexpectedShape, match=f"sessions by day: .*{complaint}"):
        ask(Script(answer).client())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            failed(
                "ACCESS_DENIED",
                "Access denied for shopifyqlQuery field. Required access: `read_reports` access scope.",
                path=["shopifyqlQuery"], data={"shopifyqlQuery": None},
            ),
            "scope read_reports is missing",
        ),
        (
            failed(
                "", "This app is not approved to use the shopifyqlQuery field. See …/protected-customer-data",
                path=["shopifyqlQuery"], data={"shopifyqlQuery": None},
            ),
            "no level 2 access to protected customer data",
        ),
    ],
)  # fmt: skip
def test_who_may_not_read_reports_is_told_what_is_missing(answer: httpx.Response, told: str) -> None:
    store = Script(answer)
    with pytest.raises(NoReports, match=f"may not read Shopify's reports: .*{told}"):
        ask(store.client())
    assert len(store.requests) == 1


def test_a_throttled_query_waits_for_the_refill_and_so_does_the_next() -> None:
    store = Script(throttled(600), table([ROW], window=window(600, 400), headers=AT_HALF), table([ROW]))
    client = store.client()
    assert ask(client) == [READ]
    assert store.waits == [31.0]
    assert ask(client) == [READ]
    assert store.waits == [31.0, 31.0]  # 400 are left and 600 + 100 are wanted


def test_threads_that_share_a_client_learn_from_one_refusal() -> None:
    """One is turned away with nothing left; whoever comes meanwhile waits without asking first."""
    store = Script(throttled(300), table([ROW], window=window(300, 700), headers=AT_HALF))
    asked_while_asleep: list[float] = []

    def sleep(seconds: float) -> None:
        other = threading.Thread(
            target=lambda: asked_while_asleep.append(client.shopifyql_budget.claim(name).wait_seconds)
        )
        other.start()
        other.join()
        store.now += seconds

    name = "sessions by day"
    client = store.client(sleep=sleep)
    ask(client)
    assert asked_while_asleep == [31.0]


def test_the_two_budgets_know_nothing_of_each_other() -> None:
    """Ordinary questions go on while ShopifyQL has nothing left, and its queries are dear by their own names only."""
    empty = window(600, 0)
    store = Script(table([ROW], window=empty, headers=AT_HALF), ok(), table([ROW], window=empty, headers=AT_HALF))
    client = store.client()
    ask(client)
    client.execute("query Shop { shop { id } }")
    ask(client, "sales by day")
    assert store.waits == []


def test_429_waits_a_minute() -> None:
    store = Script(status(429), table([ROW]))
    ask(store.client())
    assert store.waits == [60.0]
