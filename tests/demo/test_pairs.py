"""Expiring tokens as the demo store hands them out: both rotate, and a lost answer may be asked for again."""

from __future__ import annotations

import httpx
import pytest

from service.demo.pairs import Pair
from service.demo.server import DemoStore

FORM = {"grant_type": "refresh_token", "client_id": "demo-app", "client_secret": "demo-secret"}


def exchange(store: DemoStore, refresh_token: str) -> httpx.Response:
    return httpx.post(f"{store.url}/admin/oauth/access_token", data={**FORM, "refresh_token": refresh_token})


def use(store: DemoStore, access_token: str) -> int:
    headers = {"X-Shopify-Access-Token": access_token}
    url = f"{store.url}/admin/api/2026-10/graphql.json"
    return httpx.post(url, json={"query": "{ shop { id } }"}, headers=headers).status_code


@pytest.fixture
def pair(store: DemoStore) -> Pair:
    return store.new_pair()


def test_both_tokens_rotate(store: DemoStore, pair: Pair) -> None:
    assert use(store, pair.access_token) == 200
    answer = exchange(store, pair.refresh_token).json()
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (3600, 7_776_000)
    assert answer["scope"].startswith("read_all_orders")
    assert use(store, answer["access_token"]) == 200
    assert use(store, pair.access_token) == 401
    assert exchange(store, answer["refresh_token"]).status_code == 200


def test_an_access_token_lives_an_hour_and_a_refresh_token_ninety_days(store: DemoStore, pair: Pair) -> None:
    store.now += 3599
    assert use(store, pair.access_token) == 200
    store.now += 1
    assert use(store, pair.access_token) == 401
    store.now += 90 * 86400 - 3601
    assert exchange(store, pair.refresh_token).status_code == 200
    store.now += 90 * 86400
    refused = exchange(store, pair.refresh_token)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_used_refresh_token_may_be_used_again_until_its_replacement_is(store: DemoStore, pair: Pair) -> None:
    lost, found = (exchange(store, pair.refresh_token).json() for _ in range(2))
    assert use(store, lost["access_token"]) == 401
    assert exchange(store, lost["refresh_token"]).status_code == 400
    assert use(store, found["access_token"]) == 200
    assert exchange(store, pair.refresh_token).status_code == 400


def test_a_used_refresh_token_may_be_used_again_for_thirty_days(store: DemoStore, pair: Pair) -> None:
    exchange(store, pair.refresh_token)
    store.now += 30 * 86400
    assert exchange(store, pair.refresh_token).status_code == 400


def test_an_answer_lost_on_the_way_was_a_grant(store: DemoStore, pair: Pair) -> None:
    store.lose_grant_next()
    with pytest.raises(httpx.TransportError):
        exchange(store, pair.refresh_token)
    assert use(store, pair.access_token) == 401
    assert exchange(store, pair.refresh_token).status_code == 200


def test_uninstalling_the_app_ends_every_pair(store: DemoStore, pair: Pair) -> None:
    store.uninstall()
    store.is_installed = True
    assert use(store, pair.access_token) == 401
    assert exchange(store, pair.refresh_token).json()["error"] == "invalid_grant"
