"""Tokens, scopes and versions: who may ask what, and how Shopify says no."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client, open_shop

GRANT = {"grant_type": "client_credentials", "client_id": "demo-app", "client_secret": "demo-secret"}


def grant(store: DemoStore, **changed: str) -> httpx.Response:
    return httpx.post(f"{store.url}/admin/oauth/access_token", data={**GRANT, **changed})


def test_an_app_exchanges_its_secret_for_a_days_token(store: DemoStore) -> None:
    answer = grant(store).json()
    assert answer["expires_in"] == 86399
    assert answer["scope"] == "read_all_orders,read_customers,read_orders,read_products,read_reports"
    headers = {"X-Shopify-Access-Token": answer["access_token"]}
    path = f"{store.url}/admin/api/2026-10/graphql.json"
    assert httpx.post(path, json={"query": "{ shop { id } }"}, headers=headers).json()["data"]["shop"]
    scopes = httpx.get(f"{store.url}/admin/oauth/access_scopes.json", headers=headers).json()
    assert {"handle": "read_all_orders"} in scopes["access_scopes"]


def test_a_wrong_secret_is_an_invalid_client(store: DemoStore) -> None:
    refused = grant(store, client_secret="guess")
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_client"
    assert grant(store, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_an_app_that_is_not_installed_is_told_so_on_a_web_page(client: Client, store: DemoStore) -> None:
    store.uninstall()
    refused = grant(store)
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "Oauth error app_not_installed" in refused.text
    assert client.post("{ shop { id } }").status_code == 401


def test_an_expired_token_is_refused_and_a_new_one_works(client: Client, store: DemoStore) -> None:
    store.expire_token()
    refused = client.post("{ shop { id } }")
    assert refused.status_code == 401
    assert refused.json()["errors"].startswith("[API] Invalid API key or access token")
    client.http.headers["X-Shopify-Access-Token"] = grant(store).json()["access_token"]
    assert client.data("{ shop { myshopifyDomain } }")["shop"]["myshopifyDomain"] == "little.myshopify.com"


def test_a_bearer_token_is_not_a_shopify_token(store: DemoStore) -> None:
    headers = {"Authorization": f"Bearer {store.token}"}
    answer = httpx.post(
        f"{store.url}/admin/api/2026-10/graphql.json", json={"query": "{ shop { id } }"}, headers=headers
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/admin/api/graphql.json", "/", "/admin/api/2030-01/graphql.json"])
def test_any_other_path_is_not_found(client: Client, path: str) -> None:
    answer = client.http.post(path, json={"query": "{ shop { id } }"})
    assert (answer.status_code, answer.json()) == (404, {"errors": "Not Found"})


def test_a_missing_scope_empties_the_answer_and_names_itself(client: Client, store: DemoStore) -> None:
    store.scope_removed("read_orders")
    answer = client.ask("{ orders(first: 1) { nodes { id } } }")
    assert answer["data"] is None  # the field may not be null
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    optional = client.ask('{ shop { name } order(id: "gid://shopify/Order/1001") { id } ordersCount { count } }')
    assert optional["data"] == {"shop": {"name": "Little"}, "order": None, "ordersCount": None}
    message = "Access denied for {} field. Required access: `read_orders` access scope."
    assert [error["message"] for error in optional["errors"]] == [
        message.format("order"),
        message.format("ordersCount"),
    ]


def test_a_field_of_another_scope_is_null_and_the_rest_is_there(client: Client, store: DemoStore) -> None:
    store.scope_removed("read_customers")
    answer = client.ask("{ orders(first: 3) { nodes { name customer { id } purchasingEntity { __typename } } } }")
    assert [order["customer"] for order in answer["data"]["orders"]["nodes"]] == [None] * 3
    (error, other) = answer["errors"]
    assert error["path"] == ["orders", "nodes", 0, "customer"]
    assert error["locations"] == [{"line": 1, "column": 35}]
    assert other["path"][-1] == "purchasingEntity"


def test_a_field_the_app_is_not_approved_for_is_null_and_says_so_without_a_code(
    client: Client, store: DemoStore
) -> None:
    store.field_denied("customerJourneySummary")
    document = "{ orders(first: 2) { nodes { name customerJourneySummary { ready } } } }"
    answer = client.ask(document)
    assert [order["customerJourneySummary"] for order in answer["data"]["orders"]["nodes"]] == [None] * 2
    [error] = answer["errors"]
    assert error["message"].startswith("This app is not approved to use the customerJourneySummary field.")
    assert "extensions" not in error
    assert error["path"] == ["orders", "nodes", 0, "customerJourneySummary"]
    store.field_approved("customerJourneySummary")
    assert "errors" not in client.ask(document)


def test_without_read_all_orders_the_older_ones_are_simply_absent(client: Client, store: DemoStore) -> None:
    assert "#1006" in client.names("")
    store.scope_removed("read_all_orders")
    answer: dict[str, Any] = client.ask(
        """{ orders(first: 9) { nodes { name } } ordersCount { count } order(id: "gid://shopify/Order/1006") { id }
        shop { createdAt } currentAppInstallation { accessScopes { handle } } }"""
    )
    assert "errors" not in answer
    assert "search" not in answer["extensions"]
    assert [order["name"] for order in answer["data"]["orders"]["nodes"]] == [
        "#1001",
        "#1002",
        "#1003",
        "#1004",
        "#1005",
    ]
    assert (answer["data"]["ordersCount"]["count"], answer["data"]["order"]) == (5, None)
    assert {"handle": "read_all_orders"} not in answer["data"]["currentAppInstallation"]["accessScopes"]


def test_what_the_version_of_the_address_lacks_does_not_exist() -> None:
    with open_shop(version="2026-04") as (_, client):
        answer = client.ask("{ orders(first: 1) { nodes { id checkoutToken } } }")
        assert answer == {
            "errors": [
                {
                    "message": "Field 'checkoutToken' doesn't exist on type 'Order'",
                    "locations": [{"line": 1, "column": 33}],
                    "extensions": {"code": "undefinedField", "typeName": "Order", "fieldName": "checkoutToken"},
                }
            ]
        }
        assert client.data("{ orders(first: 1) { nodes { id sourceName } } }")


def test_a_retired_version_falls_forward_and_only_a_header_tells() -> None:
    with open_shop(version="2025-07") as (_, client):
        response = client.post("{ shop { id } }")
        assert response.status_code == 200
        assert response.headers["X-Shopify-API-Version"] == "2026-01"
        assert response.headers["X-Request-Id"]
        assert "attribution" in client.post("{ orders(first: 1) { nodes { attribution { handle } } } }").text


MISTAKES = {
    "{ orders(first: 1, colour: 2) { nodes { id } } }": "argumentNotAccepted",
    "{ order { id } }": "missingRequiredArguments",
    "{ shop }": "selectionMismatch",
    "query($x: Int) { shop { id } }": "variableNotUsed",
}


@pytest.mark.parametrize("document", MISTAKES)
def test_a_mistake_in_a_document_is_answered_in_shopifys_shape(client: Client, document: str) -> None:
    answer = client.ask(document)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == MISTAKES[document]


def test_other_ways_to_be_misunderstood(client: Client) -> None:
    assert client.ask("{ shop { id }")["errors"][0]["message"].startswith("syntax error, ")
    invalid = client.ask("query($id: ID!) { order(id: $id) { id } }", id=None)
    assert invalid["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    odd = client.ask('{ order(id: "1001") { id } }')
    assert odd["data"] == {"order": None}
    assert odd["errors"][0]["message"] == "Invalid global id '1001'"
    assert client.http.post(client.path, content=b"{").status_code == 400
