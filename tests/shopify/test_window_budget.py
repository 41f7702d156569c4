"""Pacing of ShopifyQL: 1,000 points a minute, refilled whole, a tenth of them (100) left for others."""

from __future__ import annotations

import threading

import pytest

from service.shopify.window_budget import Window, WindowBudget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def seen(budget: WindowBudget, requested: float, available: float, reset_seconds: float = 20.0) -> None:
    budget.settle(budget.claim("sessions"), Window(requested, 1000, available, reset_seconds))


def test_the_first_query_is_sent_without_asking() -> None:
    assert WindowBudget(Clock()).claim("sessions").wait_seconds == 0


@pytest.mark.parametrize(
    ("requested", "available", "waits"),
    [
        (250, 1000, 0.0),
        (250, 350, 0.0),  # exactly enough with the reserve
        (250, 349, 21.0),  # until the refill, and a second for clocks that differ
        (250, 0, 21.0),  # not longer: the refill is whole
        (950, 1000, 0.0),  # with the reserve it would never fit
        (950, 900, 21.0),
    ],
)
def test_a_query_waits_for_the_refill_when_its_points_are_not_there(
    requested: float, available: float, waits: float
) -> None:
    budget = WindowBudget(Clock())
    seen(budget, requested, available)
    assert budget.claim("sessions").wait_seconds == pytest.approx(waits)


def test_points_do_not_trickle_but_come_back_whole() -> None:
    clock = Clock()
    budget = WindowBudget(clock)
    seen(budget, 250, 100)
    clock.now = 19.0
    claim = budget.claim("sessions")
    assert claim.wait_seconds == pytest.approx(2.0)
    budget.settle(claim, None)
    clock.now = 20.5
    assert [budget.claim("sessions").wait_seconds for _ in range(3)] == [0, 0, 0]  # 750 of 1,000 are on their way
    assert budget.claim("sessions").wait_seconds == pytest.approx(60.5)  # until the refill nobody was told of


def test_those_who_wait_share_the_refills_to_come() -> None:
    budget = WindowBudget(Clock())
    seen(budget, 400, 0)
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(budget.claim("sessions").wait_seconds)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 400 + 100 and 800 + 100 fit into the first refill, the next two into the second
    assert sorted(waits) == pytest.approx([21.0, 21.0, 81.0, 81.0, 141.0])


def test_an_answer_overtaken_by_another_does_not_bring_points_back() -> None:
    budget = WindowBudget(Clock())
    seen(budget, 250, 100)
    seen(budget, 250, 900)
    assert budget.claim("sessions").wait_seconds == pytest.approx(21.0)


def test_a_claim_that_brought_no_answer_is_given_back_and_costs_are_learned_by_name() -> None:
    budget = WindowBudget(Clock())
    seen(budget, 250, 360)
    budget.settle(budget.claim("sessions"), None)
    assert budget.claim("sessions").wait_seconds == 0
    assert budget.claim("sales").wait_seconds == 0
