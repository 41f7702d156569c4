"""ShopifyQL at the demo store: a shop in Berlin, two days of visits and the ledger of the little world.

began (UTC)        who    from             device   sessions  cart  reached  completed  both
2026-09-01 10:00   human  search/google    mobile        100    10        6          4     3
2026-09-01 11:00   human  direct           desktop        50     5        3          1     1
2026-09-01 12:00   bot    direct           desktop        30     0        0          0     0
2026-09-01 22:30   human  direct           desktop         7     1        1          1     1   already 2 September there
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service.demo.model import Visits
from service.demo.server import DemoStore
from tests.demo.shops import VERSION, Client, at, little_world

QUERY = """query Ql($q: String!) { shopifyqlQuery(query: $q) {
  tableData { columns { name dataType displayName columnOrigin } rows } parseErrors parseWarnings } }"""
RANGE = "WITH TIMEZONE 'Europe/Berlin' SINCE 2026-09-01 UNTIL 2026-09-03"


@pytest.fixture
def store() -> Iterator[DemoStore]:
    world = little_world()
    visits = [
        Visits(at("2026-09-01 10:00"), True, 100, 10, 6, 4, 3, "search", "google", "cpc", "autumn", "mobile"),
        Visits(at("2026-09-01 11:00"), True, 50, 5, 3, 1, 1, "direct", device="desktop"),
        Visits(at("2026-09-01 12:00"), False, 30, referrer_source="direct", device="desktop"),
        Visits(at("2026-09-01 22:30"), True, 7, 1, 1, 1, 1, "direct", device="desktop"),
    ]
    world.visits = lambda: visits
    with DemoStore(world) as running:
        yield running


def answer(store: DemoStore, query: str, document: str = QUERY, version: str = VERSION) -> dict[str, Any]:
    client = Client(store, version)
    try:
        return client.ask(document, q=query)
    finally:
        client.close()


def rows(store: DemoStore, query: str) -> Any:
    found = answer(store, query)["data"]["shopifyqlQuery"]
    assert found["parseErrors"] == []
    return found["tableData"]["rows"]


def complaint(store: DemoStore, query: str) -> str:
    found = answer(store, query)
    assert found["data"]["shopifyqlQuery"]["tableData"] is None
    [told] = found["data"]["shopifyqlQuery"]["parseErrors"]
    return str(told)


def test_days_are_those_of_the_zone_asked_for_and_a_timeseries_has_no_holes(store: DemoStore) -> None:
    shown = "FROM sessions SHOW sessions, conversion_rate WHERE human_or_bot_session = 'human' TIMESERIES day"
    assert rows(store, f"{shown} {RANGE} ORDER BY day ASC") == [
        {"day": "2026-09-01", "sessions": "150", "conversion_rate": "0.033333"},
        {"day": "2026-09-02", "sessions": "7", "conversion_rate": "0.142857"},
        {"day": "2026-09-03", "sessions": "0", "conversion_rate": None},
    ]
    in_utc = rows(store, f"{shown} WITH TIMEZONE 'UTC' SINCE 2026-09-01 UNTIL 2026-09-01")
    assert in_utc == [{"day": "2026-09-01", "sessions": "157", "conversion_rate": "0.038217"}]


def test_groups_have_no_empty_days_and_say_null_where_nothing_is_known(store: DemoStore) -> None:
    found = rows(
        store,
        f"FROM sessions SHOW sessions GROUP BY day, human_or_bot_session, utm_source {RANGE} "
        "ORDER BY day ASC, sessions DESC",
    )
    assert [tuple(row.values()) for row in found] == [
        ("2026-09-01", "human", "google", "100"), ("2026-09-01", "human", None, "50"),
        ("2026-09-01", "bot", None, "30"), ("2026-09-02", "human", None, "7"),
    ]  # fmt: skip


def test_pages_by_limit_and_offset(store: DemoStore) -> None:
    asked = (
        f"FROM sessions SHOW sessions GROUP BY day, referrer_source, human_or_bot_session {RANGE} ORDER BY sessions ASC"
    )
    assert [row["sessions"] for row in rows(store, f"{asked} LIMIT 3")] == ["7", "30", "50"]
    assert [row["sessions"] for row in rows(store, f"{asked} LIMIT 3 OFFSET 3")] == ["100"]


def test_columns_say_what_they_hold(store: DemoStore) -> None:
    found = answer(store, f"FROM sales SHOW orders, net_sales TIMESERIES day {RANGE}")
    columns = found["data"]["shopifyqlQuery"]["tableData"]["columns"]
    assert [(c["name"], c["dataType"]) for c in columns] == [
        ("day", "DAY_TIMESTAMP"), ("orders", "INTEGER"), ("net_sales", "MONEY"),
    ]  # fmt: skip


def test_sales_follow_the_ledger(store: DemoStore) -> None:
    """2 shirts 54.00 with 9.00 tax and 5.00 off; a box 10.00 beside a gift card and a tip; 20.00 cancelled later."""
    shown = (
        "orders, gross_sales, discounts, sales_reversals, net_sales, shipping_charges, taxes, total_sales, customers"
    )
    first, second, third = rows(store, f"FROM sales SHOW {shown} TIMESERIES day {RANGE}")
    assert list(first.values()) == ["2026-09-01", "1", "50.0", "-5.0", "0.0", "45.0", "5.0", "10.0", "60.0", "1"]
    assert list(second.values()) == ["2026-09-02", "1", "10.0", "0.0", "0.0", "10.0", "0.0", "0.0", "10.0", "1"]
    assert list(third.values()) == ["2026-09-03", "1", "20.0", "0.0", "0.0", "20.0", "0.0", "0.0", "20.0", "0"]
    [edited] = rows(store, "FROM sales SHOW gross_sales, orders TIMESERIES day SINCE 2026-09-04 UNTIL 2026-09-04")
    assert edited["gross_sales"] == "42.0"  # 12.00 added to the order of the day before, and a hat at 30.00
    [refunded] = rows(store, "FROM sales SHOW sales_reversals TIMESERIES day SINCE 2026-09-20 UNTIL 2026-09-20")
    assert refunded["sales_reversals"] == "-23.5"


@pytest.mark.parametrize(
    ("version", "known", "unknown"),
    [("2026-01", "returns", "sales_reversals"), ("2026-07", "sales_reversals", "returns")],
)
def test_returns_were_renamed(store: DemoStore, version: str, known: str, unknown: str) -> None:
    document = "query Ql($q: String!) { shopifyqlQuery(query: $q) { tableData { rows } parseErrors } }"

    def asked(name: str) -> Any:
        query = f"FROM sales SHOW {name} TIMESERIES day {RANGE}"
        return answer(store, query, document, version)["data"]["shopifyqlQuery"]

    assert asked(known)["parseErrors"] == []
    assert asked(unknown)["parseErrors"] == [f"Column Not Found: Column '{unknown}' not found"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (f"FROM sessions SHOW sesions TIMESERIES day {RANGE}", "Column Not Found: Column 'sesions' not found"),
        (f"FROM visits SHOW sessions TIMESERIES day {RANGE}", "Table Not Found: Table 'visits' not found"),
        (f"FROM sessions SHOW sessions WHERE sessions = '1' {RANGE}", "Column Not Found: Column 'sessions' not found"),
        (f"FROM sessions SHOW sessions {RANGE} ORDER BY day", "Column Not Found: Column 'day' not found"),
        ("FROM sessions SHOW sessions TIMESERIES day", "unexpected 'end of query', expected SINCE"),
        (f"FROM sessions SHOW sessions {RANGE} TIMESERIES day", "unexpected 'TIMESERIES'"),
        ("FROM sessions SHOW sessions SINCE '2026-09-01' UNTIL 2026-09-02", "expected a date"),
        ("FROM sessions SHOW sessions SINCE 2026-13-01 UNTIL 2026-09-02", "Invalid date '2026-13-01'"),
        (
            "FROM sessions SHOW sessions WITH TIMEZONE 'Mars/Base' SINCE 2026-09-01 UNTIL 2026-09-02",
            "Invalid time zone",
        ),
        (f"FROM sessions SHOW sessions {RANGE} LIMIT many", "Invalid number 'many'"),
        (f"FROM sessions SHOW sessions; {RANGE}", "unexpected ';'"),
    ],
)
def test_what_is_not_understood_is_a_parse_error(store: DemoStore, query: str, told: str) -> None:
    assert told in complaint(store, query)


def test_points_are_counted_apart_and_grow_with_range_and_groups(store: DemoStore) -> None:
    costs = [
        answer(store, query)["extensions"]["shopifyqlCost"]
        for query in (
            f"FROM sessions SHOW sessions TIMESERIES day {RANGE}",
            "FROM sessions SHOW sessions TIMESERIES day SINCE 2026-07-01 UNTIL 2026-09-30",
            f"FROM sessions SHOW sessions GROUP BY day, utm_source, utm_medium {RANGE}",
        )
    ]
    assert [each["requestedQueryCost"] for each in costs] == [1, 4, 17]
    assert [each["currentlyAvailable"] for each in costs] == [999, 995, 978]
    assert costs[0]["windowResetAt"].endswith("+00:00")


def test_a_spent_minute_is_told_on_the_error_while_the_ordinary_budget_is_full() -> None:
    with DemoStore(little_world(), ql_points=5) as store:
        wide = "FROM sessions SHOW sessions GROUP BY day, utm_source SINCE 2026-09-01 UNTIL 2026-09-02"
        found = answer(store, wide)
    assert found["data"] == {"shopifyqlQuery": None}
    [error] = found["errors"]
    assert error["message"] == "Rate limited. Please retry later."
    assert (error["path"], error["extensions"]["code"]) == (["shopifyqlQuery"], "THROTTLED")
    shown = error["extensions"]["cost"]
    assert (shown["requestedQueryCost"], shown["maximumAvailable"], shown["currentlyAvailable"]) == (9, 5, 5)
    assert "shopifyqlCost" not in found["extensions"]
    assert found["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] > 1900


def test_points_come_back_whole_when_the_window_ends() -> None:
    with DemoStore(little_world(), ql_points=2, ql_window_seconds=0.2) as store:
        asked = f"FROM sessions SHOW sessions TIMESERIES day {RANGE}"
        assert ["errors" in answer(store, asked) for _ in range(3)] == [False, False, True]
        while "errors" in answer(store, asked):
            pass
        assert answer(store, asked)["extensions"]["shopifyqlCost"]["currentlyAvailable"] == 0


def test_reports_need_a_scope_and_level_2(store: DemoStore) -> None:
    asked = f"FROM sessions SHOW sessions TIMESERIES day {RANGE}"
    store.level_2_removed()
    [error] = answer(store, asked)["errors"]
    assert "not approved to use the shopifyqlQuery field" in error["message"]
    store.scope_removed("read_reports")
    [error] = answer(store, asked)["errors"]
    assert "Required access: `read_reports` access scope" in error["message"]
    assert error["extensions"]["code"] == "ACCESS_DENIED"


def test_faults_in_their_turn(store: DemoStore) -> None:
    asked = f"FROM sessions SHOW sessions TIMESERIES day {RANGE} LIMIT 1"
    store.ql_throttle_next()
    assert answer(store, asked)["errors"][0]["extensions"]["cost"]["currentlyAvailable"] == 0
    store.ql_parse_error_next()
    assert complaint(store, asked) == "Column Not Found: Column 'x' not found"
    store.ql_rows_as_arrays()
    assert rows(store, asked) == [["2026-09-01", "180"]]
    assert rows(store, asked) == [{"day": "2026-09-01", "sessions": "180"}]


def test_the_past_changes_when_bots_are_found_out(store: DemoStore) -> None:
    asked = (
        "FROM sessions SHOW sessions WHERE human_or_bot_session = 'human' TIMESERIES day "
        "SINCE 2026-10-01 UNTIL 2026-10-01"
    )
    store.browse(9, referrer_source="direct")
    suspects = store.browse(40, referrer_source="direct")
    assert rows(store, asked)[0]["sessions"] == "49"
    store.found_out(suspects)
    assert rows(store, asked)[0]["sessions"] == "9"
