"""Which cause a difference gets: the first that accounts for it, and none that cannot be shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from service.connectors.order_list import Listed
from service.reconcile.causes import CAUSES, MISSED, Evidence, Troubles, of_count, of_report, troubles
from service.reconcile.rules import AS_PUBLISHED, RULES, holding, reckon
from service.store.figures import Entry, with_totals
from service.store.held import Held
from service.values import UNEXPLAINED

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
READ_TO = NOON + timedelta(days=1)


def ours(*numbers: int, customer: int = 1, updated_at: datetime = NOON) -> dict[int, Held]:
    return dict.fromkeys(numbers, Held(NOON, updated_at, customer))


def theirs(*numbers: int, customer: int = 1, updated_at: datetime = NOON) -> dict[int, Listed]:
    return dict.fromkeys(numbers, Listed(NOON, NOON, updated_at, customer))


def found(mine: dict[int, Held], other: dict[int, Listed], visible_from: datetime | None = None) -> Troubles:
    return troubles(mine, other, READ_TO, visible_from)


def ids(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


# --- single orders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "other", "what"),
    [
        (ours(1), theirs(1), Troubles()),
        (ours(1), {}, Troubles(gone=ids(1))),
        (ours(1, updated_at=READ_TO), {}, Troubles(fresh=ids(1))),  # not indexed yet
        ({}, theirs(1), Troubles(missed=ids(1))),
        ({}, theirs(1, updated_at=READ_TO), Troubles(fresh=ids(1))),
        (ours(1), theirs(1, updated_at=NOON + timedelta(hours=1)), Troubles(missed=ids(1))),
        (ours(1), theirs(1, updated_at=READ_TO), Troubles(fresh=ids(1))),
        (ours(1, customer=2), theirs(1), Troubles(moved=ids(1))),
    ],
)
def test_what_is_the_matter_with_an_order(mine: dict[int, Held], other: dict[int, Listed], what: Troubles) -> None:
    assert found(mine, other) == what


def test_an_order_too_old_to_be_shown_is_not_gone() -> None:
    assert found(ours(1), {}, visible_from=NOON + timedelta(days=2)) == Troubles(hidden=ids(1))
    assert found(ours(1), {}, visible_from=NOON) == Troubles(gone=ids(1))


# --- counts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "other", "tests", "counted", "cause"),
    [
        (ours(1, 2), theirs(1, 2), 1, 1, "test"),
        (ours(1, 2), theirs(1), 0, 1, "deleted"),
        (ours(1), theirs(1) | theirs(2, updated_at=READ_TO), 0, 2, "not_yet_synced"),
        (ours(1) | ours(2, updated_at=READ_TO), theirs(1), 0, 1, "not_yet_synced"),
        (ours(1, 2, 3), theirs(1) | theirs(4, updated_at=READ_TO), 0, 2, "not_yet_synced"),  # two are gone
        (ours(1), theirs(1, 2), 0, 2, UNEXPLAINED),
        (ours(1, 2, 3), theirs(1, 4), 0, 2, UNEXPLAINED),  # two gone, and one missed
        (ours(1), theirs(1), 0, 2, UNEXPLAINED),  # the count and the list disagree
    ],
)
def test_the_cause_of_a_count(
    mine: dict[int, Held], other: dict[int, Listed], tests: int, counted: int, cause: str
) -> None:
    assert of_count(mine, other, tests, counted, found(mine, other)) == cause


def test_a_count_of_hidden_orders() -> None:
    assert of_count([1], [], 0, 0, found(ours(1), {}, visible_from=NOON + timedelta(days=2))) == "hidden"


# --- the sales report ----------------------------------------------------------------------------------------------

NOTHING = Evidence(
    ours=Decimal("110.00"), shopify=Decimal("100.00"), rules=(), without_gone=Decimal("110.00"),
    by_their_customers=None, unit=Decimal("0.01"), is_cut=False, troubles=Troubles(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({}, UNEXPLAINED),
        ({"rules": {"test", "zone"}}, "test"),
        ({"rules": {"zone"}}, "zone"),
        ({"rules": {"reversal_dating"}}, "reversal_dating"),
        ({"troubles": Troubles(gone=ids(1)), "without_gone": Decimal(100)}, "deleted"),
        ({"troubles": Troubles(gone=ids(1)), "without_gone": Decimal(90)}, UNEXPLAINED),
        ({"by_their_customers": Decimal(100)}, "merged"),
        ({"troubles": Troubles(fresh=ids(1))}, "not_yet_synced"),
        ({"troubles": Troubles(fresh=ids(1), missed=ids(2))}, UNEXPLAINED),
        ({"is_cut": True}, "hidden"),
        ({"is_cut": True, "troubles": Troubles(missed=ids(2))}, UNEXPLAINED),
        ({"shopify": Decimal("109.995")}, "rounding"),
        ({"shopify": Decimal("109.994")}, UNEXPLAINED),
        ({"shopify": Decimal("109.99")}, UNEXPLAINED),
    ],
)
def test_the_cause_of_a_figure(changes: dict[str, object], cause: str) -> None:
    assert of_report(replace(NOTHING, **changes)) == cause  # type: ignore[arg-type]


def test_every_cause_has_words() -> None:
    assert {UNEXPLAINED, MISSED, *RULES} <= CAUSES.keys()


# --- rules ---------------------------------------------------------------------------------------------------------


def entry(
    order: int, net: int, *, day: int = 1, hour: int = 12, later: int | None = None, is_test: bool = False
) -> Entry:
    """An order of August, days cut two hours before UTC's; `later`: its reversal on that day."""
    placed_at = datetime(2026, 8, day, hour, tzinfo=UTC)
    order_date = (placed_at + timedelta(hours=2)).date()
    happened_at = placed_at if later is None else datetime(2026, 8, later, 12, tzinfo=UTC)
    event_date = order_date if later is None else date(2026, 8, later)
    columns = dict.fromkeys(("discounts", "shipping", "taxes", "fees"), 0)
    sums = with_totals({**columns, "gross_sales": max(net, 0), "sales_reversals": max(-net, 0)})
    return Entry(order, order, is_test, placed_at, order_date, happened_at, event_date, later is None, net < 0, sums)


