"""What a client keeps to itself, and what it says."""

from __future__ import annotations

import logging
import os
import socket
import threading

import httpx
import pytest

from service.errors import AccessDenied, Unreachable
from service.shopify.client import Client
from service.shopify.credentials import ClientCredentials, CustomAppToken
from tests.shopify.scripted import DOMAIN, TOKEN, Script, failed, ok, status

QUERY = "query Shop { shop { id } }"


def test_secrets_are_in_no_repr() -> None:
    assert TOKEN not in repr(CustomAppToken(TOKEN))
    assert "s3cret" not in repr(ClientCredentials("id", "s3cret"))


def test_a_token_from_a_file_may_end_in_a_newline() -> None:
    assert CustomAppToken(f" {TOKEN}\n").token == TOKEN


@pytest.mark.parametrize("broken", ["", "  ", "shpat_ab\ncd", "shpat_ü", "two words"])
def test_a_broken_token_is_refused_without_being_quoted(broken: str) -> None:
    with pytest.raises(AccessDenied, match="access token is empty or holds characters none has") as caught:
        CustomAppToken(broken)
    assert "shpat" not in str(caught.value)


def test_no_log_line_or_error_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = failed("odd", f"you sent {TOKEN} from https://files.example/a.jsonl?Signature=abc")
    with pytest.raises(Exception, match="you sent") as caught:
        Script(status(503), echo).client().execute(QUERY)
    told = str(caught.value) + caplog.text
    assert "trying again in 1.0 s" in told
    assert TOKEN not in told
    assert "Signature" not in told


def test_a_deprecation_is_logged_once_a_run(caplog: pytest.LogCaptureFixture) -> None:
    client = Script(ok(headers={"X-Shopify-API-Deprecated-Reason": "Order.foo: use bar"})).client()
    for _ in range(3):
        client.execute(QUERY)
    assert caplog.text.count("use bar") == 1


def test_an_operation_is_named_only_where_asked_for() -> None:
    store = Script(ok())
    store.client().execute("query A { a } query B { b }", operation="B")
    store.client().execute(QUERY)
    sent = [request.content for request in store.requests]
    assert b'"operationName":"B"' in sent[0]
    assert b"operationName" not in sent[1]


def test_a_proxy_or_simulated_store_is_asked_under_its_own_address() -> None:
    store = Script(ok())
    store.client(api_url="http://127.0.0.1:9400/").execute(QUERY)
    assert str(store.requests[0].url) == "http://127.0.0.1:9400/admin/api/2026-10/graphql.json"


def test_certificates_are_always_checked() -> None:
    options = Client.__init__.__annotations__
    assert not {"verify", "trust_env"} & set(options)


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_store_that_is_not_there_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    address = f"http://127.0.0.1:{_closed_port()}"
    client = Client(DOMAIN, CustomAppToken(TOKEN), api_url=address, patience=0)
    with client, pytest.raises(Unreachable, match=f"{address} does not answer .ConnectError") as caught:
        client.execute(QUERY)
    assert "check `domain`" in caught.value.hint


def test_threads_share_a_client() -> None:
    client = Script(ok()).client()
    got: list[str] = []
    work = [threading.Thread(target=lambda: got.append(client.execute(QUERY).data["shop"]["id"])) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert got == ["gid://shopify/Shop/1"] * 8


def test_half_an_answer_is_a_passing_fault() -> None:
    garbled = httpx.Response(200, content=b'{"data": {"shop"')
    assert Script(garbled, ok()).client().execute(QUERY).data["shop"]
