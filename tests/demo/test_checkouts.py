"""Checkouts that were left: listed, searched, counted, completed, and purged on Mondays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.demo.checkouts import last_monday, months_before
from service.demo.server import DemoStore
from service.demo.worlds import build
from tests.demo.shops import Client, at, open_shop

LIST = """query($q: String, $first: Int = 250, $after: String, $key: AbandonedCheckoutSortKeys = ID) {
  abandonedCheckouts(first: $first, after: $after, query: $q, sortKey: $key) {
    pageInfo { hasNextPage endCursor } nodes { id createdAt updatedAt completedAt discountCodes customer { id }
      totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } } } } }"""
COUNT = "query($q: String, $limit: Int) { abandonedCheckoutsCount(query: $q, limit: $limit) { count precision } }"


def found(client: Client, query: str = "", **variables: object) -> list[int]:
    nodes = client.data(LIST, q=query, **variables)["abandonedCheckouts"]["nodes"]
    return [int(node["id"].removeprefix("gid://shopify/AbandonedCheckout/")) for node in nodes]


def leave_three(store: DemoStore) -> list[int]:
    """One for 30 and one for 10, ten days apart, and a late one for 20 that is recovered."""
    made = []
    for day, price in (("2026-09-01", 3000), ("2026-09-11", 1000), ("2026-09-21", 2000)):
        store.now = at(f"{day} 08:00") - 1
        made.append(store.abandon(7, price=price).id)
    store.now = at("2026-09-25 08:00") - 1
    store.complete(made[2])
    return made


def test_a_checkout_says_what_shopify_says(client: Client, store: DemoStore) -> None:
    [one, *_] = leave_three(store)
    [node, *_] = client.data(LIST)["abandonedCheckouts"]["nodes"]
    money = {"amount": "30.0", "currencyCode": "EUR"}
    assert node == {
        "id": f"gid://shopify/AbandonedCheckout/{one}", "createdAt": "2026-09-01T08:00:00Z",
        "updatedAt": "2026-09-01T08:00:00Z", "completedAt": None, "discountCodes": [],
        "customer": {"id": "gid://shopify/Customer/7"},
        "totalPriceSet": {"shopMoney": money, "presentmentMoney": money},
    }  # fmt: skip


def test_a_completed_checkout_has_an_order_of_the_online_store(client: Client, store: DemoStore) -> None:
    *_, last = leave_three(store)
    node = client.data(LIST, q=f"id:{last}")["abandonedCheckouts"]["nodes"][0]
    assert node["completedAt"] == node["updatedAt"] == "2026-09-25T08:00:00Z"
    order = store.world.orders[-1]
    assert (order.source_name, order.placed_total, order.customer_id) == ("web", 2000, 7)


def test_buyers_pay_in_their_own_currency(client: Client, store: DemoStore) -> None:
    store.abandon(price=1000, presentment_currency="USD", presentment_rate=1.1)
    [node] = client.data(LIST)["abandonedCheckouts"]["nodes"]
    assert node["totalPriceSet"] == {
        "shopMoney": {"amount": "10.0", "currencyCode": "EUR"},
        "presentmentMoney": {"amount": "11.0", "currencyCode": "USD"},
    }


def test_searched_by_times_id_and_state(client: Client, store: DemoStore) -> None:
    one, two, three = leave_three(store)
    assert found(client, "created_at:>='2026-09-11T08:00:00Z' created_at:<'2026-09-21T08:00:00Z'") == [two]
    assert found(client, "updated_at:>='2026-09-21T08:00:01Z'") == [three]
    assert found(client, "recovery_state:recovered") == found(client, "status:closed") == [three]
    assert found(client, "recovery_state:not_recovered") == found(client, "status:open") == [one, two]
    assert found(client, f"id:>={two}") == [two, three]
    store.touch_checkout(one)
    assert found(client, f"updated_at:>='{datetime.fromtimestamp(store.now, UTC):%Y-%m-%dT%H:%M:%SZ}'") == [one]


def test_sorted_and_paged_but_never_by_update(client: Client, store: DemoStore) -> None:
    one, two, three = leave_three(store)
    assert found(client, key="TOTAL_PRICE") == [two, three, one]
    page = client.data(LIST, first=2, key="CREATED_AT")["abandonedCheckouts"]
    assert page["pageInfo"]["hasNextPage"]
    assert found(client, first=2, key="CREATED_AT", after=page["pageInfo"]["endCursor"]) == [three]
    assert "UPDATED_AT" in client.ask(LIST, key="UPDATED_AT")["errors"][0]["message"]


def test_counted_up_to_a_limit(client: Client, store: DemoStore) -> None:
    leave_three(store)
    counts = [client.data(COUNT, limit=limit)["abandonedCheckoutsCount"] for limit in (None, 2)]
    assert counts == [{"count": 3, "precision": "EXACT"}, {"count": 2, "precision": "AT_LEAST"}]
    query = "recovery_state:recovered"
    assert client.data(COUNT, q=query)["abandonedCheckoutsCount"]["count"] == 1


def test_an_unknown_filter_is_ignored_with_a_warning(client: Client, store: DemoStore) -> None:
    leave_three(store)
    answer = client.ask(LIST, q="colour:red")
    assert len(answer["data"]["abandonedCheckouts"]["nodes"]) == 3
    [search] = answer["extensions"]["search"]
    assert search["warnings"][0]["code"] == "invalid_field"


@pytest.mark.parametrize("document", [LIST, COUNT])
def test_without_read_orders_there_is_nothing_to_see(client: Client, store: DemoStore, document: str) -> None:
    store.scope_removed("read_orders")
    [error] = client.ask(document)["errors"]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "read_orders" in error["message"]


def test_old_ones_are_hidden_only_from_who_asks_for_such_a_shop() -> None:
    for are_cut, seen in ((False, 2), (True, 1)):
        with open_shop(scopes=("read_orders", "read_customers"), checkouts_are_cut=are_cut) as (store, client):
            store.abandon(created_at=at("2026-07-20 10:00"))
            store.abandon()
            assert len(found(client)) == client.data(COUNT)["abandonedCheckoutsCount"]["count"] == seen


def test_mondays_remove_what_was_left_alone_for_too_long(client: Client, store: DemoStore) -> None:
    """Monday is 5 October: created before 5 July, untouched since 5 September, and no order."""
    store.now = at("2026-10-04 23:00")
    old, idle = at("2026-07-04 23:59"), at("2026-09-01 00:00")
    gone = store.abandon(created_at=old, updated_at=idle)
    touched = store.abandon(created_at=old, updated_at=at("2026-09-06 00:00"))
    bought = store.abandon(created_at=old, updated_at=idle, completed_at=idle)
    young = store.abandon(created_at=at("2026-07-05 00:00"), updated_at=idle)
    assert store.purge_checkouts() == []
    store.now = at("2026-10-05 00:00")
    assert store.purge_checkouts() == [gone]
    assert found(client) == [touched.id, bought.id, young.id]


@pytest.mark.parametrize(
    ("instant", "months", "before"),
    [
        ("2026-10-05 00:00", 3, "2026-07-05 00:00"),
        ("2026-05-31 10:00", 3, "2026-02-28 10:00"),
        ("2026-02-02 00:00", 3, "2025-11-02 00:00"),
    ],
)
def test_months_are_those_of_the_calendar(instant: str, months: int, before: str) -> None:
    assert months_before(at(instant), months) == at(before)


@pytest.mark.parametrize("world", ["myshopper", "boutique"])
def test_a_world_has_what_the_purge_left_it(world: str) -> None:
    built = build(world, orders=2000)
    checkouts, by_creation = built.checkouts, {order.created_at: order for order in built.orders}
    assert [checkout.id for checkout in checkouts] == sorted({checkout.id for checkout in checkouts})
    assert [checkout.created_at for checkout in checkouts] == sorted(checkout.created_at for checkout in checkouts)
    assert all(c.created_at <= c.updated_at < built.now and c.total >= 0 for c in checkouts)
    recovered = [checkout for checkout in checkouts if checkout.completed_at is not None]
    assert 0 < len(recovered) < len(checkouts) / 4
    for checkout in recovered:
        order = by_creation[checkout.completed_at or 0]
        assert order.source_name == "web"
        assert checkout.created_at < order.created_at == checkout.updated_at
    oldest_kept = months_before(last_monday(built.now), 3)
    old = [c for c in checkouts if c.created_at < oldest_kept and c.completed_at is None]
    assert all(c.updated_at >= last_monday(built.now) - 30 * 86_400 for c in old)
    again = build(world, orders=2000).checkouts
    assert again == checkouts
