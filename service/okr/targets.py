"""Baselines and targets as they are written in a file.

To reach     +20%   +10% relative   +4pp   0.60   "60%"   12000   "55 INR"
To keep      at_least = "60%"   at_most = 40   keep_between = [0.2, 0.3]
To finish    milestone = true
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from service.okr.amounts import plain
from service.okr.fields import shown

Form = Literal["reach", "at_least", "at_most", "keep_between", "milestone"]


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


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits to stay within, both inclusive; one of them may be missing."""

    low: Level | None = None
    high: Level | None = None

    def holds(self, value: Decimal, *, is_strict: bool = False) -> bool:
        """Is the value within? `is_strict`: a value on a limit is not."""
        if is_strict and value in (self.low and self.low.number, self.high and self.high.number):
            return False
        return (self.low is None or value >= self.low.number) and (self.high is None or value <= self.high.number)

    def __str__(self) -> str:
        if self.low and self.high:
            return f"between {self.low} and {self.high}"
        return f"at least {self.low}" if self.low else f"at most {self.high}"


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something to be done: 0 before it is, 1 once it is, a fraction between where a person says so."""

    def __str__(self) -> str:
        return "done"


Baseline = PastQuarter | Level
Target = Level | Relative | Points
Aim = Target | Bounds | Milestone


def form_of(aim: Aim) -> Form:
    """What kind of key result it makes."""
    match aim:
        case Milestone():
            return "milestone"
        case Bounds(low, high):
            return "keep_between" if low and high else "at_least" if low else "at_most"
    return "reach"


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
