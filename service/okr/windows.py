"""Which days a key result looks at, on any day of its quarter and for its baseline."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from service.okr.amounts import MetricFacts
from service.okr.targets import Aim, Baseline, Bounds, PastQuarter
from service.periods import ONE_DAY, Quarter
from service.values import Window

WindowKind = Literal["quarter", "trailing_28d", "trailing_7d", "as_of"]

_TRAILING: dict[WindowKind, timedelta] = {"trailing_28d": timedelta(days=28), "trailing_7d": timedelta(days=7)}


def natural_window(facts: MetricFacts, aim: Aim | None = None) -> WindowKind:
    """A level looks at all history, limits at the last seven days, anything else at the quarter so far."""
    if facts.kind == "level":
        return "as_of"
    return "trailing_7d" if isinstance(aim, Bounds) else "quarter"


def guardrail_window(facts: MetricFacts) -> WindowKind:
    """A level looks at all history, anything else at the last 28 days: neither waits for the quarter's end."""
    return "as_of" if facts.kind == "level" else "trailing_28d"


def grows(facts: MetricFacts, window: WindowKind) -> bool:
    """Does the value count up from nothing? Orders of the quarter do; those of 28 days are a level."""
    return facts.kind in ("flow", "distinct") and window == "quarter"


def reading_window(window: WindowKind, quarter: Quarter, as_of: date) -> Window:
    """The days behind the value of `as_of`, that day included; nothing after the quarter counts."""
    end = min(as_of + ONE_DAY, quarter.end)
    if window == "as_of":
        return Window(None, end)
    return Window(quarter.start if window == "quarter" else end - _TRAILING[window], end)


def baseline_window(baseline: Baseline | None, window: WindowKind, quarter: Quarter) -> Window | None:
    """The same days of the past quarter, taken at its end; None when the baseline is written as a value."""
    if not isinstance(baseline, PastQuarter):
        return None
    past = quarter.previous() if baseline is PastQuarter.PREVIOUS else quarter.same_last_year()
    return reading_window(window, past, past.last_day)


def week_ends(quarter: Quarter, as_of: date) -> list[date]:
    """The Sundays of all weeks from Monday that lie whole in the quarter and are over by `as_of`."""
    monday = quarter.start + timedelta(days=-quarter.start.weekday() % 7)
    first, last = monday + timedelta(days=6), min(as_of, quarter.last_day)
    return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
