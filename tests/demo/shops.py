"""Small shops to ask, and a client that hides nothing.

id    created            buyer     what
1001  2026-09-01 10:00Z  7         2 shirts 54.00 (tax 9.00, discount 5.00), shipping 6.00; one refunded 09-20
1002  2026-09-02 10:00Z  7         gift card 50.00, tip 2.00; a subscription; paid in dollars
1003  2026-09-03 10:00Z  guest     edited up by 12.00 on 09-04; cancelled and returned on 09-10
1004  2026-09-04 10:00Z  8 (B2B)   a hat 30.00 by draft order, pending
1005  2026-09-05 10:00Z  8         a test order
1006  2026-06-01 10:00Z  9         old: more than 60 days before the shop's today, 2026-10-01 12:00Z
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from service.demo.model import Agreement, LineItem, Order, Sale, Visit, World
from service.demo.server import DemoStore

VERSION = "2026-10"


def at(text: str) -> int:
    """`2026-09-01 10:00` UTC in epoch seconds."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def little_world() -> World:
    return World(
        name="little",
        shop_id=1,
        domain="little.myshopify.com",
        timezone="Europe/Berlin",
        currency="EUR",
        exponent=2,
        created_at=at("2024-01-01 00:00"),
        now=at("2026-10-01 12:00"),
        orders=[_shirts(), _gift_card(), _edited(), _draft(), _test_order(), _old()],
    )


def _order(number: int, day: str, customer_id: int | None, lines: list[LineItem], **words: Any) -> Order:
    moment = at(f"{day} 10:00")
    times = {"created_at": moment, "processed_at": moment, "updated_at": moment, **words}
    agreements = times.pop("agreements")
    return Order(number, f"#{number}", customer_id=customer_id, agreements=agreements, line_items=lines, **times)


def _placed(number: int, day: str, *sales: Sale) -> Agreement:
    return Agreement(number, "OrderAgreement", "ORDER", at(f"{day} 10:00"), sales)


def _shirts() -> Order:
    shirt = LineItem(11, "Shirt", 501, "Clothing", "Nord/Süd", 2, 2500)
    placed = _placed(
        71,
        "2026-09-01",
        Sale(101, "ORDER", "PRODUCT", 2, 5400, 900, 500, 11),
        Sale(102, "ORDER", "SHIPPING", 1, 600, 100, 0),
    )
    refund = Agreement(
        72,
        "RefundAgreement",
        "REFUND",
        at("2026-09-20 08:00"),
        (
            Sale(103, "RETURN", "PRODUCT", -1, -2700, -450, -250, 11),
            Sale(104, "RETURN", "ADJUSTMENT", None, -100, 0, 0),
        ),
    )
    visit = Visit(1, at("2026-08-30 09:00"), "google", "SEO", "https://google.example/", None)
    last = Visit(2, at("2026-09-01 09:00"), "newsletter", "NEWSLETTER", None, ("sept", None, "email", "mailer", None))
    return _order(
        1001,
        "2026-09-01",
        7,
        [shirt],
        agreements=[placed, refund],
        updated_at=at("2026-09-20 08:00"),
        financial_status="PARTIALLY_REFUNDED",
        discount_codes=("FALL5",),
        app=(580111, "Online Store"),
        channel=("web", "Online Store"),
        checkout_token="c1",
        cart_token="k1",
        has_journey=True,
        first_visit=visit,
        last_visit=last,
    )


def _gift_card() -> Order:
    card = LineItem(21, "Gift card", 502, "Gift card", None, 1, 5000, is_gift_card=True)
    box = LineItem(22, "Box", None, "", None, 1, 1000, selling_plan="Monthly")
    placed = _placed(
        73,
        "2026-09-02",
        Sale(105, "ORDER", "GIFT_CARD", 1, 5000, 0, 0, 21),
        Sale(106, "ORDER", "PRODUCT", 1, 1000, 0, 0, 22),
        Sale(107, "ORDER", "TIP", 1, 200, 0, 0),
    )
    dollars = {"presentment_currency": "USD", "presentment_rate": 1.1}
    return _order(
        1002, "2026-09-02", 7, [card, box], agreements=[placed], has_journey=True, journey_ready=False, **dollars
    )


