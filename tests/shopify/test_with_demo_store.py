"""The client against the demo store, over real HTTP: a boutique of 400 untidy orders.

One of its orders has 40 agreements, and one agreement has 600 sales.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.demo.model import World
from service.demo.server import DemoStore
from service.demo.worlds import build
from service.errors import AccessDenied, UnexpectedShape, Unreachable
from service.shopify import bulk
from service.shopify.client import Client
from service.shopify.credentials import ClientCredentials, CustomAppToken
from service.shopify.faults import FieldDenied, TooDear, WrongVersion
from service.shopify.pages import Reader, drain, pages
from service.shopify.probe import orders_count, probe

EVERYTHING = "created_at:>='2000-01-01T00:00:00Z'"

ORDERS = """
query Orders($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
DEAR_ORDERS = """
query DearOrders($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id
      agreements(first: 200) { nodes { id sales(first: 250) { nodes { totalAmount { shopMoney { amount } } } } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
NESTED_ORDERS = DEAR_ORDERS.replace("200", "10").replace("250", "10")
AGREEMENTS = """
query Agreements($id: ID!, $first: Int!, $after: String) {
  order(id: $id) {
    id
    agreements(first: $first, after: $after) {
      nodes { id sales(first: 4) { nodes { id } pageInfo { hasNextPage endCursor } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
SALES = """
query Sales($id: ID!, $before: String, $first: Int!, $after: String) {
  order(id: $id) {
    agreements(first: 1, after: $before) {
      nodes { id sales(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
    }
  }
}
"""
BULK = f"""
{{ orders(query: "{EVERYTHING}") {{ edges {{ node {{ id
  agreements {{ edges {{ node {{ id sales {{ edges {{ node {{ id quantity }} }} }} }} }} }}
}} }} }} }}
"""


class Line(msgspec.Struct):
    id: str
    parent_id: str | None = msgspec.field(name="__parentId", default=None)


decode = msgspec.json.Decoder(Line).decode


def doze(seconds: float) -> None:
    """Everything happens sooner here."""
    time.sleep(min(seconds, 0.02))


@pytest.fixture(scope="module")
def world() -> World:
    return build("boutique", orders=400)


@pytest.fixture
def store(world: World) -> Iterator[DemoStore]:
    with DemoStore(world) as running:
        yield running


@pytest.fixture
def client(store: DemoStore) -> Iterator[Client]:
    with visit(store) as client:
        yield client


def visit(store: DemoStore, token: str | None = None, **options: Any) -> Client:
    credentials = options.pop("credentials", None) or CustomAppToken(token or store.token)
    options = {"sleep": doze, "jitter": lambda: 0.0} | options
    return Client(store.domain, credentials, api_url=store.url, **options)


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def read_all(client: Client, document: str, **options: Any) -> list[str]:
    return [node["id"] for page in pages(client, document, {"query": EVERYTHING}, **options) for node in page.nodes]


def all_orders(world: World) -> list[str]:
    return sorted(gid("Order", order.id) for order in world.orders)


def test_the_shop_describes_itself(client: Client, world: World) -> None:
    shop = probe(client)
    assert (shop.shop_id, shop.domain, shop.currency) == (world.shop_id, world.domain, world.currency)
    assert shop.currency_exponent == world.exponent
    assert "read_orders" in shop.scopes
    assert orders_count(client, EVERYTHING) == len(world.orders)


def test_every_order_comes_once_in_pages(client: Client, world: World) -> None:
    assert sorted(read_all(client, ORDERS, first=37)) == all_orders(world)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda store: store.throttle_next(3),
        lambda store: store.fail_next(503, 4),
        lambda store: store.fail_next(504, 2),
        lambda store: store.fail_next(429, 2),
        lambda store: store.internal_error_next(2),
        lambda store: store.reset_next(2),
    ],
    ids=["throttled", "503", "504", "429", "internal error", "reset"],
)
def test_trouble_on_the_way_loses_nothing(
    store: DemoStore, client: Client, world: World, spoil: Callable[[DemoStore], None]
) -> None:
    got: list[str] = []
    for page in pages(client, ORDERS, {"query": EVERYTHING}, first=100):
        if not got:
            spoil(store)
        got += [node["id"] for node in page.nodes]
    assert sorted(got) == all_orders(world)


def test_pages_that_are_too_dear_are_halved(world: World) -> None:
    with DemoStore(world, bucket=100_000, restore_rate=100_000) as store, visit(store) as client:
        with pytest.raises(TooDear):
            client.execute(DEAR_ORDERS, {"query": EVERYTHING, "first": 50})
        assert sorted(read_all(client, DEAR_ORDERS, first=50)) == all_orders(world)


def test_a_small_bucket_slows_down_and_refuses_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    with DemoStore(world, bucket=100, restore_rate=2000) as store, visit(store, sleep=sleep) as client:
        assert sorted(read_all(client, NESTED_ORDERS, first=8)) == all_orders(world)
    assert waits
    assert "THROTTLED" not in caplog.text


def test_an_order_is_drained_of_agreements_and_sales(client: Client, world: World) -> None:
    order = max(world.orders, key=lambda order: len(order.agreements))
    big = max(world.orders, key=lambda order: max(len(a.sales) for a in order.agreements))
    for each in (order, big):
        got = {a["id"]: sales for a, sales in ledger(client, gid("Order", each.id))}
        assert got == {gid("SalesAgreement", a.id): [gid("Sale", s.id) for s in a.sales] for a in each.agreements}


def ledger(client: Client, order_id: str) -> Iterator[tuple[Any, list[str]]]:
    sales = Reader(client, SALES, ("order", "agreements", "nodes", 0, "sales"), first=100)
    before: str | None = None
    for page in pages(client, AGREEMENTS, {"id": order_id}, ("order", "agreements"), first=1):
        (agreement,) = page.nodes
        asked = {"id": order_id, "before": before}

        def more(after: str, asked: Any = asked, parent: str = agreement["id"]) -> Any:
            return sales.read(asked, after, parent_id=parent)

        yield agreement, [sale["id"] for sale in drain(agreement["sales"], more)]
        before = page.after


def export(client: Client, to: Path) -> Path:
    operation = bulk.poll(client, bulk.start(client, BULK))
    return bulk.download(operation, to, sleep=doze)


def expected_lines(world: World) -> set[tuple[str, str | None]]:
    lines: set[tuple[str, str | None]] = set()
    for order in world.orders:
        lines.add((gid("Order", order.id), None))
        for agreement in order.agreements:
            lines.add((gid("SalesAgreement", agreement.id), gid("Order", order.id)))
            lines |= {(gid("Sale", sale.id), gid("SalesAgreement", agreement.id)) for sale in agreement.sales}
    return lines


def test_a_bulk_file_is_whole_with_children_apart_from_their_parents(
    client: Client, world: World, tmp_path: Path
) -> None:
    lines = list(bulk.lines(export(client, tmp_path / "orders.jsonl"), decode))
    assert {(line.id, line.parent_id) for line in lines} == expected_lines(world)
    apart = [b for a, b in pairwise(lines) if b.parent_id not in (None, a.id, a.parent_id)]
    assert apart


@pytest.mark.parametrize("silently", [False, True], ids=["cut off", "cut off at a line's end"])
def test_a_truncated_file_is_fetched_again(
    silently: bool, store: DemoStore, client: Client, world: World, tmp_path: Path
) -> None:
    store.truncate_bulk_next(silently=silently)
    path = export(client, tmp_path / "orders.jsonl")
    assert len(list(bulk.lines(path, decode))) == len(expected_lines(world))
    assert sum(seen.kind == "file" for seen in store.requests) == 2


def test_a_file_that_is_truncated_every_time_is_not_kept(store: DemoStore, client: Client, tmp_path: Path) -> None:
    for _ in range(3):
        store.truncate_bulk_next()
    with pytest.raises(Unreachable, match="broke off"):
        export(client, tmp_path / "orders.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_bulk_result(client: Client, tmp_path: Path) -> None:
    nothing = BULK.replace(EVERYTHING, "created_at:<'2000-01-01T00:00:00Z'")
    operation = bulk.poll(client, bulk.start(client, nothing))
    assert (operation.next, operation.url, operation.object_count) == ("download", None, 0)
    assert bulk.download(operation, tmp_path / "x").read_bytes() == b""


def test_places_for_bulk_operations_are_waited_for(world: World) -> None:
    with DemoStore(world, bulk_slots=1) as store, visit(store) as client:
        store.slow_bulk(0.2)
        first, second = bulk.start(client, BULK), bulk.start(client, BULK)
        assert {bulk.poll(client, each).next for each in (first, second)} == {"download"}
        assert store.count("bulkOperationRunQuery") > 2


@pytest.mark.parametrize(
    ("error_code", "next_step"),
    [("INTERNAL_SERVER_ERROR", "restart"), ("TIMEOUT", "split"), ("ACCESS_DENIED", "rest")],
)
def test_a_failed_bulk_operation_is_never_taken_for_complete(
    error_code: str, next_step: str, store: DemoStore, client: Client, tmp_path: Path
) -> None:
    store.bulk_fail_next(error_code, partial=True)
    operation = bulk.poll(client, bulk.start(client, BULK))
    assert operation.next == next_step
    with pytest.raises(UnexpectedShape, match="FAILED"):
        bulk.download(operation, tmp_path / "x")


def test_an_expired_file_is_begun_anew(store: DemoStore, client: Client) -> None:
    operation_id = bulk.start(client, BULK)
    assert bulk.poll(client, operation_id).next == "download"
    store.now += 8 * 86400
    assert bulk.poll(client, operation_id).next == "restart"
    assert bulk.look(client, gid("BulkOperation", 5)).next == "restart"


def test_a_query_unfit_for_bulk_is_refused_with_a_reason(client: Client) -> None:
    with pytest.raises(UnexpectedShape, match="refuses the query"):
        bulk.start(client, "{ shop { id } }")


def test_a_wrong_token(store: DemoStore) -> None:
    with (
        visit(store, "shpat_wrong") as client,
        pytest.raises(AccessDenied, match="refuses the access token") as caught,
    ):
        probe(client)
    assert store.url in str(caught.value)
    assert "shpat_wrong" not in str(caught.value)


def test_client_credentials_outlive_an_expired_token(store: DemoStore) -> None:
    with visit(store, credentials=ClientCredentials("demo-app", "demo-secret")) as client:
        probe(client)
        store.expire_token()
        assert probe(client).domain == store.domain
    assert [seen.kind for seen in store.requests if seen.status == 200] == [
        "token",
        "graphql",
        "token",
        "graphql",
    ]


def test_an_uninstalled_app_is_named(store: DemoStore) -> None:
    store.uninstall()
    client = visit(store, credentials=ClientCredentials("demo-app", "demo-secret"))
    with client, pytest.raises(AccessDenied, match=r"not installed on this store.*install it"):
        probe(client)


def test_a_removed_scope_is_named(store: DemoStore, client: Client) -> None:
    store.scope_removed("read_orders")
    with pytest.raises(FieldDenied, match="read_orders") as caught:
        read_all(client, ORDERS)
    assert caught.value.scopes == {"read_orders"}
    assert caught.value.paths == ("orders",)


def test_a_retired_version_is_noticed(world: World) -> None:
    with (
        DemoStore(world, oldest_version="2026-07") as store,
        visit(store, api_version="2026-01") as client,
        pytest.raises(WrongVersion, match="2026-01 was asked, 2026-07 answered"),
    ):
        probe(client)


def test_an_unquoted_time_is_an_error_and_not_all_orders(client: Client) -> None:
    with pytest.raises(UnexpectedShape, match="does not understand the search filter"):
        list(pages(client, ORDERS, {"query": "updated_at:>=2026-01-01T00:00:00Z"}))
