"""Baselines and targets: as written in a file, and resolved once to numbers.

Written      +20%   +10% relative   +4pp   0.60   "60%"   12000   "55 INR"
Resolved     a `Goal`: baseline and target in the metric's unit, or the reason there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from service.okr.amounts import MetricFacts, plain
from service.okr.fields import shown
from service.values import Measurement

Direction = Literal["increase", "decrease"]


class PastQuarter(StrEnum):
    """A baseline that is measured: the whole of an earlier quarter."""

    PREVIOUS = "previous_quarter"
    SAME_LAST_YEAR = "same_quarter_last_year"

    @property
    def words(self) -> str:
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Level:
    """A value as written: 0.60, "60%", 12000, "55 INR"."""

    number: Decimal  # 0.60 for "60%"
    currency: str | None = None
    is_percent: bool = False

    def __str__(self) -> str:
        if self.is_percent:
            return f"{plain(self.number * 100)}%"
        return f"{plain(self.number)} {self.currency}" if self.currency else plain(self.number)


@dataclass(frozen=True, slots=True)
class Relative:
    """A change in proportion to the baseline: +20%."""

    fraction: Decimal
    is_explicit: bool = False  # written "+20% relative", which a rate needs

    def __str__(self) -> str:
        return f"{_signed(self.fraction)}%" + (" relative" if self.is_explicit else "")


@dataclass(frozen=True, slots=True)
class Points:
    """A change of a rate in percentage points: +4pp."""

    fraction: Decimal

    def __str__(self) -> str:
        return f"{_signed(self.fraction)}pp"


Baseline = PastQuarter | Level
Target = Level | Relative | Points

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_CHANGE = re.compile(rf"([+-])\s*({_NUMBER})\s*(%|pp)(\s+relative)?")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_MONEY = re.compile(rf"([A-Z]{{3}}|[₹€£])\s*({_NUMBER})|({_NUMBER})\s*([A-Z]{{3}}|[₹€£])")
# Signs that name one currency; $ and ¥ name several, so they are asked for by code.
_SIGNS = {"₹": "INR", "€": "EUR", "£": "GBP"}


def parse_target(raw: object) -> Target:
    """A level or a signed change; ValueError says what is wrong with it."""
    text = _text(raw)
    change = _CHANGE.fullmatch(text)
    if change is None:
        if text[:1] in ("+", "-"):
            raise ValueError(f"{raw} is not a change: it needs % or pp after the number")
        if text.endswith("pp"):
            raise ValueError(f"{raw} does not say up or down: points are a change and need a sign")
        return parse_level(raw)
    sign, number, unit, relative = change.groups()
    fraction = Decimal(f"{sign}{number}") / 100
    if fraction == 0:
        raise ValueError(f"{raw} changes nothing: a target must differ from its baseline")
    if unit == "pp" and relative:
        raise ValueError(f"{raw} is both points and relative")
    return Points(fraction) if unit == "pp" else Relative(fraction, relative is not None)


def parse_baseline(raw: object) -> Baseline:
    """A past quarter or a level; ValueError says what is wrong with it."""
    if isinstance(raw, str) and raw in tuple(PastQuarter):
        return PastQuarter(raw)
    text = _text(raw)
    if text[:1] in ("+", "-"):
        raise ValueError(f"{raw} is a change, and a baseline is where changes are counted from")
    if text[:1].isalpha() and not _MONEY.fullmatch(text):
        raise ValueError(f"{shown(raw)} is not a quarter to start from: previous_quarter or same_quarter_last_year")
    return parse_level(raw)


def parse_level(raw: object) -> Level:
    """A number, a percentage or an amount of money; ValueError says what is wrong with it."""
    text = _text(raw)
    if percentage := _PERCENT.fullmatch(text):
        return Level(Decimal(percentage[1]) / 100, is_percent=True)
    if money := _MONEY.fullmatch(text):
        sign = money[1] or money[4]
        return Level(Decimal(money[2] or money[3]), _SIGNS.get(sign, sign))
    if re.fullmatch(_NUMBER, text):
        return Level(Decimal(text))
    if "$" in text or "¥" in text:
        raise ValueError(f"{raw} names no single currency: write its code, such as 55 USD")
    if re.search(r"[0-9][,_' ][0-9]", text):
        raise ValueError(f"{raw} is written with separators: write 12000 or 12000.50")
    raise ValueError(f"{raw} is not a value")


def _text(raw: object) -> str:
    """What was written, as text: numbers keep every digit, a typographic minus is a minus."""
    if isinstance(raw, Decimal | int) and not isinstance(raw, bool):
        return f"{Decimal(raw):f}"
    if isinstance(raw, str):
        return raw.strip().replace("−", "-")
    raise ValueError(f"{shown(raw)} is neither a number nor a text")


def _signed(fraction: Decimal) -> str:
    return f"{'+' if fraction > 0 else ''}{plain(fraction * 100)}"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a key result starts and where it should get to, or why that is not known.

    A goal that `grows` counts up from nothing (orders of the quarter); others move from baseline to target.
    """

    baseline: Decimal | None
    target: Decimal | None
    grows: bool
    because: str = ""  # why it cannot be judged; empty when it can
    is_incomplete: bool = False  # … because the history does not reach back far enough

    @property
    def direction(self) -> Direction | None:
        if self.target is None:
            return None
        if self.grows or self.baseline is None:
            return "increase"
        return "increase" if self.target > self.baseline else "decrease"


