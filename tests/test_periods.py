"""Quarters, shop days in every zone of the world, and schedules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.periods import (
    CheckInSchedule,
    Quarter,
    Schedule,
    day_start,
    days,
    last_complete_day,
    shop_day,
    zone,
)

ZONES = st.sampled_from(sorted(available_timezones()))
DAYS = st.dates(date(1972, 1, 1), date(2037, 12, 30))
INSTANTS = st.integers(1_325_376_000, 2_145_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 2012 … 2037
QUARTERS = st.builds(Quarter, st.integers(1900, 2200), st.integers(1, 4), st.integers(1, 12))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- quarters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fiscal_year_start", "start", "end", "length"),
    [
        ("2026-Q1", 1, "2026-01-01", "2026-04-01", 90),
        ("2024-Q1", 1, "2024-01-01", "2024-04-01", 91),
        ("2026-Q3", 1, "2026-07-01", "2026-10-01", 92),
        ("2026-Q4", 1, "2026-10-01", "2027-01-01", 92),
        # named after the calendar year the fiscal year ends in
        ("2026-Q1", 4, "2025-04-01", "2025-07-01", 91),
        ("2026-Q4", 4, "2026-01-01", "2026-04-01", 90),
        ("2026-Q1", 2, "2025-02-01", "2025-05-01", 89),
        ("2026-Q4", 2, "2025-11-01", "2026-02-01", 92),
        ("2026-Q1", 12, "2025-12-01", "2026-03-01", 90),
    ],
)
def test_quarters_begin_and_end(text: str, fiscal_year_start: int, start: str, end: str, length: int) -> None:
    quarter = Quarter.parse(text, fiscal_year_start)
    assert (quarter.start, quarter.end) == (date.fromisoformat(start), date.fromisoformat(end))
    assert quarter.days == length
    assert quarter.last_day == quarter.end - timedelta(days=1)
    assert str(quarter) == quarter.label == text


@given(QUARTERS)
def test_quarters_follow_each_other_without_a_gap(quarter: Quarter) -> None:
    assert quarter.next().start == quarter.end
    assert quarter.previous().end == quarter.start
    assert quarter.next().previous() == quarter
    assert quarter.previous() < quarter < quarter.next()
    a_year_ago = quarter.previous().previous().previous().previous()
    assert quarter.same_last_year() == a_year_ago
    assert (a_year_ago.number, a_year_ago.year) == (quarter.number, quarter.year - 1)
    assert Quarter.parse(str(quarter), quarter.fiscal_year_start) == quarter


@given(DAYS, st.integers(1, 12))
def test_every_day_is_in_the_quarter_that_contains_it(day: date, fiscal_year_start: int) -> None:
    quarter = Quarter.containing(day, fiscal_year_start)
    assert quarter.start <= day < quarter.end
    fiscal_year_ends = Quarter(quarter.year, 4, fiscal_year_start).last_day
    assert fiscal_year_ends.year == quarter.year


@pytest.mark.parametrize("text", ["2026Q3", "2026-Q5", "2026-3", "Q3 2026", "", "26-Q3", "2026-Q3-1"])
def test_what_is_not_a_quarter_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quarter: write year and quarter, such as 2026-Q3"):
        Quarter.parse(text)


@pytest.mark.parametrize(
    ("year", "number", "fiscal_year_start", "complaint"),
    [
        (2026, 5, 1, "there is no quarter 5"),
        (2026, 0, 1, "there is no quarter 0"),
        (2026, 1, 13, "a fiscal year cannot start in month 13"),
        (26, 1, 1, "26 is not a year to plan for"),
    ],
)
def test_no_impossible_quarter_can_be_made(year: int, number: int, fiscal_year_start: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Quarter(year, number, fiscal_year_start)


# --- shop days ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tz", "day", "begins", "why"),
    [
        ("UTC", "2026-07-01", "2026-07-01T00:00", "the plain case"),
        ("Asia/Kolkata", "2026-07-01", "2026-06-30T18:30", "half an hour"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", "a day of 23 hours begins"),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00", "… and ends"),
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00", "a day of 25 hours ends"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", "00:00 does not exist: the day begins at 01:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", "00:00 does not exist"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", "00:00 comes twice: the first counts"),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30", "23:30 … 00:30 do not exist"),
        ("Asia/Beirut", "2026-10-25", "2026-10-24T22:00", "23:00 of the day before comes twice"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", "a day that never was"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", "… takes no time"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00", "furthest east"),
        ("Etc/GMT+12", "2026-01-01", "2026-01-01T12:00", "furthest west"),
    ],
)
def test_days_begin_when_the_clocks_of_the_shop_say(tz: str, day: str, begins: str, why: str) -> None:
    assert day_start(date.fromisoformat(day), tz) == utc(begins), why


@given(DAYS, ZONES)
def test_a_day_begins_where_the_day_before_ends(day: date, tz: str) -> None:
    begins = day_start(day, tz)
    assert shop_day(begins, tz) >= day > shop_day(begins - timedelta(seconds=1), tz)
    assert begins <= day_start(day + timedelta(days=1), tz)


@given(INSTANTS, ZONES)
def test_every_instant_lies_within_its_shop_day(instant: datetime, tz: str) -> None:
    day = shop_day(instant, tz)
    assert day_start(day, tz) <= instant < day_start(day + timedelta(days=1), tz)
    complete = last_complete_day(instant, tz)
    assert day_start(complete + timedelta(days=1), tz) <= instant
    assert complete == day - timedelta(days=1)


def test_zones_may_be_given_by_name_or_as_such() -> None:
    instant = utc("2026-06-30T18:30")
    assert shop_day(instant, "Asia/Kolkata") == shop_day(instant, ZoneInfo("Asia/Kolkata")) == date(2026, 7, 1)
    assert day_start(date(2026, 7, 1), ZoneInfo("Asia/Kolkata")) == instant


@pytest.mark.parametrize("tz", ["Europe/Atlantis", "Europe", "../etc/passwd", ""])
def test_an_unknown_zone_is_named(tz: str) -> None:
    with pytest.raises(ValueError, match="is not a known time zone: write an IANA name such as Europe/Berlin"):
        zone(tz)


def test_a_naive_instant_belongs_to_no_day() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        shop_day(datetime.fromisoformat("2026-07-01T00:00"), "UTC")


def test_days_are_half_open() -> None:
    assert days(date(2026, 6, 29), date(2026, 7, 2)) == [
        date(2026, 6, 29),
        date(2026, 6, 30),
        date(2026, 7, 1),
    ]
    assert days(date(2026, 7, 2), date(2026, 7, 2)) == days(date(2026, 7, 2), date(2026, 7, 1)) == []


# --- schedules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("every 5 minutes", timedelta(minutes=5)),
        ("every 1 hour", timedelta(hours=1)),
        ("every 30 seconds", timedelta(seconds=30)),
        ("Every  2 Days", timedelta(days=2)),
        ("every hour", timedelta(hours=1)),
    ],
)
def test_intervals(text: str, interval: timedelta) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.interval, schedule.cron, schedule.longest_gap()) == (interval, None, interval)


@pytest.mark.parametrize(
    ("text", "cron", "gap"),
    [
        ("0 3 * * *", "0 3 * * *", timedelta(days=1)),
        ("*/20 * * * *", "0,20,40 * * * *", timedelta(minutes=20)),
        ("5/25 * * * *", "5,30,55 * * * *", timedelta(minutes=25)),
        ("0 8-18/2 * * *", "0 8,10,12,14,16,18 * * *", timedelta(hours=14)),
        ("30 9 * * 1-5", "30 9 * * mon,tue,wed,thu,fri", timedelta(days=3)),
        ("0 9 * * fri-sun", "0 9 * * sun,fri,sat", timedelta(days=5)),
        ("0 0 * * 7", "0 0 * * sun", timedelta(days=7)),
        ("0 0 1 * *", "0 0 1 * *", timedelta(days=31)),
        ("15 6 1 jan,jul *", "15 6 1 1,7 *", timedelta(days=184)),
        ("0 0 29 2 *", "0 0 29 2 *", timedelta(days=1461)),
    ],
)
def test_cron_is_spelled_out_and_its_longest_gap_known(text: str, cron: str, gap: timedelta) -> None:
    schedule = Schedule.parse(text)
    assert (schedule.interval, schedule.cron, schedule.longest_gap()) == (None, cron, gap)
    assert Schedule.parse(cron).cron == cron


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("every five minutes", "'every five minutes' is not a schedule: write \"every 5 minutes\""),
        ("every 0 minutes", "is not a schedule"),
        ("5 minutes", "is not a schedule"),
        ("* * *", 'five cron fields such as "30 3 \\* \\* \\*"'),
        ("61 * * * *", "'61' does not fit the minute: it goes from 0 to 59"),
        ("* 24 * * *", "'24' does not fit the hour: it goes from 0 to 23"),
        ("* * 0 * *", "'0' does not fit the day of the month: it goes from 1 to 31"),
        ("* * * jam *", "'jam' does not fit the month"),
        ("* * * * sat-mon", "'sat-mon' does not fit the weekday: .* smaller number first"),
        ("*/0 * * * *", r"'\*/0' does not fit the minute"),
        ("1,,2 * * * *", "'' does not fit the minute: write"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 1 * mon", "limits both day of the month and weekday"),
    ],
)
def test_what_is_not_a_schedule_is_told_with_an_example(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Schedule.parse(text)


# --- check-ins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tz", "now", "latest", "following"),
    [
        # 2026-08-03 is a Monday
        ("mon 09:00", "UTC", "2026-08-05T12:00", "2026-08-03T09:00", "2026-08-10T09:00"),
        ("mon 09:00", "UTC", "2026-08-03T09:00", "2026-08-03T09:00", "2026-08-10T09:00"),
        ("mon 09:00", "UTC", "2026-08-03T08:59", "2026-07-27T09:00", "2026-08-03T09:00"),
        ("Mon 9:00", "Asia/Kolkata", "2026-08-03T03:29", "2026-07-27T03:30", "2026-08-03T03:30"),
        ("weekly sun 23:30", "America/New_York", "2026-08-03T03:30", "2026-08-03T03:30", "2026-08-10T03:30"),
        # the night the clocks go forward (02:30 becomes 03:30) and back (02:30 comes twice, the first counts)
        ("sun 02:30", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29T01:30", "2026-04-05T00:30"),
        ("sun 02:30", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25T00:30", "2026-11-01T01:30"),
        # every second ISO week from 2024-W01: 2026-W53 is one, so 2027-W02 is the next
        ("biweekly mon 09:00", "UTC", "2026-12-30T00:00", "2026-12-28T09:00", "2027-01-11T09:00"),
        ("biweekly mon 09:00", "UTC", "2027-01-04T10:00", "2026-12-28T09:00", "2027-01-11T09:00"),
    ],
)
def test_check_ins_are_due(text: str, tz: str, now: str, latest: str, following: str) -> None:
    schedule = CheckInSchedule.parse(text)
    assert schedule.latest_due(utc(now), tz) == utc(latest)
    assert schedule.next_due(utc(now), tz) == utc(following)


@given(INSTANTS, ZONES, st.booleans(), st.sampled_from(["mon 00:00", "wed 09:00", "fri 02:30", "sun 23:59"]))
def test_due_instants_follow_each_other(now: datetime, tz: str, is_biweekly: bool, text: str) -> None:
    schedule = CheckInSchedule.parse(f"biweekly {text}" if is_biweekly else text)
    latest, following = schedule.latest_due(now, tz), schedule.next_due(now, tz)
    assert latest <= now < following
    assert schedule.next_due(latest, tz) == following
    assert schedule.latest_due(following, tz) == following
    clock_change = timedelta(hours=3)
    assert abs(following - latest - timedelta(days=14 if is_biweekly else 7)) <= clock_change


@pytest.mark.parametrize("text", ["monday 09:00", "mon", "mon 24:00", "mon 9", "monthly mon 09:00", ""])
def test_what_is_not_a_check_in_time_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='is not a check-in time: write "mon 09:00" or "biweekly mon 09:00"'):
        CheckInSchedule.parse(text)
