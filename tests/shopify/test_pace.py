"""What one process asks of one store is paced together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.shopify.pace import Paces
from tests.shop import OpenShop, corner_shop, done, on_sqlite, open_shop


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop(), database_url, tmp_path) as shop:
        yield shop


def test_a_store_has_one_pace_and_every_store_its_own() -> None:
    paces = Paces()
    assert paces.of("a.myshopify.com") is paces.of("a.myshopify.com")
    assert paces.of("a.myshopify.com") is not paces.of("b.myshopify.com")


@on_sqlite
def test_what_a_pass_learned_of_the_budget_the_next_one_knows(shop: OpenShop) -> None:
    done(shop.sync())
    pace = shop.installation.paces.of(shop.settings.domain)
    assert pace.admin.claim("OrdersPage").points > 0