def resolve(
    baseline: Baseline | None,
    target: Target,
    facts: MetricFacts,
    grows: bool,
    past: Measurement | None = None,
) -> Goal:
    """The goal in numbers; `past` is the measured quarter when the baseline is one.

    Data can make a well-written goal unanswerable (no orders in the baseline quarter). That is no fault of
    the file, so the goal tells it and it becomes a status, not an error.
    """
    if isinstance(baseline, PastQuarter):
        start, because = _measured(past, facts, baseline)
        is_incomplete = past is not None and not past.is_complete
    else:
        start, because, is_incomplete = (baseline.number if baseline else None), "", False
    if isinstance(target, Level) and grows and start is None:
        return Goal(None, target.number, grows)  # growth cannot be shown, but the target stands by itself
    if start is None:
        return Goal(None, None, grows, because or "it has no baseline", is_incomplete)
    return _between(start, target, facts, grows)


def _measured(past: Measurement | None, facts: MetricFacts, quarter: PastQuarter) -> tuple[Decimal | None, str]:
    """The baseline's value, or why there is none."""
    if past is None:
        return None, f"the baseline, {facts.id} of the {quarter.words}, has not been measured"
    if not past.is_complete:
        return None, f"the baseline, the {quarter.words}, is incomplete: {past.incomplete_because}"
    if not facts.fits(past):
        return None, f"the baseline is in {past.currency} and {facts.id} in {facts.currency}"
    if past.value is None:
        return None, f"{facts.id} has no value in the {quarter.words}, which is the baseline"
    return past.value, ""


def _between(baseline: Decimal, target: Target, facts: MetricFacts, grows: bool) -> Goal:
    if isinstance(target, Relative) and baseline <= 0:
        shown = facts.format(baseline)
        return Goal(
            baseline,
            None,
            grows,
            f"{target} of a baseline of {shown} says nothing: the target must be a level",
        )
    level = _level(baseline, target)
    if level == baseline and not grows:
        same = facts.format(level)
        return Goal(baseline, None, grows, f"baseline and target are both {same}, so there is no way to go")
    return Goal(baseline, level, grows)


def _level(baseline: Decimal, target: Target) -> Decimal:
    match target:
        case Level():
            return target.number
        case Relative():
            return baseline * (1 + target.fraction)
        case Points():
            return baseline + target.fraction
