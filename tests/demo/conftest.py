"""One little shop for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.demo.server import DemoStore
from tests.demo.shops import Client, open_shop


@pytest.fixture
def shop() -> Iterator[tuple[DemoStore, Client]]:
    with open_shop() as pair:
        yield pair


@pytest.fixture
def store(shop: tuple[DemoStore, Client]) -> DemoStore:
    return shop[0]


@pytest.fixture
def client(shop: tuple[DemoStore, Client]) -> Client:
    return shop[1]
