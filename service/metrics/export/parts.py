"""What a metric is over the views: numerator and denominator, each a sum of an expression over the rows of one view.

A metric whose days add up and whose text is a plain sum or count over rows that a view shows is a sum over that view,
to be split by all its columns. Any other is what okrsync has found, in `bi_metrics_daily`: where days add up, the sum
of its days; where they do not, the number of one day and one kind of window, which nobody can recompute from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.metrics import language
from service.metrics.catalogue import Metric
from service.store.views import views


@dataclass(frozen=True, slots=True)
class Source:
    """A view for BI: the day its rows are of, what to split by, and what a metric's text calls its columns."""

    day: str
    dimensions: tuple[str, ...]
    reads: str = ""  # the CTE it shows the rows of
    columns: Mapping[str, str] = field(default_factory=dict)  # as a text calls them → as the view does
    only: str = ""  # a column that is true of the rows that count
    date_basis: str = "order_day"  # what the day is of


DAILY = "bi_metrics_daily"

_SALES = ("gross_sales", "discounts", "sales_reversals", "shipping", "taxes", "fees")
_SESSIONS = ("sessions", "with_cart_additions", "reached_checkout", "completed_checkout")
_UTM = ("utm_source", "utm_medium", "utm_campaign")

SOURCES: Mapping[str, Source] = {
    DAILY: Source("metric_date", ("shop", "metric", "metric_version", "segment", "window_kind", "unit", "currency")),
    "bi_orders": Source(
        "processed_date",
        ("shop", "currency", "customer_type", "source", "channel", "financial_status", "is_cancelled", "is_b2b",
         "discount_code", "referrer", *_UTM),
        "counted_orders",
        {"customer_id": "customer_id", "nth": "customer_order_number", "gross_sales_minor": "gross_sales",
         "discounts_minor": "discounts"},
    ),
    "bi_sales_daily": Source(
        "sales_date", ("shop", "currency"), "counted_sales", {f"{name}_minor": name for name in _SALES},
        date_basis="event_day",
    ),
    "bi_sessions_daily": Source(
        "sessions_date", ("shop", "referrer_source", *_UTM, "device"), "counted_sessions",
        {name: name for name in _SESSIONS}, "bots_excluded", "session_day",
    ),
}  # fmt: skip


def row_of(view: str) -> str:
    """What a row of the view is, in words."""
    return next(each.row for each in views("sqlite") if each.name == view)


def comments(view: str) -> dict[str, str]:
    """What each column of the view is, in words."""
    return next(dict(each.columns) for each in views("sqlite") if each.name == view)


Qualify = Callable[[str], str]
"""How a format writes a column of the view it is about."""


@dataclass(frozen=True, slots=True)
class Part:
    """Numerator or denominator: what is summed over the rows of a view, columns in braces."""

    name: str
    view: str
    row: str

    def sql(self, qualify: Qualify = str) -> str:
        return self.row.format_map({name: qualify(name) for name in comments(self.view)})


@dataclass(frozen=True, slots=True)
class Exported:
    """A metric over a view. Where it does not add up, it holds for one day and one shop alone."""

    metric: Metric
    parts: tuple[Part, ...]
    window_kind: str = ""  # of the number of a day that does not add up

    @property
    def view(self) -> str:
        return self.parts[0].view

    @property
    def description(self) -> str:
        """The question and, where it matters, what may not be done with the answer."""
        if not self.window_kind:
            return self.metric.question
        reach = "All history" if self.window_kind == "as_of" else "The quarter"
        return f"{self.metric.question} {reach} up to a day: days do not add up."

    @property
    def facts(self) -> dict[str, object]:
        """What the header says and no semantic layer has a word for."""
        found = self.metric
        parts = {"numerator": found.numerator, "denominator": found.denominator}
        return {
            "version": found.version, "kind": found.kind, "unit": found.unit, **{k: v for k, v in parts.items() if v},
            "population": found.population, "adds_up": found.adds_up, "window_kind": self.window_kind or "day",
            "source": found.source, "decision": found.decision,
        }  # fmt: skip


