"""Which days a night compares, and how few questions find the days that differ."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from service.periods import days
from service.reconcile.days import MOST_DAYS, RECENT_DAYS, ROUND, Span, asked, differing, due

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@given(length=st.integers(1, 900))
def test_asked_days_are_cut_into_spans_without_gap_or_overlap(length: int) -> None:
    spans = asked(FIRST, day(length - 1))
    assert [each for span in spans for each in span.days] == days(FIRST, day(length))
    assert max(len(span.days) for span in spans) <= MOST_DAYS


def test_no_days_are_no_spans() -> None:
    assert asked(day(1), day(0)) == []
    assert due(day(1), day(0), {}) == []


@settings(deadline=None)
@given(length=st.integers(1, 1500))
def test_within_four_weeks_of_nights_every_day_comes_up(length: int) -> None:
    """And the recent ones every night."""
    last, checked = day(length - 1), {}
    for night in range(ROUND):
        today = last + timedelta(days=night)
        spans = due(FIRST, today, checked)
        seen = {each for span in spans for each in span.days}
        assert {max(FIRST, today - timedelta(days=RECENT_DAYS - 1)), today} <= seen
        assert len(seen) <= RECENT_DAYS + length / ROUND + 2
        checked |= dict.fromkeys(seen, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=night))
    assert set(days(FIRST, last)) <= checked.keys()


def test_the_oldest_look_comes_first() -> None:
    whole = days(FIRST, day(100))
    checked = dict.fromkeys(whole, datetime(2026, 5, 2, tzinfo=UTC)) | {day(30): datetime(2026, 5, 1, tzinfo=UTC)}
    assert due(FIRST, day(99), checked) == [Span(day(65), day(99)), Span(day(30), day(32))]


def test_what_was_left_without_an_end_comes_up_every_night() -> None:
    assert due(FIRST, day(99), {}, [day(40), day(70)])[2:] == [Span(day(40), day(40))]


# --- halving -------------------------------------------------------------------------------------------------------


class Counting:
    """Shopify's counts, and how often they were asked for."""

    def __init__(self, counts: Counter[date]) -> None:
        self.counts, self.asked = counts, 0

    def __call__(self, span: Span) -> int:
        self.asked += 1
        return sum(self.counts[each] for each in span.days)


def test_an_agreeing_year_is_one_question() -> None:
    ours = Counter({day(number): number % 7 for number in range(365)})
    count = Counting(ours)
    assert differing(ours, count, Span(FIRST, day(364))) == {}
    assert count.asked == 1


def test_one_differing_day_of_a_year_is_found_by_ten() -> None:
    ours = Counter({day(number): 5 for number in range(365)})
    count = Counting(ours + Counter({day(211): 2}))
    assert differing(ours, count, Span(FIRST, day(364))) == {day(211): 7}
    assert count.asked <= 10


counts = st.dictionaries(st.integers(0, 40).map(day), st.integers(0, 5)).map(Counter)


@given(ours=counts, more=counts)
def test_orders_that_only_shopify_has_are_found_on_their_days(ours: Counter[date], more: Counter[date]) -> None:
    theirs = ours + more
    found = differing(ours, Counting(theirs), Span(FIRST, day(40)))
    assert found == {each: theirs[each] for each in more if more[each]}
