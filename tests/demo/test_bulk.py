"""Bulk operations: started, watched, fetched without a token, refused, cancelled, broken on order."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from service.demo.server import DemoStore
from service.demo.worlds import build
from tests.demo.shops import Client, fetch, open_shop

START = """mutation($query: String!, $group: Boolean! = false) {
  bulkOperationRunQuery(query: $query, groupObjects: $group) {
    bulkOperation { id status createdAt completedAt objectCount url } userErrors { field message code } } }"""
POLL = """query($id: ID!) { bulkOperation(id: $id) { id status errorCode createdAt completedAt objectCount
  rootObjectCount fileSize url partialDataUrl type query } }"""
LEDGER = """{ orders(query: "created_at:>='2026-09-01T00:00:00Z'") { edges { node { id name
  agreements { edges { node { __typename id happenedAt sales { edges { node { id lineType quantity
    totalAmount { shopMoney { amount } } ... on ProductSale { lineItem { id vendor product { productType } } } } } } } }
    }
  lineItems { edges { node { id title } } } } } } }"""


def start(client: Client, query: str, group: bool = False) -> dict[str, Any]:
    payload: dict[str, Any] = client.data(START, query=query, group=group)["bulkOperationRunQuery"]
    return payload


def finished(client: Client, query: str, group: bool = False) -> dict[str, Any]:
    """The operation once it has ended, however it ended."""
    started = start(client, query, group)
    assert started["userErrors"] == []
    return ended(client, started["bulkOperation"]["id"])


def ended(client: Client, gid: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        operation: dict[str, Any] = client.data(POLL, id=gid)["bulkOperation"]
        if operation["status"] not in ("CREATED", "RUNNING", "CANCELING"):
            return operation
        time.sleep(0.02)
    raise AssertionError(f"{gid} never ended")


def rows(url: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in fetch(url).text.splitlines()]


def test_a_bulk_query_runs_from_created_to_a_file_anyone_with_the_address_can_read(client: Client) -> None:
    started = start(client, LEDGER)
    assert started["bulkOperation"] == {
        "id": "gid://shopify/BulkOperation/1000001",
        "status": "CREATED",
        "createdAt": "2026-10-01T12:00:00Z",
        "completedAt": None,
        "objectCount": "0",
        "url": None,
    }
    done = ended(client, started["bulkOperation"]["id"])
    answer = fetch(done["url"])
    assert (done["status"], done["errorCode"], done["type"], done["query"]) == ("COMPLETED", None, "QUERY", LEDGER)
    assert done["completedAt"] >= done["createdAt"]
    assert done["fileSize"] == str(len(answer.content)) == answer.headers["Content-Length"]
    assert done["objectCount"] == str(len(answer.text.splitlines())) == "33"
    assert done["rootObjectCount"] == "5"
    assert done["partialDataUrl"] is None


def test_lines_look_as_shopify_prints_them(client: Client) -> None:
    lines = fetch(finished(client, LEDGER)["url"]).text.splitlines()
    assert lines[0] == r'{"id":"gid:\/\/shopify\/Order\/1001","name":"#1001"}'
    assert (
        r'{"id":"gid:\/\/shopify\/Sale\/101","lineType":"PRODUCT","quantity":2,'
        r'"totalAmount":{"shopMoney":{"amount":"54.0"}},"lineItem":{"id":"gid:\/\/shopify\/LineItem\/11",'
        r'"vendor":"Nord\/Süd","product":{"productType":"Clothing"}},'
        r'"__parentId":"gid:\/\/shopify\/SalesAgreement\/71"}'
    ) in lines
    assert any('"quantity":null' in line for line in lines)


def test_children_come_after_their_parent_but_rarely_right_after_it(client: Client) -> None:
    seen: set[str] = set()
    strangers, previous = 0, ""
    for row in rows(finished(client, LEDGER)["url"]):
        parent = row.get("__parentId")
        assert parent is None or parent in seen
        strangers += parent is not None and parent != previous
        seen.add(row["id"])
        previous = row["id"]
    assert strangers > 20


def test_grouped_children_stand_under_their_own_order(client: Client) -> None:
    family: set[str] = set()
    for row in rows(finished(client, LEDGER, group=True)["url"]):
        if "__parentId" in row:
            assert row["__parentId"] in family
            family.add(row["id"])
        else:
            family = {row["id"]}


def test_the_file_says_what_pages_say(client: Client) -> None:
    found = rows(finished(client, LEDGER)["url"])
    by_parent: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        by_parent.setdefault(row.pop("__parentId", ""), []).append(row)
    document = """{ orders(first: 9, query: "created_at:>='2026-09-01T00:00:00Z'") { nodes { id name
      agreements(first: 9) { nodes { __typename id happenedAt sales(first: 9) { nodes { id lineType quantity
      totalAmount { shopMoney { amount } } ... on ProductSale { lineItem { id vendor product { productType } } } } } } }
      lineItems(first: 9) { nodes { id title } } } } }"""
    for order in client.data(document)["orders"]["nodes"]:
        agreements, items = order.pop("agreements")["nodes"], order.pop("lineItems")["nodes"]
        assert order in by_parent[""]
        children = by_parent[order["id"]]
        for agreement in agreements:
            sales = agreement.pop("sales")["nodes"]
            assert agreement in children
            assert sorted(by_parent[agreement["id"]], key=lambda sale: sale["id"]) == sales
        assert len(children) == len(agreements) + len(items)
        assert all(item in children for item in items)


def test_the_same_world_gives_the_same_file() -> None:
    files = []
    for _ in range(2):
        with open_shop(build("myshopper", orders=1500)) as (_, client):
            query = LEDGER.replace("2026-09-01", "2020-01-01")
            files.append(fetch(finished(client, query)["url"]).content)
    assert files[0] == files[1]
    assert files[0].count(b"\n") > 4000


def test_no_results_no_address(client: Client) -> None:
    done = finished(client, '{ orders(query: "id:1") { edges { node { id } } } }')
    assert (done["status"], done["objectCount"], done["url"], done["fileSize"]) == ("COMPLETED", "0", None, None)


REFUSED = {
    "": "Invalid bulk query: syntax error, unexpected end of file",
    "{ orders { edges { node { id colour } } } }": "Invalid bulk query: Field 'colour' doesn't exist on type 'Order'",
    "{ orders { edges { node { id } } } shop { id } }": "Bulk queries must contain exactly one top-level field.",
    "{ shop { id } }": "Bulk queries must contain at least one connection.",
    "{ orders { nodes { id } } }": "Selecting via 'nodes' is not supported. Invalid connection fields: 'orders'.",
    "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }": "fields without 'id': orders.",
    "{ orders { edges { node { id: name lineItems { edges { node { title } } } } } } }": "without 'id': orders.",
    "{ orders { edges { node { id refunds { id refundLineItems { edges { node { quantity } } } } } } } }": (
        "Queries that contain a connection field within a list field are not currently supported."
    ),
    '{ node(id: "gid://shopify/Order/1") { ... on Order { id lineItems { edges { node { id } } } } } }': (
        "Bulk queries cannot contain a top level `node` field."
    ),
    "query($q: String) { orders(query: $q) { edges { node { id } } } }": "variables are not supported",
    "{ orders { edges { node { id "
    + " ".join(f"l{n}: lineItems {{ edges {{ node {{ id }} }} }}" for n in range(5))
    + " } } } }": "Bulk queries cannot contain more than 5 connections.",
}


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_against_the_rules_is_refused_before_it_runs(client: Client, query: str) -> None:
    payload = start(client, query)
    assert payload["bulkOperation"] is None
    (error,) = payload["userErrors"]
    assert REFUSED[query] in error["message"]
    assert (error["field"], error["code"]) == (["query"], "INVALID")


def test_five_run_at_once_and_the_sixth_must_wait(client: Client, store: DemoStore) -> None:
    store.slow_bulk(30)
    first, *_ = [start(client, LEDGER) for _ in range(5)]
    refused = start(client, LEDGER)
    assert refused["bulkOperation"] is None
    assert refused["userErrors"][0]["code"] == "LIMIT_REACHED"
    client.data(
        "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } } }",
        id=first["bulkOperation"]["id"],
    )
    assert ended(client, first["bulkOperation"]["id"])["status"] == "CANCELED"
    assert start(client, LEDGER)["userErrors"] == []


def test_an_older_version_runs_one_at_a_time_and_groups_by_default() -> None:
    with open_shop(version="2025-10", oldest_version="2025-10", bulk_slots=1) as (store, client):
        store.slow_bulk(30)
        document = (
            "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code } } }"
        )
        assert client.data(document, q=LEDGER)["bulkOperationRunQuery"]["userErrors"] == []
        assert store.shop.bulk.operations[0].group_objects is True
        refused = client.data(document, q=LEDGER)["bulkOperationRunQuery"]["userErrors"]
        assert refused == [{"code": "OPERATION_IN_PROGRESS"}]


def test_operations_are_listed_newest_first_and_by_status(client: Client, store: DemoStore) -> None:
    done = finished(client, LEDGER)["id"]
    store.slow_bulk(30)
    running = start(client, LEDGER)["bulkOperation"]["id"]
    document = "query($q: String) { bulkOperations(first: 9, query: $q) { nodes { id } } }"
    assert [each["id"] for each in client.data(document, q=None)["bulkOperations"]["nodes"]] == [running, done]
    time.sleep(0.1)
    query = "operation_type:query status:running"
    assert [each["id"] for each in client.data(document, q=query)["bulkOperations"]["nodes"]] == [running]


def test_the_old_way_to_poll_works_and_is_called_deprecated(client: Client) -> None:
    done = finished(client, LEDGER)
    response = client.post("{ currentBulkOperation { id } }")
    assert response.json()["data"] == {"currentBulkOperation": {"id": done["id"]}}
    assert "bulkOperations" in response.headers["X-Shopify-API-Deprecated-Reason"]


def test_cancelling_what_has_ended_is_an_error(client: Client) -> None:
    document = (
        "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { id } userErrors { field message } } }"
    )
    done = finished(client, LEDGER)
    told = client.data(document, id=done["id"])["bulkOperationCancel"]
    assert told["userErrors"] == [
        {"field": ["id"], "message": "A bulk operation cannot be canceled when it is completed"}
    ]
    gone = client.data(document, id="gid://shopify/BulkOperation/5")["bulkOperationCancel"]
    assert gone["userErrors"] == [{"field": ["id"], "message": "Bulk operation does not exist"}]


def test_an_operation_ordered_to_fail_fails_once(client: Client, store: DemoStore) -> None:
    store.bulk_fail_next("TIMEOUT")
    failed = finished(client, LEDGER)
    assert (failed["status"], failed["errorCode"], failed["url"]) == ("FAILED", "TIMEOUT", None)
    assert failed["partialDataUrl"] is None
    assert finished(client, LEDGER)["status"] == "COMPLETED"


def test_a_failure_can_leave_part_of_the_file(client: Client, store: DemoStore) -> None:
    store.bulk_fail_next("INTERNAL_SERVER_ERROR", partial=True)
    failed = finished(client, LEDGER)
    part = rows(failed["partialDataUrl"])
    assert (failed["status"], failed["url"]) == ("FAILED", None)
    assert sum("__parentId" not in row for row in part) == 3 == int(failed["rootObjectCount"])


def test_a_missing_scope_fails_the_operation_not_the_mutation(client: Client, store: DemoStore) -> None:
    store.scope_removed("read_products")
    failed = finished(client, LEDGER)
    assert (failed["status"], failed["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_a_download_can_break_off_in_the_middle_of_a_line(client: Client, store: DemoStore) -> None:
    url = finished(client, LEDGER)["url"]
    store.truncate_bulk_next()
    with pytest.raises(httpx.RemoteProtocolError):
        fetch(url)
    assert len(rows(url)) == 33


def test_a_download_can_be_short_and_look_whole(client: Client, store: DemoStore) -> None:
    done = finished(client, LEDGER)
    store.truncate_bulk_next(silently=True)
    assert 0 < len(rows(done["url"])) < int(done["objectCount"])


def test_the_address_expires_after_a_week(client: Client, store: DemoStore) -> None:
    done = finished(client, LEDGER)
    assert fetch(done["url"].replace("Signature=", "Signature=0")).status_code == 403
    store.now += 7 * 86400 + 60
    assert fetch(done["url"]).status_code == 403
    assert client.data(POLL, id=done["id"])["bulkOperation"]["status"] == "EXPIRED"


def test_a_link_can_stop_answering_and_is_signed_anew_for_who_asks(client: Client, store: DemoStore) -> None:
    done = finished(client, LEDGER)
    store.expire_links()
    assert fetch(done["url"]).status_code == 403
    again = client.data(POLL, id=done["id"])["bulkOperation"]
    assert again["status"] == "COMPLETED"
    assert fetch(again["url"]).status_code == 200


def test_operations_over_a_limit_fail(client: Client, store: DemoStore) -> None:
    store.bulk_fail_over(4, "TIMEOUT")
    assert finished(client, LEDGER)["errorCode"] == "TIMEOUT"
    store.bulk_fail_over(5, "TIMEOUT")
    assert finished(client, LEDGER)["status"] == "COMPLETED"


def test_shopify_cancels_an_operation_that_stalls(client: Client, store: DemoStore) -> None:
    store.bulk_fail_next("CANCELED", partial=True)
    stalled = finished(client, LEDGER)
    assert (stalled["status"], stalled["errorCode"], stalled["url"]) == ("CANCELED", None, None)
    assert stalled["partialDataUrl"]


def test_files_are_gone_when_the_store_stops() -> None:
    with open_shop() as (store, client):
        finished(client, LEDGER)
        path = store.shop.bulk.path(store.shop.bulk.operations[0])
        assert path.exists()
    assert not path.exists()