def exported(catalogue: Mapping[str, Metric]) -> list[Exported]:
    """Every metric over the view that can split it most."""
    return [_over_rows(metric) or _over_days(metric) for metric in catalogue.values()]


def _over_days(metric: Metric) -> Exported:
    window = "day" if metric.adds_up else "as_of" if metric.kind == "level" else "quarter_to_date"
    which = f"{{metric}} = '{metric.id}' and {{segment}} = '' and {{window_kind}} = '{window}'"
    names: tuple[Literal["numerator", "denominator"], ...] = ("numerator", "denominator")
    parts = tuple(
        Part(name, DAILY, f"case when {which} then {{{name}}} end") for name in names if name in metric.columns
    )
    return Exported(metric, parts, "" if metric.adds_up else window)


# --- read off the text ---------------------------------------------------------------------------------------------


def _over_rows(metric: Metric) -> Exported | None:
    """The metric over the rows that its text counts; None where no view shows all that it looks at."""
    words = language.words(metric.text)
    if not metric.adds_up or words.count("select") != 1 or "join" in words:
        return None
    cut = words.index("from")
    asked = (words[cut + 1], metric.date_basis)
    named = [(view, source) for view, source in SOURCES.items() if (source.reads, source.date_basis) == asked]
    items = {item[-1]: item[:-2] for item in _split(words[1:cut]) if len(item) > 1}
    tail = words[cut + 2 :]
    if not named or tail[-3:] != ["group", "by", "metric_date"] or tail[:-3][:1] not in ([], ["where"]):
        return None
    [(view, source)] = named
    wanted = [name for name in metric.columns if name in ("numerator", "denominator")]
    rows = [_row(items[name], tail[1:-3], source, is_money=metric.is_money(name)) for name in wanted]  # type: ignore[arg-type]
    if None in rows:
        return None
    return Exported(metric, tuple(Part(name, view, str(row)) for name, row in zip(wanted, rows, strict=True)))


def _split(words: Sequence[str]) -> Iterator[list[str]]:
    """The items of a select."""
    item: list[str] = []
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "," and not depth:
            yield item
            item = []
        else:
            item.append(word)
    yield item


def _row(aggregate: Sequence[str], where: Sequence[str], source: Source, *, is_money: bool) -> str | None:
    """What is summed over rows; None for any but a plain sum or count."""
    end = aggregate.index(")") if ")" in aggregate else 0
    called, rest = list(aggregate[: end + 1]), aggregate[end + 1 :]
    if rest and rest[:3] != ["filter", "(", "where"]:
        return None
    if called == ["count", "(", "*", ")"]:
        row: str | None = "1"
    elif called[:2] == ["sum", "("]:
        row = _translated(called[2:-1], source, amounts=is_money)
    else:
        return None
    conditions = [each for each in ([source.only] if source.only else [], rest[3:-1], where) if each]
    translated = [_translated(each, source, amounts=False) for each in conditions]
    if row is None or None in translated:
        return None
    together = " and ".join(f"({each})" if " or " in str(each) else str(each) for each in translated)
    return f"case when {together} then {row} end" if translated else row


_PLAIN = frozenset(
    ("and", "or", "not", "is", "null", "in", "between", "+", "-", "*", "=", "<>", "<", ">", "<=", ">=", "(", ")", ",")
)


def _translated(words: Sequence[str], source: Source, *, amounts: bool) -> str | None:
    """The words over the view's columns; None where one is not there.

    A view has amounts in the currency, a text in its smallest unit: they may be added up, and not compared with.
    """
    found = []
    for word in words:
        is_amount = word.endswith("_minor")
        if word in source.columns and is_amount <= amounts:
            found.append(f"{{{source.columns[word]}}}")
        elif word == source.only:
            found.append(f"{{{word}}}")
        elif (word in _PLAIN or word.isdecimal()) and (not amounts or word in ("+", "-", "(", ")")):
            found.append(word)
        else:
            return None
    return " ".join(found)
