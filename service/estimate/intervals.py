"""How far a measured value may lie from what it estimates: 95 % intervals.

Units: whatever comes in; shares are fractions. Decimal in and out, because the ends stand beside exact values.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

Z_95 = Decimal("1.959963984540054")
"""Standard deviations that hold the middle 95 % of a normal distribution."""

EXACT = Context(prec=40)
"""Digits enough that a ratio of whole shops, in minor units, is rounded far below anything a person reads."""

_SHARE_DIGITS = Decimal("1e-12")


def wilson(successes: Decimal, trials: Decimal) -> tuple[Decimal, Decimal] | None:
    """Both ends of Wilson's score interval for a share; None without trials.

    Unlike the textbook interval it stays within 0 and 1 and is honest for small counts and shares near the ends.
    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a share")
    if trials == 0:
        return None
    with localcontext(EXACT):
        share, z_squared = successes / trials, Z_95 * Z_95
        middle = share + z_squared / (2 * trials)
        half = Z_95 * (share * (1 - share) / trials + z_squared / (4 * trials * trials)).sqrt()
        whole = 1 + z_squared / trials
        low, high = (middle - half) / whole, (middle + half) / whole
        return max(low, Decimal(0)).quantize(_SHARE_DIGITS), min(high, Decimal(1)).quantize(_SHARE_DIGITS)


def normal_mean(total: Decimal, squares: Decimal, count: Decimal) -> tuple[Decimal, Decimal] | None:
    """Both ends of the normal interval for a mean, from the sum and the sum of squares; None below two values."""
    if count < 2:
        return None
    with localcontext(EXACT):
        mean = total / count
        # The sum of squares may come from floating point and fall a hair short of what equal values have.
        variance = max(squares - total * mean, Decimal(0)) / (count - 1)
        half = Z_95 * (variance / count).sqrt()
        return mean - half, mean + half
