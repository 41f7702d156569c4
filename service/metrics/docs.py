"""The catalogue as a page to read, made from the headers."""

from __future__ import annotations

from collections.abc import Mapping

from service.metrics.catalogue import Metric

_INTRODUCTION = """# Metrics

What every number means. Each metric is one file in `service/metrics/`; this page is made from their headers. A
definition never changes in place: a new meaning is a new version. Days are the shop's own calendar days, windows are
half-open, money is exact and in the shop's currency, rates are fractions, and a ratio with nothing below the line has
no value.
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
    "session_day": "the day the session began",
    "checkout_day": "the day the checkout began",
}

_INTERVALS = {
    "wilson": "95 %, Wilson's score interval",
    "normal": "95 %, normal, from the spread of the orders",
}


def markdown(metrics: Mapping[str, Metric]) -> str:
    """The page: a table of all metrics, then a section for each."""
    rows = [f"| [`{m.id}`](#{m.id}) | {m.title} | {m.kind} | {m.unit} |" for m in metrics.values()]
    table = "\n".join(["| id | title | kind | unit |", "|---|---|---|---|", *rows])
    return "\n".join([_INTRODUCTION, table, "", *map(_section, metrics.values())])


def _section(metric: Metric) -> str:
    lines = [f"- **{name}**: {value}" for name, value in described(metric).items()]
    return "\n".join([f"## {metric.id}", "", metric.question, "", *lines, "", "```sql", metric.text, "```", ""])


def described(metric: Metric) -> dict[str, str]:
    """The definition in words, name → sentence, for pages and explanations."""
    found = {
        "Title": f"{metric.title}, version {metric.version}",
        "Kind": f"{metric.kind} ({_KINDS[metric.kind]}), unit {metric.unit}",
        "Numerator": metric.numerator,
        "Denominator": metric.denominator or "",
        "Population": metric.population,
        "Dated by": _DAYS[metric.date_basis],
        "Interval": _INTERVALS.get(metric.interval, ""),
        "Split by": ", ".join(f"`{name}`" for name in metric.segments),
        "Source": f"<{metric.source}>",
        "Decision": f"[{metric.decision.partition('#')[2].replace('-', ' ')}]({_from_docs(metric.decision)})",
    }
    return {name: value for name, value in found.items() if value}


def _from_docs(link: str) -> str:
    return link.removeprefix("docs/")
