"""What a test orders to go wrong goes wrong for the next requests, and then no more."""

from __future__ import annotations

import httpx
import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client

QUESTION = "query Ping { orders(first: 5) { nodes { id name } } }"


@pytest.mark.parametrize("status", [402, 403, 404, 423, 429, 430, 500, 502, 503, 504])
def test_a_status_comes_as_often_as_ordered(client: Client, store: DemoStore, status: int) -> None:
    store.fail_next(status, n=2)
    assert [client.post(QUESTION).status_code for _ in range(3)] == [status, status, 200]


def test_too_many_requests_says_when_to_come_back(client: Client, store: DemoStore) -> None:
    store.fail_next(429)
    assert client.post(QUESTION).headers["Retry-After"] == "2.0"


def test_a_gateway_answers_with_a_page(client: Client, store: DemoStore) -> None:
    store.fail_next(502)
    assert client.post(QUESTION).text.startswith("<!DOCTYPE html>")


def test_an_internal_error_hides_in_a_200_with_a_request_id(client: Client, store: DemoStore) -> None:
    store.internal_error_next()
    (error,) = client.ask(QUESTION)["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["requestId"] in error["message"]
    assert client.data(QUESTION)


def test_one_question_can_break_down_for_ever(client: Client, store: DemoStore) -> None:
    store.break_down("Ping")
    assert [client.ask(QUESTION)["errors"][0]["extensions"]["code"] for _ in range(2)] == ["INTERNAL_SERVER_ERROR"] * 2
    assert client.data(QUESTION.replace("Ping", "Pings"))


def test_a_connection_is_reset_in_the_middle_of_an_answer(client: Client, store: DemoStore) -> None:
    store.reset_next()
    with pytest.raises(httpx.TransportError):
        client.post(QUESTION)
    assert client.data(QUESTION)


def test_an_order_hidden_from_search_is_there_by_id(client: Client, store: DemoStore) -> None:
    store.hide_from_search(1002)
    document = """{ order(id: "gid://shopify/Order/1002") { name } ordersCount { count }
      orders(first: 9, query: "customer_id:7") { nodes { name } } }"""
    hidden = {"order": {"name": "#1002"}, "ordersCount": {"count": 5}, "orders": {"nodes": [{"name": "#1001"}]}}
    assert client.data(document) == hidden
    store.hide_from_search()
    assert client.data(document)["ordersCount"] == {"count": 6}


def test_a_page_cursor_can_become_invalid(client: Client, store: DemoStore) -> None:
    following = """query($after: String) { orders(first: 2, after: $after) {
      nodes { name } pageInfo { endCursor hasNextPage } } }"""
    after = client.data(following)["orders"]["pageInfo"]["endCursor"]
    store.lose_cursor_next()
    assert client.data(following)["orders"]["nodes"]
    (error,) = client.ask(following, after=after)["errors"]
    assert (error["message"], error["extensions"]["code"]) == (
        "Invalid cursor for current pagination sort.",
        "BAD_REQUEST",
    )
    assert client.data(following, after=after)["orders"]["nodes"]


def test_faults_wait_in_line(client: Client, store: DemoStore) -> None:
    store.fail_next(503)
    store.throttle_next()
    assert client.post(QUESTION).status_code == 503
    assert client.ask(QUESTION)["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert client.data(QUESTION)


def test_the_store_remembers_what_it_was_asked(client: Client, store: DemoStore) -> None:
    store.fail_next(500)
    client.post(QUESTION)
    client.post(QUESTION)
    client.post("{ shop { id } a: ordersCount { count } }")
    assert [(seen.kind, seen.operation, seen.fields, seen.status) for seen in store.requests] == [
        ("graphql", None, (), 500),
        ("graphql", "Ping", ("orders",), 200),
        ("graphql", None, ("shop", "ordersCount"), 200),
    ]
    assert store.count("ordersCount") == 1


def test_answers_carry_the_shops_clock(client: Client) -> None:
    assert client.post(QUESTION).headers["Date"] == "Thu, 01 Oct 2026 12:00:00 GMT"


def test_a_stopped_store_leaves_nobody_waiting(client: Client, store: DemoStore) -> None:
    client.post(QUESTION)
    store.stop()
    with pytest.raises(httpx.TransportError):
        client.post(QUESTION)
