"""Connections page as Relay and Shopify do: opaque cursors, both directions, nested ones cut without a word."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client, at

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $reverse: Boolean) {
  orders(first: $first, after: $after, last: $last, before: $before, reverse: $reverse, sortKey: UPDATED_AT) {
    nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
BY_UPDATE = ["#1006", "#1002", "#1004", "#1005", "#1003", "#1001"]


def names(page: dict[str, Any]) -> list[str]:
    return [order["name"] for order in page["nodes"]]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 6, 250])
def test_pages_lead_through_every_order_once(client: Client, size: int, reverse: bool) -> None:
    seen: list[str] = []
    after, more = None, True
    while more:
        page = client.data(PAGE, first=size, after=after, reverse=reverse)["orders"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(seen)
        seen += names(page)
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == (BY_UPDATE[::-1] if reverse else BY_UPDATE)


def test_pages_can_be_walked_backwards(client: Client) -> None:
    end = client.data(PAGE, last=2)["orders"]
    before = client.data(PAGE, last=3, before=end["pageInfo"]["startCursor"])["orders"]
    assert names(end) == BY_UPDATE[4:]
    assert names(before) == BY_UPDATE[1:4]
    assert before["pageInfo"]["hasNextPage"] is True


def test_a_cursor_holds_the_last_id_and_sort_value(client: Client) -> None:
    cursor = client.data(PAGE, first=1)["orders"]["pageInfo"]["endCursor"]
    assert json.loads(b64decode(cursor)) == {"last_id": 1006, "last_value": at("2026-06-03 10:00")}


def test_a_cursor_still_works_when_its_order_has_moved_on(client: Client, store: DemoStore) -> None:
    cursor = client.data(PAGE, first=2)["orders"]["pageInfo"]["endCursor"]
    store.touch(1002)
    assert names(client.data(PAGE, first=9, after=cursor)["orders"]) == [*BY_UPDATE[2:], "#1002"]


def test_an_empty_page_has_no_cursors(client: Client) -> None:
    page = client.data('{ orders(first: 5, query: "id:1") { nodes { id } pageInfo { hasNextPage endCursor } } }')
    assert page["orders"] == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("first: 251", "first cannot exceed 250"),
        ("last: 900", "last cannot exceed 250"),
        ("reverse: true", "you must provide one of first or last"),
        ("first: 1, last: 1", "providing both first and last is not supported"),
        ('first: 1, after: "bm9uc2Vuc2U="', "Invalid cursor for current pagination sort."),
    ],
)
def test_a_page_that_cannot_be_is_refused(client: Client, arguments: str, complaint: str) -> None:
    answer = client.ask(f"{{ orders({arguments}) {{ nodes {{ id }} }} }}")
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["message"] == complaint
    assert error["path"] == ["orders"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}


def test_nested_connections_are_cut_and_drained_through_their_order(client: Client) -> None:
    document = """query($id: ID!, $after: String) { order(id: $id) { agreements(first: 1, after: $after) {
      nodes { id sales(first: 1) { nodes { id } pageInfo { hasNextPage } } } pageInfo { hasNextPage endCursor } } } }"""
    order_id = "gid://shopify/Order/1001"
    first = client.data(document, id=order_id)["order"]["agreements"]
    rest = client.data(document, id=order_id, after=first["pageInfo"]["endCursor"])["order"]["agreements"]
    assert [first["nodes"][0]["id"], rest["nodes"][0]["id"]] == [
        "gid://shopify/SalesAgreement/71",
        "gid://shopify/SalesAgreement/72",
    ]
    assert first["nodes"][0]["sales"]["pageInfo"]["hasNextPage"] is True
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_money_instants_and_ids_look_like_shopifys(client: Client) -> None:
    document = """{ orders(first: 1, query: "id:1002") { nodes { id createdAt legacyResourceId closedAt
      totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } } } } }"""
    assert client.data(document)["orders"]["nodes"] == [
        {
            "id": "gid://shopify/Order/1002",
            "createdAt": "2026-09-02T10:00:00Z",
            "legacyResourceId": "1002",
            "closedAt": None,
            "totalPriceSet": {
                "shopMoney": {"amount": "62.0", "currencyCode": "EUR"},
                "presentmentMoney": {"amount": "68.2", "currencyCode": "USD"},
            },
        }
    ]


def test_totals_tell_as_sold_from_current(client: Client) -> None:
    document = """{ order(id: "gid://shopify/Order/1003") { originalTotalPriceSet { ...m } totalPriceSet { ...m }
      currentTotalPriceSet { ...m } totalRefundedSet { ...m }
      lineItems(first: 5) { nodes { quantity currentQuantity } } } }
      fragment m on MoneyBag { shopMoney { amount } }"""
    order = client.data(document)["order"]
    amounts = {name: bag["shopMoney"]["amount"] for name, bag in order.items() if name != "lineItems"}
    assert amounts == {
        "originalTotalPriceSet": "20.0",
        "totalPriceSet": "32.0",
        "currentTotalPriceSet": "0.0",
        "totalRefundedSet": "0.0",  # returned, not refunded
    }
    assert order["lineItems"]["nodes"] == [{"quantity": 1, "currentQuantity": 0}] * 2


def test_a_journey_not_ready_tells_nothing_yet(client: Client) -> None:
    document = """{ orders(first: 3, query: "id:1001,1002,1003", sortKey: ID) { nodes { customerJourneySummary {
      ready customerOrderIndex daysToConversion
      lastVisit { source sourceType utmParameters { source medium } } } } } }"""
    first, second, third = [each["customerJourneySummary"] for each in client.data(document)["orders"]["nodes"]]
    assert first == {
        "ready": True,
        "customerOrderIndex": 1,
        "daysToConversion": 2,
        "lastVisit": {
            "source": "newsletter",
            "sourceType": "NEWSLETTER",
            "utmParameters": {"source": "mailer", "medium": "email"},
        },
    }
    assert second == {"ready": False, "customerOrderIndex": None, "daysToConversion": None, "lastVisit": None}
    assert third is None
