"""The retry table, row by row: how many calls, after which waits, and what is raised in the end."""

from __future__ import annotations

import httpx
import pytest

from service.errors import AccessDenied, Throttled, UnexpectedShape, Unreachable
from service.shopify.faults import FieldDenied, TooDear, TooSlow, WrongVersion
from tests.shopify.scripted import DOMAIN, TOKEN, Script, cost, failed, ok, status

QUERY = "query Shop { shop { id } }"
SHOP = {"shop": {"id": "gid://shopify/Shop/1"}}


def test_a_plain_answer_takes_one_call() -> None:
    store = Script(ok(extensions=cost(1, 1999)))
    answer = store.client().execute(QUERY, {"a": 1})
    assert answer.data == SHOP
    assert answer.extensions["cost"]["requestedQueryCost"] == 1
    assert answer.errors == ()
    request = store.requests[0]
    assert str(request.url) == f"https://{DOMAIN}/admin/api/2026-10/graphql.json"
    assert request.headers["X-Shopify-Access-Token"] == TOKEN
    assert store.variables == [{"a": 1}]
    assert store.waits == []


def test_throttled_waits_until_the_points_have_flowed_in() -> None:
    store = Script(failed("THROTTLED", extensions=cost(862, 572, maximum=4000, rate=200)), ok())
    assert store.client().execute(QUERY).data == SHOP
    assert store.waits == [1.45]


def test_jitter_is_added_to_a_computed_wait() -> None:
    store = Script(failed("THROTTLED", extensions=cost(862, 572, maximum=4000, rate=200)), ok())
    store.client(jitter=lambda: 1.0).execute(QUERY)
    assert store.waits == [1.95]


def test_throttled_without_numbers_waits_a_second_then_longer() -> None:
    store = Script(failed("THROTTLED"), failed("THROTTLED"), failed("THROTTLED"), ok())
    store.client().execute(QUERY)
    assert store.waits == [1.0, 2.0, 4.0]


def test_throttled_is_followed_as_often_as_asked_until_the_deadline() -> None:
    store = Script(failed("THROTTLED", extensions=cost(862, 572, maximum=4000, rate=200)))
    with pytest.raises(Throttled, match=r"THROTTLED.*req-7") as caught:
        store.client(patience=60).execute(QUERY)
    assert caught.value.wait_seconds == pytest.approx(1.45)
    assert len(store.requests) == 42  # 41 waits of 1.45 s fit into a minute
    assert sum(store.waits) <= 60


def test_the_deadline_holds_even_when_the_clock_stands_still() -> None:
    store = Script(failed("THROTTLED"))
    with pytest.raises(Throttled):
        store.client(patience=60, clock=lambda: 0.0).execute(QUERY)
    assert store.waits == [1, 2, 4, 8, 16]


def test_a_shopifyql_throttle_waits_for_its_window_though_the_ordinary_bucket_is_full() -> None:
    reset = {"requestedQueryCost": 259, "currentlyAvailable": 0, "windowResetAt": "2026-08-14T08:10:00+00:00"}
    throttled = failed("THROTTLED", extensions=cost(3, 1958), cost=reset)
    throttled.headers["Date"] = "Fri, 14 Aug 2026 08:09:48 GMT"
    store = Script(throttled, ok())
    store.client().execute(QUERY)
    assert store.waits == [13.0]


@pytest.mark.parametrize("reset_at", ["2030-01-01T00:00:00Z", "soon"])
def test_a_shopifyql_window_is_never_longer_than_a_minute(reset_at: str) -> None:
    store = Script(failed("THROTTLED", cost={"windowResetAt": reset_at}), ok())
    store.client().execute(QUERY)
    assert store.waits == [61.0]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry_After": "2.0"}, [2.0]),
        ({"Retry_After": "7"}, [7.0]),
        ({"Retry_After": "Sat, 21 Nov 2026 10:00:09 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, [9.0]),
        ({"Retry_After": "whenever"}, [1.0]),
        ({}, [1.0]),
    ],
)
def test_429_waits_as_told(headers: dict[str, str], waits: list[float]) -> None:
    store = Script(status(429, **headers), ok())
    assert store.client().execute(QUERY).data == SHOP
    assert store.waits == waits


def test_429_without_a_word_waits_a_minute_for_shopifyql() -> None:
    store = Script(status(429), ok())
    store.client().execute('query Ql { shopifyqlQuery(query: "FROM sales SHOW orders") { parseErrors } }')
    assert store.waits == [60.0]


