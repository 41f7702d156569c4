"""Paging and draining: to the end, smaller when it must be, never round in circles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.errors import TryAgain, UnexpectedShape, Unreachable
from service.shopify.faults import CursorLost, TooDear
from service.shopify.pages import Reader, by_id, drain, pages
from tests.shopify.scripted import DOMAIN, TOKEN, Script, failed, ok, status

QUERY = "query Orders($first: Int!, $after: String) { orders(first: $first, after: $after) { nodes { id } } }"


def piece(*nodes: Any, after: str | None = None) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


def orders(*nodes: Any, after: str | None = None) -> httpx.Response:
    return ok({"orders": piece(*nodes, after=after)})


class Shelf:
    """A connection of `count` nodes; refuses pages larger than `most` in the given way."""

    def __init__(self, count: int, most: int, refuse: Callable[[], httpx.Response]) -> None:
        self.count, self.most, self.refuse = count, most, refuse
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        variables = json.loads(request.content)["variables"]
        first, start = variables["first"], int(variables["after"] or 0)
        self.asked.append(first)
        if first > self.most:
            return self.refuse()
        end = min(start + first, self.count)
        return orders(*({"id": i} for i in range(start, end)), after=str(end) if end < self.count else None)


def test_every_page_to_the_end() -> None:
    store = Script(orders("a", "b", after="x"), orders("c", after="y"), orders())
    got = list(pages(store.client(), QUERY, {"query": "q"}, first=2))
    assert [(list(page.nodes), page.after) for page in got] == [(["a", "b"], "x"), (["c"], "y"), ([], None)]
    assert [(v["first"], v["after"], v["query"]) for v in store.variables] == [
        (2, None, "q"), (2, "x", "q"), (2, "y", "q"),
    ]  # fmt: skip


@pytest.mark.parametrize("refuse", [lambda: failed("MAX_COST_EXCEEDED"), lambda: status(504)], ids=["dear", "slow"])
def test_a_page_too_large_is_halved_and_stays_so(refuse: Callable[[], httpx.Response]) -> None:
    shelf = Shelf(30, 13, refuse)
    store = Script(ok())
    client = store.client()
    client._http = httpx.Client(transport=httpx.MockTransport(shelf))
    nodes = [node["id"] for page in pages(client, QUERY, {}, first=50) for node in page.nodes]
    assert nodes == list(range(30))
    assert shelf.asked == [50, 25, 12, 12, 12]
    assert store.waits == []


def test_a_single_node_that_is_too_dear_ends_it() -> None:
    store = Script(failed("MAX_COST_EXCEEDED", cost=1293, maxCost=1000))
    with pytest.raises(TooDear, match="1293"):
        list(pages(store.client(), QUERY, {}, first=5))
    assert [v["first"] for v in store.variables] == [5, 2, 1]


def test_a_single_node_that_is_too_slow_is_tried_as_any_passing_fault() -> None:
    store = Script(status(504))
    with pytest.raises(Unreachable, match="504"):
        list(pages(store.client(), QUERY, {}, first=2))
    assert [v["first"] for v in store.variables] == [2, 1, 1, 1, 1, 1]


def test_a_cursor_that_comes_twice_is_refused() -> None:
    store = Script(orders("a", after="x"), orders("b", after="y"), orders("c", after="x"))
    with pytest.raises(UnexpectedShape, match="'x' came twice"):
        list(pages(store.client(), QUERY, {}))
    assert len(store.requests) == 3


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ({"nodes": []}, "without pageInfo"),
        ({"nodes": [], "pageInfo": {"endCursor": "x"}}, "without pageInfo"),
        ({"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}, "no cursor"),
        ({"pageInfo": {"hasNextPage": False}}, "without nodes"),
    ],
)
def test_a_connection_that_cannot_be_trusted_is_refused(connection: dict[str, Any], says: str) -> None:
    with pytest.raises(UnexpectedShape, match=says):
        list(pages(Script(ok({"orders": connection})).client(), QUERY, {}))


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnexpectedShape, match="no 'checkouts' in the answer"):
        list(pages(Script(orders()).client(), QUERY, {}, path=("checkouts",)))


def test_edges_are_nodes_with_cursors() -> None:
    edges = {"edges": [{"cursor": "c", "node": {"id": 1}}], "pageInfo": {"hasNextPage": False}}
    (page,) = pages(Script(ok({"orders": edges})).client(), QUERY, {})
    assert list(page.nodes) == [{"id": 1}]


SALES_PATH = ("order", "agreements", "nodes", 0, "sales")


def sales(agreement_id: str, *nodes: str, after: str | None = None) -> httpx.Response:
    agreement = {"id": agreement_id, "sales": piece(*nodes, after=after)}
    return ok({"order": {"agreements": {"nodes": [agreement]}}})


def test_a_nested_connection_is_drained() -> None:
    store = Script(sales("A7", "s3", "s4", after="4"), sales("A7", "s5"))
    reader = Reader(store.client(), "query Sales { order { id } }", SALES_PATH, first=2)

    def more(after: str) -> Any:
        return reader.read({"id": "O1", "before": "b"}, after, parent_id="A7")

    assert list(drain(piece("s1", "s2", after="2"), more)) == ["s1", "s2", "s3", "s4", "s5"]
    assert store.variables == [
        {"id": "O1", "before": "b", "first": 2, "after": "2"},
        {"id": "O1", "before": "b", "first": 2, "after": "4"},
    ]


def test_what_is_complete_is_not_asked_for() -> None:
    assert list(drain(piece("s1"), lambda after: pytest.fail("asked"))) == ["s1"]


def test_another_parent_is_never_mistaken_for_the_one_asked() -> None:
    reader = Reader(Script(sales("A8", "s")).client(), "query Sales { order { id } }", SALES_PATH)
    with pytest.raises(UnexpectedShape, match="Sales: asked about A7, the answer is about A8"):
        reader.read({}, "x", parent_id="A7")


@pytest.mark.parametrize("data", [{"order": None}, {"order": {"agreements": {"nodes": []}}}])
def test_a_parent_that_vanished_is_worth_another_run(data: dict[str, Any]) -> None:
    reader = Reader(Script(ok(data)).client(), "query Sales { order { id } }", SALES_PATH)
    with pytest.raises(TryAgain, match="vanished"):
        reader.read({}, "x", parent_id="A7")


def test_a_reader_remembers_the_size_that_worked() -> None:
    store = Script(failed("MAX_COST_EXCEEDED"), sales("A7", "s"), sales("A9", "t"))
    reader = Reader(store.client(), "query Sales { order { id } }", SALES_PATH, first=100)
    reader.read({}, "x")
    reader.read({}, "y")
    assert [v["first"] for v in store.variables] == [100, 50, 50]
    assert store.requests[0].url.host == DOMAIN
    assert store.requests[0].headers["X-Shopify-Access-Token"] == TOKEN


# --- by id ---------------------------------------------------------------------------------------------------------

BY_ID = "query Some($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def test_what_is_gone_is_none_at_its_place() -> None:
    store = Script(ok({"nodes": [{"id": "a"}, None]}), ok({"nodes": [{"id": "c"}]}))
    got = list(by_id(store.client(), BY_ID, ["a", "b", "c"], 2))
    assert got == [{"a": {"id": "a"}, "b": None}, {"c": {"id": "c"}}]
    assert [v["ids"] for v in store.variables] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("refuse", [lambda: failed("MAX_COST_EXCEEDED"), lambda: status(504)], ids=["dear", "slow"])
def test_too_many_ids_are_halved_and_stay_so(refuse: Callable[[], httpx.Response]) -> None:
    store = Script(refuse(), *(ok({"nodes": [{"id": one}]}) for one in "abc"))
    got = list(by_id(store.client(), BY_ID, ["a", "b", "c"], 3))
    assert [list(each) for each in got] == [["a"], ["b"], ["c"]]


def test_a_single_id_that_is_too_dear_ends_it() -> None:
    with pytest.raises(TooDear):
        list(by_id(Script(failed("MAX_COST_EXCEEDED")).client(), BY_ID, ["a"], 1))


@pytest.mark.parametrize("nodes", [None, [], [{"id": "a"}, {"id": "b"}]])
def test_an_answer_that_is_not_one_for_each_id_is_refused(nodes: Any) -> None:
    with pytest.raises(UnexpectedShape, match="not one answer for each id"):
        list(by_id(Script(ok({"nodes": nodes})).client(), BY_ID, ["a"], 5))


# --- places that are lost ------------------------------------------------------------------------------------------


def refused_cursor() -> httpx.Response:
    error = {"message": "Invalid cursor for current pagination sort.", "extensions": {"code": "BAD_REQUEST"}}
    return httpx.Response(200, json={"data": None, "errors": [error]})


def test_a_lost_place_is_told_from_a_question_that_makes_no_sense() -> None:
    following = pages(Script(orders("a", after="x"), refused_cursor()).client(), QUERY, {})
    assert next(following).after == "x"
    with pytest.raises(CursorLost, match="lost its place"):
        next(following)
    with pytest.raises(UnexpectedShape, match="does not understand"):
        next(pages(Script(refused_cursor()).client(), QUERY, {}))
