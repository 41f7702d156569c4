"""The catalogue as a page to read, made from the headers."""

from __future__ import annotations

from collections.abc import Mapping

from service.metrics.catalogue import Metric
from service.metrics.other_readings import OTHER_READINGS, OtherReading, texts

_INTRODUCTION = """# Metrics

What every number means. Each metric is one file in `service/metrics/`; this page is made from their headers. A
definition never changes in place: a new meaning is a new version. Days are the shop's own calendar days, windows are
half-open, money is exact and in the shop's currency, rates are fractions, and a ratio with nothing below the line has
no value.

What other people and tools call by the same name stands below a metric as its other readings. `okrsync metrics explain`
counts them on the shop's own data and shows the steps that lead from our number to theirs.
"""

_KINDS = {
    "flow": "adds up over days",
    "distinct": "counts customers once a window: days do not add up",
    "level": "as of a day, from all history up to it",
    "ratio": "numerator and denominator of the window, divided once",
}

_DAYS = {
    "order_day": "the order day",
    "event_day": "the day of each ledger entry",
    "horizon_day": "the day that is so many days after the customer's first order",
    "session_day": "the day the session began",
    "checkout_day": "the day the checkout began",
    "spend_day": "the day the money was spent",
}

_INTERVALS = {
    "wilson": "95 %, Wilson's score interval",
    "normal": "95 %, normal, from the spread of the values",
}


def markdown(metrics: Mapping[str, Metric]) -> str:
    """The page: a table of all metrics, then a section for each."""
    rows = [f"| [`{m.id}`](#{m.id}) | {m.title} | {m.kind} | {m.unit} |" for m in metrics.values()]
    table = "\n".join(["| id | title | kind | unit |", "|---|---|---|---|", *rows])
    return "\n".join([_INTRODUCTION, table, "", *map(_section, metrics.values())])


def _section(metric: Metric) -> str:
    told = described(metric)
    told["Source"], told["Decision"] = f"<{metric.source}>", _linked(metric.decision)
    if metric.segments:
        told["Split by"] = ", ".join(f"`{name}`" for name in metric.segments)
    lines = [f"- **{name}**: {value}" for name, value in told.items()]
    text = ["```sql", metric.text, "```", ""]
    return "\n".join([f"## {metric.id}", "", metric.question, "", *lines, "", *text, *_other_readings(metric)])


def described(metric: Metric) -> dict[str, str]:
    """The definition in words, name → sentence."""
    found = {
        "Title": f"{metric.title}, version {metric.version}",
        "Kind": f"{metric.kind} ({_KINDS[metric.kind]}), unit {metric.unit}",
        "Numerator": metric.numerator,
        "Denominator": metric.denominator or "",
        "Population": metric.population,
        "Dated by": _DAYS[metric.date_basis],
        "Horizon": f"{metric.horizon_days} days" if metric.horizon_days else "",
        "Interval": _INTERVALS.get(metric.interval, ""),
        "Split by": ", ".join(metric.segments),
        "Source": metric.source,
        "Decision": metric.decision,
    }
    return {name: value for name, value in found.items() if value}


def _other_readings(metric: Metric) -> list[str]:
    others = OTHER_READINGS.get(metric.id, ())
    return ["Other readings:", "", *map(_other_reading, others), ""] if others else []


def _other_reading(other: OtherReading) -> str:
    """Who reads it so, how it is counted and how that differs."""
    found = other.definition()
    counted = f"[`{found.id}`](#{found.id})"
    if found.id in texts():
        parts = (found.numerator, found.denominator or "")
        counted = " ÷ ".join(part.rpartition(" (")[0] for part in parts if part)
    return f"- **{other.read_by}**: {other.title.lower()} ({counted}). {other.differs} <{other.source}>"


def _linked(decision: str) -> str:
    page, _, anchor = decision.partition("#")
    return f"[{anchor.replace('-', ' ')}]({page.removeprefix('docs/')}#{anchor})"
