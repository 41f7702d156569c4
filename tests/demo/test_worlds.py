"""A world is the same in every process, refuses what it cannot be, and little random ones are lawful too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings

from service.demo.model import World
from service.demo.worlds import WORLDS, build
from tests.demo.lawful import assert_lawful
from tests.strategies import little_worlds


@settings(max_examples=40, deadline=None)
@given(little_worlds())
def test_little_worlds_are_lawful(world: World) -> None:
    assert_lawful(world)


def test_little_worlds_have_what_bends_a_metric() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(little_worlds())
    def look(world: World) -> None:
        numbers = Counter(order.customer_id for order in world.orders)
        seen[world.currency] += 1
        seen["empty"] += not world.orders
        seen["comes back"] += any(customer and number > 2 for customer, number in numbers.items())
        for order in world.orders:
            seen["late"] += order.processed_at < order.created_at
            seen["guest"] += order.customer_id is None
            seen["test"] += order.test
            seen["cancelled"] += order.cancelled_at is not None
            seen.update(agreement.kind for agreement in order.agreements)
            seen.update(sale.line_type for agreement in order.agreements for sale in agreement.sales)

    look()
    rare = ("empty", "late", "guest", "test", "cancelled", "comes back", "EUR", "JPY", "KWD")
    kinds = ("OrderEditAgreement", "RefundAgreement", "ReturnAgreement")
    types = ("PRODUCT", "SHIPPING", "TIP", "GIFT_CARD", "DUTY", "FEE", "ADDITIONAL_FEE", "ADJUSTMENT")
    assert [name for name in (*rare, *kinds, *types) if not seen[name]] == []


def test_an_unknown_world_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="myshopper, boutique"):
        build("atlantis")


@pytest.mark.parametrize("name", WORLDS)
def test_too_few_orders_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="at least"):
        build(name, orders=12)


def digest(name: str, seed: int | None) -> str:
    world = build(name, orders=1_200, seed=seed)
    return sha256(repr((world, world.visits())).encode()).hexdigest()


@pytest.mark.parametrize("name", WORLDS)
def test_a_seed_is_a_world_in_every_process(name: str) -> None:
    code = f"from tests.demo.test_worlds import digest; print(digest({name!r}, None), digest({name!r}, 7))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert told.split() == [digest(name, None), digest(name, 7)]
    assert digest(name, None) != digest(name, 7)
