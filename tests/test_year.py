"""A year of four quarters, lived by the daemon's own calls and a person's, and then told again as it was known.

What the status said at each moment is kept; at the end `known_at` has to give every one of them again, to the digit,
although refunds, late orders and edits changed the past many times since.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from service import daemon, lifecycle, pipeline
from service.board import Board, boards
from service.cli.okrs import COLUMNS
from service.drafting import next_quarter
from service.lifecycle import Answers
from service.store.tables import check_ins, closings, plan_states, restatements, status_changes
from tests.shop import STEPS, OpenShop, at, corner_shop, edit, on_sqlite, open_shop

OKRS = """
quarter = "2026-Q1"

[[objectives]]
id = "loyal"
title = "Customers of the corner shop come back"
owner = "Retention"

  [[objectives.key_results]]
  id = "sales"
  title = "Net sales a fifth higher"
  metric = "net_sales"
  baseline = "previous_quarter"
  target = "+20%"
  weight = 2

  [[objectives.key_results]]
  id = "share"
  title = "More orders come from returning customers"
  metric = "returning_order_rate"
  baseline = "10%"
  target = "70%"

[[objectives]]
id = "lasting"
title = "Customers of the corner shop keep what they buy"

  [[objectives.key_results]]
  id = "reversals"
  title = "Less of our sales is taken back"
  metric = "reversal_rate"
  window = "trailing_28d"
  baseline = "20%"
  target = "2%"
"""


@dataclass
class Year:
    """What was said, by the moment it was said at."""

    shop: OpenShop
    said: dict[datetime, Any] = field(default_factory=dict)
    of_earlier_days: dict[tuple[datetime, date], Any] = field(default_factory=dict)


def told(board: Board) -> Any:
    """All that a board shows."""
    rows = [
        {name: row.get(name) for name in (*COLUMNS, "held_back", "closed_at", "next_step")} for row in board.key_results
    ]
    groups = [(g.title, g.owner, g.progress, g.expected_progress, g.status, g.explanation) for g in board.groups]
    return board.quarter, board.state, board.as_of, board.data_as_of, rows, groups, list(board.notices)


def live(shop: OpenShop, okrs: Path, step: timedelta) -> Year:
    """The year, turn by turn; between turns the shop lives."""
    year, dice, moment, last = Year(shop), Random(4), at("2026-01-03 07:30"), at("2027-01-20 08:00")
    while moment < last:
        moment += int(step.total_seconds()) + dice.randrange(-7_200, 7_200)
        _trade(shop, dice, until=moment)
        for connector in pipeline.CONNECTORS:
            daemon.work(shop.installation, shop.settings, connector, threading.Event())
        shop.store.now += 1  # what people do is known a second later
        _manage(shop, okrs, dice)
        now = shop.installation.clock()
        [board] = boards(shop.installation)
        year.said[now] = told(board)
        earlier = board.as_of - timedelta(days=dice.randrange(1, 40))
        if earlier >= board.quarter.start and board.state != "closed":
            [board] = boards(shop.installation, as_of=earlier, quarter=board.quarter.label)
            year.of_earlier_days[now, earlier] = told(board)
        shop.store.now += 1
    return year


def _trade(shop: OpenShop, dice: Random, until: int) -> None:
    """Orders, refunds of old ones, edits, and orders that arrive late from elsewhere."""
    store = shop.store
    span = until - store.now
    for _ in range(max(1, span // 86_400)):
        store.now += span // (max(1, span // 86_400) + 1)
        store.order(dice.randrange(1, 40), price=dice.randrange(1_000, 20_000))
        known = store.world.orders
        if dice.random() < 0.15:
            store.refund(dice.choice(known[-30:]).id)
        if dice.random() < 0.08:
            edit(store, dice.choice(known[-20:]))
        if dice.random() < 0.08:
            store.order(dice.randrange(1, 40), price=5_000, processed_at=store.now - dice.randrange(1, 60) * 86_400)
    store.now = max(store.now, until)


def _manage(shop: OpenShop, okrs: Path, dice: Random) -> None:
    """What people do after a turn: check in now and then; close what waits, and have the next quarter decided."""
    [board] = boards(shop.installation)
    if board.state == "active" and dice.random() < 0.3:
        confidence = Decimal(dice.randrange(1, 10)) / 10
        lifecycle.check_in(shop.installation, shop.settings, "sales", confidence=confidence, note="a word")
    if board.state == "waiting":
        label = board.quarter.label
        answers = Answers(
            root_causes={"": "late_start"}, next_steps={"": "carry"}, learnings={"": "begin earlier"},
            scores={"share": "0.4"}, reasons={"share": "half of it was seasonal"},
        )  # fmt: skip
        assert len(lifecycle.close(shop.installation, shop.settings, label, answers)) == 3
        if label < "2026-Q4":
            draft, path = next_quarter(shop.installation, shop.settings, board.quarter.next().label)
            assert path.parent == okrs
            path.write_text("".join(line for line in draft.text.splitlines(True) if not line.startswith("draft")))
            shop.later(seconds=1)
            shop.reckon()


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[OpenShop]:
    with open_shop(corner_shop("2025-09-01 00:00"), database_url, tmp_path, okrs=OKRS) as shop:
        dice = Random(1)
        _trade(shop, dice, until=at("2026-01-03 07:00"))
        yield shop


def check_the_history(year: Year) -> None:
    shop = year.shop
    assert {state for (state,) in shop.rows(plan_states, "state")} == {"active", "waiting", "closed"}
    assert {quarter for (quarter,) in shop.rows(closings, "quarter")} == {f"2026-Q{n}" for n in (1, 2, 3, 4)}
    assert {cause for (cause,) in shop.rows(restatements, "cause")} >= {"late_order"}
    assert len({quarter for (quarter,) in shop.rows(check_ins, "quarter")}) == 4
    assert shop.rows(status_changes)
    for moment, before in year.said.items():
        [board] = boards(shop.installation, known_at=moment)
        assert told(board) == before, moment
    for (moment, day), before in year.of_earlier_days.items():
        [board] = boards(shop.installation, known_at=moment, as_of=day, quarter=before[0].label)
        assert judgements(told(board)) == judgements(before), (moment, day)


def judgements(board: Any) -> list[Any]:
    return [
        (row["key_result_id"], row["value"], row["progress"], row["expected_progress"], row["baseline"], row["target"])
        for row in board[4]
    ]


@on_sqlite
def test_a_year_in_turns_of_twelve_days_is_told_again_as_it_was_known(shop: OpenShop, tmp_path: Path) -> None:
    check_the_history(live(shop, tmp_path / "config/okrs", timedelta(days=12)))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("database_url", ["sqlite" if STEPS < 365 else "postgresql"], indirect=True)
def test_a_year_in_many_turns_is_told_again_as_it_was_known(shop: OpenShop, tmp_path: Path) -> None:
    check_the_history(live(shop, tmp_path / "config/okrs", timedelta(days=max(1, 400 // STEPS))))
