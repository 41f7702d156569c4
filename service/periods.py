"""Quarters, shop days and schedules: what a calendar says, without a clock.

Days are the shop's own calendar days, ranges are half-open [start, end), instants are aware UTC. Nothing here
reads the time: `now` is always an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months of a fiscal year, which is named after the calendar year it ends in.

    With `fiscal_year_start=4`, 2026 runs from April 2025 to March 2026 and 2026-Q1 begins on 2025-04-01.
    """

    year: int
    number: int
    fiscal_year_start: int = 1  # month, 1 to 12

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start <= 12:
            raise ValueError(f"a fiscal year cannot start in month {self.fiscal_year_start}: write 1 to 12")
        if not 1 <= self.number <= 4:
            raise ValueError(f"there is no quarter {self.number}: write 1 to 4")
        if not 1000 <= self.year <= 9000:
            raise ValueError(f"{self.year} is not a year to plan for: write four digits, such as 2026")

    @classmethod
    def parse(cls, text: str, fiscal_year_start: int = 1) -> Quarter:
        """The quarter written as 2026-Q3."""
        match = re.fullmatch(r"([0-9]{4})-[Qq]([1-4])", text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a quarter: write year and quarter, such as 2026-Q3")
        return cls(int(match[1]), int(match[2]), fiscal_year_start)

    @classmethod
    def containing(cls, day: date, fiscal_year_start: int = 1) -> Quarter:
        """The quarter a day belongs to."""
        months = day.year * 12 + day.month - fiscal_year_start
        return cls(months // 12 + (fiscal_year_start > 1), months % 12 // 3 + 1, fiscal_year_start)

    @property
    def start(self) -> date:
        return self._month_begins(0)

    @property
    def end(self) -> date:
        """The day after the last one."""
        return self._month_begins(3)

    @property
    def last_day(self) -> date:
        return self.end - ONE_DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def label(self) -> str:
        return f"{self.year:04}-Q{self.number}"

    def __str__(self) -> str:
        return self.label

    def previous(self) -> Quarter:
        return self._moved(-1)

    def next(self) -> Quarter:
        return self._moved(1)

    def same_last_year(self) -> Quarter:
        return self._moved(-4)

    def _moved(self, quarters: int) -> Quarter:
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1, self.fiscal_year_start)

    def _month_begins(self, months: int) -> date:
        first_year = self.year - (self.fiscal_year_start > 1)
        index = first_year * 12 + self.fiscal_year_start - 1 + 3 * (self.number - 1) + months
        return date(index // 12, index % 12 + 1, 1)


def zone(tz: str | ZoneInfo) -> ZoneInfo:
    """The IANA time zone of that name; ValueError when this machine does not know it."""
    if isinstance(tz, ZoneInfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the database, such as "Europe"
        raise ValueError(f"{tz!r} is not a known time zone: write an IANA name such as Europe/Berlin") from None


def shop_day(instant: datetime, tz: str | ZoneInfo) -> date:
    """The shop's calendar day at an instant."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone, so it belongs to no shop day")
    return instant.astimezone(zone(tz)).date()


def day_start(day: date, tz: str | ZoneInfo) -> datetime:
    """The UTC instant at which a shop day begins: the first that no longer belongs to the day before.

    Searched for, because clocks also change at midnight: 00:00 may not exist (Cairo, Santiago) or come twice
    (Havana), and a whole day may be missing (Apia, 2011-12-30: it begins and ends at the same instant).
    """
    local = zone(tz)
    noon = datetime.combine(day, time(12), UTC)
    before, after = noon - timedelta(hours=30), noon + timedelta(hours=6)  # zones lie within UTC -16 … +16
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        before, after = (middle, after) if shop_day(middle, local) < day else (before, middle)
    return after


def first_whole_day(instant: datetime, tz: str | ZoneInfo) -> date:
    """The first shop day that begins no earlier than an instant."""
    day = shop_day(instant, tz)
    return day if day_start(day, tz) == instant else day + ONE_DAY


def last_complete_day(now: datetime, tz: str | ZoneInfo) -> date:
    """Yesterday, where the shop is."""
    return shop_day(now, tz) - ONE_DAY


def days(start: date, end: date) -> list[date]:
    """Every day of [start, end); none when the end comes first."""
    return [start + timedelta(days=n) for n in range((end - start).days)]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a connector runs: an interval or five cron fields, one of the two.

    `cron` is spelled out (numbers, weekdays by name) because libraries disagree whether weekday 0 is Sunday
    and what a range of names means; here 0 and 7 are Sunday, as in crontab.
    """

    text: str  # as written
    interval: timedelta | None
    cron: str | None

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The schedule written as "every 5 minutes", "every 1 hour" or five cron fields."""
        words = " ".join(text.lower().split())
        every = re.fullmatch(r"every (?:([1-9][0-9]{0,3}) )?(second|minute|hour|day)s?", words)
        if every is not None:
            return cls(words, timedelta(**{f"{every[2]}s": int(every[1] or 1)}), None)
        if words.startswith("every") or len(words.split()) != 5:
            examples = '"every 5 minutes", "every 1 hour" or five cron fields such as "30 3 * * *"'
            raise ValueError(f"{text!r} is not a schedule: write {examples}")
        cron = " ".join(_spelled_out(words))
        _cron_gap(cron)
        return cls(words, None, cron)

    def longest_gap(self) -> timedelta:
        """The longest time between two runs, clock changes aside: older data are stale."""
        return self.interval if self.interval is not None else _cron_gap(self.cron or "")


_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CRON_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("weekday", 0, 6, {**{name: number for number, name in enumerate(_WEEKDAYS)}, "7": 0}),
)


def _spelled_out(cron: str) -> list[str]:
    """Each field as * or a list."""
    sets = _cron_sets(cron)
    if len(sets[2]) < 31 and len(sets[4]) < 7:
        # crontab fires when either matches, schedulers when both do: nobody should have to know.
        raise ValueError(f'{cron!r} limits both day of the month and weekday: leave one of them as "*"')
    fields = [
        "*" if len(values) == high - low + 1 else ",".join(map(str, sorted(values)))
        for values, (_, low, high, _names) in zip(sets, _CRON_FIELDS, strict=True)
    ]
    if len(sets[4]) < 7:
        fields[4] = ",".join(_WEEKDAYS[number] for number in sorted(sets[4]))
    return fields


def _cron_sets(cron: str) -> list[set[int]]:
    return [
        {value for part in text.split(",") for value in _cron_part(part, cron, *field)}
        for text, field in zip(cron.split(), _CRON_FIELDS, strict=True)
    ]


def _cron_part(part: str, cron: str, name: str, low: int, high: int, names: dict[str, int]) -> list[int]:
    """The values of one of *, */n, a, a-b, a-b/n, a/n."""
    match = re.fullmatch(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,2}))?", part)
    if match is None or (match[1] == "*" and match[2]):
        raise ValueError(f"{cron!r}: {part!r} does not fit the {name}: write *, */5, 1-5 or 1,3,5")
    step = int(match[3] or 1)
    first = low if match[1] == "*" else _cron_number(match[1], names)
    is_open = match[1] == "*" or match[3]  # 5/15 goes on to the end, as */15 does
    last = _cron_number(match[2], names) if match[2] else high if is_open else first
    if name == "weekday" and last == 0 < first:
        last = 7  # fri-sun
    if step < 1 or not low <= first <= last <= high + (name == "weekday"):
        raise ValueError(
            f"{cron!r}: {part!r} does not fit the {name}: it goes from {low} to {high}, smaller number first"
        )
    return [value % 7 if name == "weekday" else value for value in range(first, last + 1, step)]


def _cron_number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    return int(text) if text.isdigit() and len(text) <= 2 else -1


def _cron_gap(cron: str) -> timedelta:
    """The longest time between two firings; eight years hold the rarest pair, two 29ths of February."""
    minutes, hours, month_days, months, weekdays = _cron_sets(cron)
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    fires = [
        day.toordinal()
        for day in days(date(2001, 1, 1), date(2009, 1, 1))
        if day.month in months and day.day in month_days and day.isoweekday() % 7 in weekdays
    ]
    if not fires:
        raise ValueError(f"{cron!r} never comes: no month in it has such a day")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    longest_pause = max(later - earlier for earlier, later in pairwise(fires))
    gaps.append(longest_pause * 24 * 60 - (times[-1] - times[0]))
    return timedelta(minutes=max(gaps))


# Every second ISO week counted from 2024-W01: always 14 days apart, across years of 53 weeks too.
_FIRST_WEEK = date(2024, 1, 1)
_CHECK_IN_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class CheckInSchedule:
    """When check-ins are due by the shop's own clock; a time that clocks skip or repeat is due once."""

    weekday: int  # Monday is 0
    at: time
    is_biweekly: bool = False

    @classmethod
    def parse(cls, text: str) -> CheckInSchedule:
        """The schedule written as "mon 09:00" or "biweekly mon 09:00"."""
        pattern = rf"(?:(weekly|biweekly) )?({'|'.join(_CHECK_IN_DAYS)}) ([01]?[0-9]|2[0-3]):([0-5][0-9])"
        match = re.fullmatch(pattern, " ".join(text.lower().split()))
        if match is None:
            raise ValueError(f'{text!r} is not a check-in time: write "mon 09:00" or "biweekly mon 09:00"')
        return cls(_CHECK_IN_DAYS.index(match[2]), time(int(match[3]), int(match[4])), match[1] == "biweekly")

    def latest_due(self, now: datetime, tz: str | ZoneInfo) -> datetime:
        """The last due instant up to and including `now`."""
        return max(due for due in self._around(now, tz) if due <= now)

    def next_due(self, now: datetime, tz: str | ZoneInfo) -> datetime:
        """The first due instant after `now`."""
        return min(due for due in self._around(now, tz) if due > now)

    def _around(self, now: datetime, tz: str | ZoneInfo) -> list[datetime]:
        """Due instants within 16 days of `now`, one at least on either side."""
        today, local = shop_day(now, tz), zone(tz)
        nearby = days(today - timedelta(days=16), today + timedelta(days=17))
        return [datetime.combine(day, self.at, local).astimezone(UTC) for day in nearby if self._is_due(day)]

    def _is_due(self, day: date) -> bool:
        weeks = (day - _FIRST_WEEK).days // 7
        return day.weekday() == self.weekday and not (self.is_biweekly and weeks % 2)
