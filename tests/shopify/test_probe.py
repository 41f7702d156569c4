"""The shop as it describes itself."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from service.errors import UnexpectedShape
from service.shopify.probe import currency_exponent, orders_count, probe
from service.values import Shop
from tests.shopify.scripted import DOMAIN, Script, ok


def described(**changes: Any) -> httpx.Response:
    shop = {
        "id": "gid://shopify/Shop/548380009",
        "myshopifyDomain": DOMAIN,
        "ianaTimezone": "Asia/Kolkata",
        "currencyCode": "INR",
        "createdAt": "2024-03-01T05:30:00+05:30",
        "plan": {"publicDisplayName": "Grow"},
    }
    scopes = [{"handle": "read_orders"}, {"handle": "read_reports"}]
    return ok({"shop": shop | changes, "currentAppInstallation": {"accessScopes": scopes}})


def test_the_shop() -> None:
    assert probe(Script(described()).client()) == Shop(
        shop_id=548380009,
        domain=DOMAIN,
        timezone="Asia/Kolkata",
        currency="INR",
        currency_exponent=2,
        created_at=datetime(2024, 3, 1, tzinfo=UTC),
        scopes=frozenset({"read_orders", "read_reports"}),
        plan="Grow",
    )


@pytest.mark.parametrize(("currency", "exponent"), [("JPY", 0), ("KWD", 3), ("EUR", 2), ("ISK", 0), ("CLP", 0)])
def test_decimals_of_a_currency(currency: str, exponent: int) -> None:
    assert currency_exponent(currency) == exponent


@pytest.mark.parametrize("odd", [{"id": "Shop"}, {"createdAt": "yesterday"}, {"plan": None}, {"ianaTimezone": 5}])
def test_an_odd_description_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedShape, match="Probe"):
        probe(Script(described(**odd)).client())


def test_another_permanent_name_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert probe(Script(described(myshopifyDomain="old.myshopify.com")).client()).domain == "old.myshopify.com"
    assert f"{DOMAIN}: the store's permanent name is old.myshopify.com" in caplog.text


def counted(count: int, precision: str) -> httpx.Response:
    return ok({"ordersCount": {"count": count, "precision": precision}})


def test_an_exact_count() -> None:
    store = Script(counted(245503, "EXACT"))
    assert orders_count(store.client(), "created_at:>='2026-10-01T00:00:00Z'") == 245503
    assert store.variables == [{"query": "created_at:>='2026-10-01T00:00:00Z'"}]
    assert b"limit: null" in store.requests[0].content


def test_a_lower_bound_is_no_count() -> None:
    with pytest.raises(UnexpectedShape, match="10000 is not exact"):
        orders_count(Script(counted(10000, "AT_LEAST")).client(), "")
