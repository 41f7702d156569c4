"""Life in the shop: each change moves the clock, stamps the order and is there for the next question."""

from __future__ import annotations

from typing import Any

import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client

LOOK = """query($id: ID!) { order(id: $id) { updatedAt cancelledAt cancelReason displayFinancialStatus
  currentTotalPriceSet { shopMoney { amount } } totalRefundedSet { shopMoney { amount } }
  agreements(first: 9) { nodes { __typename happenedAt reason sales(first: 9) { nodes {
    actionType lineType quantity totalAmount { shopMoney { amount } } } } } } } }"""


def look(client: Client, order_id: int) -> dict[str, Any]:
    found: dict[str, Any] = client.data(LOOK, id=f"gid://shopify/Order/{order_id}")["order"]
    return found


def current(order: dict[str, Any]) -> str:
    amount: str = order["currentTotalPriceSet"]["shopMoney"]["amount"]
    return amount


def test_a_new_order_is_seen_at_once(client: Client, store: DemoStore) -> None:
    made = store.order(7, price=1250, quantity=2, discount=100, tax=240, source_name="pos")
    assert client.names("updated_at:>'2026-10-01T12:00:00Z'") == [made.name]
    assert current(look(client, made.id)) == "26.4"
    document = """query($id: ID!) { order(id: $id) { createdAt sourceName customer { numberOfOrders }
      customerJourneySummary { customerOrderIndex } } }"""
    assert client.data(document, id=f"gid://shopify/Order/{made.id}")["order"] == {
        "createdAt": "2026-10-01T12:00:01Z",
        "sourceName": "pos",
        "customer": {"numberOfOrders": "3"},
        "customerJourneySummary": None,
    }


def test_a_touched_order_moves_to_the_end_of_the_updates(client: Client, store: DemoStore) -> None:
    store.touch(1002)
    store.touch(1001)
    assert client.names("updated_at:>='2026-10-01T12:00:00Z'", ", sortKey: UPDATED_AT") == ["#1002", "#1001"]
    assert look(client, 1001)["updatedAt"] == "2026-10-01T12:00:02Z"


def test_a_refund_takes_back_what_is_left_line_by_line(client: Client, store: DemoStore) -> None:
    store.now += 86400
    store.refund(1001)
    order = look(client, 1001)
    last = order["agreements"]["nodes"][-1]
    assert (last["__typename"], last["reason"], last["happenedAt"]) == (
        "RefundAgreement",
        "REFUND",
        "2026-10-02T12:00:01Z",
    )
    lines = [
        (sale["lineType"], sale["quantity"], sale["totalAmount"]["shopMoney"]["amount"])
        for sale in last["sales"]["nodes"]
    ]
    assert lines == [("PRODUCT", -1, "-27.0"), ("SHIPPING", -1, "-6.0"), ("ADJUSTMENT", None, "1.0")]
    assert current(order) == "0.0"
    assert order["displayFinancialStatus"] == "REFUNDED"


def test_money_given_back_without_items_is_an_adjustment(client: Client, store: DemoStore) -> None:
    store.refund(1004, 500)
    order = look(client, 1004)
    assert (current(order), order["displayFinancialStatus"]) == ("25.0", "PARTIALLY_REFUNDED")
    assert order["agreements"]["nodes"][-1]["sales"]["nodes"][0]["lineType"] == "ADJUSTMENT"


@pytest.mark.parametrize(("refunded", "left"), [(True, "0.0"), (False, "30.0")])
def test_a_cancelled_order_is_refunded_or_not(client: Client, store: DemoStore, refunded: bool, left: str) -> None:
    store.cancel(1004, "INVENTORY", refunded=refunded)
    order = look(client, 1004)
    assert (order["cancelReason"], current(order)) == ("INVENTORY", left)
    assert order["cancelledAt"] == order["updatedAt"]
    assert client.names("status:cancelled") == ["#1003", "#1004"]


EVENTS = """query($q: String) { events(first: 9, query: $q, sortKey: CREATED_AT) { nodes {
  __typename id action createdAt ... on BasicEvent { subjectId subjectType } } } }"""


def events(client: Client, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.data(EVENTS, q=query)["events"]["nodes"]
    return found


def test_a_deleted_order_is_gone_from_every_list_but_the_log(client: Client, store: DemoStore) -> None:
    store.delete(1003)
    store.delete(1004, is_listed=False)
    assert client.data('{ order(id: "gid://shopify/Order/1003") { id } ordersCount { count } }') == {
        "order": None,
        "ordersCount": {"count": 4},
    }
    wanted = {
        "__typename": "BasicEvent", "id": "gid://shopify/BasicEvent/1", "action": "destroy",
        "createdAt": "2026-10-01T12:00:01Z", "subjectId": "gid://shopify/Order/1003", "subjectType": "ORDER",
    }  # fmt: skip
    assert events(client, "action:destroy subject_type:ORDER") == [wanted]
    assert events(client, "action:destroy subject_type:PRODUCT") == []
    assert events(client, "created_at:>'2026-10-01T12:00:01Z'") == []
    store.now += 366 * 86_400
    assert events(client, "") == []


def buyers(client: Client) -> list[str | None]:
    """Who bought each order, and whether customers 7 and 8 are there."""
    document = """{ orders(first: 9, sortKey: ID) { nodes { customer { id } } }
      nodes(ids: ["gid://shopify/Customer/7", "gid://shopify/Customer/8"]) { id } }"""
    found = client.data(document)
    nodes = [node["customer"] for node in found["orders"]["nodes"]] + found["nodes"]
    return [node and node["id"].rpartition("/")[2] for node in nodes]


def test_a_merged_customer_is_gone_and_the_orders_stay_unstamped(client: Client, store: DemoStore) -> None:
    assert buyers(client) == ["7", "7", None, "8", "8", "9", "7", "8"]
    store.merge(8, 7)
    assert buyers(client) == ["7", "7", None, "7", "7", "9", "7", None]
    assert client.names("updated_at:>'2026-10-01T12:00:00Z'") == []
    store.merge(7, 9, is_touching=True)
    assert buyers(client) == ["9", "9", None, "9", "9", "9", None, None]
    assert len(client.names("updated_at:>'2026-10-01T12:00:00Z'")) == 4


def test_an_order_given_to_somebody_else_leaves_its_customer_there(client: Client, store: DemoStore) -> None:
    store.reassign(1004, 7)
    store.reassign(1005, None)
    assert buyers(client) == ["7", "7", None, "7", None, "9", "7", "8"]


def test_a_journey_that_becomes_ready_stamps_nothing(client: Client, store: DemoStore) -> None:
    [waiting] = [order for order in store.world.orders if order.has_journey and not order.journey_ready]
    document = "query($id: ID!) { order(id: $id) { updatedAt customerJourneySummary { ready } } }"
    before = client.data(document, id=f"gid://shopify/Order/{waiting.id}")["order"]
    store.journey_ready(waiting.id)
    after = client.data(document, id=f"gid://shopify/Order/{waiting.id}")["order"]
    assert before["customerJourneySummary"] == {"ready": False}
    assert after == {**before, "customerJourneySummary": {"ready": True}}


def test_an_unknown_order_cannot_be_touched(store: DemoStore) -> None:
    with pytest.raises(LookupError, match="no order 5"):
        store.touch(5)