def _edited() -> Order:
    placed = _placed(74, "2026-09-03", Sale(108, "ORDER", "PRODUCT", 1, 2000, 0, 0, 31))
    added = Sale(109, "ORDER", "PRODUCT", 1, 1200, 0, 0, 32)
    edit = Agreement(75, "OrderEditAgreement", "ORDER_EDIT", at("2026-09-04 10:00"), (added,))
    taken = (
        Sale(110, "RETURN", "PRODUCT", -1, -2000, 0, 0, 31),
        Sale(111, "RETURN", "PRODUCT", -1, -1200, 0, 0, 32),
    )
    returned = Agreement(76, "ReturnAgreement", "RETURN", at("2026-09-10 10:00"), taken)
    items = [LineItem(number, "Mug", 503, "Kitchen", "Clay", 1, price) for number, price in ((31, 2000), (32, 1200))]
    end = at("2026-09-10 10:00")
    return _order(
        1003,
        "2026-09-03",
        None,
        items,
        agreements=[placed, edit, returned],
        edited=True,
        cancelled_at=end,
        closed_at=end,
        updated_at=end,
        cancel_reason="CUSTOMER",
        financial_status="REFUNDED",
    )


def _draft() -> Order:
    placed = _placed(77, "2026-09-04", Sale(112, "ORDER", "PRODUCT", 1, 3000, 0, 0, 41))
    words: dict[str, Any] = {"source_name": "shopify_draft_order", "financial_status": "PENDING", "is_b2b": True}
    hat = LineItem(41, "Hat", 504, "Clothing", "Nord", 1, 3000)
    return _order(1004, "2026-09-04", 8, [hat], agreements=[placed], **words)


def _test_order() -> Order:
    placed = _placed(78, "2026-09-05", Sale(113, "ORDER", "PRODUCT", 1, 100, 0, 0, 51))
    return _order(1005, "2026-09-05", 8, [LineItem(51, "Pin", 505, "", None, 1, 100)], agreements=[placed], test=True)


def _old() -> Order:
    placed = _placed(79, "2026-06-01", Sale(114, "ORDER", "PRODUCT", 1, 900, 0, 0, 61))
    closed = {"closed_at": at("2026-06-03 10:00"), "updated_at": at("2026-06-03 10:00")}
    return _order(1006, "2026-06-01", 9, [LineItem(61, "Pen", 506, "", None, 1, 900)], agreements=[placed], **closed)


def fetch(url: str) -> httpx.Response:
    """What anybody gets from an address, without a token."""
    return httpx.get(url, verify=False)


class Client:
    """Posts documents to a store and hands back what came."""

    def __init__(self, store: DemoStore, version: str = VERSION) -> None:
        self.store = store
        headers = {"X-Shopify-Access-Token": store.token}
        self.http = httpx.Client(base_url=store.url, headers=headers, timeout=20, verify=False)
        self.path = f"/admin/api/{version}/graphql.json"

    def post(self, document: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        body = {"query": document, "variables": variables}
        return self.http.post(self.path, json=body, headers=headers)

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The whole answer of a request that came through."""
        response = self.post(document, **variables)
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = self.ask(document, **variables)
        assert "errors" not in answer
        data: dict[str, Any] = answer["data"]
        return data

    def names(self, query: str, more: str = "") -> list[str]:
        """The names of the orders a filter finds."""
        document = f"query($q: String) {{ orders(first: 250, query: $q {more}) {{ nodes {{ name }} }} }}"
        return [order["name"] for order in self.data(document, q=query)["orders"]["nodes"]]

    def close(self) -> None:
        self.http.close()


@contextmanager
def open_shop(world: World | None = None, version: str = VERSION, **options: Any) -> Iterator[tuple[DemoStore, Client]]:
    """A running store of the little world, or another, and a client of it."""
    with DemoStore(world or little_world(), **options) as store:
        client = Client(store, version)
        try:
            yield store, client
        finally:
            client.close()
