"""Filters find what Shopify's would, and its silent mistakes stay silent but for a warning."""

from __future__ import annotations

from typing import Any

import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client, at, open_shop

ALL = ["#1006", "#1001", "#1002", "#1003", "#1004", "#1005"]  # by processedAt
FOUND = {
    "": ALL,
    "created_at:>='2026-09-03T10:00:00Z'": ["#1003", "#1004", "#1005"],
    "created_at:>'2026-09-03T10:00:00Z'": ["#1004", "#1005"],
    "created_at:<'2026-09-03T10:00:00Z' created_at:>=\"2026-09-01\"": ["#1001", "#1002"],
    "created_at:<='2026-09-01T10:00:00Z'": ["#1006", "#1001"],
    "created_at:2026-09-02": ["#1002"],  # a bare day is the shop's day
    "updated_at:>='2026-09-10T10:00:00Z' AND updated_at:<'2026-09-21T00:00:00Z'": ["#1001", "#1003"],
    "processed_at:>='2026-09-05T00:00:00Z'": ["#1005"],
    "id:1002": ["#1002"],
    "id:>=1005": ["#1006", "#1005"],
    "id:1001,1004": ["#1001", "#1004"],
    "customer_id:7": ["#1001", "#1002"],
    "name:#1003": ["#1003"],
    "name:1003": ["#1003"],
    "1003": ["#1003"],
    "status:open": ["#1001", "#1002", "#1004", "#1005"],
    "status:cancelled": ["#1003"],
    "status:closed": ["#1006", "#1003"],
    "status:not_closed -test:true": ["#1001", "#1002", "#1004"],
    "test:true": ["#1005"],
    "test:false financial_status:paid": ["#1006", "#1002"],
    "financial_status:pending,refunded": ["#1003", "#1004"],
    "source_name:shopify_draft_order": ["#1004"],
    "source_name:'web' NOT status:open": ["#1006", "#1003"],
    "discount_code:fall5": ["#1001"],
    "checkout_token:c1": ["#1001"],
    "customer_id:9 OR name:1004 status:open": ["#1004"],  # OR binds tighter than AND
    "(customer_id:9 AND status:closed) OR name:1004": ["#1006", "#1004"],
    "status: open": [],  # the space ends the term: the word is searched for everywhere
    "created_at:>='2027-01-01T00:00:00Z'": [],
}


@pytest.mark.parametrize("query", FOUND)
def test_a_filter_finds(query: str, client: Client) -> None:
    assert client.names(query) == FOUND[query]


def search_notes(client: Client, query: str, **headers: str) -> Any:
    document = "query($q: String) { found: orders(first: 9, query: $q) { nodes { name } } }"
    return client.post(document, headers=headers, q=query).json()["extensions"].get("search")


def test_an_unknown_filter_returns_every_row_with_a_warning(client: Client) -> None:
    assert client.names("colour:red") == ALL
    (note,) = search_notes(client, "colour:red")
    assert note["path"] == ["found"]
    assert note["warnings"] == [
        {"field": "colour", "message": "Invalid search field for this query.", "code": "invalid_field"}
    ]


def test_an_unquoted_time_is_split_at_its_colons_and_means_another_hour(client: Client, store: DemoStore) -> None:
    """The rest of the time is taken for a filter on a field called 30; hour 12 is read in the shop's own zone."""
    late = store.order(created_at=at("2026-09-30 10:10"), name="late")
    assert client.names("created_at:>='2026-09-30T12:30:00Z'") == []
    assert client.names("created_at:>=2026-09-30T12:30:00Z") == [late.name]
    (note,) = search_notes(client, "created_at:>=2026-09-30T12:30:00Z")
    assert [warning["field"] for warning in note["warnings"]] == ["30"]


def test_a_value_that_is_no_time_is_ignored_with_a_warning(client: Client) -> None:
    assert client.names("created_at:>'yesterday'") == ALL
    (note,) = search_notes(client, "created_at:>'yesterday'")
    assert note["warnings"][0]["code"] == "invalid_value"


def test_an_offset_is_not_to_be_relied_on(client: Client) -> None:
    assert client.names("created_at:>='2026-09-05T09:30:00-05:00'") == ["#1005"]


def test_a_good_filter_says_nothing_unless_the_debug_header_asks(client: Client) -> None:
    assert search_notes(client, "test:true") is None
    (note,) = search_notes(client, "test:true", **{"Shopify-Search-Query-Debug": "1"})
    assert note == {"path": ["found"], "query": "test:true", "parsed": {"field": "test", "match_all": "true"}}


def test_strict_comparators_can_be_as_sloppy_as_they_have_been_seen() -> None:
    with open_shop(inclusive_bounds=True) as (_, client):
        query = "created_at:>'2026-09-03T10:00:00Z' created_at:<'2026-09-04T10:00:00Z'"
        assert client.names(query) == ["#1003", "#1004"]


def test_counting_stops_at_the_limit_and_says_so(client: Client) -> None:
    document = """{ all: ordersCount(limit: null) { count precision } few: ordersCount(limit: 4) { count precision }
      some: ordersCount(query: "customer_id:7") { count precision } }"""
    assert client.data(document) == {
        "all": {"count": 6, "precision": "EXACT"},
        "few": {"count": 4, "precision": "AT_LEAST"},
        "some": {"count": 2, "precision": "EXACT"},
    }
