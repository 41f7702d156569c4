"""Client credentials: asked once, renewed in time, refused with a reason."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from service.errors import AccessDenied, TryAgain, UnexpectedShape, Unreachable
from service.shopify.credentials import ClientCredentials, CustomAppToken
from service.shopify.token_endpoint import Grant
from service.shopify.tokens import tokens_for
from tests.shopify.scripted import DOMAIN, Script, ok, status

APP = ClientCredentials("client-1", "shpss_topsecret")
QUERY = "query Shop { shop { id } }"


def granted(token: str, *, scope: str = "read_orders,read_reports", life: int = 86399) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "scope": scope, "expires_in": life})


def tokens_used(store: Script) -> list[str]:
    return [r.headers.get("X-Shopify-Access-Token", "asked") for r in store.requests]


def test_a_token_is_asked_as_a_form_and_used_until_it_grows_old() -> None:
    store = Script(granted("t1"), ok(), ok(), granted("t2"), ok())
    client = store.client(APP)
    client.execute(QUERY)
    store.now += 0.79 * 86399
    client.execute(QUERY)
    store.now += 0.02 * 86399
    client.execute(QUERY)
    assert tokens_used(store) == ["asked", "t1", "t1", "asked", "t2"]
    request = store.requests[0]
    assert str(request.url) == f"https://{DOMAIN}/admin/oauth/access_token"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client-1"],
        "client_secret": ["shpss_topsecret"],
    }


def test_a_refused_token_is_renewed_once() -> None:
    store = Script(granted("t1"), status(401), granted("t2"), ok())
    assert store.client(APP).execute(QUERY).data
    assert tokens_used(store) == ["asked", "t1", "asked", "t2"]


def test_a_renewed_token_that_is_refused_as_well_ends_it() -> None:
    store = Script(granted("t1"), status(401), granted("t2"), status(401))
    with pytest.raises(AccessDenied, match="refuses the access token"):
        store.client(APP).execute(QUERY)
    assert len(store.requests) == 4


def test_the_same_token_again_is_no_renewal() -> None:
    store = Script(granted("t1"), status(401), granted("t1"), ok())
    with pytest.raises(AccessDenied, match="401"):
        store.client(APP).execute(QUERY)


def test_while_a_token_still_lives_a_failed_renewal_does_no_harm() -> None:
    store = Script(granted("t1", life=100), ok(), status(503), ok(), granted("t2"), ok())
    client = store.client(APP)
    client.execute(QUERY)
    store.now += 90
    client.execute(QUERY)
    client.execute(QUERY)
    assert tokens_used(store) == ["asked", "t1", "asked", "t1", "asked", "t2"]
    assert store.waits == []


def test_a_dead_token_is_not_used() -> None:
    store = Script(granted("t1", life=100), ok(), status(503), granted("t2"), ok())
    client = store.client(APP)
    client.execute(QUERY)
    store.now += 100
    client.execute(QUERY)
    assert tokens_used(store) == ["asked", "t1", "asked", "asked", "t2"]
    assert store.waits == [1.0]


HTML = "<html><title>Oauth error {}</title></html>"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (status(400, HTML.format("app_not_installed")), "not installed.*app_not_installed.*req-7"),
        (status(400, '{"error": "shop_not_permitted"}'), "organisation"),
        (status(400, '{"error": "invalid_client"}'), "client id or secret is wrong"),
        (status(400, '{"error": "invalid_request", "error_description": "odd shpss_topsecret"}'), "odd shp…"),
        (status(404), "answered 404.*check `domain`"),
        (granted("t", scope=""), "no access scopes.*release an app version"),
        (granted("t", scope=" , "), "no access scopes"),
    ],
)
def test_a_refusal_is_told_and_not_repeated(reply: httpx.Response, says: str) -> None:
    store = Script(reply)
    with pytest.raises(AccessDenied, match=says) as caught:
        store.client(APP).execute(QUERY)
    assert len(store.requests) == 1
    assert "topsecret" not in str(caught.value)
    assert caught.value.about == DOMAIN


@pytest.mark.parametrize("reply", [status(503), status(429), httpx.ConnectError("refused")], ids=repr)
def test_a_passing_fault_of_the_token_endpoint_passes(reply: httpx.Response | Exception) -> None:
    store = Script(reply, granted("t1"), ok())
    assert store.client(APP).execute(QUERY).data
    assert store.waits == [1.0]


@pytest.mark.parametrize("body", ["<html></html>", "{}", "[1]", '{"access_token": "t", "scope": "a"}'])
def test_an_answer_without_a_token_is_not_understood(body: str) -> None:
    with pytest.raises(UnexpectedShape, match="without a token"):
        Script(status(200, body)).client(APP).execute(QUERY)


def test_threads_that_are_refused_together_renew_once() -> None:
    asked: list[Any] = []

    def ask(form: Mapping[str, str]) -> Grant:
        asked.append(form)
        return Grant(f"t{len(asked)}", frozenset({"read_orders"}), 86399)

    tokens = tokens_for(APP, ask, lambda: 0.0, lambda: 0.0)
    first = tokens.current()
    renewed: list[bool] = []
    threads = [threading.Thread(target=lambda: renewed.append(tokens.renew(first))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert renewed == [True] * 8
    assert len(asked) == 2
    assert tokens.current() == "t2"


def test_a_custom_app_token_cannot_be_renewed() -> None:
    tokens = tokens_for(CustomAppToken("shpat_1"), lambda form: pytest.fail("asked"), lambda: 0.0, lambda: 0.0)
    assert tokens.current() == "shpat_1"
    assert tokens.renew("shpat_1") is False


def test_a_grant_hides_its_token() -> None:
    assert "t0ken" not in repr(Grant("t0ken", frozenset(), 1.0))


def test_an_unreachable_token_endpoint_is_worth_another_run() -> None:
    with pytest.raises(TryAgain) as caught:
        Script(httpx.ConnectError("refused")).client(APP, patience=0).execute(QUERY)
    assert isinstance(caught.value, Unreachable)
    assert "check `domain`" in caught.value.hint
