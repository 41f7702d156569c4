"""Rows of the session funnel from Shopify's table, and questions sized by what came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from service.connectors.session_passes import stretches
from service.connectors.sessions import MOST_DAYS, PAGE_ROWS, Reader, added_up, to_rows
from service.errors import TryAgain, UnexpectedShape
from service.values import Shop, Window
from tests.shopify.scripted import Script
from tests.shopify.test_shopifyql import AT_HALF, table, window

SHOP = Shop(7, "lantern.myshopify.com", "Europe/Berlin", "EUR", 2, datetime(2026, 1, 1, tzinfo=UTC))
FIRST, SECOND = date(2026, 9, 1), date(2026, 9, 2)
TWO_DAYS = Window(FIRST, date(2026, 9, 3))

COUNTS = (
    "sessions", "sessions_with_cart_additions", "sessions_that_reached_checkout", "sessions_that_completed_checkout",
    "sessions_that_reached_and_completed_checkout",
)  # fmt: skip
SPLITS = ("referrer_source", "utm_source", "utm_medium", "utm_campaign", "session_device_type")


def node(day: date, who: str | None, counts: tuple[int | None, ...], *split: str | None) -> dict[str, Any]:
    known = (*split, *(None for _ in SPLITS))[: len(SPLITS)]
    return (
        {"day": day, "human_or_bot_session": who}
        | dict(zip(SPLITS, known, strict=True))
        | dict(zip(COUNTS, counts, strict=True))
    )


PEOPLE = node(FIRST, "human", (100, 10, 6, 4, 3), "search", "google", "cpc", "autumn", "mobile")
DIRECT = node(FIRST, "human", (50, 5, 3, 1, 1), "direct")
BOTS = node(FIRST, "bot", (30, 0, 0, 0, 0), "direct")
UNSURE = node(FIRST, None, (2, None, 0, 0, 0))


def test_a_day_stands_once_for_people_and_once_with_bots_and_a_day_of_nothing_has_a_row() -> None:
    found = to_rows(7, TWO_DAYS, [PEOPLE, DIRECT, BOTS, UNSURE])
    assert sorted(found[FIRST]) == [
        (7, FIRST, False, "", "", "", "", "", 2, 0, 0, 0, 0),
        (7, FIRST, False, "direct", "", "", "", "", 80, 5, 3, 1, 1),
        (7, FIRST, False, "search", "google", "cpc", "autumn", "mobile", 100, 10, 6, 4, 3),
        (7, FIRST, True, "direct", "", "", "", "", 50, 5, 3, 1, 1),
        (7, FIRST, True, "search", "google", "cpc", "autumn", "mobile", 100, 10, 6, 4, 3),
    ]
    nothing = ("", "", "", "", "", 0, 0, 0, 0, 0)
    assert sorted(found[SECOND]) == [(7, SECOND, False, *nothing), (7, SECOND, True, *nothing)]


def test_rows_add_up_with_and_without_bots() -> None:
    assert added_up([PEOPLE, DIRECT, BOTS, UNSURE]) == {
        (FIRST, True): (150, 15, 9, 5, 4), (FIRST, False): (182, 15, 9, 5, 4),
    }  # fmt: skip


def test_days_beside_each_other_are_one_stretch() -> None:
    days = [date(2026, 9, n) for n in (1, 2, 3, 7, 9, 10)]
    assert [(w.start, w.end) for w in stretches(days)] == [
        (date(2026, 9, 1), date(2026, 9, 4)), (date(2026, 9, 7), date(2026, 9, 8)),
        (date(2026, 9, 9), date(2026, 9, 11)),
    ]  # fmt: skip
    assert list(stretches([])) == []


# --- questions -----------------------------------------------------------------------------------------------------

COLUMNS = [{"name": "day", "dataType": "DAY_TIMESTAMP"}]
COLUMNS += [{"name": name, "dataType": "STRING"} for name in ("human_or_bot_session", *SPLITS)]
COLUMNS += [{"name": name, "dataType": "INTEGER"} for name in COUNTS]


def cells(node: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else str(value) for name, value in node.items()}


def funnel(*nodes: dict[str, Any], cost: int = 10) -> Any:
    return table([cells(each) for each in nodes], COLUMNS, window=window(cost, 1000 - cost), headers=AT_HALF)


def total(*days: tuple[date, tuple[int, ...]]) -> Any:
    return table([cells({"day": day} | dict(zip(COUNTS, counts, strict=True))) for day, counts in days], COLUMNS)


NOTHING = (0, 0, 0, 0, 0)
EVERYBODY, ONLY_PEOPLE = total((FIRST, (180, 15, 9, 5, 4))), total((FIRST, (150, 15, 9, 5, 4)))
ONE_DAY = Window(FIRST, SECOND)


def test_rows_that_do_not_add_up_are_read_again() -> None:
    store = Script(
        funnel(PEOPLE, BOTS), EVERYBODY, ONLY_PEOPLE, funnel(PEOPLE, DIRECT, BOTS), EVERYBODY, ONLY_PEOPLE,
    )  # fmt: skip
    [(part, days)] = Reader(store.client(), SHOP).read(ONE_DAY)
    assert (part, len(days[FIRST]), len(store.requests)) == (ONE_DAY, 4, 6)


def test_rows_that_never_add_up_are_not_handed_on() -> None:
    store = Script(*(3 * [funnel(PEOPLE, BOTS), EVERYBODY, ONLY_PEOPLE]))
    with pytest.raises(TryAgain, match="sessions of 2026-09-01 do not add up to Shopify's own total"):
        list(Reader(store.client(), SHOP).read(ONE_DAY))


def test_a_day_without_a_total_is_not_taken_for_a_day_without_sessions() -> None:
    store = Script(funnel(PEOPLE), total((SECOND, NOTHING)), total((SECOND, NOTHING)))
    with pytest.raises(UnexpectedShape, match="the totals leave out 2026-09-01"):
        list(Reader(store.client(), SHOP).read(ONE_DAY))


def test_the_day_after_is_asked_for_and_left_out() -> None:
    """Whether UNTIL counts is in dispute: either way the wanted days are there."""
    after = (SECOND, (9, 0, 0, 0, 0))
    store = Script(
        funnel(PEOPLE, DIRECT, BOTS, node(SECOND, "human", (9, 0, 0, 0, 0))),
        total((FIRST, (180, 15, 9, 5, 4)), after), total((FIRST, (150, 15, 9, 5, 4)), after),
    )  # fmt: skip
    [(_, days)] = Reader(store.client(), SHOP).read(ONE_DAY)
    assert list(days) == [FIRST]
    assert all("SINCE 2026-09-01 UNTIL 2026-09-02" in asked["query"] for asked in store.variables)
    assert all("WITH TIMEZONE 'Europe/Berlin'" in asked["query"] for asked in store.variables)


def test_pages_follow_until_one_is_short() -> None:
    many = [node(FIRST, "human", (1, 0, 0, 0, 0), "search", f"source {n}") for n in range(PAGE_ROWS + 1)]
    counts = total((FIRST, (len(many), 0, 0, 0, 0)))
    store = Script(funnel(*many[:PAGE_ROWS]), funnel(*many[PAGE_ROWS:]), counts, counts)
    [(_, days)] = Reader(store.client(), SHOP).read(ONE_DAY)
    assert len(days[FIRST]) == 2 * (PAGE_ROWS + 1)
    offsets = [asked["query"].partition("OFFSET ")[2] for asked in store.variables]
    assert offsets == ["0", str(PAGE_ROWS), "0", "0"]


@pytest.mark.parametrize(
    ("rows", "cost", "days"),
    [(1, 10, 25), (1, 1, MOST_DAYS), (100, 1, 10), (1000, 1, 1), (1, 250, 1), (1, 900, 1), (20, 100, 2)],
)
def test_a_question_is_as_long_as_a_page_and_the_budget_allow(rows: int, cost: int, days: int) -> None:
    """The first is about one day; from its rows and its points follow the days of the next."""
    nodes = [node(FIRST, "human", (1, 0, 0, 0, 0), "search", f"source {n}") for n in range(rows)]
    counts = total((FIRST, (rows, 0, 0, 0, 0)))
    pages = [funnel(*nodes, cost=cost)] + ([funnel(cost=cost)] if rows >= PAGE_ROWS else [])
    reader = Reader(Script(*pages, counts, counts).client(), SHOP)
    list(reader.read(ONE_DAY))
    assert reader.days == days


def test_windows_are_cut_into_parts_without_a_hole() -> None:
    end = FIRST + timedelta(days=40)
    totals = total(*((FIRST + timedelta(days=n), NOTHING) for n in range(40)))
    store = Script(*(3 * [table([], COLUMNS), totals, totals]))
    parts = [part for part, _ in Reader(store.client(), SHOP).read(Window(FIRST, end))]
    second = SECOND + timedelta(days=MOST_DAYS)
    assert [(part.start, part.end) for part in parts] == [(FIRST, SECOND), (SECOND, second), (second, end)]
