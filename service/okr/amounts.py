"""What a metric's numbers are, and how people read them.

Rounding happens here and nowhere before: half up, for display only.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from service.values import Measurement

Kind = Literal["flow", "distinct", "level", "ratio"]  # distinct: counts of customers, whose days do not add up
Unit = Literal["count", "money", "ratio"]

# ISO 4217 currencies whose minor unit is not a hundredth.
_NO_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF",
    "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
}  # fmt: skip
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}

_PLAIN_RATIOS = ("_per_", "return_on_")
"""In the id of a metric that divides unlike things: units by orders, sales by spend."""


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What judging needs to know of a metric."""

    id: str
    kind: Kind
    unit: Unit
    currency: str | None = None  # the shop's, where the unit is money
    segments: tuple[str, ...] | None = None  # what it can be split by; None: not asked

    @property
    def is_rate(self) -> bool:
        """A share of something, read as per cent; `units_per_order` is a ratio too, but a plain number."""
        return self.unit == "ratio" and not any(part in self.id for part in _PLAIN_RATIOS)

    def fits(self, measurement: Measurement) -> bool:
        """Is it in the currency this metric is judged in?"""
        return self.unit != "money" or measurement.currency == self.currency

    def format(self, value: Decimal | None) -> str:
        """The value with its unit, as `format_value` writes it."""
        if value is not None and self.unit == "ratio" and not self.is_rate:
            return rounded(value, 2)
        return format_value(value, self.unit, self.currency)


def format_value(value: Decimal | None, unit: str, currency: str | None = None) -> str:
    """A value for people: 12,000 · INR 55.00 · 27.0 % · – where there is none.

    Rates below 10 % get a second decimal: conversion moves from 2.13 % to 2.19 %.
    """
    if value is None:
        return "–"
    if unit == "money":
        return f"{currency} {rounded(value, decimals(currency))}" if currency else rounded(value, 2)
    if unit == "ratio":
        return percent(value, 2 if 0 < abs(value) < Decimal("0.1") else 1)
    return rounded(value, 0 if value == value.to_integral_value() else 1)


def percent(fraction: Decimal, places: int = 1) -> str:
    """0.27 as 27.0 %."""
    return f"{rounded(fraction * 100, places)} %"


def rounded(value: Decimal, places: int) -> str:
    """Rounded half up, with thousands separators; never "-0"."""
    number = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{abs(number) if number == 0 else number:,f}"


def plain(value: Decimal) -> str:
    """The number without exponent or trailing zeros, as a person would type it."""
    return f"{value.normalize():f}"


def decimals(currency: str) -> int:
    """Of a currency's minor unit."""
    return 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