LEDGER = [entry(1, 500), entry(2, 300, hour=23), entry(1, -500, later=3), entry(3, 100, is_test=True)]


def net(rule: str | None, without: tuple[int, ...] = ()) -> dict[int, int]:
    found = reckon(LEDGER, RULES[rule] if rule else AS_PUBLISHED, without)
    return {each.day: figures["net_sales"] for each, figures in found.items() if figures["net_sales"]}


def test_the_same_ledger_by_other_rules() -> None:
    assert net(None) == {1: 500, 2: 300, 3: -500}
    assert net(None, without=(1,)) == {2: 300}
    assert net("test") == {1: 600, 2: 300, 3: -500}
    assert net("zone") == {1: 800, 3: -500}
    assert net("reversal_dating") == {2: 300}
    assert reckon(LEDGER, AS_PUBLISHED)[date(2026, 8, 3)]["orders"] == 0


def test_a_rule_holds_where_it_agrees_if_it_agrees_mostly() -> None:
    def by_day(*numbers: int) -> dict[date, Decimal]:
        return {date(2026, 8, n + 1): Decimal(number) for n, number in enumerate(numbers)}

    first, second, third = by_day(0, 0, 0)
    otherwise = by_day(2, 2, 2)
    assert holding(by_day(1, 1, 1), otherwise, by_day(2, 2, 2)) == {first, second, third}
    assert holding(by_day(1, 1, 1), otherwise, by_day(2, 2, 1)) == {first, second}
    assert holding(by_day(1, 1, 1), otherwise, by_day(2, 1, 1)) == frozenset(), "by chance"
    assert holding(by_day(2, 1, 2), otherwise, by_day(2, 2, 9)) == {second}, "days it leaves as they are say nothing"
    assert holding(otherwise, otherwise, otherwise) == frozenset()
