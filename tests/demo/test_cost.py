"""Every answer says what it cost; who asks too much at once or too fast is told so with HTTP 200."""

from __future__ import annotations

import time
from typing import Any

import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client, open_shop

LEDGER = """query($first: Int!) { orders(first: $first) { nodes { id agreements(first: 10) { nodes { id
  sales(first: 20) { nodes { id totalAmount { shopMoney { amount } } totalTaxAmount { shopMoney { amount } }
  ... on ProductSale { lineItem { id product { id } } } } } } } } } }"""


def cost(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["extensions"]["cost"]
    return found


@pytest.mark.parametrize(
    ("document", "requested"),
    [
        ("{ shop { id } }", 1),
        ("{ orders(first: 250) { pageInfo { hasNextPage } nodes { id } } }", 13),  # as measured at Shopify
        ("{ orders(first: 250) { nodes { id lineItems(first: 250) { nodes { id } } } } }", 156),  # likewise
        ("{ a: orders(first: 250) { nodes { id } } b: orders(last: 250) { edges { node { id } } } }", 24),
        ('mutation { bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { bulkOperation { id } } }', 10),
    ],
)
def test_requested_cost_follows_the_published_rules(client: Client, document: str, requested: int) -> None:
    assert cost(client.ask(document))["requestedQueryCost"] == requested


def test_what_was_not_needed_is_given_back(client: Client) -> None:
    told = cost(client.ask(LEDGER, first=40))
    assert 0 < told["actualQueryCost"] < told["requestedQueryCost"] / 3
    status = told["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (2000.0, 100.0)
    assert status["currentlyAvailable"] >= 2000 - told["actualQueryCost"]


def test_a_document_over_a_thousand_points_is_refused_whatever_is_left(client: Client) -> None:
    answer = client.ask(LEDGER.replace("first: 20", "first: 100"), first=250)
    assert "data" not in answer
    assert "extensions" not in answer
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert error["extensions"]["maxCost"] == 1000
    assert error["extensions"]["cost"] > 1000
    assert error["message"].startswith(f"Query cost is {error['extensions']['cost']}, which exceeds")


def test_a_shop_can_allow_less() -> None:
    with open_shop(max_query_cost=20) as (_, client):
        (error,) = client.ask(LEDGER, first=6)["errors"]
        assert (error["extensions"]["code"], error["extensions"]["maxCost"]) == ("MAX_COST_EXCEEDED", 20)


def test_an_empty_bucket_throttles_until_it_has_trickled_full() -> None:
    with open_shop(bucket=300, restore_rate=1000) as (store, client):
        asked = cost(client.ask(LEDGER, first=6))["requestedQueryCost"]
        assert store.shop.bucket.take(store.shop.bucket.status()["currentlyAvailable"])
        answer = client.ask(LEDGER, first=6)
        assert "data" not in answer
        assert answer["errors"][0]["message"] == "Throttled"
        assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
        told = cost(answer)
        assert told["actualQueryCost"] is None
        missing = asked - told["throttleStatus"]["currentlyAvailable"]
        assert missing > 0
        time.sleep(missing / 1000 + 0.02)
        assert "data" in client.ask(LEDGER, first=6)


def test_an_ordered_throttle_is_one_point_short(client: Client, store: DemoStore) -> None:
    store.throttle_next(2)
    for _ in range(2):
        told = cost(client.ask("{ shop { id } }"))
        assert told["throttleStatus"]["currentlyAvailable"] == told["requestedQueryCost"] - 1
    assert client.data("{ shop { name } }") == {"shop": {"name": "Little"}}
