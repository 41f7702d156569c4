"""What is regular about a day: its weekday, the drift, the time of year, events, and how old its period is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from service.estimate.local_level import Floats
from service.estimate.series import Series

YEAR = 365.25
QUARTER = 91.0

# Prior standard deviations, as parts of the usual day: what shops are known to do before anything is seen of this one.
_WEEKDAY = 0.5
_DRIFT = 0.05  # a quarter
_SEASON = 0.1
_EVENT = 2.0
_AGE = 1.0


@dataclass(frozen=True, slots=True)
class Design:
    """A row for each day, a column for each regularity; the level first."""

    rows: Floats
    spread: Floats  # prior standard deviation of each column's coefficient, as a part of the usual day
    parts: tuple[str, ...]  # in words
    unseen: tuple[str, ...]  # events that lie ahead and were never observed


def design(series: Series, ahead: int) -> Design:
    """For every day of the series and `ahead` more."""
    known = len(series.numerators)
    dates = [series.first + timedelta(days=number) for number in range(known + ahead)]
    since_now: Floats = np.arange(-known, ahead, dtype=np.float64)
    weekdays = np.array([day.weekday() for day in dates])
    columns: list[Floats] = [np.ones(len(dates))]
    columns += [(weekdays == day) - 1 / 7 for day in range(7)]
    columns.append(since_now / QUARTER)
    spread, parts, unseen = [10.0, *[_WEEKDAY] * 7, _DRIFT], ["weekdays", "drift"], []
    if known >= YEAR:
        angle = 2 * np.pi * since_now / YEAR
        columns += [np.sin(angle), np.cos(angle)]
        spread += [_SEASON] * 2
        parts.append("time of year")
    for name, days in _events(dates).items():
        if any(days[:known]):
            columns.append(np.array(days, dtype=float))
            spread.append(_EVENT)
            parts.append(name)
        elif any(days[known:]):
            unseen.append(name)
    if series.starts:
        age = np.array([(day - series.period_start(day)).days for day in dates]) / QUARTER
        columns += [age - 0.5, np.exp(-6 * age) - 1 / 6]
        spread += [_AGE] * 2
        parts.append("age of the quarter")
    return Design(np.column_stack(columns), np.array(spread), tuple(parts), tuple(unseen))


def _events(dates: Sequence[date]) -> dict[str, list[bool]]:
    """On which of the days each event of the trade takes place."""
    return {
        "Black Friday": [_is_black_friday(day) for day in dates],
        "Christmas trade": [day.month == 12 and day.day < 24 for day in dates],
        "Christmas": [day.month == 12 and 24 <= day.day <= 26 for day in dates],
    }


def _is_black_friday(day: date) -> bool:
    """From the Friday after the fourth Thursday of November to the Monday after it."""
    first = date(day.year, 11, 1)
    friday = first + timedelta(days=(3 - first.weekday()) % 7 + 22)
    return friday <= day <= friday + timedelta(days=3)
