"""Pacing: a bucket of 2,000 points, 100 a second, a tenth of it (200) left for others."""

from __future__ import annotations

import threading

import pytest

from service.shopify.budget import Budget
from tests.shopify.scripted import Script, cost, failed, ok

QUERY = "query Orders { orders { nodes { id } } }"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def seen(budget: Budget, requested: float, available: float) -> None:
    budget.settle(budget.claim("Orders"), cost(requested, available)["cost"])


def test_the_first_query_is_sent_without_asking() -> None:
    assert Budget(Clock()).claim("Orders").wait_seconds == 0


@pytest.mark.parametrize(
    ("requested", "available", "waits"),
    [
        (500, 2000, 0.0),
        (500, 700, 0.0),  # exactly enough with the reserve
        (500, 600, 1.0),
        (500, 0, 7.0),
        (1900, 2000, 0.0),  # with the reserve it would never fit
        (1900, 1000, 10.0),
    ],
)
def test_a_query_waits_for_its_points_and_the_reserve(requested: float, available: float, waits: float) -> None:
    budget = Budget(Clock())
    seen(budget, requested, available)
    assert budget.claim("Orders").wait_seconds == pytest.approx(waits)


def test_points_flow_back_with_time_but_not_above_the_brim() -> None:
    clock = Clock()
    budget = Budget(clock)
    seen(budget, 500, 0)
    clock.now = 5.0
    assert budget.claim("Orders").wait_seconds == pytest.approx(2.0)
    clock.now = 1000.0
    assert [budget.claim("Orders").wait_seconds for _ in range(2)] == [
        0,
        0,
    ]  # 500 from above are in flight too
    assert budget.claim("Orders").wait_seconds == pytest.approx(2.0)  # 2,000 − 1,500 − 700


def test_those_who_wait_queue_behind_each_other() -> None:
    budget = Budget(Clock())
    seen(budget, 500, 200)
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(budget.claim("Orders").wait_seconds)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx([5.0, 10.0, 15.0, 20.0])


def test_a_claim_that_brought_no_answer_is_given_back() -> None:
    budget = Budget(Clock())
    seen(budget, 500, 700)
    budget.settle(budget.claim("Orders"), None)
    assert budget.claim("Orders").wait_seconds == 0


def test_costs_are_learned_by_operation() -> None:
    budget = Budget(Clock())
    seen(budget, 500, 0)
    assert budget.claim("Probe").wait_seconds == 0


@pytest.mark.parametrize("status", [None, {}, {"maximumAvailable": "x"}, {"maximumAvailable": 1, "restoreRate": 1}])
def test_odd_figures_change_nothing(status: object) -> None:
    budget = Budget(Clock())
    seen(budget, 500, 600)
    budget.settle(budget.claim("Orders"), {"requestedQueryCost": None, "throttleStatus": status})
    assert budget.claim("Orders").wait_seconds == pytest.approx(1.0)


def test_a_client_paces_itself_by_the_answers() -> None:
    store = Script(ok(extensions=cost(500, 600)), ok(extensions=cost(500, 1900)), ok())
    client = store.client()
    for _ in range(3):
        client.execute(QUERY)
    assert store.waits == [1.0]


def test_who_was_turned_away_waits_once_and_without_the_reserve() -> None:
    store = Script(failed("THROTTLED", extensions=cost(500, 400)), ok(extensions=cost(500, 1900)))
    store.client().execute(QUERY)
    assert store.waits == [1.0]
