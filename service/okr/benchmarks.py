"""Numbers in circulation about shops like these, marked as they are, and a target held against them.

A claim about a level is compared with levels only, a claim about a change with changes in the same unit only, and one
that does not say which it is with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from service.okr.amounts import MetricFacts, percent, plain
from service.okr.model import KeyResult
from service.okr.targets import Bounds, Level, PastQuarter, Points, Relative

Measure = Literal["level", "relative", "points", "unclear"]  # relative and points are changes from quarter to quarter


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What somebody says about a metric; `low` and `high` are fractions."""

    metric: str
    statistic: str
    measure: Measure
    low: Decimal
    high: Decimal
    source: str  # "" where none is known
    date: date  # when the source was read
    is_verified: bool  # a second look at its source bears it out
    remark: str = ""

    @property
    def shown(self) -> str:
        """55.0 % to 83.0 % · +10 % to +20 % a quarter."""
        if self.measure == "level":
            ends = [percent(self.low), percent(self.high)]
        else:
            unit = "points" if self.measure == "points" else "%"
            ends = [f"{'+' if end > 0 else ''}{plain(end * 100)} {unit}" for end in (self.low, self.high)]
        return " to ".join(dict.fromkeys(ends)) + ("" if self.measure == "level" else " a quarter")


_READ = date(2026, 11, 21)
_BAYMARD = "https://baymard.com/lists/cart-abandonment-rate"
_BAYMARD_EARLY = "https://baymard.com/blog/cart-abandonment-statistics"
_REPEAT = (
    "https://www.littlestreamsoftware.com/articles/"
    "evaluating-stores-repeat-customer-metrics-high-average-order-value-slow-latency/"
)


def _claim(metric: str, statistic: str, measure: Measure, low: str, high: str, source: str = "", remark: str = "",
           *, is_verified: bool = False) -> Benchmark:  # fmt: skip
    return Benchmark(metric, statistic, measure, Decimal(low), Decimal(high), source, _READ, is_verified, remark)


BENCHMARKS: tuple[Benchmark, ...] = (
    _claim("cart_abandonment_rate", "mean of 50 studies", "level", "0.702", "0.702", _BAYMARD, is_verified=True,
           remark="carts, not the checkouts Shopify lists as abandoned"),
    _claim("cart_abandonment_rate", "lowest and highest of 14 sources", "level", "0.55", "0.83", _BAYMARD_EARLY,
           is_verified=True, remark="carts, as above; an older list"),
    _claim("conversion_rate", "what is typical", "level", "0.01", "0.03", "https://storedatalab.com/?p=332",
           remark="one vendor's page"),
    _claim("conversion_rate", "growth", "relative", "0.05", "0.15"),
    _claim("repeat_purchase_rate", "a good level", "level", "0.27", "0.32", _REPEAT,
           remark="one consultant's page, which calls 25 % a low bar"),
    _claim("repeat_purchase_rate", "growth", "relative", "0.10", "0.20"),
    _claim("cart_abandonment_rate", "fall", "unclear", "-0.10", "-0.10", remark="points or a part of it: not said"),
    _claim("average_order_value", "growth", "relative", "0.10", "0.15",
           remark="said of the best fashion and beauty shops"),
)  # fmt: skip


def compared(
    key_result: KeyResult, facts: MetricFacts, benchmarks: Sequence[Benchmark]
) -> Iterator[tuple[Benchmark, str]]:
    """Each benchmark that the target leaves, or whose top it reaches, with what to say about it."""
    for benchmark in benchmarks:
        aimed = _aims(key_result, facts).get(benchmark.measure)
        if benchmark.metric != facts.id or aimed is None or benchmark.low == benchmark.high:
            continue
        if said := _level(aimed, benchmark) if benchmark.measure == "level" else _change(aimed, benchmark):
            asked = "" if isinstance(key_result.target, Bounds) else "target "
            yield benchmark, f"{asked}{key_result.target} {said}"


def _aims(key_result: KeyResult, facts: MetricFacts) -> dict[Measure, Decimal]:
    """The target as a level and as a change from quarter to quarter, as far as the file alone tells."""
    baseline, target = key_result.baseline, key_result.target
    if isinstance(target, Relative) and facts.is_rate and not target.is_explicit:
        return {}
    start = baseline.number if isinstance(baseline, Level) else None
    found: dict[Measure, Decimal] = {}
    if isinstance(target, Relative):
        found["relative"] = target.fraction
        if start is not None:
            found["level"] = start * (1 + target.fraction)
    elif isinstance(target, Points):
        found["points"] = target.fraction
        if start is not None:
            found["level"] = start + target.fraction
    elif isinstance(target, Level):
        found["level"] = target.number
        if start:
            found |= {"relative": target.number / start - 1, "points": target.number - start}
    elif isinstance(target, Bounds) and len(key_result.levels) == 1:
        found["level"] = key_result.levels[0][1].number
    if baseline is PastQuarter.SAME_LAST_YEAR:  # a change from year to year: no claim is about that
        found = {measure: value for measure, value in found.items() if measure == "level"}
    return found


def _level(aimed: Decimal, benchmark: Benchmark) -> str:
    if benchmark.low <= aimed <= benchmark.high:
        return ""
    side = "below" if aimed < benchmark.low else "above"
    return f"lies {side} what is said of its level, {_quoted(benchmark)}"


def _change(aimed: Decimal, benchmark: Benchmark) -> str:
    top = benchmark.high if benchmark.high > 0 else benchmark.low
    if aimed * top <= 0 or abs(aimed) < abs(top):
        return ""
    return f"{'is at the top of' if aimed == top else 'goes beyond'} the change in circulation, {_quoted(benchmark)}"


def _quoted(benchmark: Benchmark) -> str:
    doubt = "" if benchmark.is_verified else ", unverified"
    return f"{benchmark.shown} ({benchmark.statistic}{'; ' if benchmark.remark else ''}{benchmark.remark}{doubt})"
