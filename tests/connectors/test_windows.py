"""Windows of time: none too big, none left out, and a search text Shopify reads as it is meant."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.connectors.windows import SMALLEST_WINDOW, search, split

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = 10 * 86_400


def windows(moments: list[int], most: int, span: int = SPAN) -> list[tuple[datetime, datetime, int]]:
    at = sorted(START + timedelta(seconds=moment) for moment in moments)

    def count(left: datetime, right: datetime) -> int:
        return bisect_left(at, right) - bisect_left(at, left)

    return list(split(START, START + timedelta(seconds=span), count, most))


@given(st.lists(st.integers(0, SPAN - 1), max_size=300), st.integers(1, 40))
def test_windows_join_up_and_hold_everything(moments: list[int], most: int) -> None:
    found = windows(moments, most)
    assert (found[0][0], found[-1][1]) == (START, START + timedelta(seconds=SPAN))
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert sum(rows for _, _, rows in found) == len(moments)
    assert all(rows <= most or end - start <= SMALLEST_WINDOW * 2 for start, end, rows in found)


def test_a_rush_is_not_cut_finer_than_a_minute() -> None:
    found = windows([5000] * 500, 10)
    assert max(rows for _, _, rows in found) == 500
    assert all(end - start >= SMALLEST_WINDOW / 2 for start, end, _ in found)


def test_nothing_to_cut() -> None:
    assert windows([], 10) == [(START, START + timedelta(seconds=SPAN), 0)]
    assert windows([], 10, span=0) == [(START, START, 0)]


def test_times_are_quoted_utc_and_half_open() -> None:
    berlin = timezone(timedelta(hours=2))
    text = search("updated_at", datetime(2026, 7, 1, 10, tzinfo=berlin), datetime(2026, 7, 1, 9, tzinfo=UTC))
    assert text == "updated_at:>='2026-07-01T08:00:00Z' updated_at:<'2026-07-01T09:00:00Z'"
