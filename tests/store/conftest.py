"""A shop that has lived through everything, in both databases, for whoever reads it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service import lifecycle
from service.lifecycle import Answers
from tests.metrics.little_world import little_world
from tests.postgres import fresh_database
from tests.shop import OpenShop, done, open_shop

OKRS = """
quarter = "2026-Q2"
[[objectives]]
id = "o1"
title = "One of two"
  [[objectives.key_results]]
  id = "orders"
  title = "Orders"
  metric = "orders"
  baseline = "previous_quarter"
  target = "+30%"
  weight = 3
  [[objectives.key_results]]
  id = "aov"
  title = "Returning buyers spend more"
  metric = "average_order_value"
  where = { customer_type = "returning" }
  baseline = 10
  target = 12
[[objectives]]
id = "o2"
title = "Two of two"
  [[objectives.key_results]]
  id = "repeat"
  title = "They come back"
  metric = "repeat_customers"
  baseline = 0
  target = 30
"""


@pytest.fixture(scope="session")
def twins(
    postgres_server: str, postgres_template: str, sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[OpenShop]]:
    """One shop read and judged into SQLite and into PostgreSQL."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("twin")
        (folder / "okrsync.db").write_bytes(sqlite_template)
        urls = [
            f"sqlite:///{folder}/okrsync.db",
            stack.enter_context(fresh_database(postgres_server, postgres_template)),
        ]
        shops = []
        for number, url in enumerate(urls):
            here = folder / str(number)
            shops.append(stack.enter_context(open_shop(little_world(0), url, here, okrs=OKRS)))
            done(shops[-1].backfill())
            done(shops[-1].sync("checkouts"))
            shops[-1].later(days=1)
            done(shops[-1].sync("sessions"))
            shops[-1].turn()
            shops[-1].reconcile()
            _restate_and_close(shops[-1])
        yield shops


def _restate_and_close(shop: OpenShop) -> None:
    """A late order, and a quarter that is given up."""
    shop.store.order(processed_at=shop.store.now - 10 * 86_400)
    shop.later(hours=1)
    shop.turn()
    answers = Answers(next_steps={"": "drop"}, root_causes={"": "late_start"}, reasons={"": "the shop was sold"})
    lifecycle.close(shop.installation, shop.settings, shop.status().plan.quarter.label, answers, early=True)