PASSING = [
    status(500),
    status(502),
    status(503),
    status(504),
    status(530),
    status(200, "<html>maintenance</html>"),
    httpx.ConnectError("[Errno -2] Name or service not known"),
    httpx.ReadTimeout("timed out"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    failed("INTERNAL_SERVER_ERROR", requestId="x"),
]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_a_passing_fault_passes(fault: httpx.Response | Exception) -> None:
    store = Script(fault, fault, ok())
    assert store.client().execute(QUERY).data == SHOP
    assert store.waits == [1.0, 2.0]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
def test_a_fault_that_stays_is_tried_five_times(fault: httpx.Response | Exception) -> None:
    store = Script(fault)
    with pytest.raises(Unreachable) as caught:
        store.client().execute(QUERY)
    assert len(store.requests) == 5
    assert store.waits == [1.0, 2.0, 4.0, 8.0]
    assert DOMAIN in str(caught.value)


def test_waits_for_throttling_do_not_use_up_the_tries_for_faults() -> None:
    store = Script(*[failed("THROTTLED")] * 6, *[status(503)] * 4, ok())
    assert store.client().execute(QUERY).data == SHOP
    assert len(store.requests) == 11


def test_a_504_is_left_to_a_caller_who_can_ask_for_less() -> None:
    store = Script(status(504))
    with pytest.raises(TooSlow, match=r"504.*req-7"):
        store.client().execute(QUERY, is_shrinkable=True)
    assert len(store.requests) == 1


def test_too_dear_is_never_repeated() -> None:
    store = Script(failed("MAX_COST_EXCEEDED", cost=1293, maxCost=1000))
    with pytest.raises(TooDear, match=r"costs 1293 points, at most 1000.*req-7"):
        store.client().execute(QUERY)
    assert len(store.requests) == 1


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (status(401), r"refuses the access token \(401\).*req-7.*access_token_env"),
        (status(402), "frozen"),
        (status(403), "refuses this app"),
        (status(404), f"no store at https://{DOMAIN} .*req-7.*domain"),
        (status(301, Location="https://lantern.example/"), "no store at .*301"),
        (status(423), "locked"),
        (status(430), "suspicious"),
        (failed("SHOP_INACTIVE"), "inactive"),
    ],
)
def test_a_state_of_the_store_is_told_and_not_repeated(reply: httpx.Response, says: str) -> None:
    store = Script(reply)
    with pytest.raises(AccessDenied, match=says) as caught:
        store.client().execute(QUERY)
    assert len(store.requests) == 1
    assert caught.value.about == DOMAIN
    assert caught.value.hint
    assert TOKEN not in str(caught.value)


def test_a_missing_scope_names_the_field_and_the_scope() -> None:
    message = "Access denied for shopifyqlQuery field. Required access: `read_reports` access scope."
    store = Script(failed("ACCESS_DENIED", message, path=["shopifyqlQuery"], data={"shopifyqlQuery": None}))
    with pytest.raises(FieldDenied, match=r"shopifyqlQuery; needs read_reports.*req-7") as caught:
        store.client().execute(QUERY)
    assert len(store.requests) == 1
    assert caught.value.paths == ("shopifyqlQuery",)
    assert caught.value.scopes == {"read_reports"}


def test_a_field_of_every_node_is_named_once() -> None:
    message = "This app is not approved to use the email field. See …/protected-customer-data for more details."
    errors = [{"message": message, "path": ["orders", "nodes", i, "email"]} for i in range(50)]
    store = Script(httpx.Response(200, json={"data": {"orders": {"nodes": []}}, "errors": errors}))
    with pytest.raises(FieldDenied, match=r"denied to orders.nodes.email; This app is not approved") as caught:
        store.client().execute(QUERY)
    assert "protected customer data" in caught.value.hint


def test_an_optional_field_may_be_denied() -> None:
    denied = failed("ACCESS_DENIED", path=["orders", "nodes", 0, "journey", "lastVisit"], data={"orders": {}})
    answer = Script(denied).client().execute(QUERY, optional=["orders.nodes.journey"])
    assert answer.data == {"orders": {}}
    assert [error["path"][-1] for error in answer.errors] == ["lastVisit"]
    with pytest.raises(FieldDenied):
        Script(denied).client().execute(QUERY, optional=["orders.nodes.jour"])


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (failed("undefinedField", "Field 'x' doesn't exist on type 'Order'", path=["query", "x"]), "query.x"),
        (status(400, '{"errors": [{"message": "Parse error"}]}'), "400: Parse error"),
        (status(400, '{"errors": "Bad Request"}'), "400: Bad Request"),
        (status(400, '{"errors": {"query": "Required parameter missing"}}'), "Required parameter missing"),
        (
            ok({}, extensions={"search": [{"warnings": [{"field": "updated", "message": "Invalid"}]}]}),
            "updated: ",
        ),
        (status(200, '{"data": null}'), "without data"),
        (status(200, '{"errors": "Not Found"}'), "query: Not Found"),
        (status(200, '{"data": {"shop": {}}, "errors": ["odd"]}'), "query: odd"),
    ],
)
def test_what_we_do_not_understand_is_raised_at_once(reply: httpx.Response, says: str) -> None:
    store = Script(reply)
    with pytest.raises(UnexpectedShape, match=says):
        store.client().execute(QUERY)
    assert len(store.requests) == 1


def test_search_without_warnings_is_fine() -> None:
    extensions = {"search": [{"path": ["orders"], "query": "x", "warnings": []}, {"path": ["orders"]}]}
    assert Script(ok(extensions=extensions)).client().execute(QUERY).data == SHOP


def test_another_version_answering_is_told() -> None:
    store = Script(ok(headers={"X-Shopify-API-Version": "2026-01"}))
    with pytest.raises(WrongVersion, match="2025-07 was asked, 2026-01 answered") as caught:
        store.client(api_version="2025-07").execute(QUERY)
    assert 'api_version = "2026-01"' in caught.value.hint
    assert store.client(api_version="2026-01").execute(QUERY).data == SHOP


def test_the_body_counts_before_the_status() -> None:
    body = '{"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}'
    store = Script(status(503, body), *[status(429, body)] * 6, ok())
    assert store.client().execute(QUERY).data == SHOP
