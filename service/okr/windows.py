"""Which days a key result looks at, on any day of its quarter and for its baseline."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from service.okr.amounts import MetricFacts
from service.okr.targets import Baseline, PastQuarter
from service.periods import ONE_DAY, Quarter
from service.values import Window

WindowKind = Literal["quarter", "trailing_28d", "as_of"]


def natural_window(facts: MetricFacts) -> WindowKind:
    """A level looks at all history, anything else at the quarter so far."""
    return "as_of" if facts.kind == "level" else "quarter"


def grows(facts: MetricFacts, window: WindowKind) -> bool:
    """Does the value count up from nothing? Orders of the quarter do; those of 28 days are a level."""
    return facts.kind in ("flow", "distinct") and window == "quarter"


def reading_window(window: WindowKind, quarter: Quarter, as_of: date) -> Window:
    """The days behind the value of `as_of`, that day included; nothing after the quarter counts."""
    end = min(as_of + ONE_DAY, quarter.end)
    if window == "as_of":
        return Window(None, end)
    return Window(quarter.start if window == "quarter" else end - timedelta(days=28), end)


def baseline_window(baseline: Baseline | None, window: WindowKind, quarter: Quarter) -> Window | None:
    """The same days of the past quarter, taken at its end; None when the baseline is written as a value."""
    if not isinstance(baseline, PastQuarter):
        return None
    past = quarter.previous() if baseline is PastQuarter.PREVIOUS else quarter.same_last_year()
    return reading_window(window, past, past.last_day)
