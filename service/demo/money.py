"""Amounts and instants as Shopify prints them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

# ISO 4217 minor units other than two
EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@lru_cache(maxsize=1 << 16)
def amount(minor: int, exponent: int) -> str:
    """`30.0`, `-4.5`, `12.34`: no more digits than needed, never fewer than one after the point."""
    whole, part = divmod(abs(minor), 10**exponent)
    digits = f"{part:0{exponent}d}".rstrip("0") if exponent else ""
    return f"{'-' if minor < 0 else ''}{whole}.{digits or '0'}"


def converted(minor: int, exponent: int, rate: float, currency: str) -> str:
    """The amount in the buyer's currency, rounded to what that currency has."""
    digits = EXPONENTS.get(currency, 2)
    exact = Decimal(minor).scaleb(-exponent) * Decimal(str(rate))
    return amount(int(exact.scaleb(digits).quantize(Decimal(1), ROUND_HALF_UP)), digits)


def iso(instant: int) -> str:
    """`2026-10-01T10:00:00Z`"""
    minutes, second = divmod(instant, 60)
    return f"{_to_the_minute(minutes)}:{second:02d}Z"


@lru_cache(maxsize=1 << 16)
def _to_the_minute(minutes: int) -> str:
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M")
